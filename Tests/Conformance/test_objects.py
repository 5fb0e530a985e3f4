"""Objects, as boto3 and the CLI read and write them: in place from a linked bucket, and in a managed one."""

import hashlib
import os

import botocore.exceptions
import pytest

from s3 import MIB, ONCE
from wire import begun_upload


@pytest.fixture(scope="module")
def lake(exchange):
    """A directory, linked as bucket `nomura-data-lake`."""
    directory = exchange.home / "lake"
    for number in range(3):
        file = directory / f"gold/nav/daily/ds=2026-02-1{number}/part-0.parquet"
        file.parent.mkdir(parents=True)
        file.write_bytes(os.urandom(MIB))
    (directory / "gold/nav.txt").write_text("nav\n")
    (exchange.home / "secret").write_text("secret")
    (directory / "gold/escape").symlink_to(exchange.home / "secret")
    result = exchange.provider.bourse("lake", "link", "nomura-data-lake", directory, "--json")
    assert result.status == 0, result
    assert result.json["objects"] == 4
    return directory


@pytest.fixture(scope="module")
def bucket(provider):
    provider.client("s3").create_bucket(Bucket="results")
    return "results"


def code(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_the_cli_reads_a_linked_bucket(provider, lake, tmp_path):
    listed = provider.aws("s3", "ls", "--recursive", "s3://nomura-data-lake/gold/")
    keys = [line.split()[-1] for line in listed.out.splitlines()]
    assert keys == ["gold/nav.txt"] + [
        f"gold/nav/daily/ds=2026-02-1{number}/part-0.parquet" for number in range(3)]
    result = provider.aws("s3", "cp", "--recursive", "s3://nomura-data-lake/", tmp_path)
    assert result.status == 0, result
    for key in keys:
        assert (tmp_path / key).read_bytes() == (lake / key).read_bytes()


@pytest.mark.parametrize("arguments", [
    ["s3api", "put-object", "--key", "x"], ["s3api", "delete-object", "--key", "gold/nav.txt"],
    ["s3api", "put-bucket-versioning", "--versioning-configuration", "Status=Enabled"],
])
def test_nobody_writes_to_a_linked_bucket(provider, lake, arguments):
    before = sorted(lake.rglob("*"))
    result = provider.aws(*arguments, "--bucket", "nomura-data-lake")
    assert "(AccessDenied)" in result.err, result
    assert sorted(lake.rglob("*")) == before


def test_a_link_out_of_the_directory_is_no_object(provider, lake):
    s3 = provider.client("s3")
    for key in ["gold/escape", "../secret", "gold/../../secret", "/gold/nav.txt"]:
        assert code(s3.get_object, Bucket="nomura-data-lake", Key=key) == "NoSuchKey"


def test_a_subscriber_has_its_own_buckets_and_no_other(subscriber, lake, bucket):
    s3 = subscriber.client("s3")
    s3.create_bucket(Bucket="subscriber-results")
    assert [found["Name"] for found in s3.list_buckets()["Buckets"]] == ["subscriber-results"]
    for name in ["nomura-data-lake", bucket]:
        assert code(s3.list_objects_v2, Bucket=name) == "AccessDenied"
        assert code(s3.get_object, Bucket=name, Key="gold/nav.txt") == "AccessDenied"
        assert code(s3.head_object, Bucket=name, Key="gold/nav.txt") == "403"
    assert code(s3.list_objects_v2, Bucket="nobodys") == "NoSuchBucket"


def test_an_object_comes_back_as_it_was_put(provider, bucket):
    s3 = provider.client("s3")
    s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    key, body = "dir/ö ü+%&<>'.bin", os.urandom(3 * MIB + 1)
    put = s3.put_object(
        Bucket=bucket, Key=key, Body=body, Metadata={"who": "me"}, ContentType="application/x-nav",
        CacheControl="no-store")
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == body
    assert got["ContentType"] == "application/x-nav" and got["CacheControl"] == "no-store"
    assert got["Metadata"] == {"who": "me"} and got["VersionId"] == put["VersionId"]
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"]
    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["ContentLength"] == len(body) and head["ETag"] == put["ETag"]
    assert key in [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]


@pytest.mark.parametrize("asked,status,content_range", [
    ("bytes=0-1", 206, "bytes 0-1/10"), ("bytes=8-", 206, "bytes 8-9/10"),
    ("bytes=-3", 206, "bytes 7-9/10"), ("bytes=-262144", 206, "bytes 0-9/10"),
    ("bytes=4-262143", 206, "bytes 4-9/10"), ("bytes=3-2", 200, None),
])
def test_ranges(provider, bucket, asked, status, content_range):
    s3 = provider.client("s3")
    s3.put_object(Bucket=bucket, Key="ten", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="ten", Range=asked)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == status
    assert got.get("ContentRange") == content_range
    assert len(got["Body"].read()) == got["ContentLength"]
    assert code(s3.get_object, Bucket=bucket, Key="ten", Range="bytes=10-") == "InvalidRange"


def test_conditions(provider, bucket):
    s3 = provider.client("s3", config=ONCE)
    etag = s3.put_object(Bucket=bucket, Key="once", Body=b"1", IfNoneMatch="*")["ETag"]
    assert code(
        s3.put_object, Bucket=bucket, Key="once", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.get_object, Bucket=bucket, Key="once", IfNoneMatch=etag) == "304"
    assert code(s3.get_object, Bucket=bucket, Key="once", IfMatch='"x"') == "PreconditionFailed"
    assert code(s3.head_object, Bucket=bucket, Key="once", IfMatch='"x"') == "412"
    assert s3.get_object(Bucket=bucket, Key="once", IfMatch=etag)["Body"].read() == b"1"


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_pages(provider, bucket, page):
    s3 = provider.client("s3")
    for number in range(12):
        s3.put_object(Bucket=bucket, Key=f"pages/{number % 3}/{number:02}", Body=b"")
    pages = s3.get_paginator("list_objects_v2")
    options = {"Bucket": bucket, "Prefix": "pages/", "PaginationConfig": {"PageSize": page}}
    keys = [found["Key"] for answer in pages.paginate(**options) for found in answer["Contents"]]
    assert len(keys) == 12 and keys == sorted(keys)
    prefixes = [
        found["Prefix"] for answer in pages.paginate(**options, Delimiter="/")
        for found in answer["CommonPrefixes"]]
    assert prefixes == ["pages/0/", "pages/1/", "pages/2/"]


def test_a_deleted_object_is_hidden_and_its_versions_are_kept(provider, bucket):
    s3 = provider.client("s3")
    s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="gone", Body=b"one")["VersionId"]
    assert provider.aws("s3", "rm", f"s3://{bucket}/gone").status == 0
    assert code(s3.get_object, Bucket=bucket, Key="gone") == "NoSuchKey"
    assert s3.get_object(Bucket=bucket, Key="gone", VersionId=version)["Body"].read() == b"one"


