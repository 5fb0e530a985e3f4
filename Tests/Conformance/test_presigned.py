"""Presigned addresses: who has one may do what it says, for as long as it says, and nothing else."""

import functools
import hashlib
import urllib.parse

import pytest
from botocore.config import Config

from s3 import MIB, ONCE, fetch, make_bucket, read, refused

# Version 2 is what the CLI and boto3 sign with in us-east-1, unless they are told otherwise.
VERSIONS = {"as it comes": "Signature", "s3v4": "X-Amz-Signature"}
CONFIGURATIONS = {"as it comes": ONCE, "s3v4": ONCE.merge(Config(signature_version="s3v4"))}
CONTENT = b"0123456789"
KEY = "a b+c/ü & 100%25.txt"


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def callers_bucket(caller, exchange):
    """The caller's, with an object under `KEY` and another beside it."""
    name, s3 = f"presigned-{caller.account}", client(caller)
    make_bucket(s3, name)
    for key in [KEY, "b" + KEY[1:]]:
        s3.put_object(Bucket=name, Key=key, Body=CONTENT, ContentType="text/plain")
    return name


@pytest.fixture
def address(caller, callers_bucket, version):
    """For a GET of the object."""
    return presign(caller, version, "get_object", Bucket=callers_bucket, Key=KEY)


@functools.cache
def client(machine, version="as it comes"):
    """One for each machine, since a subscriber's opens a session."""
    return machine.client("s3", config=CONFIGURATIONS[version])


def presign(machine, version, operation, seconds=3600, **parameters):
    url = client(machine, version).generate_presigned_url(
        operation, Params=parameters, ExpiresIn=seconds)
    assert VERSIONS[version] in query(url)
    return url


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def with_query(url, **parameters):
    parts = urllib.parse.urlsplit(url)
    changed = urllib.parse.urlencode(query(url) | parameters, quote_via=urllib.parse.quote)
    return parts._replace(query=changed).geturl()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cli_presigns_and_anyone_fetches(exchange, provider, bucket, version, tmp_path):
    provider.client("s3").put_object(Bucket=bucket, Key=KEY, Body=CONTENT)
    machine = exchange.provider
    (tmp_path / "config").write_text(f"[profile {machine.profile}]\n" + (
        "s3 =\n    signature_version = s3v4\n" if version == "s3v4" else ""))
    machine.environment["AWS_CONFIG_FILE"] = str(tmp_path / "config")
    result = machine.aws("s3", "presign", f"s3://{bucket}/{KEY}")
    assert result.status == 0 and VERSIONS[version] in query(result.out.strip()), result
    answer = fetch(exchange, result.out.strip())
    assert (answer.status, answer.body) == (200, CONTENT), answer


