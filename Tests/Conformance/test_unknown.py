"""What is not served, and what cannot be read: the protocol's own error, by name, never worth a retry."""

import pytest

from wire import ASKS, Ask, form_ask, json_ask

# Status with which AWS's clients would ask again.
RETRIED = {429, 500, 502, 503, 504}

UNSERVED = [
    # An operation that a served service does not have here.
    ("glue list-crawlers", "UnknownOperationException", "ListCrawlers"),
    ("athena list-engine-versions", "UnknownOperationException", "ListEngineVersions"),
    ("events list-archives", "UnknownOperationException", "ListArchives"),
    ("sqs list-message-move-tasks --source-arn arn:aws:sqs:us-east-1:111111111111:q",
     "UnknownOperationException", "ListMessageMoveTasks"),
    ("lakeformation list-lf-tag-expressions", "UnknownOperationException", "/ListLFTagExpressions"),
    ("sts get-federation-token --name someone", "InvalidAction", "GetFederationToken"),
    ("s3api get-bucket-notification-configuration --bucket some-bucket", "NotImplemented",
     "notification"),
    # A service that is not here at all, in each protocol.
    ("kinesis list-streams", "UnknownOperationException", "ListStreams"),
    ("iam list-users", "InvalidAction", "ListUsers"),
    ("lambda list-functions", "UnknownOperationException", "/2015-03-31/functions"),
]


@pytest.mark.parametrize("command,code,named", UNSERVED, ids=[row[0] for row in UNSERVED])
def test_the_cli_is_told_what_is_not_served(provider, command, code, named):
    result = provider.aws("--debug", *command.split())
    assert f"An error occurred ({code})" in result.err, result.err[-2000:]
    assert named in result.err.rsplit("An error occurred", 1)[1], result.err[-2000:]
    assert "Retry needed" not in result.err and "retry needed" not in result.err.replace(
        "No retry needed", "")


def test_boto3_is_told_what_is_not_served(provider):
    glue = provider.client("glue")
    with pytest.raises(glue.exceptions.ClientError) as caught:
        glue.list_crawlers()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


UNREADABLE = [
    ("no operation at all", json_ask("glue", "")),
    ("a target of nobody's", json_ask("glue", "AWSGlue.")),
    ("no action", Ask("query", "sts", "POST", "/", {
        "Content-Type": "application/x-www-form-urlencoded"}, b"Version=2011-06-15")),
    ("broken JSON", json_ask("glue", "AWSGlue.GetTable", b'{"DatabaseName":')),
    ("JSON that is no object", json_ask("glue", "AWSGlue.GetTable", b"[1]")),
    ("a member of another type", json_ask("glue", "AWSGlue.GetTable", b'{"DatabaseName":{},"Name":1}')),
    ("a required member left out", json_ask("glue", "AWSGlue.GetTable", b"{}")),
    ("bytes that are no UTF-8", json_ask("glue", "AWSGlue.GetTable", b'{"DatabaseName":"\xff\xfe"}')),
    ("JSON nested without end", json_ask("glue", "AWSGlue.GetTable", b'{"a":' + b"[" * 1_000_000)),
    ("a required form member left out", form_ask("sts", "2011-06-15", "AssumeRoleWithWebIdentity")),
    ("broken XML", Ask("rest-xml", "s3", "PUT", "/some-bucket?versioning", body=b"<Versioning")),
    ("XML nested without end", Ask(
        "rest-xml", "s3", "PUT", "/some-bucket?versioning", body=b"<a>" * 200_000)),
    ("XML that names a file", Ask(
        "rest-xml", "s3", "PUT", "/some-bucket?versioning",
        body=b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')),
    ("a NUL in JSON", json_ask("glue", "AWSGlue.GetTable", b'{"DatabaseName":"a\\u0000b","Name":"t"}')),
    ("a NUL in a name to keep", Ask(
        "rest-json", "dataexchange", "POST", "/v1/data-sets", {"Content-Type": "application/json"},
        b'{"AssetType":"S3_SNAPSHOT","Description":"d","Name":"a\\u0000b"}')),
    ("a NUL in a path", Ask("rest-xml", "s3", "DELETE", "/some-bucket/a%00b")),
    ("a NUL in a query", Ask("rest-xml", "s3", "GET", "/?prefix=%00")),
    ("a path that is no path", Ask("rest-json", "dataexchange", "GET", "/v1/data-sets/%zz")),
]


@pytest.mark.parametrize("ask", [row[1] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_what_cannot_be_read_is_refused(exchange, provider, ask):
    answer = ask.send(exchange, ask.signed(exchange, provider.keys))
    assert 400 <= answer.status and answer.status not in RETRIED, answer
    assert answer.code and answer.message and answer.request_id, answer
    assert b"root:" not in answer.body
    # And nobody else noticed.
    who = ASKS["query"]
    assert who.send(exchange, who.signed(exchange, provider.keys)).status == 200


def test_members_that_nobody_knows_are_passed_over(exchange, provider):
    ask = form_ask("sts", "2011-06-15", "GetCallerIdentity", **{"A" + ".1" * 100_000: "x"})
    assert ask.send(exchange, ask.signed(exchange, provider.keys)).status == 200


def test_strangers_cannot_break_it_either(exchange, provider):
    """These are read before anyone is known, since the body is the proof."""
    enroll = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/enroll", {"Content-Type": "application/json"},
        b'{"Code":' + b"[" * 1_000_000)
    assume = form_ask(
        "sts", "2011-06-15", "AssumeRoleWithWebIdentity", RoleArn="arn:aws:iam::222222222222:role/x",
        RoleSessionName="someone", WebIdentityToken="." * 100_000)
    for ask in enroll, assume:
        answer = ask.send(exchange, ask.headers)
        assert 400 <= answer.status < 500 and answer.code, answer
    assert provider.client("sts").get_caller_identity()["Account"] == provider.account


def test_a_document_has_a_limit(exchange, provider):
    ask = json_ask("glue", "AWSGlue.GetTable", b'{"DatabaseName":"' + b"x" * (4 << 20) + b'"}')
    answer = ask.send(exchange, ask.signed(exchange, provider.keys))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge"), answer


def test_health_is_for_everyone(exchange):
    answer = Ask("rest-json", "", "GET", "/health").send(exchange, {})
    assert (answer.status, answer.body) == (200, b"ok\n")
