"""Lists say what is in a bucket, and, where it keeps versions, what has been."""

import pytest

from s3 import read, refused, set_versioning


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_the_first_kind_of_list_in_pages(s3, bucket, page):
    keys = ["v1/a b+c", "v1/b/1", "v1/b/2", "v1/c", "v1/ü"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    pages = s3.get_paginator("list_objects")
    options = {"Bucket": bucket, "Prefix": "v1/", "PaginationConfig": {"PageSize": page}}
    found = [one for answer in pages.paginate(**options) for one in answer["Contents"]]
    assert [one["Key"] for one in found] == keys
    assert [one["Size"] for one in found] == [len(key.encode()) for key in keys]
    answers = list(pages.paginate(**options, Delimiter="/"))
    assert [one["Key"] for answer in answers for one in answer.get("Contents", [])] == [
        "v1/a b+c", "v1/c", "v1/ü"]
    assert [one["Prefix"] for answer in answers for one in answer.get("CommonPrefixes", [])] == [
        "v1/b/"]


def test_a_list_begins_behind_its_marker(s3, bucket):
    for key in ["marker/1", "marker/2", "marker/3"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    answer = s3.list_objects(Bucket=bucket, Prefix="marker/", Marker="marker/1", MaxKeys=1)
    assert [one["Key"] for one in answer["Contents"]] == ["marker/2"]
    assert answer["IsTruncated"] and answer["Marker"] == "marker/1"
    later = s3.list_objects_v2(Bucket=bucket, Prefix="marker/", StartAfter="marker/2")
    assert [one["Key"] for one in later["Contents"]] == ["marker/3"]


def test_versions_are_listed_newest_first(s3, own_bucket):
    set_versioning(s3, own_bucket)
    first = s3.put_object(Bucket=own_bucket, Key="a", Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=own_bucket, Key="a", Body=b"second")["VersionId"]
    marker = s3.delete_object(Bucket=own_bucket, Key="a")
    assert marker["DeleteMarker"] is True
    third = s3.put_object(Bucket=own_bucket, Key="b", Body=b"x")["VersionId"]
    listed = s3.list_object_versions(Bucket=own_bucket)
    assert [(one["Key"], one["VersionId"], one["IsLatest"], one["Size"])
            for one in listed["Versions"]] == [
        ("a", second, False, 6), ("a", first, False, 5), ("b", third, True, 1)]
    assert [(one["Key"], one["VersionId"], one["IsLatest"])
            for one in listed["DeleteMarkers"]] == [("a", marker["VersionId"], True)]
    assert read(s3, own_bucket, "a", VersionId=first) == b"first"
    assert refused(s3.get_object, Bucket=own_bucket, Key="a", VersionId="x" * 32)[1] in [
        "NoSuchVersion", "InvalidArgument"]


def test_a_bucket_keeps_no_versions_until_it_is_told_to(s3, own_bucket):
    def versions():
        listed = s3.list_object_versions(Bucket=own_bucket).get("Versions", [])
        return [(one["VersionId"], one["IsLatest"]) for one in listed]

    for content in [b"first", b"second"]:
        assert "VersionId" not in s3.put_object(Bucket=own_bucket, Key="a", Body=content)
    assert versions() == [("null", True)]
    set_versioning(s3, own_bucket)
    third = s3.put_object(Bucket=own_bucket, Key="a", Body=b"third")["VersionId"]
    assert versions() == [(third, True), ("null", False)]
    assert read(s3, own_bucket, "a", VersionId="null") == b"second"
    set_versioning(s3, own_bucket, "Suspended")
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"fourth")
    assert versions() == [("null", True), (third, False)]
    assert read(s3, own_bucket, "a") == read(
        s3, own_bucket, "a", VersionId="null") == b"fourth"


def test_versions_are_listed_in_pages(s3, own_bucket):
    set_versioning(s3, own_bucket)
    put = [
        (key, s3.put_object(Bucket=own_bucket, Key=key, Body=b"")["VersionId"])
        for key in ["a b+c", "ü"] for _ in range(3)]
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=own_bucket, PaginationConfig={"PageSize": 2})
    pages = [[(one["Key"], one["VersionId"]) for one in page["Versions"]] for page in pages]
    assert [len(page) for page in pages] == [2, 2, 2]
    assert sorted(one for page in pages for one in page) == sorted(put)
    assert [key for page in pages for key, _ in page] == ["a b+c"] * 3 + ["ü"] * 3


def test_a_removal_is_taken_back_and_a_version_is_removed_for_good(s3, own_bucket):
    set_versioning(s3, own_bucket)
    first = s3.put_object(Bucket=own_bucket, Key="a b+c", Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=own_bucket, Key="a b+c", Body=b"second")["VersionId"]
    marker = s3.delete_object(Bucket=own_bucket, Key="a b+c")["VersionId"]
    assert refused(s3.get_object, Bucket=own_bucket, Key="a b+c") == (404, "NoSuchKey")
    answer = s3.delete_object(Bucket=own_bucket, Key="a b+c", VersionId=marker)
    assert (answer["DeleteMarker"], answer["VersionId"]) == (True, marker)
    assert read(s3, own_bucket, "a b+c") == b"second"
    answer = s3.delete_objects(
        Bucket=own_bucket, Delete={"Objects": [{"Key": "a b+c", "VersionId": second}]})
    assert answer["Deleted"] == [{"Key": "a b+c", "VersionId": second}]
    assert read(s3, own_bucket, "a b+c") == read(
        s3, own_bucket, "a b+c", VersionId=first) == b"first"
    assert refused(
        s3.get_object, Bucket=own_bucket, Key="a b+c", VersionId=second) == (404, "NoSuchVersion")
