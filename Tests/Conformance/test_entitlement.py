"""What a data grant opens: S3 for its receiver, from when it is accepted until it ends, and nothing else."""

import datetime
import json
import time

import pytest

from lake import BUCKET, DATABASE, Lake, Provider, nav_key
from publication import Publisher, accept
from s3 import ONCE, keys_in, read, refused
from wire import Ask
from world import World

RECEIVER, OTHER = World.account, "333333333333"
FOLDER = "gold/risk-factors/"
DENIED = (403, "AccessDenied")


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    return World(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def key(world):
    return next(key for key in world.lake.keys if key.startswith(FOLDER))


@pytest.fixture
def reader(world):
    return world.subscriber.client("s3", config=ONCE)


@pytest.fixture(scope="module")
def others(world):
    """Another account's machine."""
    return world.exchange.subscriber(OTHER, profile="other")


@pytest.fixture
def other(others):
    return others.client("s3", config=ONCE)


@pytest.fixture
def data_set(world):
    data_set = world.publisher.data_set("Risk factors")
    world.publisher.publish(data_set, prefixes=[FOLDER])
    yield data_set
    for grant in world.publisher.client.list_data_grants()["DataGrantSummaries"]:
        if grant["SourceDataSetId"] == data_set:
            world.publisher.client.delete_data_grant(DataGrantId=grant["Id"])


def is_closed(reader, key):
    return refused(reader.get_object, Bucket=BUCKET, Key=key) == DENIED and refused(
        reader.list_objects_v2, Bucket=BUCKET, Prefix=FOLDER) == DENIED


def test_it_opens_what_it_is_of_to_its_receiver(world, data_set, key, reader, other):
    assert is_closed(reader, key)
    grant = world.publisher.grant(data_set, RECEIVER)
    # An offer opens nothing.
    assert is_closed(reader, key)
    accept(world.subscriber, grant)
    assert read(reader, BUCKET, key) == world.lake.path(key).read_bytes()
    assert keys_in(reader, BUCKET, FOLDER) == [one for one in world.lake.keys if one.startswith(FOLDER)]
    assert reader.get_bucket_location(Bucket=BUCKET)
    for prefix in "", "gold/", "gold/risk", "gold/benchmark-indices/":
        assert refused(reader.list_objects_v2, Bucket=BUCKET, Prefix=prefix) == DENIED
    for elsewhere in world.lake.keys:
        if not elsewhere.startswith((FOLDER, "gold/nav/daily/", "gold/esg-insights/")):
            assert refused(reader.get_object, Bucket=BUCKET, Key=elsewhere) == DENIED
    for call, more in (reader.put_object, {"Body": b""}), (reader.delete_object, {}):
        assert refused(call, Bucket=BUCKET, Key=key, **more) == DENIED
    assert is_closed(other, key)
    world.publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    assert is_closed(reader, key)


def test_it_is_read_as_it_was_published(world, data_set, key, reader):
    accept(world.subscriber, world.publisher.grant(data_set, RECEIVER))
    before = read(reader, BUCKET, key)
    world.lake.put(key, b"since")
    world.lake.put(FOLDER + "since.parquet", b"since")
    assert read(reader, BUCKET, key) == before
    assert FOLDER + "since.parquet" not in keys_in(reader, BUCKET, FOLDER)
    world.lake.put(key, before)
    world.lake.path(FOLDER + "since.parquet").unlink()


def test_it_ends_by_the_clock(world, data_set, key, reader):
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=3)
    grant = world.publisher.client.create_data_grant(
        Name="for a while", GrantDistributionScope="NONE", ReceiverPrincipal=RECEIVER,
        SourceDataSetId=data_set, EndsAt=ends)
    accept(world.subscriber, grant)
    assert read(reader, BUCKET, key)
    time.sleep(max((ends - datetime.datetime.now(datetime.UTC)).total_seconds(), 0) + 0.1)
    assert is_closed(reader, key)


