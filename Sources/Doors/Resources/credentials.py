#!/usr/bin/env python3
"""A subscriber's way into an exchange without its binary: this file, Python 3.8 on, and `openssl`.

    python3 credentials.py enroll --endpoint URL --code CODE --profile NAME
        [--ca-fingerprint SHA256 | --ca-bundle FILE]

makes this machine's key, registers it with the one-time code of the welcome e-mail, and writes an
AWS profile. Repeating it after a failure is safe. From then on AWS's tools call

    python3 credentials.py --profile NAME

by themselves, as the profile's credential_process: it signs a token with the key and prints the
credentials of the session that the token opens. Nothing is kept of those.

    python3 credentials.py renew --profile NAME

puts a new key in the place of this machine's; open sessions go on. Repeating it is safe as well.

Key and enrolment lie under $BOURSE_HOME (~/.bourse) as `bourse enroll` leaves them: either program
uses what the other enrolled. For macOS and Linux. HTTPS_PROXY and its like are honoured.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import email.utils
import getpass
import hashlib
import http.client
import json
import os
import pathlib
import re
import shlex
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree

try:
    import fcntl
except ImportError:
    fcntl = None

# Seconds.
TOKEN_LIFETIME = 120
CLOCK_DIFFERENCE_MAX = 60
OPENSSL_SECONDS_MAX = 10
ANSWER_SECONDS_MAX = 30
# The other enrolment asks openssl and the exchange while this one waits.
LOCK_SECONDS_MAX = 2 * OPENSSL_SECONDS_MAX + ANSWER_SECONDS_MAX

ANSWER_BYTES_MAX = 64 << 10
MESSAGE_CHARACTERS_MAX = 300
# Shorter ones are mistyped codes, and may well be parts of words.
SECRET_CHARACTERS_MIN = 8
SESSION_NAME_CHARACTERS_MAX = 64
P256_BYTES = 32
PORT_MAX = 65_535

# As `bourse enroll` writes them, and "caBundle" where it is needed.
ENROLMENT = ("endpoint", "account", "roleArn", "audience", "region")
KEY = "private-key.pem"
# The one that a renewal is under way to.
NEXT_KEY = "private-key.next.pem"
# A key that has one is refused, and nobody asked for it where nobody may be.
NO_PASSWORD = ("-passin", "pass:")
# Not a file where Python reads the program from a pipe.
SCRIPT = os.path.abspath(globals().get("__file__", ""))


class Failure(Exception):
    """What stops the command: one line for whoever reads it, without a secret in it."""


# The three commands


def enroll(options):
    home = home_of(options.profile)
    endpoint = origin(options.endpoint)
    if not endpoint:
        raise Failure("--endpoint must be a URL, such as http://127.0.0.1:9400.")
    if not os.path.isfile(SCRIPT):
        raise Failure("Save this program as a file first: the AWS profile will name it.")
    ca_bundle = options.ca_bundle and os.path.abspath(os.path.expanduser(options.ca_bundle))
    trusted(ca_bundle)
    with only_enrolment(home.parent):
        key_file, is_new = private_key(home, KEY)
        if options.ca_fingerprint:
            ca_bundle = authority(endpoint, options.ca_fingerprint, home)
        answer = register(endpoint, options.code, key_file, is_new, ca_bundle)
        enrolled = {
            "endpoint": endpoint, "account": answer["AccountId"], "roleArn": answer["RoleArn"],
            "audience": answer["Audience"], "region": answer["Region"]}
        if ca_bundle:
            enrolled["caBundle"] = ca_bundle
        write_private(home / "profile.json", json.dumps(enrolled))
        config = write_aws_profile(options.profile, enrolled)
    if options.json:
        return json.dumps({
            "account": enrolled["account"], "keyId": answer["KeyId"], "profile": options.profile,
            "roleArn": enrolled["roleArn"]})
    return "\n".join([
        f"enrolled with {plain(str(answer.get('ExchangeName')))} as account {enrolled['account']}",
        f"private key: {key_file} (it stays on this machine)",
        f"AWS profile: {options.profile} in {config}",
        f"next: aws sts get-caller-identity --profile {shlex.quote(options.profile)}"])


def credentials(options):
    home = home_of(options.profile)
    enrolled = read_enrolment(home, options.profile)
    token = signed_token(enrolled, home / KEY)
    form = urllib.parse.urlencode({
        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
        "RoleArn": enrolled["roleArn"], "RoleSessionName": session_name(),
        "WebIdentityToken": token})
    answer = post(
        enrolled["endpoint"], "/", "application/x-www-form-urlencoded", form,
        enrolled.get("caBundle"))
    if not answer.is_success:
        clock = answer.clock_advice()
        raise answer.refusal(token, {
            "ExpiredTokenException": clock,
            "InvalidIdentityToken":
                clock or "If it stays so, enrol again: the provider has a new code."})
    session = answer.xml().find("{*}AssumeRoleWithWebIdentityResult/{*}Credentials")
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    values = {name: session is not None and session.findtext("{*}" + name) for name in names}
    if not all(values.values()):
        raise answer.not_an_exchange()
    # Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
    return json.dumps({"Version": 1, **values})


def renew(options):
    home = home_of(options.profile)
    enrolled = read_enrolment(home, options.profile)
    with only_enrolment(home.parent):
        old = home / KEY
        new, _ = private_key(home, NEXT_KEY)
        token = signed_token(enrolled, old, renewsWith=key_id(new))
        answer = post(
            enrolled["endpoint"], "/bourse/v1/renew", "application/json",
            json.dumps({"Token": token, "PublicKey": public_key(new)}), enrolled.get("caBundle"))
        if not answer.is_success:
            raise answer.refusal(token, {"ExpiredTokenException": answer.clock_advice()})
        if not has_texts(answer.json(), ("AccountId", "KeyId")):
            raise answer.not_an_exchange()
        os.replace(new, old)
    if options.json:
        return json.dumps({
            "account": enrolled["account"], "keyId": answer.json()["KeyId"],
            "profile": options.profile})
    return "\n".join([
        f"profile {options.profile} of account {enrolled['account']} has a new key: "
        + answer.json()["KeyId"],
        f"private key: {old} (it stays on this machine)",
        f"next: aws sts get-caller-identity --profile {shlex.quote(options.profile)}"])


# What is kept on this machine


def home_of(profile):
    """The profile's directory. A name may have blanks and quotes, but has to fit into a line, a
    path and a section's head."""
    if not profile or profile[0] in ".-" or not profile.isprintable() or set("/[]") & set(profile):
        raise Failure("--profile must be a plain name, such as nomura.")
    home = os.environ.get("BOURSE_HOME") or os.path.expanduser("~/.bourse")
    return pathlib.Path(os.path.abspath(home)) / profile


