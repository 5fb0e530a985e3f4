"""Erasure: rows that are gone from the lake, from every revision and from what the exchange keeps.

Each row that goes has a text of its own, and what is left is searched for it byte by byte, in files that are
not compressed, and value by value.
"""

import io
import json
import random
import subprocess
import time

import pyarrow.parquet
import pytest

from athena import Athena
from exchange import COMMAND_SECONDS_MAX
from lake import BUCKET, DATABASE
from publication import accept
from s3 import ONCE, keys_in, make_bucket, read, refused, set_versioning
from world import World

MANAGED = "managed-lake"
FOLDER = "bronze/clients/"
TABLE = "clients"
COLUMNS = {"client_id": "string", "note": "string", "amount": "bigint"}
DAYS = ["2024-03-01", "2024-03-02", "2024-03-03"]
CLIENTS = 5
# The last one: its values are the bounds of what the files hold.
GOES = f"C{CLIENTS:03}"
WHERE = f"client_id = '{GOES}'"
REASON = "a client has asked for it"
SECRET = f"secret-of-{GOES}"


class Side:
    """A product of one table in one bucket, published and granted."""

    def __init__(self, world, bucket):
        self.world, self.bucket = world, bucket
        self.provider = world.exchange.provider
        self.s3 = self.provider.client("s3")
        if bucket != BUCKET:
            make_bucket(self.s3, bucket)
            set_versioning(self.s3, bucket)
        world.team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": TABLE, "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "PartitionKeys": [{"Name": "as_of", "Type": "string"}],
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": type} for name, type in COLUMNS.items()],
                "Location": f"s3://{bucket}/{FOLDER}"}})
        world.team.grant_table(World.account, TABLE)
        products = self.provider.home / "products.yaml"
        products.write_text(
            "products:\n"
            f"- {{id: clients, title: Clients, description: Clients., bucket: {bucket}, "
            f"prefixes: [{FOLDER}], database: {DATABASE}, tables: [{TABLE}]}}\n")
        result = self.provider.bourse("apply", products, "--json")
        assert result.status == 0, result
        self.data_set = result.json[0]["DataSetId"]
        accept(world.subscriber, world.publisher.grant(self.data_set, World.account))
        self.athena = Athena(world.subscriber)
        self.reader = world.subscriber.client("s3", config=ONCE)

    def key(self, day):
        return f"{FOLDER}as_of={day}/clients.parquet"

    def rows(self, clients=CLIENTS, amount=1):
        return (
            f"SELECT 'C' || lpad(i::VARCHAR, 3, '0') AS client_id, 'secret-of-' || client_id AS note, "
            f"{amount}::BIGINT AS amount FROM range(1, {clients + 1}) AS numbers(i)")

    def write(self, day, select):
        """Not compressed, so that texts are found in the file."""
        select = f"SELECT * FROM ({select})"
        target = self.key(day) if self.bucket == BUCKET else "elsewhere/clients.parquet"
        self.world.lake.write_parquet(target, select, "COMPRESSION uncompressed")
        if self.bucket != BUCKET:
            self.s3.put_object(
                Bucket=self.bucket, Key=self.key(day), Body=self.world.lake.path(target).read_bytes())
            self.world.lake.path(target).unlink()

    def fill(self, **what):
        for day in DAYS:
            self.write(day, self.rows(**what))
        return self

    def publish(self):
        published = self.provider.bourse("publish", "clients", "--json")
        assert published.status == 0, published
        return published.json["Revision"]["RevisionId"]

    def erase(self, *options, where=WHERE, expected=0):
        result = self.provider.bourse(
            "erase", "clients", "--where", where, "--reason", REASON, *options)
        assert result.status == expected, result
        return result

    def start(self, **what):
        return self.erase("--detach", "--json", **what).json["ErasureId"]

    def erasure(self, id):
        return self.provider.bourse("erasures", id, "--json").json

    def wait(self, id, state):
        deadline = time.monotonic() + COMMAND_SECONDS_MAX
        while (found := self.erasure(id))["State"] != state:
            assert time.monotonic() < deadline and found["State"] in ("RUNNING", "WAITING"), found
            time.sleep(0.05)
        return found

    @property
    def standings(self):
        found = self.provider.bourse("revisions", "clients", "--json").json["Publications"]
        return [(one["RevisionId"], one["Standing"]) for one in found]

    @property
    def seen(self):
        """By the subscriber: what SQL says, and what the objects hold."""
        sql = self.athena.rows(
            f"SELECT as_of, client_id, amount FROM {TABLE} ORDER BY as_of, client_id")
        objects = []
        for key in keys_in(self.reader, self.bucket, FOLDER):
            rows = pyarrow.parquet.ParquetFile(
                io.BytesIO(read(self.reader, self.bucket, key))).read().to_pylist()
            day = key.split("as_of=")[1][:10]
            objects += [[day, row["client_id"], str(row["amount"])] for row in rows]
        assert [list(row) for row in sql] == sorted(objects)
        return objects

    @property
    def found(self):
        """Where the text of the rows that are to go still stands."""
        places = []
        for root in (self.world.exchange.data, self.world.lake.directory):
            for file in root.rglob("*"):
                if not file.is_file():
                    continue
                content = file.read_bytes()
                if SECRET.encode() in content or in_parquet(content):
                    places.append(str(file))
        return places


