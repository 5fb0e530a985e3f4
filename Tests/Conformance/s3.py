"""S3 as its clients see it: what is refused, a plain GET, and the checksums that Python has not."""

import contextlib
import urllib.parse

import botocore.exceptions
import pytest
from botocore.config import Config

from exchange import REGION
from wire import Ask

MIB = 1 << 20
# Clients send what was damaged on the way again, five times.
ONCE = Config(retries={"total_max_attempts": 1})


def refused(call, **parameters):
    """Status and code of a request that must be refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def make_bucket(s3, name):
    """As often as one likes: it is the account's own then."""
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name)


def set_versioning(s3, bucket, status="Enabled"):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def read(s3, bucket, key, **parameters):
    return s3.get_object(Bucket=bucket, Key=key, **parameters)["Body"].read()


def keys_in(s3, bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def fetch(exchange, url, method="GET", body=b"", headers=None):
    """The answer to a request that nobody signs: its address is all it has."""
    parts = urllib.parse.urlsplit(url)
    ask = Ask("rest-xml", "s3", method, f"{parts.path}?{parts.query}")
    return ask.send(exchange, headers or {}, body=body)


def signed(exchange, machine, method, path, body=b"", headers=None):
    """The answer to a request as no client would make it, rightly signed."""
    ask = Ask("rest-xml", "s3", method, path, headers, body)
    return ask.send(exchange, ask.signed(exchange, machine.keys))


class Options:
    """What a client needs to be told of an exchange, by the names that clients have for it."""

    def __init__(self, machine):
        self.endpoint = machine.endpoint
        self.address = urllib.parse.urlsplit(machine.endpoint).netloc
        self.key, self.secret, self.token = machine.keys
        self.region = REGION


def _table(polynomial):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


def _remainder(table, ones, content):
    value = ones
    for byte in content:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ ones


_CRC32C = _table(0x82F6_3B78)
_CRC64NVME = _table(0x9A6C_9329_AC4B_C9B5)


def crc32c(content):
    return _remainder(_CRC32C, 0xFFFF_FFFF, content).to_bytes(4, "big")


def crc64nvme(content):
    return _remainder(_CRC64NVME, 0xFFFF_FFFF_FFFF_FFFF, content).to_bytes(8, "big")