def read_enrolment(home, profile):
    try:
        enrolled = json.loads((home / "profile.json").read_bytes())
    except FileNotFoundError:
        raise Failure(
            f"Profile {profile} is not enrolled on this machine; the welcome e-mail has what that "
            "needs: credentials.py enroll --endpoint URL --code CODE --profile "
            + shlex.quote(profile)) from None
    except (ValueError, RecursionError):
        enrolled = None
    if (
        not has_texts(enrolled, ENROLMENT) or not origin(enrolled["endpoint"])
        or not isinstance(enrolled.get("caBundle", ""), str)
    ):
        raise Failure(f"{home / 'profile.json'} is damaged; enrol profile {profile} again.")
    return enrolled


def has_texts(value, names):
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) and value[name] and value[name].isprintable()
        for name in names)


def private_key(home, name):
    """The file of the key, and whether it is a new one.

    It is on the disk before it is registered, and an enrolment that was begun before goes on with
    the key that it made: so a lost answer loses nothing."""
    file = home / name
    if file.exists():
        return file, False
    make_private_directory(home)
    write_private(file, openssl(
        "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-pkeyopt", "ec_param_enc:named_curve").decode())
    return file, True


def make_private_directory(directory):
    for one in [*reversed(directory.parents), directory]:
        if not one.is_dir():
            one.mkdir(mode=0o700, exist_ok=True)


def write_private(file, text):
    """All of it or nothing, for its owner alone; through a symbolic link, which stays one."""
    file = os.path.realpath(file)
    descriptor, unfinished = tempfile.mkstemp(dir=os.path.dirname(file), prefix=".bourse-")
    try:
        with open(descriptor, "wb") as output:
            output.write(text.encode("utf-8", "surrogateescape"))
            output.flush()
            os.fsync(descriptor)
        os.replace(unfinished, file)
    except BaseException:
        os.unlink(unfinished)
        raise


@contextlib.contextmanager
def only_enrolment(directory):
    """One enrolment at a time: two would make two keys, or lose one another's AWS profiles."""
    make_private_directory(directory)
    with open(os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "wb") as lock:
        try:
            in_time(LOCK_SECONDS_MAX, fcntl.flock, lock, fcntl.LOCK_EX)
        except concurrent.futures.TimeoutError:
            raise Failure(f"Another enrolment holds {directory / '.lock'}; try again.") from None
        yield


