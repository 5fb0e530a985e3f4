"""What is easily got wrong: odd keys, things that vanish meanwhile, and what is announced and not kept."""

import concurrent.futures
import http.client
import json
import threading
import unicodedata
import urllib.parse

import pytest

from exchange import PROVIDER
from s3 import MIB, ONCE, fetch, keys_in, read, refused, set_versioning, signed

DENIED = (403, "AccessDenied")
COMPOSED, DECOMPOSED = "\u00e9", "e\u0301"


# Keys are bytes


def test_a_key_is_not_cut_at_a_nul(exchange, provider, s3, own_bucket):
    """SQLite ends a text there: a policy that denies the one key must not let the other through."""
    s3.put_object(Bucket=own_bucket, Key="secret", Body=b"x")
    s3.put_bucket_policy(Bucket=own_bucket, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:DeleteObject"],
            "Resource": f"arn:aws:s3:::{own_bucket}/secret"}]}))
    assert refused(s3.get_object, Bucket=own_bucket, Key="secret") == DENIED
    for method in ["GET", "HEAD", "DELETE"]:
        answer = signed(exchange, provider, method, f"/{own_bucket}/secret%00")
        assert answer.status == 400, (method, answer)
    assert keys_in(s3, own_bucket) == ["secret"]
    answer = signed(
        exchange, provider, "PUT", f"/{own_bucket}/copy",
        headers={"x-amz-copy-source": f"{own_bucket}/secret%00"})
    assert answer.status == 400, answer


def test_two_spellings_of_a_letter_are_two_keys(s3, own_bucket):
    for form in ["NFC", "NFD"]:
        key = unicodedata.normalize(form, "caf\u00e9/a")
        s3.put_object(Bucket=own_bucket, Key=key, Body=form.encode())
    assert len(keys_in(s3, own_bucket)) == 2
    for form in ["NFC", "NFD"]:
        assert read(s3, own_bucket, unicodedata.normalize(form, "caf\u00e9/a")) == form.encode()
    for page in [s3.list_objects_v2, s3.list_objects, s3.list_object_versions]:
        found = page(Bucket=own_bucket, Delimiter="/")["CommonPrefixes"]
        assert len(found) == 2, page
    source = {"Bucket": own_bucket, "Key": DECOMPOSED}
    s3.put_object(Bucket=own_bucket, Key=DECOMPOSED, Body=b"x")
    s3.copy_object(Bucket=own_bucket, Key=COMPOSED, CopySource=source)
    assert {COMPOSED, DECOMPOSED} <= set(keys_in(s3, own_bucket))
    upload = s3.create_multipart_upload(Bucket=own_bucket, Key=DECOMPOSED)["UploadId"]
    assert refused(
        s3.upload_part, Bucket=own_bucket, Key=COMPOSED, UploadId=upload, PartNumber=1, Body=b"x"
    ) == (404, "NoSuchUpload")


@pytest.mark.parametrize("delimiter,keys", [
    ("\u0301", ["e\u0301a", "e\u0301b", "f"]), ("\n", ["a\r\nb", "a\r\nc", "d"]),
    (COMPOSED, ["xe\u0301", "xe\u0301y", "z"]), ("/", ["a/b/c", "a/b/d", "a/e", "f"]),
    ("--", ["a--b", "a--c", "a-b", "b"]),
])
@pytest.mark.parametrize("kind", ["list_objects", "list_object_versions", "list_objects_v2"])
def test_pages_of_one_are_the_whole_list(s3, own_bucket, delimiter, keys, kind):
    for key in keys:
        s3.put_object(Bucket=own_bucket, Key=key, Body=b"x")

    def found(page):
        entries = page.get("Contents", []) + page.get("Versions", [])
        return [entry["Key"] for entry in entries] + [
            entry["Prefix"] for entry in page.get("CommonPrefixes", [])]

    whole = found(getattr(s3, kind)(Bucket=own_bucket, Delimiter=delimiter))
    pages = s3.get_paginator(kind).paginate(
        Bucket=own_bucket, Delimiter=delimiter, PaginationConfig={"PageSize": 1})
    one_by_one = []
    for number, page in enumerate(pages):
        assert number < 2 * len(keys), "the list does not end"
        one_by_one += found(page)
    assert sorted(one_by_one) == sorted(whole) and len(set(whole)) == len(whole)


