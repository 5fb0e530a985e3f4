"""What an account sees through S3 of a bucket of another's: what was published, and of the rest what lies there."""

import io
import json

import pyarrow.fs
import pyarrow.parquet
import pytest

from athena import Athena
from lake import BUCKET, Lake, Provider, link_database, nav_key, nav_rows
from publication import Publisher
from s3 import ONCE, keys_in, make_bucket, read, refused, set_versioning

READER = "222222222222"
FOLDER = "gold/nav/daily/"
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]
MANAGED = "of-the-provider"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for nav, day in enumerate(DAYS[:2]):
        lake.write_parquet(nav_key(day), nav_rows(day, nav))
    lake.put("gold/readme.txt", b"as it lies")
    return lake


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    opened(exchange.provider.client("s3"), BUCKET)
    return team


@pytest.fixture(scope="module")
def publisher(team):
    publisher = Publisher(team.machine)
    publisher.s3 = team.machine.client("s3")
    return publisher


@pytest.fixture(scope="module")
def subscriber(exchange, team):
    return exchange.subscriber(READER)


@pytest.fixture(scope="module")
def reader(subscriber):
    return subscriber.client("s3", config=ONCE)


def opened(s3, bucket):
    """To be read by whoever asks: what is seen then is what these tests are about."""
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": READER},
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}))


def navs(body):
    return pyarrow.parquet.read_table(io.BytesIO(body))["nav"].to_pylist()


def test_the_life_of_a_data_set(lake, publisher, reader):
    assert keys_in(reader, BUCKET) == [*map(nav_key, DAYS[:2]), "gold/readme.txt"]
    data_set = publisher.data_set()
    first = publisher.publish(data_set)
    old = read(reader, BUCKET, nav_key(DAYS[0]))
    # The provider goes on working: of that, nothing is seen before it is published.
    lake.write_parquet(nav_key(DAYS[0]), nav_rows(DAYS[0], 100))
    lake.path(nav_key(DAYS[1])).unlink()
    lake.write_parquet(nav_key(DAYS[2]), nav_rows(DAYS[2], 2))
    draft = publisher.draft(data_set)
    assert keys_in(reader, BUCKET) == [*map(nav_key, DAYS[:2]), "gold/readme.txt"]
    assert read(reader, BUCKET, nav_key(DAYS[0])) == old
    assert navs(read(reader, BUCKET, nav_key(DAYS[1])))
    assert refused(reader.get_object, Bucket=BUCKET, Key=nav_key(DAYS[2])) == (404, "NoSuchKey")
    assert refused(reader.head_object, Bucket=BUCKET, Key=nav_key(DAYS[2])) == (404, "404")
    publisher.finalize(data_set, draft)
    assert keys_in(reader, BUCKET, FOLDER) == [nav_key(DAYS[0]), nav_key(DAYS[2])]
    assert navs(read(reader, BUCKET, nav_key(DAYS[0])))[0] == 100
    assert refused(reader.get_object, Bucket=BUCKET, Key=nav_key(DAYS[1])) == (404, "NoSuchKey")
    # A bad revision is taken back, and readers have the one before.
    publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=draft, RevocationComment="Wrong numbers.")
    assert read(reader, BUCKET, nav_key(DAYS[0])) == old
    assert keys_in(reader, BUCKET, FOLDER) == [*map(nav_key, DAYS[:2])]
    publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=first, RevocationComment="These as well.")
    assert keys_in(reader, BUCKET) == ["gold/readme.txt"]
    assert refused(reader.get_object, Bucket=BUCKET, Key=nav_key(DAYS[0])) == (404, "NoSuchKey")