def in_parquet(content):
    if content[:4] != b"PAR1":
        return False
    table = pyarrow.parquet.ParquetFile(io.BytesIO(content)).read()
    return any(SECRET in str(value) for column in table.columns for value in column.to_pylist())


@pytest.fixture
def world(own_exchange, tmp_path):
    return World(own_exchange, tmp_path / "lake")


def rest(amounts):
    return [[day, f"C{number:03}", str(amounts[day])] for day in DAYS
            for number in range(1, CLIENTS + 1) if f"C{number:03}" != GOES]


def test_a_managed_bucket(world, tmp_path):
    side = Side(world, MANAGED).fill(amount=1)
    first = side.publish()
    # A version that only an earlier revision has, one that none has any more, and one not yet published.
    side.write(DAYS[0], side.rows(amount=2))
    second = side.publish()
    side.s3.delete_object(Bucket=MANAGED, Key=side.key(DAYS[2]))
    side.write(DAYS[1], side.rows(clients=1, amount=3))
    before = side.seen
    versions = side.s3.list_object_versions(Bucket=MANAGED, Prefix=FOLDER)
    kept = side.athena.ask(f"SELECT * FROM {TABLE}", WorkGroup="managed")
    assert SECRET in str(kept.rows)
    assert any("/results/" in place for place in side.found)
    assert any("/manifests/" in place for place in side.found), "bounds are rows' values"

    dry = side.erase("--dry-run")
    assert "4 rows in 4 objects; 2 revisions have them" in dry.out and "nothing was changed" in dry.out
    assert (side.seen, side.standings) == (before, [(second, "CURRENT"), (first, "EARLIER")])

    done = side.erase()
    assert "4 rows are erased from 4 objects; 2 revisions are revoked" in done.out, done
    assert side.found == []
    assert side.seen == rest({DAYS[0]: 2, DAYS[1]: 1, DAYS[2]: 1})
    (third, current), *others = side.standings
    assert current == "CURRENT" and f"subscribers read revision {third}" in done.out
    assert others == [(second, "REVOKED"), (first, "REVOKED")]
    # The versions stand where they stood, and what was deleted stays deleted.
    after = side.s3.list_object_versions(Bucket=MANAGED, Prefix=FOLDER)
    for kind in ("Versions", "DeleteMarkers"):
        assert [(one["Key"], one["IsLatest"]) for one in after[kind]] == [
            (one["Key"], one["IsLatest"]) for one in versions[kind]]
    assert keys_in(side.s3, MANAGED, FOLDER) == [side.key(day) for day in DAYS[:2]]
    # The result that was kept is gone, and a query that would reuse it is asked anew.
    assert side.athena.rows(f"SELECT count(*) FROM {TABLE}") == [[str(len(rest(dict.fromkeys(DAYS))))]]
    assert refused(world.subscriber.client("athena").get_query_results,
                   QueryExecutionId=kept.id)[1] == "InvalidRequestException"
    # Another time there is nothing.
    assert "0 rows are erased from 0 objects; 0 revisions are revoked" in side.erase().out

    id = side.provider.bourse("erasures").out.splitlines()[-1].split()[0]
    certificate = tmp_path / "certificate.json"
    assert side.provider.bourse("erasures", id, "--certificate", certificate).status == 0
    check(certificate)
    attested = json.loads(certificate.read_text())["Erasure"]
    assert (attested["Rows"], attested["Where"], attested["Reason"]) == (4, WHERE, REASON)
    assert {one["State"] for one in attested["Objects"]} == {"ERASED"}
    assert {one["RevisionId"] for one in attested["Revoked"]} == {first, second}
    assert [one["RevisionId"] for one in attested["Published"]] == [third]
    with certificate.open("a") as file:
        file.write(" ")
    with pytest.raises(AssertionError):
        check(certificate)
    names = [event["eventName"] for event in world.exchange.trail]
    assert names.count("EraseObject") == 4 and names.count("EraseRevisions") == 1
    assert world.exchange.verify().status == 0


def check(certificate):
    """As its reader would, with nothing of the exchange's."""
    result = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", f"{certificate}.pem", "-rawin",
         "-in", certificate, "-sigfile", f"{certificate}.sig"], capture_output=True, text=True)
    assert result.returncode == 0, result


