"""OpenID Connect issuers: a subscriber's, enrolled with a code, and the provider's own, by IAM."""

import json
import time

import boto3
import botocore
import pytest

from exchange import Exchange, Machine
from issuer import ES256, ROLE, RS256, Issuer, assume
from s3 import ONCE, refused

ACCOUNT = "222222222222"
SUBJECT = "repo:acme/etl:*"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    issuer = Issuer(tmp_path_factory.mktemp("issuer"))
    yield issuer
    issuer.close()


def trusting(home, issuer):
    """An exchange on a machine that trusts the issuer's certificate."""
    exchange = Exchange(home).init()
    exchange.environment["SSL_CERT_FILE"] = str(issuer.certificate)
    return exchange.serve()


@pytest.fixture(scope="module")
def exchange(tmp_path_factory, issuer):
    exchange = trusting(tmp_path_factory.mktemp("exchange"), issuer)
    yield exchange
    exchange.stop()


@pytest.fixture
def own_exchange(tmp_path, issuer):
    exchange = trusting(tmp_path, issuer)
    yield exchange
    exchange.stop()


def enrol(exchange, issuer, home, *options, code=None, url=None):
    """A machine whose tokens another program writes, and what enrolling its issuer came to."""
    machine = Machine(home, "pipeline", ACCOUNT, exchange.endpoint)
    result = machine.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", code or exchange.add_account(ACCOUNT),
        "--profile", "pipeline", "--issuer", url or issuer.url, "--token-file", home / "token",
        *(options or ("--subject", SUBJECT)))
    return machine, result


@pytest.fixture(scope="module")
def pipeline(exchange, issuer, tmp_path_factory):
    machine, result = enrol(exchange, issuer, tmp_path_factory.mktemp("pipeline"))
    assert result.status == 0, result
    return machine


def session(exchange, token, role=ROLE):
    """A client with the session that the token opens."""
    sts = boto3.client(
        "sts", endpoint_url=exchange.endpoint, region_name="us-east-1",
        config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    keys = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="run-7", WebIdentityToken=token)["Credentials"]
    return boto3.client(
        "s3", endpoint_url=exchange.endpoint, region_name="us-east-1", config=ONCE,
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"])


def test_awss_tools_find_the_token_by_themselves(pipeline, issuer):
    for key in issuer.keys:
        (pipeline.home / "token").write_text(issuer.token(key))
        identity = pipeline.aws("sts", "get-caller-identity")
        assert identity.status == 0, identity
        assert identity.json["Arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/data-subscriber/")
    assert pipeline.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert "secret" not in (pipeline.home / "aws-config").read_text()


def test_a_token_is_used_for_as_long_as_it_lives(exchange, issuer, pipeline):
    token = issuer.token()
    assert [assume(exchange, token).status for _ in range(2)] == [200, 200]


def test_the_trail_says_whose_token_it_was(exchange, issuer, pipeline):
    answer = assume(exchange, issuer.token(), name="run-9")
    assert answer.status == 200, answer
    record = [
        record for record in exchange.trail
        if record["eventName"] == "AssumeRoleWithWebIdentity"
        and "run-9" in json.dumps(record["requestParameters"])][-1]
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer.name}"
    assert record["userIdentity"] == {
        "type": "WebIdentityUser", "userName": "repo:acme/etl:ref:refs/heads/main",
        "principalId": f"{provider}:urn:bourse:111111111111:repo:acme/etl:ref:refs/heads/main",
        "identityProvider": provider}
    assert issuer.token().split(".")[0] not in json.dumps(record)


def soon(seconds):
    return int(time.time()) + seconds