@pytest.fixture(scope="module")
def revision(lake, publisher, reader):
    """Of many files in a managed, versioned bucket, whose owner has since changed all of them."""
    s3 = publisher.s3
    make_bucket(s3, MANAGED)
    set_versioning(s3, MANAGED)
    opened(s3, MANAGED)
    keys = [f"a/{folder}/{name}" for folder in ("x", "y y", "é") for name in ("1", "2", "3")]
    for key in keys:
        s3.put_object(
            Bucket=MANAGED, Key=key, Body=key.encode(), ContentType="text/x-key",
            Metadata={"written": "before"})
    data_set = publisher.data_set("Managed")
    publisher.publish(data_set, bucket=MANAGED, prefixes=["a/"])
    for key in keys[:6]:
        s3.put_object(Bucket=MANAGED, Key=key, Body=b"since", Metadata={"written": "after"})
    for key in keys[6:]:
        s3.delete_object(Bucket=MANAGED, Key=key)
    s3.put_object(Bucket=MANAGED, Key="a/x/4", Body=b"since")
    s3.put_object(Bucket=MANAGED, Key="b/loose", Body=b"as it lies")
    return keys


def test_objects_of_a_managed_bucket(revision, reader):
    for key in revision:
        found = reader.get_object(Bucket=MANAGED, Key=key)
        assert found["Body"].read() == key.encode()
        assert (found["ContentType"], found["Metadata"]) == ("text/x-key", {"written": "before"})
        head = reader.head_object(Bucket=MANAGED, Key=key, VersionId=found["VersionId"])
        assert (head["ETag"], head["ContentLength"]) == (found["ETag"], len(key.encode()))
    assert read(reader, MANAGED, "b/loose") == b"as it lies"
    assert read(reader, MANAGED, revision[0], Range="bytes=2-") == revision[0].encode()[2:]


def test_the_owner_sees_its_own_bucket_as_it_is(revision, publisher):
    s3 = publisher.s3
    assert read(s3, MANAGED, revision[0]) == b"since"
    assert keys_in(s3, MANAGED) == sorted([*revision[:6], "a/x/4", "b/loose"], key=str.encode)


def test_of_versions_there_is_the_published_one(revision, publisher, reader):
    own = publisher.s3.list_object_versions(Bucket=MANAGED, Prefix=revision[0])
    ids = [version["VersionId"] for version in own["Versions"]]
    assert len(ids) == 2
    told = reader.list_object_versions(Bucket=MANAGED, Prefix=revision[0])
    assert [version["VersionId"] for version in told["Versions"]] == [ids[1]]
    assert refused(
        reader.get_object, Bucket=MANAGED, Key=revision[0], VersionId=ids[0]
    ) == (404, "NoSuchVersion")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_listings_in_pages(revision, reader, size):
    def entries(**asked):
        pages = reader.get_paginator("list_objects_v2").paginate(
            Bucket=MANAGED, PaginationConfig={"PageSize": size}, **asked)
        return [
            entry for page in pages for entry in sorted(
                [found["Key"] for found in page.get("Contents", [])]
                + [found["Prefix"] for found in page.get("CommonPrefixes", [])], key=str.encode)]

    assert entries() == [*revision, "b/loose"]
    assert entries(Delimiter="/") == ["a/", "b/"]
    assert entries(Delimiter="/", Prefix="a/") == ["a/x/", "a/y y/", "a/é/"]
    assert entries(Prefix="a/y") == revision[3:6]
    assert entries(Prefix="a/", StartAfter="a/y y/2") == revision[5:]
    assert entries(Prefix="b") == ["b/loose"]


def test_a_copy_of_the_readers_is_of_what_was_published(exchange, revision, reader):
    make_bucket(reader, "of-the-reader")
    reader.copy_object(
        Bucket="of-the-reader", Key="copy", CopySource={"Bucket": MANAGED, "Key": revision[0]})
    assert read(reader, "of-the-reader", "copy") == revision[0].encode()
    assert refused(
        reader.copy_object, Bucket="of-the-reader", Key="copy",
        CopySource={"Bucket": MANAGED, "Key": "a/x/4"}) == (404, "NoSuchKey")


