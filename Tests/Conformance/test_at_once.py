"""Several at the same object, or the same bucket: each sees it before a change or after it."""

import concurrent.futures
import hashlib
import time
from collections import Counter

import botocore.exceptions
import pytest

from s3 import ONCE, read

SECONDS = 3


@pytest.fixture
def s3(provider):
    return provider.client("s3", config=ONCE)


def answers(*works):
    """By what was done, and whether it was refused, how often each came, with all at work at once."""
    counts = Counter()
    end = time.monotonic() + SECONDS

    def work(one):
        while time.monotonic() < end:
            try:
                one()
                counts[one.__name__, None] += 1
            except botocore.exceptions.ClientError as error:
                counts[one.__name__, error.response["Error"]["Code"]] += 1

    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work, one) for one in works]:
            done.result()
    return counts


def test_whoever_reads_what_is_being_written_gets_the_old_or_the_new(s3, own_bucket):
    bodies = {b"": 0, b"short": 1, bytes(300_000): 2}
    etags = {f'"{hashlib.md5(body).hexdigest()}"': len(body) for body in bodies}
    s3.put_object(Bucket=own_bucket, Key="k", Body=b"")

    def put():
        for body in bodies:
            s3.put_object(Bucket=own_bucket, Key="k", Body=body)

    def get():
        assert read(s3, own_bucket, "k") in bodies

    def head():
        answer = s3.head_object(Bucket=own_bucket, Key="k")
        assert etags[answer["ETag"]] == answer["ContentLength"]

    def list_objects():
        [one] = s3.list_objects_v2(Bucket=own_bucket)["Contents"]
        assert etags[one["ETag"]] == one["Size"]

    def list_versions():
        [one] = s3.list_object_versions(Bucket=own_bucket)["Versions"]
        assert etags[one["ETag"]] == one["Size"]

    def copy():
        answer = s3.copy_object(
            Bucket=own_bucket, Key="copies/k", CopySource={"Bucket": own_bucket, "Key": "k"})
        assert answer["CopyObjectResult"]["ETag"] in etags
        s3.delete_object(Bucket=own_bucket, Key="copies/k")

    # What is copied is listed too, under another key; it is for a round of its own.
    counts = answers(put, put, get, head, list_objects, list_versions) + answers(put, put, copy)
    assert not [key for key in counts if key[1]], counts


def test_a_bucket_that_is_made_and_removed_at_once(exchange, s3):
    name = "now-and-then"

    def create():
        s3.create_bucket(Bucket=name)

    def put():
        s3.put_object(Bucket=name, Key="k", Body=b"x")

    def delete():
        s3.delete_object(Bucket=name, Key="k")

    def remove():
        s3.delete_bucket(Bucket=name)

    counts = answers(create, put, delete, remove)
    allowed = {
        "create": {None, "BucketAlreadyOwnedByYou"}, "put": {None, "NoSuchBucket"},
        "delete": {None, "NoSuchBucket"}, "remove": {None, "NoSuchBucket", "BucketNotEmpty"}}
    assert not [key for key in counts if key[1] not in allowed[key[0]]], counts


def test_a_bucket_is_removed_once(s3):
    name = "removed-once"

    def flip():
        s3.create_bucket(Bucket=name)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            removals = [pool.submit(s3.delete_bucket, Bucket=name) for _ in range(3)]
        errors = [one.exception() for one in removals]
        codes = [one.response["Error"]["Code"] for one in errors if one]
        assert codes == ["NoSuchBucket", "NoSuchBucket"]

    answers(flip)