def test_a_linked_directory(world):
    """Files are the provider's: they are named, and waited for, also by an exchange that was killed."""
    side = Side(world, BUCKET).fill()
    first = side.publish()
    side.write(DAYS[0], side.rows(amount=2))
    second = side.publish()
    before = side.seen
    dry = side.erase("--dry-run")
    assert "3 rows in 3 objects" in dry.out and "3 of these are linked files" in dry.out
    id = side.start()
    waiting = side.wait(id, "WAITING")
    assert [one["Key"] for one in waiting["Objects"] if one["State"] == "TO_REPLACE"] == [
        side.key(day) for day in DAYS]
    assert f"s3://{BUCKET}/{side.key(DAYS[0])}" in side.provider.bourse("erasures", id).out
    world.exchange.kill()
    world.exchange.serve()
    assert side.erasure(id)["State"] == "WAITING" and side.seen == before
    cleaned = f"SELECT * FROM ({side.rows(amount=7)}) WHERE client_id <> '{GOES}'"
    for day in DAYS[:2]:
        side.write(day, cleaned)
    # One is replaced by a file that has them still.
    side.write(DAYS[2], side.rows(amount=7))
    time.sleep(1.5)
    again = side.wait(id, "WAITING")
    assert [(one["Key"], one["State"]) for one in again["Objects"]] == [
        (side.key(DAYS[0]), "ERASED"), (side.key(DAYS[1]), "ERASED"),
        (side.key(DAYS[2]), "ERASED"), (side.key(DAYS[2]), "TO_REPLACE")]
    assert side.seen == before
    side.world.lake.path(side.key(DAYS[2])).unlink()
    done = side.wait(id, "COMPLETED")
    assert {one["RevisionId"] for one in done["Revoked"]} == {first, second}
    assert side.found == []
    assert side.seen == [row for row in rest(dict.fromkeys(DAYS, 7)) if row[0] != DAYS[2]]


def test_it_can_be_cancelled(world):
    side = Side(world, BUCKET).fill()
    side.publish()
    before = side.seen
    id = side.start()
    side.wait(id, "WAITING")
    assert "is cancelled" in side.provider.bourse("erasures", id, "--cancel").out
    assert side.provider.bourse("erasures", id, "--cancel").status == 1
    for day in DAYS:
        side.write(day, side.rows(clients=1))
    time.sleep(1.5)
    assert side.erasure(id)["State"] == "CANCELLED" and side.seen == before


def test_objects_of_which_nothing_is_left(world):
    """Of one day, of which a reader sees nothing, and the other two as they were."""
    side = Side(world, MANAGED).fill()
    side.publish()
    done = side.erase(where=f"as_of = '{DAYS[1]}'")
    assert f"{CLIENTS} rows are erased from 1 objects" in done.out
    assert {row[0] for row in side.seen} == {DAYS[0], DAYS[2]} and len(side.seen) == 2 * CLIENTS
    assert keys_in(side.s3, MANAGED, FOLDER) == [side.key(DAYS[0]), side.key(DAYS[2])]
    # Of two conditions, one on the folder's name and one on the file's.
    side.erase(where=f"as_of = '{DAYS[0]}' AND (amount < 0 OR client_id IN ('C001', '{GOES}'))")
    assert [row[:2] for row in side.seen][:3] == [[DAYS[0], f"C{n:03}"] for n in (2, 3, 4)]
    assert len(side.seen) == 2 * CLIENTS - 2


def test_everything_else_that_has_the_files(world):
    """A snapshot of them, another data set over the same folder, and a version that only a revision has."""
    side = Side(world, MANAGED).fill()
    side.publish()
    other = world.publisher.data_set("All of it")
    world.publisher.publish(other, bucket=MANAGED, prefixes=["bronze/"])
    snapshot = world.publisher.data_set("Snapshot", kind="S3_SNAPSHOT")
    taken = world.publisher.client.create_revision(DataSetId=snapshot)["Id"]
    world.publisher.run_job("IMPORT_ASSETS_FROM_S3", {"ImportAssetsFromS3": {
        "DataSetId": snapshot, "RevisionId": taken,
        "AssetSources": [{"Bucket": MANAGED, "Key": side.key(day)} for day in DAYS]}})
    world.publisher.finalize(snapshot, taken)
    for version in side.s3.list_object_versions(Bucket=MANAGED, Prefix=side.key(DAYS[0]))["Versions"]:
        side.s3.delete_object(Bucket=MANAGED, Key=version["Key"], VersionId=version["VersionId"])
    before = side.seen
    assert "revisions are revoked" in side.erase().out
    assert side.found == []
    assert side.seen == [row for row in before if row[1] != GOES]
    revisions = world.publisher.client.list_data_set_revisions
    for data_set in (other, snapshot):
        new, old = revisions(DataSetId=data_set)["Revisions"]
        assert (new["Finalized"], new["Revoked"], old["Revoked"]) == (True, False, True)
    new = revisions(DataSetId=snapshot)["Revisions"][0]["Id"]
    assets = world.publisher.client.list_revision_assets(DataSetId=snapshot, RevisionId=new)["Assets"]
    assert sorted(asset["Name"] for asset in assets) == [side.key(day) for day in DAYS]
    world.publisher.run_job("EXPORT_REVISIONS_TO_S3", {"ExportRevisionsToS3": {
        "DataSetId": snapshot, "RevisionDestinations": [
            {"RevisionId": new, "Bucket": MANAGED, "KeyPattern": "out/${Asset.Name}"}]}})
    assert side.found == [] and len(keys_in(side.s3, MANAGED, "out/")) == len(DAYS)


