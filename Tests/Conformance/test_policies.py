"""Whom a bucket lets in: policies on buckets, roles and sessions, as AWS's own clients set them."""

import json

import boto3
import botocore.exceptions
import pytest

from exchange import PROVIDER, REGION
from s3 import ONCE, refused

SUBSCRIBER = "222222222222"
DENIED = (403, "AccessDenied")


@pytest.fixture(scope="module")
def iam(provider):
    return provider.client("iam", config=ONCE)


@pytest.fixture(scope="module")
def sts(provider):
    return provider.client("sts", config=ONCE)


@pytest.fixture
def reader(subscriber):
    return subscriber.client("s3", config=ONCE)


def statement(bucket, effect="Allow", actions=("s3:GetObject",), keys="*", **others):
    return {
        "Effect": effect, "Principal": {"AWS": f"arn:aws:iam::{SUBSCRIBER}:root"},
        "Action": list(actions), "Resource": f"arn:aws:s3:::{bucket}/{keys}"} | others


def set_policy(s3, bucket, *statements):
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def session(exchange, answer, service, **options):
    """A client with the credentials of an answer of STS."""
    keys = answer["Credentials"]
    return boto3.client(
        service, endpoint_url=exchange.endpoint, region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"], config=ONCE, **options)


# Buckets


def test_another_account_is_let_in_as_far_as_the_policy_says(s3, reader, own_bucket):
    for key in ["gold/a", "gold/b", "silver/a"]:
        s3.put_object(Bucket=own_bucket, Key=key, Body=key.encode())
    assert refused(reader.get_object, Bucket=own_bucket, Key="gold/a") == DENIED
    set_policy(s3, own_bucket, statement(own_bucket, keys="gold/*"))
    assert reader.get_object(Bucket=own_bucket, Key="gold/a")["Body"].read() == b"gold/a"
    assert reader.head_object(Bucket=own_bucket, Key="gold/b")["ContentLength"] == 6
    assert refused(reader.get_object, Bucket=own_bucket, Key="silver/a") == DENIED
    assert refused(reader.put_object, Bucket=own_bucket, Key="gold/a", Body=b"x") == DENIED
    assert refused(reader.delete_object, Bucket=own_bucket, Key="gold/a") == DENIED
    assert refused(reader.list_objects_v2, Bucket=own_bucket) == DENIED
    s3.delete_bucket_policy(Bucket=own_bucket)
    assert refused(reader.get_object, Bucket=own_bucket, Key="gold/a") == DENIED


def test_a_list_is_let_in_by_its_prefix(s3, reader, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="gold/a", Body=b"x")
    allowed = statement(own_bucket, actions=["s3:ListBucket"]) | {
        "Resource": f"arn:aws:s3:::{own_bucket}",
        "Condition": {"StringLike": {"s3:prefix": ["gold/*"]}}}
    set_policy(s3, own_bucket, allowed)
    listed = reader.list_objects_v2(Bucket=own_bucket, Prefix="gold/")["Contents"]
    assert [found["Key"] for found in listed] == ["gold/a"]
    assert refused(reader.list_objects_v2, Bucket=own_bucket) == DENIED
    assert refused(reader.list_objects_v2, Bucket=own_bucket, Prefix="go") == DENIED
    assert refused(reader.list_objects, Bucket=own_bucket, Prefix="silver/") == DENIED


def test_a_denial_counts_for_the_owner_too(s3, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="kept", Body=b"x")
    set_policy(
        s3, own_bucket,
        statement(own_bucket, effect="Deny", actions=["s3:DeleteObject"]) | {"Principal": "*"})
    assert refused(s3.delete_object, Bucket=own_bucket, Key="kept") == DENIED
    answer = refused(
        s3.delete_objects, Bucket=own_bucket, Delete={"Objects": [{"Key": "kept"}]})
    assert answer == DENIED
    assert s3.get_object(Bucket=own_bucket, Key="kept")["Body"].read() == b"x"


def test_of_several_objects_those_go_that_may(s3, own_bucket):
    for key in ["mine/a", "yours/a"]:
        s3.put_object(Bucket=own_bucket, Key=key, Body=b"x")
    set_policy(
        s3, own_bucket, statement(
            own_bucket, effect="Deny", actions=["s3:DeleteObject"], keys="yours/*")
        | {"Principal": "*"})
    answer = s3.delete_objects(
        Bucket=own_bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "yours/a"}]})
    assert [found["Key"] for found in answer["Deleted"]] == ["mine/a"]
    assert [(found["Key"], found["Code"]) for found in answer["Errors"]] == [
        ("yours/a", "AccessDenied")]
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=own_bucket)["Contents"]] == [
        "yours/a"]


