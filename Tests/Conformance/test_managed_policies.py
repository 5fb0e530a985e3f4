"""Policies that stand by themselves, and the administrator's own sessions."""

import json

import pytest

from exchange import PROVIDER
from s3 import ONCE, make_bucket, refused
from test_policies import DENIED, allow, session, trust

ARN = f"arn:aws:iam::{PROVIDER}:policy/readers"


@pytest.fixture
def iam(provider):
    return provider.client("iam", config=ONCE)


def bucket_with_one_object(provider):
    s3 = provider.client("s3")
    make_bucket(s3, "lake")
    s3.put_object(Bucket="lake", Key="k", Body=b"x")


def test_a_policy_is_in_force_for_the_roles_that_it_is_attached_to(own_exchange):
    provider = own_exchange.provider
    iam = provider.client("iam", config=ONCE)
    bucket_with_one_object(provider)
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(PROVIDER))["Role"]
    policy = iam.create_policy(
        PolicyName="readers", PolicyDocument=allow("s3:GetObject"), Description="reads")["Policy"]
    assert (policy["Arn"], policy["DefaultVersionId"], policy["AttachmentCount"]) == (ARN, "v1", 0)
    s3 = session(own_exchange, provider.client("sts").assume_role(
        RoleArn=role["Arn"], RoleSessionName="me"), "s3")
    assert refused(s3.get_object, Bucket="lake", Key="k") == DENIED
    for _ in range(2):
        iam.attach_role_policy(RoleName="reader", PolicyArn=ARN)
    assert iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"] == [
        {"PolicyName": "readers", "PolicyArn": ARN}]
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"x"
    # A newer version is in force once it is the default one.
    second = iam.create_policy_version(PolicyArn=ARN, PolicyDocument=allow("s3:PutObject"))
    assert second["PolicyVersion"]["VersionId"] == "v2"
    s3.get_object(Bucket="lake", Key="k")
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v2")
    assert refused(s3.get_object, Bucket="lake", Key="k") == DENIED
    s3.put_object(Bucket="lake", Key="k", Body=b"y")
    own_exchange.kill()
    own_exchange.serve()
    s3.put_object(Bucket="lake", Key="k", Body=b"z")
    iam.update_role(RoleName="reader", Description="still attached")
    s3.put_object(Bucket="lake", Key="k", Body=b"z")
    got = iam.get_policy(PolicyArn=ARN)["Policy"]
    assert (got["DefaultVersionId"], got["AttachmentCount"]) == ("v2", 1)
    assert iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"][0]["Arn"] == ARN
    iam.detach_role_policy(RoleName="reader", PolicyArn=ARN)
    assert refused(s3.put_object, Bucket="lake", Key="k", Body=b"y") == DENIED


def test_an_explicit_denial_of_one_wins_over_the_roles_own(exchange, provider, iam):
    bucket_with_one_object(provider)
    role = iam.create_role(RoleName="denied", AssumeRolePolicyDocument=trust(PROVIDER))["Role"]
    iam.put_role_policy(RoleName="denied", PolicyName="all", PolicyDocument=allow("s3:*"))
    no = json.loads(allow("s3:GetObject"))
    no["Statement"][0]["Effect"] = "Deny"
    arn = iam.create_policy(PolicyName="no", PolicyDocument=json.dumps(no))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="denied", PolicyArn=arn)
    s3 = session(exchange, provider.client("sts").assume_role(
        RoleArn=role["Arn"], RoleSessionName="me"), "s3")
    assert refused(s3.get_object, Bucket="lake", Key="k") == DENIED
    s3.put_object(Bucket="lake", Key="k", Body=b"y")
    assert refused(iam.delete_policy, PolicyArn=arn) == (409, "DeleteConflict")
    iam.delete_role_policy(RoleName="denied", PolicyName="all")
    assert refused(iam.delete_role, RoleName="denied") == (409, "DeleteConflict")
    iam.detach_role_policy(RoleName="denied", PolicyArn=arn)
    assert refused(iam.detach_role_policy, RoleName="denied", PolicyArn=arn) == (404, "NoSuchEntity")
    iam.delete_role(RoleName="denied")
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn) == (404, "NoSuchEntity")


