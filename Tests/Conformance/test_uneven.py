"""Files that lack a column of their table: it is NULL there, whatever else has its name."""

import duckdb
import pytest

import plain
from athena import Athena
from lake import LINK, Lake, Provider, link_database
from publication import Publisher

WHOLE, ROWS, CELLS = "222222222222", "333333333333", "444444444444"
COLUMNS = {"k": "bigint", "s": "string", "fund_id": "string"}
FULL = "SELECT i AS k, 's' || i AS s, 'F' || i % 2 AS fund_id FROM range(4) AS numbers(i)"
OLDER = "SELECT 's' || i AS s, i AS k FROM range(4, 8) AS numbers(i)"
# Tables by their files, in the order in which they are read.
TABLES = {"first": [OLDER, FULL], "last": [FULL, OLDER], "never": [OLDER]}
PLACES = ["live", "pinned"]
# What each of the subscribers sees of a table.
SHOWN = {
    WHOLE: "SELECT k, s, fund_id FROM {}",
    ROWS: "SELECT k, s, fund_id FROM {} WHERE fund_id = 'F1'",
    CELLS: "SELECT k, CASE WHEN fund_id = 'F1' THEN s END AS s FROM {} WHERE k > 0 OR fund_id = 'F1'",
}
QUESTIONS = [
    "SELECT * FROM {}", "SELECT count(*) FROM {}", "SELECT k FROM {} WHERE s >= 's3'",
    "SELECT count(*), count(s), max(s) FROM {}", "SELECT a.k, b.s FROM {} a JOIN {} b ON a.k = b.k + 1",
]
# Around the table stands a column that is called as the one that is lacking, and would pass the filter.
OUTER = [
    "SELECT * FROM (SELECT 'F1' AS fund_id) AS o, {} AS t",
    "SELECT * FROM (SELECT 'F1' AS fund_id) AS o JOIN {} AS t ON true",
    "SELECT * FROM (VALUES ('F1')) AS o(fund_id), LATERAL (SELECT * FROM {}) AS t",
    "SELECT (SELECT count(*) FROM {}) FROM (SELECT 'F1' AS fund_id) AS o",
    "SELECT (SELECT max(s) FROM {}) FROM (SELECT 'F1' AS fund_id) AS o",
    "SELECT fund_id FROM (SELECT 'F1' AS fund_id) AS o WHERE EXISTS (SELECT * FROM {})",
    "SELECT fund_id FROM (SELECT 'F1' AS fund_id) AS o WHERE 's5' IN (SELECT s FROM {})",
    "WITH fund AS (SELECT 'F1' AS fund_id) SELECT * FROM fund, {}",
    "SELECT (SELECT list(s ORDER BY s) FROM {} WHERE k < 9) FROM (SELECT 'F1' AS fund_id) AS o",
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for place in PLACES:
        for table, files in TABLES.items():
            for number, rows in enumerate(files):
                lake.write_parquet(f"{place}/{table}/{number}.parquet", rows)
    return lake


@pytest.fixture(scope="module")
def askers(exchange, lake):
    """By account, the subscriber beside the plain engine over what it sees."""
    team, publisher = Provider(exchange.provider), Publisher(exchange.provider)
    team.link(lake)
    team.govern()
    publisher.publish(publisher.data_set(), prefixes=["pinned/"])
    for place in PLACES:
        for table in TABLES:
            name = f"{place}_{table}"
            team.create_table(name, f"{place}/{table}/", COLUMNS)
            team.grant_table(WHOLE, name)
            team.grant_rows(ROWS, name, "fund_id = 'F1'", name="fund")
            team.grant_rows(CELLS, name, "k > 0", name="numbers", columns=["k"])
            team.grant_rows(CELLS, name, "fund_id = 'F1'", name="text", columns=["k", "s"])
    return {account: (asker(exchange, account), engine(account)) for account in SHOWN}


def asker(exchange, account):
    machine = exchange.subscriber(account)
    link_database(machine)
    return Athena(machine)


def engine(account):
    engine = duckdb.connect()
    engine.execute(f"CREATE SCHEMA {LINK}; USE {LINK}")
    for table, files in TABLES.items():
        every = " UNION ALL BY NAME ".join([*files, "SELECT NULL::VARCHAR AS fund_id WHERE false"])
        for place in PLACES:
            engine.execute(f"CREATE TABLE {place}_{table} AS {SHOWN[account].format(f'({every})')}")
    return engine


@pytest.mark.parametrize("sql", QUESTIONS + OUTER)
@pytest.mark.parametrize("account", SHOWN, ids=["whole", "rows", "cells"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("table", TABLES)
def test_it_is_null_there(askers, table, place, account, sql):
    athena, engine = askers[account]
    sql = sql.replace("{}", f"{place}_{table}")
    answer = athena.ask(sql)
    assert answer.state == "SUCCEEDED", answer.reason
    expected = plain.ask(engine, sql)
    assert plain.Table(expected.columns, answer.rows).rows_in(None) == expected.rows_in(None)
