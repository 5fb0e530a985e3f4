"""Which comparisons of a statement's are made where a table is read, beside its row filter.

Those alone that cannot fail, and so cannot tell of hidden rows: a bare column, compared with a constant
that fits its type exactly. EXPLAIN names them. All else waits above until the filter has been asked.
"""

import pytest

from athena import Athena
from lake import Lake, Provider, link_database

SUBSCRIBER = "222222222222"
COLUMNS = {
    "fund_id": "string", "name": "string", "masked": "string", "flag": "boolean", "tiny": "tinyint",
    "small": "smallint", "whole": "int", "big": "bigint", "single": "float", "ratio": "double",
    "price": "decimal(18,4)", "day": "date", "moment": "timestamp", "bytes": "binary",
    "tags": "array<string>", "record": "struct<a:int>", "hidden": "string"}
ROWS = """
    SELECT 'F00' || i AS fund_id, 'n' || i AS name, 'm' || i AS masked, i > 1 AS flag,
        i::TINYINT AS tiny, i::SMALLINT AS small, i::INTEGER AS whole, i AS big, i::FLOAT AS single,
        i::DOUBLE AS ratio, i::DECIMAL(18,4) AS price, DATE '2024-01-01' + i::INTEGER AS day,
        TIMESTAMP '2024-01-01' AS moment, 'x'::BLOB AS bytes, ['a'] AS tags,
        {'a': i::INTEGER} AS record, 'h' AS hidden
    FROM range(5) AS numbers(i)
"""


