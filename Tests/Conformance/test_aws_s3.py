"""`aws s3`, as it comes: files and folders go to a managed bucket and return, whatever their names."""

import filecmp
import hashlib
import os
import shutil

import pytest

from s3 import MIB, keys_in, read, refused

LINKED = "a-linked-bucket"
# The sizes at which the CLI begins to send in parts, and of the parts.
PART = 8 * MIB
GIB = 1 << 30
GIB_SECONDS_MAX = 300
A_DAY = 1_767_225_600


@pytest.fixture(scope="module")
def linked(exchange, provider):
    """The directory of a linked bucket: a small file, and one that is copied in parts."""
    directory = exchange.home / "linked"
    (directory / "gold").mkdir(parents=True)
    (directory / "gold/small").write_bytes(b"small")
    (directory / "gold/large").write_bytes(os.urandom(18 * MIB))
    result = provider.bourse("lake", "link", LINKED, directory)
    assert result.status == 0, result
    return directory


@pytest.fixture
def folder(tmp_path):
    """Files in folders, some with names that an address or XML would not bear."""
    folder = tmp_path / "folder"
    for name in ["a b+c.txt", "100%25 & <more>.txt", "ü/日本 'x'.txt", "deep/er/empty"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"" if name.endswith("empty") else name.encode())
        # S3 tells whole seconds, and what is newer than an object counts as changed.
        os.utime(folder / name, (A_DAY, A_DAY))
    return folder


def done(result):
    assert result.status == 0, result
    return result.out


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*") if path.is_file()}


