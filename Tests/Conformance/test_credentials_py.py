"""credentials.py: a subscriber without the binary, and what may be wrong there or on the way."""

import contextlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading

import boto3
import pytest
from ecdsa import NIST256p, NIST384p, SigningKey
from ecdsa.util import sigencode_der, sigencode_string

from exchange import COMMAND_SECONDS_MAX, ROOT, Machine, run, shifted_clock
from issuer import key_id

SOURCE = ROOT / "Sources/Doors/Resources/credentials.py"
PAGE = ROOT / "docs/doors/aws.md"
ACCOUNT = "333333333333"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/data-subscriber/"
REQUEST_BYTES_MAX = 64 << 10
CONNECTION_SECONDS_MAX = 20
# Runs the program with shorter limits than its own: NAME=SECONDS, then its arguments.
HURRIED = """
import runpy, sys
program = runpy.run_path(sys.argv[1])
name, _, seconds = sys.argv[2].partition("=")
program["main"].__globals__[name] = float(seconds)
sys.exit(program["main"](sys.argv[3:]))
"""


class Subscriber(Machine):
    """A machine that has the program, in a directory with a blank in its name, and no binary."""

    def __init__(self, home, endpoint, profile="nomura"):
        super().__init__(home, profile, ACCOUNT, endpoint)
        self.script = home / "my tools" / "credentials.py"
        self.script.parent.mkdir(exist_ok=True)
        shutil.copy(SOURCE, self.script)

    def py(self, *arguments, **environment):
        return run([sys.executable, self.script, *arguments], self.environment | environment)

    def hurried(self, limit, *arguments, **environment):
        return run(
            [sys.executable, "-c", HURRIED, self.script, limit, *arguments],
            self.environment | environment)

    def enrolling(self, code, endpoint=None):
        """The arguments that enrol it."""
        return [
            "enroll", "--endpoint", endpoint or self.endpoint, "--code", code, "--profile",
            self.profile]

    def enroll(self, code, *options):
        result = self.py(*self.enrolling(code), *options)
        assert (result.status, result.err) == (0, ""), result
        return result

    @property
    def key_file(self):
        return self.home / "bourse" / self.profile / "private-key.pem"

    @property
    def key(self):
        return self.key_file.read_text()

    @property
    def enrolment_file(self):
        return self.key_file.with_name("profile.json")

    def changed(self, **members):
        """What it knows of its enrolment, changed."""
        enrolment = json.loads(self.enrolment_file.read_text())
        self.enrolment_file.write_text(json.dumps(enrolment | members))

    @property
    def config(self):
        return (self.home / "aws-config").read_text()

    def arn(self):
        return self.client("sts").get_caller_identity()["Arn"]


def refused(result, *words, secrets=()):
    assert result.status == 1 and result.out == "", result
    assert result.err.startswith("credentials.py: ") and result.err.count("\n") == 1, result
    for word in words:
        assert word in result.err, result
    for secret in secrets:
        assert secret not in result.err, result


@pytest.fixture
def code(exchange):
    return exchange.add_account(ACCOUNT)


@pytest.fixture
def newcomer(exchange, tmp_path):
    return Subscriber(tmp_path, exchange.endpoint)


@pytest.fixture
def enrolled(newcomer, code):
    newcomer.enroll(code)
    return newcomer


