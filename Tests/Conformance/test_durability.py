"""kill -9 under a mixture of everything: what was acknowledged is there, and in the trail."""

import concurrent.futures
import itertools
import random
import time

import botocore.exceptions

from exchange import REGION
from lake import BUCKET, DATABASE, columns_of, principal, table_of
from s3 import ONCE
from world import World

ROUNDS = 15


class Mutations:
    """Changes of all kinds, one after the other, until the exchange dies under them.

    Each is one request. What it must have left, if it was answered, is looked for after the restart.
    """

    def __init__(self, world):
        self.world = world
        provider, subscriber = world.exchange.provider, world.subscriber
        self.glue = provider.client("glue", config=ONCE)
        self.lakeformation = provider.client("lakeformation", config=ONCE)
        self.dataexchange = provider.client("dataexchange", config=ONCE)
        self.s3 = subscriber.client("s3", config=ONCE)
        self.sqs = subscriber.client("sqs", config=ONCE, endpoint_url=subscriber.endpoint)
        self.events = subscriber.client("events", config=ONCE)
        self.athena = subscriber.client("athena", config=ONCE)
        self.data_set = world.publisher.data_set(name="Changing")
        self.queue = self.sqs.create_queue(QueueName="changing")["QueueUrl"]
        self.kinds = [
            self.database, self.table, self.grant, self.revoke, self.object, self.removal,
            self.revision, self.message, self.rule, self.query]
        self.bodies = set()

    # Each yields requests, the last of which leaves what it returns a check of.

    def database(self, name):
        yield self.glue.create_database(DatabaseInput={"Name": name})
        return lambda: self.glue.get_database(Name=name)["Database"]["Name"] == name

    def table(self, name):
        columns = [{"Name": "fund_id", "Type": "string"}, {"Name": "nav", "Type": "double"}]
        storage = {"Columns": columns, "Location": f"s3://{BUCKET}/{name}/"}
        yield self.glue.create_table(
            DatabaseName=DATABASE, TableInput={"Name": name, "StorageDescriptor": storage})
        return lambda: self.glue.get_table(
            DatabaseName=DATABASE, Name=name)["Table"]["StorageDescriptor"]["Columns"] == columns

    def permissions(self, name):
        held = self.lakeformation.list_permissions(
            Principal=principal(World.account), Resource=table_of(name))
        return [one["Permissions"] for one in held["PrincipalResourcePermissions"]]

    def grant(self, name):
        yield from self.table(name)
        yield self.lakeformation.grant_permissions(
            Principal=principal(World.account), Permissions=["SELECT"],
            Resource=columns_of(name, "nav"))
        return lambda: self.permissions(name) == [["SELECT"]]

    def revoke(self, name):
        yield from self.grant(name)
        yield self.lakeformation.revoke_permissions(
            Principal=principal(World.account), Permissions=["SELECT"],
            Resource=columns_of(name, "nav"))
        return lambda: self.permissions(name) == []

    def object(self, name):
        content = random.Random(name).randbytes(70_000)
        yield self.s3.put_object(Bucket=self.world.athena.bucket, Key=name, Body=content)
        return lambda: self.s3.get_object(
            Bucket=self.world.athena.bucket, Key=name)["Body"].read() == content

    def removal(self, name):
        yield from self.object(name)
        yield self.s3.delete_object(Bucket=self.world.athena.bucket, Key=name)
        # The prefix of one name is that of others, too.
        return lambda: name not in [
            one["Key"] for one in self.s3.list_objects_v2(
                Bucket=self.world.athena.bucket, Prefix=name).get("Contents", [])]

    def revision(self, name):
        answer = self.dataexchange.create_revision(DataSetId=self.data_set, Comment=name)
        yield answer
        return lambda: self.dataexchange.get_revision(
            DataSetId=self.data_set, RevisionId=answer["Id"])["Comment"] == name

    def message(self, name):
        yield self.sqs.send_message(QueueUrl=self.queue, MessageBody=name)
        self.bodies.add(name)
        return lambda: True

    def rule(self, name):
        yield self.events.put_rule(Name=name, EventPattern='{"source": ["x"]}')
        arn = f"arn:aws:sqs:{REGION}:{World.account}:changing"
        yield self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        return lambda: self.events.list_targets_by_rule(Rule=name)["Targets"] == [
            {"Id": "queue", "Arn": arn}]

    def query(self, name):
        answer = self.athena.start_query_execution(QueryString=f"SELECT '{name}'")
        yield answer

        def is_finished():
            status = self.world.athena.wait(answer["QueryExecutionId"])["Status"]
            if status["State"] == "FAILED":
                # It ran when the power went.
                return status["AthenaError"]["Retryable"] and "run it again" in status["StateChangeReason"]
            assert status["State"] == "SUCCEEDED", status
            rows = self.athena.get_query_results(QueryExecutionId=answer["QueryExecutionId"])
            return rows["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"] == name

        return is_finished


def run(mutations, writer, acknowledged):
    """Makes changes until one is not answered; keeps (kind, name, requests, check) of the others."""
    for number in itertools.count():
        kind = mutations.kinds[number % len(mutations.kinds)]
        name = f"{kind.__name__}-{writer}-{number}"
        requests, steps = [], kind(name)
        while True:
            try:
                requests.append(next(steps)["ResponseMetadata"]["RequestId"])
            except StopIteration as end:
                acknowledged.append((kind.__name__, name, requests, end.value))
                break


def test_what_was_acknowledged_is_there(own_exchange, tmp_path):
    world = World(own_exchange, tmp_path / "lake")
    mutations = Mutations(world)
    draw = random.Random(1)
    acknowledged = []
    for round_ in range(ROUNDS):
        before = len(acknowledged)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            writers = [
                pool.submit(run, mutations, f"{round_}-{writer}", acknowledged) for writer in range(2)]
            time.sleep(0.15 + 0.5 * draw.random())
            own_exchange.kill()
            for writer in writers:
                error = writer.exception()
                # Cut off; a refusal would be another matter.
                assert isinstance(error, botocore.exceptions.BotoCoreError), error
        own_exchange.serve()
        for kind, name, _, is_there in acknowledged[before:]:
            assert is_there(), (kind, name)
    # Once more, from the first round on.
    for kind, name, _, is_there in acknowledged:
        assert is_there(), (kind, name)
    assert {kind for kind, *_ in acknowledged} == {kind.__name__ for kind in mutations.kinds}
    received = set()
    while messages := mutations.sqs.receive_message(
            QueueUrl=mutations.queue, MaxNumberOfMessages=10).get("Messages"):
        received |= {message["Body"] for message in messages}
    assert mutations.bodies <= received

    verified = own_exchange.verify()
    assert verified.status == 0, verified
    records = {record.get("requestID"): record for record in own_exchange.trail}
    for kind, name, requests, _ in acknowledged:
        for request in requests:
            assert request in records, (kind, name)
            assert "errorCode" not in records[request], records[request]
