"""polars, as it comes: lazy scans of buckets, and sinks into them, by Rust's object_store."""

import polars as pl
import pytest

from s3 import Options, keys_in, read

LINKED = "a-linked-bucket"
ROWS = 9000
NAV = pl.DataFrame({
    "fund_id": [f"F{number % 7:03}" for number in range(ROWS)],
    "day": [f"2026-02-{number % 3 + 1:02}" for number in range(ROWS)],
    "nav": [number / 8 for number in range(ROWS)]})
# What polars raises when the exchange refuses.
REFUSALS = (pl.exceptions.ComputeError, OSError)


def storage(machine):
    options = Options(machine)
    storage = {
        "aws_access_key_id": options.key, "aws_secret_access_key": options.secret,
        "aws_region": options.region, "aws_endpoint_url": options.endpoint,
        "aws_allow_http": "true"}
    return storage | ({"aws_session_token": options.token} if options.token else {})


@pytest.fixture(scope="module")
def options(provider):
    return storage(provider)


@pytest.fixture(scope="module")
def linked(exchange, provider):
    """`NAV` as a file for each day in `nav/` of a linked bucket."""
    directory = exchange.home / "linked"
    NAV.write_parquet(directory / "nav", partition_by="day", mkdir=True)
    result = provider.bourse("lake", "link", LINKED, directory)
    assert result.status == 0, result
    return directory


def in_order(frame):
    return frame.select(NAV.columns).sort("nav")


def test_a_frame_is_sunk_and_scanned_back(caller):
    s3, bucket, options = caller.client("s3"), f"polars-{caller.account}", storage(caller)
    s3.create_bucket(Bucket=bucket)
    address = f"s3://{bucket}/a b/ü.parquet"
    NAV.lazy().sink_parquet(address, storage_options=options)
    assert in_order(pl.scan_parquet(address, storage_options=options).collect()).equals(NAV)
    content = read(s3, bucket, "a b/ü.parquet")
    assert content[:4] == content[-4:] == b"PAR1"
    assert pl.read_parquet(content).equals(NAV)


def test_a_linked_bucket_is_scanned_in_part(options, linked):
    scan = pl.scan_parquet(
        f"s3://{LINKED}/nav/", storage_options=options, hive_partitioning=True,
        hive_schema={"day": pl.String})
    assert in_order(scan.collect()).equals(NAV)
    one = scan.filter(pl.col("day") == "2026-02-02", pl.col("nav") < 100).select("nav").collect()
    assert sorted(one["nav"]) == [number / 8 for number in range(1, 800, 3)]
    pattern = pl.scan_parquet(f"s3://{LINKED}/nav/*/*.parquet", storage_options=options)
    assert pattern.select(pl.len()).collect().item() == ROWS


def test_a_frame_is_written_in_partitions(options, s3, bucket):
    NAV.write_parquet(f"s3://{bucket}/set/", partition_by=["day"], storage_options=options)
    keys = keys_in(s3, bucket, "set/")
    assert {key.split("/")[1] for key in keys} == {f"day=2026-02-0{day}" for day in (1, 2, 3)}
    scan = pl.scan_parquet(
        f"s3://{bucket}/set/", storage_options=options, hive_schema={"day": pl.String})
    assert in_order(scan.collect()).equals(NAV)


def test_a_csv_is_written_and_scanned_back(options, s3, bucket):
    NAV.write_csv(f"s3://{bucket}/nav.csv", storage_options=options)
    assert read(s3, bucket, "nav.csv") == NAV.write_csv().encode()
    scan = pl.scan_csv(f"s3://{bucket}/nav.csv", storage_options=options)
    assert scan.collect().equals(NAV)
    assert scan.filter(pl.col("fund_id") == "F003").select("nav").collect().equals(
        NAV.filter(pl.col("fund_id") == "F003").select("nav"))


def test_a_small_file_is_read_by_its_end(options, s3, bucket):
    """The last 256 KiB are asked for, of a file that has less."""
    small = NAV.head(3)
    small.write_parquet(f"s3://{bucket}/small.parquet", storage_options=options)
    assert s3.head_object(Bucket=bucket, Key="small.parquet")["ContentLength"] < 262_144
    assert pl.read_parquet(f"s3://{bucket}/small.parquet", storage_options=options).equals(small)


def test_a_large_frame_arrives_whole(options, s3, bucket):
    """Some 24 MB."""
    large = pl.select(a=pl.int_range(3_000_000).hash())
    large.lazy().sink_parquet(
        f"s3://{bucket}/large.parquet", compression="uncompressed", storage_options=options)
    assert s3.head_object(Bucket=bucket, Key="large.parquet")["ContentLength"] > 20_000_000
    assert pl.read_parquet(f"s3://{bucket}/large.parquet", storage_options=options).equals(large)


def test_what_is_not_there_or_not_ones_own(options, subscriber, linked):
    with pytest.raises(REFUSALS, match="(?i)not found|no such|expanded"):
        pl.read_parquet(f"s3://{LINKED}/none.parquet", storage_options=options)
    with pytest.raises(REFUSALS, match="(?i)denied|403|forbidden"):
        pl.read_parquet(f"s3://{LINKED}/nav/", storage_options=storage(subscriber))
    with pytest.raises(REFUSALS, match="(?i)denied|403|forbidden"):
        NAV.write_parquet(f"s3://{LINKED}/new.parquet", storage_options=options)
    assert not (linked / "new.parquet").exists()
