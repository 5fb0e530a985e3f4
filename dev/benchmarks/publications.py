"""How long a revision takes to be finalized, and how soon afterwards a subscriber sees it."""

import pathlib
import shutil
import statistics
import tempfile
import time

from botocore.config import Config

from benchmarks.sample import SMALL, SampleExchange
from exchange import BOURSE
from lake import BUCKET
from publication import accept

OBJECTS = [10_000, 100_000]
PREFIX = "gold/nav/many/"
# Of one folder, so that no folder is much larger than a lake's are.
PER_FOLDER = 250
VISIBLE_ROUNDS = 20
VISIBLE_AIM_MS = 50
# The answer of UpdateRevision comes when the revision is published.
FINALIZE = Config(read_timeout=1_800, retries={"max_attempts": 0})


def publications():
    print(f"publications: {BOURSE}; Parquet files of one linked folder, pinned")
    print(f"{'objects':>10}{'first, s':>10}{'µs each':>9}{'again, s':>10}{'µs each':>9}"
          f"{'one new, s':>12}  memory at most")
    for objects in OBJECTS:
        with tempfile.TemporaryDirectory() as home:
            measure(objects, pathlib.Path(home))
    with tempfile.TemporaryDirectory() as home:
        visible(pathlib.Path(home))


def measure(objects, home):
    with SampleExchange(home, *SMALL) as sample:
        file = next((sample.lake.directory / "gold/nav/daily").rglob("*.parquet"))
        for number in range(objects):
            copy(sample, file, number)
        publisher = sample.publisher
        publisher.client = sample.exchange.provider.client("dataexchange", config=FINALIZE)
        data_set = publisher.data_set("Many files")
        first = finalized(publisher, data_set)
        again = finalized(publisher, data_set)
        copy(sample, file, objects)
        one_new = finalized(publisher, data_set)
        print(f"{objects:>10,}{first:>10.1f}{first / objects * 1e6:>9.0f}{again:>10.1f}"
              f"{again / objects * 1e6:>9.0f}{one_new:>12.1f}"
              f"{sample.exchange.memory_bytes_max >> 20:>11,} MiB", flush=True)


def copy(sample, file, number):
    folder = sample.lake.directory / PREFIX / str(number // PER_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / f"{number}.parquet")


def finalized(publisher, data_set):
    """How long finalizing takes, in seconds."""
    revision = publisher.draft(data_set, prefixes=[PREFIX])
    begin = time.perf_counter()
    assert publisher.finalize(data_set, revision)["Finalized"]
    return time.perf_counter() - begin


def visible(home):
    """From the answer that says that it is published until a subscriber's listing shows it."""
    with SampleExchange(home, *SMALL) as sample:
        file = next((sample.lake.directory / "gold/nav/daily").rglob("*.parquet"))
        copy(sample, file, 0)
        publisher = sample.publisher
        data_set = publisher.data_set("Few files")
        publisher.publish(data_set, prefixes=[PREFIX])
        subscriber = sample.exchange.subscriber("222222222222")
        accept(subscriber, publisher.grant(data_set, "222222222222"))
        s3 = subscriber.client("s3")
        times = []
        for number in range(1, VISIBLE_ROUNDS + 1):
            copy(sample, file, number)
            revision = publisher.draft(data_set, prefixes=[PREFIX])
            publisher.finalize(data_set, revision)
            begin = time.perf_counter()
            while s3.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["KeyCount"] <= number:
                pass
            times.append((time.perf_counter() - begin) * 1e3)
        print(f"visible: {statistics.median(times):.0f} ms after it is finalized (median of "
              f"{VISIBLE_ROUNDS}, at most {max(times):.0f}; the listing's own time included), to be at "
              f"most {VISIBLE_AIM_MS}", flush=True)
