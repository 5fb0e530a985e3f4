"""AssumeRoleWithWebIdentity: the token that an enrolled key signs, and every other one."""

import hashlib
import hmac
import json
import time
import uuid

import pytest
from ecdsa import NIST256p, SigningKey
from ecdsa.util import sigencode_string

from exchange import PROVIDER
from issuer import ROLE, assume, base64url, key_id



class Enrolled:
    """A key that the exchange knows, and the tokens that it signs."""

    def __init__(self, machine):
        home = machine.home / "bourse" / machine.profile
        self.key = SigningKey.from_pem((home / "private-key.pem").read_text())
        profile = json.loads((home / "profile.json").read_text())
        self.id, self.audience, self.account = key_id(self.key), profile["audience"], machine.account

    def claims(self, **changed):
        now = int(time.time())
        return {
            "iss": "urn:bourse:key", "sub": self.account, "aud": self.audience, "iat": now,
            "exp": now + 120, "jti": str(uuid.uuid4())} | changed

    def token(self, key=None, header=None, **changed):
        header = {"alg": "ES256", "typ": "JWT", "kid": self.id} | (header or {})
        text = f"{base64url(json.dumps(header))}.{base64url(json.dumps(self.claims(**changed)))}"
        if header["alg"] == "none":
            signature = b""
        elif header["alg"] == "HS256":
            public = self.key.verifying_key.to_pem()
            signature = hmac.digest(public, text.encode(), "sha256")
        else:
            signature = (key or self.key).sign(
                text.encode(), hashfunc=hashlib.sha256, sigencode=sigencode_string)
        return f"{text}.{base64url(signature)}"



@pytest.fixture(scope="module")
def enrolled(subscriber):
    return Enrolled(subscriber)


def test_a_token_opens_a_session_of_an_hour(exchange, enrolled):
    answer = assume(exchange, enrolled.token())
    assert answer.status == 200, answer
    assert b"<AccessKeyId>ASIA" in answer.body and b"<SessionToken>" in answer.body


def test_a_token_is_used_once(exchange, enrolled):
    token = enrolled.token()
    assert assume(exchange, token).status == 200
    second = assume(exchange, token)
    assert (second.status, second.code) == (400, "InvalidIdentityToken"), second


def test_a_token_is_used_once_even_over_a_restart(own_exchange):
    enrolled = Enrolled(own_exchange.subscriber("222222222222"))
    token = enrolled.token()
    assert assume(own_exchange, token).status == 200
    own_exchange.kill()
    own_exchange.serve()
    second = assume(own_exchange, token)
    assert (second.status, second.code) == (400, "InvalidIdentityToken"), second


def soon(seconds):
    return int(time.time()) + seconds


TOKENS = {
    "for another audience": lambda key: key.token(aud="urn:bourse:999999999999"),
    "for a number": lambda key: key.token(aud=7),
    "for no audience": lambda key: key.token(aud=[]),
    "of another account": lambda key: key.token(sub=PROVIDER),
    "that lives 301 seconds": lambda key: key.token(iat=soon(0), exp=soon(301)),
    "that lives for ever": lambda key: key.token(exp=253_402_300_799),
    "that ends after all calendars": lambda key: key.token(exp=1e300),
    "that begins in an hour": lambda key: key.token(iat=soon(3_600), exp=soon(3_660)),
    "signed by a foreign key": lambda key: key.token(key=SigningKey.generate(NIST256p)),
    "of a key that nobody enrolled": lambda key: key.token(header={"kid": "bourse-" + "0" * 32}),
    "that names no key": lambda key: key.token(header={"kid": ""}),
    "that says it needs no signature": lambda key: key.token(header={"alg": "none"}),
    "of another algorithm": lambda key: key.token(header={"alg": "ES384"}),
    "without a signature": lambda key: key.token().rsplit(".", 1)[0] + ".",
    "signed with the public key as a secret": lambda key: key.token(header={"alg": "HS256"}),
    "that is no token": lambda key: "no.token.atall",
    "that is empty": lambda key: "....",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_refuses_a_token(exchange, enrolled, kind):
    answer = assume(exchange, TOKENS[kind](enrolled))
    assert (answer.status, answer.code) == (400, "InvalidIdentityToken"), answer


def test_refuses_a_token_that_has_expired(exchange, enrolled):
    answer = assume(exchange, enrolled.token(iat=soon(-121), exp=soon(-1)))
    assert (answer.status, answer.code) == (400, "ExpiredTokenException"), answer


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "iat", "exp", "jti"])
def test_refuses_a_token_that_leaves_out(exchange, enrolled, missing):
    answer = assume(exchange, enrolled.token(**{missing: None}))
    assert (answer.status, answer.code) == (400, "InvalidIdentityToken"), answer


@pytest.mark.parametrize("role", [
    "arn:aws:iam::222222222222:role/administrator", f"arn:aws:iam::{PROVIDER}:role/data-subscriber",
    "arn:aws:iam::222222222222:user/data-subscriber", "data-subscriber",
])
def test_a_key_opens_no_other_role(exchange, enrolled, role):
    answer = assume(exchange, enrolled.token(), role=role)
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer


def test_another_accounts_role_needs_that_accounts_key(exchange, enrolled):
    other = Enrolled(exchange.subscriber("333333333333"))
    answer = assume(exchange, other.token(), role=ROLE)
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer


@pytest.mark.parametrize("name", ["ab", "a.b-c_d=e,f@g", "x" * 64])
def test_takes_a_session_name(exchange, enrolled, name):
    answer = assume(exchange, enrolled.token(), name=name)
    assert answer.status == 200, answer
    assert f"assumed-role/data-subscriber/{name}<".encode() in answer.body


@pytest.mark.parametrize("name", ["", "a", "x" * 65, "with space", "a/b", "ü-ber", "a\nb", "a<b>"])
def test_refuses_a_session_name(exchange, enrolled, name):
    answer = assume(exchange, enrolled.token(), name=name)
    assert (answer.status, answer.code) == (400, "ValidationError"), answer


@pytest.mark.parametrize("seconds,status", [
    ("899", 400), ("900", 200), ("43200", 200), ("43201", 400), ("-1", 400), ("x", 400)])
def test_how_long_a_session_may_last(exchange, enrolled, seconds, status):
    answer = assume(exchange, enrolled.token(), DurationSeconds=seconds)
    assert answer.status == status, answer
    assert status == 200 or answer.code == "ValidationError", answer


def test_a_refused_token_is_not_used_up(exchange, enrolled):
    token = enrolled.token()
    assert assume(exchange, token, name="a").status == 400
    assert assume(exchange, token).status == 200


def test_tokens_are_in_no_record(exchange, enrolled):
    token = enrolled.token()
    assert assume(exchange, token).status == 200
    assert token not in json.dumps(exchange.trail)
    assert token.rsplit(".", 1)[1] not in json.dumps(exchange.trail)
