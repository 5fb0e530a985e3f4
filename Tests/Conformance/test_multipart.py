"""Uploads in parts: the whole appears at once, out of exactly the parts that were named."""

import hashlib
import io
import os
import zlib

import pytest

from multipart import PART_BYTES_MIN, Upload, base64_of, etag
from s3 import MIB, crc64nvme, keys_in, read, refused

LINKED = "a-linked-bucket"


@pytest.fixture(scope="module")
def large():
    return os.urandom(PART_BYTES_MIN)


@pytest.fixture
def upload(s3, bucket, request):
    """One that has begun, for a key that nobody else uses."""
    upload = Upload(s3, bucket, request.node.name)
    yield upload
    upload.abort()


# What becomes of it


def test_parts_sent_in_any_order_make_the_whole(upload, large):
    small = b"the end"
    second = upload.send(9, small)
    first = upload.send(3, large)
    assert upload.is_listed
    assert upload.target["Key"] not in keys_in(upload.s3, upload.target["Bucket"])
    answer = upload.complete(first, second)
    assert answer["ETag"] == etag(large, small)
    assert upload.content == large + small
    head = upload.s3.head_object(**upload.target)
    assert (head["ETag"], head["ContentLength"]) == (etag(large, small), len(large + small))
    assert not upload.is_listed


def test_headers_are_those_with_which_it_began(s3, bucket):
    upload = Upload(
        s3, bucket, "headers", ContentType="application/x-nav", Metadata={"who": "me"},
        CacheControl="no-store", ContentDisposition="attachment")
    upload.complete(upload.send(1, b"small"))
    head = s3.head_object(**upload.target)
    assert head["ContentType"] == "application/x-nav" and head["Metadata"] == {"who": "me"}
    assert head["CacheControl"] == "no-store" and head["ContentDisposition"] == "attachment"


def test_only_the_parts_that_are_named_are_in_it(upload, large):
    parts = [upload.send(number, large[number:] + b"x" * number) for number in (1, 2, 3)]
    upload.complete(parts[0], parts[2])
    assert upload.content == large[1:] + b"x" + large[3:] + b"xxx"


def test_a_last_part_of_no_bytes_is_read_as_one(upload, large):
    upload.complete(upload.send(1, large), upload.send(2, b""))
    answer = upload.s3.get_object(**upload.target, PartNumber=2)
    assert (answer["Body"].read(), answer["ContentLength"]) == (b"", 0)
    assert upload.s3.get_object(**upload.target, PartNumber=1)["Body"].read() == large


def test_a_part_sent_again_replaces_the_one_before(upload):
    before = upload.send(1, b"before")
    after = upload.send(1, b"after")
    listed, = upload.s3.list_parts(**upload.name)["Parts"]
    assert (listed["ETag"], listed["Size"]) == (after["ETag"], 5)
    with pytest.raises(upload.s3.exceptions.ClientError, match="InvalidPart"):
        upload.complete(before)
    upload.complete(after)
    assert upload.content == b"after"


def test_parts_are_listed_in_pages(upload):
    sent = [upload.send(number, b"x" * number) for number in (1, 2, 5, 7)]
    pages = upload.s3.get_paginator("list_parts").paginate(
        **upload.name, PaginationConfig={"PageSize": 3})
    pages = [page["Parts"] for page in pages]
    assert [len(page) for page in pages] == [3, 1]
    listed = [(part["PartNumber"], part["ETag"], part["Size"]) for page in pages for part in page]
    assert listed == [(part["PartNumber"], part["ETag"], part["PartNumber"]) for part in sent]


def test_uploads_are_listed_by_their_keys(s3, bucket):
    uploads = [Upload(s3, bucket, key) for key in ["u/a b+c", "u/b/1", "u/b/2", "v"]]
    listed = s3.list_multipart_uploads(Bucket=bucket, Prefix="u/", Delimiter="/")
    assert [(one["Key"], one["UploadId"]) for one in listed["Uploads"]] == [
        ("u/a b+c", uploads[0].name["UploadId"])]
    assert [found["Prefix"] for found in listed["CommonPrefixes"]] == ["u/b/"]
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix="u/", PaginationConfig={"PageSize": 2})
    keys = [one["Key"] for page in pages for one in page["Uploads"]]
    assert keys == ["u/a b+c", "u/b/1", "u/b/2"]
    for upload in uploads:
        upload.abort()
    assert s3.list_multipart_uploads(Bucket=bucket, Prefix="u/").get("Uploads", []) == []


def test_completed_again_it_gives_the_same_answer(upload):
    """As a client asks that has not heard the first."""
    part = upload.send(1, b"once")
    first, second = upload.complete(part), upload.complete(part)
    for answer in first, second:
        del answer["ResponseMetadata"]
    assert second == first and first["ETag"] == etag(b"once")
    versions = upload.s3.list_object_versions(
        Bucket=upload.target["Bucket"], Prefix=upload.target["Key"])["Versions"]
    assert len(versions) == 1


def test_aborted_it_leaves_nothing(upload):
    part = upload.send(1, b"never")
    upload.s3.abort_multipart_upload(**upload.name)
    assert not upload.is_listed
    assert refused(upload.s3.list_parts, **upload.name) == (404, "NoSuchUpload")
    assert refused(upload.s3.head_object, **upload.target) == (404, "404")
    with pytest.raises(upload.s3.exceptions.NoSuchUpload):
        upload.complete(part)
    with pytest.raises(upload.s3.exceptions.NoSuchUpload):
        upload.send(1, b"too late")