def test_versions_in_terraforms_steps(iam):
    first, second = allow("s3:GetObject"), allow("s3:*")
    arn = iam.create_policy(PolicyName="versioned", PolicyDocument=first)["Policy"]["Arn"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(first) and version["IsDefaultVersion"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=second, SetAsDefault=True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert [
        (version["VersionId"], version["IsDefaultVersion"])
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]
    ] == [("v2", True), ("v1", False)]
    assert refused(iam.delete_policy, PolicyArn=arn) == (409, "DeleteConflict")
    assert refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == (409, "DeleteConflict")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    assert refused(iam.get_policy_version, PolicyArn=arn, VersionId="v1") == (404, "NoSuchEntity")
    # A number is not used twice.
    assert iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=first)["PolicyVersion"]["VersionId"] == "v3"
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=first)
    assert refused(
        iam.create_policy_version, PolicyArn=arn, PolicyDocument=first) == (409, "LimitExceeded")


def test_the_cli_makes_one(provider):
    made = provider.aws(
        "iam", "create-policy", "--policy-name", "by-cli", "--policy-document", allow("s3:GetObject"))
    assert made.status == 0, made
    listed = provider.aws("iam", "list-policies", "--scope", "Local")
    assert "by-cli" in [policy["PolicyName"] for policy in listed.json["Policies"]], listed


@pytest.mark.parametrize("name,document,code", [
    ("by-cli-2", "{", "MalformedPolicyDocument"),
    ("by-cli-2", trust(PROVIDER), "MalformedPolicyDocument"),
    ("by-cli-2", allow("s3:GetObject", resource=["x" * 100] * 70), "LimitExceeded"),
    ("a b", allow("s3:GetObject"), "ValidationError")])
def test_a_policy_that_cannot_be(iam, name, document, code):
    assert refused(iam.create_policy, PolicyName=name, PolicyDocument=document)[1] == code


def test_policies_of_others_and_of_awss_cannot_be_attached(iam):
    iam.create_role(RoleName="plain", AssumeRolePolicyDocument=trust(PROVIDER))
    for arn in ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::222222222222:policy/readers",
                "words and more words and more"]:
        assert refused(
            iam.attach_role_policy, RoleName="plain", PolicyArn=arn) == (404, "NoSuchEntity")
    assert refused(iam.attach_role_policy, RoleName="data-publisher", PolicyArn=ARN) == (
        400, "UnmodifiableEntity")
    iam.create_policy(PolicyName="once", PolicyDocument=allow("s3:*"))
    assert refused(iam.create_policy, PolicyName="once", PolicyDocument=allow("s3:*")) == (
        409, "EntityAlreadyExists")


# The administrator's own sessions


def test_the_administrator_lends_its_rights_for_a_while(exchange, provider, subscriber):
    sts = provider.client("sts", config=ONCE)
    own = session(exchange, sts.get_session_token(DurationSeconds=900), "sts")
    identity = own.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{PROVIDER}:user/bourse-admin"
    assert refused(own.get_session_token) == DENIED
    assert refused(sts.get_session_token, DurationSeconds=129_601)[1] == "ValidationError"
    answer = own.assume_role(
        RoleArn=f"arn:aws:iam::{PROVIDER}:role/finance", RoleSessionName="me")
    assert "finance" in session(exchange, answer, "sts").get_caller_identity()["Arn"]
    assert refused(subscriber.client("sts", config=ONCE).get_session_token) == DENIED


def test_whose_a_key_is_its_own_account_is_told(provider, subscriber, iam):
    keys = iam.list_access_keys()["AccessKeyMetadata"]
    assert [(key["UserName"], key["Status"]) for key in keys] == [("bourse-admin", "Active")]
    sts, key = provider.client("sts", config=ONCE), keys[0]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == PROVIDER
    other = subscriber.client("sts", config=ONCE)
    assert refused(other.get_access_key_info, AccessKeyId=key) == DENIED
    assert refused(iam.list_access_keys, UserName="nobody") == (404, "NoSuchEntity")
