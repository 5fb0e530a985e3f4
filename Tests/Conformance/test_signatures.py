"""A request that is not signed as it should be: AWS's code in each protocol, and a line in the trail."""

import base64
import datetime
import json

import pytest

from exchange import Exchange
from wire import ASKS, Ask

# By protocol: query, json, rest-json, rest-xml.
WIRES = ["query", "json", "rest-json", "rest-xml"]
REFUSALS = {
    "unsigned": [
        (403, "MissingAuthenticationToken"), (400, "MissingAuthenticationTokenException"),
        (403, "MissingAuthenticationTokenException"), (403, "AccessDenied")],
    "malformed": [
        (400, "IncompleteSignature"), (400, "IncompleteSignatureException"),
        (403, "IncompleteSignatureException"), (400, "AuthorizationHeaderMalformed")],
    "another algorithm": [
        (400, "IncompleteSignature"), (400, "IncompleteSignatureException"),
        (403, "IncompleteSignatureException"), (400, "AuthorizationHeaderMalformed")],
    "unknown key": [
        (403, "InvalidClientTokenId"), (400, "UnrecognizedClientException"),
        (403, "UnrecognizedClientException"), (403, "InvalidAccessKeyId")],
    "forged token": [
        (403, "InvalidClientTokenId"), (400, "UnrecognizedClientException"),
        (403, "UnrecognizedClientException"), (400, "InvalidToken")],
    "another's token": [
        (403, "InvalidClientTokenId"), (400, "UnrecognizedClientException"),
        (403, "UnrecognizedClientException"), (400, "InvalidToken")],
    "wrong secret": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (403, "SignatureDoesNotMatch")],
    "another day in the scope": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (400, "AuthorizationHeaderMalformed")],
    "signed 16 minutes ago": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (403, "RequestTimeTooSkewed")],
    "signed in 16 minutes": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (403, "RequestTimeTooSkewed")],
    "another query": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (403, "SignatureDoesNotMatch")],
    "another body": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (400, "XAmzContentSHA256Mismatch")],
    "a header not signed": [
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"),
        (403, "InvalidSignatureException"), (403, "AccessDenied")],
}


def utc(minutes=0):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)