def test_uploads_are_listed_by_the_bytes_of_their_keys(s3, own_bucket):
    keys = ["az", "a\u0301x", "a\u0410", "d/\u0301x"]
    for key in keys:
        s3.create_multipart_upload(Bucket=own_bucket, Key=key)
    listed = s3.list_multipart_uploads(Bucket=own_bucket, Prefix="a")["Uploads"]
    assert {found["Key"] for found in listed} == set(keys[:3])
    rolled = s3.list_multipart_uploads(Bucket=own_bucket, Delimiter="/")
    assert [found["Prefix"] for found in rolled["CommonPrefixes"]] == ["d/"]
    after = s3.list_multipart_uploads(Bucket=own_bucket, KeyMarker="az")["Uploads"]
    assert "az" not in [found["Key"] for found in after]
    assert refused(s3.list_multipart_uploads, Bucket=own_bucket, MaxUploads=-1) == (
        400, "InvalidArgument")


def test_a_bucket_is_emptied_page_by_page(s3, own_bucket):
    """As every tool does it: a page's versions are deleted before the next page is asked for."""
    set_versioning(s3, own_bucket)
    for number in range(5):
        s3.put_object(Bucket=own_bucket, Key="k", Body=str(number).encode())
    s3.delete_object(Bucket=own_bucket, Key="k")
    markers = {}
    while True:
        page = s3.list_object_versions(Bucket=own_bucket, MaxKeys=2, **markers)
        for found in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=own_bucket, Key="k", VersionId=found["VersionId"])
        if not page["IsTruncated"]:
            break
        markers = {
            "KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    assert "Versions" not in s3.list_object_versions(Bucket=own_bucket)
    s3.delete_bucket(Bucket=own_bucket)


# What vanishes meanwhile


def test_an_upload_does_not_outlive_its_bucket(exchange, subscriber, s3):
    mine = s3
    mine.create_bucket(Bucket="passed-on")
    url = urllib.parse.urlsplit(mine.generate_presigned_url(
        "put_object", Params={"Bucket": "passed-on", "Key": "k"}))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", "6")
    connection.endheaders(b"old")
    mine.delete_bucket(Bucket="passed-on")
    other = subscriber.client("s3", config=ONCE)
    other.create_bucket(Bucket="passed-on")
    other.put_object(Bucket="passed-on", Key="k", Body=b"new owner's")
    connection.send(b"old")
    assert connection.getresponse().status == 404
    connection.close()
    assert read(other, "passed-on", "k") == b"new owner's"


def test_readers_do_not_notice_that_an_object_is_written_again(s3, provider, own_bucket):
    sizes = [1, 200_000]
    s3.put_object(Bucket=own_bucket, Key="k", Body=bytes(1))
    done = threading.Event()

    def write(client):
        for number in range(60):
            client.put_object(Bucket=own_bucket, Key="k", Body=bytes(sizes[number % 2]))
        done.set()

    def look(client):
        count = 0
        while not done.is_set():
            assert len(client.get_object(Bucket=own_bucket, Key="k")["Body"].read()) in sizes
            assert client.head_object(Bucket=own_bucket, Key="k")["ContentLength"] in sizes
            assert keys_in(client, own_bucket, "k") == ["k"]
            client.copy_object(
                Bucket=own_bucket, Key="copy", CopySource={"Bucket": own_bucket, "Key": "k"})
            count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        # Made here: the environment that clients are made in is the process's.
        clients = [provider.client("s3", config=ONCE) for _ in range(4)]
        readers = [pool.submit(look, client) for client in clients[:3]]
        pool.submit(write, clients[3]).result()
        assert sum(reader.result() for reader in readers) > 0


# Numbers


@pytest.mark.parametrize("number", [0, -1, 2, -(1 << 63), (1 << 63) - 1, 1 << 63])
def test_a_part_that_is_none(exchange, provider, s3, bucket, number):
    s3.put_object(Bucket=bucket, Key="whole", Body=b"x")
    for method in ["GET", "HEAD"]:
        answer = signed(exchange, provider, method, f"/{bucket}/whole?partNumber={number}")
        assert answer.status in (400, 416), (method, answer)
    assert read(s3, bucket, "whole", PartNumber=1) == b"x"


def test_the_only_part_of_nothing(s3, bucket):
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    got = s3.get_object(Bucket=bucket, Key="empty", PartNumber=1)
    assert got["Body"].read() == b"" and "ContentRange" not in got


# What is announced


def test_a_documents_sums_are_compared(exchange, provider, s3, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="kept", Body=b"x")
    document = b"<Delete><Object><Key>kept</Key></Object></Delete>"
    for name, value in [
        ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="), ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-checksum-sha256", "A" * 43 + "="),
    ]:
        answer = signed(
            exchange, provider, "POST", f"/{own_bucket}?delete", document, {name: value})
        assert (answer.status, answer.code) == (400, "BadDigest"), name
    assert keys_in(s3, own_bucket) == ["kept"]