@pytest.fixture(scope="module")
def program():
    """Its functions."""
    spec = importlib.util.spec_from_file_location("credentials_py", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# What it is for


def test_aws_tools_use_what_it_enrolled(newcomer, code):
    result = newcomer.enroll(code)
    assert f"as account {ACCOUNT}" in result.out, result
    assert "next: aws sts get-caller-identity --profile nomura\n" in result.out, result
    assert newcomer.arn().startswith(ARN)
    assert newcomer.aws("sts", "get-caller-identity").json["Arn"].startswith(ARN)


def test_it_prints_what_the_tools_read(enrolled):
    result = enrolled.py("--profile", "nomura")
    assert (result.status, result.err) == (0, ""), result
    assert list(result.json) == [
        "Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
    assert result.json["Version"] == 1
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", result.json["Expiration"])


def test_a_script_reads_what_it_did(newcomer, code):
    result = newcomer.enroll(code, "--json")
    key = SigningKey.from_pem(newcomer.key_file.read_text())
    assert result.json == {
        "account": ACCOUNT, "keyId": key_id(key), "profile": "nomura",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/data-subscriber"}


def test_the_commands_that_the_documentation_prints(exchange, tmp_path, code):
    subscriber = Subscriber(tmp_path, exchange.endpoint)
    section = PAGE.read_text().split("## Without the binary\n", 1)[1].split("\n## ", 1)[0]
    printed = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1).splitlines()
    lines = [line for line in printed if not line.startswith("curl ")]
    assert len(lines) == len(printed) - 1 == 2
    tools = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    for line in lines:
        line = line.replace("http://127.0.0.1:9400", exchange.endpoint).replace("CODE", code)
        result = subprocess.run(
            line, shell=True, cwd=subscriber.script.parent, capture_output=True, text=True,
            env=subscriber.environment | {"PATH": tools}, timeout=COMMAND_SECONDS_MAX)
        assert result.returncode == 0, result
    assert json.loads(result.stdout)["Account"] == ACCOUNT


# The same as the binary


def test_it_uses_what_the_binary_enrolled(newcomer, code):
    result = newcomer.bourse(*newcomer.enrolling(code))
    assert result.status == 0, result
    assert newcomer.py("--profile", "nomura").json["AccessKeyId"].startswith("ASIA")


def test_the_binary_uses_what_it_enrolled(enrolled):
    result = enrolled.bourse("credentials", "--profile", "nomura")
    assert result.status == 0 and result.json["AccessKeyId"].startswith("ASIA"), result


def test_the_one_goes_on_where_the_other_broke_off(newcomer, code):
    """With the key of the enrolment that failed."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    refused(newcomer.py(*newcomer.enrolling(code, nowhere)), nowhere)
    key = newcomer.key
    assert newcomer.bourse(*newcomer.enrolling(code)).status == 0
    newcomer.enroll(code)
    assert newcomer.key == key
    assert newcomer.arn().startswith(ARN)
    assert newcomer.config.count("[profile nomura]") == 1


def test_a_session_is_named_as_the_binarys(newcomer, code):
    newcomer.enroll(code)
    ours = newcomer.arn()
    assert newcomer.bourse(*newcomer.enrolling(code)).status == 0
    assert newcomer.arn() == ours


# What it leaves on the machine


def test_all_it_writes_is_its_owners_alone(newcomer, code):
    before = set(newcomer.home.rglob("*"))
    command = [sys.executable, newcomer.script, *newcomer.enrolling(code)]
    newcomer.environment["AWS_CONFIG_FILE"] = str(newcomer.home / "new/directory/config")
    result = run(["sh", "-c", 'umask 0; exec "$@"', "sh", *command], newcomer.environment)
    assert result.status == 0, result
    made = {path: path.stat().st_mode & 0o7777 for path in set(newcomer.home.rglob("*")) - before}
    assert {path.name for path in made} == {
        "bourse", "nomura", "private-key.pem", "profile.json", ".lock", "new", "directory",
        "config"}
    for path, mode in made.items():
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_no_secret_is_printed_or_handed_on(newcomer, code):
    """openssl is told where the key is, and what to sign by its standard input."""
    real, log = shutil.which("openssl"), newcomer.home / "seen"
    spy = executable(
        newcomer.home / "spy/openssl", f'(echo "$0 $*"; env) >>"{log}"\nexec "{real}" "$@"\n')
    path = f"{spy.parent}:{os.environ['PATH']}"
    results = [newcomer.py(*newcomer.enrolling(code), PATH=path)]
    results.append(newcomer.py(*newcomer.enrolling(code, "http://127.0.0.1:1"), PATH=path))
    results.append(newcomer.py("--profile", "nomura", PATH=path))
    assert [result.status for result in results] == [0, 1, 0], results
    seen = log.read_text() + "".join(result.err for result in results) + results[0].out
    assert "genpkey" in seen and "dgst" in seen
    for secret in [code, *newcomer.key.splitlines()[1:-1], results[2].json["SecretAccessKey"]]:
        assert secret not in seen


OTHERS = "# mine\n[profile other]\nregion = eu-west-1\n\n"
SECTION = "[profile nomura]\nregion = old\n"
CONFIGURATIONS = {
    "none": ("", "", ""),
    "others": (OTHERS, "", ""),
    "an old one at the end": (OTHERS, SECTION, ""),
    "an old one without a last line break": (OTHERS, SECTION[:-1], ""),
    "an old one in front": ("", SECTION, "\n# of the next\n" + OTHERS),
    "an old one that touches the next": ("", SECTION, OTHERS[7:]),
    "an old one in quotes": (OTHERS, '[profile "nomura"] # mine\nregion = old\n', ""),
    "bytes of another time": ("# M\udcfcnchen\n", SECTION, ""),
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_what_else_stands_in_the_configuration_is_left_alone(newcomer, code, kind):
    before, section, after = CONFIGURATIONS[kind]
    config = newcomer.home / "aws-config"
    config.write_bytes((before + section + after).encode("utf-8", "surrogateescape"))
    newcomer.enroll(code)
    text = config.read_bytes().decode("utf-8", "surrogateescape")
    assert text.startswith(before) and text.endswith("\n" + after), text
    assert text.count("[profile nomura]") == 1 and "old" not in text
    if "of another time" not in kind:
        assert newcomer.arn().startswith(ARN)


def test_a_configuration_that_is_a_link_stays_one(newcomer, code):
    elsewhere = newcomer.home / "elsewhere"
    elsewhere.write_text(OTHERS)
    (newcomer.home / "aws-config").symlink_to(elsewhere)
    newcomer.enroll(code)
    assert (newcomer.home / "aws-config").is_symlink() and "nomura" in elsewhere.read_text()


def test_a_configuration_that_cannot_be_written(newcomer, code):
    (newcomer.home / "aws-config").mkdir()
    refused(newcomer.py(*newcomer.enrolling(code)), "aws-config", secrets=[code])
    (newcomer.home / "aws-config").rmdir()
    newcomer.enroll(code)


def test_an_enrolment_that_cannot_be_kept_is_repeated(newcomer, code):
    newcomer.enrolment_file.mkdir(parents=True)
    refused(newcomer.py(*newcomer.enrolling(code)), "profile.json", secrets=[code])
    assert {path.name for path in newcomer.key_file.parent.iterdir()} == {
        "private-key.pem", "profile.json"}
    newcomer.enrolment_file.rmdir()
    newcomer.enroll(code)


@pytest.mark.parametrize("name", [
    "default", "a b", "it's", '"q"', "a$HOME", "`id`", "$(touch made)", "a;touch made", "a # b",
    "back\\slash", "ünï", "%s", "profile", "x" * 100])
def test_a_profiles_name_may_be_anything_that_fits(exchange, tmp_path, code, name):
    subscriber = Subscriber(tmp_path, exchange.endpoint, profile=name)
    assert subscriber.enroll(code).out.splitlines()[-1].startswith("next: aws ")
    with subscriber.in_environment():
        assert name in boto3.Session().available_profiles
    assert subscriber.arn().startswith(ARN)
    assert subscriber.aws("sts", "get-caller-identity").json["Account"] == ACCOUNT
    # Some tools have a shell start it.
    process = re.search("^credential_process = (.*)$", subscriber.config, re.MULTILINE).group(1)
    assert run(["sh", "-c", f"cd {shlex.quote(str(tmp_path))}; {process}"],
               subscriber.environment).json["Version"] == 1
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", [
    "", ".", "..", ".x", "-x", "a/b", "../b", "a\nb", "a\x1bb", "a]b", "[a", "\udcff"])
def test_a_profiles_name_that_fits_nowhere(newcomer, code, name):
    newcomer.profile = name
    for arguments in (
        ["enroll", "--endpoint", newcomer.endpoint, "--code", code, f"--profile={name}"],
        [f"--profile={name}"],
    ):
        refused(newcomer.py(*arguments), "--profile")
    assert not (newcomer.home / "bourse").exists()


def test_a_name_that_is_too_long_for_a_file(newcomer, code):
    newcomer.profile = "x" * 300
    refused(newcomer.py(*newcomer.enrolling(code)), "name too long")
    refused(newcomer.py("--profile", newcomer.profile), "name too long")


# Several at once


def at_once(commands, environment):
    processes = [
        subprocess.Popen(
            [str(word) for word in command], env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for command in commands]
    for process in processes:
        out, err = process.communicate(timeout=COMMAND_SECONDS_MAX)
        assert (process.returncode, err) == (0, ""), (out, err)
        yield out


def test_two_tools_at_once(enrolled):
    command = [sys.executable, enrolled.script, "--profile", "nomura"]
    answers = [json.loads(out) for out in at_once([command] * 4, enrolled.environment)]
    assert len({answer["AccessKeyId"] for answer in answers}) == 4


def test_one_enrolment_twice_at_once(newcomer, code):
    command = [sys.executable, newcomer.script, *newcomer.enrolling(code)]
    assert len(set(at_once([command] * 4, newcomer.environment))) == 1
    assert newcomer.arn().startswith(ARN)


def test_two_enrolments_at_once_keep_one_anothers_profile(exchange, newcomer):
    accounts = {f"client-{digit}": str(digit) * 12 for digit in range(4, 8)}
    commands = [
        [sys.executable, newcomer.script, "enroll", "--endpoint", newcomer.endpoint, "--code",
         exchange.add_account(account), "--profile", profile]
        for profile, account in accounts.items()]
    assert len(list(at_once(commands, newcomer.environment))) == 4
    for newcomer.profile, account in accounts.items():
        assert newcomer.client("sts").get_caller_identity()["Account"] == account


def test_an_enrolment_that_another_holds_up_says_so(newcomer, code):
    (newcomer.home / "bourse").mkdir()
    lock = newcomer.home / "bourse/.lock"
    holder = subprocess.Popen(
        ["flock", lock, "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"\n"
        refused(newcomer.hurried("LOCK_SECONDS_MAX=0.2", *newcomer.enrolling(code)), str(lock))
    finally:
        holder.communicate(timeout=COMMAND_SECONDS_MAX)
    newcomer.enroll(code)


# What the exchange refuses


@pytest.mark.parametrize("wrong", ["", "x", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", "x" * 5_000])
def test_a_wrong_code(newcomer, code, wrong):
    refused(newcomer.py(*newcomer.enrolling(wrong)), "The code is not valid", "Ask the provider")
    newcomer.enroll(code)


def test_a_used_code(enrolled, exchange, tmp_path, code):
    other = Subscriber(tmp_path / "other", exchange.endpoint)
    refused(other.py(*other.enrolling(code)), "EnrolmentRefusedException", secrets=[code])
    assert not other.enrolment_file.exists() and not (other.home / "aws-config").exists()


def test_a_second_code_for_the_same_key(enrolled, exchange):
    second = exchange.add_account(ACCOUNT)
    refused(enrolled.py(*enrolled.enrolling(second)), str(enrolled.key_file), secrets=[second])
    enrolled.key_file.rename(enrolled.home / "old-key.pem")
    enrolled.enroll(second)
    assert enrolled.arn().startswith(ARN)


def test_a_key_that_the_exchange_does_not_know(enrolled):
    enrolled.key_file.write_bytes(SigningKey.generate(NIST256p).to_pem(format="pkcs8"))
    refused(enrolled.py("--profile", "nomura"), "InvalidIdentityToken", "enrol again")


def test_a_refusal_reaches_who_uses_the_tools(enrolled):
    enrolled.key_file.write_bytes(SigningKey.generate(NIST256p).to_pem(format="pkcs8"))
    result = enrolled.aws("sts", "get-caller-identity")
    assert result.status != 0 and "InvalidIdentityToken" in result.err, result


@pytest.mark.parametrize("seconds,side", [(-3_600, "behind"), (3_600, "ahead of")])
def test_a_clock_that_is_wrong(enrolled, seconds, side):
    clock = {
        "LD_PRELOAD": str(shifted_clock(enrolled.home)), "CLOCK_SHIFT_SECONDS": str(seconds)}
    refused(enrolled.py("--profile", "nomura", **clock), f"s {side} the exchange's; set it.")


@pytest.mark.parametrize("seconds", [-90, 600])
def test_a_clock_that_is_right_enough(enrolled, seconds):
    clock = {
        "LD_PRELOAD": str(shifted_clock(enrolled.home)), "CLOCK_SHIFT_SECONDS": str(seconds)}
    assert enrolled.py("--profile", "nomura", **clock).status == 0


# What is wrong on the machine


def executable(file, text):
    file.parent.mkdir(exist_ok=True)
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)
    return file


def test_no_openssl(newcomer, code, tmp_path):
    (tmp_path / "empty").mkdir()
    path = str(tmp_path / "empty")
    refused(newcomer.py(*newcomer.enrolling(code), PATH=path), "openssl", "install", secrets=[code])
    assert not newcomer.key_file.exists()
    newcomer.enroll(code)
    refused(newcomer.py("--profile", "nomura", PATH=path), "openssl", "install")


@pytest.mark.parametrize("text", ["exit 0", "exit 1", "echo words; echo more >&2; exit 2"])
def test_an_openssl_that_fails(newcomer, code, tmp_path, text):
    path = str(executable(tmp_path / "tools/openssl", text).parent)
    refused(newcomer.py(*newcomer.enrolling(code), PATH=path), "genpkey", "failed")
    assert not newcomer.key_file.exists()
    newcomer.enroll(code)
    refused(newcomer.py("--profile", "nomura", PATH=path), "pkey", str(newcomer.key_file), "failed")


def test_an_openssl_that_prints_something_else(enrolled, tmp_path):
    path = str(executable(tmp_path / "tools/openssl", "echo words").parent)
    refused(enrolled.py("--profile", "nomura", PATH=path), "not a P-256 key")


def test_an_openssl_that_does_not_end(enrolled, tmp_path):
    path = str(executable(tmp_path / "tools/openssl", "exec /bin/sleep 20").parent)
    result = enrolled.hurried("OPENSSL_SECONDS_MAX=0.2", "--profile", "nomura", PATH=path)
    refused(result, "openssl took longer")


KEYS = {
    "gone": None, "empty": b"", "words": b"no key\n",
    "cut": SigningKey.generate(NIST256p).to_pem(format="pkcs8")[:100],
    "P-384": SigningKey.generate(NIST384p).to_pem(format="pkcs8"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_that_is_none(enrolled, kind):
    enrolled.key_file.unlink()
    if KEYS[kind] is not None:
        enrolled.key_file.write_bytes(KEYS[kind])
    refused(enrolled.py("--profile", "nomura"), str(enrolled.key_file))


@pytest.mark.parametrize("kind", [kind for kind in KEYS if KEYS[kind] is not None])
def test_a_key_that_cannot_be_enrolled(enrolled, code, kind):
    enrolled.key_file.write_bytes(KEYS[kind])
    refused(enrolled.py(*enrolled.enrolling(code)), str(enrolled.key_file), secrets=[code])


def test_a_key_with_a_password_is_not_asked_for(enrolled):
    secret = enrolled.home / "encrypted.pem"
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", enrolled.key_file, "-out", secret, "-passout",
         "pass:words"], check=True, timeout=COMMAND_SECONDS_MAX)
    secret.replace(enrolled.key_file)
    refused(enrolled.py("--profile", "nomura"), "pkey", str(enrolled.key_file), "failed")


@pytest.mark.parametrize("text", [
    "", "{", "[]", "{}", '"words"', "7", "[" * 100_000, '{"endpoint":"http://h"}', "\0"])
def test_an_enrolment_that_is_damaged(enrolled, text):
    enrolled.enrolment_file.write_text(text)
    refused(enrolled.py("--profile", "nomura"), "damaged", "enrol profile nomura again")


@pytest.mark.parametrize("member,value", [
    ("endpoint", "file:///etc/passwd"), ("endpoint", 7), ("audience", ""), ("roleArn", None),
    ("account", "\ud800"), ("region", "a\nb"), ("caBundle", 7)])
def test_an_enrolment_with_a_damaged_member(enrolled, member, value):
    enrolled.changed(**{member: value})
    refused(enrolled.py("--profile", "nomura"), "damaged")


def test_a_profile_that_is_not_enrolled(newcomer):
    refused(newcomer.py("--profile", "nomura"), "not enrolled on this machine", "--profile nomura")


@pytest.mark.parametrize("endpoint", [
    "", "words", "127.0.0.1:9400", "ftp://host", "file:///etc/passwd", "http://", "http://:9400",
    "http://user:password@host", "http://host:99999", "http://host/path", "http://host?x",
    "http://a b", "http://host\nregion = x", "http://[::1", "https://host#x"])
def test_an_address_that_is_none(newcomer, code, endpoint):
    arguments = ["enroll", f"--endpoint={endpoint}", "--code", code, "--profile", "nomura"]
    refused(newcomer.py(*arguments), "--endpoint must be a URL", secrets=[code])


@pytest.mark.parametrize("arguments", [
    [], ["--profile"], ["--prof", "nomura"], ["enroll"], ["--profile", "a", "b"],
    ["enrol", "--code"], ["enroll", "--endpoint", "http://h", "--profile", "a", "--code"]])
def test_arguments_that_are_wrong(newcomer, arguments):
    refused(newcomer.py(*arguments), "see credentials.py --help")


def test_an_argument_too_many_is_not_repeated(newcomer, code):
    refused(newcomer.py(*newcomer.enrolling("x"), "--cod", code), secrets=[code])


def test_a_program_that_comes_through_a_pipe(newcomer, code):
    result = run(
        ["sh", "-c", 'exec "$@" <"$0"', newcomer.script, sys.executable, "-",
         *newcomer.enrolling(code)], newcomer.environment)
    refused(result, "Save this program", secrets=[code])


def test_who_reads_may_go_away(enrolled):
    command = [sys.executable, enrolled.script, "--profile", "nomura"]
    result = run(["sh", "-c", '"$@" >/dev/full', "sh", *command], enrolled.environment)
    refused(result, "No space left")


# What is wrong on the way


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def listener(serve, tls=None):
    """A server on a free port that hands every connection to `serve`, and ends with the test."""
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection):
        connection.settimeout(CONNECTION_SECONDS_MAX)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            with (tls.wrap_socket(connection, server_side=True) if tls else connection) as open_one:
                serve(open_one)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def request(connection):
    """Head and body of what was asked."""
    data = b""
    while len(data) < REQUEST_BYTES_MAX:
        head, separator, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if separator and len(body) >= int(length.group(1) if length else 0):
            break
        data += connection.recv(REQUEST_BYTES_MAX)
    return head, body


def answering(data):
    """Answers everything with these bytes, or with what a function makes of the question's body."""
    def serve(connection):
        _, body = request(connection)
        connection.sendall(data(body) if callable(data) else data)

    return serve


def response(status, body, *headers):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


HTML = b"<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>"
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + b"a" * 1_000 + b'"><!ENTITY b "'
    + b"&a;" * 1_000 + b'">]><x>' + b"&b;" * 1_000 + b"</x>")
ENROLLED = {
    "AccountId": ACCOUNT, "KeyId": "bourse-1", "RoleArn": "arn", "Audience": "urn:bourse:1",
    "Region": "us-east-1", "ExchangeName": "An Exchange"}
SESSION = (
    f'<A xmlns="{STS}"><AssumeRoleWithWebIdentityResult><Credentials>'
    "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>t</SessionToken><Expiration>e</Expiration>"
    "</Credentials></AssumeRoleWithWebIdentityResult></A>").encode()
STRANGE = {
    "a proxy's page": response("200 OK", HTML, "Content-Type: text/html"),
    "a proxy's error": response("502 Bad Gateway", HTML, "Content-Type: text/html"),
    "a proxy's question": response("407 Proxy Authentication Required", HTML),
    "another place": response("302 Found", b"", "Location: http://127.0.0.1:1/"),
    "another for good": response("308 Permanent Redirect", b"", "Location: http://127.0.0.1:1/"),
    "nothing in it": response("200 OK", b""),
    "nothing at all": b"",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "noise": bytes(range(256)) * 16,
    "a head without an end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    "a head with too much": b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1_000 + b"\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
    "a broken end": response("200 OK", b"{}").replace(b": 2", b": 2000"),
    "broken pieces": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    "too much": response("200 OK", json.dumps(ENROLLED).encode() + b" " * 100_000),
    "too long a document": response("200 OK", SESSION + b" " * 100_000),
    "no letters": response("200 OK", b"\xff\xfe{}"),
    "an object": response("200 OK", b"{}"),
    "a list": response("200 OK", b"[]"),
    "a number": response("200 OK", b"7"),
    "numbers for names": response("200 OK", json.dumps(dict.fromkeys(ENROLLED, 7)).encode()),
    "lines for names": response("200 OK", json.dumps(ENROLLED | {"Region": "a\nb = c"}).encode()),
    "deep": response("200 OK", b"[" * 60_000),
    "deep elements": response("200 OK", b"<a>" * 20_000),
    "another document": response("200 OK", b"<a/>"),
    "a document that grows": response("200 OK", BOMB),
    "a document with a type": response("200 OK", b"<!DOCTYPE A>" + SESSION),
    "a session without a secret": response("200 OK", SESSION.replace(b">s<", b"><")),
    "an error without words": response("400 Bad Request", b"{}", "x-amzn-errortype: X"),
    "an error that is a list": response("400 Bad Request", b"[]", "x-amzn-errortype: X"),
    "an error that grows": response("400 Bad Request", BOMB),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_something_else_answers(enrolled, exchange, kind, tmp_path):
    newcomer = Subscriber(tmp_path / "newcomer", exchange.endpoint)
    secret = "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE"
    with listener(answering(STRANGE[kind])) as address:
        refused(newcomer.py(*newcomer.enrolling(secret, address)), address, secrets=[secret])
        enrolled.changed(endpoint=address)
        refused(enrolled.py("--profile", "nomura"), address)
    assert not newcomer.enrolment_file.exists() and not (newcomer.home / "aws-config").exists()


def test_an_address_that_points_to_another(enrolled):
    with listener(answering(response("200 OK", SESSION))) as other:
        enrolled.changed(endpoint=other)
        assert enrolled.py("--profile", "nomura").json["AccessKeyId"] == "ASIA"
        with listener(answering(response("302 Found", b"", f"Location: {other}/"))) as address:
            enrolled.changed(endpoint=address)
            refused(enrolled.py("--profile", "nomura"), address, "302")


def test_an_answer_does_not_repeat_the_secret(enrolled, exchange, tmp_path):
    newcomer = Subscriber(tmp_path / "newcomer", exchange.endpoint)
    secret = "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE"

    def repeat(body):
        return response(
            "400 Bad Request", json.dumps({"Message": "You said: " + body.decode()}).encode(),
            "x-amzn-errortype: Odd")

    with listener(answering(repeat)) as address:
        refused(
            newcomer.py(*newcomer.enrolling(secret, address)), "You said", "...", secrets=[secret])
        enrolled.changed(endpoint=address)
        refused(enrolled.py("--profile", "nomura"), "You said", secrets=["eyJ"])


def test_an_answers_words_do_nothing_to_the_terminal(newcomer):
    body = json.dumps({"Message": "\x1b[2J\r\nred\x07\u202e " + "x" * 5_000}).encode()
    with listener(answering(response("400 Bad Request", body, "x-amzn-errortype: Odd"))) as address:
        result = newcomer.py(*newcomer.enrolling("x", address))
    refused(result, "red")
    assert result.err[:-1].isprintable() and len(result.err) < 400


def test_an_exchanges_name_does_nothing_to_the_terminal(newcomer):
    body = json.dumps(ENROLLED | {"ExchangeName": "\x1b[2JAn\nExchange"}).encode()
    with listener(answering(response("201 Created", body))) as address:
        result = newcomer.py(*newcomer.enrolling("x", address))
    assert result.status == 0 and "[2JAn Exchange as account" in result.out, result
    assert "\x1b" not in result.out


def drip(connection):
    """A byte now and then, so that no wait for the next one is long."""
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 100:
        connection.sendall(bytes([byte]))
        threading.Event().wait(0.1)


def say_nothing(connection):
    while connection.recv(REQUEST_BYTES_MAX):
        pass


@pytest.mark.parametrize("serve", [drip, say_nothing])
def test_an_answer_that_takes_too_long(newcomer, code, serve):
    with listener(serve) as address:
        result = newcomer.hurried(
            "ANSWER_SECONDS_MAX=1", *newcomer.enrolling(code, address))
    refused(result, address, secrets=[code])


@pytest.mark.parametrize("endpoint", [
    f"http://127.0.0.1:{free_port()}", "http://no-such-host.invalid", "https://127.0.0.1:1"])
def test_nobody_answers(enrolled, endpoint):
    enrolled.changed(endpoint=endpoint)
    refused(enrolled.py("--profile", "nomura"), endpoint, "does not answer")


def test_a_proxy_that_is_none(newcomer, code):
    proxy = "http://127.0.0.1:1"
    refused(newcomer.py(*newcomer.enrolling(code), http_proxy=proxy), "does not answer")


# TLS


@pytest.fixture
def certificate(tmp_path):
    """Of a CA that nobody knows, which is its own server."""
    file, key = tmp_path / "our ca.pem", tmp_path / "tls-key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=exchange", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
         "-keyout", key, "-out", file], check=True, capture_output=True,
        timeout=COMMAND_SECONDS_MAX)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file, key)
    return file, tls