def test_a_table_that_lay_elsewhere(world):
    """What an earlier revision has from there goes as well."""
    side = Side(world, MANAGED).fill()
    first = side.publish()
    table = world.team.glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    moved = {name: table[name] for name in (
        "Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")}
    moved["StorageDescriptor"]["Location"] = f"s3://{MANAGED}/bronze/elsewhere/"
    products = side.provider.home / "products.yaml"
    products.write_text(products.read_text().replace("[bronze/clients/]", "[bronze/]"))
    assert side.provider.bourse("apply", products).status == 0
    world.team.glue.update_table(DatabaseName=DATABASE, TableInput=moved)
    for key in keys_in(side.s3, MANAGED, FOLDER):
        side.s3.delete_object(Bucket=MANAGED, Key=key)
    second = side.publish()
    assert f"{len(DAYS)} rows are erased" in side.erase().out
    assert side.found == []
    assert [standing for _, standing in side.standings] == ["CURRENT", "REVOKED"]
    assert side.standings[0][0] == second and side.standings[1][0] == first


def test_killed_again_and_again(world):
    rounds = random.Random(7)
    side = Side(world, MANAGED)
    for _ in range(3):
        side.fill()
        side.publish()
    id = side.start()
    for _ in range(12):
        time.sleep(rounds.random() * 0.12)
        world.exchange.kill()
        world.exchange.serve()
    done = side.wait(id, "COMPLETED")
    assert done["Rows"] == 3 * len(DAYS) and len(done["Revoked"]) == 3
    assert {one["State"] for one in done["Objects"]} == {"ERASED"}
    assert side.found == []
    assert side.seen == rest(dict.fromkeys(DAYS, 1))
    assert world.exchange.verify().status == 0


def test_readers_and_publishers_meanwhile(world):
    """Whoever reads sees all rows or the rest, and a publication that is on its way brings nothing back."""
    side = Side(world, MANAGED).fill()
    side.publish()
    draft = world.publisher.draft(side.data_set, bucket=MANAGED, prefixes=[FOLDER])
    whole, left = side.seen, rest(dict.fromkeys(DAYS, 1))
    id = side.start()
    world.publisher.finalize(side.data_set, draft)
    answers = []
    while side.erasure(id)["State"] != "COMPLETED":
        answers.append(side.athena.ask(f"SELECT as_of, client_id, amount FROM {TABLE}"))
    for answer in answers:
        if answer.state == "SUCCEEDED":
            assert sorted([list(row) for row in answer.rows]) in (whole, left)
    assert side.seen == left and side.found == []


@pytest.mark.parametrize("options, reason", [
    (["--where", "client_id = 'x' OR 1 = 1"], "not valid"),
    (["--where", "nobody = 'x'"], "no column nobody"),
    (["--where", WHERE, "--table", "nav_history"], "none of the product's tables"),
])
def test_what_cannot_be_erased(world, options, reason):
    side = Side(world, BUCKET)
    result = side.provider.bourse("erase", "clients", "--reason", REASON, *options)
    assert result.status == 1 and reason in result.err, result
    short = side.provider.bourse("erase", "clients", "--reason", "short", "--where", WHERE)
    assert short.status == 1 and "10 to 512" in short.err


def test_files_that_are_no_parquet(world):
    side = Side(world, MANAGED).fill()
    side.s3.put_object(Bucket=MANAGED, Key=f"{FOLDER}_SUCCESS", Body=b"")
    side.s3.put_object(Bucket=MANAGED, Key=f"{FOLDER}_notes.txt", Body=b"notes")
    assert f"not looked into, since they are no Parquet: {FOLDER}_notes.txt" in side.erase("--dry-run").out
    side.s3.put_object(Bucket=MANAGED, Key=f"{FOLDER}as_of={DAYS[0]}/half", Body=b"PAR1 and no more")
    refusal = side.erase("--dry-run", expected=1)
    assert "half begins as Parquet, but cannot be read" in refusal.err
    failed = side.erase(expected=1)
    assert "is failed" in failed.out and "half begins as Parquet" in failed.out
