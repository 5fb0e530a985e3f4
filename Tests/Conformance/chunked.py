"""A body in aws-chunked frames: each frame may be signed, and a trailer may follow them.

It signs by itself, from AWS's description of Signature Version 4, since botocore signs no frames.
"""

import datetime
import hashlib
import hmac
import http.client
import urllib.parse

from exchange import REGION
from wire import ANSWER_SECONDS_MAX, Answer

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
NOTHING = hashlib.sha256(b"").hexdigest()


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Signer:
    """Of one request, and then of its frames, each over the signature before it."""

    def __init__(self, keys, at=None):
        self.key, self._secret, self.token = keys
        at = at or datetime.datetime.now(datetime.timezone.utc)
        self.date = at.strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.date[:8]}/{REGION}/s3/aws4_request"
        self._last = None

    def _sign(self, text):
        key = ("AWS4" + self._secret).encode()
        for word in [*self.scope.split("/"), text]:
            key = hmac.digest(key, word.encode(), "sha256")
        return key.hex()

    def request(self, method, path, query, headers):
        """The `Authorization` of the request; all its headers are signed."""
        headers = {name.lower(): value for name, value in headers.items()}
        names = ";".join(sorted(headers))
        lines = [f"{name}:{headers[name]}" for name in sorted(headers)]
        canonical = "\n".join(
            [method, path, query, *lines, "", names, headers["x-amz-content-sha256"]])
        self._last = self._sign("\n".join(
            ["AWS4-HMAC-SHA256", self.date, self.scope, digest(canonical.encode())]))
        return (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{self.scope}, SignedHeaders={names}, "
            f"Signature={self._last}")

    def frame(self, content):
        return self._follow("AWS4-HMAC-SHA256-PAYLOAD", NOTHING, digest(content))

    def trailer(self, lines):
        return self._follow("AWS4-HMAC-SHA256-TRAILER", digest(lines))

    def _follow(self, kind, *digests):
        self._last = self._sign("\n".join([kind, self.date, self.scope, self._last, *digests]))
        return self._last


class Frame:
    def __init__(self, content, signature):
        self.content, self.signature = content, signature
        self.size = len(content)

    @property
    def bytes(self):
        signature = f";chunk-signature={self.signature}" if self.signature else ""
        # The last has no content, and what follows it is the trailer.
        end = b"\r\n" if self.content else b""
        return f"{self.size:X}{signature}\r\n".encode() + self.content + end


class ChunkedPut:
    """One PUT, signed, whose frames and trailer a test may change before it is sent.

    `pieces` are the contents of the frames; `decoded_length` is what it says they have together.
    """

    def __init__(self, machine, form, path, pieces, trailer=None, query="", encoding="aws-chunked",
                 decoded_length=None, **headers):
        address = urllib.parse.urlsplit(machine.endpoint).netloc
        signer = Signer(machine.keys)
        length = sum(map(len, pieces)) if decoded_length is None else decoded_length
        self.path, self.query = path, query
        self.headers = {
            "Host": address, "x-amz-date": signer.date, "x-amz-content-sha256": form,
            "x-amz-decoded-content-length": str(length), "Content-Encoding": encoding} | headers
        if signer.token:
            self.headers["x-amz-security-token"] = signer.token
        if trailer:
            self.headers["x-amz-trailer"] = ",".join(trailer)
        self.headers["Authorization"] = signer.request("PUT", path, query, self.headers)
        is_signed = form != UNSIGNED_WITH_TRAILER
        self.frames = [
            Frame(piece, signer.frame(piece) if is_signed else None) for piece in [*pieces, b""]]
        self.trailer = [f"{name}:{value}" for name, value in (trailer or {}).items()]
        if trailer and is_signed:
            lines = "".join(line + "\n" for line in self.trailer)
            self.trailer.append("x-amz-trailer-signature:" + signer.trailer(lines.encode()))

    @property
    def body(self):
        lines = "".join(line + "\r\n" for line in [*self.trailer, ""])
        return b"".join(frame.bytes for frame in self.frames) + lines.encode()

    def send(self, in_http_chunks=False):
        """`in_http_chunks`: with no length of the whole, as AWS's SDK for C++ sends it."""
        connection = http.client.HTTPConnection(
            self.headers["Host"], timeout=ANSWER_SECONDS_MAX)
        body, headers = self.body, dict(self.headers)
        if in_http_chunks:
            headers["Transfer-Encoding"] = "chunked"
            body = [body[begin:begin + 10_007] for begin in range(0, len(body), 10_007)]
        try:
            target = self.path + (f"?{self.query}" if self.query else "")
            try:
                connection.request(
                    "PUT", target, body=body, headers=headers, encode_chunked=in_http_chunks)
            except (BrokenPipeError, ConnectionResetError):
                # Refused before it was all sent: the answer is there all the same.
                pass
            response = connection.getresponse()
            return Answer("rest-xml", response.status, response.headers, response.read())
        finally:
            connection.close()