# The AWS profile


def write_aws_profile(profile, enrolled):
    config = pathlib.Path(os.path.abspath(os.path.expanduser(
        os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")))
    # -I: no environment variable and no file beside this one changes what Python does.
    command = [sys.executable, "-I", SCRIPT, "--profile", profile]
    settings = {
        "region": enrolled["region"], "endpoint_url": enrolled["endpoint"],
        "credential_process": " ".join(shlex.quote(word) for word in command)}
    if "caBundle" in enrolled:
        settings["ca_bundle"] = enrolled["caBundle"]
    for name, value in settings.items():
        if "\n" in value or "\r" in value:
            raise Failure(f"{name} cannot stand in {config}: it has a line break.")
    make_private_directory(config.parent)
    text = config.read_bytes().decode("utf-8", "surrogateescape") if config.exists() else ""
    write_private(config, with_section(text, profile, settings))
    return config


def with_section(text, profile, settings):
    """The file with this section, in place of one by that name. The rest stays as it is."""
    words = profile if shell_words(profile) == [profile] else shlex.quote(profile)
    head = "[default]" if profile == "default" else f"[profile {words}]"
    section = [head, *(f"{name} = {value}" for name, value in settings.items())]
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if line.startswith("[")]
    begin = next((number for number in heads if profile_of(lines[number]) == profile), None)
    if begin is None:
        before = [text.rstrip("\n"), ""] if text.strip() else []
        return "\n".join([*before, *section, ""])
    end = next((number for number in heads if number > begin), len(lines))
    # Blank lines and comments in front of the next head belong to that.
    while not lines[end - 1].strip() or lines[end - 1].lstrip()[0] in "#;":
        end -= 1
    return "\n".join([*lines[:begin], *section, *(lines[end:] or [""])])


def profile_of(head):
    """The profile whose section begins here. AWS's tools split the line as a shell splits words."""
    found = re.match(r"\[(.+)\]", head)
    words = shell_words(found.group(1)) if found else []
    if words == ["default"]:
        return "default"
    return words[1] if len(words) == 2 and words[0] == "profile" else None


def shell_words(text):
    try:
        return shlex.split(text)
    except ValueError:
        return []


# The key and its token


def openssl(*arguments, given=b""):
    """What `openssl` prints. No secret stands in the command: it reads the key from its file."""
    command = ["openssl", *map(str, arguments)]
    try:
        finished = subprocess.run(
            command, input=given, capture_output=True, timeout=OPENSSL_SECONDS_MAX)
    except FileNotFoundError:
        raise Failure("openssl is not in PATH: install it first.") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"openssl took longer than {OPENSSL_SECONDS_MAX} s.") from None
    if finished.returncode != 0 or not finished.stdout:
        raise Failure(
            f"{' '.join(command)}: failed ({plain(finished.stderr.decode(errors='replace'))})")
    return finished.stdout


def public_key(key_file):
    return openssl("pkey", *NO_PASSWORD, "-in", key_file, "-pubout").decode()


def key_id(key_file):
    """What the exchange calls the key."""
    der = openssl("pkey", *NO_PASSWORD, "-in", key_file, "-pubout", "-outform", "DER")
    return "bourse-" + hashlib.sha256(der).hexdigest()[:32]


def signed_token(enrolled, key_file, **more):
    if not key_file.exists():
        raise Failure(f"{key_file} is gone; enrol again: the provider has a new code.")
    now = int(time.time())
    header = {"alg": "ES256", "typ": "JWT", "kid": key_id(key_file)}
    claims = {
        "iss": "urn:bourse:key", "sub": enrolled["account"], "aud": [enrolled["audience"]],
        "iat": now, "exp": now + TOKEN_LIFETIME, "jti": str(uuid.uuid4()), **more}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = openssl(
        "dgst", "-sha256", *NO_PASSWORD, "-sign", key_file, given=text.encode())
    try:
        return f"{text}.{base64url(joined_numbers(signature))}"
    except (ValueError, IndexError, OverflowError):
        raise Failure(f"{key_file} is not a P-256 key.") from None


def joined_numbers(der):
    """A signature as tokens carry it: r, then s, 32 bytes each.

    openssl writes a DER sequence of two integers, which leaves out leading zeros, and adds one
    where the first bit would be a sign."""
    if der[0] != 0x30 or der[1] != len(der) - 2:
        raise ValueError("not a short DER sequence")
    joined, rest = b"", der[2:]
    while rest:
        if rest[0] != 0x02:
            raise ValueError("not a DER integer")
        number, rest = rest[2:2 + rest[1]], rest[2 + rest[1]:]
        joined += int.from_bytes(number, "big").to_bytes(P256_BYTES, "big")
    if len(joined) != 2 * P256_BYTES:
        raise ValueError("not two numbers")
    return joined


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def session_name():
    """Who uses the session on this machine, as far as a session's name may say it."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = ""
    return ("bourse-" + re.sub("[^A-Za-z0-9]", "", user))[:SESSION_NAME_CHARACTERS_MAX]


# The exchange


def register(endpoint, code, key_file, key_is_new, ca_bundle):
    answer = post(
        endpoint, "/bourse/v1/enroll", "application/json",
        json.dumps({"Code": code, "PublicKey": public_key(key_file)}), ca_bundle)
    if answer.is_success:
        if not has_texts(answer.json(), ("AccountId", "KeyId", "RoleArn", "Audience", "Region")):
            raise answer.not_an_exchange()
        return answer.json()
    raise answer.refusal(code, {} if key_is_new else {
        "ValidationException": f"An earlier enrolment made the key: move {key_file} away."})


def authority(endpoint, fingerprint, home):
    """The file with the certificate of the exchange's own authority, which is whose fingerprint the
    e-mail says. Until that is known, whoever answers is believed nothing and sent nothing."""
    if not endpoint.startswith("https:"):
        raise Failure("--ca-fingerprint goes with an endpoint that begins with https://.")
    anyone = ssl.create_default_context()
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    answer = send(endpoint, urllib.request.Request(endpoint + "/bourse/ca.pem"), anyone)
    try:
        certificate = answer.body.decode("ascii")
        found = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.strip())).hexdigest()
    except ValueError:
        raise Failure(
            f"{endpoint}/bourse/ca.pem is no certificate; is the endpoint the e-mail's?") from None
    if found != re.sub("[: ]", "", fingerprint).lower():
        raise Failure(
            f"The authority of {endpoint} has the fingerprint {found}, not the one that was given: "
            "someone may stand in between. Nothing was sent; ask whoever sent the e-mail.")
    write_private(home / "ca.pem", certificate)
    return str(home / "ca.pem")


def origin(url):
    """Scheme, host and port, which need no quotes wherever they stand; None for other URLs."""
    host = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    found = re.fullmatch(rf"(https?://{host}(?::([0-9]{{1,5}}))?)/?", url)
    return found.group(1) if found and int(found.group(2) or 0) <= PORT_MAX else None


def trusted(ca_bundle):
    """Whose certificates are believed: with a bundle that bundle's only, as AWS's tools do it."""
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ValueError) as fault:
        raise Failure(f"The CA bundle {ca_bundle} cannot be used ({why(fault)}).") from None


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """An exchange does not redirect, and what answers elsewhere is not to be believed."""

    def redirect_request(self, *_):
        return None


def post(endpoint, path, content_type, body, ca_bundle):
    request = urllib.request.Request(origin(endpoint) + path, body.encode(), {
        "Content-Type": content_type, "User-Agent": "bourse-credentials-py"})
    return send(endpoint, request, trusted(ca_bundle) if endpoint.startswith("https:") else None)


def send(endpoint, request, context):
    handlers = [NoRedirects]
    if context:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    opener = urllib.request.build_opener(*handlers)

    def ask():
        try:
            response = opener.open(request, timeout=ANSWER_SECONDS_MAX)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return Answer(
                endpoint, response.code, response.headers, response.read(ANSWER_BYTES_MAX + 1))

    try:
        return in_time(ANSWER_SECONDS_MAX, ask)
    except concurrent.futures.TimeoutError:
        raise Failure(f"{endpoint} did not answer within {ANSWER_SECONDS_MAX} s.") from None
    except (OSError, http.client.HTTPException, ValueError) as fault:
        fault = getattr(fault, "reason", fault)
        if isinstance(fault, ssl.SSLCertVerificationError):
            raise Failure(
                f"{endpoint} has a certificate that is not trusted here ({why(fault)}). If the "
                "exchange has an authority of its own, enrol with --ca-fingerprint SHA256.") from None
        raise Failure(
            f"{endpoint} does not answer ({why(fault)}). Is the address right, and the exchange "
            "running?") from None


class Answer:
    def __init__(self, endpoint, status, headers, body):
        self.endpoint, self.status, self.headers, self.body = endpoint, status, headers, body

    @property
    def is_success(self):
        return 200 <= self.status < 300

    @property
    def text(self):
        if len(self.body) > ANSWER_BYTES_MAX:
            raise self.not_an_exchange()
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise self.not_an_exchange() from None

    def json(self):
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            raise self.not_an_exchange() from None

    def xml(self):
        """Never with a document type: an exchange writes none, and its entities could grow."""
        if "<!" in self.text:
            raise self.not_an_exchange()
        try:
            return xml.etree.ElementTree.fromstring(self.text)
        except (xml.etree.ElementTree.ParseError, ValueError):
            raise self.not_an_exchange() from None

    @property
    def error(self):
        """Code and message, in either form of AWS's."""
        code = self.headers.get("x-amzn-errortype")
        if code:
            body = self.json()
            message = body.get("Message") if isinstance(body, dict) else None
        else:
            code, message = (self.xml().findtext("{*}Error/{*}" + n) for n in ("Code", "Message"))
        if not code or not isinstance(message, str):
            raise self.not_an_exchange()
        return code, message

    def refusal(self, secret, advice):
        """Why the exchange says no, and the advice for that code. What was secret in the question
        is taken out, should the answer repeat it."""
        code, message = self.error
        said = f"{message} ({code})"
        if len(secret) >= SECRET_CHARACTERS_MIN:
            said = said.replace(secret, "...")
        return Failure(" ".join(filter(None, [plain(said), advice.get(code)])))

    def clock_advice(self):
        """A token's times are this machine's, so its clock may be why the exchange refuses it."""
        try:
            theirs = email.utils.parsedate_to_datetime(self.headers.get("Date")).timestamp()
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
        ahead = round(time.time() - theirs)
        if abs(ahead) <= CLOCK_DIFFERENCE_MAX:
            return None
        side = "ahead of" if ahead > 0 else "behind"
        return f"This machine's clock is {abs(ahead)} s {side} the exchange's; set it."

    def not_an_exchange(self):
        return Failure(
            f"What answers at {self.endpoint} (status {self.status}) is not an exchange. Is the "
            "address right, or a proxy in between?")


def in_time(seconds, work, *arguments):
    """What the work returns or raises, or concurrent.futures.TimeoutError, the work going on.

    urllib's own limit begins anew with every byte, and does not hold for looking up a name."""
    outcome = concurrent.futures.Future()

    def run():
        try:
            outcome.set_result(work(*arguments))
        except Exception as fault:
            outcome.set_exception(fault)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(seconds)


# The command line


def plain(text):
    """A stranger's words on one line, short, and without what a terminal would obey."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:MESSAGE_CHARACTERS_MAX]


def why(fault):
    return plain(getattr(fault, "strerror", None) or str(fault) or type(fault).__name__)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(f"{message}; see credentials.py --help")

    def parse(self, arguments):
        options, others = self.parse_known_args(arguments)
        if others:
            # Not which: a mistyped option may stand before the code.
            self.error("there is an argument too many")
        return options


def parsed(arguments):
    parser = Parser(
        prog="credentials.py", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", required=True, help="the profile that `enroll` wrote")
    parser.set_defaults(command=credentials)
    if arguments[:1] == ["renew"]:
        parser.prog, parser.description = "credentials.py renew", "Put a new key in the old one's place."
        parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
        parser.set_defaults(command=renew)
        return parser.parse(arguments[1:])
    if arguments[:1] != ["enroll"]:
        return parser.parse(arguments)
    parser = Parser(
        prog="credentials.py enroll", allow_abbrev=False,
        description="Make this machine's key, register it, and write an AWS profile that uses it.")
    parser.add_argument("--endpoint", required=True, metavar="URL", help="the exchange's address")
    parser.add_argument("--code", required=True, help="the one-time code of the welcome e-mail")
    parser.add_argument("--profile", required=True, help="the AWS profile to write")
    parser.add_argument(
        "--ca-fingerprint", metavar="SHA256",
        help="of the certificate of the exchange's own authority, from the welcome e-mail")
    parser.add_argument("--ca-bundle", metavar="FILE", help="the CA certificates (PEM) to believe")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    parser.set_defaults(command=enroll)
    return parser.parse(arguments[1:])


def main(arguments):
    try:
        if fcntl is None:
            raise Failure("This runs on macOS and Linux.")
        options = parsed(arguments)
        text = options.command(options)
        sys.stdout.reconfigure(errors="backslashreplace")
        print(text, flush=True)
        return 0
    except Failure as failure:
        line = str(failure)
    except OSError as fault:
        # The second is the one that somebody asked for, the first an unfinished file.
        file = fault.filename2 or fault.filename
        line = f"{file}: {why(fault)}" if file else why(fault)
    except KeyboardInterrupt:
        line = "interrupted"
    print(f"credentials.py: {line}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
