"""A key is renewed by one command, or kept by somebody else in the first place."""

import base64
import json
import subprocess
import time
import uuid

import pytest
from ecdsa import NIST256p, SigningKey
from pyasn1.codec.der import encoder
from pyasn1.type import univ

from exchange import ROOT, Machine, run
from issuer import ES256, RS256, assume, base64url, key_id
from s3 import ONCE, refused
from test_enrolment import pem
from wire import Ask

ACCOUNT = "222222222222"
PROGRAM = ROOT / "Sources/Doors/Resources/credentials.py"


@pytest.fixture
def machine(exchange, tmp_path):
    machine = Machine(tmp_path, "nomura", ACCOUNT, exchange.endpoint)
    result = machine.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", exchange.add_account(ACCOUNT),
        "--profile", "nomura")
    assert result.status == 0, result
    return machine


def key_file(machine):
    return machine.home / "bourse/nomura/private-key.pem"


def key_of(machine):
    return SigningKey.from_pem(key_file(machine).read_text())


def with_bourse(machine):
    return machine.bourse("renew", "--profile", "nomura", "--json")


def with_python(machine):
    return run(["python3", PROGRAM, "renew", "--profile", "nomura", "--json"], machine.environment)


def token(key, kid=None, algorithm="ES256", **claims):
    header = {"alg": algorithm, "typ": "JWT", "kid": kid or key_id(key.key)}
    now = int(time.time())
    claims = {
        "iss": "urn:bourse:key", "sub": ACCOUNT, "aud": "urn:bourse:111111111111", "iat": now,
        "exp": now + 120, "jti": str(uuid.uuid4())} | claims
    text = f"{base64url(json.dumps(header))}.{base64url(json.dumps(claims))}"
    return f"{text}.{base64url(key.sign(text.encode()))}"


def holder(key):
    held = ES256("")
    held.key = key
    return held


def renew(exchange, text, key):
    ask = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/renew", {"Content-Type": "application/json"},
        json.dumps({"Token": text, "PublicKey": key if isinstance(key, str) else pem(key)}).encode())
    return ask.send(exchange, ask.headers)


@pytest.mark.parametrize("command", [with_bourse, with_python])
def test_one_command_and_open_sessions_go_on(exchange, provider, machine, command):
    old, open_session = key_of(machine), machine.client("s3", config=ONCE)
    result = command(machine)
    assert result.status == 0, result
    new = key_of(machine)
    assert result.json == {"account": ACCOUNT, "keyId": key_id(new), "profile": "nomura"}
    assert new.to_string() != old.to_string()
    assert [file.name for file in key_file(machine).parent.glob("*.pem")] == ["private-key.pem"]
    open_session.list_buckets()
    refusal = assume(exchange, token(holder(old)))
    assert (refusal.status, refusal.code) == (400, "InvalidIdentityToken"), refusal
    assert machine.client("sts").get_caller_identity()["Account"] == ACCOUNT
    by_python = run(["python3", PROGRAM, "--profile", "nomura"], machine.environment)
    assert by_python.status == 0, by_python
    listed = provider.bourse("account", "keys", "list", ACCOUNT).out
    assert f"renewed by {key_id(new)}" in listed
    # The old one's revocation still ends what it opened, and nothing of the new one's.
    assert provider.bourse("account", "keys", "revoke", ACCOUNT, key_id(old)).status == 0
    assert refused(open_session.list_buckets) == (403, "InvalidAccessKeyId")
    machine.client("s3", config=ONCE).list_buckets()


def test_a_lost_answer_loses_nothing(own_exchange, tmp_path):
    machine = own_exchange.subscriber(ACCOUNT)
    # As a renewal leaves it that has heard nothing.
    old, following = key_of(machine), key_file(machine).with_name("private-key.next.pem")
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out",
         following], check=True)
    new = SigningKey.from_pem(following.read_text())
    assert renew(own_exchange, token(holder(old), renewsWith=key_id(new)), new).status == 200
    own_exchange.kill()
    own_exchange.serve()
    result = with_bourse(machine)
    assert result.status == 0 and result.json["keyId"] == key_id(new), result
    assert key_of(machine).to_string() == new.to_string()
    assert machine.aws("sts", "get-caller-identity").status == 0


