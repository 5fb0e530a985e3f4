"""Bodies in aws-chunked frames: taken as they were meant, and nothing is kept of a changed one."""

import base64
import datetime
import hashlib
import os
import zlib

import pytest

from chunked import SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER, ChunkedPut, Signer
from s3 import crc64nvme, make_bucket, read

FORMS = [SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER]
PIECE = 64 * 1024
# The last frame is a smaller one.
PIECES = [os.urandom(PIECE), os.urandom(PIECE), os.urandom(1000)]
CONTENT = b"".join(PIECES)


def crc32_of(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def put(machine, form, path, pieces=PIECES, **options):
    if form != SIGNED:
        options.setdefault("trailer", {"x-amz-checksum-crc32": crc32_of(b"".join(pieces))})
    return ChunkedPut(machine, form, path, pieces, **options)


def test_frames_are_signed_as_in_awss_example():
    """Of "Signature Calculations for the Authorization Header: Transferring Payload in Chunks"."""
    keys = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None
    signer = Signer(keys, at=datetime.datetime(2013, 5, 24))
    authorization = signer.request("PUT", "/examplebucket/chunkObject.txt", "", {
        "Content-Encoding": "aws-chunked", "Content-Length": "66824", "Host": "s3.amazonaws.com",
        "x-amz-content-sha256": SIGNED, "x-amz-date": "20130524T000000Z",
        "x-amz-decoded-content-length": "66560", "x-amz-storage-class": "REDUCED_REDUNDANCY"})
    assert authorization.endswith(
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
    assert [signer.frame(b"a" * count) for count in (65_536, 1024, 0)] == [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"]


@pytest.mark.parametrize("in_http_chunks", [False, True], ids=["with a length", "in HTTP's chunks"])
@pytest.mark.parametrize("form", FORMS)
def test_frames_become_the_object(caller, form, in_http_chunks):
    s3, bucket = caller.client("s3"), f"chunked-{caller.account}"
    make_bucket(s3, bucket)
    answer = put(caller, form, f"/{bucket}/whole").send(in_http_chunks)
    assert answer.status == 200, answer
    assert answer.headers["ETag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert read(s3, bucket, "whole") == CONTENT
    head = s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(CONTENT) and "ContentEncoding" not in head
    if form != SIGNED:
        assert head["ChecksumCRC32"] == crc32_of(CONTENT)


@pytest.mark.parametrize("pieces", [
    [], [b"x"], [b"x"] * 100, [b"\r\n0\r\n\r\n"], [bytes(3_000_000)]],
    ids=["none", "a byte", "a hundred", "like a frame", "a large one"])
@pytest.mark.parametrize("form", FORMS)
def test_frames_of_any_size(provider, s3, bucket, form, pieces):
    answer = put(provider, form, f"/{bucket}/sizes", pieces).send()
    assert answer.status == 200, answer
    assert read(s3, bucket, "sizes") == b"".join(pieces)


@pytest.mark.parametrize("form", FORMS)
def test_what_else_the_body_is_encoded_with_is_kept(provider, s3, bucket, form):
    answer = put(provider, form, f"/{bucket}/gzip", encoding="aws-chunked,gzip").send()
    assert answer.status == 200, answer
    assert s3.head_object(Bucket=bucket, Key="gzip")["ContentEncoding"] == "gzip"


@pytest.mark.parametrize("form", [SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER])
def test_a_checksum_behind_the_body_is_kept(provider, s3, bucket, form):
    value = base64.b64encode(crc64nvme(CONTENT)).decode()
    answer = put(
        provider, form, f"/{bucket}/crc64", trailer={"x-amz-checksum-crc64nvme": value}).send()
    assert answer.status == 200, answer
    head = s3.head_object(Bucket=bucket, Key="crc64", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == (value, "FULL_OBJECT")


@pytest.mark.parametrize("form", FORMS)
def test_a_part_goes_in_frames_too(provider, s3, bucket, form):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    answer = put(
        provider, form, f"/{bucket}/parts", query=f"partNumber=1&uploadId={upload}").send()
    assert answer.status == 200, answer
    part = {"PartNumber": 1, "ETag": answer.headers["ETag"]}
    s3.complete_multipart_upload(
        Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [part]})
    assert read(s3, bucket, "parts") == CONTENT


# What was changed on the way


def flipped(content):
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


def a_byte_of_a_frame(put):
    put.frames[1].content = flipped(put.frames[1].content)


def the_signature_of_a_frame(put):
    put.frames[1].signature = put.frames[0].signature


def no_signature_of_a_frame(put):
    put.frames[1].signature = None


def the_order_of_two_frames(put):
    put.frames[0], put.frames[1] = put.frames[1], put.frames[0]


def a_frame_left_out(put):
    del put.frames[1]


def a_frame_twice(put):
    put.frames.insert(1, put.frames[1])


def a_smaller_size_of_a_frame(put):
    put.frames[1].size -= 1


def a_larger_size_of_a_frame(put):
    put.frames[1].size += 1


def no_last_frame(put):
    del put.frames[-1]


def the_signature_of_the_last_frame(put):
    put.frames[-1].signature = put.frames[0].signature


def the_checksum(put):
    put.trailer[0] = f"x-amz-checksum-crc32:{crc32_of(CONTENT[1:])}"


def no_checksum(put):
    del put.trailer[0]


def another_checksum(put):
    sha1 = base64.b64encode(hashlib.sha1(CONTENT).digest()).decode()
    put.trailer[0] = f"x-amz-checksum-sha1:{sha1}"


def the_signature_of_the_trailer(put):
    put.trailer[-1] = f"x-amz-trailer-signature:{put.frames[0].signature}"


def no_signature_of_the_trailer(put):
    del put.trailer[-1]


SIGNATURE = {"SignatureDoesNotMatch"}
LENGTH = {"IncompleteBody"}
# What is no frame at all has no code of its own at AWS.
FORM = {"IncompleteBody", "InvalidRequest", "InvalidChunkSizeError"} | SIGNATURE
TRAILER = {"MalformedTrailerError", "InvalidRequest", "BadDigest"}
CHANGES = [
    (a_byte_of_a_frame, SIGNATURE, {"BadDigest"}),
    (the_order_of_two_frames, SIGNATURE, {"BadDigest"}),
    (a_frame_left_out, SIGNATURE | LENGTH, LENGTH),
    (a_frame_twice, SIGNATURE | LENGTH, LENGTH | {"BadDigest"}),
    (a_smaller_size_of_a_frame, FORM, FORM),
    (a_larger_size_of_a_frame, FORM, FORM),
    (no_last_frame, FORM | TRAILER, FORM | TRAILER),
    (the_signature_of_a_frame, SIGNATURE, None),
    (no_signature_of_a_frame, FORM, None),
    (the_signature_of_the_last_frame, SIGNATURE, None),
]
TRAILER_CHANGES = [
    (the_checksum, SIGNATURE, {"BadDigest"}),
    (no_checksum, SIGNATURE | TRAILER, TRAILER),
    (another_checksum, SIGNATURE | TRAILER, TRAILER),
    (the_signature_of_the_trailer, SIGNATURE, None),
    (no_signature_of_the_trailer, SIGNATURE | TRAILER, None),
]


def cases():
    for form in FORMS:
        for change, signed, unsigned in CHANGES if form == SIGNED else CHANGES + TRAILER_CHANGES:
            if codes := unsigned if form == UNSIGNED_WITH_TRAILER else signed:
                name = change.__name__.replace("_", " ")
                yield pytest.param(form, change, codes, id=f"{form}: {name}")


@pytest.mark.parametrize("form,change,codes", cases())
def test_a_changed_body_is_refused_and_not_kept(
        exchange, provider, s3, bucket, form, change, codes):
    s3.put_object(Bucket=bucket, Key="changed", Body=b"before")
    files = stored(exchange)
    request = put(provider, form, f"/{bucket}/changed")
    change(request)
    answer = request.send()
    assert answer.code in codes, answer
    assert answer.status == (403 if answer.code == "SignatureDoesNotMatch" else 400), answer
    assert read(s3, bucket, "changed") == b"before"
    assert not stored(exchange) - files


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [len(CONTENT) - 1, len(CONTENT) + 1, 0])
def test_another_length_than_declared_is_refused(exchange, provider, s3, bucket, form, length):
    s3.put_object(Bucket=bucket, Key="length", Body=b"before")
    files = stored(exchange)
    answer = put(provider, form, f"/{bucket}/length", decoded_length=length).send()
    assert (answer.status, answer.code) == (400, "IncompleteBody"), answer
    assert read(s3, bucket, "length") == b"before"
    assert not stored(exchange) - files


@pytest.mark.parametrize("form", FORMS)
def test_no_declared_length_is_refused(provider, s3, bucket, form):
    request = put(provider, form, f"/{bucket}/no-length", decoded_length="")
    answer = request.send()
    assert answer.status in (400, 411), answer
    assert "no-length" not in [
        found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def stored(exchange):
    """What was replaced goes a little later, so there may be fewer after a while, and never more."""
    return {path for path in (exchange.data / "lake").rglob("*") if path.is_file()}
