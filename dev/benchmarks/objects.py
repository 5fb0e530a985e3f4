"""Objects: GET beside nginx, listings of many keys, and the memory that both take."""

import contextlib
import getpass
import multiprocessing
import os
import pathlib
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

from exchange import BOURSE, Exchange
from wire import Ask

SECONDS = 5
BUCKET = "bench-bucket"
OBJECTS = {"64 MiB": 64 << 20, "64 KiB": 64 << 10}
READERS = 32
KEYS = 1_000_000


def read_and_count(address, request, size, seconds, connections, results):
    """One process of readers: each asks for the object again as soon as it has it."""
    sockets = [socket.create_connection(address) for _ in range(connections)]
    rest = {}
    poll = selectors.DefaultSelector()
    for each in sockets:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        each.sendall(request)
        rest[each] = None
        poll.register(each, selectors.EVENT_READ)
    buffer, count = bytearray(1 << 20), 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in poll.select(timeout=1):
            each = key.fileobj
            got = each.recv_into(buffer)
            if not got:
                raise SystemExit("cut off under load")
            if rest[each] is None:
                if buffer[9:12] != b"200":
                    raise SystemExit(f"refused under load: {bytes(buffer[:200])!r}")
                # The head comes in one piece: both servers write it so.
                rest[each] = size + buffer.index(b"\r\n\r\n") + 4
            rest[each] -= got
            if rest[each] == 0:
                count += 1
                rest[each] = None
                each.sendall(request)
    results.put(count)


def readings(address, request, size, connections=READERS):
    """Objects/s that all readers together get."""
    processes = 2
    results = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(
            target=read_and_count,
            args=(address, request, size, SECONDS, connections // processes, results))
        for _ in range(processes)]
    for worker in workers:
        worker.start()
    count = sum(results.get(timeout=SECONDS * 4) for _ in workers)
    for worker in workers:
        worker.join()
    return count / SECONDS


@contextlib.contextmanager
def nginx(root, home):
    """One that serves a folder with sendfile on a free port. None where it is not installed."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not program:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "nginx.conf").write_text(f"""
        daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log; worker_processes auto;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
            client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home};
            uwsgi_temp_path {home}; scgi_temp_path {home};
            server {{ listen 127.0.0.1:{port}; root {root}; }}
        }}""")
    # As root it would serve as someone else, who may not read the folder.
    user = ["-g", f"user {getpass.getuser()};"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [program, "-c", home / "nginx.conf", *user], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()


def objects():
    print(f"objects: {BOURSE}, {os.cpu_count()} CPUs, {READERS} readers, {SECONDS} s each")
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        begin = time.perf_counter()
        exchange = Exchange(home).init()
        begin = time.perf_counter()
        exchange.serve()
        print(f"start-up: {time.perf_counter() - begin:.2f} s until requests are answered")
        time.sleep(1)
        print(f"idle memory: {exchange.memory_bytes() >> 20} MiB resident")
        try:
            served(exchange, home)
            listings(exchange, home)
        finally:
            exchange.stop()


def served(exchange, home):
    (home / "www").mkdir()
    s3 = exchange.provider.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    host = urllib.parse.urlsplit(exchange.endpoint)
    with nginx(home / "www", home) as other:
        for name, size in OBJECTS.items():
            content = os.urandom(1 << 16) * (size >> 16)
            key = name.replace(" ", "")
            s3.put_object(Bucket=BUCKET, Key=key, Body=content)
            (home / "www" / key).write_bytes(content)
            headers = Ask("rest-xml", "s3", "GET", f"/{BUCKET}/{key}").signed(
                exchange, exchange.provider.keys)
            lines = [f"GET /{BUCKET}/{key} HTTP/1.1", f"Host: {host.netloc}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            request = "\r\n".join([*lines, "", ""]).encode()
            # In turns, since the machine is not always as fast.
            rates, others = [], []
            for _ in range(3):
                rates.append(readings((host.hostname, host.port), request, size))
                if other:
                    plain = f"GET /{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                    others.append(readings(other, plain, size))
            ratio = "nginx is not installed"
            if others:
                pairs = sorted(mine / its for mine, its in zip(rates, others))
                ratio = (f"nginx {sorted(others)[1]:,.1f}/s; ours/nginx {pairs[1]:.2f} "
                         f"({pairs[0]:.2f} to {pairs[2]:.2f})")
            rate = sorted(rates)[1]
            print(f"GET {name}: {rate:,.1f}/s, {rate * size / 1e9:.2f} GB/s; {ratio}")
    print(f"memory at most so far: {exchange.memory_bytes_max >> 20} MiB resident")


def listings(exchange, home):
    """A linked directory of many files, page by page."""
    lake = home / "many"
    for number in range(KEYS):
        folder = lake / f"{number % 64:02}"
        if number < 64:
            folder.mkdir(parents=True)
        (folder / f"{number:08}.parquet").touch()
    linked = exchange.provider.bourse("lake", "link", "many-files", lake)
    assert linked.status == 0, linked
    s3, times, count = exchange.provider.client("s3"), [], 0
    token = {}
    while True:
        begin = time.perf_counter()
        page = s3.list_objects_v2(Bucket="many-files", **token)
        times.append(time.perf_counter() - begin)
        count += page["KeyCount"]
        if not page["IsTruncated"]:
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    assert count == KEYS, count
    times.sort()
    print(
        f"list of {KEYS:,} linked files: {len(times)} pages, {sum(times):.1f} s, a page "
        f"{times[len(times) // 2] * 1e3:.1f} ms (p99 {times[len(times) * 99 // 100] * 1e3:.1f}); memory "
        f"at most {exchange.memory_bytes_max >> 20} MiB")
