"""The lake by S3: linked buckets are read in place and never written, managed ones are one's own."""

import base64
import hashlib
import os

import botocore.exceptions
import pytest
import urllib3
from botocore.config import Config

from exchange import BOURSE, machine, run
from lake import BUCKET, Lake

# The subscriber's bucket.
OWN = "athena-results-222222222222"
NAV = "gold/nav/daily/as_of=2024-01-08/nav_history.parquet"
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def lake(exchange, tmp_path_factory):
    """The sample lake, linked by the provider."""
    lake = Lake(tmp_path_factory.mktemp("lake")).sample("--funds", "5", "--days", "12")
    result = exchange.provider.bourse("lake", "link", BUCKET, lake.directory)
    assert result.status == 0 and f"{len(lake.keys)} objects" in result.out, result
    return lake


@pytest.fixture(scope="module")
def own(subscriber):
    """The subscriber's S3, with a managed bucket of its own."""
    s3 = subscriber.client("s3")
    s3.create_bucket(Bucket=OWN)
    return s3


def refused(call, **parameters):
    """Status and code of a request that must be refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def body(s3, key, **parameters):
    return s3.get_object(Bucket=BUCKET, Key=key, **parameters)["Body"].read()


# The sample


def test_the_sample_is_the_same_each_time(tmp_path, lake):
    again = Lake(tmp_path / "again").sample("--funds", "5", "--days", "12")
    assert again.keys == lake.keys
    for key in lake.keys:
        assert again.path(key).read_bytes() == lake.path(key).read_bytes(), key


def test_another_seed_makes_other_values(tmp_path, lake):
    other = Lake(tmp_path / "other").sample("--funds", "5", "--days", "12", "--seed", "7")
    assert other.keys == lake.keys
    assert other.path(NAV).read_bytes() != lake.path(NAV).read_bytes()


def test_the_sample_says_what_it_made(tmp_path, lake):
    result = run(
        [BOURSE, "sample", "--out", tmp_path / "lake", "--funds", "5", "--days", "12",
         "--from", "2024-01-08", "--json"],
        machine(tmp_path))
    tables = {table["table"]: table for table in result.json["tables"]}
    assert tables["nav_history"]["files"] == 12 and tables["nav_history"]["rows"] == 60
    assert tables["nav_history"]["prefix"] == "gold/nav/daily/"
    sizes = [path.stat().st_size for path in lake.path("gold/nav/daily").rglob("*.parquet")]
    assert tables["nav_history"]["bytes"] == sum(sizes)


@pytest.mark.parametrize("options", [
    ["--funds", "0"], ["--days", "0"], ["--days", "x"], ["--from", "2024-01-09"],
    ["--from", "1969-12-30"], ["--from", "x"]])
def test_a_sample_that_cannot_be(tmp_path, options):
    result = run([BOURSE, "sample", "--out", tmp_path / "lake", *options], machine(tmp_path))
    assert result.status != 0 and options[0] in result.err, result
    assert not (tmp_path / "lake").exists()


# Links


def test_a_link_says_what_to_do_next(provider, lake):
    """And is made again without harm."""
    result = provider.bourse("lake", "link", BUCKET, lake.directory)
    assert result.status == 0 and f"aws s3 ls s3://{BUCKET}/" in result.out, result
    again = provider.bourse("lake", "link", BUCKET, lake.directory, "--json")
    assert again.json == {
        "bucket": BUCKET, "path": os.path.realpath(lake.directory), "objects": len(lake.keys),
        "hasMoreObjects": False}


def test_what_cannot_be_linked(provider, lake, exchange, tmp_path):
    (tmp_path / "file").write_text("x")
    for bucket, path in [
        ("another-lake", tmp_path / "nothing"), ("another-lake", tmp_path / "file"),
        ("another-lake", exchange.data), ("another-lake", exchange.data / "lake"),
        ("another-lake", exchange.home), ("Another_Lake", lake.directory), (BUCKET, tmp_path),
    ]:
        result = provider.bourse("lake", "link", bucket, path)
        assert result.status != 0 and len(result.err.splitlines()) == 1, (bucket, path, result)
    assert [bucket["Name"] for bucket in provider.client("s3").list_buckets()["Buckets"]] == [BUCKET]


def test_a_subscriber_links_nothing(subscriber, tmp_path):
    result = subscriber.bourse(
        "lake", "link", "a-subscribers-lake", tmp_path, "--endpoint", subscriber.endpoint)
    assert result.status != 0, result


# Reading


def test_the_provider_lists_with_the_cli(provider, lake):
    top = provider.aws("s3", "ls", f"s3://{BUCKET}/gold/")
    folders = {line.split("PRE ")[1] for line in top.out.splitlines()}
    assert folders == {key.split("/")[1] + "/" for key in lake.keys}
    every = provider.aws("s3", "ls", f"s3://{BUCKET}/", "--recursive")
    listed = [line.split(maxsplit=3)[2:] for line in every.out.splitlines()]
    assert listed == [[str(lake.path(key).stat().st_size), key] for key in lake.keys]


def test_the_provider_copies_with_the_cli(provider, lake, tmp_path):
    one = provider.aws("s3", "cp", f"s3://{BUCKET}/{NAV}", tmp_path / "one.parquet")
    assert one.status == 0, one
    assert (tmp_path / "one.parquet").read_bytes() == lake.path(NAV).read_bytes()
    many = provider.aws("s3", "cp", f"s3://{BUCKET}/gold/nav/", tmp_path / "nav", "--recursive")
    assert many.status == 0, many
    copied = Lake(tmp_path / "nav").keys
    assert ["gold/nav/" + key for key in copied] == [
        key for key in lake.keys if key.startswith("gold/nav/")]


def test_a_list_in_pages(s3, lake):
    found = []
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, PaginationConfig={"PageSize": 7})
    for page in pages:
        assert page["KeyCount"] == len(page["Contents"]) <= 7
        found += [item["Key"] for item in page["Contents"]]
    assert found == lake.keys


def test_a_list_of_folders(s3, lake):
    prefix = "gold/nav/daily/"
    below = [key for key in lake.keys if key.startswith(prefix)]
    folders = sorted({key[:key.index("/", len(prefix)) + 1] for key in below})
    found = []
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": 5})
    for page in pages:
        assert "Contents" not in page
        found += [item["Prefix"] for item in page["CommonPrefixes"]]
    assert found == folders and len(folders) == 12


@pytest.mark.parametrize("asked,expected", [
    ({"Prefix": NAV}, [NAV]),
    ({"Prefix": "gold/nav/daily/as_of=2024-01-08"}, [NAV]),
    ({"Prefix": "no such"}, []),
    ({"MaxKeys": 0}, []),
    ({"Prefix": "gold/nav/", "StartAfter": NAV, "MaxKeys": 1},
     ["gold/nav/daily/as_of=2024-01-09/nav_history.parquet"]),
])
def test_a_list_of(s3, lake, asked, expected):
    page = s3.list_objects_v2(Bucket=BUCKET, **asked)
    assert [item["Key"] for item in page.get("Contents", [])] == expected


def test_names_of_all_kinds(s3, lake):
    odd = ["odd/ü & <x>.txt", "odd/a+b c%20d.txt", "odd/日本.txt", "odd/a", "odd/a.b", "odd/a-c"]
    for key in odd:
        lake.put(key, key.encode())
    try:
        page = s3.list_objects_v2(Bucket=BUCKET, Prefix="odd/")
        assert [item["Key"] for item in page["Contents"]] == sorted(odd, key=str.encode)
        for key in odd:
            assert body(s3, key) == key.encode()
    finally:
        for key in odd:
            lake.path(key).unlink()


def test_an_objects_head(s3, lake):
    head = s3.head_object(Bucket=BUCKET, Key=NAV)
    status = lake.path(NAV).stat()
    assert head["ContentLength"] == status.st_size
    assert int(head["LastModified"].timestamp()) == int(status.st_mtime)
    listed, = s3.list_objects_v2(Bucket=BUCKET, Prefix=NAV)["Contents"]
    assert head["ETag"] == listed["ETag"]
    # Of its identity, never of its bytes.
    assert head["ETag"].endswith('-1"')
    assert refused(s3.head_object, Bucket=BUCKET, Key="no such") == (404, "404")
    assert refused(s3.get_object, Bucket=BUCKET, Key="no such") == (404, "NoSuchKey")


@pytest.mark.parametrize("asked,part", [
    ("bytes=0-3", slice(0, 4)), ("bytes=4-4", slice(4, 5)), ("bytes=100-", slice(100, None)),
    ("bytes=-4", slice(-4, None)), ("bytes=-99999999", slice(None)),
    ("bytes=0-99999999", slice(None)),
])
def test_a_range(s3, lake, asked, part):
    content = lake.path(NAV).read_bytes()
    answer = s3.get_object(Bucket=BUCKET, Key=NAV, Range=asked)
    first, last, _ = part.indices(len(content))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["ContentRange"] == f"bytes {first}-{last - 1}/{len(content)}"
    assert answer["Body"].read() == content[part]
    assert content[:4] == content[-4:] == b"PAR1"


def test_a_range_outside(s3, lake):
    assert refused(
        s3.get_object, Bucket=BUCKET, Key=NAV, Range="bytes=99999999-") == (416, "InvalidRange")


def test_conditions(s3, lake):
    etag = s3.head_object(Bucket=BUCKET, Key=NAV)["ETag"]
    assert body(s3, NAV, IfMatch=etag) == lake.path(NAV).read_bytes()
    nav = {"Bucket": BUCKET, "Key": NAV}
    assert refused(s3.get_object, **nav, IfMatch='"other"') == (412, "PreconditionFailed")
    assert refused(s3.get_object, **nav, IfNoneMatch=etag) == (304, "304")


def test_what_leads_out_of_the_directory(s3, lake, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (lake.directory / "out").symlink_to(tmp_path)
    (lake.directory / "file").symlink_to(tmp_path / "secret")
    try:
        for key in ["out/secret", "file", "../secret", "gold/../../secret", "/etc/passwd"]:
            status, _ = refused(s3.get_object, Bucket=BUCKET, Key=key)
            assert status in (400, 404), key
        assert [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [
            key for key in lake.keys if key != "file"]
    finally:
        (lake.directory / "out").unlink()
        (lake.directory / "file").unlink()


# Files that change


@pytest.fixture
def large(lake):
    """64 MiB: more than the buffers on the way hold."""
    key = "bronze/large.bin"
    lake.put(key, b"old." * (16 * MEBIBYTE))
    yield key
    lake.path(key).unlink()


def test_a_file_rewritten_while_it_is_read_is_cut_off(s3, lake, large):
    answer = s3.get_object(Bucket=BUCKET, Key=large)
    begin = answer["Body"].read(MEBIBYTE)
    with lake.path(large).open("r+b") as file:
        file.write(b"new." * (16 * MEBIBYTE))
    with pytest.raises((botocore.exceptions.BotoCoreError, urllib3.exceptions.HTTPError)):
        rest = answer["Body"].read()
        assert len(begin) + len(rest) < answer["ContentLength"]
        raise botocore.exceptions.IncompleteReadError(
            actual_bytes=len(rest), expected_bytes=answer["ContentLength"])


def test_a_file_replaced_while_it_is_read_is_no_mixture(s3, lake, large):
    answer = s3.get_object(Bucket=BUCKET, Key=large)
    content = answer["Body"].read(MEBIBYTE)
    lake.put(large, b"new." * (16 * MEBIBYTE))
    try:
        content += answer["Body"].read()
    except (botocore.exceptions.BotoCoreError, urllib3.exceptions.HTTPError):
        pass
    assert b"new." not in content
    assert body(s3, large, Range="bytes=0-3") == b"new."


def test_ranges_of_a_file_that_was_rewritten_do_not_match_any_more(s3, lake, large):
    """What the CLI does for a large object: ranges that must belong to one state of it."""
    etag = s3.head_object(Bucket=BUCKET, Key=large)["ETag"]
    assert body(s3, large, Range="bytes=0-3", IfMatch=etag) == b"old."
    with lake.path(large).open("r+b") as file:
        file.write(b"new.")
    assert refused(
        s3.get_object, Bucket=BUCKET, Key=large, Range="bytes=4-7", IfMatch=etag
    ) == (412, "PreconditionFailed")


def test_the_cli_copies_a_large_file_whole(provider, lake, large, tmp_path):
    result = provider.aws("s3", "cp", f"s3://{BUCKET}/{large}", tmp_path / "large", "--no-progress")
    assert result.status == 0, result
    assert digest(tmp_path / "large") == digest(lake.path(large))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# Nobody writes to a linked bucket


@pytest.mark.parametrize("operation,parameters", [
    ("put_object", {"Key": "gold/new.parquet", "Body": b"x"}),
    ("put_object", {"Key": NAV, "Body": b"x"}),
    ("delete_object", {"Key": NAV}),
    ("delete_object", {"Key": "no such"}),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
])
def test_a_write_is_refused(provider, subscriber, lake, operation, parameters):
    before = {key: digest(lake.path(key)) for key in lake.keys}
    for machine_ in provider, subscriber:
        call = getattr(machine_.client("s3"), operation)
        assert refused(call, Bucket=BUCKET, **parameters) == (403, "AccessDenied")
    assert {key: digest(lake.path(key)) for key in lake.keys} == before


def test_the_cli_is_refused_a_write_and_a_removal(provider, lake, tmp_path):
    (tmp_path / "new").write_text("x")
    for arguments in (
        ["s3", "cp", tmp_path / "new", f"s3://{BUCKET}/new"],
        ["s3", "rm", f"s3://{BUCKET}/{NAV}"],
    ):
        result = provider.aws(*arguments)
        assert result.status != 0 and "AccessDenied" in result.err, result
    assert lake.path(NAV).exists() and "new" not in lake.keys


def test_other_ways_of_writing_are_refused_too(s3, lake):
    for call, parameters in (
        (s3.create_multipart_upload, {"Key": "new"}),
        (s3.copy_object, {"Key": "new", "CopySource": f"{BUCKET}/{NAV}"}),
        (s3.delete_objects, {"Delete": {"Objects": [{"Key": NAV}]}}),
        (s3.delete_bucket, {}),
    ):
        status, code = refused(call, Bucket=BUCKET, **parameters)
        assert (status, code) in ((403, "AccessDenied"), (501, "NotImplemented"))
    assert lake.path(NAV).exists() and "new" not in lake.keys


# Whose bucket it is


def test_another_accounts_bucket(subscriber, own, lake):
    assert [bucket["Name"] for bucket in own.list_buckets()["Buckets"]] == [OWN]
    for call, parameters in (
        (own.list_objects_v2, {}), (own.get_object, {"Key": NAV}),
        (own.get_object, {"Key": "no such"}), (own.get_bucket_location, {}),
    ):
        assert refused(call, Bucket=BUCKET, **parameters) == (403, "AccessDenied")
    for call, parameters in ((own.head_bucket, {}), (own.head_object, {"Key": NAV})):
        assert refused(call, Bucket=BUCKET, **parameters) == (403, "403")
    result = subscriber.aws("s3", "ls", f"s3://{BUCKET}/")
    assert result.status != 0 and "AccessDenied" in result.err, result


def test_a_subscribers_bucket_is_not_the_providers(s3, own):
    own.put_object(Bucket=OWN, Key="mine", Body=b"x")
    bucket = {"Bucket": OWN}
    assert refused(s3.get_object, Key="mine", **bucket) == (403, "AccessDenied")
    assert refused(s3.put_object, Key="mine", Body=b"y", **bucket) == (403, "AccessDenied")
    assert refused(s3.create_bucket, **bucket) == (409, "BucketAlreadyExists")


# Managed buckets


def test_the_cli_puts_and_gets(subscriber, own, tmp_path):
    (tmp_path / "up").write_bytes(os.urandom(3 * MEBIBYTE))
    address = f"s3://{OWN}/some/where.bin"
    assert subscriber.aws("s3", "cp", tmp_path / "up", address).status == 0
    assert subscriber.aws("s3", "cp", address, tmp_path / "down").status == 0
    assert digest(tmp_path / "up") == digest(tmp_path / "down")
    assert "where.bin" in subscriber.aws("s3", "ls", f"s3://{OWN}/some/").out
    assert subscriber.aws("s3", "rm", address).status == 0
    assert "where.bin" not in subscriber.aws("s3", "ls", f"s3://{OWN}/some/").out


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\r\n\0" * 99_999], ids=["empty", "one byte", "300 KB"])
def test_put_and_get(own, content):
    bucket, key = OWN, "ü/a b+c.bin"
    put = own.put_object(
        Bucket=bucket, Key=key, Body=content, ContentType="text/x-test", Metadata={"who": "me"})
    assert put["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    got = own.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == content
    assert got["ETag"] == put["ETag"]
    assert (got["ContentType"], got["Metadata"]) == ("text/x-test", {"who": "me"})


def test_an_overwrite_is_seen_at_once(own):
    bucket = OWN
    for content in b"first", b"second":
        own.put_object(Bucket=bucket, Key="again", Body=content)
        assert own.get_object(Bucket=bucket, Key="again")["Body"].read() == content
    listed = own.list_objects_v2(Bucket=bucket, Prefix="again")["Contents"]
    assert [(item["Key"], item["Size"]) for item in listed] == [("again", 6)]
    own.delete_object(Bucket=bucket, Key="again")
    assert refused(own.get_object, Bucket=bucket, Key="again") == (404, "NoSuchKey")


def test_bytes_that_were_damaged_on_the_way(subscriber, own):
    # Clients send damaged bytes again, five times.
    own = subscriber.client("s3", config=Config(retries={"total_max_attempts": 1}))
    other = hashlib.sha256(b"other").digest()

    assert refused(
        own.put_object, Bucket=OWN, Key="damaged", Body=b"these",
        ChecksumSHA256=base64.b64encode(other).decode()) == (400, "BadDigest")
    assert refused(
        own.get_object, Bucket=OWN, Key="damaged") == (404, "NoSuchKey")


def test_a_put_only_where_nothing_is(own):
    bucket = OWN
    own.put_object(Bucket=bucket, Key="once", Body=b"first", IfNoneMatch="*")
    assert refused(
        own.put_object, Bucket=bucket, Key="once", Body=b"second", IfNoneMatch="*"
    ) == (412, "PreconditionFailed")
    assert own.get_object(Bucket=bucket, Key="once")["Body"].read() == b"first"


@pytest.mark.parametrize("name", [
    "ab", "Capital", "under_score", "health", "bourse", "metrics", "v2"])
def test_names_that_no_bucket_can_have(own, name):
    try:
        own.create_bucket(Bucket=name)
    except botocore.exceptions.ParamValidationError:
        return
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidBucketName"
        return
    raise AssertionError(f"a bucket {name}")


def test_a_bucket_is_made_and_looked_at_with_the_cli(subscriber):
    assert subscriber.aws("s3", "mb", "s3://a-second-bucket").status == 0
    assert "a-second-bucket" in subscriber.aws("s3", "ls").out
    location = subscriber.aws("s3api", "get-bucket-location", "--bucket", "a-second-bucket")
    assert location.json == {"LocationConstraint": None}


def test_what_was_read_is_in_the_trail(exchange, s3, lake):
    s3.get_object(Bucket=BUCKET, Key=NAV)["Body"].read()
    record = [one for one in exchange.trail if one["eventName"] == "GetObject"][-1]
    assert record["requestParameters"]["Key"] == NAV
    assert exchange.verify().status == 0