TOKENS = {
    "of a key that the issuer does not publish": lambda one: one.token(RS256("rsa-1")),
    "of a curve's key that it does not publish": lambda one: one.token(ES256("ec-1")),
    "that names no key, where there are two": lambda one: one.token(header={"kid": None}),
    "that names a key that is not there": lambda one: one.token(header={"kid": "rsa-9"}),
    "that needs no signature": lambda one: one.token(header={"alg": "none"}),
    "signed with the public key as a secret": lambda one: one.token(header={"alg": "HS256"}),
    "of another algorithm": lambda one: one.token(header={"alg": "ES256"}),
    "for another audience": lambda one: one.token(aud="sts.amazonaws.com"),
    "for a client of another": lambda one: one.token(azp="another"),
    "for nobody": lambda one: one.token(aud=[]),
    "that lives for more than a day": lambda one: one.token(exp=soon(86_500)),
    "that begins in an hour": lambda one: one.token(iat=soon(3_600), exp=soon(7_200)),
    "that is not in force yet": lambda one: one.token(nbf=soon(3_600)),
    "of another issuer": lambda one: one.token(iss="https://login.example.com"),
    "of the issuer by another name": lambda one: one.token(iss=one.url + "/"),
    "of no issuer": lambda one: one.token(without=["iss"]),
    "of nobody": lambda one: one.token(without=["sub"]),
    "without an end": lambda one: one.token(without=["exp"]),
    "without a beginning": lambda one: one.token(without=["iat"]),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_refuses_a_token(exchange, issuer, pipeline, kind):
    answer = assume(exchange, TOKENS[kind](issuer))
    assert (answer.status, answer.code) == (400, "InvalidIdentityToken"), answer


def test_refuses_a_token_that_has_expired(exchange, issuer, pipeline):
    answer = assume(exchange, issuer.token(iat=soon(-600), exp=soon(-1)))
    assert (answer.status, answer.code) == (400, "ExpiredTokenException"), answer


@pytest.mark.parametrize("subject", [
    "repo:acme/etl", "repo:acme/etl2:ref:x", "repo:other/etl:x", "", "REPO:ACME/ETL:x", "x:repo:acme/etl:x"])
def test_refuses_another_subject(exchange, issuer, pipeline, subject):
    answer = assume(exchange, issuer.token(sub=subject))
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer


def test_refuses_another_role(exchange, issuer, pipeline):
    for role in ["made-up", "bourse-marketplace", "data-publisher"]:
        answer = assume(exchange, issuer.token(), f"arn:aws:iam::{ACCOUNT}:role/{role}")
        assert (answer.status, answer.code) == (403, "AccessDenied"), answer
    # An account that does not have the issuer does not look different from one that is not there.
    for account in ["111111111111", "999999999999"]:
        answer = assume(exchange, issuer.token(), f"arn:aws:iam::{account}:role/data-subscriber")
        assert (answer.status, answer.code) == (400, "InvalidIdentityToken"), answer


def test_strangers_do_not_make_it_ask_the_issuer_again_and_again(exchange, issuer, pipeline):
    assert assume(exchange, issuer.token()).status == 200
    before = issuer.asked
    for number in range(20):
        assume(exchange, issuer.token(header={"kid": f"made-up-{number}"}))
    assert issuer.asked <= before + 1


@pytest.mark.parametrize("instead", [
    ("/.well-known/openid-configuration", (404, {}, "")),
    ("/.well-known/openid-configuration", (200, {}, "words")),
    ("/.well-known/openid-configuration", (200, {}, '{"issuer":"https://a.example","jwks_uri":"x"}')),
    ("/keys", (302, {"Location": "https://127.0.0.1:1/keys"}, "")),
    ("/keys", (200, {}, '{"keys":[]}')),
    ("/keys", (200, {}, " " * 300_000)),
    ("/keys", (500, {}, "")),
], ids=lambda instead: f"{instead[0].rsplit('/', 1)[1]}-{instead[1][0]}-{len(instead[1][2])}")
def test_an_issuer_that_does_not_answer_as_it_should_uses_no_code(own_exchange, tmp_path, instead):
    issuer = Issuer(tmp_path)
    own_exchange.environment["SSL_CERT_FILE"] = str(issuer.certificate)
    own_exchange.restart()
    code = own_exchange.add_account(ACCOUNT)
    path, answer = instead
    issuer.instead = {path: answer}
    machine, result = enrol(own_exchange, issuer, tmp_path / "pipeline", code=code)
    assert result.status != 0 and "IDPCommunicationError" in result.err, result
    assert not (machine.home / "aws-config").exists()
    issuer.instead = {}
    _, result = enrol(own_exchange, issuer, tmp_path / "pipeline", code=code)
    assert result.status == 0, result
    issuer.close()


def test_a_certificate_that_the_machine_does_not_trust(own_exchange, issuer, tmp_path):
    del own_exchange.environment["SSL_CERT_FILE"]
    own_exchange.restart()
    _, result = enrol(own_exchange, issuer, tmp_path / "pipeline")
    assert result.status != 0 and "IDPCommunicationError" in result.err, result


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:1", "https://", "https://localhost", "https://a.example/?x=1", "ftp://a.example",
    "https://user@a.example", "https://a.example:port", "https://a.example/" + "x" * 255])
