"""Clients that stop in the middle, sending or receiving, do not hold their connections for ever."""

import contextlib
import http.client
import time
import urllib.parse

import pytest

from exchange import Exchange
from s3 import MIB
from wire import begun_upload

PATIENCE = 2


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    exchange = Exchange(tmp_path_factory.mktemp("exchange")).init()
    exchange.serve("--stall-timeout", PATIENCE)
    exchange.provider.client("s3").create_bucket(Bucket="results")
    yield exchange
    exchange.stop()


def seconds_until_cut_off(connection):
    began = time.monotonic()
    connection.sock.settimeout(20)
    with contextlib.suppress(ConnectionError):
        while connection.sock.recv(65_536):
            pass
    return time.monotonic() - began


def is_there(exchange, key):
    return "Contents" in exchange.provider.client("s3").list_objects_v2(Bucket="results", Prefix=key)


@pytest.mark.parametrize("first", [0, 1_000])
def test_a_writer_who_stalls(exchange, first):
    connection = begun_upload(exchange, f"/results/half-{first}", MIB)
    connection.send(bytes(first))
    assert 1 < seconds_until_cut_off(connection) < 4 * PATIENCE
    assert not is_there(exchange, f"half-{first}")


def test_a_writer_who_only_just_lives(exchange):
    connection = begun_upload(exchange, "/results/trickle", MIB)
    with pytest.raises(ConnectionError):
        for _ in range(60):
            connection.send(b"x")
            time.sleep(0.2)
    assert not is_there(exchange, "trickle")


def test_a_writer_who_is_slow(exchange):
    url = urllib.parse.urlsplit(exchange.provider.client("s3").generate_presigned_url(
        "put_object", {"Bucket": "results", "Key": "slow"}))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", "160000")
    connection.endheaders()
    for _ in range(16):
        connection.send(bytes(10_000))
        time.sleep(0.4)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    assert is_there(exchange, "slow")


def test_a_reader_who_stalls(exchange):
    s3 = exchange.provider.client("s3")
    s3.put_object(Bucket="results", Key="large", Body=bytes(64 * MIB))
    body = s3.get_object(Bucket="results", Key="large")["Body"]
    body.read(MIB)
    time.sleep(3 * PATIENCE)
    with pytest.raises(Exception, match="incomplete|IncompleteRead|Connection"):
        body.read()


def test_a_connection_that_waits_between_requests(exchange):
    s3 = exchange.provider.client("s3")
    for _ in range(2):
        s3.put_object(Bucket="results", Key="again", Body=b"x" * 100)
        time.sleep(2 * PATIENCE)
    assert is_there(exchange, "again")


@pytest.mark.parametrize("seconds", [0, -1, 3_601])
def test_a_patience_that_cannot_be(tmp_path, seconds):
    exchange = Exchange(tmp_path).init()
    with pytest.raises(AssertionError, match="1 to 3600"):
        exchange.serve(f"--stall-timeout={seconds}")
