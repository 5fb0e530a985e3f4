"""A full disk: what does not fit is refused and not half there, and all is well once there is room."""

import concurrent.futures
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections import Counter

import botocore.exceptions
import pytest

from exchange import PROVIDER, Exchange
from multipart import PART_BYTES_MIN, Upload
from s3 import MIB, ONCE, keys_in, read, refused

DISK_BYTES = 48 * MIB
# What the trail keeps for itself.
RESERVE_BYTES = 8 * MIB
# What objects leave to the ledger and the trail besides.
SPARE_BYTES = 8 * MIB
BUCKET = "on-a-small-disk"
FULL = 503
FULL_CODES = {"ServiceUnavailable", "SlowDown"}
# Within which the file of what was deleted goes.
REMOVAL_SECONDS_MAX = 15
# Within which the exchange sees to its own affairs.
SETTLING_SECONDS = 3


@pytest.fixture
def small_exchange(tmp_path):
    """One whose data directory is a file system of its own."""
    data = tmp_path / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(data)]
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root mounts a file system")
    mounted = subprocess.run(mount, text=True, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    exchange = Exchange(tmp_path)
    try:
        yield exchange.init().serve()
        exchange.stop()
    finally:
        if exchange.is_running:
            exchange.kill()
        subprocess.run(["umount", "--lazy", str(data)], check=True)


@pytest.fixture
def s3(small_exchange):
    s3 = small_exchange.provider.client("s3", config=ONCE)
    s3.create_bucket(Bucket=BUCKET)
    return s3


def free_bytes(exchange):
    disk = os.statvfs(exchange.data)
    return disk.f_bavail * disk.f_frsize


def content(number, size):
    return bytes([number % 251]) * size


def is_refused_as_full(call, **parameters):
    """Whether it was; anything but that and success fails the test."""
    try:
        call(**parameters)
        return False
    except botocore.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        assert status == FULL and code in FULL_CODES, (parameters.get("Key"), error.response)
        return True


def upload_until_full(s3, size, first=0):
    """By key, what was taken in."""
    taken = {}
    for number in range(first, first + DISK_BYTES // size + 1):
        key = f"object-{number}"
        if is_refused_as_full(s3.put_object, Bucket=BUCKET, Key=key, Body=content(number, size)):
            return taken
        taken[key] = content(number, size)
    raise AssertionError(f"the disk took {len(taken)} objects of {size} bytes")


def check_objects(s3, expected):
    listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert {one["Key"]: one["Size"] for one in listed} == {
        key: len(body) for key, body in expected.items()}
    for key, body in expected.items():
        assert read(s3, BUCKET, key) == body, key


def check_files(exchange, objects, parts=0):
    """Those that were given up may lie for a while: readers were about to open them."""
    lake = exchange.data / "lake"
    deadline = time.monotonic() + REMOVAL_SECONDS_MAX
    folders = ["managed/" + BUCKET, "parts", "incoming"]
    expected = [objects, parts, 0]
    while (found := [len(list((lake / one).iterdir())) for one in folders]) != expected:
        assert time.monotonic() < deadline, dict(zip(folders, zip(found, expected)))
        time.sleep(0.1)


def ledger(exchange):
    return contextlib.closing(sqlite3.connect(f"file:{exchange.data}/ledger.db?mode=ro", uri=True))


def check_soundness(exchange):
    with ledger(exchange) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    verified = exchange.verify()
    assert verified.status == 0, verified


class Ballast:
    """A file of someone else's that takes room from the exchange."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.path = exchange.data / "ballast"

    def leave(self, size):
        """Takes what room there is, but for so many bytes."""
        with self.path.open("ab") as file:
            end = file.tell()
            os.posix_fallocate(file.fileno(), end, free_bytes(self.exchange) - size)

    def leave_nothing(self):
        with contextlib.suppress(OSError), self.path.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def remove(self):
        self.path.unlink()


def test_uploads_that_do_not_fit_are_refused_and_nothing_else_is(small_exchange, s3):
    taken = upload_until_full(s3, 3 * MIB)
    assert len(taken) > 5
    # By chance they may fit to the byte. There is to be room for everything but another large one.
    s3.delete_object(Bucket=BUCKET, Key="object-0")
    del taken["object-0"]
    check_files(small_exchange, len(taken))
    Ballast(small_exchange).leave(SPARE_BYTES + 2 * MIB)
    upload = Upload(s3, BUCKET, "in-parts")

    def too_large():
        yield s3.put_object, {"Key": "object-0", "Body": content(99, 3 * MIB)}
        yield s3.put_object, {"Key": "object-1", "Body": content(99, 3 * MIB)}
        yield s3.upload_part, upload.name | {"PartNumber": 1, "Body": content(1, PART_BYTES_MIN)}
        yield s3.copy_object, {
            "Key": "a-copy", "CopySource": {"Bucket": BUCKET, "Key": "object-1"}}

    for call, parameters in too_large():
        status, code = refused(call, **{"Bucket": BUCKET} | parameters)
        assert status == FULL and code in FULL_CODES
    assert s3.list_parts(**upload.name).get("Parts", []) == []
    assert free_bytes(small_exchange) > SPARE_BYTES
    check_objects(s3, taken)
    check_files(small_exchange, len(taken))
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"fits")
    taken["small"] = b"fits"
    # Whoever makes room has it.
    for key in ["object-1", "object-2"]:
        s3.delete_object(Bucket=BUCKET, Key=key)
        del taken[key]
    check_files(small_exchange, len(taken))
    part = upload.send(1, content(1, PART_BYTES_MIN))
    check_objects(s3, taken)
    check_files(small_exchange, len(taken), parts=1)
    # While one file is made of its parts, they are there twice.
    status, code = refused(lambda: upload.complete(part))
    assert status == FULL and code in FULL_CODES
    assert upload.is_listed
    check_objects(s3, taken)
    check_files(small_exchange, len(taken), parts=1)
    for key in ["object-3", "object-4"]:
        s3.delete_object(Bucket=BUCKET, Key=key)
        del taken[key]
    check_files(small_exchange, len(taken), parts=1)
    upload.complete(part)
    taken["in-parts"] = content(1, PART_BYTES_MIN)
    check_objects(s3, taken)
    check_files(small_exchange, len(taken))
    check_soundness(small_exchange)


class Tried:
    """A request of each kind, on a disk without any room."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.s3 = s3 = exchange.provider.client("s3", config=ONCE)
        self.iam = exchange.provider.client("iam", config=ONCE)
        for key in ["first", "kept", "to-delete"]:
            s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        self.upload = Upload(s3, BUCKET, "in-parts")
        self.upload.send(1, b"one")

    def put(self):
        self.s3.put_object(Bucket=BUCKET, Key="new", Body=bytes(100_000))

    def put_nothing(self):
        self.s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")

    def overwrite(self):
        self.s3.put_object(Bucket=BUCKET, Key="first", Body=b"second")

    def copy(self):
        self.s3.copy_object(
            Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "kept"})

    def delete(self):
        self.s3.delete_object(Bucket=BUCKET, Key="to-delete")

    def create_bucket(self):
        self.s3.create_bucket(Bucket="another-bucket")

    def create_upload(self):
        self.s3.create_multipart_upload(Bucket=BUCKET, Key="another-in-parts")

    def put_part(self):
        self.upload.send(2, b"two")

    def create_role(self):
        trust = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": PROVIDER}}]}
        self.iam.create_role(RoleName="new", AssumeRolePolicyDocument=json.dumps(trust))

    def get(self):
        assert read(self.s3, BUCKET, "kept") == b"kept"

    def list(self):
        assert "kept" in keys_in(self.s3, BUCKET)

    # By the trail's name of the event.
    changes = {
        put: "PutObject", put_nothing: "PutObject", overwrite: "PutObject", copy: "CopyObject",
        delete: "DeleteObject", create_bucket: "CreateBucket", create_role: "CreateRole",
        create_upload: "CreateMultipartUpload", put_part: "UploadPart"}
    reads = [get, list]

    def answer(self, kind):
        """Status and code; (200, None) where it was not refused."""
        try:
            kind(self)
            return 200, None
        except botocore.exceptions.ClientError as error:
            said = error.response
            return said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"]

    @property
    def done(self):
        """Which changes were made. What is there is there as a whole."""
        bodies = {key: read(self.s3, BUCKET, key) for key in keys_in(self.s3, BUCKET)}
        assert bodies["first"] in (b"first", b"second")
        whole = {
            "new": bytes(100_000), "empty": b"", "copy": b"kept", "kept": b"kept",
            "to-delete": b"to-delete", "first": bodies["first"]}
        assert bodies == {key: whole[key] for key in bodies}
        parts = self.s3.list_parts(**self.upload.name)["Parts"]
        sizes = {part["PartNumber"]: part["Size"] for part in parts}
        assert sizes in ({1: 3}, {1: 3, 2: 3})
        check_files(self.exchange, len(bodies), len(sizes))
        uploads = self.s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
        done = {
            Tried.put: "new" in bodies, Tried.put_nothing: "empty" in bodies,
            Tried.copy: "copy" in bodies, Tried.overwrite: bodies["first"] == b"second",
            Tried.delete: "to-delete" not in bodies, Tried.put_part: 2 in sizes,
            Tried.create_bucket: "another-bucket" in [
                one["Name"] for one in self.s3.list_buckets()["Buckets"]],
            Tried.create_upload: "another-in-parts" in [one["Key"] for one in uploads],
            Tried.create_role: "new" in [one["RoleName"] for one in self.iam.list_roles()["Roles"]]}
        return {change for change, is_done in done.items() if is_done}


class Pressure:
    """Every kind of request, each first on a disk that was filled just now.

    The first one may find room in the files that are there yet: the trail's last page, or the ledger's.
    """

    def __init__(self, exchange, is_killed=False):
        self.exchange = exchange
        self.tried = tried = Tried(exchange)
        self.answers = []
        self.acknowledged = set()
        ballast = Ballast(exchange)
        for kind in [*Tried.changes, *Tried.reads]:
            ballast.leave_nothing()
            for other in [kind, Tried.get, kind]:
                answer = tried.answer(other)
                self.answers.append((other.__name__, *answer))
                if answer == (200, None):
                    self.acknowledged.add(other)
                ballast.leave_nothing()
            assert exchange.is_running
            if is_killed:
                exchange.kill()
            ballast.remove()
            if is_killed:
                exchange.serve()
            # Without anybody's help.
            assert tried.answer(Tried.get) == (200, None)


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_disk_without_any_room_does_no_harm(small_exchange, s3, is_killed):
    pressure = Pressure(small_exchange, is_killed)
    # What was refused may have been done all the same.
    assert pressure.tried.done >= pressure.acknowledged - set(Tried.reads)
    s3.put_object(Bucket=BUCKET, Key="large", Body=bytes(10 * MIB))
    assert read(s3, BUCKET, "large") == bytes(10 * MIB)
    upload = pressure.tried.upload
    upload.complete(upload.send(1, b"one again"))
    assert upload.content == b"one again"
    check_soundness(small_exchange)


def test_on_a_disk_without_any_room_the_answer_is_503(small_exchange, s3):
    answers = Pressure(small_exchange).answers
    other = [
        answer for answer in answers
        if answer[1:] != (200, None) and (answer[1] != FULL or answer[2] not in FULL_CODES)]
    assert not other, other


def test_what_was_done_is_in_the_trail_once_there_is_room(small_exchange, s3):
    """Though the answer was a refusal: the change can be seen, so it must be known who made it."""
    tried, ballast = Tried(small_exchange), Ballast(small_exchange)
    before = len(small_exchange.trail)
    while (small_exchange.data / "trail" / "reserve").exists():
        ballast.leave_nothing()
        tried.answer(Tried.get)
    # Enough for the ledger, not enough for the trail, which wants its reserve back first.
    ballast.leave(RESERVE_BYTES // 2)
    for change in Tried.changes:
        assert tried.answer(change) == (FULL, "ServiceUnavailable"), change.__name__
    ballast.remove()
    made = Counter(Tried.changes[change] for change in tried.done)
    time.sleep(SETTLING_SECONDS)
    recorded = Counter(
        one["eventName"] for one in small_exchange.trail[before:] if "errorCode" not in one)
    assert not made - recorded, made - recorded


def test_the_ledger_follows_the_trail_again(small_exchange, s3):
    """A trail that is cut is noticed by the newest head, which the ledger keeps."""
    Pressure(small_exchange)
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"kept")
    time.sleep(SETTLING_SECONDS)
    with ledger(small_exchange) as db:
        [(head,)] = db.execute("SELECT head FROM trailHead").fetchall()
        [(waiting,)] = db.execute("SELECT count(*) FROM auditOutbox").fetchall()
    assert json.loads(head)["sequence"] == small_exchange.trail[-1]["sequence"]
    assert waiting == 0


def test_others_are_served_while_uploads_fill_the_disk(small_exchange, s3):
    """What does not fit is the uploads' trouble: whoever reads, or deletes to make room, has none."""
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"kept")
    answers = Counter()

    def upload(writer):
        refusals = 0
        for number in range(DISK_BYTES // MIB):
            key = f"object-{writer}-{number}"
            refusals += is_refused_as_full(s3.put_object, Bucket=BUCKET, Key=key, Body=bytes(MIB))
        return refusals

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        uploads = [pool.submit(upload, writer) for writer in range(2)]
        while not all(one.done() for one in uploads):
            try:
                answers[read(s3, BUCKET, "kept")] += 1
            except botocore.exceptions.ClientError as error:
                answers[error.response["Error"]["Message"]] += 1
    assert all(one.result() for one in uploads), "they were to fill the disk"
    s3.delete_object(Bucket=BUCKET, Key="object-0-0")
    assert answers.keys() == {b"kept"}, answers
    check_soundness(small_exchange)
