"""Whoever is cut off is out: with the next request, in the middle of a download, and until it is lifted."""

import contextlib
import http.client
import sqlite3
import urllib.parse

import botocore.exceptions
import pytest

from athena import Athena
from exchange import Machine
from s3 import ONCE, refused

ACCOUNT = "222222222222"
MIB = 1 << 20
ENDLESS = "SELECT sum(hash(range) % 7) FROM range(9000000000000)"


@pytest.fixture
def subscriber(own_exchange):
    return own_exchange.subscriber(ACCOUNT)


def cut_off(exchange, *more):
    result = exchange.provider.bourse("cutoff", ACCOUNT, *more)
    assert result.status == 0, result
    return result


def test_a_session_ends_and_none_begins_until_it_is_lifted(own_exchange, subscriber):
    s3 = subscriber.client("s3", config=ONCE)
    s3.create_bucket(Bucket="of-the-subscriber")
    assert "bourse cutoff 222222222222 --lift" in cut_off(own_exchange).out
    assert refused(s3.list_buckets) == (400, "ExpiredToken")
    with pytest.raises(botocore.exceptions.CredentialRetrievalError):
        subscriber.client("s3").list_buckets()
    cut_off(own_exchange, "--lift")
    # What was opened before is over for good.
    assert refused(s3.list_buckets) == (400, "ExpiredToken")
    buckets = subscriber.client("s3").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["of-the-subscriber"]


def test_it_outlives_the_exchange(own_exchange, subscriber):
    s3 = subscriber.client("s3", config=ONCE)
    cut_off(own_exchange)
    own_exchange.kill()
    own_exchange.serve()
    assert refused(s3.list_buckets) == (400, "ExpiredToken")
    with pytest.raises(botocore.exceptions.CredentialRetrievalError):
        subscriber.client("s3").list_buckets()


def test_a_download_under_way_is_cut(own_exchange, subscriber):
    s3 = subscriber.client("s3", config=ONCE)
    s3.create_bucket(Bucket="of-the-subscriber")
    s3.put_object(Bucket="of-the-subscriber", Key="large", Body=bytes(64 * MIB))
    body = s3.get_object(Bucket="of-the-subscriber", Key="large")["Body"]
    count = len(body.read(MIB))
    cut_off(own_exchange)
    with pytest.raises(botocore.exceptions.HTTPClientError):
        while piece := body.read(MIB):
            count += len(piece)
    assert count < 64 * MIB


def test_an_upload_under_way_comes_to_nothing(own_exchange, subscriber):
    s3 = subscriber.client("s3", config=ONCE)
    s3.create_bucket(Bucket="of-the-subscriber")
    url = urllib.parse.urlsplit(s3.generate_presigned_url(
        "put_object", Params={"Bucket": "of-the-subscriber", "Key": "half"}))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", str(4 * MIB))
    connection.endheaders(bytes(2 * MIB))
    cut_off(own_exchange)
    # The exchange may close the connection before it has all.
    with contextlib.suppress(ConnectionError):
        connection.send(bytes(2 * MIB))
        assert connection.getresponse().status == 403
    connection.close()
    cut_off(own_exchange, "--lift")
    assert "Contents" not in subscriber.client("s3").list_objects_v2(Bucket="of-the-subscriber")


def second_machine(exchange):
    """Another one of the account's, and the id of its key."""
    second = Machine(exchange.home / "second", "nomura", ACCOUNT, exchange.endpoint)
    enrolled = second.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", exchange.add_account(ACCOUNT),
        "--profile", "nomura", "--json")
    return second, enrolled.json["keyId"]


def test_a_query_under_way_is_ended(own_exchange, subscriber):
    athena = Athena(subscriber)
    running = athena.start(ENDLESS)
    athena.wait(running, {"RUNNING"})
    waiting = athena.start("SELECT 42")
    cut_off(own_exchange)
    cut_off(own_exchange, "--lift")
    again = Athena(subscriber)
    for id in running, waiting:
        assert again.wait(id)["Status"]["State"] == "CANCELLED"
    assert again.rows("SELECT 42") == [["42"]]


def test_the_queries_of_a_key_that_is_taken_back_end_and_no_other(own_exchange, subscriber):
    second, key = second_machine(own_exchange)
    own, others = Athena(subscriber), Athena(second)
    running = others.start(ENDLESS)
    others.wait(running, {"RUNNING"})
    waiting, own_waiting = others.start("SELECT 42"), own.start("SELECT 43")
    revoked = own_exchange.provider.bourse("account", "keys", "revoke", ACCOUNT, key)
    assert revoked.status == 0, revoked
    for id in running, waiting:
        assert own.wait(id)["Status"]["State"] == "CANCELLED"
    assert own.wait(own_waiting)["Status"]["State"] == "SUCCEEDED"


def test_a_query_that_waits_when_the_exchange_is_killed_needs_its_session_afterwards(
        own_exchange, subscriber):
    second, key = second_machine(own_exchange)
    own, others = Athena(subscriber), Athena(second)
    running = own.start(ENDLESS)
    own.wait(running, {"RUNNING"})
    waiting, own_waiting = others.start("SELECT 42"), own.start("SELECT 43")
    own_exchange.kill()
    # As if it had been killed after the key was gone, and before the query was ended.
    with contextlib.closing(sqlite3.connect(own_exchange.data / "ledger.db")) as ledger, ledger:
        assert ledger.execute("DELETE FROM enrolledKey WHERE id = ?", [key]).rowcount == 1
    own_exchange.serve()
    assert own.wait(waiting)["Status"]["State"] == "CANCELLED"
    assert own.wait(own_waiting)["Status"]["State"] == "SUCCEEDED"


def test_a_key_is_listed_and_taken_back(own_exchange, subscriber):
    provider = own_exchange.provider
    second, key = second_machine(own_exchange)
    listed = provider.bourse("account", "keys", "list", ACCOUNT, "--json").json
    assert key in listed["keys"] and len(listed["keys"]) == 2 and listed["isCutOff"] is False
    s3, other = second.client("s3", config=ONCE), subscriber.client("s3", config=ONCE)
    s3.list_buckets()
    assert provider.bourse("account", "keys", "revoke", ACCOUNT, key).status == 0
    assert refused(s3.list_buckets) == (403, "InvalidAccessKeyId")
    with pytest.raises(botocore.exceptions.CredentialRetrievalError):
        second.client("s3").list_buckets()
    other.list_buckets()
    assert "account keys list" not in provider.bourse("account", "list").out
    again = provider.bourse("account", "keys", "revoke", ACCOUNT, key)
    assert again.status != 0 and "has no key" in again.err


def test_nobody_else_cuts_off(own_exchange, subscriber):
    other = own_exchange.provider
    assert "own account" in other.bourse("cutoff", "111111111111").err
    assert "does not know" in other.bourse("cutoff", "999999999999").err