def test_an_issuer_that_cannot_be(exchange, issuer, tmp_path, url):
    _, result = enrol(exchange, issuer, tmp_path, url=url)
    assert result.status != 0 and "ValidationException" in result.err, result


@pytest.mark.parametrize("options,words", [
    (("--subject", "*"), "more than wildcards"), (("--subject", "?*"), "more than wildcards"),
    (("--subject", ""), "1 to 255 bytes"), (("--subject", "x", "--client-id", ""), "client ids"),
    (("--client-id", "x"), "--subject")])
def test_subjects_and_audiences_that_cannot_be(exchange, issuer, tmp_path, options, words):
    _, result = enrol(exchange, issuer, tmp_path, *options, url="https://login.example.com")
    assert result.status != 0 and words in result.err, result


def test_a_stranger_without_a_code_makes_it_ask_nobody(exchange, issuer, tmp_path, pipeline):
    before = issuer.asked
    _, result = enrol(exchange, issuer, tmp_path, code="AAAAA-AAAAA-AAAAA-AAAAA-AAAAA")
    assert result.status != 0 and "EnrolmentRefused" in result.err, result
    assert issuer.asked == before


def test_an_issuer_is_listed_and_taken_back_for_good(own_exchange, issuer, tmp_path):
    machine, result = enrol(
        own_exchange, issuer, tmp_path / "pipeline", "--subject", "svc", "--subject", "etl-*",
        "--client-id", "exchange")
    assert result.status == 0, result
    code = own_exchange.add_account(ACCOUNT)
    _, again = enrol(own_exchange, issuer, tmp_path / "pipeline", code=code)
    assert again.status != 0 and "already exists" in again.err, again
    own_exchange.kill()
    own_exchange.serve()
    provider = own_exchange.provider
    listed = provider.bourse("account", "keys", "list", ACCOUNT)
    assert issuer.url in listed.out and "svc etl-*" in listed.out, listed
    first = session(own_exchange, issuer.token(aud=["x", "exchange"], sub="etl-7"))
    first.list_buckets()
    revoked = provider.bourse("account", "keys", "revoke", ACCOUNT, issuer.url)
    assert revoked.status == 0, revoked
    assert refused(first.list_buckets) == (403, "InvalidAccessKeyId")
    assert assume(own_exchange, issuer.token(aud="exchange", sub="svc")).code == "InvalidIdentityToken"
    # Enrolled anew it opens sessions anew; those from before stay ended.
    _, result = enrol(own_exchange, issuer, tmp_path / "pipeline", code=code)
    assert result.status == 0, result
    assert refused(first.list_buckets) == (400, "ExpiredToken")
    session(own_exchange, issuer.token()).list_buckets()


def test_a_cut_off_ends_its_sessions(own_exchange, issuer, tmp_path):
    enrol(own_exchange, issuer, tmp_path / "pipeline")
    s3 = session(own_exchange, issuer.token())
    assert own_exchange.provider.bourse("cutoff", ACCOUNT).status == 0
    assert refused(s3.list_buckets)[0] in (400, 403)
    assert assume(own_exchange, issuer.token()).status == 403


# The provider's own people and programs, by IAM


