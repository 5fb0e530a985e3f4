"""What a bucket has beside objects: policy, tags, encryption; and how it comes and goes."""

import json
import xml.etree.ElementTree

import pytest

from exchange import PROVIDER
from s3 import ONCE, read, refused, set_versioning, signed

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{
        "Sid": "Read", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PROVIDER}:root"},
        "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a-managed-bucket/*"]}]}
# What Terraform reads of a new bucket, in its order, and what a bucket has of each.
SUB_RESOURCES = {
    "policy": (404, "NoSuchBucketPolicy"),
    "acl": (200, "AccessControlPolicy"),
    "cors": (404, "NoSuchCORSConfiguration"),
    "website": (404, "NoSuchWebsiteConfiguration"),
    "versioning": (200, "VersioningConfiguration"),
    "accelerate": (200, "AccelerateConfiguration"),
    "requestPayment": (200, "RequestPaymentConfiguration"),
    "logging": (200, "BucketLoggingStatus"),
    "lifecycle": (404, "NoSuchLifecycleConfiguration"),
    "replication": (404, "ReplicationConfigurationNotFoundError"),
    "encryption": (404, "ServerSideEncryptionConfigurationNotFoundError"),
    "object-lock": (404, "ObjectLockConfigurationNotFoundError"),
    "tagging": (404, "NoSuchTagSet"),
}


# Policy, tags, encryption


@pytest.mark.parametrize(
    "text", [json.dumps(POLICY), json.dumps(POLICY, indent=2)], ids=["one line", "many lines"])
def test_a_policy_comes_back_as_it_was_written(s3, bucket, text):
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == (404, "NoSuchBucketPolicy")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "policy"], ids=["none", "cut", "a list", "no JSON"])
def test_what_is_no_policy_is_refused(s3, bucket, text):
    status, code = refused(s3.put_bucket_policy, Bucket=bucket, Policy=text)
    assert (status, code) in [(400, "MalformedPolicy"), (400, "MissingRequestBodyError")]
    assert refused(s3.get_bucket_policy, Bucket=bucket) == (404, "NoSuchBucketPolicy")


def test_tags_are_replaced_as_a_whole(s3, bucket):
    for tags in [{"a b": "ü & <x>", "team": "data"}, {"other": ""}]:
        named = [{"Key": name, "Value": value} for name, value in tags.items()]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": named})
        found = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in found} == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == (404, "NoSuchTagSet")


def test_a_tag_twice_is_refused(s3, bucket):
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert refused(
        s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": twice})[0] == 400
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == (404, "NoSuchTagSet")


def test_a_bucket_has_no_encryption_of_its_own(s3, bucket):
    assert refused(s3.get_bucket_encryption, Bucket=bucket) == (
        404, "ServerSideEncryptionConfigurationNotFoundError")


def test_an_object_has_no_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="untagged", Body=b"x")
    assert s3.get_object_tagging(Bucket=bucket, Key="untagged")["TagSet"] == []
    assert refused(s3.get_object_tagging, Bucket=bucket, Key="none") == (404, "NoSuchKey")


def test_a_bucket_is_its_accounts_alone(s3, subscriber, bucket):
    other = subscriber.client("s3", config=ONCE)
    for call, parameters in [
        (other.get_bucket_policy, {}), (other.put_bucket_policy, {"Policy": json.dumps(POLICY)}),
        (other.delete_bucket_policy, {}), (other.get_bucket_tagging, {}),
        (other.get_bucket_acl, {}), (other.list_object_versions, {}), (other.delete_bucket, {}),
        (other.delete_objects, {"Delete": {"Objects": [{"Key": "x"}]}}),
        (other.list_multipart_uploads, {}), (other.list_objects, {}),
    ]:
        assert refused(call, Bucket=bucket, **parameters) == (403, "AccessDenied")


def test_there_is_nothing_of_a_bucket_that_is_not_there(s3):
    for call, parameters in [
        (s3.get_bucket_policy, {}), (s3.put_bucket_policy, {"Policy": json.dumps(POLICY)}),
        (s3.get_bucket_tagging, {}), (s3.get_bucket_encryption, {}), (s3.get_bucket_acl, {}),
        (s3.list_object_versions, {}), (s3.list_multipart_uploads, {}), (s3.delete_bucket, {}),
        (s3.list_objects, {}), (s3.delete_objects, {"Delete": {"Objects": [{"Key": "x"}]}}),
        (s3.create_multipart_upload, {"Key": "x"}),
    ]:
        assert refused(call, Bucket="nobodys-bucket", **parameters) == (404, "NoSuchBucket")


