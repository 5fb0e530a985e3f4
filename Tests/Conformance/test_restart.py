"""kill -9 at any moment: what was answered is there afterwards, and the trail vouches for it."""

import concurrent.futures
import http.client
import json
import random
import sqlite3
import time

import pytest

from exchange import Machine
from wire import Ask

WRITERS = 8


def add(exchange, keys, account):
    """The request's id and the new account's code."""
    ask = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/accounts", {"Content-Type": "application/json"},
        json.dumps({"AccountId": account, "DisplayName": "Someone"}).encode())
    answer = ask.send(exchange, ask.signed(exchange, keys))
    assert answer.status == 201, answer
    return answer.request_id, json.loads(answer.body)["EnrolmentCode"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_under_load(own_exchange, seed):
    exchange, draw = own_exchange, random.Random(seed)
    keys = exchange.provider.keys
    answered = {}

    def write(writer):
        for number in range(10_000):
            account = f"2{writer:03}{number:08}"
            answered[account] = add(exchange, keys, account)

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, writer) for writer in range(WRITERS)]
        time.sleep(0.2 + draw.random())
        exchange.kill()
        for writer in writers:
            # Cut off in the middle of a request, or between two.
            assert isinstance(writer.exception(), (OSError, http.client.HTTPException))
    assert answered

    exchange.serve()
    subscriber = exchange.subscriber("299999999999")
    assert subscriber.client("sts").get_caller_identity()["Account"] == "299999999999"
    records = {record.get("requestID"): record for record in exchange.trail}
    for request, _ in answered.values():
        assert "errorCode" not in records[request]
    verified = exchange.verify()
    assert verified.status == 0, verified
    exchange.stop()

    # Every change has its record, and every record of a change has it, answered or not.
    with sqlite3.connect(exchange.data / "ledger.db") as ledger:
        known = {account for account, in ledger.execute("SELECT id FROM account")}
        codes = ledger.execute("SELECT count(*) FROM enrolmentCode").fetchone()[0]
        missed = ledger.execute("SELECT count(*) FROM auditOutbox").fetchone()[0]
    recorded = {
        record["requestParameters"]["AccountId"] for record in exchange.trail
        if record["eventName"] == "AddAccount" and "errorCode" not in record}
    assert answered.keys() <= known
    assert known - {"111111111111"} == recorded
    assert codes == len(recorded) and missed == 0


def test_between_any_two_steps(own_exchange):
    """Code, key, session: each is made, the exchange dies, and the next one builds on it."""
    exchange = own_exchange

    def dies():
        exchange.kill()
        exchange.serve()

    code = exchange.add_account("222222222222")
    dies()
    subscriber = Machine(exchange.home / "subscriber", "nomura", "222222222222", exchange.endpoint)
    result = subscriber.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", code, "--profile", "nomura")
    assert result.status == 0, result
    dies()
    sts = subscriber.client("sts")
    dies()
    assert sts.get_caller_identity()["Account"] == "222222222222"
    dies()
    assert exchange.verify().status == 0
    names = [record["eventName"] for record in exchange.trail]
    assert names == ["AddAccount", "EnrollKey", "AssumeRoleWithWebIdentity", "GetCallerIdentity"]