def trust(issuer, **conditions):
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{issuer.name}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": conditions or {
                "StringEquals": {f"{issuer.name}:aud": "exchange"},
                "StringLike": {f"{issuer.name}:sub": "repo:nomura/publish:*"}}}]})


def test_a_pipeline_of_the_providers_publishes_without_a_key(own_exchange, issuer):
    provider = own_exchange.provider
    created = provider.aws(
        "iam", "create-open-id-connect-provider", "--url", issuer.url, "--client-id-list", "exchange")
    assert created.status == 0, created
    arn = created.json["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::111111111111:oidc-provider/{issuer.name}"
    role = provider.aws(
        "iam", "create-role", "--role-name", "publishing", "--assume-role-policy-document", trust(issuer))
    assert role.status == 0, role
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake/*"}
    assert provider.aws(
        "iam", "put-role-policy", "--role-name", "publishing", "--policy-name", "lake",
        "--policy-document", json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).status == 0
    provider.client("s3").create_bucket(Bucket="lake")
    publishing = "arn:aws:iam::111111111111:role/publishing"
    good = {"aud": "exchange", "sub": "repo:nomura/publish:main"}
    s3 = session(own_exchange, issuer.token(**good), publishing)
    s3.put_object(Bucket="lake", Key="k", Body=b"x")
    assert refused(s3.get_object, Bucket="lake", Key="k") == (403, "AccessDenied")
    for other in [{"sub": "repo:acme/etl:main"}, {"sub": ""}]:
        answer = assume(own_exchange, issuer.token(**good | other), publishing)
        assert (answer.status, answer.code) == (403, "AccessDenied"), answer
    assert assume(own_exchange, issuer.token(**good | {"aud": "x"}), publishing).status == 400
    long = assume(own_exchange, issuer.token(**good), publishing, DurationSeconds="7200")
    assert (long.status, long.code) == (400, "ValidationError"), long
    # The role made anew does not take over the sessions of the one before.
    iam = provider.client("iam")
    iam.delete_role_policy(RoleName="publishing", PolicyName="lake")
    iam.delete_role(RoleName="publishing")
    iam.create_role(RoleName="publishing", AssumeRolePolicyDocument=trust(issuer))
    iam.put_role_policy(
        RoleName="publishing", PolicyName="all", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [allowed | {"Action": "s3:*"}]}))
    assert refused(s3.put_object, Bucket="lake", Key="k", Body=b"y") == (403, "AccessDenied")
    renewed = session(own_exchange, issuer.token(**good), publishing)
    assert renewed.get_object(Bucket="lake", Key="k")["Body"].read() == b"x"
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused(renewed.get_object, Bucket="lake", Key="k") == (403, "InvalidAccessKeyId")


def test_an_issuer_in_terraforms_steps(exchange, issuer, provider):
    iam = provider.client("iam")
    url = "https://login.example.com/tenant"
    arn = "arn:aws:iam::111111111111:oidc-provider/login.example.com/tenant"
    first = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["a", "b", "a"], ThumbprintList=["0" * 40])
    assert first["OpenIDConnectProviderArn"] == arn
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_open_id_connect_provider(Url=url)
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=arn, ThumbprintList=["f" * 40])
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == (
        "login.example.com/tenant", ["b", "c"], ["f" * 40])
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.create_open_id_connect_provider(Url="http://login.example.com")


def test_a_condition_that_would_not_be_honoured_is_refused(exchange, issuer, provider):
    iam = provider.client("iam")
    for key in [f"{issuer.name}:email", "aws:sub", "s3:aud", "aws:PrincipalTag/x:sub", "a b.c:sub"]:
        with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
            iam.create_role(
                RoleName="never", AssumeRolePolicyDocument=trust(issuer, StringEquals={key: "x"}))


def test_subscribers_have_no_say_in_iam(exchange, issuer, pipeline):
    (pipeline.home / "token").write_text(issuer.token())
    result = pipeline.aws("iam", "create-open-id-connect-provider", "--url", "https://a.example")
    assert result.status != 0 and "AccessDenied" in result.err, result
