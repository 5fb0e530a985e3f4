"""Uploads in parts: what makes no whole is refused, and the upload goes on as if nothing was said."""

import hashlib
import urllib.parse

import pytest

from multipart import Upload, base64_of, etag
from s3 import ONCE, refused, signed


@pytest.fixture
def upload(s3, bucket, request):
    """One that has begun, for a key that nobody else uses."""
    upload = Upload(s3, bucket, request.node.name)
    yield upload
    upload.abort()


@pytest.mark.parametrize("parts,code", [
    ([(1, "first"), (3, "second")], "InvalidPart"), ([(1, "second"), (2, "second")], "InvalidPart"),
    ([(2, "second"), (1, "first")], "InvalidPartOrder"),
    ([(1, "first"), (1, "first")], "InvalidPartOrder"),
    ([(1, "first"), (2, "second")], "EntityTooSmall"),
    ([], "MalformedXML"),
], ids=[
    "one is missing", "one is another", "not in order", "one is twice", "one is small", "none"])
def test_parts_that_make_no_whole(upload, parts, code):
    sent = {"first": upload.send(1, b"small"), "second": upload.send(2, b"small too")}
    named = [{"PartNumber": number, "ETag": sent[name]["ETag"]} for number, name in parts]
    assert refused(
        upload.s3.complete_multipart_upload, **upload.name,
        MultipartUpload={"Parts": named}) == (400, code)
    assert refused(upload.s3.head_object, **upload.target) == (404, "404")
    assert upload.is_listed


@pytest.mark.parametrize("document", [
    b"", b"<CompleteMultipartUpload", b"<Other/>", b"{}",
    b"<CompleteMultipartUpload><Part><PartNumber>one</PartNumber><ETag>x</ETag></Part>"
    b"</CompleteMultipartUpload>"], ids=["none", "cut", "another", "JSON", "no number"])
def test_a_document_that_names_no_parts(exchange, provider, upload, document):
    upload.send(1, b"small")
    name = {name: urllib.parse.quote(value) for name, value in upload.name.items()}
    path = "/{Bucket}/{Key}?uploadId={UploadId}".format(**name)
    answer = signed(exchange, provider, "POST", path, document)
    assert (answer.status, answer.code) == (400, "MalformedXML"), answer


def test_an_upload_that_is_not_there(s3, bucket):
    name = {"Bucket": bucket, "Key": "none", "UploadId": "none"}
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag(b"")}]}
    missing = (404, "NoSuchUpload")
    assert refused(s3.upload_part, **name, PartNumber=1, Body=b"") == missing
    assert refused(s3.list_parts, **name) == missing
    assert refused(s3.complete_multipart_upload, **name, MultipartUpload=parts) == missing
    assert refused(s3.abort_multipart_upload, **name) == missing


@pytest.mark.parametrize("number", [0, 10_001])
def test_a_part_number_is_one_of_ten_thousand(upload, number):
    assert refused(
        upload.s3.upload_part, **upload.name, PartNumber=number, Body=b""
    ) == (400, "InvalidArgument")


def test_an_upload_belongs_to_its_bucket_and_key(upload, subscriber):
    elsewhere = upload.name | {"Key": "elsewhere"}
    assert refused(
        upload.s3.upload_part, **elsewhere, PartNumber=1, Body=b"") == (404, "NoSuchUpload")
    other = subscriber.client("s3", config=ONCE)
    assert refused(other.upload_part, **upload.name, PartNumber=1, Body=b"") == (
        403, "AccessDenied")
    assert refused(other.list_parts, **upload.name) == (403, "AccessDenied")
    assert refused(other.abort_multipart_upload, **upload.name) == (403, "AccessDenied")
    assert upload.is_listed


def test_a_damaged_part_is_refused(upload):
    other = base64_of(hashlib.sha256(b"other").digest())
    for damage in [{"ChecksumSHA256": other}, {"ChecksumCRC32": "AAAAAA=="}]:
        with pytest.raises(upload.s3.exceptions.ClientError, match="BadDigest"):
            upload.send(1, b"these", **damage)
    assert upload.s3.list_parts(**upload.name).get("Parts", []) == []
