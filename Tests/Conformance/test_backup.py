"""A backup is made while everybody works, and an exchange made of it goes on from there."""

import shutil
import threading

from exchange import BOURSE, Exchange, machine, run
from s3 import ONCE, read, refused

ACCOUNT = "222222222222"


def restored(own_exchange, tmp_path, folder):
    """Another machine, with the backup and the lake's files and nothing else."""
    other = Exchange(tmp_path / "elsewhere")
    (other.data / "lake").parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(own_exchange.data / "lake", other.data / "lake")
    result = run([BOURSE, "restore", folder, "--data", other.data], machine(tmp_path))
    assert result.status == 0 and "bourse serve --data" in result.out, result
    return other


def test_an_exchange_goes_on_from_its_backup(own_exchange, tmp_path):
    subscriber = own_exchange.subscriber(ACCOUNT)
    s3 = subscriber.client("s3", config=ONCE)
    s3.create_bucket(Bucket="of-the-subscriber")
    done, written = threading.Event(), []

    def write():
        while not done.is_set():
            key = f"k{len(written):05}"
            s3.put_object(Bucket="of-the-subscriber", Key=key, Body=key.encode())
            written.append(key)

    writer = threading.Thread(target=write)
    writer.start()
    while len(written) < 20:
        pass
    before = len(written)
    folder = tmp_path / "backup"
    made = own_exchange.provider.bourse("backup", folder)
    done.set()
    writer.join()
    assert made.status == 0, made
    assert run([BOURSE, "trail", "verify", "--data", folder], machine(tmp_path)).status == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "ledger.db").stat().st_mode & 0o777 == 0o600
    own_exchange.kill()

    other = restored(own_exchange, tmp_path, folder)
    other._port = own_exchange._port
    other.serve()
    # The subscriber's key, profile and open session are good there as they are.
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="of-the-subscriber")["Contents"]]
    assert keys == written[:len(keys)] and len(keys) >= before
    assert read(s3, "of-the-subscriber", keys[-1]) == keys[-1].encode()
    s3.put_object(Bucket="of-the-subscriber", Key="afterwards", Body=b"x")
    assert subscriber.client("sts").get_caller_identity()["Account"] == ACCOUNT
    other.stop()
    assert other.verify().status == 0


def test_a_stopped_exchange_is_backed_up_too(own_exchange, tmp_path):
    provider = own_exchange.provider
    provider.client("s3").create_bucket(Bucket="a-bucket")
    own_exchange.stop()
    assert provider.bourse("backup", tmp_path / "backup").status == 0
    other = restored(own_exchange, tmp_path, tmp_path / "backup").serve()
    buckets = other.provider.client("s3").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["a-bucket"]
    other.stop()


def test_nothing_is_overwritten(own_exchange, tmp_path):
    provider = own_exchange.provider
    assert provider.bourse("backup", tmp_path / "backup").status == 0
    again = provider.bourse("backup", tmp_path / "backup")
    assert again.status != 0 and "holds a backup already" in again.err
    over = provider.bourse("restore", tmp_path / "backup", "--data", own_exchange.data)
    assert over.status != 0 and "holds an exchange" in over.err
    none = provider.bourse("restore", tmp_path / "nothing", "--data", tmp_path / "new")
    assert none.status != 0 and "bourse backup" in none.err
    assert refused(
        provider.client("s3", config=ONCE).get_object, Bucket="nobodys-bucket", Key="k"
    ) == (404, "NoSuchBucket")
