"""EventBridge and SQS: an event becomes a message, whoever puts it and whatever dies on the way."""

import json
import threading
import time

import pytest

RULE = json.dumps({"source": ["nomura.data-platform"], "detail": {"productId": [{"prefix": "esg"}]}})


def arn(machine, queue):
    return f"arn:aws:sqs:us-east-1:{machine.account}:{queue}"


def entry(detail, source="nomura.data-platform"):
    return {"Source": source, "DetailType": "DataSetRevisionPublished", "Detail": json.dumps(detail)}


def drain(sqs, url, count):
    """The bodies of so many messages, deleted as they come. Each is waited for."""
    bodies = []
    while len(bodies) < count:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10)["Messages"]
        bodies += [json.loads(message["Body"]) for message in messages]
        deleted = sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                for place, message in enumerate(messages)])
        assert "Failed" not in deleted or not deleted["Failed"]
    return bodies


def test_from_rule_to_queue(caller):
    sqs, events = caller.client("sqs"), caller.client("events")
    url = sqs.create_queue(QueueName="updates")["QueueUrl"]
    dead = sqs.create_queue(QueueName="nomura-dlq")["QueueUrl"]
    events.put_rule(Name="new-revision", EventPattern=RULE)
    failed = events.put_targets(
        Rule="new-revision",
        Targets=[
            {
                "Id": "queue", "Arn": arn(caller, "updates"),
                "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": arn(caller, "nomura-dlq")},
            },
            {
                "Id": "gone", "Arn": arn(caller, "gone"), "InputPath": "$.detail",
                "DeadLetterConfig": {"Arn": arn(caller, "nomura-dlq")},
            },
            {"Id": "theirs", "Arn": "arn:aws:sqs:us-east-1:999999999999:updates"},
        ])["FailedEntries"]
    assert [target["TargetId"] for target in failed] == ["theirs"]

    put = events.put_events(
        Entries=[
            entry({"productId": "esg-1", "revisionId": "r1"}), entry({"productId": "nav"}),
            entry({}, source="aws.s3"),
        ])
    assert put["FailedEntryCount"] == 1
    assert put["Entries"][2]["ErrorCode"] == "NotAuthorizedForSourceException"

    [event] = drain(sqs, url, 1)
    assert event["id"] == put["Entries"][0]["EventId"]
    assert event["account"] == caller.account
    assert event["detail"] == {"productId": "esg-1", "revisionId": "r1"}
    assert "Messages" not in sqs.receive_message(QueueUrl=url)

    [letter] = sqs.receive_message(
        QueueUrl=dead, WaitTimeSeconds=10, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"]) == event["detail"]
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert said["ERROR_CODE"] == "NO_RESOURCE"
    assert said["TARGET_ARN"] == arn(caller, "gone")


def test_by_the_command_line(caller):
    def aws(*arguments):
        result = caller.aws(*arguments)
        assert result.status == 0, result
        return result.json if result.out.strip() else None

    url = aws("sqs", "create-queue", "--queue-name", "cli")["QueueUrl"]
    aws("events", "put-rule", "--name", "cli", "--event-pattern", '{"source":["cli"]}')
    aws("events", "put-targets", "--rule", "cli", "--targets", f"Id=q,Arn={arn(caller, 'cli')}")
    aws("events", "put-events", "--entries", json.dumps([entry({"n": 1}, source="cli")]))
    [message] = aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "10")["Messages"]
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert aws("sqs", "receive-message", "--queue-url", url) is None
    aws("events", "remove-targets", "--rule", "cli", "--ids", "q")
    aws("events", "delete-rule", "--name", "cli")
    aws("sqs", "delete-queue", "--queue-url", url)
    gone = caller.aws("sqs", "receive-message", "--queue-url", url)
    assert gone.status != 0 and "AWS.SimpleQueueService.NonExistentQueue" in gone.err


def test_a_message_wakes_who_waits(caller):
    sqs = caller.client("sqs")
    url = sqs.create_queue(QueueName="waited-for")["QueueUrl"]
    sent = []

    def send():
        time.sleep(0.5)
        sent.append(time.monotonic())
        caller.client("sqs").send_message(QueueUrl=url, MessageBody="now")

    sender = threading.Thread(target=send)
    sender.start()
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"] == "now"
    sender.join()
    assert time.monotonic() - sent[0] < 5


def test_nobody_reaches_anothers_queue_or_rule(exchange, provider, subscriber):
    sqs = subscriber.client("sqs")
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    subscriber.client("events").put_rule(Name="mine", EventPattern=RULE)
    theirs = provider.client("sqs")
    for unreachable in (url, url + "-none"):
        with pytest.raises(theirs.exceptions.QueueDoesNotExist):
            theirs.send_message(QueueUrl=unreachable, MessageBody="x")
    events = provider.client("events")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name="mine")


def test_the_trail_hides_what_messages_say(exchange, subscriber):
    sqs = subscriber.client("sqs")
    url = sqs.create_queue(QueueName="secret")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="4711")
    record = [record for record in exchange.trail if record["eventName"] == "SendMessage"][-1]
    assert record["requestParameters"]["MessageBody"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert record["eventCategory"] == "Data"


def test_a_kill_loses_no_event(own_exchange):
    """Events are put while it dies again and again; every one that was answered for arrives."""
    exchange = own_exchange
    subscriber = exchange.subscriber("222222222222")
    sqs, events = subscriber.client("sqs"), subscriber.client("events")
    url = sqs.create_queue(QueueName="updates")["QueueUrl"]
    events.put_rule(Name="all", EventPattern='{"source": ["x"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn(subscriber, "updates")}])
    put = set()
    for round in range(5):
        entries = [entry({"n": number}, source="x") for number in range(10)]
        for result in events.put_events(Entries=entries)["Entries"]:
            put.add(result["EventId"])
        # At once: some are still in the outbox, some on their way, some arrived.
        exchange.kill()
        exchange.serve()
    arrived = set()
    while not put <= arrived:
        arrived |= {event["id"] for event in drain(sqs, url, 1)}
    assert arrived == put
    assert exchange.verify().status == 0


def test_a_server_that_stops_answers_who_waits(own_exchange):
    subscriber = own_exchange.subscriber("222222222222")
    sqs = subscriber.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    answers = []
    waiter = threading.Thread(
        target=lambda: answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    waiter.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert own_exchange.stop() == 0
    assert time.monotonic() - began < 10
    waiter.join()
    assert "Messages" not in answers[0]
