"""Generated questions about generated tables under generated grants: answered as by the plain engine.

The plain engine is DuckDB over what the grants leave of the tables, which `generated.shown` says in a
few lines of SQL. By the environment: BOURSE_SEED, and BOURSE_QUESTIONS, how many each subscriber asks.
"""

import concurrent.futures
import os
import random
import re
import typing

import duckdb
import pytest

import generated
import plain
from athena import BATCH_MAX, Answered, Athena
from lake import LINK, Lake, Provider, link_database
from publication import Publisher
from phrasing import Shown
from questions import WEIGHTS, Question, Questioner

SEED = os.environ.get("BOURSE_SEED", "1")
QUESTIONS = int(os.environ.get("BOURSE_QUESTIONS", 130))
SUBSCRIBERS, VIEWS = 16, 2
# As many run at a time in the exchange.
ASKERS = 4
DIFFERENCES_SHOWN = 5
# Where each table lies, by which columns it is partitioned, and how many rows it may have.
TABLES = [
    ("live/t0/", [], 60), ("pinned/t1/", [], 60), ("live/t2/", ["region"], 60),
    ("pinned/t3/", ["as_of"], 60), ("live/t4/", ["bucket", "region"], 6_000),
    ("pinned/t5/", ["region", "as_of"], 60),
]
NOBODYS = "t6"
# A subscriber's own database.
OWN = "own"
CONSTANT = r"(?<=[=<>] )(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?)(?=[ ),]|$)"


class Subscriber(typing.NamedTuple):
    number: int
    athena: Athena
    grants: dict
    # Tables and views, as it sees them.
    shown: list

    @property
    def unseen(self):
        return [NOBODYS, *(name for name, grants in self.grants.items() if not grants)]


class Case(typing.NamedTuple):
    """A question with both answers."""

    subscriber: Subscriber
    number: int
    question: Question
    # As it was sent: SQL, and what stands for its `?`s.
    sent: tuple
    # A table, or the engine's error; None for a value that Athena has no type for.
    expected: plain.Table | duckdb.Error | None
    # A table, or why it failed.
    answered: plain.Table | str

    @property
    def is_as_expected(self):
        if not isinstance(self.expected, plain.Table) or isinstance(self.answered, str):
            return not isinstance(self.expected, plain.Table) and isinstance(self.answered, str)
        own, theirs = (one.rows_in(self.question.is_ordered) for one in (self.expected, self.answered))
        return self.expected.columns == self.answered.columns and own == theirs

    def __str__(self):
        sql, parameters = self.sent
        grants = "".join(
            f"\n  grants of {name}: {grants}" for name, grants in self.subscriber.grants.items()
            if re.search(rf"\b{name}\b|\b{OWN}\.", sql, re.IGNORECASE))
        return (
            f"BOURSE_SEED={SEED}, subscriber {self.subscriber.number}, question {self.number}:"
            f"\n  {sql}\n  with {parameters}{grants}"
            f"\n  expected: {self.expected!r}\n  answered: {self.answered!r}")


