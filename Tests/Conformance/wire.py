"""Single requests, one per protocol, that a test may sign rightly or wrongly, and their answers."""

import datetime
import http.client
import json
import urllib.parse
import xml.etree.ElementTree
from unittest import mock

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from exchange import REGION

ANSWER_SECONDS_MAX = 30


class Ask:
    """A harmless request in one protocol."""

    def __init__(self, wire, service, method, path, headers=None, body=b""):
        self.wire, self.service = wire, service
        self.method, self.path = method, path
        self.headers, self.body = headers or {}, body

    def signed(self, exchange, credentials, at=None, service=None):
        """The headers with which AWS's own signer signs it, at another time if told so."""
        request = AWSRequest(
            self.method, exchange.endpoint + self.path, headers=dict(self.headers), data=self.body)
        at = at or datetime.datetime.now(datetime.timezone.utc)
        signer = S3SigV4Auth if self.wire == "rest-xml" else SigV4Auth
        credentials = Credentials(*credentials)
        with mock.patch("botocore.auth.get_current_datetime", return_value=at):
            signer(credentials, service or self.service, REGION).add_auth(request)
        return dict(request.headers.items())

    def send(self, exchange, headers, body=None, path=None):
        address = urllib.parse.urlsplit(exchange.endpoint)
        connection = http.client.HTTPConnection(
            address.hostname, address.port, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request(
                self.method, self.path if path is None else path,
                body=self.body if body is None else body, headers=headers)
            response = connection.getresponse()
            return Answer(self.wire, response.status, response.headers, response.read())
        finally:
            connection.close()


class Answer:
    def __init__(self, wire, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.code = self.message = None
        # The answer to a HEAD has none.
        if status >= 400 and body:
            self.code, self.message = getattr(self, "_" + wire.replace("-", "_"))()

    @property
    def request_id(self):
        return self.headers["x-amzn-requestid"] or self.headers["x-amz-request-id"]

    def _json(self):
        error = json.loads(self.body)
        assert error["message"] == error["Message"]
        return error["__type"].rsplit("#", 1)[-1], error["message"]

    def _rest_json(self):
        return self.headers["x-amzn-errortype"], json.loads(self.body)["Message"]

    def _query(self):
        root = xml.etree.ElementTree.fromstring(self.body)
        name = root.tag[:root.tag.index("}") + 1]
        assert root.tag == name + "ErrorResponse"
        assert root.findtext(name + "RequestId") == self.request_id
        error = root.find(name + "Error")
        assert error.findtext(name + "Type") == "Sender"
        return error.findtext(name + "Code"), error.findtext(name + "Message")

    def _rest_xml(self):
        root = xml.etree.ElementTree.fromstring(self.body)
        assert root.tag == "Error" and root.findtext("RequestId") == self.request_id
        return root.findtext("Code"), root.findtext("Message")

    def __repr__(self):
        return f"{self.status} {self.code}: {self.body!r}"


def json_ask(service, target, body=b"{}", version="1.1"):
    return Ask(
        "json", service, "POST", "/",
        {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}, body)


def form_ask(service, version, action, **members):
    form = {"Action": action, "Version": version} | members
    return Ask(
        "query", service, "POST", "/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        urllib.parse.urlencode(form).encode())


# One for each protocol: nothing is changed by it.
ASKS = {
    "query": form_ask("sts", "2011-06-15", "GetCallerIdentity"),
    "json": json_ask("glue", "AWSGlue.GetDatabases"),
    "rest-json": Ask("rest-json", "dataexchange", "GET", "/v1/data-sets"),
    "rest-xml": Ask("rest-xml", "s3", "GET", "/"),
}


def begun_upload(exchange, path, size):
    """A connection on which an object of that size was promised, and none of it sent yet."""
    ask = Ask("rest-xml", "s3", "PUT", path, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    address = urllib.parse.urlsplit(exchange.endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.putrequest("PUT", path, skip_host=True, skip_accept_encoding=True)
    for name, value in ask.signed(exchange, exchange.provider.keys).items():
        connection.putheader(name, value)
    connection.putheader("Host", address.netloc)
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    return connection