def test_a_bucket_goes_when_nothing_is_in_it(s3):
    s3.create_bucket(Bucket="for-a-while")
    s3.put_object(Bucket="for-a-while", Key="in the way", Body=b"x")
    assert refused(s3.delete_bucket, Bucket="for-a-while") == (409, "BucketNotEmpty")
    assert read(s3, "for-a-while", "in the way") == b"x"
    s3.delete_object(Bucket="for-a-while", Key="in the way")
    s3.delete_bucket(Bucket="for-a-while")
    assert refused(s3.head_bucket, Bucket="for-a-while") == (404, "404")
    assert "for-a-while" not in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    s3.create_bucket(Bucket="for-a-while")
    assert "Contents" not in s3.list_objects_v2(Bucket="for-a-while")


def test_a_bucket_that_keeps_versions_goes_when_the_last_is_removed(s3):
    bucket = {"Bucket": "with-versions"}
    s3.create_bucket(**bucket)
    set_versioning(s3, "with-versions")
    put = s3.put_object(**bucket, Key="hidden", Body=b"x")
    marker = s3.delete_object(**bucket, Key="hidden")
    for version in put, marker:
        assert refused(s3.delete_bucket, **bucket) == (409, "BucketNotEmpty")
        s3.delete_object(**bucket, Key="hidden", VersionId=version["VersionId"])
    s3.delete_bucket(**bucket)
    assert refused(s3.head_bucket, **bucket) == (404, "404")


# Terraform's requests, as its provider makes them


def test_the_life_of_a_bucket_with_terraform(exchange, provider):
    def ask(method, path, body=b"", headers=None):
        return signed(exchange, provider, method, "/of-terraform" + path, body, headers)

    assert ask("HEAD", "").status == 404
    assert ask("PUT", "").status == 200
    for _ in range(2):
        head = ask("HEAD", "")
        assert head.status == 200 and head.headers["x-amz-bucket-region"] == "us-east-1"
    for name, (status, word) in SUB_RESOURCES.items():
        answer = ask("GET", f"?{name}=")
        assert answer.status == status, (name, answer)
        if status == 404:
            assert answer.code == word, (name, answer)
        else:
            assert xml.etree.ElementTree.fromstring(answer.body).tag in [
                word, NAMESPACE + word], (name, answer)
    payer = xml.etree.ElementTree.fromstring(ask("GET", "?requestPayment=").body)
    assert [element.text for element in payer] == ["BucketOwner"]
    for name in ["versioning", "accelerate", "logging"]:
        assert len(xml.etree.ElementTree.fromstring(ask("GET", f"?{name}=").body)) == 0, name

    policy = json.dumps(POLICY | {"Id": "of-terraform"}).replace(
        "a-managed-bucket", "of-terraform").encode()
    put = ask("PUT", "?policy=", policy, {"Content-Type": "application/json"})
    assert put.status in (200, 204), put
    assert ask("GET", "?policy=").body == policy

    put = ask("PUT", "/dir/object.txt?x-id=PutObject", b"content", {"Content-Type": "text/plain"})
    assert put.status == 200, put
    head = ask("HEAD", "/dir/object.txt")
    assert (head.status, head.headers["ETag"]) == (200, put.headers["ETag"])
    assert (head.headers["Content-Length"], head.headers["Content-Type"]) == ("7", "text/plain")
    tags = ask("GET", "/dir/object.txt?tagging=")
    tags = xml.etree.ElementTree.fromstring(tags.body)
    assert tags.tag in ["Tagging", NAMESPACE + "Tagging"]
    assert len(tags) == 1 and tags[0].tag.endswith("TagSet") and len(tags[0]) == 0

    assert ask("DELETE", "").code == "BucketNotEmpty"
    assert ask("DELETE", "/dir/object.txt?x-id=DeleteObject").status == 204
    assert ask("DELETE", "?policy=").status == 204
    assert ask("GET", "?policy=").code == "NoSuchBucketPolicy"
    assert ask("DELETE", "").status == 204
    assert ask("HEAD", "").status == 404
