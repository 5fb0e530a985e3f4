"""Readers while the provider publishes, blocks, overwrites its files, and the exchange is killed.

Of one revision, all rows of a table have one value. Whatever a reader is told is one revision's that was
published, whole, or an error that says why. BOURSE_ROUNDS says how many publications (12 if it does not).
"""

import contextlib
import io
import os
import random
import threading
import time

import botocore.exceptions
import pyarrow.parquet
import pytest

from athena import Athena
from lake import BUCKET, DATABASE, nav_rows
from s3 import ONCE, make_bucket, set_versioning
from world import World

ROUNDS = int(os.environ.get("BOURSE_ROUNDS", 12))
SEED = int(os.environ.get("BOURSE_SEED", 1))
FUNDS = 50
DAYS = [f"2024-02-{day:02}" for day in range(1, 6)]
MANAGED = "managed-lake"
FOLDER = "bronze/daily/"
COLUMNS = {"fund_id": "string", "nav_date": "date", "nav": "decimal(18,4)"}
# Refused, or nobody there.
NOT_NOW = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
# What a reader may be refused with, and why.
REASONS = (
    "The provider rewrote a file", "InvalidObjectState", "The exchange ended while the query ran",
)


class Side:
    """One of the two tables: where its files lie, and how the provider writes them."""

    def __init__(self, world, bucket):
        self.world, self.bucket = world, bucket
        self.table = "linked_navs" if bucket == BUCKET else "managed_navs"
        self.product = self.table.replace("_", "-")
        self.s3 = world.exchange.provider.client("s3")
        self.data_set = world.publisher.data_set(self.table)
        self.value = 0
        # Of the publications that were begun: one that was cut off may be there.
        self.begun = set()
        self.finalized = {}

    @property
    def described(self):
        return (
            f"- {{id: {self.product}, title: {self.table}, description: navs, bucket: {self.bucket}, "
            f"prefixes: [{FOLDER}], database: {DATABASE}, tables: [{self.table}]}}\n")

    def key(self, day):
        return f"{FOLDER}as_of={day}/navs.parquet"

    def write(self, value, in_place=False):
        for day in DAYS:
            rows = nav_rows(day, value, funds=FUNDS)
            if self.bucket == BUCKET:
                exists = self.world.lake.path(self.key(day)).exists()
                write = self.world.lake.rewrite_in_place if in_place and exists else (
                    self.world.lake.write_parquet)
                write(self.key(day), rows)
            else:
                self.world.lake.write_parquet("elsewhere/navs.parquet", rows)
                self.s3.put_object(
                    Bucket=self.bucket, Key=self.key(day),
                    Body=self.world.lake.path("elsewhere/navs.parquet").read_bytes())

    def publish(self):
        """What lies there now, which is one value's."""
        revision = self.world.publisher.draft(
            self.data_set, bucket=self.bucket, prefixes=[FOLDER])
        self.begun.add(self.value)
        self.world.publisher.finalize(self.data_set, revision)
        self.finalized[revision] = self.value


class Reader(threading.Thread):
    """Asks again and again, by SQL or through S3, and keeps what was wrong."""

    def __init__(self, side, ask):
        super().__init__(daemon=True)
        self.side, self.ask = side, ask
        self.answers, self.refusals, self.wrong = 0, [], []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            try:
                values, counts = self.ask(self.side)
            except NOT_NOW as error:
                self.refused(error)
                time.sleep(0.05)
                continue
            if values is None:
                self.refused(counts)
                continue
            self.answers += 1
            # Nothing at all: every revision is blocked.
            whole = (len(values) == 1 and values <= self.side.begun and counts == {
                day: FUNDS for day in DAYS}) or (not values and not counts)
            if not whole:
                self.wrong.append((values, counts))

    def refused(self, why):
        text = str(why)
        self.refusals.append(text)
        gone = isinstance(why, botocore.exceptions.BotoCoreError)
        if not gone and not any(reason in text for reason in REASONS):
            self.wrong.append(text)