@pytest.mark.parametrize("condition,is_let_in", [
    ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ({"NotIpAddress": {"aws:SourceIp": "127.0.0.1/32"}}, False),
    ({"Bool": {"aws:SecureTransport": "true"}}, False),
    ({"Bool": {"aws:SecureTransport": "false"}}, True),
    ({"DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}}, False),
    ({"StringEquals": {"aws:PrincipalAccount": SUBSCRIBER}}, True),
    ({"StringEquals": {"aws:PrincipalAccount": "333333333333"}}, False),
    ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{SUBSCRIBER}:role/data-*"}}, True),
    ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{SUBSCRIBER}:role/other"}}, False),
    ({"StringEquals": {"aws:RequestedRegion": REGION}}, True),
])
def test_conditions(s3, reader, own_bucket, condition, is_let_in):
    s3.put_object(Bucket=own_bucket, Key="k", Body=b"x")
    set_policy(s3, own_bucket, statement(own_bucket, Condition=condition))
    if is_let_in:
        assert reader.get_object(Bucket=own_bucket, Key="k")["Body"].read() == b"x"
    else:
        assert refused(reader.get_object, Bucket=own_bucket, Key="k") == DENIED


def test_a_copy_needs_both_ends(s3, reader, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"secret")
    s3.put_object(Bucket=own_bucket, Key="b", Body=b"shared")
    reader.create_bucket(Bucket="of-the-copier")
    set_policy(s3, own_bucket, statement(own_bucket, keys="b"))
    source = {"Bucket": own_bucket, "Key": "a"}
    assert refused(reader.copy_object, Bucket="of-the-copier", Key="c", CopySource=source) == DENIED
    upload = reader.create_multipart_upload(Bucket="of-the-copier", Key="c")["UploadId"]
    assert refused(
        reader.upload_part_copy, Bucket="of-the-copier", Key="c", UploadId=upload, PartNumber=1,
        CopySource=source) == DENIED
    reader.copy_object(
        Bucket="of-the-copier", Key="c", CopySource={"Bucket": own_bucket, "Key": "b"})
    assert reader.get_object(Bucket="of-the-copier", Key="c")["Body"].read() == b"shared"


@pytest.mark.parametrize("wrong,word", [
    ({"Condition": {"StringMatches": {"aws:SourceIp": "x"}}}, "StringMatches"),
    ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, "aws:PrincipalOrgID"),
    ({"Condition": {"IpAddress": {"aws:SourceIp": "nowhere"}}}, "nowhere"),
    ({"Resource": "arn:aws:s3:::another-bucket/*"}, "resource"),
    ({"Effect": "Maybe"}, "Effect"), ({"Actions": "s3:GetObject"}, "Actions"),
])
def test_a_policy_that_would_be_understood_in_part_is_refused_whole(s3, own_bucket, wrong, word):
    policy = {"Version": "2012-10-17", "Statement": [statement(own_bucket) | wrong]}
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        s3.put_bucket_policy(Bucket=own_bucket, Policy=json.dumps(policy))
    assert caught.value.response["Error"]["Code"] == "MalformedPolicy"
    assert word in caught.value.response["Error"]["Message"]
    assert refused(s3.get_bucket_policy, Bucket=own_bucket) == (404, "NoSuchBucketPolicy")


def test_a_policy_outlives_the_exchange(own_exchange):
    s3 = own_exchange.provider.client("s3", config=ONCE)
    s3.create_bucket(Bucket="closed")
    s3.put_object(Bucket="closed", Key="k", Body=b"x")
    set_policy(s3, "closed", statement("closed", effect="Deny") | {"Principal": "*"})
    own_exchange.kill()
    own_exchange.serve()
    s3 = own_exchange.provider.client("s3", config=ONCE)
    assert refused(s3.get_object, Bucket="closed", Key="k") == DENIED


# Roles


def trust(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]})


def allow(*actions, resource="*"):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource}]})