REFUSED = {
    "names another key": lambda old, new: token(old, renewsWith=key_id(old.key)),
    "names none": lambda old, new: token(old),
    "is for another exchange": lambda old, new: token(old, renewsWith=key_id(new), aud="urn:x"),
    "is another's": lambda old, new: token(
        ES256(""), kid=key_id(old.key), renewsWith=key_id(new)),
    "is the new key's own": lambda old, new: token(holder(new), renewsWith=key_id(new)),
    "lives too long": lambda old, new: token(old, renewsWith=key_id(new), exp=int(time.time()) + 900),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_token_that(exchange, machine, kind):
    new = SigningKey.generate(NIST256p)
    answer = renew(exchange, REFUSED[kind](holder(key_of(machine)), new), new)
    assert (answer.status, answer.code) == (400, "InvalidIdentityToken"), answer
    assert machine.aws("sts", "get-caller-identity").status == 0


def test_a_renewal_is_done_once(exchange, machine):
    old, first, second = holder(key_of(machine)), *(SigningKey.generate(NIST256p) for _ in range(2))
    text = token(old, renewsWith=key_id(first))
    assert renew(exchange, text, first).status == 200
    assert renew(exchange, text, first).code == "InvalidIdentityToken"
    assert renew(exchange, token(old, renewsWith=key_id(first)), first).status == 200
    other = renew(exchange, token(old, renewsWith=key_id(second)), second)
    assert (other.status, other.code) == (400, "ValidationException"), other
    # A key that is somebody's cannot be put in another's place.
    known = renew(
        exchange, token(holder(first), renewsWith=key_id(first)), first)
    assert (known.status, known.code) == (400, "ValidationException"), known


def test_the_cut_off_do_not_renew(own_exchange):
    machine = own_exchange.subscriber(ACCOUNT)
    own_exchange.provider.bourse("cutoff", ACCOUNT)
    assert with_bourse(machine).status != 0
    own_exchange.provider.bourse("cutoff", ACCOUNT, "--lift")
    assert with_bourse(machine).status == 0


def test_neither_does_a_profile_that_is_not_enrolled(tmp_path, exchange):
    for command in (with_bourse, with_python):
        result = command(Machine(tmp_path, "nomura", ACCOUNT, exchange.endpoint))
        assert result.status != 0 and "not enrolled on this machine" in result.err, result


# Keys that others keep


def rsa_pem(key):
    """SubjectPublicKeyInfo of a public key that `rsa` writes as PKCS #1 alone."""
    algorithm = univ.Sequence()
    algorithm[0], algorithm[1] = univ.ObjectIdentifier("1.2.840.113549.1.1.1"), univ.Null("")
    whole = univ.Sequence()
    whole[0], whole[1] = algorithm, univ.BitString.fromOctetString(key.public.save_pkcs1("DER"))
    text = base64.encodebytes(encoder.encode(whole)).decode().replace("\n", "")
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def elsewhere(exchange, home, text):
    home.mkdir(exist_ok=True)
    (home / "public.pem").write_text(text)
    machine = Machine(home, "vault", ACCOUNT, exchange.endpoint)
    return machine, machine.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", exchange.add_account(ACCOUNT),
        "--profile", "vault", "--public-key", home / "public.pem", "--token-file", home / "token",
        "--json")


@pytest.mark.parametrize("kind", [ES256, RS256])
def test_a_key_that_never_touches_this_machine(exchange, tmp_path, kind):
    key = kind("")
    text = pem(key.key) if kind is ES256 else rsa_pem(key)
    machine, enrolled = elsewhere(exchange, tmp_path, text)
    assert enrolled.status == 0, enrolled
    assert not list(tmp_path.rglob("private-key.pem"))
    signed = token(key, enrolled.json["keyId"], kind.algorithm)
    (tmp_path / "token").write_text(signed)
    identity = machine.aws("sts", "get-caller-identity")
    assert identity.status == 0 and identity.json["Account"] == ACCOUNT, identity
    again = assume(exchange, signed)
    assert (again.status, again.code) == (400, "InvalidIdentityToken"), again
    other = "RS256" if kind is ES256 else "ES256"
    assert assume(
        exchange, token(key, enrolled.json["keyId"], other)).code == "InvalidIdentityToken"


@pytest.mark.parametrize("text", [
    rsa_pem(RS256("", bits=1_024)), "words", "", "-----BEGIN PUBLIC KEY-----\n" + "A" * 9_000])
def test_a_public_key_that_cannot_be(exchange, tmp_path, text):
    _, enrolled = elsewhere(exchange, tmp_path, text)
    assert enrolled.status != 0 and "2,048 bits" in enrolled.err, enrolled


@pytest.mark.parametrize("options,words", [
    (["--public-key", "x"], "--token-file"), (["--token-file", "x"], "--public-key or --issuer"),
    (["--public-key", "x", "--token-file", "x", "--issuer", "y", "--subject", "z"], "exclude"),
    (["--issuer", "https://a.example", "--token-file", "x"], "--subject"),
    (["--public-key", "nowhere", "--token-file", "x"], "cannot be read")])
def test_options_that_do_not_go_together(exchange, tmp_path, options, words):
    machine = Machine(tmp_path, "nomura", ACCOUNT, exchange.endpoint)
    result = machine.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", "X", "--profile", "nomura", *options)
    assert result.status != 0 and words in result.err, result