def by_sql(world):
    athena = Athena(world.subscriber)

    def ask(side):
        answer = athena.ask(
            f"SELECT as_of, CAST(min(nav) AS INTEGER), CAST(max(nav) AS INTEGER), count(*) "
            f"FROM {side.table} GROUP BY 1")
        if answer.state != "SUCCEEDED":
            return None, answer.reason
        rows = answer.rows
        return ({int(value) for _, low, high, _ in rows for value in (low, high)},
                {day: int(count) for day, _, _, count in rows})
    return ask


def by_s3(world):
    s3 = world.subscriber.client("s3", config=ONCE)

    def ask(side):
        """One object of a listing: between two of them another revision may have come."""
        page = s3.list_objects_v2(Bucket=side.bucket, Prefix=FOLDER)
        keys = [found["Key"] for found in page.get("Contents", [])]
        if not keys:
            return set(), {}
        assert keys == [side.key(day) for day in DAYS], keys
        body = s3.get_object(Bucket=side.bucket, Key=random.choice(keys))["Body"].read()
        navs = pyarrow.parquet.read_table(io.BytesIO(body))["nav"].to_pylist()
        assert len(navs) == FUNDS
        return {int(nav) for nav in navs}, {day: FUNDS for day in DAYS}
    return ask


@pytest.fixture
def world(own_exchange, tmp_path):
    return World(own_exchange, tmp_path / "lake")


def test_every_answer_is_one_revisions(world):
    rounds = random.Random(SEED)
    provider = world.exchange.provider
    s3 = provider.client("s3")
    make_bucket(s3, MANAGED)
    set_versioning(s3, MANAGED)
    world.publisher.client = provider.client("dataexchange", config=ONCE)
    sides = [Side(world, BUCKET), Side(world, MANAGED)]
    for side in sides:
        world.team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": side.table, "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "PartitionKeys": [{"Name": "as_of", "Type": "string"}],
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": type} for name, type in COLUMNS.items()],
                "Location": f"s3://{side.bucket}/{FOLDER}"}})
        world.team.grant_table(World.account, side.table)
        grant = world.publisher.grant(side.data_set, World.account)
        world.subscriber.client("dataexchange").accept_data_grant(DataGrantArn=grant["Arn"])
        side.value = 1
        side.write(1)
        side.publish()
    products = provider.home / "products.yaml"
    products.write_text("products:\n" + "".join(side.described for side in sides))
    assert provider.bourse("apply", products).status == 0
    readers = [Reader(side, make(world)) for side in sides for make in (by_sql, by_s3)]
    for reader in readers:
        reader.start()
    kills = blocks = in_place = 0
    try:
        for number in range(2, ROUNDS + 2):
            side = rounds.choice(sides)
            rewrites = rounds.random() < 0.25
            in_place += rewrites
            side.value = number
            side.write(number, in_place=rewrites)
            if rounds.random() < 0.2:
                # In the middle of it, or just before or after.
                timer = threading.Timer(rounds.random() * 0.15, world.exchange.kill)
                timer.start()
                with contextlib.suppress(*NOT_NOW):
                    side.publish()
                timer.join()
                kills += 1
                world.exchange.serve()
            else:
                side.publish()
            if rounds.random() < 0.3 and len(side.finalized) > 1:
                blocked = provider.bourse("block", side.product, "--reason", "for a test")
                # All of them may be blocked by now.
                blocks += blocked.status == 0
                time.sleep(rounds.random() * 0.2)
                if rounds.random() < 0.7:
                    provider.bourse("unblock", side.product)
            time.sleep(rounds.random() * 0.3)
        time.sleep(0.5)
    finally:
        for reader in readers:
            reader.ended.set()
        for reader in readers:
            reader.join(60)
    assert not any(reader.is_alive() for reader in readers)
    told = {reason for reader in readers for reason in reader.refusals}
    print(f"{ROUNDS} publications, {kills} kills, {blocks} blocks, {in_place} in place: "
          f"{[reader.answers for reader in readers]} answers, {len(told)} kinds of refusal")
    for reader in readers:
        assert reader.wrong == [], reader.wrong[:3]
        assert reader.answers > ROUNDS / 4

