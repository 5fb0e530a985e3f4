"""pyarrow, as it comes: tables, data sets and streams, by AWS's SDK for C++."""

import os

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest
from pyarrow.fs import FileSelector, FileType, S3FileSystem

from s3 import MIB, Options, keys_in, read

LINKED = "a-linked-bucket"
TABLE = pa.table({
    "fund_id": [f"F{number % 7:03}" for number in range(10_000)],
    "day": [f"2026-02-{number % 3 + 1:02}" for number in range(10_000)],
    "nav": [number / 8 for number in range(10_000)]})


def filesystem(machine):
    options = Options(machine)
    return S3FileSystem(
        access_key=options.key, secret_key=options.secret, session_token=options.token,
        endpoint_override=options.address, scheme="http", region=options.region)


@pytest.fixture(scope="module")
def fs(provider):
    return filesystem(provider)


@pytest.fixture(scope="module")
def linked(exchange, provider):
    """`TABLE` as a data set of three days in `nav/` of a linked bucket."""
    directory = exchange.home / "linked"
    pa.dataset.write_dataset(
        TABLE, directory / "nav", format="parquet", partitioning=["day"],
        partitioning_flavor="hive")
    result = provider.bourse("lake", "link", LINKED, directory)
    assert result.status == 0, result
    return directory


def in_order(table):
    return table.select(TABLE.column_names).sort_by([("nav", "ascending")])


def test_a_table_is_written_and_read_back(caller):
    fs, s3, bucket = filesystem(caller), caller.client("s3"), f"pyarrow-{caller.account}"
    s3.create_bucket(Bucket=bucket)
    pa.parquet.write_table(TABLE, f"{bucket}/a b+c/ü.parquet", filesystem=fs)
    assert pa.parquet.read_table(f"{bucket}/a b+c/ü.parquet", filesystem=fs) == TABLE
    content = read(s3, bucket, "a b+c/ü.parquet")
    assert content[:4] == content[-4:] == b"PAR1"
    assert pa.parquet.read_table(pa.BufferReader(content)) == TABLE
    head = s3.head_object(Bucket=bucket, Key="a b+c/ü.parquet")
    assert head["ContentLength"] == len(content) and "ContentEncoding" not in head


def test_a_data_set_of_a_linked_bucket_is_read_in_part(fs, linked):
    dataset = pa.dataset.dataset(f"{LINKED}/nav", filesystem=fs, partitioning="hive")
    assert in_order(dataset.to_table()) == TABLE
    one = dataset.to_table(columns=["nav"], filter=pa.dataset.field("day") == "2026-02-02")
    assert sorted(one["nav"].to_pylist()) == [number / 8 for number in range(1, 10_000, 3)]


def test_a_data_set_is_written_in_partitions(fs, s3, bucket):
    pa.dataset.write_dataset(
        TABLE, f"{bucket}/set", filesystem=fs, format="parquet", partitioning=["day"],
        partitioning_flavor="hive", max_rows_per_file=2000, max_rows_per_group=2000)
    keys = [key for key in keys_in(s3, bucket, "set/") if not key.endswith("/")]
    assert keys == [
        f"set/day=2026-02-0{day}/part-{number}.parquet" for day in (1, 2, 3) for number in (0, 1)]
    dataset = pa.dataset.dataset(f"{bucket}/set", filesystem=fs, partitioning="hive")
    assert in_order(dataset.to_table()) == TABLE


def test_twelve_megabytes_are_streamed_both_ways(fs, s3, bucket):
    content = os.urandom(12 * MIB)
    with fs.open_output_stream(f"{bucket}/stream") as stream:
        for begin in range(0, len(content), 700_001):
            stream.write(content[begin:begin + 700_001])
    assert read(s3, bucket, "stream") == content
    with fs.open_input_stream(f"{bucket}/stream") as stream:
        assert stream.read() == content


def test_a_stream_of_nothing_is_an_empty_object(fs, s3, bucket):
    fs.open_output_stream(f"{bucket}/empty").close()
    assert read(s3, bucket, "empty") == b""


