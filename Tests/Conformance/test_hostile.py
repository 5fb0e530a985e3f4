"""A hostile subscriber: what it sends fails alone, opens nothing, and leaves everything as it was.

Before and after each test all that is not the exchange's to change meanwhile is the same: the lake, a
directory that nobody was granted, keys, pins. A neighbour asks all the time, and is answered as ever.
"""

import csv
import hashlib
import os
import pathlib
import re
import signal
import socket
import time

import pytest

from athena import BATCH_MAX, FINAL, Athena
from exchange import ROOT
from hostility import (
    CALLS, CRASHES, DEEP, DEEP_ANSWERS, ENDLESS, FILE_NAMES, HALF_OF_MEMORY, MEMORY, NOT_A_QUESTION,
    NOT_THERE, OTHER_NAMES, OUT_OF_MEMORY, OWN_WRITES, PLACES, READERS, SPILLS, STATEMENTS, TOO_DEEP, WRITES)
from lake import DATABASE, Engine, Lake, Provider, link_database

HOSTILE, NEIGHBOUR = "222222222222", "333333333333"
FUNDS, DAYS = 3, 4
OWN = "SELECT count(*), min(fund_id), max(fund_id) FROM nav_history"
# What a busy machine makes of the tenth of a second that it takes.
USUAL_SECONDS_MAX = 5
PROMPT_SECONDS_MAX = 10
SPILL_SECONDS_MAX = 30
# Of the exchange itself, which hands on what its workers make.
MEMORY_BYTES_MAX = 1 << 30
# Hundredths of a second.
TICKS_AT_WORK = 20
# Nothing of it is seen by anyone.
SECRETS = ("CANARY", "root:", "PAR1", "F002")
# The exchange's own files that change while it works.
CHANGING = ("ledger.db", "marketplace.db", "trail", "staging", "lake")
# What no subscriber's statement may do, whatever the functions are called that do it.
FORBIDDEN = re.compile(
    r"read|write|scan|glob|file|env|setting|secret|log$|query|version|database|schema|pragma|privilege|"
    r"sleep|nextval|currval|variable|serialize|execut|extension|checkpoint|stats|session|user")
# Look like it, and do nothing of it.
HARMLESS = {"log", "formatreadablesize", "formatreadabledecimalsize"}
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}