def test_a_role_with_the_cli(provider, exchange, own_bucket):
    def iam(*arguments):
        return provider.aws("iam", *arguments, "--endpoint-url", exchange.endpoint)

    made = iam(
        "create-role", "--role-name", "analyst", "--assume-role-policy-document", trust(PROVIDER),
        "--description", "reads one bucket")
    assert made.status == 0, made
    role = made.json["Role"]
    assert role["Arn"] == f"arn:aws:iam::{PROVIDER}:role/analyst"
    assert role["AssumeRolePolicyDocument"] == json.loads(trust(PROVIDER))
    assert iam("create-role", "--role-name", "analyst", "--assume-role-policy-document",
               trust(PROVIDER)).err.count("EntityAlreadyExists") == 1
    policy = allow("s3:GetObject", resource=f"arn:aws:s3:::{own_bucket}/*")
    assert iam("put-role-policy", "--role-name", "analyst", "--policy-name", "read",
               "--policy-document", policy).status == 0
    assert iam("list-role-policies", "--role-name", "analyst").json["PolicyNames"] == ["read"]
    got = iam("get-role-policy", "--role-name", "analyst", "--policy-name", "read")
    assert got.json["PolicyDocument"] == json.loads(policy)
    assert iam("get-role", "--role-name", "analyst").json["Role"]["Description"] == "reads one bucket"
    assert "analyst" in [found["RoleName"] for found in iam("list-roles").json["Roles"]]
    assert "DeleteConflict" in iam("delete-role", "--role-name", "analyst").err
    assert iam("delete-role-policy", "--role-name", "analyst", "--policy-name", "read").status == 0
    assert iam("delete-role", "--role-name", "analyst").status == 0
    assert "NoSuchEntity" in iam("get-role", "--role-name", "analyst").err


@pytest.fixture
def role(iam):
    """A role of the provider's whom a test trusts to nobody yet, and its name."""
    iam.create_role(RoleName="partner", AssumeRolePolicyDocument=trust(PROVIDER))
    yield "partner"
    for name in iam.list_role_policies(RoleName="partner")["PolicyNames"]:
        iam.delete_role_policy(RoleName="partner", PolicyName=name)
    iam.delete_role(RoleName="partner")


def test_a_session_may_what_its_role_may_and_its_own_policy_allows(
        exchange, s3, iam, sts, role, own_bucket):
    for key in ["a/1", "b/1"]:
        s3.put_object(Bucket=own_bucket, Key=key, Body=key.encode())
    arn = f"arn:aws:iam::{PROVIDER}:role/{role}"
    iam.put_role_policy(
        RoleName=role, PolicyName="read",
        PolicyDocument=allow("s3:GetObject", resource=f"arn:aws:s3:::{own_bucket}/*"))
    whole = sts.assume_role(RoleArn=arn, RoleSessionName="whole")
    assert whole["AssumedRoleUser"]["Arn"] == (
        f"arn:aws:sts::{PROVIDER}:assumed-role/{role}/whole")
    part = sts.assume_role(
        RoleArn=arn, RoleSessionName="part",
        Policy=allow("s3:*", resource=f"arn:aws:s3:::{own_bucket}/a/*"))
    reader, narrow = session(exchange, whole, "s3"), session(exchange, part, "s3")
    assert reader.get_object(Bucket=own_bucket, Key="b/1")["Body"].read() == b"b/1"
    assert refused(reader.put_object, Bucket=own_bucket, Key="b/1", Body=b"x") == DENIED
    assert narrow.get_object(Bucket=own_bucket, Key="a/1")["Body"].read() == b"a/1"
    assert refused(narrow.get_object, Bucket=own_bucket, Key="b/1") == DENIED
    assert refused(narrow.put_object, Bucket=own_bucket, Key="a/1", Body=b"x") == DENIED
    # In force from the next request on, in sessions that are open.
    iam.delete_role_policy(RoleName=role, PolicyName="read")
    assert refused(reader.get_object, Bucket=own_bucket, Key="b/1") == DENIED


