"""Whatever is published, blocked, revoked, deleted and granted, in whatever order: all doors show the same.

A model in this file says which objects a subscriber sees. It is held against SQL, S3's listing and its objects,
the credentials that are lent for the table, Data Exchange, and the policy that is printed. BOURSE_SEED and
BOURSE_ROUNDS say which changes, and how many.
"""

import fnmatch
import io
import os
import random

import botocore.exceptions
import pyarrow.parquet
import pytest

from lake import BUCKET, DATABASE
from publication import accept
from s3 import ONCE, keys_in, make_bucket, read, refused, set_versioning
from test_lent_credentials import holder, lend
from world import World

SEED = int(os.environ.get("BOURSE_SEED", 1))
ROUNDS = int(os.environ.get("BOURSE_ROUNDS", 30))
MANAGED = "managed-lake"
FOLDER = "bronze/marks/"
TABLE = "marks"
KEYS = [f"{FOLDER}part-{number}.parquet" for number in range(4)]
OUTSIDE = "bronze/other.txt"
DENIED = (403, "AccessDenied")


class Doors:
    """A table in one bucket, its data set, and a subscriber at each of the doors."""

    def __init__(self, world, bucket, live):
        self.world, self.bucket, self.live = world, bucket, live
        self.provider = world.exchange.provider
        self.s3 = self.provider.client("s3")
        if bucket != BUCKET:
            make_bucket(self.s3, bucket)
            set_versioning(self.s3, bucket)
            world.team.lakeformation.register_resource(
                ResourceArn=f"arn:aws:s3:::{bucket}", UseServiceLinkedRole=True)
        lend(world.team, True)
        world.team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": TABLE, "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "StorageDescriptor": {
                "Columns": [{"Name": "mark", "Type": "bigint"}],
                "Location": f"s3://{bucket}/{FOLDER}"}})
        products = self.provider.home / "products.yaml"
        products.write_text(
            "products:\n"
            f"- {{id: marks, title: Marks, description: Marks., bucket: {bucket}, "
            f"prefixes: [{FOLDER}], database: {DATABASE}, tables: [{TABLE}], "
            f"live: {str(live).lower()}}}\n")
        result = self.provider.bourse("apply", products, "--json")
        assert result.status == 0, result
        self.data_set = result.json[0]["DataSetId"]
        self.reader = world.subscriber.client("s3", config=ONCE)
        self.exchange = world.subscriber.client("dataexchange")
        self.formation = world.subscriber.client("lakeformation")
        self.publisher = world.publisher.client
        self.marks = iter(range(1, 1_000_000))
        self.put(OUTSIDE, b"nobody's")
        # The model.
        self.files = {}
        self.revisions = {}
        self.order = []
        self.blocked, self.revoked = set(), set()
        self.grant = self.entitled = None

    def put(self, key, content):
        if self.bucket == BUCKET:
            self.world.lake.put(key, content)
        else:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    # Changes: each returns False where there is nothing that it could be done to.

    def write(self, rounds):
        key = rounds.choice(KEYS)
        mark = next(self.marks)
        self.world.lake.write_parquet("elsewhere/mark.parquet", f"SELECT {mark}::BIGINT AS mark")
        self.put(key, self.world.lake.path("elsewhere/mark.parquet").read_bytes())
        self.world.lake.path("elsewhere/mark.parquet").unlink()
        self.files[key] = mark

    def remove(self, rounds):
        if not self.files:
            return False
        key = rounds.choice(sorted(self.files))
        if self.bucket == BUCKET:
            self.world.lake.path(key).unlink()
        else:
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        del self.files[key]

    def publish(self, rounds):
        revision = self.world.publisher.publish(
            self.data_set, bucket=self.bucket, prefixes=[FOLDER])
        self.revisions[revision] = dict(self.files)
        self.order.append(revision)

    @property
    def held(self):
        return [one for one in self.order if one not in self.revoked]

    @property
    def readable(self):
        return [one for one in self.held if one not in self.blocked]

    def block(self, rounds):
        if not self.readable:
            return False
        revision = rounds.choice(self.readable)
        assert self.provider.bourse(
            "block", "marks", "--revision", revision, "--reason", "for a test").status == 0
        self.blocked.add(revision)

    def unblock(self, rounds):
        blocked = [one for one in self.held if one in self.blocked]
        if not blocked:
            return False
        revision = rounds.choice(blocked)
        assert self.provider.bourse("unblock", "marks", "--revision", revision).status == 0
        self.blocked.discard(revision)

    def revoke(self, rounds):
        if not self.held:
            return False
        revision = rounds.choice(self.held)
        self.publisher.revoke_revision(
            DataSetId=self.data_set, RevisionId=revision, RevocationComment="it was for a test")
        self.revoked.add(revision)

    def delete(self, rounds):
        if not self.order:
            return False
        revision = rounds.choice(self.order)
        allowed = self.grant is None or revision in self.revoked
        if not allowed:
            assert refused(
                self.publisher.delete_revision, DataSetId=self.data_set, RevisionId=revision
            ) == (409, "ConflictException")
            return
        self.publisher.delete_revision(DataSetId=self.data_set, RevisionId=revision)
        self.order.remove(revision)

    def give(self, rounds):
        if self.grant:
            return False
        self.grant = self.world.publisher.grant(self.data_set, World.account)
        self.entitled = accept(self.world.subscriber, self.grant)
        self.world.team.grant_table(World.account, TABLE)

    def take(self, rounds):
        if not self.grant:
            return False
        self.publisher.delete_data_grant(DataGrantId=self.grant["Id"])
        self.world.team.revoke(World.account, "SELECT", {
            "Table": {"DatabaseName": DATABASE, "Name": TABLE}})
        self.grant = None

    # What is seen

    @property
    def expected(self):
        """Objects by key; nothing where all is blocked."""
        if not self.readable:
            return {}
        return self.files if self.live else self.revisions[self.readable[-1]]

    def check(self):
        if not self.grant:
            return self.check_closed()
        expected = self.expected
        assert {int(row[0]) for row in self.world.athena.rows(f"SELECT mark FROM {TABLE}")} == set(
            expected.values())
        assert self.shown_to(self.reader) == expected
        for key in set(KEYS) - set(expected):
            # Where nothing is published any more, nothing is open.
            assert refused(self.reader.get_object, Bucket=self.bucket, Key=key) == (
                (404, "NoSuchKey") if self.readable else DENIED)
        lent = holder(self.world.exchange, self.formation.get_temporary_glue_table_credentials(
            TableArn=self.arn, Permissions=["SELECT"],
            SupportedPermissionTypes=["COLUMN_PERMISSION"]))
        assert self.shown_to(lent) == expected
        shown = self.exchange.list_data_set_revisions(DataSetId=self.entitled)["Revisions"]
        assert {one["Id"] for one in shown} == set(self.readable)
        self.check_policy()

    def shown_to(self, s3):
        """What it lists, and can read."""
        try:
            keys = keys_in(s3, self.bucket, FOLDER)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied" and not self.readable
            return {}
        assert keys == sorted(keys)
        return {key: mark_in(read(s3, self.bucket, key)) for key in keys}

    def check_closed(self):
        assert self.world.athena.ask(f"SELECT mark FROM {TABLE}").state == "FAILED"
        for call in (
                lambda: self.reader.list_objects_v2(Bucket=self.bucket, Prefix=FOLDER),
                lambda: self.reader.get_object(Bucket=self.bucket, Key=KEYS[0]),
                lambda: self.formation.get_temporary_glue_table_credentials(
                    TableArn=self.arn, Permissions=["SELECT"],
                    SupportedPermissionTypes=["COLUMN_PERMISSION"])):
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                call()
            assert caught.value.response["Error"]["Code"] in (
                "AccessDenied", "AccessDeniedException", "EntityNotFoundException")
        sets = self.exchange.list_data_sets(Origin="ENTITLED")["DataSets"]
        assert self.entitled not in [one["Id"] for one in sets]
        said = self.provider.bourse("explain", World.account, f"s3://{self.bucket}/{KEYS[0]}", "--json")
        assert said.json["Verdict"] == "DENIED" and not said.json.get("GrantPolicies")

    def check_policy(self):
        """What is printed as a policy is what is enforced: for each key, and for the folder's listing."""
        said = self.provider.bourse(
            "explain", World.account, f"s3://{self.bucket}/{KEYS[0]}", "--json").json
        policies = said.get("GrantPolicies", [])
        assert len(policies) == (1 if self.readable else 0), said
        for key in [*KEYS, OUTSIDE]:
            is_open = refusal(self.reader.head_object, Bucket=self.bucket, Key=key) != 403
            assert is_open == allows(policies, "s3:GetObject", f"arn:aws:s3:::{self.bucket}/{key}"), key
        for prefix in (FOLDER, "bronze/"):
            is_open = refusal(
                self.reader.list_objects_v2, Bucket=self.bucket, Prefix=prefix) != 403
            assert is_open == allows(
                policies, "s3:ListBucket", f"arn:aws:s3:::{self.bucket}", prefix), prefix

    @property
    def arn(self):
        return f"arn:aws:glue:us-east-1:{self.provider.account}:table/{DATABASE}/{TABLE}"