def test_a_kilobyte_goes_up_is_listed_and_comes_back(provider, bucket, tmp_path):
    (tmp_path / "up").write_bytes(os.urandom(1024))
    address = f"s3://{bucket}/kilobyte/one.bin"
    done(provider.aws("s3", "cp", tmp_path / "up", address))
    assert done(provider.aws("s3", "ls", f"s3://{bucket}/kilobyte/")).split()[2:] == [
        "1024", "one.bin"]
    done(provider.aws("s3", "cp", address, tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()


def test_eighteen_megabytes_go_up_in_parts_and_come_back_in_ranges(provider, s3, bucket, tmp_path):
    content = os.urandom(18 * MIB)
    (tmp_path / "up").write_bytes(content)
    done(provider.aws("s3", "cp", tmp_path / "up", f"s3://{bucket}/parts"))
    parts = [content[begin:begin + PART] for begin in range(0, len(content), PART)]
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    head = s3.head_object(Bucket=bucket, Key="parts")
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert head["ContentLength"] == len(content)
    done(provider.aws("s3", "cp", f"s3://{bucket}/parts", tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == content


def test_a_gibibyte_passes_through_in_little_memory(own_exchange, tmp_path):
    """Both ways, and every mebibyte of it arrives where it was."""
    provider, up, down = own_exchange.provider, tmp_path / "up", tmp_path / "down"
    done(provider.aws("s3", "mb", "s3://gibibyte"))
    try:
        with up.open("wb") as file:
            for number in range(GIB // MIB):
                file.seek(number * MIB)
                file.write(number.to_bytes(8, "big"))
            file.truncate(GIB)
        before = own_exchange.memory_bytes_max
        for source, target in [(up, "s3://gibibyte/one"), ("s3://gibibyte/one", down)]:
            done(provider.aws(
                "s3", "cp", source, target, "--no-progress", seconds_max=GIB_SECONDS_MAX))
        assert filecmp.cmp(up, down, shallow=False)
        # Ten connections at once, and a part of 8 MiB on each.
        assert own_exchange.memory_bytes_max - before < 128 * MIB
    finally:
        up.unlink()
        down.unlink(missing_ok=True)
        own_exchange.stop()
        shutil.rmtree(own_exchange.data)


def test_a_folder_is_synchronised_whatever_its_names(provider, s3, bucket, folder, tmp_path):
    address = f"s3://{bucket}/sync"
    assert "a b+c.txt" in done(provider.aws("s3", "sync", folder, address))
    assert {key: read(s3, bucket, key) for key in keys_in(s3, bucket, "sync/")} == {
        f"sync/{name}": content for name, content in files(folder).items()}
    assert done(provider.aws("s3", "sync", folder, address)) == ""
    done(provider.aws("s3", "sync", address, tmp_path / "back"))
    assert files(tmp_path / "back") == files(folder)


def test_what_is_gone_from_the_folder_goes_from_the_bucket(provider, s3, bucket, folder):
    address = f"s3://{bucket}/mirror"
    done(provider.aws("s3", "sync", folder, address))
    (folder / "a b+c.txt").unlink()
    (folder / "deep/er/empty").write_bytes(b"no more")
    said = done(provider.aws("s3", "sync", "--delete", "--no-progress", folder, address))
    assert len(said.splitlines()) == 2
    assert {key: read(s3, bucket, key) for key in keys_in(s3, bucket, "mirror/")} == {
        f"mirror/{name}": content for name, content in files(folder).items()}


def test_a_file_is_moved_up_within_the_bucket_and_down(provider, s3, bucket, tmp_path):
    first, second = f"s3://{bucket}/move/a b+c", f"s3://{bucket}/move/ü"
    (tmp_path / "up").write_bytes(b"moved")
    done(provider.aws("s3", "mv", tmp_path / "up", first))
    assert not (tmp_path / "up").exists()
    done(provider.aws("s3", "mv", first, second))
    assert keys_in(s3, bucket, "move/") == ["move/ü"]
    done(provider.aws("s3", "mv", second, tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == b"moved"
    assert keys_in(s3, bucket, "move/") == []


def test_a_folder_is_copied_from_a_linked_bucket_in_the_exchange(provider, s3, bucket, linked):
    """The small one by CopyObject, the large one by UploadPartCopy."""
    done(provider.aws("s3", "cp", "--recursive", f"s3://{LINKED}/gold/", f"s3://{bucket}/copied/"))
    for name in ["small", "large"]:
        assert read(s3, bucket, f"copied/{name}") == (linked / "gold" / name).read_bytes()


def test_a_recursive_removal_takes_a_prefix_and_no_more(provider, s3, bucket):
    for key in ["remove/a b+c", "remove/ü/&", "remove/1", "removed", "remove"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    said = done(provider.aws("s3", "rm", "--recursive", f"s3://{bucket}/remove/"))
    assert len(said.splitlines()) == 3
    assert keys_in(s3, bucket, "remove") == ["remove", "removed"]


def test_a_bucket_is_removed_once_nothing_is_in_it(provider, s3):
    done(provider.aws("s3", "mb", "s3://for-a-while"))
    s3.put_object(Bucket="for-a-while", Key="in/the way", Body=b"x")
    result = provider.aws("s3", "rb", "s3://for-a-while")
    assert result.status != 0 and "BucketNotEmpty" in result.err, result
    assert read(s3, "for-a-while", "in/the way") == b"x"
    done(provider.aws("s3", "rb", "--force", "s3://for-a-while"))
    assert refused(s3.head_bucket, Bucket="for-a-while") == (404, "404")


def test_a_subscriber_moves_a_folder_in_its_own_bucket(subscriber, folder, tmp_path):
    done(subscriber.aws("s3", "mb", "s3://of-the-subscriber"))
    done(subscriber.aws("s3", "sync", folder, "s3://of-the-subscriber/one"))
    done(subscriber.aws(
        "s3", "mv", "--recursive", "s3://of-the-subscriber/one/", "s3://of-the-subscriber/two/"))
    assert keys_in(subscriber.client("s3"), "of-the-subscriber", "one/") == []
    done(subscriber.aws("s3", "sync", "s3://of-the-subscriber/two", tmp_path / "back"))
    assert files(tmp_path / "back") == files(folder)
