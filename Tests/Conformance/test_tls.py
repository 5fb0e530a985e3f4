"""TLS that works at once: the exchange's own authority, and certificates of others."""

import hashlib
import socket
import ssl
import subprocess
import sys
import urllib.request

import botocore.exceptions
import pytest

from exchange import BOURSE, Exchange, Machine, machine, run

ACCOUNT = "222222222222"


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    exchange = Exchange(tmp_path_factory.mktemp("secure")).init().serve("--tls")
    yield exchange
    exchange.stop()


@pytest.fixture(scope="module")
def fingerprint(secure):
    """Of the authority's certificate, as openssl or anybody reckons it."""
    der = ssl.PEM_cert_to_DER_cert((secure.data / "ca.pem").read_text())
    return hashlib.sha256(der).hexdigest()


def enrol(secure, home, *options):
    subscriber = Machine(home, "nomura", ACCOUNT, secure.endpoint)
    return subscriber, subscriber.bourse(
        "enroll", "--endpoint", secure.endpoint, "--code", secure.add_account(ACCOUNT),
        "--profile", "nomura", *options)


def test_the_provider_uses_it_at_once(secure):
    assert secure.endpoint.startswith("https://127.0.0.1:")
    result = secure.provider.bourse("account", "list")
    assert result.status == 0, result
    provider = secure.provider
    provider.environment["AWS_CA_BUNDLE"] = str(secure.data / "ca.pem")
    assert provider.client("sts").get_caller_identity()["Account"] == "111111111111"


def test_a_subscriber_compares_the_fingerprint_and_trusts(secure, fingerprint, tmp_path):
    subscriber, result = enrol(secure, tmp_path, "--ca-fingerprint", fingerprint)
    assert result.status == 0, result
    assert "ca_bundle" in (tmp_path / "aws-config").read_text()
    assert subscriber.client("sts").get_caller_identity()["Account"] == ACCOUNT
    identity = subscriber.aws("sts", "get-caller-identity")
    assert identity.status == 0 and identity.json["Account"] == ACCOUNT, identity
    s3 = subscriber.client("s3")
    s3.create_bucket(Bucket="over-tls")
    # Over TLS boto3 sends the body in frames, with its checksum behind it.
    s3.put_object(Bucket="over-tls", Key="k", Body=bytes(3 << 20))
    assert s3.get_object(Bucket="over-tls", Key="k")["Body"].read() == bytes(3 << 20)


def test_another_fingerprint_stops_the_enrolment_before_the_code_is_sent(
        secure, fingerprint, tmp_path):
    wrong = fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1")
    subscriber, result = enrol(secure, tmp_path, "--ca-fingerprint", wrong)
    assert result.status != 0 and fingerprint in result.err, result
    assert not (tmp_path / "aws-config").exists()
    assert "EnrollKey" not in [
        record["eventName"] for record in secure.trail if record["userIdentity"].get(
            "accountId") == ACCOUNT]


def test_without_the_fingerprint_nobody_is_trusted(secure, tmp_path):
    subscriber, result = enrol(secure, tmp_path)
    assert result.status != 0 and secure.endpoint in result.err, result
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(secure.endpoint + "/health", timeout=10)


def test_the_certificate_is_of_the_authority_and_for_this_host(secure):
    context = ssl.create_default_context(cafile=secure.data / "ca.pem")
    # As Python does by itself from 3.13 on.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for host in ["127.0.0.1", "localhost"]:
        url = secure.endpoint.replace("127.0.0.1", host) + "/health"
        assert urllib.request.urlopen(url, context=context, timeout=10).read() == b"ok\n"
    served = urllib.request.urlopen(
        secure.endpoint + "/bourse/ca.pem", context=context, timeout=10).read()
    assert served == (secure.data / "ca.pem").read_bytes()
    assert (secure.data / "keys/tls.key").stat().st_mode & 0o777 == 0o600


