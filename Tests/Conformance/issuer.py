"""An OpenID Connect issuer on this machine: its two documents over HTTPS, and the tokens that it signs."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import sys
import time

import rsa
from ecdsa import NIST256p, SigningKey
from ecdsa.util import sigencode_string

from wire import form_ask

ROLE = "arn:aws:iam::222222222222:role/data-subscriber"


def base64url(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_id(key):
    """What the exchange calls an enrolled key."""
    return "bourse-" + hashlib.sha256(key.verifying_key.to_der()).hexdigest()[:32]


def assume(exchange, token, role=ROLE, name="someone", **members):
    ask = form_ask(
        "sts", "2011-06-15", "AssumeRoleWithWebIdentity", RoleArn=role, RoleSessionName=name,
        WebIdentityToken=token, **members)
    return ask.send(exchange, ask.headers)


class ES256:
    algorithm = "ES256"

    def __init__(self, name):
        self.name, self.key = name, SigningKey.generate(NIST256p)

    def sign(self, text):
        return self.key.sign(text, hashfunc=hashlib.sha256, sigencode=sigencode_string)

    @property
    def jwk(self):
        point = self.key.verifying_key.to_string()
        return {
            "kty": "EC", "crv": "P-256", "kid": self.name, "use": "sig", "alg": "ES256",
            "x": base64url(point[:32]), "y": base64url(point[32:])}


class RS256:
    algorithm = "RS256"

    def __init__(self, name, bits=2_048):
        self.name = name
        self.public, self.key = rsa.newkeys(bits)

    def sign(self, text):
        return rsa.sign(text, self.key, "SHA-256")

    @property
    def jwk(self):
        """Without `alg`, as Entra ID has it."""
        return {
            "kty": "RSA", "kid": self.name, "use": "sig", "n": base64url(number(self.public.n)),
            "e": base64url(number(self.public.e))}


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


class Issuer:
    """Its URL, its keys, and how often it was asked for them.

    Its server is a process of its own: this one's environment changes, which no other thread may read
    meanwhile.
    """

    def __init__(self, home):
        self.certificate, private = home / "issuer.pem", home / "issuer.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-noenc", "-keyout", private, "-out", self.certificate, "-days", "2", "-subj",
             "/CN=issuer", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True)
        self.keys = [RS256("rsa-1"), ES256("ec-1")]
        self._answers, self._asked = home / "answers.json", home / "asked"
        self._asked.touch()
        self._server = subprocess.Popen(
            [sys.executable, __file__, self._answers, self._asked, self.certificate, private],
            stdout=subprocess.PIPE, text=True)
        self.name = f"127.0.0.1:{self._server.stdout.readline().strip()}"
        self.url = f"https://{self.name}"
        self.instead = {}

    def close(self):
        self._server.terminate()
        self._server.wait()

    @property
    def asked(self):
        return self._asked.read_text().count("/keys")

    @property
    def instead(self):
        """What is answered in place of a document, by its path: status, headers, body."""
        return self._instead

    @instead.setter
    def instead(self, answers):
        self._instead = answers
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.url, "jwks_uri": self.url + "/keys"},
            "/keys": {"keys": [key.jwk for key in self.keys]}}
        regular = {path: (200, {}, json.dumps(document)) for path, document in documents.items()}
        unfinished = self._answers.with_suffix(".new")
        unfinished.write_text(json.dumps(regular | answers))
        unfinished.replace(self._answers)

    def token(self, key=None, header=None, without=(), **claims):
        """For the pipeline of the subscriber's main branch, unless the claims say otherwise."""
        key = key or self.keys[0]
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "repo:acme/etl:ref:refs/heads/main", "aud": "urn:bourse:111111111111",
            "iat": now, "exp": now + 3_600} | claims
        for name in without:
            del claims[name]
        header = {"alg": key.algorithm, "typ": "JWT", "kid": key.name} | (header or {})
        text = f"{base64url(json.dumps(header))}.{base64url(json.dumps(claims))}"
        if header["alg"] == "none":
            return text + "."
        if header["alg"] == "HS256":
            return f"{text}.{base64url(hmac.digest(json.dumps(key.jwk).encode(), text.encode(), 'sha256'))}"
        return f"{text}.{base64url(key.sign(text.encode()))}"


def serve(answers, asked, certificate, private):
    """The server, until it is terminated."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with open(asked, "a") as log:
                log.write(self.path + "\n")
            with open(answers) as file:
                status, headers, body = json.load(file).get(self.path, (404, {}, ""))
            self.send_response(status)
            for name, value in (headers | {"Content-Length": len(body)}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(*sys.argv[1:])
