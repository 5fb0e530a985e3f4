"""kill -9 under several who change things at once: what was acknowledged is there, and nothing half.

How many power cuts, and from which seed on: BOURSE_ROUNDS and BOURSE_SEED.
"""

import concurrent.futures
import contextlib
import os
import random
import sqlite3
import time
from collections import Counter

import pytest

from holdings import Sight
from tenant import COMMON_BUCKET, COMMON_KEY, Tenant, Unexpected

ROUNDS = int(os.environ.get("BOURSE_ROUNDS", 25))
SEED = int(os.environ.get("BOURSE_SEED", 1))
TENANTS = 4
# How long they work until the power is cut. Seconds.
WORK = (0.02, 0.4)
# Every so often the power is cut again while the exchange starts.
STARTS_CUT = 0.2


class Storm:
    """Tenants of one exchange, and what it shows them."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.tenants = [Tenant(exchange, number) for number in range(TENANTS)]
        for tenant in self.tenants:
            tenant.connect()
        self.sight = Sight(exchange)
        self.sight.s3.create_bucket(Bucket=COMMON_BUCKET)
        self.sight.s3.put_object(Bucket=COMMON_BUCKET, Key=COMMON_KEY, Body=b"")
        self.common_etag = self.tenants[0]._know(b"")
        # Versions whose bytes have been looked at.
        self.read = set()

    def round(self, seed):
        draw = random.Random(seed)
        with concurrent.futures.ThreadPoolExecutor(TENANTS) as pool:
            work = [
                pool.submit(tenant.work, f"{seed} {tenant.name}") for tenant in self.tenants]
            time.sleep(draw.uniform(*WORK))
            self.exchange.kill()
        if draw.random() < STARTS_CUT:
            self.exchange.begin(draw.uniform(0, 0.3))
        self.exchange.serve()
        for one in work:
            one.result()
        self.look()

    def look(self, is_all=False):
        touched = set().union(*(tenant.touched for tenant in self.tenants))
        seen = self.sight.holdings(lambda name: is_all or name in touched)
        for tenant in self.tenants:
            if is_all:
                tenant.in_flight, tenant.touched = None, set(tenant.holdings.buckets)
            tenant.settle(seen)
        self.look_at_common()
        self.look_at_contents(is_all)
        self.look_at_files()

    def look_at_common(self):
        """The last of those who wrote it has left it: each of them knows only its own last one."""
        etag = self.sight.s3.head_object(Bucket=COMMON_BUCKET, Key=COMMON_KEY)["ETag"]
        last = {tenant.common_etag for tenant in self.tenants} - {None}
        allowed = last or {self.common_etag}
        allowed |= {tenant.common_etag_in_flight for tenant in self.tenants} - {None}
        assert etag in allowed, (etag, allowed)
        self.common_etag = etag
        for tenant in self.tenants:
            tenant.common_etag = tenant.common_etag_in_flight = None

    def look_at_contents(self, is_all):
        for tenant in self.tenants:
            for name, bucket in tenant.holdings.buckets.items():
                for key, versions in bucket.versions.items():
                    for version in versions:
                        seen = (name, key, version.id, version.etag)
                        if not version.is_marker and (is_all or seen not in self.read):
                            tenant.check_content(self.sight.s3, name, key, version)
                            self.read.add(seen)

    def look_at_files(self):
        """Each file is someone's: nothing is left of what was never finished, replaced or removed."""
        buckets = {
            name: bucket for tenant in self.tenants
            for name, bucket in tenant.holdings.buckets.items()}
        lake = self.exchange.data / "lake"
        managed = Counter(
            path.relative_to(lake / "managed").parts[0]
            for path in (lake / "managed").rglob("*") if path.is_file())
        assert managed.pop(COMMON_BUCKET) == 1
        assert managed == Counter({
            name: sum(
                not version.is_marker for versions in bucket.versions.values()
                for version in versions)
            for name, bucket in buckets.items()})
        parts = list((lake / "parts").iterdir())
        assert len(parts) == sum(bucket.part_count for bucket in buckets.values())
        assert not list((lake / "incoming").iterdir())

    def finish_uploads(self):
        """Whatever parts were acknowledged in any round, an object is made of them."""
        for tenant in self.tenants:
            for name, bucket in tenant.holdings.buckets.items():
                for id_, upload in sorted(bucket.uploads.items()):
                    if upload.parts:
                        tenant._make(tenant.completion(name, id_, upload))

    def check_trail(self):
        """Each change that was made is in it, whether it was answered or not, and no other one."""
        verified = self.exchange.verify()
        assert verified.status == 0, verified
        trail = self.exchange.trail
        records = {record.get("requestID"): record for record in trail}
        for tenant in self.tenants:
            for kind, request, refusal in tenant.requests:
                # Of strangers, the first refusal in a minute is recorded, and the others are counted.
                if kind == "enrol" and refusal:
                    continue
                assert request in records, (tenant.name, kind, request)
                assert records[request].get("errorCode") == refusal, records[request]
            recorded = Counter(
                record["eventName"] for record in trail
                if tenant.name in (record.get("userAgent") or "") and "errorCode" not in record)
            for event in recorded.keys() | tenant.acknowledged.keys():
                least = tenant.acknowledged[event]
                assert least <= recorded[event] <= least + tenant.perhaps[event], (tenant.name, event)

    def check_ledger(self):
        with contextlib.closing(
                sqlite3.connect(f"file:{self.exchange.data}/ledger.db?mode=ro", uri=True)) as ledger:
            assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert ledger.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_acknowledged_is_there_and_nothing_half(own_exchange):
    storm = Storm(own_exchange)
    for round_ in range(ROUNDS):
        seed = SEED * 1_000_000 + round_
        try:
            storm.round(seed)
        except Exception as error:
            error.add_note(f"in round {round_} of BOURSE_SEED={SEED}, seed {seed}")
            raise
    storm.finish_uploads()
    # Files that were given up lie for a while, and are swept away at a start.
    own_exchange.kill()
    own_exchange.serve()
    storm.look(is_all=True)
    storm.check_trail()
    storm.check_ledger()
    kinds = sum((tenant.kinds for tenant in storm.tenants), Counter())
    print(f"{ROUNDS} rounds from seed {SEED}:", dict(sorted(kinds.items())))
    # Luck must not leave out anything.
    made = {kind.split(",")[0] for kind in kinds}
    assert made == storm.tenants[0].all_kinds or ROUNDS < 25, storm.tenants[0].all_kinds - made
