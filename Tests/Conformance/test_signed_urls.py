"""Assets that come and go by a URL, which is good for one object, for a while, and for whoever has it."""

import base64
import hashlib

import boto3
import pytest
import urllib3

from exchange import PROVIDER
from publication import Publisher, accept
from s3 import refused

ACCOUNT = "222222222222"
CONTENT = b"fund_id,nav\nF001,101.5\n"
NAME = "navs of today.csv"


@pytest.fixture(scope="module")
def publisher(exchange):
    return Publisher(exchange.provider)


@pytest.fixture(scope="module")
def receiver(exchange):
    return exchange.subscriber(ACCOUNT)


@pytest.fixture
def data_set(publisher):
    return publisher.data_set("By URL", kind="S3_SNAPSHOT")


@pytest.fixture
def revision(publisher, data_set):
    return publisher.client.create_revision(DataSetId=data_set)["Id"]


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def create(publisher, data_set, revision, content=CONTENT, name=NAME):
    return publisher.client.create_job(Type="IMPORT_ASSET_FROM_SIGNED_URL", Details={
        "ImportAssetFromSignedUrl": {
            "AssetName": name, "DataSetId": data_set, "RevisionId": revision, "Md5Hash": md5(content)}})


def send(method, url, content=None):
    """As whoever has nothing but the URL."""
    return urllib3.request(method, url, body=content, retries=False)


def start(publisher, job, expected="COMPLETED"):
    publisher.client.start_job(JobId=job["Id"])
    return publisher.wait(job["Id"], expected)


def test_an_asset_comes_by_a_url_and_goes_by_one(exchange, publisher, receiver, data_set, revision):
    job = create(publisher, data_set, revision)
    details = job["Details"]["ImportAssetFromSignedUrl"]
    assert details["AssetName"] == NAME and details["Md5Hash"] == md5(CONTENT)
    assert details["SignedUrlExpiresAt"] > job["CreatedAt"]
    assert send("PUT", details["SignedUrl"], CONTENT).status == 200
    start(publisher, job)
    asset, = publisher.client.list_revision_assets(DataSetId=data_set, RevisionId=revision)["Assets"]
    assert (asset["Name"], asset["AssetDetails"]) == (
        NAME, {"S3SnapshotAsset": {"Size": float(len(CONTENT))}})
    publisher.finalize(data_set, revision)

    entitled = accept(receiver, publisher.grant(data_set, ACCOUNT))
    theirs = Publisher(receiver)
    job = theirs.client.create_job(Type="EXPORT_ASSET_TO_SIGNED_URL", Details={
        "ExportAssetToSignedUrl": {
            "AssetId": asset["Id"], "DataSetId": entitled, "RevisionId": revision}})
    assert "SignedUrl" not in job["Details"]["ExportAssetToSignedUrl"]
    details = start(theirs, job)["Details"]["ExportAssetToSignedUrl"]
    got = send("GET", details["SignedUrl"])
    assert (got.status, got.data) == (200, CONTENT)
    # For that one object, in that one way.
    path, query = details["SignedUrl"].split("?")
    assert send("GET", f"{path}x?{query}").status == 403
    assert send("DELETE", details["SignedUrl"]).status == 403
    assert send("GET", path).status == 403
    # And as whoever asked for it: it ends with that account.
    provider = exchange.provider
    assert provider.bourse("cutoff", ACCOUNT).status == 0
    cut = send("GET", details["SignedUrl"])
    assert provider.bourse("cutoff", ACCOUNT, "--lift").status == 0
    assert cut.status == 400 and b"Token" in cut.data, cut.data


def test_a_long_name(publisher, data_set, revision):
    """It is the asset's, and no object's."""
    name = "../" + "x" * 1_021
    job = create(publisher, data_set, revision, name=name)
    url = job["Details"]["ImportAssetFromSignedUrl"]["SignedUrl"]
    assert send("PUT", url, CONTENT).status == 200
    start(publisher, job)
    asset, = publisher.client.list_revision_assets(DataSetId=data_set, RevisionId=revision)["Assets"]
    assert asset["Name"] == name


