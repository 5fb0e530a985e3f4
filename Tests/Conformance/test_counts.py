"""What a published table's manifest knows is answered without its files: rows, partitions, extremes.

Each answer is compared with the plain engine's over the same files. Bytes scanned tell who answered.
"""

import datetime

import duckdb
import pytest

from athena import Athena
from lake import LINK, Lake, Provider, link_database
from publication import Publisher

WHOLE, PART, COLUMNS = "222222222222", "333333333333", "444444444444"
FOLDER = "gold/prices/"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Two partition columns, one of them with a NULL; empty files, files without a column, NULLs."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for day in range(1, 6):
        for number, venue in enumerate(["XLON", "it''s", "__HIVE_DEFAULT_PARTITION__"]):
            folder = f"{FOLDER}as_of=2024-01-0{day}/venue={venue.replace(chr(39) * 2, '%27')}/"
            rows = (day * 7 + number * 3) % 11
            lake.write_parquet(
                f"{folder}a.parquet",
                f"SELECT i AS id, DATE '2020-02-{day:02}' + i::INTEGER AS seen, "
                f"TIMESTAMP '2020-01-01' + to_hours(i * {day}) AS moment, i / 8 AS ratio, "
                f"'n' || i AS name FROM range({rows}) AS numbers(i)")
            lake.write_parquet(
                f"{folder}b.parquet",
                f"SELECT -i AS id, DATE '2019-12-31' AS seen, NULL::TIMESTAMP AS moment, 0.5 AS ratio, "
                f"'m' AS name FROM range({day}) AS numbers(i)")
            lake.put(f"{folder}_SUCCESS", b"")
    return lake


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.create_table(
        "prices", FOLDER,
        {"id": "bigint", "seen": "date", "moment": "timestamp", "ratio": "double", "name": "string"},
        {"as_of": "date", "venue": "string"})
    publisher = Publisher(exchange.provider)
    publisher.publish(publisher.data_set("Prices"), prefixes=[FOLDER])
    return team


@pytest.fixture(scope="module")
def plain(lake):
    plain = duckdb.connect()
    plain.execute("SET TimeZone = 'UTC'")
    plain.execute(
        f"CREATE TABLE prices AS SELECT * FROM read_parquet('{lake.directory}/{FOLDER}**/*.parquet', "
        "hive_types = {as_of: DATE, venue: VARCHAR})")
    return plain


def subscriber(exchange, account):
    machine = exchange.subscriber(account)
    link_database(machine)
    return Athena(machine)


@pytest.fixture(scope="module")
def athena(exchange, team):
    team.grant_table(WHOLE, "prices")
    return subscriber(exchange, WHOLE)


def answer(athena, sql):
    """Rows in any order, and bytes scanned."""
    execution = athena.wait(athena.start(sql))
    assert execution["Status"]["State"] == "SUCCEEDED", (sql, execution["Status"])
    rows = athena.client.get_query_results(
        QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]["Rows"][1:]
    values = [tuple(value.get("VarCharValue") for value in row["Data"]) for row in rows]
    return sorted(values, key=str), execution["Statistics"]["DataScannedInBytes"]


def expected(plain, sql):
    def text(value):
        if isinstance(value, datetime.datetime):
            return f"{value}.000"
        return None if value is None else str(value)

    rows = plain.execute(sql).fetchall()
    return sorted((tuple(text(value) for value in row) for row in rows), key=str)


