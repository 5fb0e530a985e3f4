"""Many subscribers who ask at once: whether they are served alike, and with how much memory."""

import os
import pathlib
import statistics
import tempfile
import threading
import time

from benchmarks.asker import WithoutBoto3
from benchmarks.sample import TABLE, SampleExchange
from exchange import BOURSE

SUBSCRIBERS = 16
SECONDS = 60
# Between a subscriber's polls: the processors are for the queries.
PAUSE_SECONDS = 0.05
# How many times as many answers as the slowest subscriber the fastest one may get.
AIM = 2
# `WorkerPool.workersMax` processes, of which `QueryQueue.runningMax` run a query within the engine's
# `engineMemoryBytes`.
WORKERS_MAX, RUNNING_MAX, ENGINE_GIB = 24, 4, 1
SQL = f"""
    SELECT fund_id, count(*), min(nav), max(nav), avg(nav) FROM {TABLE}
    WHERE as_of BETWEEN '2020-01-01' AND '2020-12-31' GROUP BY fund_id ORDER BY fund_id"""
# Half of the funds, of which there are 500.
ROWS = "fund_id <= 'F250'"


def subscribers():
    with tempfile.TemporaryDirectory() as home:
        with SampleExchange(pathlib.Path(home)) as sample:
            askers = [
                WithoutBoto3(sample.subscriber(f"{200_000_000_000 + number}", ROWS))
                for number in range(SUBSCRIBERS)]
            print(f"{SUBSCRIBERS} subscribers: {BOURSE}, {os.cpu_count()} CPUs, {SECONDS} s; each asks, "
                  f"polls every {PAUSE_SECONDS * 1e3:.0f} ms and asks again:{SQL}\n"
                  f"under the row filter {ROWS}")
            show(*at_once(askers, sample.exchange))


def at_once(askers, exchange):
    """How long each subscriber's answers took, and the most memory that all processes held."""
    end = time.monotonic() + SECONDS
    times = [[] for _ in askers]
    threads = [
        threading.Thread(target=ask_until, args=(end, asker, own))
        for asker, own in zip(askers, times)]
    for thread in threads:
        thread.start()
    memory, workers = 0, 0
    while time.monotonic() < end:
        memory = max(memory, exchange.memory_bytes_together)
        workers = max(workers, len(exchange.workers))
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    return times, memory, workers


def ask_until(end, asker, times):
    while True:
        seconds = asker.timed(SQL, pause=PAUSE_SECONDS).wall
        if time.monotonic() > end:
            return
        times.append(seconds)


def show(times, memory, workers):
    counts = sorted(len(own) for own in times)
    answers = sorted(seconds for own in times for seconds in own)
    print(f"answers per subscriber: {' '.join(map(str, counts))}; {sum(counts) / SECONDS:.1f}/s together")
    print(f"an answer took {statistics.median(answers) * 1e3:.0f} ms "
          f"(p99 {answers[len(answers) * 99 // 100] * 1e3:.0f})")
    print(f"fastest/slowest: {counts[-1] / max(counts[0], 1):.2f}, to be at most {AIM:.2f}")
    print(f"memory of the exchange and up to {workers} workers together: at most {memory >> 20:,} MiB; "
          f"at most {RUNNING_MAX} of {WORKERS_MAX} workers run, with {RUNNING_MAX * ENGINE_GIB} GiB for their "
          "engines")