def test_who_may_only_look_gets_no_url(exchange, publisher, data_set, revision):
    job = create(publisher, data_set, revision)
    keys = exchange.provider.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{PROVIDER}:role/compliance", RoleSessionName="look")["Credentials"]
    looking = boto3.client(
        "dataexchange", endpoint_url=exchange.endpoint, region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"])
    found = looking.get_job(JobId=job["Id"])["Details"]["ImportAssetFromSignedUrl"]
    assert found["AssetName"] == NAME and "SignedUrl" not in found


def test_what_was_not_announced_is_not_taken(publisher, data_set, revision):
    job = create(publisher, data_set, revision)
    error, = start(publisher, job, expected="ERROR")["Errors"]
    assert error["Code"] == "RESOURCE_NOT_FOUND_EXCEPTION" and "was not uploaded" in error["Message"]
    job = create(publisher, data_set, revision)
    url = job["Details"]["ImportAssetFromSignedUrl"]["SignedUrl"]
    assert send("PUT", url, b"something else").status == 200
    error, = start(publisher, job, expected="ERROR")["Errors"]
    assert error["Code"] == "VALIDATION_EXCEPTION" and "another MD5" in error["Message"]
    assert error["Details"] == {"ImportAssetFromSignedUrlJobErrorDetails": {"AssetName": NAME}}
    assert publisher.client.list_revision_assets(
        DataSetId=data_set, RevisionId=revision)["Assets"] == []


def test_a_url_that_is_over(own_exchange):
    publisher = Publisher(own_exchange.provider)
    data_set = publisher.data_set("By URL", kind="S3_SNAPSHOT")
    revision = publisher.client.create_revision(DataSetId=data_set)["Id"]
    job = create(publisher, data_set, revision)
    url = job["Details"]["ImportAssetFromSignedUrl"]["SignedUrl"]
    own_exchange.restart(clock_seconds=3_700)
    late = send("PUT", url, CONTENT)
    assert late.status == 400 and b"ExpiredToken" in late.data, late.data


@pytest.mark.parametrize("change, code", [
    ({"Md5Hash": "A" * 24}, "ValidationException"),
    ({"AssetName": "x" * 1_025}, "ValidationException"),
    ({"RevisionId": "0" * 32}, "ResourceNotFoundException"),
])
def test_a_job_that_cannot_be(publisher, data_set, revision, change, code):
    details = {"AssetName": NAME, "DataSetId": data_set, "RevisionId": revision,
               "Md5Hash": md5(CONTENT)} | change
    with publisher.machine.in_environment():
        publisher.client.meta.config.parameter_validation = False
    assert refused(
        publisher.client.create_job, Type="IMPORT_ASSET_FROM_SIGNED_URL",
        Details={"ImportAssetFromSignedUrl": details})[1] == code


def test_an_api_is_registered(publisher, receiver):
    """With the document that describes it. It is served later on, and says so until then."""
    data_set = publisher.data_set("API", kind="API_GATEWAY_API")
    revision = publisher.client.create_revision(DataSetId=data_set)["Id"]
    document = b"openapi: 3.0.0\n"
    job = publisher.client.create_job(Type="IMPORT_ASSET_FROM_API_GATEWAY_API", Details={
        "ImportAssetFromApiGatewayApi": {
            "ApiId": "a1b2c3d4e5", "ApiName": "Fund data", "Stage": "prod", "ProtocolType": "REST",
            "ApiSpecificationMd5Hash": md5(document), "ApiDescription": "NAV by fund",
            "DataSetId": data_set, "RevisionId": revision}})
    details = job["Details"]["ImportAssetFromApiGatewayApi"]
    assert send("PUT", details["ApiSpecificationUploadUrl"], document).status == 200
    start(publisher, job)
    publisher.finalize(data_set, revision)
    asset, = publisher.client.list_revision_assets(DataSetId=data_set, RevisionId=revision)["Assets"]
    assert asset["AssetType"] == "API_GATEWAY_API"
    assert asset["AssetDetails"]["ApiGatewayApiAsset"] == {
        "ApiId": "a1b2c3d4e5", "ApiName": "Fund data", "Stage": "prod", "ProtocolType": "REST",
        "ApiDescription": "NAV by fund"}
    entitled = accept(receiver, publisher.grant(data_set, ACCOUNT))
    client = receiver.client("dataexchange")
    assert client.list_revision_assets(
        DataSetId=entitled, RevisionId=revision)["Assets"][0]["Name"] == "Fund data"
