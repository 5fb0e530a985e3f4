"""What a decision costs more where there are very many data grants: HEAD of a granted object, by a receiver."""

import contextlib
import pathlib
import sqlite3
import statistics
import tempfile

from benchmarks.requests import load
from benchmarks.sample import SMALL, SampleExchange
from exchange import BOURSE
from lake import BUCKET
from publication import accept
from wire import Ask

GRANTS = 100_000
# Of which the one who asks has as many as everybody.
RECEIVERS = 1_000
PREFIX = "notes/"
KEY = PREFIX + "read-me.txt"
ACCOUNT = "222222222222"
ROUNDS = 5
AIM_US = 10


def grants():
    print(f"data grants: {BOURSE}; HEAD of a granted object, one connection, medians of {ROUNDS} x 5 s")
    with tempfile.TemporaryDirectory() as home:
        # The same object is asked of both in turns: the machine is not always as fast.
        few, many = (pathlib.Path(home) / name for name in ("few", "many"))
        with prepared(few) as (one, keys), prepared(many) as (other, other_keys):
            multiply(other, GRANTS)
            ask = Ask("rest-xml", "s3", "HEAD", f"/{BUCKET}/{KEY}")
            times = [
                [load(one.exchange, ask, keys, 1)[1] * 1e3, load(other.exchange, ask, other_keys, 1)[1] * 1e3]
                for _ in range(ROUNDS)]
            own, others = (statistics.median(each) for each in zip(*times))
            more = statistics.median(after - before for before, after in times)
            print(f"with 1: {own:.0f} µs; with {GRANTS:,} of {RECEIVERS:,} receivers: {others:.0f} µs; "
                  f"median difference {more:+.0f} µs (each {', '.join(f'{b - a:+.0f}' for a, b in times)}), "
                  f"to be at most {AIM_US}", flush=True)


@contextlib.contextmanager
def prepared(home):
    home.mkdir()
    with SampleExchange(home, *SMALL) as sample:
        file = sample.lake.path(KEY)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"of no table")
        publisher = sample.publisher
        data_set = publisher.data_set("Notes")
        publisher.publish(data_set, prefixes=[PREFIX])
        subscriber = sample.exchange.subscriber(ACCOUNT)
        accept(subscriber, publisher.grant(data_set, ACCOUNT))
        yield sample, subscriber.keys


def multiply(sample, count):
    """Gives the data set to many others, as often as there are to be grants in all."""
    sample.exchange.stop()
    with contextlib.closing(sqlite3.connect(sample.exchange.data / "ledger.db")) as ledger, ledger:
        ledger.row_factory = sqlite3.Row
        row = dict(ledger.execute("SELECT * FROM dataGrant").fetchone())
        names = ", ".join(f'"{name}"' for name in row)
        ledger.executemany(
            f"INSERT INTO dataGrant ({names}) VALUES ({', '.join('?' * len(row))})",
            ([*(row | {
                "id": f"{number:032x}", "entitledDataSet": f"{number + count:032x}",
                "receiver": str(int(ACCOUNT) + number % RECEIVERS)}).values()]
             for number in range(1, count)))
    sample.exchange.serve()