def test_its_end_is_moved_and_the_data_set_stays(world, data_set, key, reader):
    """AWS has no operation for it; an event it has."""
    def extend(ends, machine=None, **changes):
        body = json.dumps({"EndsAt": ends.timestamp()} | changes).encode()
        ask = Ask(
            "rest-json", "bourse", "POST", f"/bourse/v1/data-grants/{grant['Id']}/extend",
            {"Content-Type": "application/json"}, body)
        keys = (machine or world.exchange.provider).keys
        answer = ask.send(world.exchange, ask.signed(world.exchange, keys))
        return answer.status, answer.code

    events = listen(world)
    now = datetime.datetime.now(datetime.UTC)
    ends = now + datetime.timedelta(seconds=3)
    grant = world.publisher.client.create_data_grant(
        Name="for a while", GrantDistributionScope="NONE", ReceiverPrincipal=RECEIVER,
        SourceDataSetId=data_set, EndsAt=ends)
    own = accept(world.subscriber, grant)
    time.sleep(max((ends - datetime.datetime.now(datetime.UTC)).total_seconds(), 0) + 0.1)
    assert is_closed(reader, key)
    hour = datetime.timedelta(hours=1)
    assert extend(now - hour) == (400, "ValidationException")
    assert extend(now + hour, world.subscriber) == (403, "AccessDeniedException")
    assert is_closed(reader, key)
    for _ in range(2):
        assert extend(now + hour) == (200, None)
    assert extend(now + hour / 2) == (400, "ValidationException")
    assert read(reader, BUCKET, key)
    got = world.publisher.client.get_data_grant(DataGrantId=grant["Id"])
    assert abs(got["EndsAt"] - now - hour) < datetime.timedelta(seconds=1)
    assert got["DataSetId"] == own
    event, = events("Data Grant Extended")
    assert event["detail"]["DataGrant"]["Name"] == "for a while"
    endless = world.publisher.grant(data_set, RECEIVER)
    grant = endless
    assert extend(now + hour) == (400, "ValidationException")


