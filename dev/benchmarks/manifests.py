"""How long it takes to find one day's file among millions, as a subscriber's query waits for it."""

import pathlib
import statistics
import tempfile

from benchmarks.asker import WithoutBoto3
from benchmarks.plain import Plain
from benchmarks.sample import SMALL, TABLE, SampleExchange
from exchange import BOURSE
from lake import BUCKET

FILES = [1_000_000, 4_000_000]
FILES_PER_DAY = 250
ROUNDS = 5
DAY = "2024-01-09"
AIM_MS = 10
# Where planning takes longer, it is tried once, and not with more files.
PATIENCE_MS = 1_000


def manifests():
    print(f"planning: {BOURSE}; a revision of so many files, of which the query needs one; medians of "
          f"{ROUNDS}, ms\n{'files':>10}{'first':>10}{'planning':>10}{'engine':>10}  memory at most")
    for files in FILES:
        with tempfile.TemporaryDirectory() as home:
            if measure(files, pathlib.Path(home)) > PATIENCE_MS:
                break
    print(f"planning, to be at most {AIM_MS}")


def measure(files, home):
    # The day before and the day after have files too, which are read by nobody.
    with SampleExchange(home, *SMALL) as sample:
        asker = WithoutBoto3(sample.subscriber("222222222222"))
        grow(sample, files, Plain(home))
        asker.reconnect()
        sql = f"SELECT count(*) FROM {TABLE} WHERE as_of = '{DAY}'"
        # It reads the manifest.
        first = asker.timed(sql)
        times = [asker.timed(sql)]
        while len(times) < ROUNDS and times[0].planning * 1e3 < PATIENCE_MS:
            times.append(asker.timed(sql))
        planning, engine = (
            statistics.median(getattr(each, kind) for each in times) * 1e3
            for kind in ["planning", "engine"])
        print(f"{files:>10,}{first.planning * 1e3:>10.0f}{planning:>10.0f}{engine:>10.0f}"
              f"{sample.exchange.memory_bytes_max >> 20:>12,} MiB"
              + (f"  (of {len(times)})" if len(times) < ROUNDS else ""), flush=True)
        return planning


def grow(sample, files, plain):
    """Names files in the revision's manifest that there are not: nobody opens them."""
    manifest = sample.exchange.data / f"manifests/{sample.revision}.parquet"
    sample.exchange.stop()
    plain.run(f"CREATE TABLE manifest AS FROM '{manifest}'")
    plain.run(f"""
        COPY (
            FROM manifest UNION ALL BY NAME
            SELECT '{BUCKET}' AS bucket, key, '"0123456789abcdef-1"' AS etag,
                '{sample.lake.directory}/' || key AS path, 'HARD_LINK' AS guarantee,
                device, number AS inode, 5000 AS size, 0 AS modified, 0 AS changed, 20 AS "rowCount",
                schema, day AS "partition.as_of",
                'F001' AS "low.text.fund_id", 'F020' AS "high.text.fund_id",
                day AS "low.date.nav_date", day AS "high.date.nav_date"
            FROM (
                SELECT *, format('gold/nav/daily/as_of={{}}/{{}}.parquet', day, number) AS key
                FROM (
                    SELECT number, strftime(
                        DATE '1970-01-01' + (number // {FILES_PER_DAY})::INT, '%Y-%m-%d') AS day
                    FROM range({files}) AS numbers(number))),
                (SELECT min(device) AS device, min(schema) AS schema FROM manifest)
            ORDER BY bucket, key
        ) TO '{manifest}' (FORMAT parquet, COMPRESSION zstd)""")
    sample.exchange.serve()
