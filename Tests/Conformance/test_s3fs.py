"""s3fs, as it comes: files in a bucket as if in a folder."""

import os

import pytest
import s3fs

from s3 import MIB, Options, fetch, keys_in, read

LINKED = "a-linked-bucket"


def filesystem(machine):
    options = Options(machine)
    return s3fs.S3FileSystem(
        key=options.key, secret=options.secret, token=options.token, endpoint_url=options.endpoint,
        skip_instance_cache=True, use_listings_cache=False)


@pytest.fixture(scope="module")
def fs(provider):
    return filesystem(provider)


@pytest.fixture(scope="module")
def linked(exchange, provider):
    """The content of `gold/nav/2.bin` in a linked bucket."""
    directory, content = exchange.home / "linked/gold/nav", os.urandom(MIB)
    directory.mkdir(parents=True)
    for number in range(3):
        (directory / f"{number}.bin").write_bytes(content[:1000] if number < 2 else content)
    result = provider.bourse("lake", "link", LINKED, exchange.home / "linked")
    assert result.status == 0, result
    return content


def test_a_file_is_written_in_one_piece_or_in_parts(caller):
    fs, s3, bucket = filesystem(caller), caller.client("s3"), f"s3fs-{caller.account}"
    fs.mkdir(bucket)
    for name, content in {"a b+c": b"small", "ü/large": os.urandom(12 * MIB)}.items():
        with fs.open(f"{bucket}/{name}", "wb", block_size=5 * MIB) as file:
            file.write(content)
        assert read(s3, bucket, name) == content
        assert fs.cat_file(f"{bucket}/{name}") == content
    assert "-" not in s3.head_object(Bucket=bucket, Key="a b+c")["ETag"]
    assert "-" in s3.head_object(Bucket=bucket, Key="ü/large")["ETag"]


def test_a_file_is_read_whole_and_in_ranges(fs, linked):
    path = f"{LINKED}/gold/nav/2.bin"
    assert fs.cat_file(path) == linked
    assert fs.cat_file(path, start=10, end=20) == linked[10:20]
    assert fs.cat_file(path, start=-7) == linked[-7:]
    with fs.open(path, block_size=100_000) as file:
        assert file.size == len(linked)
        for begin in [500_000, 3, len(linked) - 5]:
            file.seek(begin)
            assert file.read(5) == linked[begin:begin + 5]
    assert fs.info(path)["size"] == len(linked)


def test_a_folder_is_listed_and_searched(fs, linked):
    assert fs.ls(f"{LINKED}/gold") == [f"{LINKED}/gold/nav"]
    files = [f"{LINKED}/gold/nav/{number}.bin" for number in range(3)]
    assert fs.ls(f"{LINKED}/gold/nav") == files
    assert fs.find(LINKED) == files
    assert fs.glob(f"{LINKED}/gold/*/[12].bin") == files[1:]
    assert [found["size"] for found in fs.ls(f"{LINKED}/gold/nav", detail=True)] == [
        1000, 1000, len(linked)]
    assert fs.isdir(f"{LINKED}/gold") and not fs.exists(f"{LINKED}/silver")


def test_a_folder_is_removed_whatever_its_names(fs, s3, bucket):
    for key in ["remove/a b+c", "remove/<ü>/&", "remove/1", "removed"]:
        fs.pipe_file(f"{bucket}/{key}", b"x")
    fs.rm(f"{bucket}/remove", recursive=True)
    assert keys_in(s3, bucket, "remove") == ["removed"]


def test_a_file_is_copied_and_moved(fs, s3, bucket):
    fs.pipe_file(f"{bucket}/move/a b+c", b"content")
    fs.cp_file(f"{bucket}/move/a b+c", f"{bucket}/move/ü")
    fs.mv(f"{bucket}/move/a b+c", f"{bucket}/move/moved")
    assert keys_in(s3, bucket, "move/") == ["move/moved", "move/ü"]
    assert read(s3, bucket, "move/moved") == read(s3, bucket, "move/ü") == b"content"


def test_a_folder_is_copied_from_a_linked_bucket(fs, s3, bucket, linked):
    fs.copy(f"{LINKED}/gold/nav", f"{bucket}/copied", recursive=True)
    assert keys_in(s3, bucket, "copied/") == [f"copied/{number}.bin" for number in range(3)]
    assert read(s3, bucket, "copied/2.bin") == linked


def test_a_folder_goes_up_and_comes_back(fs, bucket, tmp_path):
    (tmp_path / "up/deep").mkdir(parents=True)
    for name in ["a b+c", "deep/ü"]:
        (tmp_path / "up" / name).write_text(name)
    fs.put(f"{tmp_path}/up/", f"{bucket}/folder/", recursive=True)
    fs.get(f"{bucket}/folder/", f"{tmp_path}/down/", recursive=True)
    for name in ["a b+c", "deep/ü"]:
        assert (tmp_path / "down" / name).read_text() == name


def test_an_address_is_signed_for_others(exchange, fs, linked):
    url = fs.sign(f"{LINKED}/gold/nav/2.bin", expiration=60)
    assert "AWSAccessKeyId=" in url and "&Expires=" in url
    answer = fetch(exchange, url)
    assert (answer.status, answer.body) == (200, linked)


def test_what_is_not_there_or_not_ones_own(fs, subscriber, linked):
    with pytest.raises(FileNotFoundError):
        fs.cat_file(f"{LINKED}/gold/none")
    with pytest.raises(PermissionError):
        filesystem(subscriber).cat_file(f"{LINKED}/gold/nav/2.bin")
    with pytest.raises(PermissionError):
        fs.pipe_file(f"{LINKED}/gold/new", b"x")
