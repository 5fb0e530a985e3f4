"""EventBridge and SQS: whoever asked is told what happens, at least once, whatever dies meanwhile."""

import json
import time

import botocore.exceptions
import pytest

from events import Inbox
from exchange import PROVIDER, REGION
from lake import in_shell, nav_key, nav_rows
from publication import accept
from world import World

SUBSCRIBER = World.account
PUBLISHED = {
    "source": ["aws.dataexchange"], "detail-type": ["Revision Published to S3 Data Access Data Set(s)"]}
RISK = {"prefixes": ["gold/risk-factors/"]}


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    return World(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def own(world):
    """A data set, as the subscriber knows it."""
    world.data_set = world.publisher.data_set(name="NAV History")
    return accept(world.subscriber, world.publisher.grant(world.data_set, SUBSCRIBER))


@pytest.fixture(scope="module")
def sqs(world):
    return world.subscriber.client("sqs", endpoint_url=world.subscriber.endpoint)


@pytest.fixture(scope="module")
def bus(world):
    return world.subscriber.client("events")


def code(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def put(bus, detail_type="Refreshed", source="client.dashboards", **detail):
    answer = bus.put_events(Entries=[
        {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}])
    assert answer["FailedEntryCount"] == 0, answer
    return answer["Entries"][0]["EventId"]


# From a publication to its event


def test_a_subscriber_is_told_of_a_revision_with_the_cli(world, own):
    def typed(*arguments):
        result = world.subscriber.aws(*arguments)
        assert result.status == 0, result
        return result.json if result.out.strip() else {}

    url = typed("sqs", "create-queue", "--queue-name", "updates")["QueueUrl"]
    arn = typed("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "QueueArn")
    arn = arn["Attributes"]["QueueArn"]
    assert arn == f"arn:aws:sqs:{REGION}:{SUBSCRIBER}:updates"
    rule = typed("events", "put-rule", "--name", "updates", "--event-pattern", in_shell(PUBLISHED))
    assert rule["RuleArn"] == f"arn:aws:events:{REGION}:{SUBSCRIBER}:rule/updates"
    targets = typed("events", "put-targets", "--rule", "updates", "--targets", f"Id=queue,Arn={arn}")
    assert targets["FailedEntryCount"] == 0

    revision = world.publisher.publish(world.data_set, "a first one")
    received = typed("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "20")
    message, = received["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["RevisionIds"] == [revision]
    typed("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert typed("sqs", "receive-message", "--queue-url", url) == {}


def test_what_the_event_says(world, own):
    inbox = Inbox(world.subscriber, "whole", PUBLISHED)
    begun = time.time()
    revision = world.publisher.publish(world.data_set, "what is new")
    event = inbox.take()
    assert (event["version"], event["account"], event["region"]) == ("0", SUBSCRIBER, REGION)
    assert event["detail-type"] == PUBLISHED["detail-type"][0]
    # The subscriber's own name of it, under which it can ask.
    assert event["resources"] == [own]
    assert event["detail"] == {
        "RevisionIds": [revision], "Revisions": [{"Id": revision, "Comment": "what is new"}],
        "DataSets": [{"Id": own, "Name": "NAV History"}]}
    shown = world.subscriber.client("dataexchange").get_revision(
        DataSetId=event["resources"][0], RevisionId=revision)
    assert shown["Finalized"] is True
    told = time.mktime(time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert begun - 2 < told < time.time() + 2
    assert inbox.is_empty()


def test_the_event_comes_when_the_data_is_there(world, own):
    """Whoever queries because of it sees the new rows."""
    inbox = Inbox(world.subscriber, "then-query", PUBLISHED)
    day = "2024-03-01"
    world.lake.write_parquet(nav_key(day), nav_rows(day, 5))
    world.publisher.publish(world.data_set)
    inbox.take()
    assert world.athena.rows(f"SELECT count(*) FROM nav_history WHERE as_of = '{day}'") == [["3"]]


def test_the_provider_is_told_in_its_own_words(world, own):
    inbox = Inbox(world.exchange.provider, "own", {"detail-type": ["DataSetRevisionPublished"]})
    revision = world.publisher.publish(world.data_set)
    event = inbox.take()
    size = sum(
        world.lake.path(key).stat().st_size for key in world.lake.keys if key.startswith("gold/nav/"))
    assert (event["source"], event["account"]) == ("nomura.data-platform", PROVIDER)
    assert event["resources"] == [
        f"arn:aws:dataexchange:{REGION}:{PROVIDER}:data-sets/{world.data_set}"]
    assert event["detail"]["revisionId"] == revision
    assert event["detail"]["subscribers"] == [SUBSCRIBER]
    assert event["detail"]["dataSize"] == size


def test_a_grants_life_is_told_to_both(world):
    sender = Inbox(world.exchange.provider, "accepted", {"detail-type": ["Data Grant Accepted"]})
    receiver = Inbox(world.subscriber, "revoked", {
        "detail-type": ["Data Grant Revoked", {"prefix": "Revision Revoked"}]})
    data_set = world.publisher.data_set(name="For a while")
    revision = world.publisher.publish(data_set, **RISK)
    grant = world.publisher.grant(data_set, SUBSCRIBER)
    accept(world.subscriber, grant)
    event = sender.take()
    assert event["detail"]["DataGrant"] == {"Arn": grant["Arn"], "Name": "to a subscriber"}
    assert event["detail"]["DataSets"] == [{"Id": data_set, "Name": "For a while"}]
    world.publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=revision, RevocationComment="a wrong value")
    event = receiver.take()
    assert event["detail"]["RevisionIds"] == [revision]
    assert event["detail"]["RevocationComment"] == "a wrong value"
    world.publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    event = receiver.take()
    assert event["detail-type"] == "Data Grant Revoked"
    assert event["detail"]["DataGrant"]["Arn"] == grant["Arn"]
    # Not entitled any more: not told any more.
    every = Inbox(world.subscriber, "nothing", {"source": ["aws.dataexchange"]})
    world.publisher.publish(data_set, **RISK)
    put(every.events, "Marker")
    assert every.is_empty()


def test_an_offer_that_was_not_accepted_tells_nothing(world):
    inbox = Inbox(world.subscriber, "not-yet", PUBLISHED)
    data_set = world.publisher.data_set(name="Offered")
    world.publisher.grant(data_set, SUBSCRIBER)
    world.publisher.publish(data_set, **RISK)
    # Whatever was to come would have come before this one.
    other = Inbox(world.subscriber, "marker", {"detail-type": ["Marker"]})
    put(other.events, "Marker")
    other.take()
    assert inbox.is_empty()


# Custom events


def test_an_event_of_its_own(world, bus):
    inbox = Inbox(world.subscriber, "custom", {
        "source": ["client.dashboards"],
        "detail": {"fund": ["F001"], "nav": [{"numeric": [">", 100]}]}})
    put(bus, fund="F002", nav=101)
    put(bus, fund="F001", nav=99)
    wanted = put(bus, fund="F001", nav=101)
    event = inbox.take()
    assert event["id"] == wanted and event["detail"] == {"fund": "F001", "nav": 101}
    assert inbox.is_empty()


def test_events_are_put_with_the_cli(world, bus):
    inbox = Inbox(world.subscriber, "typed", {"detail-type": ["Typed"]})
    answer = world.subscriber.aws("events", "put-events", "--entries", in_shell([
        {"Source": "me", "DetailType": "Typed", "Detail": "{\"a\": [1, null, \"ü\"]}"},
        {"Source": "aws.dataexchange", "DetailType": "Typed", "Detail": "{}"},
        {"Source": "me", "DetailType": "Typed", "Detail": "{no json"}]))
    assert answer.status == 0 and answer.json["FailedEntryCount"] == 2, answer
    first, second, third = answer.json["Entries"]
    assert first["EventId"] and second["ErrorCode"] == "NotAuthorizedForSourceException"
    assert third["ErrorCode"] == "MalformedDetail"
    assert inbox.take()["detail"] == {"a": [1, None, "ü"]}
    assert inbox.is_empty()


def test_nobody_puts_events_on_another_accounts_bus(world, bus):
    inbox = Inbox(world.exchange.provider, "foreign", {"source": [{"prefix": ""}]})
    answer = bus.put_events(Entries=[{
        "Source": "me", "DetailType": "Foreign", "Detail": "{}",
        "EventBusName": f"arn:aws:events:{REGION}:{PROVIDER}:event-bus/default"}])
    assert answer["FailedEntryCount"] == 1
    assert all(json.loads(message["Body"])["detail-type"] != "Foreign" for message in inbox.poll(0))


def test_a_rule_that_is_switched_off_or_removed(world, bus):
    inbox = Inbox(world.subscriber, "switched", {"detail-type": ["Switched"]})
    marker = Inbox(world.subscriber, "switched-marker", {"detail-type": ["Switched"]})
    bus.disable_rule(Name="switched")
    assert bus.describe_rule(Name="switched")["State"] == "DISABLED"
    put(bus, "Switched")
    marker.take()
    assert inbox.is_empty()
    bus.enable_rule(Name="switched")
    put(bus, "Switched")
    inbox.take()
    assert code(bus.delete_rule, Name="switched") == "ValidationException"
    bus.remove_targets(Rule="switched", Ids=["queue"])
    bus.delete_rule(Name="switched")
    assert code(bus.describe_rule, Name="switched") == "ResourceNotFoundException"


@pytest.mark.parametrize("pattern", [
    "", "[]", "{no json", '{"source": "text"}', '{"source": []}', '{"a": [{"x": 1}]}'])
def test_a_pattern_that_is_none(bus, pattern):
    assert code(bus.put_rule, Name="wrong", EventPattern=pattern) in (
        "InvalidEventPatternException", "ValidationException")


def test_a_target_must_be_a_queue_of_the_accounts_own(bus):
    bus.put_rule(Name="targets", EventPattern='{"source": ["x"]}')
    answer = bus.put_targets(Rule="targets", Targets=[
        {"Id": "foreign", "Arn": f"arn:aws:sqs:{REGION}:{PROVIDER}:updates"},
        {"Id": "function", "Arn": f"arn:aws:lambda:{REGION}:{SUBSCRIBER}:function:f"}])
    assert answer["FailedEntryCount"] == 2
    assert bus.list_targets_by_rule(Rule="targets")["Targets"] == []


def test_a_dead_target_holds_nobody_back_and_leaves_a_letter(world, bus, sqs):
    """What cannot be delivered is put where the rule says, with the reason."""
    letters = sqs.create_queue(QueueName="letters")["QueueUrl"]
    inbox = Inbox(world.subscriber, "alive", {"detail-type": ["Both"]})
    bus.put_targets(Rule="alive", Targets=[{
        "Id": "dead", "Arn": f"arn:aws:sqs:{REGION}:{SUBSCRIBER}:no-such-queue",
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{SUBSCRIBER}:letters"}}])
    id = put(bus, "Both")
    assert inbox.take()["id"] == id
    message, = sqs.receive_message(
        QueueUrl=letters, WaitTimeSeconds=10, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"])["id"] == id
    assert message["MessageAttributes"]["RULE_ARN"]["StringValue"].endswith(":rule/alive")
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"]


# Queues


def test_a_long_poll_ends_when_a_message_comes(world, bus):
    inbox = Inbox(world.subscriber, "poll", {"detail-type": ["Soon"]})
    put(bus, "Soon")
    begun = time.monotonic()
    assert len(inbox.poll(20)) == 1
    assert time.monotonic() - begun < 10
    begun = time.monotonic()
    assert inbox.poll(1) == []
    assert 0.9 < time.monotonic() - begun < 5


def test_a_message_that_is_not_deleted_comes_again(sqs):
    url = sqs.create_queue(QueueName="again", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody="körper", MessageAttributes={
        "fund": {"DataType": "String", "StringValue": "F001"}})
    counts = []
    for _ in range(2):
        message, = sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=10, AttributeNames=["All"],
            MessageAttributeNames=["All"])["Messages"]
        assert (message["Body"], message["MessageId"]) == ("körper", sent["MessageId"])
        assert message["MessageAttributes"]["fund"]["StringValue"] == "F001"
        counts.append(message["Attributes"]["ApproximateReceiveCount"])
        # In flight, it is nobody else's.
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert counts == ["1", "2"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)


def test_the_size_of_a_message(sqs):
    url = sqs.create_queue(QueueName="size")["QueueUrl"]
    largest = "x" * (1 << 20)
    sqs.send_message(QueueUrl=url, MessageBody=largest)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == largest
    assert code(sqs.send_message, QueueUrl=url, MessageBody=largest + "x") == "InvalidParameterValue"


def test_a_queue_is_its_accounts_alone(world, sqs):
    url = sqs.create_queue(QueueName="private")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    foreign = world.exchange.provider.client("sqs", endpoint_url=world.exchange.endpoint)
    for call, parameters in (
        (foreign.receive_message, {}), (foreign.send_message, {"MessageBody": "y"}),
        (foreign.purge_queue, {}), (foreign.delete_queue, {}),
        (foreign.get_queue_attributes, {"AttributeNames": ["All"]}),
    ):
        assert code(call, QueueUrl=url, **parameters) in (
            "AWS.SimpleQueueService.NonExistentQueue", "AccessDenied", "AccessDeniedException")
    assert url not in foreign.list_queues().get("QueueUrls", [])
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_a_queue_that_is_not_there(sqs):
    """Under the code that old clients know."""
    assert code(sqs.get_queue_url, QueueName="no-such") == "AWS.SimpleQueueService.NonExistentQueue"


# Whatever dies


@pytest.fixture
def own_world(own_exchange, tmp_path):
    world = World(own_exchange, tmp_path / "lake")
    world.data_set = world.publisher.data_set()
    accept(world.subscriber, world.publisher.grant(world.data_set, SUBSCRIBER))
    return world


def test_an_event_outlives_the_exchange_wherever_it_dies(own_world):
    world = own_world
    inbox = Inbox(world.subscriber, "updates", PUBLISHED, VisibilityTimeout="1")
    for round_ in range(4):
        day = f"2024-03-0{round_ + 1}"
        world.lake.write_parquet(nav_key(day), nav_rows(day, 5))
        # Finalizing is answered, and nothing more.
        revision = world.publisher.publish(world.data_set)
        world.exchange.kill()
        world.exchange.serve()
        message, = inbox.poll()
        assert json.loads(message["Body"])["detail"]["RevisionIds"] == [revision]
        # It is received, and not deleted: it comes again.
        world.exchange.kill()
        world.exchange.serve()
        message, = inbox.poll()
        assert json.loads(message["Body"])["detail"]["RevisionIds"] == [revision]
        # It is deleted: it does not.
        inbox.delete(message)
        world.exchange.kill()
        world.exchange.serve()
        assert inbox.is_empty()
    time.sleep(1.1)
    assert inbox.is_empty()
    assert world.exchange.verify().status == 0