def test_what_was_there_is_there_until_the_end(s3, bucket):
    s3.put_object(Bucket=bucket, Key="until", Body=b"before")
    upload = Upload(s3, bucket, "until")
    part = upload.send(1, b"after")
    assert upload.content == b"before"
    upload.complete(part)
    assert upload.content == b"after"


def test_the_whole_is_put_only_where_nothing_is(s3, bucket):
    upload = Upload(s3, bucket, "nothing")
    part = upload.send(1, b"second")
    s3.put_object(Bucket=bucket, Key="nothing", Body=b"first")
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        upload.complete(part, IfNoneMatch="*")
    assert upload.content == b"first"


def test_parts_outlive_a_power_cut(own_exchange, large):
    s3 = own_exchange.provider.client("s3")
    s3.create_bucket(Bucket="results")
    upload = Upload(s3, "results", "long")
    first = upload.send(1, large)
    own_exchange.kill()
    own_exchange.serve()
    upload.complete(first, upload.send(2, b"the end"))
    assert upload.content == large + b"the end"
    assert own_exchange.verify().status == 0


# Copies


@pytest.fixture(scope="module")
def linked(exchange, provider, large):
    """The content of `gold/a b+c` in a linked bucket."""
    directory = exchange.home / "linked"
    (directory / "gold").mkdir(parents=True)
    (directory / "gold/a b+c").write_bytes(large + b"more")
    result = provider.bourse("lake", "link", LINKED, directory)
    assert result.status == 0, result
    return large + b"more"


def test_a_part_is_copied_from_a_linked_bucket(upload, linked):
    def copied(number, **options):
        answer = upload.s3.upload_part_copy(
            **upload.name, PartNumber=number, CopySource={"Bucket": LINKED, "Key": "gold/a b+c"},
            **options)["CopyPartResult"]
        return {"PartNumber": number, "ETag": answer["ETag"]}

    upload.complete(
        copied(1), copied(2, CopySourceRange=f"bytes=2-{PART_BYTES_MIN + 1}"),
        upload.send(3, b"sent"))
    assert upload.content == linked + linked[2:PART_BYTES_MIN + 2] + b"sent"


@pytest.mark.parametrize("asked", ["bytes=0-99999999", "bytes=-3", "bytes=3-", "0-3"])
def test_a_range_to_copy_lies_within_the_object(upload, linked, asked):
    status, code = refused(
        upload.s3.upload_part_copy, **upload.name, PartNumber=1, CopySourceRange=asked,
        CopySource={"Bucket": LINKED, "Key": "gold/a b+c"})
    assert (status, code) in [(400, "InvalidArgument"), (416, "InvalidRange")]
    assert upload.s3.list_parts(**upload.name).get("Parts", []) == []


# Checksums


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_of_the_parts_checksums(s3, bucket, large, algorithm):
    function = {
        "CRC32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
        "SHA1": lambda content: hashlib.sha1(content).digest(),
        "SHA256": lambda content: hashlib.sha256(content).digest()}[algorithm]
    upload = Upload(s3, bucket, algorithm, ChecksumAlgorithm=algorithm)
    parts = [
        upload.send(number, content, ChecksumAlgorithm=algorithm)
        for number, content in enumerate([large, b"the end"], 1)]
    answer = upload.complete(*parts)
    name = "Checksum" + algorithm
    assert parts[1][name] == base64_of(function(b"the end"))
    composite = base64_of(function(function(large) + function(b"the end"))) + "-2"
    assert answer[name] == composite
    got = s3.get_object(**upload.target, ChecksumMode="ENABLED")
    assert (got[name], got["ChecksumType"]) == (composite, "COMPOSITE")
    assert got["Body"].read() == large + b"the end"


def test_a_crc64nvme_is_of_the_whole(s3, bucket, large):
    upload = Upload(s3, bucket, "crc64", ChecksumAlgorithm="CRC64NVME")
    parts = [
        upload.send(number, content, ChecksumCRC64NVME=base64_of(crc64nvme(content)))
        for number, content in enumerate([large, b"the end"], 1)]
    whole = base64_of(crc64nvme(large + b"the end"))
    assert upload.complete(*parts)["ChecksumCRC64NVME"] == whole
    head = s3.head_object(**upload.target, ChecksumMode="ENABLED")
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == (whole, "FULL_OBJECT")


# boto3's transfers


def test_thirty_megabytes_as_boto3_sends_and_fetches_them(caller):
    s3, bucket = caller.client("s3"), f"transfers-{caller.account}"
    s3.create_bucket(Bucket=bucket)
    content = os.urandom(30 * MIB)
    s3.upload_fileobj(io.BytesIO(content), bucket, "thirty")
    assert s3.head_object(Bucket=bucket, Key="thirty")["ETag"].endswith('-4"')
    fetched = io.BytesIO()
    s3.download_fileobj(bucket, "thirty", fetched)
    assert fetched.getvalue() == content
    s3.copy({"Bucket": bucket, "Key": "thirty"}, bucket, "copied")
    assert read(s3, bucket, "copied") == content