@pytest.fixture
def secure_endpoint(exchange, certificate):
    """The exchange, behind TLS."""
    host, port = exchange.endpoint.split("//")[1].split(":")

    def forward(connection):
        """One request, and its answer to the end."""
        head, body = request(connection)
        with socket.create_connection((host, int(port)), CONNECTION_SECONDS_MAX) as inner:
            inner.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            while data := inner.recv(REQUEST_BYTES_MAX):
                connection.sendall(data)

    with listener(forward, certificate[1]) as address:
        yield address


def test_a_ca_of_the_exchanges_own(tmp_path, code, certificate, secure_endpoint):
    subscriber = Subscriber(tmp_path, secure_endpoint)
    subscriber.enroll(code, "--ca-bundle", os.path.relpath(certificate[0]))
    assert f"ca_bundle = {certificate[0]}\n" in subscriber.config
    assert subscriber.arn().startswith(ARN)
    assert subscriber.aws("sts", "get-caller-identity").json["Account"] == ACCOUNT
    certificate[0].unlink()
    refused(subscriber.py("--profile", "nomura"), str(certificate[0]), "No such file")


def test_a_certificate_that_is_not_trusted(tmp_path, code, secure_endpoint):
    subscriber = Subscriber(tmp_path, secure_endpoint)
    result = subscriber.py(*subscriber.enrolling(code))
    refused(result, "not trusted", "--ca-fingerprint", secrets=[code])


@pytest.mark.parametrize("text", [None, "", "words"])
def test_a_ca_bundle_that_is_none(newcomer, code, text):
    file = newcomer.home / "ca.pem"
    if text is not None:
        file.write_text(text)
    refused(newcomer.py(*newcomer.enrolling(code), "--ca-bundle", file), "CA bundle", str(file))
    assert not (newcomer.home / "bourse").exists()


# Signatures


ORDER = NIST256p.order
NUMBERS = [1, 0x7F, 0x80, 0xFF, 1 << 247, (1 << 248) - 1, 1 << 248, 1 << 255, ORDER - 1]


@pytest.mark.parametrize("r", NUMBERS)
@pytest.mark.parametrize("s", NUMBERS)
def test_a_signature_has_its_leading_zeros_back(program, r, s):
    der = sigencode_der(r, s, ORDER)
    assert program.joined_numbers(der) == sigencode_string(r, s, ORDER)


def test_a_signature_that_is_cut_is_none(program):
    der = sigencode_der(ORDER - 1, 1 << 255, ORDER)
    for end in range(len(der)):
        with pytest.raises((ValueError, IndexError, OverflowError)):
            program.joined_numbers(der[:end])
