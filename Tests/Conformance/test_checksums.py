"""What a client says of the bytes that it sends is compared with them, kept, and said again."""

import base64
import hashlib
import zlib

import pytest

from s3 import crc32c, crc64nvme, read, refused

CONTENT = b"every byte of it" * 1000
FUNCTIONS = {
    "CRC32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "CRC32C": crc32c,
    "CRC64NVME": crc64nvme,
    "SHA1": lambda content: hashlib.sha1(content).digest(),
    "SHA256": lambda content: hashlib.sha256(content).digest(),
}
# Those that botocore reckons by itself.
ASKED_FOR = ["CRC32", "SHA1", "SHA256"]


def checksum(algorithm, content):
    return base64.b64encode(FUNCTIONS[algorithm](content)).decode()


@pytest.mark.parametrize("algorithm", FUNCTIONS)
def test_a_checksum_is_kept_and_said_again_when_asked_for(s3, bucket, algorithm):
    name, value = "Checksum" + algorithm, checksum(algorithm, CONTENT)
    put = s3.put_object(Bucket=bucket, Key=algorithm, Body=CONTENT, **{name: value})
    assert put[name] == value
    for call in s3.head_object, s3.get_object:
        answer = call(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")
        assert (answer[name], answer["ChecksumType"]) == (value, "FULL_OBJECT")
    assert answer["Body"].read() == CONTENT


@pytest.mark.parametrize("algorithm", ASKED_FOR)
def test_a_checksum_that_the_client_reckons(s3, bucket, algorithm):
    put = s3.put_object(Bucket=bucket, Key="reckoned", Body=CONTENT, ChecksumAlgorithm=algorithm)
    assert put["Checksum" + algorithm] == checksum(algorithm, CONTENT)


@pytest.mark.parametrize("algorithm", FUNCTIONS)
def test_bytes_of_another_checksum_are_refused(s3, bucket, algorithm):
    s3.put_object(Bucket=bucket, Key="damaged", Body=b"before")
    other = {"Checksum" + algorithm: checksum(algorithm, CONTENT[1:])}
    assert refused(
        s3.put_object, Bucket=bucket, Key="damaged", Body=CONTENT, **other) == (400, "BadDigest")
    assert read(s3, bucket, "damaged") == b"before"


@pytest.mark.parametrize("algorithm", FUNCTIONS)
def test_what_is_no_checksum_is_refused(s3, bucket, algorithm):
    for value in ["AA==", "not base64"]:
        wrong = {"Checksum" + algorithm: value}
        assert refused(
            s3.put_object, Bucket=bucket, Key="none", Body=CONTENT, **wrong
        ) == (400, "InvalidRequest")


def test_a_part_of_the_object_has_no_checksum_of_the_whole(s3, bucket):
    s3.put_object(Bucket=bucket, Key="part", Body=CONTENT, ChecksumAlgorithm="SHA256")
    got = s3.get_object(Bucket=bucket, Key="part", Range="bytes=1-9", ChecksumMode="ENABLED")
    assert got["Body"].read() == CONTENT[1:10]
    assert not [name for name in got if name.startswith("Checksum")]


def test_a_copy_keeps_the_checksum(s3, bucket):
    s3.put_object(Bucket=bucket, Key="first", Body=CONTENT, ChecksumAlgorithm="SHA256")
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/first")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == checksum("SHA256", CONTENT)
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == checksum("SHA256", CONTENT)


@pytest.mark.parametrize("value,code", [
    (base64.b64encode(hashlib.md5(b"other").digest()).decode(), "BadDigest"),
    ("AA==", "InvalidDigest")], ids=["another", "none at all"])
def test_an_md5_is_compared_too(s3, bucket, value, code):
    assert refused(
        s3.put_object, Bucket=bucket, Key="md5", Body=CONTENT, ContentMD5=value) == (400, code)
    assert refused(s3.head_object, Bucket=bucket, Key="md5") == (404, "404")


# A put under conditions


def test_a_put_only_over_what_is_known(s3, bucket):
    put = {"Bucket": bucket, "Key": "known"}
    assert refused(s3.put_object, **put, Body=b"x", IfMatch='"none"') == (404, "NoSuchKey")
    first = s3.put_object(**put, Body=b"first")["ETag"]
    second = s3.put_object(**put, Body=b"second", IfMatch=first)["ETag"]
    assert refused(
        s3.put_object, **put, Body=b"third", IfMatch=first) == (412, "PreconditionFailed")
    assert read(s3, bucket, "known", IfMatch=second) == b"second"


def test_a_put_only_where_nothing_is_any_more(s3, bucket):
    put = {"Bucket": bucket, "Key": "gone"}
    s3.put_object(**put, Body=b"first")
    assert refused(
        s3.put_object, **put, Body=b"second", IfNoneMatch="*") == (412, "PreconditionFailed")
    s3.delete_object(**put)
    s3.put_object(**put, Body=b"third", IfNoneMatch="*")
    assert read(s3, bucket, "gone") == b"third"