class World:
    """Tables, and subscribers of which each was granted something else of them."""

    def __init__(self, exchange, lake):
        draw = random.Random(f"{SEED} tables")
        self.tables = [
            generated.Table(draw, f"t{number}", *table) for number, table in enumerate(TABLES)]
        self.lake = lake
        self.exchange = exchange
        self.team = Provider(exchange.provider)
        self.engine = duckdb.connect(config={"threads": 1})
        self._describe()
        self._publish(draw)
        self.subscribers = [self._subscriber(number) for number in range(SUBSCRIBERS)]
        for subscriber in self.subscribers:
            self._views(subscriber)

    def _describe(self):
        self.engine.execute("SET TimeZone = 'UTC'; CREATE SCHEMA every")
        for table in self.tables:
            table.write(self.lake)
            self.engine.execute(f"CREATE TABLE every.{table.name} AS {table.sql}")
        self.team.link(self.lake)
        self.team.govern()
        for table in self.tables:
            table.describe(self.team)

    def _publish(self, draw):
        """What is pinned stays as it is now, whatever becomes of its files."""
        publisher = Publisher(self.exchange.provider)
        publisher.publish(publisher.data_set(), prefixes=["pinned/"])
        for table in self.tables:
            if table.location.startswith("pinned/"):
                table.spoil(draw, self.lake)

    def _subscriber(self, number):
        draw = random.Random(f"{SEED} subscriber {number}")
        machine = self.exchange.subscriber(f"{222222222222 + number}")
        link_database(machine)
        self.engine.execute(f"ATTACH ':memory:' AS s{number}; CREATE SCHEMA s{number}.{LINK}")
        grants, shown = {}, []
        for table in self.tables:
            own = grants[table.name] = generated.grants(draw, table)
            for place, grant in enumerate(own):
                grant.make(self.team, machine.account, table, f"{machine.account}-{place}")
            if sql := generated.shown(own, table, f"every.{table.name}"):
                self.engine.execute(f"CREATE TABLE s{number}.{LINK}.{table.name} AS {sql}")
                shown.append(self._as_shown(table, own))
        return Subscriber(number, Athena(machine), grants, shown)

    @staticmethod
    def _as_shown(table, grants):
        granted = {column for grant in grants for column in grant.columns}
        return Shown(
            [table.name, table.name.upper(), f"{LINK}.{table.name}"],
            [(name, generated.KINDS[name].family) for name in table.columns if name in granted],
            [name for name in table.columns if name not in granted], table.rows_max)

    def _views(self, subscriber):
        """Views of the subscriber's own, also of views."""
        draw = random.Random(f"{SEED} views {subscriber.number}")
        engine = self._engine(subscriber)
        engine.execute(f"CREATE SCHEMA {OWN}")
        subscriber.athena.rows(f"CREATE DATABASE {OWN}")
        for place in range(VIEWS):
            sql, columns, rows_max = Questioner(draw, subscriber.shown, []).view()
            for ask in engine.execute, subscriber.athena.rows:
                ask(f"CREATE VIEW {OWN}.v{place} AS {sql}")
            subscriber.shown.append(Shown([f"{OWN}.v{place}"], columns, [], rows_max, is_view=True))

    def _engine(self, subscriber):
        engine = self.engine.cursor()
        engine.execute(f"USE s{subscriber.number}.{LINK}")
        return engine

    def cases(self, subscriber):
        """Each question on its way while the plain engine answers it too."""
        engine, cases = self._engine(subscriber), []
        for first in range(0, QUESTIONS, BATCH_MAX):
            numbers = range(first, min(first + BATCH_MAX, QUESTIONS))
            questions, sent = zip(*(question(subscriber, number) for number in numbers))
            ids = [start(subscriber.athena, *one) for one in sent]
            expected = [asked_plainly(engine, one) for one in questions]
            answered = [answer(subscriber.athena, one) for one in subscriber.athena.wait_for_all(ids)]
            cases += [
                Case(subscriber, *one) for one in zip(numbers, questions, sent, expected, answered)]
        return cases


def question(subscriber, number):
    """A question, and how it is sent."""
    draw = random.Random(f"{SEED} subscriber {subscriber.number} question {number}")
    question = Questioner(draw, subscriber.shown, subscriber.unseen).question()
    sql, parameters = question.sql, []
    if draw.random() < 0.1:
        sql = sql.replace(f"{LINK}.", f"AwsDataCatalog.{LINK}.")
    if draw.random() < 0.15:
        # Constants behind an operator, but none of a type that has a name.
        parameters = re.findall(CONSTANT, sql)
        sql = re.sub(CONSTANT, "?", sql)
    return question, (sql, parameters)


def start(athena, sql, parameters):
    return athena.start(sql, **({"ExecutionParameters": parameters} if parameters else {}))


def asked_plainly(engine, question):
    try:
        return plain.ask(engine, question.sql)
    except duckdb.Error as error:
        return error


def answer(athena, execution):
    answered = Answered(athena, execution)
    if answered.state != "SUCCEEDED":
        return f"{answered.state} {answered.reason}"
    columns = [column if column[1] == "decimal" else column[:2] for column in answered.columns]
    return plain.Table(columns, answered.rows)


@pytest.fixture(scope="module")
def cases(exchange, tmp_path_factory):
    world = World(exchange, Lake(tmp_path_factory.mktemp("lake")))
    with concurrent.futures.ThreadPoolExecutor(ASKERS) as pool:
        return [case for cases in pool.map(world.cases, world.subscribers) for case in cases]


def test_each_answer_is_the_plain_engines(cases):
    different = [case for case in cases if not case.is_as_expected]
    shown = "\n".join(map(str, different[:DIFFERENCES_SHOWN]))
    assert not different, f"{len(different)} of {len(cases)} answers differ:\n{shown}"


@pytest.mark.skipif(QUESTIONS < 100, reason="so few questions reach not all of it")
def test_the_questions_ask_for_something(cases):
    """Most of them for rows that there are, in each kind of question, and some fail."""
    found = [case for case in cases if isinstance(case.expected, plain.Table) and case.expected.rows]
    assert len(found) > len(cases) / 2
    assert {case.question.kind for case in found} == set(WEIGHTS)
    fragile = [case for case in cases if case.question.kind == "fragile"]
    assert 0.1 < sum(isinstance(case.answered, str) for case in fragile) / len(fragile) < 0.9
    assert any(case.sent[1] for case in found) and any(f"{OWN}." in case.sent[0] for case in found)
    grants = [one for case in found for grants in case.subscriber.grants.values() for one in grants]
    assert {grant.how for grant in grants} == {
        "table", "columns", "columns without", "filter", "filter without"}