def test_a_file_that_was_rewritten_in_place_is_named_and_not_served(
        team, publisher, reader, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("in-place"))
    for day in DAYS:
        lake.write_parquet(nav_key(day), nav_rows(day, 1))
    team.link(lake, "rewritten")
    opened(publisher.s3, "rewritten")
    data_set = publisher.data_set("Rewritten")

    publisher.publish(data_set, bucket="rewritten")
    key = nav_key(DAYS[0])
    before = read(reader, "rewritten", key)
    lake.rewrite_in_place(key, nav_rows(DAYS[0], 2))
    try:
        # A clone is not written to.
        assert read(reader, "rewritten", key) == before
    except reader.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidObjectState"
        assert error.response["Error"]["Key"] == key
        assert refused(reader.head_object, Bucket="rewritten", Key=key) == (403, "403")
    assert navs(read(reader, "rewritten", nav_key(DAYS[1])))
    publisher.publish(data_set, bucket="rewritten")
    assert navs(read(reader, "rewritten", key))[0] == 2


def test_pyarrow_reads_what_was_published(exchange, revision, subscriber):
    key, secret, token = subscriber.keys
    files = pyarrow.fs.S3FileSystem(
        endpoint_override=exchange.endpoint, region="us-east-1", access_key=key,
        secret_key=secret, session_token=token)
    found = files.get_file_info(pyarrow.fs.FileSelector(f"{MANAGED}/a", recursive=True))
    told = sorted(info.path for info in found if info.is_file)
    assert told == sorted(f"{MANAGED}/{key}" for key in revision)
    assert files.open_input_stream(told[0]).read() == told[0].removeprefix(f"{MANAGED}/").encode()


def test_uploads_under_way_are_their_owners_to_know_of(revision, publisher, reader):
    upload = publisher.s3.create_multipart_upload(Bucket=MANAGED, Key="a/x/under-way")["UploadId"]
    named = {"Bucket": MANAGED, "Key": "a/x/under-way", "UploadId": upload}
    assert publisher.s3.list_multipart_uploads(Bucket=MANAGED)["Uploads"]
    assert "Uploads" not in reader.list_multipart_uploads(Bucket=MANAGED)
    assert refused(reader.list_parts, **named) == (404, "NoSuchUpload")
    publisher.s3.abort_multipart_upload(**named)


def test_a_bucket_of_another_account_by_the_same_name_is_another_bucket(
        exchange, publisher, reader):
    s3 = publisher.s3
    make_bucket(s3, "passed-on")
    s3.put_object(Bucket="passed-on", Key="a/secret", Body=b"of the provider")
    data_set = publisher.data_set("Passed on")
    publisher.publish(data_set, bucket="passed-on", prefixes=["a/"])
    s3.delete_object(Bucket="passed-on", Key="a/secret")
    s3.delete_bucket(Bucket="passed-on")
    other = exchange.subscriber("333333333333", profile="other").client("s3")
    other.create_bucket(Bucket="passed-on")
    other.put_object(Bucket="passed-on", Key="a/own", Body=b"of the other")
    opened(other, "passed-on")
    assert keys_in(reader, "passed-on") == ["a/own"]
    assert read(reader, "passed-on", "a/own") == b"of the other"
    assert refused(reader.get_object, Bucket="passed-on", Key="a/secret") == (404, "NoSuchKey")


def test_a_table_of_which_a_part_is_published(exchange, team, subscriber, publisher, lake):
    """In SQL as through S3: that part as it was published, the rest as it lies."""
    for day in DAYS:
        lake.write_parquet(f"silver/daily/as_of={day}/navs.parquet", nav_rows(day, 1))
    team.govern()
    team.create_table(
        "partly", "silver/daily/", {"fund_id": "string", "nav": "decimal(18,4)"},
        {"as_of": "string"})
    team.grant_table(READER, "partly")
    link_database(subscriber)
    athena = Athena(subscriber)
    publisher.publish(publisher.data_set("Partly"), prefixes=[f"silver/daily/as_of={DAYS[0]}/"])
    for day in DAYS:
        lake.write_parquet(f"silver/daily/as_of={day}/navs.parquet", nav_rows(day, 2))
    lake.write_parquet(f"silver/daily/as_of={DAYS[0]}/since.parquet", nav_rows(DAYS[0], 3))
    question = "SELECT as_of, CAST(min(nav) AS INTEGER), count(*) FROM partly GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in athena.rows(question)] == [
        (DAYS[0], "1", "3"), (DAYS[1], "2", "3"), (DAYS[2], "2", "3")]