def test_another_account_opens_a_session_only_if_it_is_trusted(
        exchange, subscriber, s3, iam, role, own_bucket):
    s3.put_object(Bucket=own_bucket, Key="k", Body=b"shared")
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=allow("s3:GetObject"))
    arn = f"arn:aws:iam::{PROVIDER}:role/{role}"
    sts = subscriber.client("sts", config=ONCE)
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="in") == DENIED
    iam.update_assume_role_policy(
        RoleName=role, PolicyDocument=trust(f"arn:aws:iam::{SUBSCRIBER}:role/data-subscriber"))
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="in")
    reader = session(exchange, answer, "s3")
    assert reader.get_object(Bucket=own_bucket, Key="k")["Body"].read() == b"shared"
    assert refused(sts.assume_role, RoleArn=arn + "x", RoleSessionName="in") == DENIED
    for name in ["data-publisher", "compliance", "finance", "data-subscriber", "bourse-marketplace"]:
        for account in [PROVIDER, SUBSCRIBER]:
            other = f"arn:aws:iam::{account}:role/{name}"
            assert refused(sts.assume_role, RoleArn=other, RoleSessionName="in") == DENIED, other
    # A denial of the role must not miss it.
    for other in [arn.replace("arn:aws:", "arn:x:"), arn.replace("iam::", "iam:eu-west-1:")]:
        assert refused(sts.assume_role, RoleArn=other, RoleSessionName="in")[0] in (400, 403), other
    # A session that was opened from another one lasts an hour at most.
    assert refused(
        sts.assume_role, RoleArn=arn, RoleSessionName="in", DurationSeconds=3601
    ) == (400, "ValidationError")


def test_a_cut_off_ends_sessions_that_were_opened_from_sessions(own_exchange):
    subscriber = own_exchange.subscriber(SUBSCRIBER)
    iam = own_exchange.provider.client("iam")
    arn = f"arn:aws:iam::{PROVIDER}:role/partner"
    iam.create_role(
        RoleName="partner", AssumeRolePolicyDocument=trust([f"arn:aws:iam::{SUBSCRIBER}:root", arn]))
    iam.put_role_policy(
        RoleName="partner", PolicyName="again",
        PolicyDocument=allow("sts:AssumeRole", "sts:GetCallerIdentity"))
    first = subscriber.client("sts").assume_role(RoleArn=arn, RoleSessionName="first")
    second = session(own_exchange, first, "sts").assume_role(RoleArn=arn, RoleSessionName="second")
    last = session(own_exchange, second, "sts")
    assert last.get_caller_identity()["Arn"].endswith("partner/second")
    assert own_exchange.provider.bourse("cutoff", SUBSCRIBER).status == 0
    for lifted in [False, True]:
        if lifted:
            assert own_exchange.provider.bourse("cutoff", SUBSCRIBER, "--lift").status == 0
        assert refused(last.get_caller_identity)[1] == "ExpiredToken"
        assert refused(last.assume_role, RoleArn=arn, RoleSessionName="third")[1] == "ExpiredToken"


@pytest.mark.parametrize("name,may,may_not", [
    ("data-publisher", [("s3", "list_buckets")], [("iam", "list_roles")]),
    ("compliance", [("iam", "list_roles"), ("glue", "get_databases")],
     [("s3", "create_bucket", {"Bucket": "of-compliance"})]),
    ("finance", [("dataexchange", "list_data_sets")],
     [("iam", "list_roles"), ("glue", "get_databases"), ("s3", "list_buckets")]),
])
def test_the_providers_people_have_roles_of_their_own(exchange, sts, name, may, may_not):
    answer = sts.assume_role(
        RoleArn=f"arn:aws:iam::{PROVIDER}:role/{name}", RoleSessionName="someone")
    for service, call in may:
        getattr(session(exchange, answer, service), call)()
    for service, call, *parameters in may_not:
        status, code = refused(
            getattr(session(exchange, answer, service), call), **(parameters or [{}])[0])
        assert code in ["AccessDenied", "AccessDeniedException"], (service, call)


def test_a_role_of_the_exchanges_own_stays_as_it_is(iam):
    for call, parameters in [
        (iam.put_role_policy, {"PolicyName": "more", "PolicyDocument": allow("*")}),
        (iam.update_assume_role_policy, {"PolicyDocument": trust("*")}),
        (iam.delete_role, {}),
    ]:
        assert refused(call, RoleName="finance", **parameters) == (400, "UnmodifiableEntity")
    assert refused(
        iam.create_role, RoleName="finance", AssumeRolePolicyDocument=trust(PROVIDER)
    ) == (409, "EntityAlreadyExists")


@pytest.mark.parametrize("document", ["", "{", allow("s3:*"), trust("nobody")])
def test_a_trust_policy_that_is_none(iam, document):
    status, code = refused(
        iam.create_role, RoleName="never", AssumeRolePolicyDocument=document or "x")
    assert (status, code) == (400, "MalformedPolicyDocument")


def test_a_subscriber_has_no_roles_to_make(subscriber):
    iam = subscriber.client("iam", config=ONCE)
    assert refused(
        iam.create_role, RoleName="mine", AssumeRolePolicyDocument=trust("*")) == DENIED