def test_a_file_is_read_at_any_place(fs, s3, bucket):
    content = os.urandom(MIB)
    s3.put_object(Bucket=bucket, Key="places", Body=content)
    with fs.open_input_file(f"{bucket}/places") as file:
        assert file.size() == len(content)
        for begin in [700_000, 0, len(content) - 3]:
            assert file.read_at(3, begin) == content[begin:begin + 3]
        assert file.read_at(100, len(content) - 3) == content[-3:]


def test_a_stream_is_no_object_before_it_is_closed(fs, s3, bucket):
    content = os.urandom(6 * MIB)
    stream = fs.open_output_stream(f"{bucket}/closed")
    stream.write(content)
    assert keys_in(s3, bucket, "closed") == []
    stream.close()
    assert read(s3, bucket, "closed") == content


def test_headers_go_with_a_stream(fs, s3, bucket):
    metadata = {"Content-Type": "application/x-nav", "Cache-Control": "no-store"}
    with fs.open_output_stream(f"{bucket}/headers", metadata=metadata) as stream:
        stream.write(b"x")
    head = s3.head_object(Bucket=bucket, Key="headers")
    assert (head["ContentType"], head["CacheControl"]) == ("application/x-nav", "no-store")


def test_a_file_is_copied_and_moved(fs, s3, bucket):
    s3.put_object(Bucket=bucket, Key="move/a b+c", Body=b"content")
    fs.copy_file(f"{bucket}/move/a b+c", f"{bucket}/move/copy ü")
    fs.move(f"{bucket}/move/a b+c", f"{bucket}/move/moved")
    assert read(s3, bucket, "move/copy ü") == read(s3, bucket, "move/moved") == b"content"
    assert fs.get_file_info(f"{bucket}/move/a b+c").type == FileType.NotFound


def test_a_folder_is_made_filled_and_removed(fs, s3, bucket):
    fs.create_dir(f"{bucket}/folder/deep", recursive=True)
    assert fs.get_file_info(f"{bucket}/folder/deep").type == FileType.Directory
    for name in ["folder/deep/a b+c", "folder/deep/ü", "folder/other", "folders"]:
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    fs.delete_dir(f"{bucket}/folder/deep")
    assert [key for key in keys_in(s3, bucket, "folder") if not key.endswith("/")] == [
        "folder/other", "folders"]
    assert fs.get_file_info(f"{bucket}/folder/deep").type == FileType.NotFound
    fs.delete_dir_contents(f"{bucket}/folder")
    assert [key for key in keys_in(s3, bucket, "folder") if not key.endswith("/")] == ["folders"]


def test_what_is_where_is_told(fs, linked):
    file, = (linked / "nav/day=2026-02-01").iterdir()
    key = f"{LINKED}/nav/day=2026-02-01/{file.name}"
    infos = fs.get_file_info([key, f"{LINKED}/nav", f"{LINKED}/none", "no-such-bucket"])
    assert [info.type for info in infos] == [
        FileType.File, FileType.Directory, FileType.NotFound, FileType.NotFound]
    assert infos[0].size == file.stat().st_size
    assert int(infos[0].mtime.timestamp()) == int(file.stat().st_mtime)
    found = fs.get_file_info(FileSelector(f"{LINKED}/nav", recursive=True))
    assert sorted(info.path for info in found if info.type == FileType.File) == [
        f"{LINKED}/{path.relative_to(linked)}" for path in sorted(linked.rglob("*.parquet"))]
    assert {info.base_name for info in found if info.type == FileType.Directory} == {
        f"day=2026-02-0{day}" for day in (1, 2, 3)}


def test_nobody_writes_to_a_linked_bucket(fs, linked):
    with pytest.raises(OSError, match="ACCESS_DENIED|AccessDenied"):
        with fs.open_output_stream(f"{LINKED}/new") as stream:
            stream.write(b"x")
    assert not (linked / "new").exists()