def mark_in(content):
    return pyarrow.parquet.ParquetFile(io.BytesIO(content)).read()["mark"].to_pylist()[0]


def refusal(call, **parameters):
    """The status. Nil: it is answered."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    return None


def allows(policies, action, resource, prefix=None):
    """As IAM reads them, as far as they go: Allow, actions, resources, StringLike on s3:prefix."""
    for policy in policies:
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow", statement
            actions, resources = listed(statement["Action"]), listed(statement["Resource"])
            if action not in actions or not any(
                    fnmatch.fnmatchcase(resource, pattern) for pattern in resources):
                continue
            condition = statement.get("Condition", {})
            assert set(condition) <= {"StringLike", "StringEquals"}, condition
            patterns = [
                pattern for tests in condition.values() for pattern in listed(tests["s3:prefix"])]
            if not condition or any(fnmatch.fnmatchcase(prefix or "", one) for one in patterns):
                return True
    return False


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("bucket, seed, live", [
    (BUCKET, SEED, False), (MANAGED, SEED + 1, False), (MANAGED, SEED + 2, False),
    (BUCKET, SEED + 3, True), (MANAGED, SEED + 4, True)])
def test_all_doors_show_the_same(own_exchange, tmp_path, bucket, seed, live):
    rounds = random.Random(seed)
    doors = Doors(World(own_exchange, tmp_path / "lake"), bucket, live)
    changes = [
        doors.write, doors.write, doors.remove, doors.publish, doors.publish, doors.block,
        doors.unblock, doors.revoke, doors.delete, doors.give, doors.take]
    for change in (doors.write, doors.give, doors.publish):
        change(rounds)
    doors.check()
    made = []
    while len(made) < ROUNDS:
        change = rounds.choice(changes)
        if change(rounds) is False:
            continue
        made.append(change.__name__)
        try:
            doors.check()
        except AssertionError:
            print(made)
            raise
