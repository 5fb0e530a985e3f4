"""Requests of a few bytes: signature, decision, trail and answer."""

import multiprocessing
import os
import pathlib
import socket
import tempfile
import time
import urllib.parse

import botocore.exceptions

from exchange import BOURSE, Exchange
from wire import Ask, form_ask, json_ask

SECONDS = 5
CONNECTIONS = [1, 8, 64]
BUCKET, DATABASE, TABLE = "bench-bucket", "bench_database", "bench_table"


def send_and_time(address, request, headless, seconds, connections, results):
    """One process of the load: its connections take turns, each always with one request under way.

    `headless`: the answer has no body, whatever its Content-Length says.
    """
    sockets = [socket.create_connection(address) for _ in range(connections)]
    for each in sockets:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times, sent = [], []
    for each in sockets:
        sent.append(time.perf_counter())
        each.sendall(request)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for place, each in enumerate(sockets):
            answer = each.recv(65_536)
            while not complete(answer, headless):
                answer += each.recv(65_536)
            if answer[9:12] != b"200":
                raise SystemExit(f"refused under load: {answer[:200]!r}")
            now = time.perf_counter()
            times.append(now - sent[place])
            sent[place] = now
            each.sendall(request)
    results.put(times)


def complete(answer, headless):
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator or headless:
        return bool(separator)
    start = head.lower().index(b"content-length:") + len("content-length:")
    return len(body) >= int(head[start:].split(b"\r\n", 1)[0])


def load(exchange, ask, keys, connections):
    """Requests/s, and the median and 99th percentile of how long one takes, in ms."""
    headers = ask.signed(exchange, keys)
    address = urllib.parse.urlsplit(exchange.endpoint)
    lines = [f"{ask.method} {ask.path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(ask.body)}"] if ask.body else []
    request = "\r\n".join([*lines, "", ""]).encode() + ask.body
    processes = min(connections, 2)
    results = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(
            target=send_and_time,
            args=((address.hostname, address.port), request, ask.method == "HEAD", SECONDS,
                  connections // processes, results))
        for _ in range(processes)]
    for worker in workers:
        worker.start()
    times = sorted(time for _ in workers for time in results.get(timeout=SECONDS * 4))
    for worker in workers:
        worker.join()
    return len(times) / SECONDS, times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3


def prepare(provider):
    """What the requests ask for. Returns what this build does not serve yet."""
    missing = {}
    steps = {
        "HeadBucket": lambda: provider.client("s3").create_bucket(Bucket=BUCKET),
        "GetTable": lambda: (
            provider.client("glue").create_database(DatabaseInput={"Name": DATABASE}),
            provider.client("glue").create_table(
                DatabaseName=DATABASE, TableInput={
                    "Name": TABLE, "StorageDescriptor": {
                        "Columns": [{"Name": f"column_{n}", "Type": "string"} for n in range(12)],
                        "Location": f"s3://{BUCKET}/table/"}})),
    }
    for name, step in steps.items():
        try:
            step()
        except botocore.exceptions.ClientError as error:
            missing[name] = str(error)
    return missing


def requests():
    asks = {
        "GetCallerIdentity": form_ask("sts", "2011-06-15", "GetCallerIdentity"),
        "HeadBucket": Ask("rest-xml", "s3", "HEAD", f"/{BUCKET}"),
        "GetTable": json_ask(
            "glue", "AWSGlue.GetTable",
            f'{{"DatabaseName":"{DATABASE}","Name":"{TABLE}"}}'.encode()),
    }
    kind = "release" if "/release/" in str(BOURSE) else "debug: only good to compare with itself"
    print(f"requests: {BOURSE} ({kind}), {os.cpu_count()} CPUs, {SECONDS} s each")
    print(f"{'operation':<20}{'connections':>12}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}")
    with tempfile.TemporaryDirectory() as home:
        exchange = Exchange(pathlib.Path(home)).init().serve()
        try:
            missing = prepare(exchange.provider)
            keys = exchange.provider.keys
            for name, ask in asks.items():
                if name in missing:
                    print(f"{name:<20}skipped: {missing[name]}")
                    continue
                for connections in CONNECTIONS:
                    rate, median, slow = load(exchange, ask, keys, connections)
                    print(f"{name:<20}{connections:>12}{rate:>12,.0f}{median:>9.2f}{slow:>9.2f}")
        finally:
            exchange.stop()
        records = len(exchange.trail)
        begin = time.perf_counter()
        verified = exchange.verify()
        seconds = time.perf_counter() - begin
        print(f"trail: {records:,} records, one for each answer and synced before it")
        if verified.status == 0 and verified.out.strip():
            print(f"trail verify: {records / seconds:,.0f} records/s")
