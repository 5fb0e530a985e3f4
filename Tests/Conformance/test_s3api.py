"""`aws s3api`, as it comes: one call after the other, through the lives of objects and an upload."""

import hashlib
import json

import pytest

from s3 import MIB

BUCKET = "of-the-cli"


@pytest.fixture(scope="module")
def s3api(provider):
    """A call, and its document if it gives one."""
    def call(operation, *arguments):
        result = provider.aws("s3api", operation, "--bucket", BUCKET, *arguments)
        assert result.status == 0, result
        return result.json if result.out.strip() else None

    call("create-bucket")
    return call


def test_an_object_is_put_looked_at_copied_listed_and_removed(s3api, tmp_path):
    (tmp_path / "up").write_bytes(b"content")
    etag = f'"{hashlib.md5(b"content").hexdigest()}"'
    put = s3api("put-object", "--key", "a b+c", "--body", tmp_path / "up")
    assert put["ETag"] == etag
    head = s3api("head-object", "--key", "a b+c")
    assert (head["ETag"], head["ContentLength"]) == (etag, 7)
    got = s3api("get-object", "--key", "a b+c", "--range", "bytes=-262144", tmp_path / "down")
    assert got["ContentRange"] == "bytes 0-6/7"
    assert (tmp_path / "down").read_bytes() == b"content"
    copied = s3api("copy-object", "--key", "copy", "--copy-source", f"{BUCKET}/a b+c")
    assert copied["CopyObjectResult"]["ETag"] == etag
    for operation in "list-objects", "list-objects-v2":
        assert [found["Key"] for found in s3api(operation)["Contents"]] == ["a b+c", "copy"]
    listed = s3api("list-object-versions")["Versions"]
    assert [(one["Key"], one["IsLatest"]) for one in listed] == [("a b+c", True), ("copy", True)]
    named = {"Objects": [{"Key": "a b+c"}, {"Key": "copy"}]}
    removed = s3api("delete-objects", "--delete", json.dumps(named))
    assert sorted(found["Key"] for found in removed["Deleted"]) == ["a b+c", "copy"]
    assert "Contents" not in (s3api("list-objects-v2") or {})


def test_an_upload_is_begun_fed_listed_and_completed(s3api, tmp_path):
    content = bytes(range(256)) * (5 * MIB // 256)
    (tmp_path / "first").write_bytes(content)
    (tmp_path / "source").write_bytes(b"0123456789")
    s3api("put-object", "--key", "source", "--body", tmp_path / "source")
    name = ["--key", "whole", "--upload-id"]
    name.append(s3api("create-multipart-upload", "--key", "whole")["UploadId"])
    assert [one["UploadId"] for one in s3api("list-multipart-uploads")["Uploads"]] == name[-1:]
    first = s3api("upload-part", *name, "--part-number", "1", "--body", tmp_path / "first")
    second = s3api(
        "upload-part-copy", *name, "--part-number", "2", "--copy-source", f"{BUCKET}/source",
        "--copy-source-range", "bytes=2-4")["CopyPartResult"]
    parts = s3api("list-parts", *name)["Parts"]
    assert [(part["PartNumber"], part["ETag"], part["Size"]) for part in parts] == [
        (1, first["ETag"], len(content)), (2, second["ETag"], 3)]
    named = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
    whole = s3api(
        "complete-multipart-upload", *name, "--multipart-upload", json.dumps({"Parts": named}))
    assert whole["ETag"].endswith('-2"')
    s3api("get-object", "--key", "whole", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == content + b"234"


def test_an_upload_is_begun_and_aborted(s3api, provider):
    name = ["--key", "never", "--upload-id"]
    name.append(s3api("create-multipart-upload", "--key", "never")["UploadId"])
    s3api("abort-multipart-upload", *name)
    result = provider.aws("s3api", "list-parts", "--bucket", BUCKET, *name)
    assert result.status != 0 and "(NoSuchUpload)" in result.err, result