IN_THE_MANIFEST = [
    "SELECT count(*) FROM prices",
    "SELECT CASE WHEN count(*) > 5 THEN 'many' END, count(*) AS n FROM prices",
    "SELECT DISTINCT as_of FROM prices",
    "SELECT DISTINCT venue FROM prices",
    "SELECT venue, count(*) FROM prices GROUP BY venue",
    "SELECT p.as_of, p.venue, count(*) FROM prices AS p GROUP BY p.as_of, p.venue",
    f"SELECT {LINK}.prices.venue, count(*) FROM {LINK}.prices GROUP BY 1",
    "SELECT as_of, count(*) FROM prices GROUP BY as_of HAVING count(*) > 20 ORDER BY count(*) DESC",
    "SELECT count(*) FROM prices WHERE as_of = DATE '2024-01-03'",
    "SELECT count(*) FROM prices WHERE as_of BETWEEN DATE '2024-01-02' AND DATE '2024-01-03'",
    "SELECT count(*) FROM prices WHERE as_of > DATE '2024-01-02' AND venue = 'XLON'",
    "SELECT count(*) FROM prices WHERE venue IS NULL",
    "SELECT count(*) FROM prices WHERE venue IN ('XLON', 'it''s') OR as_of = DATE '2024-01-05'",
    "SELECT count(*) FROM prices WHERE as_of = DATE '1999-01-01'",
    "SELECT venue, count(*) FROM prices WHERE as_of = DATE '1999-01-01' GROUP BY venue",
    "SELECT count(*) FILTER (WHERE venue = 'XLON'), count(*) FROM prices",
    "SELECT min(as_of), max(as_of), min(venue), max(venue) FROM prices",
    "SELECT min(id), max(id) FROM prices",
    "SELECT venue, min(seen), max(seen), count(*) FROM prices GROUP BY venue",
    "SELECT as_of, min(id), count(*), max(id) FROM prices GROUP BY as_of",
    "SELECT max(id) FROM prices WHERE venue = 'XLON' AND as_of <> DATE '2024-01-01'",
    "SELECT venue, as_of, count(*) FROM prices GROUP BY ROLLUP (venue, as_of)",
    "SELECT * FROM (SELECT as_of, count(*) AS n FROM prices GROUP BY as_of) WHERE n > 12",
    "WITH days AS (SELECT DISTINCT as_of FROM prices) SELECT count(*), min(as_of) FROM days",
    "SELECT (SELECT count(*) FROM prices) - (SELECT count(*) FROM prices WHERE venue = 'XLON')",
    "SELECT count(*) FROM prices UNION ALL SELECT count(*) FROM prices WHERE venue = 'XLON'",
    "SELECT CASE WHEN venue = 'XLON' THEN 'London' END, count(*) FROM prices GROUP BY 1",
    "SELECT venue FROM prices GROUP BY venue ORDER BY max(id)",
]
IN_THE_FILES = [
    "SELECT count(id) FROM prices",
    "SELECT count(*), sum(id) FROM prices",
    "SELECT count(*) FROM prices WHERE id > 3",
    "SELECT max(id), max(id + 1) FROM prices",
    "SELECT min(name), max(name) FROM prices",
    "SELECT min(ratio) FROM prices",
    # Files of which the footers tell no bounds, since all is NULL.
    "SELECT min(moment), max(moment) FROM prices",
    "SELECT count(DISTINCT venue) FROM prices",
    "SELECT count(venue) FROM prices",
    "SELECT sum(1) FROM prices",
    "SELECT venue FROM prices",
    "SELECT as_of, row_number() OVER (ORDER BY as_of) FROM prices",
    "SELECT count(*) FROM prices AS p JOIN prices AS q ON p.as_of = q.as_of",
    "SELECT count(*) FROM prices WHERE EXISTS (SELECT 1 FROM prices AS q WHERE q.id = prices.id)",
    "SELECT count(*) FROM prices AS prices(a, b, c, d, e, venue)",
    "SELECT count(prices) FROM prices",
    "SELECT array_agg(venue ORDER BY venue) FROM prices",
    "SELECT max(id, 2) FROM prices",
]


@pytest.mark.parametrize("sql", IN_THE_MANIFEST)
def test_what_the_manifest_answers(athena, plain, sql):
    rows, scanned = answer(athena, sql)
    assert rows == expected(plain, sql.replace(f"{LINK}.", ""))
    assert scanned == 0


@pytest.mark.parametrize("sql", IN_THE_FILES)
def test_what_the_files_answer(athena, plain, sql):
    rows, scanned = answer(athena, sql)
    if "array_agg" not in sql and "max(id, 2)" not in sql:
        assert rows == expected(plain, sql)
    assert scanned > 0


def test_where_rows_are_hidden_the_files_are_read(exchange, team, athena, plain):
    team.grant_rows(PART, "prices", "venue = 'XLON'")
    part = subscriber(exchange, PART)
    for sql in "SELECT count(*) FROM prices", "SELECT DISTINCT venue FROM prices", (
            "SELECT min(as_of), max(id) FROM prices"):
        rows, scanned = answer(part, sql)
        assert rows == expected(plain, sql + " WHERE venue = 'XLON'")
        assert scanned > 0


def test_columns_that_were_not_granted_are_not_there(exchange, team, plain):
    team.grant(COLUMNS, "SELECT", {"TableWithColumns": {
        "DatabaseName": "nomura_data_products", "Name": "prices", "ColumnNames": ["name", "venue"]}})
    some = subscriber(exchange, COLUMNS)
    rows, scanned = answer(some, "SELECT venue, count(*) FROM prices GROUP BY venue")
    assert rows == expected(plain, "SELECT venue, count(*) FROM prices GROUP BY venue")
    assert scanned == 0
    for column in "id", "as_of":
        assert "COLUMN_NOT_FOUND" in some.reason(f"SELECT max({column}) FROM prices")


def test_a_table_that_lies_as_it_is_has_no_manifest(exchange, team, lake, plain):
    owner = Athena(exchange.provider, database="nomura_data_products")
    rows, scanned = answer(owner, "SELECT count(*) FROM prices")
    assert rows == expected(plain, "SELECT count(*) FROM prices") and scanned > 0
    lake.write_parquet(f"{FOLDER}as_of=2024-01-01/venue=XLON/c.parquet", "SELECT 1::BIGINT AS id")
    more, _ = answer(owner, "SELECT count(*) FROM prices")
    assert int(more[0][0]) == int(rows[0][0]) + 1
