"""A query for one row of one file: what the exchange adds to the engine's own time."""

import datetime
import os
import pathlib
import statistics
import tempfile
import time

from benchmarks.asker import WithBoto3, WithoutBoto3
from benchmarks.plain import Plain
from benchmarks.sample import TABLE, SampleExchange
from exchange import BOURSE
from lake import nav_key

ROUNDS = 200
FUND = "F042"
# The sample has a file for each working day.
BEGIN = datetime.date(2020, 1, 1)
# How much longer than in the plain engine it may take.
AIM_MS = 2


def points():
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        with SampleExchange(home) as sample:
            plain = Plain(home)
            athena = sample.subscriber("222222222222")
            days = working_days()
            # Each client asks for days that nobody has asked for, and then for the same ones again.
            questions = [[both(sample, day) for day in some] for some in (days[:ROUNDS], days[ROUNDS:])]
            questions = [some for some in questions for _ in ("first", "again")]
            own, other = questions[0][0]
            assert athena.rows(own) == plain.rows(other)
            print(f"point query: {BOURSE}, {os.cpu_count()} CPUs; medians of {ROUNDS} in turns, ms\n{own}")
            print(f"{'client':<18}{'asked':<8}{'plain':>8}{'engine':>8}{'wall':>8}{'engine-plain':>14}"
                  f"{'wall-plain':>12}")
            for asker in WithoutBoto3(athena), WithBoto3(athena):
                for asked in "first", "again":
                    show(asker.name, asked, in_turns(asker, questions.pop(), plain))
            print(
                f"engine-plain, to be at most {AIM_MS}; a record of 4 KiB on this disk takes "
                f"{synced(home):.2f} ms")


def working_days():
    days = (BEGIN + datetime.timedelta(number) for number in range(4 * ROUNDS))
    return [str(day) for day in days if day.weekday() < 5][:2 * ROUNDS]


def both(sample, day):
    """The question as it is asked of the exchange, and of the plain engine."""
    return (
        f"SELECT nav_date, nav FROM {TABLE} WHERE as_of = '{day}' AND fund_id = '{FUND}'",
        f"SELECT nav_date, nav FROM read_parquet('{sample.lake.path(nav_key(day))}') "
        f"WHERE fund_id = '{FUND}'")


def in_turns(asker, questions, plain):
    """How long ours and the plain engine's take, one after the other."""
    times = [(asker.timed(own), plain.seconds(other)) for own, other in questions]
    # The first ones warm up. The statistics are whole milliseconds: of those a mean tells more.
    own, others = zip(*times[ROUNDS // 10:])
    return {
        "plain": statistics.median(others) * 1e3,
        "engine": statistics.fmean(each.engine for each in own) * 1e3,
        "wall": statistics.median(each.wall for each in own) * 1e3}


def show(name, asked, times):
    plain, engine, wall = times.values()
    print(f"{name:<18}{asked:<8}{plain:>8.2f}{engine:>8.2f}{wall:>8.2f}{engine - plain:>14.2f}"
          f"{wall - plain:>12.2f}", flush=True)


def synced(home):
    """How long the disk takes to keep what the trail and the ledger write: a query waits for several."""
    times = []
    with (home / "synced").open("wb", buffering=0) as file:
        for _ in range(100):
            begin = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3
