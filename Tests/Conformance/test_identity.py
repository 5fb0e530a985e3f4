"""Who am I: the provider's key and a subscriber's session, through AWS's own clients."""

import json
import stat

import boto3
import pytest

from exchange import PROVIDER

ROLE = "assumed-role/data-subscriber"


def arn_of(caller):
    if caller.account == PROVIDER:
        return f"arn:aws:iam::{PROVIDER}:user/bourse-admin"
    return f"arn:aws:sts::{caller.account}:{ROLE}/bourse-"


def test_the_cli_is_told_who_it_is(caller):
    result = caller.aws("sts", "get-caller-identity")
    assert result.status == 0, result
    assert result.json["Account"] == caller.account
    assert result.json["Arn"].startswith(arn_of(caller))


def test_boto3_is_told_who_it_is(caller):
    identity = caller.client("sts").get_caller_identity()
    assert identity["Account"] == caller.account
    assert identity["Arn"].startswith(arn_of(caller))
    assert identity["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_a_subscriber_has_an_hour_and_no_secret_but_its_own_key(subscriber):
    process = subscriber.bourse("credentials", "--profile", subscriber.profile)
    assert process.status == 0, process
    assert process.json["Version"] == 1
    assert process.json["AccessKeyId"].startswith("ASIA")
    config = (subscriber.home / "aws-config").read_text()
    assert "credential_process" in config and "secret" not in config
    key = subscriber.home / "bourse" / subscriber.profile / "private-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_administrators_key_is_its_owners_alone(exchange):
    credentials = exchange.data / "admin.credentials"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(exchange.data.stat().st_mode) == 0o700


def test_the_trail_says_who_asked(exchange, caller):
    identity = caller.client("sts").get_caller_identity()
    request = identity["ResponseMetadata"]["RequestId"]
    record, = [record for record in exchange.trail if record.get("requestID") == request]
    assert record["eventName"] == "GetCallerIdentity"
    assert record["userIdentity"]["arn"] == identity["Arn"]
    assert record["userIdentity"]["accountId"] == caller.account
    assert "errorCode" not in record


@pytest.mark.parametrize("account", ["12345678901", "1234567890123", "12345678901a", "111111111111"])
def test_an_account_that_cannot_be_is_refused(provider, account):
    result = provider.bourse("account", "add", account, "--name", "Nobody")
    assert result.status != 0, result
    assert "Traceback" not in result.err and result.err.count("\n") == 1, result


def test_a_roles_id_is_the_one_that_iam_says(exchange, provider):
    iam = provider.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": PROVIDER}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="plain", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    session = provider.client("sts").assume_role(
        RoleArn=role["Arn"], RoleSessionName="me",
        Policy='{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}')
    assert session["AssumedRoleUser"]["AssumedRoleId"] == role["RoleId"] + ":me"
    keys = session["Credentials"]
    # A role that may do nothing at all is told who it is.
    identity = boto3.client(
        "sts", endpoint_url=exchange.endpoint, region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"]).get_caller_identity()
    assert identity["UserId"] == role["RoleId"] + ":me"
