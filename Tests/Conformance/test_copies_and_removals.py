"""Objects are copied within the exchange, and removed in one go."""

import os

import pytest

from s3 import ONCE, keys_in, read, refused, set_versioning, signed

LINKED = "a-linked-bucket"
# Names that an address or XML would not bear.
ODD = ["a b+c", "ü/日本", "100%25", "<&>\"'", "tab\tnew\nline", "slashes//", "dot/./s"]


@pytest.fixture(scope="module")
def linked(exchange, provider):
    """The content of `gold/a b+c` in a linked bucket."""
    content = os.urandom(100_000)
    directory = exchange.home / "linked"
    (directory / "gold").mkdir(parents=True)
    (directory / "gold/a b+c").write_bytes(content)
    result = provider.bourse("lake", "link", LINKED, directory)
    assert result.status == 0, result
    return content


# Copies


@pytest.mark.parametrize("key", ODD)
def test_a_copy_has_the_bytes_and_the_headers_of_the_first(s3, bucket, key):
    put = s3.put_object(
        Bucket=bucket, Key=key, Body=b"first", ContentType="text/x-nav", Metadata={"who": "me"})
    copied = s3.copy_object(
        Bucket=bucket, Key="copy/" + key, CopySource={"Bucket": bucket, "Key": key})
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    got = s3.get_object(Bucket=bucket, Key="copy/" + key)
    assert got["Body"].read() == b"first" and got["ETag"] == put["ETag"]
    assert (got["ContentType"], got["Metadata"]) == ("text/x-nav", {"who": "me"})


def test_a_copy_may_have_headers_of_its_own(s3, bucket):
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x", Metadata={"who": "me"})
    s3.copy_object(
        Bucket=bucket, Key="replaced", CopySource=f"{bucket}/plain", MetadataDirective="REPLACE",
        Metadata={"when": "now"}, ContentType="text/x-nav")
    got = s3.get_object(Bucket=bucket, Key="replaced")
    assert (got["ContentType"], got["Metadata"]) == ("text/x-nav", {"when": "now"})
    assert got["Body"].read() == b"x"


def test_an_object_is_copied_onto_itself_only_to_change_its_headers(s3, bucket):
    s3.put_object(Bucket=bucket, Key="itself", Body=b"x")
    itself = {"Bucket": bucket, "Key": "itself", "CopySource": f"{bucket}/itself"}
    assert refused(s3.copy_object, **itself) == (400, "InvalidRequest")
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"who": "me"})
    got = s3.get_object(Bucket=bucket, Key="itself")
    assert (got["Body"].read(), got["Metadata"]) == (b"x", {"who": "me"})


def test_a_file_of_a_linked_bucket_is_copied(s3, bucket, linked):
    s3.copy_object(
        Bucket=bucket, Key="from linked", CopySource={"Bucket": LINKED, "Key": "gold/a b+c"})
    assert read(s3, bucket, "from linked") == linked


def test_an_earlier_version_is_copied(s3, own_bucket):
    set_versioning(s3, own_bucket)
    first = s3.put_object(Bucket=own_bucket, Key="twice", Body=b"first")["VersionId"]
    s3.put_object(Bucket=own_bucket, Key="twice", Body=b"second")
    copied = s3.copy_object(
        Bucket=own_bucket, Key="again", CopySource=f"{own_bucket}/twice?versionId={first}")
    assert copied["CopySourceVersionId"] == first
    assert read(s3, own_bucket, "again") == b"first"


def test_a_copy_under_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="conditions", Body=b"x")["ETag"]
    copy = {"Bucket": bucket, "Key": "under", "CopySource": f"{bucket}/conditions"}
    for condition in [{"CopySourceIfMatch": '"other"'}, {"CopySourceIfNoneMatch": etag}]:
        assert refused(s3.copy_object, **copy, **condition) == (412, "PreconditionFailed")
    assert refused(s3.head_object, Bucket=bucket, Key="under") == (404, "404")
    s3.copy_object(**copy, CopySourceIfMatch=etag)
    assert read(s3, bucket, "under") == b"x"


def test_what_cannot_be_copied(s3, subscriber, bucket, linked):
    copy = {"Bucket": bucket, "Key": "never"}
    assert refused(s3.copy_object, **copy, CopySource=f"{bucket}/none") == (404, "NoSuchKey")
    assert refused(s3.copy_object, **copy, CopySource="nobodys/none") == (404, "NoSuchBucket")
    into = {"Bucket": LINKED, "Key": "new", "CopySource": f"{LINKED}/gold/a b+c"}
    assert refused(s3.copy_object, **into) == (403, "AccessDenied")
    other = subscriber.client("s3", config=ONCE)
    other.create_bucket(Bucket="of-the-subscriber")
    theft = {"Bucket": "of-the-subscriber", "Key": "stolen"}
    for source in [f"{LINKED}/gold/a b+c", f"{bucket}/none"]:
        assert refused(other.copy_object, **theft, CopySource=source) == (403, "AccessDenied")
    assert keys_in(other, "of-the-subscriber") == []


# Removals


def test_many_objects_are_removed_in_one_go(s3, own_bucket):
    for key in [*ODD, "kept"]:
        s3.put_object(Bucket=own_bucket, Key=key, Body=b"x")
    named = [{"Key": key} for key in [*ODD, "was never there"]]
    answer = s3.delete_objects(Bucket=own_bucket, Delete={"Objects": named})
    assert sorted(found["Key"] for found in answer["Deleted"]) == sorted([*ODD, "was never there"])
    assert "Errors" not in answer
    assert keys_in(s3, own_bucket) == ["kept"]


def test_a_quiet_removal_says_only_what_went_wrong(s3, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="quiet", Body=b"x")
    answer = s3.delete_objects(
        Bucket=own_bucket, Delete={"Objects": [{"Key": "quiet"}], "Quiet": True})
    assert "Deleted" not in answer and "Errors" not in answer
    assert keys_in(s3, own_bucket) == []


def test_a_thousand_objects_are_removed_and_no_more(s3, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="0", Body=b"x")
    named = [{"Key": str(number)} for number in range(1001)]
    assert refused(
        s3.delete_objects, Bucket=own_bucket, Delete={"Objects": named}) == (400, "MalformedXML")
    assert keys_in(s3, own_bucket) == ["0"]
    answer = s3.delete_objects(Bucket=own_bucket, Delete={"Objects": named[:1000]})
    assert len(answer["Deleted"]) == 1000
    assert keys_in(s3, own_bucket) == []


@pytest.mark.parametrize("document", [
    b"", b"<Delete><Object>", b"<Delete></Delete>", b"<Delete><Object></Object></Delete>",
    b"<Remove><Object><Key>kept</Key></Object></Remove>"],
    ids=["none", "cut", "no objects", "no key", "another"])
def test_a_document_that_names_no_objects(exchange, provider, s3, bucket, document):
    s3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    answer = signed(exchange, provider, "POST", f"/{bucket}?delete", document)
    assert (answer.status, answer.code) in [
        (400, "MalformedXML"), (400, "MissingRequestBodyError")], answer
    assert read(s3, bucket, "kept") == b"x"