def test_an_object_is_fetched_whole_and_in_ranges(exchange, address):
    whole = fetch(exchange, address)
    assert (whole.status, whole.body) == (200, CONTENT), whole
    assert whole.headers["ETag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    part = fetch(exchange, address, headers={"Range": "bytes=2-4"})
    assert (part.status, part.body) == (206, CONTENT[2:5]), part
    assert part.headers["Content-Range"] == "bytes 2-4/10"


def test_encoded_another_way_it_is_the_same_address(exchange, address):
    """Clients on the way write a slash in the query as it is."""
    parts = urllib.parse.urlsplit(address)
    loose = parts._replace(query=parts.query.replace("%2F", "/")).geturl()
    assert fetch(exchange, loose).body == CONTENT


def test_another_method_is_refused(exchange, caller, callers_bucket, address):
    head = fetch(exchange, address, "HEAD")
    assert (head.status, head.body) == (403, b"")
    for method in ["PUT", "DELETE"]:
        answer = fetch(exchange, address, method)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer
    assert read(client(caller), callers_bucket, KEY) == CONTENT


def test_a_byte_of_the_address_changed_is_refused(exchange, address):
    assert fetch(exchange, address.replace("/a%20b", "/b%20b")).code == "SignatureDoesNotMatch"
    for name, value in query(address).items():
        first = "2" if value[0] == "1" else "1"
        answer = fetch(exchange, with_query(address, **{name: first + value[1:]}))
        assert answer.status in (400, 403) and CONTENT not in answer.body, (name, answer)
    for name in query(address):
        parts = urllib.parse.urlsplit(address)
        pairs = [pair for pair in parts.query.split("&") if not pair.startswith(name + "=")]
        answer = fetch(exchange, parts._replace(query="&".join(pairs)).geturl())
        assert answer.status in (400, 403) and CONTENT not in answer.body, (name, answer)


@pytest.mark.parametrize("name,value", [
    ("response-content-type", "text/html"), ("versionId", "1"), ("acl", "")])
def test_what_was_not_signed_cannot_be_asked_for(exchange, address, name, value):
    answer = fetch(exchange, with_query(address, **{name: value}))
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer


def test_the_headers_of_the_answer_are_the_signers_to_choose(
        exchange, caller, callers_bucket, version):
    url = presign(
        caller, version, "get_object", Bucket=callers_bucket, Key=KEY,
        ResponseContentType="application/x-nav",
        ResponseContentDisposition='attachment; filename="a b.txt"')
    answer = fetch(exchange, url)
    assert (answer.status, answer.body) == (200, CONTENT), answer
    assert answer.headers["Content-Type"] == "application/x-nav"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a b.txt"'


def test_a_list_and_a_sub_resource_are_presigned_too(exchange, caller, callers_bucket, version):
    listed = fetch(exchange, presign(
        caller, version, "list_objects_v2", Bucket=callers_bucket, Prefix="a b+", Delimiter="/"))
    assert listed.status == 200 and b"<Prefix>a%20b%2Bc/</Prefix>" in listed.body, listed
    location = fetch(exchange, presign(caller, version, "get_bucket_location", Bucket=callers_bucket))
    assert location.status == 200 and b"<LocationConstraint" in location.body, location


def test_an_object_is_put_with_an_address(exchange, caller, callers_bucket, version):
    url = presign(
        caller, version, "put_object", Bucket=callers_bucket, Key=version, ContentType="text/x-nav")
    content = bytes(range(256)) * 4096
    assert len(content) == MIB
    wrong = fetch(exchange, url, "PUT", content, {"Content-Type": "text/html"})
    assert (wrong.status, wrong.code) == (403, "SignatureDoesNotMatch"), wrong
    s3 = client(caller)
    assert refused(s3.head_object, Bucket=callers_bucket, Key=version) == (404, "404")
    answer = fetch(exchange, url, "PUT", content, {"Content-Type": "text/x-nav"})
    assert answer.status == 200, answer
    assert answer.headers["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    got = s3.get_object(Bucket=callers_bucket, Key=version)
    assert got["Body"].read() == content and got["ContentType"] == "text/x-nav"


def test_an_address_gives_no_more_than_its_signer_may(
        exchange, subscriber, provider, bucket, version):
    provider.client("s3").put_object(Bucket=bucket, Key="mine", Body=CONTENT)
    url = presign(subscriber, version, "get_object", Bucket=bucket, Key="mine")
    answer = fetch(exchange, url)
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer


def test_a_lie_about_the_life_of_an_address_is_refused(exchange, caller, callers_bucket):
    """Version 4 allows a week at most."""
    for seconds in [0, 604_801]:
        url = presign(caller, "s3v4", "get_object", seconds, Bucket=callers_bucket, Key=KEY)
        answer = fetch(exchange, url)
        assert (answer.status, answer.code) == (400, "AuthorizationQueryParametersError"), answer


def test_an_address_ends_when_it_says_or_with_its_signers_session(own_exchange):
    exchange = own_exchange
    addresses = {}
    for machine in exchange.provider, exchange.subscriber("222222222222"):
        name = f"presigned-{machine.account}"
        machine.client("s3").create_bucket(Bucket=name)
        machine.client("s3").put_object(Bucket=name, Key=KEY, Body=CONTENT)
        for version in VERSIONS:
            for seconds in [1800, 86_400]:
                addresses[machine.profile, version, seconds] = presign(
                    machine, version, "get_object", seconds, Bucket=name, Key=KEY)
    assert {fetch(exchange, url).status for url in addresses.values()} == {200}

    exchange.restart(clock_seconds=1700)
    assert {fetch(exchange, url).status for url in addresses.values()} == {200}

    exchange.restart(clock_seconds=1900)
    for (_, _, seconds), url in addresses.items():
        answer = fetch(exchange, url)
        if seconds == 1800:
            assert (answer.status, answer.code) == (403, "AccessDenied"), answer
            assert answer.message == "Request has expired"
        else:
            assert (answer.status, answer.body) == (200, CONTENT), answer

    # A session is an hour.
    exchange.restart(clock_seconds=3700)
    for (profile, _, seconds), url in addresses.items():
        answer = fetch(exchange, url)
        if profile == "bourse-admin" and seconds == 86_400:
            assert (answer.status, answer.body) == (200, CONTENT), answer
        else:
            assert answer.status in (400, 403) and CONTENT not in answer.body, answer