@pytest.mark.parametrize("change", ["in place", "truncated", "replaced"])
def test_a_file_that_changes_while_it_is_read_is_cut_off(provider, lake, change):
    file = lake / "changing"
    file.write_bytes(bytes(64 * MIB))
    body = provider.client("s3", config=ONCE).get_object(
        Bucket="nomura-data-lake", Key="changing")["Body"]
    count = len(body.read(MIB))
    if change == "in place":
        with file.open("r+b") as handle:
            handle.write(b"x")
    elif change == "truncated":
        os.truncate(file, 10 * MIB)
    else:
        other = lake / "other"
        other.write_bytes(bytes(64 * MIB))
        other.rename(file)
    with pytest.raises(botocore.exceptions.HTTPClientError):
        while piece := body.read(MIB):
            count += len(piece)
    assert count < 64 * MIB
    file.unlink()


def test_kill_in_the_middle_of_an_upload(own_exchange):
    """What was acknowledged is there, what was not is not, and leaves nothing behind."""
    exchange = own_exchange
    s3 = exchange.provider.client("s3", config=ONCE)
    s3.create_bucket(Bucket="results")
    s3.put_object(Bucket="results", Key="kept", Body=b"kept")
    connection = begun_upload(exchange, "/results/half", 20 * MIB)
    for _ in range(10):
        connection.send(bytes(MIB))
    incoming = exchange.data / "lake/incoming"
    while sum(file.stat().st_size for file in incoming.iterdir()) < 5 * MIB:
        pass
    exchange.kill()
    exchange.serve()
    s3 = exchange.provider.client("s3")
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="results")["Contents"]] == ["kept"]
    assert s3.get_object(Bucket="results", Key="kept")["Body"].read() == b"kept"
    assert len([file for file in (exchange.data / "lake").rglob("*") if file.is_file()]) == 1
    assert exchange.verify().status == 0