def test_the_authority_stays_after_a_restart(tmp_path):
    exchange = Exchange(tmp_path).init().serve("--tls")
    before = (exchange.data / "ca.pem").read_bytes()
    exchange.stop()
    exchange.serve("--tls")
    assert (exchange.data / "ca.pem").read_bytes() == before
    assert exchange.provider.bourse("account", "list").status == 0
    exchange.stop()


def test_a_certificate_of_ones_own(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=tmp_path, check=True, capture_output=True)
    exchange = Exchange(tmp_path / "exchange").init().serve(
        "--tls-certificate", tmp_path / "certificate.pem", "--tls-key", tmp_path / "key.pem")
    context = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    url = exchange.endpoint + "/health"
    assert urllib.request.urlopen(url, context=context, timeout=10).read() == b"ok\n"
    assert exchange.provider.bourse("account", "list").status == 0
    exchange.stop()


def test_an_authority_that_cannot_be_read_is_not_replaced(tmp_path):
    exchange = Exchange(tmp_path).init().serve("--tls")
    exchange.stop()
    (exchange.data / "ca.pem").write_bytes(b"\xff")
    key = (exchange.data / "keys/tls.key").read_bytes()
    result = run(
        [BOURSE, "serve", "--data", exchange.data, "--http", "127.0.0.1:0", "--tls"],
        machine(tmp_path))
    assert result.status != 0 and "ca.pem" in result.err, result
    assert (exchange.data / "keys/tls.key").read_bytes() == key


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ip_version_6(tmp_path):
    exchange = Exchange(tmp_path).init().serve("--tls", "--http", "[::1]:0")
    assert exchange.endpoint.startswith("https://[::1]:")
    assert exchange.provider.bourse("account", "list").status == 0
    exchange.stop()


def test_what_is_no_certificate(tmp_path):
    assert run([BOURSE, "init", "--data", tmp_path / "data"], machine(tmp_path)).status == 0
    (tmp_path / "x.pem").write_text("x")
    for options in [
        ["--tls-certificate", tmp_path / "x.pem"],
        ["--tls-certificate", tmp_path / "x.pem", "--tls-key", tmp_path / "x.pem"],
        ["--tls-certificate", tmp_path / "none.pem", "--tls-key", tmp_path / "x.pem"],
    ]:
        result = run(
            [BOURSE, "serve", "--data", tmp_path / "data", "--http", "127.0.0.1:0", *options],
            machine(tmp_path))
        assert result.status != 0 and "tls" in result.err.lower() + str(options), result
        assert len(result.err.strip().splitlines()) == 1, result


# Without the binary: what the welcome e-mail says


@pytest.fixture
def welcome(secure, tmp_path):
    """The script as the exchange serves it, on a machine that has nothing else."""
    script = tmp_path / "credentials.py"
    context = ssl.create_default_context(cafile=secure.data / "ca.pem")
    url = secure.endpoint + "/bourse/credentials.py"
    script.write_bytes(urllib.request.urlopen(url, context=context, timeout=10).read())

    def enroll(*options):
        return run(
            [sys.executable, script, "enroll", "--endpoint", secure.endpoint, "--code",
             secure.add_account(ACCOUNT), "--profile", "nomura", *options], machine(tmp_path))

    return enroll


def test_the_script_compares_the_fingerprint_too(secure, welcome, fingerprint, tmp_path):
    wrong = welcome("--ca-fingerprint", "0" * 64)
    assert wrong.status != 0 and fingerprint in wrong.err, wrong
    assert not (tmp_path / "aws-config").exists()
    assert welcome("--ca-fingerprint", fingerprint).status == 0
    subscriber = Machine(tmp_path, "nomura", ACCOUNT, secure.endpoint)
    assert subscriber.client("sts").get_caller_identity()["Account"] == ACCOUNT
    # And the binary uses what the script left.
    assert subscriber.bourse("credentials", "--profile", "nomura").status == 0