def test_a_part_has_the_checksum_that_its_upload_asks_for(s3, own_bucket):
    upload = {"Bucket": own_bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(
        **upload, ChecksumAlgorithm="SHA256")["UploadId"]
    assert refused(
        s3.upload_part, **upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32"
    ) == (400, "InvalidRequest")


def test_names_in_a_signature_are_counted_once(exchange, provider, bucket):
    """A request whose signature is false costs nothing much, whatever it claims to have signed."""
    names = "host;x-amz-content-sha256;x-amz-date" + ";a" * 15_000
    headers = {
        "a": "x" * 30_000, "x-amz-date": "20240101T000000Z", "x-amz-content-sha256": "0" * 64,
        "authorization":
            f"AWS4-HMAC-SHA256 Credential={provider.keys[0]}/20240101/us-east-1/s3/aws4_request, "
            f"SignedHeaders={names}, Signature={'0' * 64}"}
    before = exchange.memory_bytes_max
    url = f"{exchange.endpoint}/{bucket}"
    assert fetch(exchange, url, headers=headers).status in (400, 403)
    assert exchange.memory_bytes_max - before < 32 * MIB


def test_the_old_signature_covers_no_two_readings(exchange, provider, bucket):
    s3 = provider.client("s3", config=ONCE)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={
        "Bucket": bucket, "Key": "k", "ResponseContentType": "text/plain", "VersionId": "null"})
    parts = urllib.parse.urlsplit(url)
    assert "Signature=" in parts.query and "X-Amz-Signature" not in parts.query
    items = dict(urllib.parse.parse_qsl(parts.query))
    items["response-content-type"] += "&versionId=" + items.pop("versionId")
    changed = parts._replace(query=urllib.parse.urlencode(items)).geturl()
    assert fetch(exchange, url).status == 200
    assert fetch(exchange, changed).status == 400


# What is published


def test_keys_that_lead_elsewhere_are_published_as_any_other(own_exchange, tmp_path):
    """A pin is a file of its own: the object's key may be no path at all."""
    provider = own_exchange.provider
    s3 = provider.client("s3", config=ONCE)
    exchange = provider.client("dataexchange", config=ONCE)
    s3.create_bucket(Bucket="odd-keys")
    keys = ["x/", "x/a", "x//b", "x/b", "x/./b", "x/" + "../" * 8 + f"{tmp_path.name}/evil.csv",
            "x/" + "n" * 300, "x/day=1/a", "x/day=2/a"]
    for key in keys:
        s3.put_object(Bucket="odd-keys", Key=key, Body=b"x")
    data_set = exchange.create_data_set(
        AssetType="S3_DATA_ACCESS", Name="Odd", Description="keys")["Id"]
    revision = exchange.create_revision(DataSetId=data_set)["Id"]
    job = exchange.create_job(
        Type="CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET", Details={"CreateS3DataAccessFromS3Bucket": {
            "DataSetId": data_set, "RevisionId": revision,
            "AssetSource": {"Bucket": "odd-keys", "KeyPrefixes": ["x/"]}}})["Id"]
    exchange.start_job(JobId=job)
    for _ in range(100):
        state = exchange.get_job(JobId=job)["State"]
        if state not in ("WAITING", "IN_PROGRESS"):
            break
    assert state == "COMPLETED"
    exchange.update_revision(DataSetId=data_set, RevisionId=revision, Finalized=True)
    pins = own_exchange.data / "pins"
    assert len([path for path in pins.rglob("*") if path.is_file()]) == len(keys)
    assert not list(tmp_path.rglob("evil.csv"))
    # A published object's bytes stay when the object goes.
    s3.delete_object(Bucket="odd-keys", Key="x/a")
    assert len([path for path in pins.rglob("*") if path.is_file()]) == len(keys)
