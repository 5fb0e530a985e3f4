"""The exchange stops when it is told to, whoever is still waiting for whom."""

import time

from s3 import MIB
from wire import begun_upload


def stopped(exchange):
    """Seconds that it took."""
    began = time.monotonic()
    assert exchange.stop() == 0
    return time.monotonic() - began


def test_a_reader_who_stalls_is_cut_off(own_exchange):
    s3 = own_exchange.provider.client("s3")
    s3.create_bucket(Bucket="results")
    s3.put_object(Bucket="results", Key="large", Body=bytes(64 * MIB))
    body = s3.get_object(Bucket="results", Key="large")["Body"]
    body.read(MIB)
    assert stopped(own_exchange) < 15


def test_a_writer_who_stalls_is_cut_off(own_exchange):
    own_exchange.provider.client("s3").create_bucket(Bucket="results")
    connection = begun_upload(own_exchange, "/results/half", MIB)
    connection.send(bytes(1000))
    assert stopped(own_exchange) < 15
