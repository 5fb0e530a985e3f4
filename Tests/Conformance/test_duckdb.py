"""DuckDB with httpfs, as it comes: queries over files in buckets, and results put into one."""

import importlib.resources

import duckdb
import pytest

from s3 import Options, keys_in, read

LINKED = "a-linked-bucket"
ROWS = 30_000
NAV = (
    "SELECT 'F' || lpad((i % 7)::VARCHAR, 3, '0') AS fund_id, "
    "DATE '2026-02-01' + (i % 3)::INTEGER AS day, i / 8 AS nav "
    f"FROM range({ROWS}) AS numbers(i)")


def connection(machine=None):
    """With the key of someone, if one is given."""
    connection = duckdb.connect(config={
        "autoinstall_known_extensions": False, "autoload_known_extensions": False})
    if machine:
        package = importlib.resources.files("duckdb_extension_httpfs")
        library = package / f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"
        connection.execute(f"LOAD '{library}'")
        options = Options(machine)
        token = f"SESSION_TOKEN '{options.token}', " if options.token else ""
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{options.key}', SECRET '{options.secret}', {token}"
            f"REGION '{options.region}', ENDPOINT '{options.address}', URL_STYLE 'path', "
            "USE_SSL false)")
    return connection


@pytest.fixture(scope="module")
def db(provider):
    return connection(provider)


@pytest.fixture(scope="module")
def linked(exchange, provider):
    """A table of three days in `nav/` of a linked bucket."""
    directory = exchange.home / "linked"
    directory.mkdir()
    connection().execute(f"COPY ({NAV}) TO '{directory}/nav' (FORMAT parquet, PARTITION_BY (day))")
    result = provider.bourse("lake", "link", LINKED, directory)
    assert result.status == 0, result
    return directory


def difference(db, one, other):
    """The rows that are in one and not in the other, counted."""
    return db.execute(
        f"SELECT count(*) FROM ((FROM ({one}) EXCEPT ALL FROM ({other})) "
        f"UNION ALL (FROM ({other}) EXCEPT ALL FROM ({one})))").fetchone()[0]


def test_a_file_is_written_and_read_back(caller):
    db, bucket = connection(caller), f"duckdb-{caller.account}"
    caller.client("s3").create_bucket(Bucket=bucket)
    address = f"s3://{bucket}/a b/ü.parquet"
    db.execute(f"COPY ({NAV}) TO '{address}' (FORMAT parquet)")
    assert difference(db, f"SELECT * FROM '{address}'", NAV) == 0
    content = read(caller.client("s3"), bucket, "a b/ü.parquet")
    assert content[:4] == content[-4:] == b"PAR1"


def test_a_linked_bucket_is_read_by_one_name_and_by_pattern(db, linked):
    file, = (linked / "nav/day=2026-02-02").iterdir()
    one = db.execute(
        f"SELECT count(*), sum(nav) FROM 's3://{LINKED}/{file.relative_to(linked)}'").fetchone()
    assert one == (ROWS // 3, sum(number / 8 for number in range(1, ROWS, 3)))
    every = (
        f"SELECT fund_id, day, nav FROM read_parquet('s3://{LINKED}/nav/*/*.parquet', "
        "hive_partitioning = true)")
    assert difference(db, every, NAV) == 0
    names = db.execute(f"SELECT file FROM glob('s3://{LINKED}/nav/**') ORDER BY file").fetchall()
    assert [name for name, in names] == [
        f"s3://{LINKED}/{path.relative_to(linked)}" for path in sorted(linked.rglob("*.parquet"))]


def test_only_the_partitions_that_are_asked_for_are_read(exchange, provider, linked):
    before = len(exchange.trail)
    # A connection keeps what it has read.
    count, = connection(provider).execute(
        f"SELECT count(*) FROM read_parquet('s3://{LINKED}/nav/*/*.parquet', "
        "hive_partitioning = true) WHERE day = DATE '2026-02-03' AND nav >= 0").fetchone()
    assert count == ROWS // 3
    keys = [
        record["requestParameters"]["Key"] for record in exchange.trail[before:]
        if record["eventName"] == "GetObject"]
    # It looks at the first file for the columns.
    assert {key.split("/")[1] for key in keys} == {"day=2026-02-01", "day=2026-02-03"}


def test_a_result_is_written_in_partitions(db, s3, bucket):
    db.execute(
        f"COPY ({NAV}) TO 's3://{bucket}/set' (FORMAT parquet, PARTITION_BY (day, fund_id))")
    keys = keys_in(s3, bucket, "set/")
    assert len(keys) == 21 and keys[0].startswith("set/day=2026-02-01/fund_id=F000/")
    every = (
        f"SELECT fund_id, day, nav FROM read_parquet('s3://{bucket}/set/**/*.parquet', "
        "hive_partitioning = true)")
    assert difference(db, every, NAV) == 0


def test_a_result_is_written_as_csv_and_compressed(db, s3, bucket):
    db.execute(f"COPY ({NAV}) TO 's3://{bucket}/nav.csv.gz' (HEADER)")
    assert read(s3, bucket, "nav.csv.gz")[:2] == b"\x1f\x8b"
    assert difference(db, f"SELECT * FROM read_csv('s3://{bucket}/nav.csv.gz')", NAV) == 0


def test_a_large_result_arrives_whole(db, s3, bucket):
    """Some 45 MB, and nothing in it repeats."""
    large = (
        "SELECT hash(i) AS a, hash(i + 1) AS b, md5(i::VARCHAR) AS c "
        "FROM range(1000000) AS numbers(i)")
    db.execute(f"COPY ({large}) TO 's3://{bucket}/large.parquet' (COMPRESSION uncompressed)")
    assert s3.head_object(Bucket=bucket, Key="large.parquet")["ContentLength"] > 40_000_000
    assert db.execute(
        f"SELECT count(*), bit_xor(a), bit_xor(b), min(c) FROM 's3://{bucket}/large.parquet'"
    ).fetchone() == db.execute(
        f"SELECT count(*), bit_xor(a), bit_xor(b), min(c) FROM ({large})").fetchone()


def test_what_is_not_there_or_not_ones_own(db, subscriber, linked):
    with pytest.raises(duckdb.HTTPException, match="404"):
        db.execute(f"SELECT * FROM 's3://{LINKED}/none.parquet'")
    with pytest.raises(duckdb.IOException, match="No files found"):
        db.execute(f"SELECT * FROM 's3://{LINKED}/none/*.parquet'")
    file = next(linked.rglob("*.parquet")).relative_to(linked)
    with pytest.raises(duckdb.HTTPException, match="403"):
        connection(subscriber).execute(f"SELECT * FROM 's3://{LINKED}/{file}'")
    with pytest.raises(duckdb.HTTPException, match="403"):
        db.execute(f"COPY (SELECT 1) TO 's3://{LINKED}/new.parquet'")
    assert not (linked / "new.parquet").exists()
