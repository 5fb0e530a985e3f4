"""An OpenID Connect issuer on this machine: its two documents over HTTPS, and the tokens that it signs."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
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
    """Its URL, its keys, and how often it was asked for them."""

    def __init__(self, home):
        self.certificate = home / "issuer.pem"
        private = home / "issuer.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-noenc", "-keyout", private, "-out", self.certificate, "-days", "2", "-subj",
             "/CN=issuer", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True)
        self.keys = [RS256("rsa-1"), ES256("ec-1")]
        self.asked = 0
        # What is answered in place of a document, by its path.
        self.instead = {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, private)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.name = f"127.0.0.1:{self._server.server_port}"
        self.url = f"https://{self.name}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def _handler(issuer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": {
                        "issuer": issuer.url, "jwks_uri": issuer.url + "/keys"},
                    "/keys": {"keys": [key.jwk for key in issuer.keys]}}
                issuer.asked += self.path == "/keys"
                status, headers, body = issuer.instead.get(
                    self.path, (200, {}, json.dumps(documents.get(self.path)).encode()))
                self.send_response(status)
                for name, value in (headers | {"Content-Length": len(body)}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

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