class Asker:
    """A subscriber of one fund."""

    def __init__(self, exchange, team, account, fund):
        self.exchange, self.account = exchange, account
        machine = exchange.subscriber(account)
        team.grant_rows(account, "nav_history", f"fund_id = '{fund}'", name=fund)
        link_database(machine)
        self.athena = Athena(machine)
        self.expected = [[str(DAYS), fund, fund]]

    def asks(self):
        """What it always asks: it is answered in its usual time."""
        begun = time.monotonic()
        assert self.athena.rows(OWN) == self.expected
        assert time.monotonic() - begun < USUAL_SECONDS_MAX

    @property
    def staging(self):
        return self.exchange.data / "staging" / self.account

    @property
    def spilled_bytes(self):
        total = 0
        for path in self.staging.glob(".spill-*/*"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                pass
        return total


@pytest.fixture(scope="module")
def canary(tmp_path_factory):
    """Files of each kind that the engine reads, which no statement may."""
    directory = tmp_path_factory.mktemp("canary")
    for kind, content in ("txt", "CANARY"), ("csv", "a,b\nCANARY,1\n"), ("json", '{"a": "CANARY"}'):
        (directory / f"canary.{kind}").write_text(content)
    engine = Engine()
    engine.run(f"COPY (SELECT 'CANARY' AS a) TO '{directory}/canary.parquet' (FORMAT parquet)")
    engine.run(f"ATTACH '{directory}/canary.db' AS canary")
    engine.run("CREATE TABLE canary.canary AS SELECT 'CANARY' AS a")
    engine.run("DETACH canary")
    return directory


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake")).sample("--funds", str(FUNDS), "--days", str(DAYS))
    lake.write_parquet("gold/ungranted/secret.parquet", "SELECT 'CANARY' AS a")
    return lake


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.describe("nav_history", "esg_insights")
    team.create_table("ungranted", "gold/ungranted/", {"a": "string"})
    return team


@pytest.fixture(scope="module")
def neighbour(exchange, team):
    return Asker(exchange, team, NEIGHBOUR, "F002")


@pytest.fixture(scope="module")
def hostile(exchange, team, neighbour):
    asker = Asker(exchange, team, HOSTILE, "F001")
    asker.athena.rows("CREATE DATABASE own")
    return asker


@pytest.fixture(scope="module")
def listener():
    """A port at which nobody ever calls."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def places(exchange, lake, canary, listener):
    return {
        "canary": canary, "lake": lake.directory, "data": exchange.data,
        "own": f"athena-results-{HOSTILE}", "port": listener.getsockname()[1]}


@pytest.fixture(autouse=True)
def undisturbed(exchange, hostile, neighbour, lake, canary, listener):
    """Each test leaves all as it was, and the exchange at work."""
    before = contents(exchange, lake, canary)
    yield
    hostile.asks()
    neighbour.asks()
    assert contents(exchange, lake, canary) == before
    # A worker that lives has its own place to spill to.
    assert [path for path in hostile.staging.iterdir() if not path.name.startswith(".spill-")] == []
    with pytest.raises(BlockingIOError):
        listener.accept()


def contents(exchange, lake, canary):
    """Names, sizes, times and hashes; and what statements would make where the exchange was started."""
    found = {path: None for path in pathlib.Path.cwd().glob("new*")}
    for directory in lake.directory, canary, exchange.data, exchange.home / "provider":
        for path in directory.rglob("*"):
            if directory == exchange.data and path.relative_to(directory).parts[0].startswith(CHANGING):
                continue
            status = path.stat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
            found[path] = (status.st_size, status.st_mtime_ns, status.st_mode, content)
    return found


def fail(hostile, neighbour, statements, begins):
    """Each of them ends, with one of the reasons, while the neighbour is answered."""
    for start in range(0, len(statements), BATCH_MAX):
        batch = statements[start:start + BATCH_MAX]
        ids = [hostile.athena.start(sql) for sql in batch]
        neighbour.asks()
        for sql, execution in zip(batch, hostile.athena.wait_for_all(ids)):
            check(sql, execution["Status"], begins, hostile.exchange)


def fails(hostile, neighbour, sql, begins):
    """It ends, with one of the reasons, and up to then the neighbour is answered."""
    id = hostile.athena.start(sql)
    while hostile.athena.state(id) not in FINAL:
        neighbour.asks()
    status = hostile.athena.execution(id)["Status"]
    check(sql, status, begins, hostile.exchange)
    return status["StateChangeReason"]


def check(sql, status, begins, exchange):
    assert status["State"] == "FAILED", (sql[:200], status)
    reason = status["StateChangeReason"]
    assert reason.startswith(tuple(f"{begin}: " for begin in begins)), (sql[:200], reason)
    # Nothing that its asker did not know, or write.
    secrets = [*SECRETS, str(exchange.home), "staging", ".parquet"]
    assert not any(one in reason and one not in sql for one in secrets), (sql[:200], reason)


# Stack and parser


@pytest.mark.parametrize("sql", DEEP.values(), ids=DEEP)
def test_what_is_nested_too_deeply_is_refused(hostile, neighbour, sql):
    fails(hostile, neighbour, sql, TOO_DEEP)


@pytest.mark.parametrize("sql,expected", DEEP_ANSWERS.values(), ids=DEEP_ANSWERS)
def test_what_only_looks_so_is_answered(hostile, sql, expected):
    assert hostile.athena.rows(sql) == expected


def test_a_parser_that_finds_no_end_is_stopped(hostile, neighbour):
    """By the limit for parsing, which is shorter than that for running."""
    fails(hostile, neighbour, "SELECT /*" + "/*" * 120_000 + " 1", ["EXCEEDED_TIME_LIMIT"])


# Memory


@pytest.mark.parametrize("sql", MEMORY.values(), ids=MEMORY)
def test_what_wants_too_much_memory_fails(hostile, neighbour, sql):
    fails(hostile, neighbour, sql, OUT_OF_MEMORY)


def test_what_failed_for_want_of_memory_holds_none(hostile, neighbour):
    """What could be answered before it can be answered after it."""
    assert hostile.athena.rows(HALF_OF_MEMORY) == [["40000000"]]
    for _ in range(4):
        fails(hostile, neighbour, MEMORY["a list that doubles"], OUT_OF_MEMORY)
        fails(hostile, neighbour, MEMORY["text of all"], OUT_OF_MEMORY)
    assert hostile.athena.rows(HALF_OF_MEMORY) == [["40000000"]]


# Time and disk


@pytest.fixture
def run(hostile):
    """Starts a statement that runs until it is stopped, which it is after the test at the latest."""
    started = []

    def start(sql):
        started.append(hostile.athena.start(sql))
        hostile.athena.wait(started[-1], {"RUNNING"})
        return started[-1]

    yield start
    for id in started:
        hostile.athena.client.stop_query_execution(QueryExecutionId=id)
        hostile.athena.wait(id)


def stop(hostile, id):
    hostile.athena.client.stop_query_execution(QueryExecutionId=id)
    execution = hostile.athena.wait(id, seconds=PROMPT_SECONDS_MAX)
    assert execution["Status"]["State"] == "CANCELLED", execution


@pytest.mark.parametrize("sql", ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_stopped(hostile, neighbour, run, sql):
    id = run(sql)
    neighbour.asks()
    assert hostile.athena.state(id) == "RUNNING", hostile.athena.execution(id)
    stop(hostile, id)


@pytest.mark.parametrize("sql", SPILLS.values(), ids=SPILLS)
def test_what_was_spilled_goes_with_the_question(hostile, neighbour, run, sql):
    id = run(sql)
    deadline = time.monotonic() + SPILL_SECONDS_MAX
    while not hostile.spilled_bytes:
        neighbour.asks()
        assert time.monotonic() < deadline and hostile.athena.state(id) == "RUNNING"
    stop(hostile, id)
    assert not hostile.spilled_bytes


# Files and the network


@pytest.mark.parametrize("kind", ["txt", "csv", "json", "parquet", "db"])
def test_no_file_is_read_by_its_name(hostile, neighbour, places, kind):
    file = places["canary"] / f"canary.{kind}"
    names = [name.format(file=file, **places) for name in FILE_NAMES]
    calls = [f"{reader}({argument})" for reader in READERS for argument in (f"'{file}'", f"['{file}']")]
    fail(hostile, neighbour, [f"SELECT * FROM {source}" for source in names + calls], NOT_THERE)


def test_nothing_but_the_catalogues_tables_has_a_name(hostile, neighbour, places):
    names = [name.format(**places) for name in OTHER_NAMES]
    fail(hostile, neighbour, [f"SELECT * FROM {name}" for name in names], NOT_THERE)


def test_a_function_that_is_not_on_the_list_has_no_place(hostile, neighbour):
    statements = [place.format("current_setting('threads')") for place in PLACES]
    fail(hostile, neighbour, statements, ["FUNCTION_NOT_FOUND"])


def test_nor_a_name_under_which_it_is_found(hostile, neighbour):
    fail(hostile, neighbour, [f"SELECT {call}" for call in CALLS], ["FUNCTION_NOT_FOUND"])


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Those of the engine that the exchange was built with: kind → names."""
    listed = tmp_path_factory.mktemp("functions") / "functions.csv"
    Engine().run(
        "COPY (SELECT DISTINCT function_type, lower(function_name) FROM duckdb_functions()) "
        f"TO '{listed}' (FORMAT csv, HEADER false)")
    functions = {}
    for kind, name in csv.reader(listed.open()):
        functions.setdefault(kind, set()).add(name)
    return functions


@pytest.fixture(scope="module")
def allowed():
    """What stands on the exchange's list."""
    source = ROOT / "Sources/EmbeddedCloud/Query/AllowedFunctions.swift"
    return set(" ".join(re.findall(r'"([^"]*)"', source.read_text())).split())


def test_every_function_that_is_not_on_the_list_is_refused(hostile, neighbour, functions, allowed):
    names = functions["scalar"] | functions["aggregate"] | functions["macro"]
    others = sorted(names - allowed)
    assert len(names) > 700 and {"current_setting", "nextval", "stats"} < set(others)
    statements = ['SELECT "{}"(1)'.format(name.replace('"', '""')) for name in others]
    fail(hostile, neighbour, statements, ["FUNCTION_NOT_FOUND: line 1:8"])


def test_every_function_of_tables_but_three_is_refused(hostile, neighbour, functions, canary):
    names = functions["table"] | functions["table_macro"] | functions["pragma"]
    assert {"read_parquet", "read_text", "query", "duckdb_settings"} < names
    statements = [
        f'SELECT * FROM "{name}"({argument})' for name in sorted(names - TABLE_FUNCTIONS)
        for argument in ("", f"'{canary}/canary.csv'")]
    fail(hostile, neighbour, statements, ["FUNCTION_NOT_FOUND: line 1:15"])


def test_nothing_on_the_list_reaches_out(functions, allowed):
    """By what the functions are called, of those that this engine has."""
    known = {name for names in functions.values() for name in names} & allowed
    assert len(known) > 400
    assert {name for name in known if FORBIDDEN.search(name)} <= HARMLESS


def test_nothing_but_a_question_is_begun(hostile, neighbour, places):
    fail(hostile, neighbour, [sql.format(**places) for sql in STATEMENTS], NOT_A_QUESTION)


@pytest.mark.parametrize("sql", WRITES)
def test_nothing_is_written_where_the_asker_may_not(hostile, neighbour, places, sql):
    try:
        id = hostile.athena.start(sql.format(**places))
    except hostile.athena.client.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
    else:
        assert hostile.athena.wait(id)["Status"]["State"] == "FAILED"
    neighbour.asks()


@pytest.mark.parametrize("sql", OWN_WRITES)
def test_what_is_written_stays_where_it_was_to_go(hostile, places, sql):
    """Names of folders come from values and columns; they are refused, or lead nowhere."""
    hostile.athena.ask(sql.format(**places))
    listed = hostile.athena.s3.list_objects_v2(Bucket=places["own"])["Contents"]
    keys = [one["Key"] for one in listed if one["Key"].endswith(".parquet")]
    assert all(key.startswith("kept/") for key in keys), keys


# The engine itself


@pytest.mark.parametrize("sql", CRASHES.values(), ids=CRASHES)
def test_a_crash_is_the_crash_of_one_question(hostile, neighbour, sql):
    for _ in range(3):
        reason = fails(hostile, neighbour, sql, OUT_OF_MEMORY)
        assert "process that ran the query ended" in reason
        hostile.asks()


def test_an_engine_that_stands_still_is_ended(exchange, hostile, neighbour, run):
    id = run("SELECT count(*) FROM range(100000000000) WHERE md5(range::varchar) = 'x'")
    worker, = at_work(exchange)
    os.kill(worker, signal.SIGSTOP)
    neighbour.asks()
    stop(hostile, id)
    assert worker not in exchange.workers


def at_work(exchange):
    """The workers that use the processor."""
    def ticks():
        stats = {worker: pathlib.Path(f"/proc/{worker}/stat").read_text() for worker in exchange.workers}
        return {worker: int(stat.rsplit(")", 1)[1].split()[11]) for worker, stat in stats.items()}

    before, deadline = ticks(), time.monotonic() + PROMPT_SECONDS_MAX
    while time.monotonic() < deadline:
        used = {worker: now - before.get(worker, now) for worker, now in ticks().items()}
        if found := [worker for worker in used if used[worker] > TICKS_AT_WORK]:
            return found
        time.sleep(0.05)
    raise AssertionError("no worker is at work")


def test_after_all_of_it_the_exchange_goes_on(exchange, team):
    assert exchange.is_running
    # One worker each, and no other process.
    assert len(exchange.workers) <= 2
    assert exchange.memory_bytes_max < MEMORY_BYTES_MAX
    assert team.glue.get_table(DatabaseName=DATABASE, Name="nav_history")
    assert exchange.verify().status == 0