@pytest.fixture(scope="module")
def athena(exchange, subscriber, tmp_path_factory):
    """Of the funds F001 and F002 all but `hidden`; `masked` of F001 alone."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.write_parquet("gold/t/t.parquet", ROWS)
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.create_table("t", "gold/t/", COLUMNS)
    team.create_table("u", "gold/t/", COLUMNS)
    for table in "t", "u":
        team.grant_rows(SUBSCRIBER, table, "fund_id = 'F001'", name="all", without=["hidden"])
        team.grant_rows(SUBSCRIBER, table, "fund_id = 'F002'", name="some", without=["hidden", "masked"])
    link_database(subscriber)
    return Athena(subscriber)


def filters(athena, sql):
    lines = [line for line, in athena.rows(f"EXPLAIN {sql}")]
    return [line.split("filter: ")[1] for line in lines if "filter: " in line]


def try_cast(column, type):
    return f'TRY_CAST("{column}" AS {type})'


NAME, WHOLE, DAY = try_cast("name", "VARCHAR"), try_cast("whole", "INTEGER"), try_cast("day", "DATE")


@pytest.mark.parametrize("condition,expected", [
    ("name = 'x'", [f"{NAME} = 'x'"]), ("'x' <= name", [f"{NAME} >= 'x'"]),
    ("name = 'it''s'", [f"{NAME} = 'it''s'"]), ("t.name <> ''", [f"{NAME} <> ''"]),
    ("external_nomura_data.t.name > 'x'", [f"{NAME} > 'x'"]), ("NAME < 'x'", [f"{NAME} < 'x'"]),
    ("name IN ('x', 'y')", [f"{NAME} IN ('x', 'y')"]), ("name IS NULL", [f"{NAME} IS NULL"]),
    ("name BETWEEN 'x' AND 'y'", [f"{NAME} BETWEEN 'x' AND 'y'"]),
    ("bytes IS NOT NULL", [f"{try_cast('bytes', 'BLOB')} IS NOT NULL"]),
    ("tiny = 127", [f"{try_cast('tiny', 'TINYINT')} = CAST(127 AS TINYINT)"]),
    ("small >= 32767", [f"{try_cast('small', 'SMALLINT')} >= CAST(32767 AS SMALLINT)"]),
    ("whole IN (1, 2)", [f"{WHOLE} IN (CAST(1 AS INTEGER), CAST(2 AS INTEGER))"]),
    ("big = 9223372036854775807",
     [f"{try_cast('big', 'BIGINT')} = CAST(9223372036854775807 AS BIGINT)"]),
    ("day = DATE '2024-02-29'", [f"{DAY} = DATE '2024-02-29'"]),
    ("day > '2024-02-29'", [f"{DAY} > DATE '2024-02-29'"]),
    # The parser turns it round.
    ("NOT (name = 'x')", [f"{NAME} <> 'x'"]),
    ("name = 'x' AND lower(name) = 'x' AND (whole > 1 AND day IS NULL)",
     [f"{NAME} = 'x'", f"{WHOLE} > CAST(1 AS INTEGER)", f"{DAY} IS NULL"]),
], ids=str)
def test_what_cannot_fail_is_made_there(athena, condition, expected):
    assert filters(athena, f"SELECT count(*) FROM t WHERE {condition}") == expected


@pytest.mark.parametrize("condition", [
    # A constant of another type, or one that its type does not hold: one of the two would be cast.
    "name = 5", "name = 5.5", "name IN ('x', 5)", "name = DATE '2024-01-01'", "name BETWEEN 'x' AND 5",
    "name = true", "whole = '5'", "whole = 5.0", "whole = 5e0", "whole IN (1, 2.5)", "whole = NULL",
    "whole IN (1, NULL)", "tiny = 128", "small = 32768", "whole = 2147483648",
    "big = 9223372036854775808", "whole BETWEEN 1 AND 99999999999",
    "day = TIMESTAMP '2024-01-01 00:00:00'",
    "day = '2024-02-30'", "day = '2024-1-1'", "day = 'today'", "day IN (DATE '2024-01-01', 'x')",
    "moment = DATE '2024-01-01'", "flag = 1", "flag = 'true'",
    # Types that are not compared exactly.
    "single = 1", "ratio = 1.5", "price = 1.5", "price = 1", "moment = TIMESTAMP '2024-01-01 00:00:00'",
    "moment > '2024-01-01'", "bytes = 'x'::BLOB", "tags = ['a']", "record = {'a': 1}",
    # No bare column, or no constant.
    "lower(name) = 'x'", "name || '' = 'x'", "whole + 0 = 1", "-whole = 1", "CAST(name AS integer) = 1",
    "TRY_CAST(name AS integer) = 1", "name = lower('X')", "name = 'a' || 'b'", "whole = 1 + 1",
    "name = fund_id", "whole = big", "whole = (SELECT 1)", "whole IN (SELECT 1)", "record.a = 1",
    "tags[1] = 'a'", "coalesce(name, 'x') = 'x'", "CASE WHEN whole = 1 THEN true END",
    "day = current_date", "whole = CAST('1' AS INTEGER)", "day = CAST(name AS DATE)", "1 = 1",
    "error(name) = 'x'",
    # Another comparison, or one that is not joined by AND.
    "name LIKE 'x%'", "name ILIKE 'x'", "name SIMILAR TO 'x'", "name ~ 'x'", "name IS DISTINCT FROM 'x'",
    "NOT (name = 'x' AND whole = 1)", "NOT name IN ('x')", "name NOT IN ('x')",
    "name NOT BETWEEN 'x' AND 'y'",
    "name = 'x' OR whole = 1", "(name = 'x') = true", "(name = 'x') IS NULL", "(name, whole) = ('x', 1)",
    "name = ANY (SELECT 'x')", "name COLLATE nocase = 'x'", "whole = 1 IS TRUE", "flag",
    # A column that is masked in some rows, or that is not there.
    "masked = 'x'", "masked IS NULL",
])
def test_all_else_waits(athena, condition):
    assert filters(athena, f"SELECT count(*) FROM t WHERE {condition}") == []


def test_a_column_that_is_not_granted_is_in_no_plan(athena):
    assert filters(athena, "SELECT count(*) FROM t WHERE hidden = 'h'") == []
    assert "COLUMN_NOT_FOUND" in athena.reason("SELECT count(*) FROM t WHERE hidden = 'h'")


@pytest.mark.parametrize("sql,count", [
    ("SELECT * FROM (SELECT * FROM t) AS s WHERE name = 'x'", 0),
    ("WITH s AS (SELECT * FROM t) SELECT * FROM s WHERE name = 'x'", 0),
    ("WITH s AS (SELECT * FROM t WHERE name = 'x') SELECT * FROM s", 1),
    ("WITH t AS (SELECT * FROM u) SELECT * FROM t WHERE name = 'x'", 0),
    ("SELECT * FROM t JOIN u ON t.name = u.name WHERE t.name = 'x'", 0),
    ("SELECT * FROM t, u WHERE t.name = 'x' AND u.whole = 1", 0),
    ("SELECT * FROM t LEFT JOIN u ON u.name = 'x'", 0),
    ("SELECT * FROM t AS a WHERE a.name = 'x'", 1), ("SELECT * FROM t AS a WHERE t.name = 'x'", 0),
    ("SELECT * FROM t AS a(name, fund_id) WHERE name = 'x'", 0),
    ("SELECT * FROM t TABLESAMPLE 50% WHERE name = 'x'", 0),
    ("SELECT * FROM t WHERE name = 'x' USING SAMPLE 2 ROWS", 0),
    ("SELECT count(*) FROM t GROUP BY name HAVING name = 'x'", 0),
    ("SELECT name, row_number() OVER () AS n FROM t QUALIFY name = 'x'", 0),
    ("SELECT count(*) FILTER (WHERE name = 'x') FROM t", 0),
    ("SELECT lower(name) AS name FROM t WHERE name = 'x'", 1),
    ("SELECT name FROM t WHERE name = 'x' UNION SELECT name FROM u WHERE whole = 1", 2),
    ("SELECT * FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.name = u.name AND whole = 1)", 1),
    ("SELECT * FROM u WHERE EXISTS (SELECT 1 FROM t WHERE u.whole = 1)", 0),
    ("SELECT * FROM u, LATERAL (SELECT * FROM t WHERE t.whole = 1 AND u.whole = 2) AS l", 1),
    ("SELECT (SELECT max(name) FROM t WHERE whole = 1) FROM u WHERE name = 'x'", 2),
])
def test_of_the_table_that_is_asked_alone(athena, sql, count):
    assert len(filters(athena, sql)) == count