def listen(world):
    """What reaches the receiver: a function that gives the events of a type that came since."""
    sqs, rules = world.subscriber.client("sqs"), world.subscriber.client("events")
    queue = sqs.create_queue(QueueName="of-data-grants")["QueueUrl"]
    rules.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.dataexchange"]}))
    arn = f"arn:aws:sqs:us-east-1:{RECEIVER}:of-data-grants"
    rules.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])

    def events(kind):
        found = []
        while messages := sqs.receive_message(
                QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        return [event for event in found if event["detail-type"] == kind]

    return events


def test_what_is_shown_is_what_holds(world, data_set, key, reader):
    grant = world.publisher.grant(data_set, RECEIVER)
    accept(world.subscriber, grant)
    shown = world.exchange.provider.bourse("explain", RECEIVER, f"s3://{BUCKET}/{FOLDER}", "--json")
    assert shown.status == 0, shown
    assert shown.json["Verdict"] == "ALLOWED"
    policy, = shown.json["GrantPolicies"]
    allowed = {
        action: statement["Resource"]
        for statement in policy["Statement"] for action in statement["Action"]}
    assert allowed["s3:GetObject"] == [f"arn:aws:s3:::{BUCKET}/{FOLDER}*"]
    assert allowed["s3:ListBucket"] == [f"arn:aws:s3:::{BUCKET}"]
    assert all(
        statement["Principal"] == {"AWS": RECEIVER} or RECEIVER in json.dumps(statement["Principal"])
        for statement in policy["Statement"])
    # As the bucket's own policy it would open the same.
    printed = world.exchange.provider.bourse("explain", RECEIVER, data_set)
    assert "policy that a data grant comes to" in printed.out and FOLDER in printed.out
    world.publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    denied = world.exchange.provider.bourse("explain", RECEIVER, f"s3://{BUCKET}/{FOLDER}", "--json")
    assert (denied.json["Verdict"], denied.json["GrantPolicies"]) == ("DENIED", [])


def test_files_of_a_table_take_the_table(world, others, other):
    """A data grant does not go past the rows and columns that Lake Formation hides."""
    navs = world.publisher.data_set("Navs")
    world.publisher.publish(navs, prefixes=["gold/nav/"])
    key = nav_key(list(World.days_at_first)[0])
    grant = world.publisher.grant(navs, OTHER)
    accept(others, grant)
    assert refused(other.get_object, Bucket=BUCKET, Key=key) == DENIED
    # Nor are its names told: a table lies below.
    assert refused(other.list_objects_v2, Bucket=BUCKET, Prefix="gold/nav/") == DENIED
    world.team.grant_rows(OTHER, "nav_history", "fund_id = 'F001'", name="one-fund")
    assert refused(other.get_object, Bucket=BUCKET, Key=key) == DENIED
    world.team.grant_table(OTHER, "nav_history")
    assert read(other, BUCKET, key) == world.lake.path(key).read_bytes()


def test_an_alias_of_a_whole_bucket_is_found(world, reader):
    """By whoever looks for a bucket before it asks for an object."""
    provider = world.exchange.provider.client("s3")
    provider.create_bucket(Bucket="open-lake")
    provider.put_object(Bucket="open-lake", Key="notes.txt", Body=b"notes")
    data_set = world.publisher.data_set("Everything")
    revision = world.publisher.publish(data_set, bucket="open-lake", prefixes=[])
    grant = world.publisher.grant(data_set, RECEIVER)
    own = accept(world.subscriber, grant)
    asset, = world.subscriber.client("dataexchange").list_revision_assets(
        DataSetId=own, RevisionId=revision)["Assets"]
    alias = asset["AssetDetails"]["S3DataAccessAsset"]["S3AccessPointAlias"]
    found = reader.head_bucket(Bucket=alias)
    assert (found["AccessPointAlias"], found["BucketRegion"]) == (True, "us-east-1")
    assert keys_in(reader, alias) == ["notes.txt"]
    world.publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    assert refused(reader.head_bucket, Bucket=alias)[0] in (403, 404)


def test_a_bucket_policy_that_denies_wins(world, data_set, key, reader):
    accept(world.subscriber, world.publisher.grant(data_set, RECEIVER))
    s3 = world.exchange.provider.client("s3")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/{key}"}]}))
    assert refused(reader.get_object, Bucket=BUCKET, Key=key) == DENIED
    s3.delete_bucket_policy(Bucket=BUCKET)
    assert read(reader, BUCKET, key)


def test_without_a_published_revision_there_is_nothing(world, data_set, key, reader):
    accept(world.subscriber, world.publisher.grant(data_set, RECEIVER))
    assert read(reader, BUCKET, key)
    for revision in world.publisher.client.list_data_set_revisions(DataSetId=data_set)["Revisions"]:
        world.publisher.client.revoke_revision(
            DataSetId=data_set, RevisionId=revision["Id"], RevocationComment="Wrong numbers.")
    assert is_closed(reader, key)


def test_its_alias_is_a_bucket_to_its_receiver(world, data_set, key, reader, others):
    grant = world.publisher.grant(data_set, RECEIVER)
    own = accept(world.subscriber, grant)
    received = world.subscriber.client("dataexchange")
    revision, = received.list_data_set_revisions(DataSetId=own)["Revisions"]
    asset, = received.list_revision_assets(DataSetId=own, RevisionId=revision["Id"])["Assets"]
    alias = asset["AssetDetails"]["S3DataAccessAsset"]["S3AccessPointAlias"]
    assert alias.endswith("-s3alias")
    listed = reader.list_objects_v2(Bucket=alias, Prefix=FOLDER)
    assert listed["Name"] == alias and listed["Contents"][0]["Key"] == key
    assert read(reader, alias, key) == read(reader, BUCKET, key)
    assert reader.get_bucket_location(Bucket=alias)["LocationConstraint"] is None
    # As in S3: who may list some prefixes may not ask for the whole.
    assert refused(reader.head_bucket, Bucket=alias)[0] == 403
    copy = world.subscriber.home / "copy.parquet"
    assert world.subscriber.aws("s3", "cp", f"s3://{alias}/{key}", copy).status == 0
    assert copy.read_bytes() == world.lake.path(key).read_bytes()
    assert world.subscriber.aws("s3", "ls", f"s3://{alias}/{FOLDER}").status == 0
    for call, more in (
            (reader.put_object, {"Key": key, "Body": b""}), (reader.delete_object, {"Key": key}),
            (reader.list_objects_v2, {"Prefix": "gold/"})):
        status, code = refused(call, Bucket=alias, **more)
        assert status in (403, 404), code
    # To everyone else it is nothing.
    for someone in others.client("s3", config=ONCE), world.exchange.provider.client("s3"):
        assert refused(someone.get_object, Bucket=alias, Key=key)[0] in (403, 404)
    assert refused(reader.create_bucket, Bucket=alias)[1] == "InvalidBucketName"
    world.publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    assert refused(reader.get_object, Bucket=alias, Key=key)[0] in (403, 404)


def test_nor_where_no_location_is_registered(own_exchange, tmp_path):
    """The data grant of a contract stands beside the filters of its funds."""
    lake = Lake(tmp_path / "lake").sample("--funds", "3", "--days", "2")
    team = Provider(own_exchange.provider)
    team.link(lake)
    team.glue.create_database(DatabaseInput={"Name": DATABASE})
    team.describe("nav_history")
    team.grant_rows(RECEIVER, "nav_history", "fund_id = 'F001'")
    machine = own_exchange.subscriber(RECEIVER)
    reader = machine.client("s3", config=ONCE)
    publisher = Publisher(own_exchange.provider)
    for prefix in "gold/nav/daily/", "gold/", FOLDER:
        data_set = publisher.data_set(f"Of {prefix}")
        publisher.publish(data_set, prefixes=[prefix])
        accept(machine, publisher.grant(data_set, RECEIVER))
    navs = [key for key in lake.keys if key.startswith("gold/nav/daily/")]
    assert refused(reader.get_object, Bucket=BUCKET, Key=navs[0]) == DENIED
    for prefix in "gold/", "gold/nav/", "gold/nav/daily/", navs[0].rpartition("/")[0]:
        assert refused(reader.list_objects_v2, Bucket=BUCKET, Prefix=prefix) == DENIED
    # Of no table:
    assert keys_in(reader, BUCKET, FOLDER)
    team.grant_table(RECEIVER, "nav_history")
    assert read(reader, BUCKET, navs[0]) == lake.path(navs[0]).read_bytes()


def test_what_a_reopened_revision_opened_is_closed(world, reader):
    benchmarks = "gold/benchmark-indices/"
    owner = world.publisher.client
    data_set = world.publisher.data_set("Reopened")
    revision = world.publisher.publish(data_set, prefixes=[FOLDER])
    grant = world.publisher.grant(data_set, RECEIVER)
    accept(world.subscriber, grant)
    assert keys_in(reader, BUCKET, FOLDER)
    owner.delete_data_grant(DataGrantId=grant["Id"])
    names = {"DataSetId": data_set, "RevisionId": revision}
    owner.update_revision(**names, Finalized=False)
    asset, = owner.list_revision_assets(**names)["Assets"]
    owner.delete_asset(**names, AssetId=asset["Id"])
    world.publisher.run_job("CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET", {
        "CreateS3DataAccessFromS3Bucket": {
            **names, "AssetSource": {"Bucket": BUCKET, "KeyPrefixes": [benchmarks]}}})
    world.publisher.finalize(data_set, revision)
    again = world.publisher.grant(data_set, RECEIVER)
    accept(world.subscriber, again)
    assert keys_in(reader, BUCKET, benchmarks)
    assert refused(reader.list_objects_v2, Bucket=BUCKET, Prefix=FOLDER) == DENIED
    owner.delete_data_grant(DataGrantId=again["Id"])