def spoiled(fault, ask, exchange, keys):
    """The answer to `ask`, signed rightly but for the one fault."""
    id, secret, token = keys
    if fault == "unsigned":
        return ask.send(exchange, ask.headers)
    if fault == "unknown key":
        return ask.send(exchange, ask.signed(exchange, ("AKIAIOSFODNN7EXAMPLE", secret)))
    if fault == "wrong secret":
        return ask.send(exchange, ask.signed(exchange, (id, secret[::-1], token)))
    if fault == "forged token":
        sealed = bytearray(base64.b64decode(token))
        sealed[20] ^= 1
        return ask.send(
            exchange, ask.signed(exchange, (id, secret, base64.b64encode(sealed).decode())))
    if fault == "another's token":
        return ask.send(exchange, ask.signed(exchange, ("ASIAIOSFODNN7EXAMPLE", secret, token)))
    if fault.startswith("signed "):
        return ask.send(
            exchange, ask.signed(exchange, keys, at=utc(-16 if fault.endswith("ago") else 16)))

    headers = ask.signed(exchange, keys)
    if fault == "malformed":
        headers["Authorization"] = headers["Authorization"].split(", SignedHeaders")[0]
    elif fault == "another algorithm":
        headers["Authorization"] = headers["Authorization"].replace(
            "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
    elif fault == "another day in the scope":
        today = headers["X-Amz-Date"][:8]
        headers["Authorization"] = headers["Authorization"].replace(f"/{today}/", "/20200101/")
    elif fault == "a header not signed":
        headers["x-amz-meta-added"] = "later"
    elif fault == "another query":
        return ask.send(exchange, headers, path=ask.path + "?added=later")
    elif fault == "another body":
        return ask.send(exchange, headers, body=ask.body + b" ")
    return ask.send(exchange, headers)


@pytest.fixture(scope="module")
def keys(subscriber):
    return subscriber.keys


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", REFUSALS)
def test_is_refused_with_awss_code(exchange, keys, fault, wire):
    answer = spoiled(fault, ASKS[wire], exchange, keys)
    assert (answer.status, answer.code) == REFUSALS[fault][WIRES.index(wire)], answer
    assert answer.request_id and answer.headers["date"]


@pytest.mark.parametrize("wire", WIRES)
def test_is_taken_when_nothing_is_wrong(exchange, keys, wire):
    """What becomes of it then is its service's: here it is only not refused for its signature."""
    answer = ASKS[wire].send(exchange, ASKS[wire].signed(exchange, keys))
    assert answer.code not in {code for codes in REFUSALS.values() for _, code in codes}, answer


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_may_be_a_quarter_of_an_hour_off(exchange, keys, minutes):
    answer = ASKS["query"].send(exchange, ASKS["query"].signed(exchange, keys, at=utc(minutes)))
    assert answer.status == 200, answer


def test_a_signature_for_one_service_opens_no_other(exchange, keys):
    """The scope says which service is meant, so the request is read as that one's, and is none."""
    answer = ASKS["json"].send(exchange, ASKS["json"].signed(exchange, keys, service="athena"))
    assert (answer.status, answer.code) == (400, "UnknownOperationException"), answer


@pytest.mark.parametrize("wire,expected", zip(WIRES, [
    (403, "ExpiredToken"), (400, "ExpiredTokenException"), (403, "ExpiredTokenException"),
    (400, "ExpiredToken")]))
def test_a_session_ends_after_an_hour(late_exchange, wire, expected):
    exchange, keys = late_exchange
    answer = ASKS[wire].send(exchange, ASKS[wire].signed(exchange, keys, at=utc(61)))
    assert (answer.status, answer.code) == expected, answer


@pytest.fixture(scope="module")
def late_exchange(tmp_path_factory):
    """An exchange 61 minutes ahead, and the keys of a session that was opened before."""
    exchange = Exchange(tmp_path_factory.mktemp("late")).init().serve()
    keys = exchange.subscriber("222222222222").keys
    yield exchange.restart(clock_seconds=61 * 60), keys
    exchange.stop()


def refusals(trail, code):
    """How many refusals with the code the trail vouches for: recorded, or counted for a minute."""
    count = 0
    for record in trail:
        if record.get("errorCode") == code:
            further = record.get("additionalEventData", {}).get("furtherRefusalsInThisMinute")
            count += further or 1
    return count


def test_the_refusal_is_in_the_trail_before_its_answer(own_exchange):
    answer = spoiled("unknown key", ASKS["rest-xml"], own_exchange, ("", "secret", None))
    record, = [one for one in own_exchange.trail if one.get("requestID") == answer.request_id]
    assert record["errorCode"] == "InvalidAccessKeyId"
    assert record["eventSource"] == "s3.amazonaws.com" and record["eventName"] == "ListBuckets"
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert record["userIdentity"] == {"type": "Unknown"}


def test_strangers_are_counted_and_cannot_fill_the_trail(own_exchange):
    for _ in range(200):
        spoiled("unknown key", ASKS["json"], own_exchange, ("", "secret", None))
    own_exchange.stop()
    records = [one for one in own_exchange.trail if "errorCode" in one]
    # One line and one count for each minute that the loop touched.
    assert len(records) <= 4
    assert refusals(own_exchange.trail, "UnrecognizedClientException") == 200


def test_nothing_that_opens_a_door_is_in_the_trail(exchange, keys):
    ask = ASKS["query"]
    headers = ask.signed(exchange, keys)
    assert ask.send(exchange, headers).status == 200
    text = json.dumps(exchange.trail)
    id, secret, token = keys
    assert id in text and secret not in text and token not in text
    assert headers["Authorization"].rsplit("Signature=")[1] not in text


def test_an_unsigned_put_is_no_upload(exchange):
    ask = Ask("rest-xml", "s3", "PUT", "/bucket/key", body=b"x" * 100_000)
    answer = ask.send(exchange, {})
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer
