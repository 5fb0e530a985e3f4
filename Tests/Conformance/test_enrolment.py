"""The one-time code of the welcome e-mail: what it opens, once, and for how long."""

import base64
import json
import threading

import pytest
from ecdsa import NIST256p, NIST384p, SigningKey

from exchange import Machine
from wire import Ask

REFUSED = (403, "EnrolmentRefusedException")
THREE_DAYS = 72 * 3_600


def pem(key):
    """As the standard asks: 64 characters a line."""
    text = base64.b64encode(key.verifying_key.to_der()).decode()
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def enroll(exchange, code, key=None):
    key = key or SigningKey.generate(NIST256p)
    body = {"Code": code, "PublicKey": key if isinstance(key, str) else pem(key)}
    ask = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/enroll", {"Content-Type": "application/json"},
        json.dumps(body).encode())
    return ask.send(exchange, ask.headers)


@pytest.fixture
def code(exchange):
    return exchange.add_account("333333333333")


def test_a_machine_enrols_and_uses_its_profile_at_once(exchange, tmp_path, code):
    machine = Machine(tmp_path, "nomura", "333333333333", exchange.endpoint)
    result = machine.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", code, "--profile", "nomura", "--json")
    assert result.status == 0, result
    assert result.json["account"] == "333333333333"
    assert result.json["roleArn"] == "arn:aws:iam::333333333333:role/data-subscriber"
    assert machine.aws("sts", "get-caller-identity").json["Account"] == "333333333333"


def test_what_else_stands_in_the_configuration_is_left_alone(exchange, tmp_path, code):
    machine = Machine(tmp_path, "nomura", "333333333333", exchange.endpoint)
    config = tmp_path / "aws-config"
    config.write_text("# mine\n[profile other]\nregion = eu-west-1\n\n[profile nomura]\nregion = old\n")
    result = machine.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", code, "--profile", "nomura")
    assert result.status == 0, result
    text = config.read_text()
    assert text.startswith("# mine\n[profile other]\nregion = eu-west-1\n")
    assert text.count("[profile nomura]") == 1 and "old" not in text


def test_a_code_works_once(exchange, code):
    assert enroll(exchange, code).status == 201
    second = enroll(exchange, code)
    assert (second.status, second.code) == REFUSED, second


def test_a_lost_answer_is_asked_for_again(exchange, code):
    key = SigningKey.generate(NIST256p)
    first, second = enroll(exchange, code, key), enroll(exchange, code, key)
    assert (first.status, second.status) == (201, 201)
    assert json.loads(first.body) == json.loads(second.body)


def test_of_two_at_once_one_has_it(exchange, code):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(enroll(exchange, code))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [403] * 7, answers


def test_people_type_codes_as_they_like(exchange, code):
    assert enroll(exchange, code.lower().replace("-", "")).status == 201


@pytest.mark.parametrize("wrong", [
    "", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", "x" * 10_000, "' OR 1=1 --"
], ids=["empty", "well formed", "long", "SQL"])
def test_a_wrong_code_is_refused(exchange, wrong):
    answer = enroll(exchange, wrong)
    assert (answer.status, answer.code) == REFUSED, answer


def test_a_new_code_ends_the_one_before(exchange, code):
    exchange.add_account("333333333333")
    answer = enroll(exchange, code)
    assert (answer.status, answer.code) == REFUSED, answer


def test_a_code_ends_after_three_days(own_exchange):
    code = own_exchange.add_account("333333333333")
    own_exchange.restart(clock_seconds=THREE_DAYS - 60)
    late = own_exchange.restart(clock_seconds=THREE_DAYS + 60)
    answer = enroll(late, code)
    assert (answer.status, answer.code) == REFUSED, answer


def test_a_code_works_to_its_last_minute(own_exchange):
    code = own_exchange.add_account("333333333333")
    assert enroll(own_exchange.restart(clock_seconds=THREE_DAYS - 60), code).status == 201


@pytest.mark.parametrize("key", ["-----", "no key", SigningKey.generate(NIST384p)], ids=[
    "empty", "words", "P-384"])
def test_a_key_must_be_p256_and_the_code_is_not_lost(exchange, code, key):
    answer = enroll(exchange, code, key)
    assert (answer.status, answer.code) == (400, "ValidationException"), answer
    assert enroll(exchange, code).status == 201


def test_a_key_belongs_to_one_account(exchange, code):
    key = SigningKey.generate(NIST256p)
    assert enroll(exchange, code, key).status == 201
    other = exchange.add_account("444444444444")
    answer = enroll(exchange, other, key)
    assert (answer.status, answer.code) == (400, "ValidationException"), answer


def test_the_code_is_nowhere_on_the_disk(own_exchange):
    code = own_exchange.add_account("333333333333")
    assert enroll(own_exchange, code).status == 201
    own_exchange.stop()
    for file in own_exchange.data.rglob("*"):
        if file.is_file():
            assert code.encode() not in file.read_bytes(), file


def test_a_subscriber_lets_nobody_in(subscriber, exchange):
    ask = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/accounts", {"Content-Type": "application/json"},
        b'{"AccountId":"555555555555","DisplayName":"A Friend"}')
    answer = ask.send(exchange, ask.signed(exchange, subscriber.keys))
    assert (answer.status, answer.code) == (403, "AccessDeniedException"), answer
    record, = [one for one in exchange.trail if one.get("requestID") == answer.request_id]
    assert record["userIdentity"]["accountId"] == subscriber.account
    assert record["errorCode"] == "AccessDeniedException"
