"""Files of one table with other columns, or the same ones in other types."""

import itertools

import pytest

from world import World

NUMBERS = itertools.count(1)

COLUMNS = {
    "fund_id": "string", "whole": "bigint", "ratio": "double", "amount": "decimal(18,4)",
    "record": "struct<a:int,b:string>", "late": "string"}
# By their names, which are the days.
FILES = {
    "2024-01-01": (
        "SELECT 'F001' AS fund_id, 1::INTEGER AS whole, 0.5::FLOAT AS ratio, "
        "1.25::DECIMAL(9,2) AS amount, {'a': 1, 'b': 'x'} AS record"),
    "2024-01-02": (
        "SELECT 'x' AS late, 2.5::DECIMAL(18,4) AS amount, 0.25::DOUBLE AS RATIO, 2::BIGINT AS whole, "
        "'F001' AS fund_id, 7 AS unknown, {'a': 2, 'b': 'y'} AS record"),
    "2024-01-03": (
        "SELECT 'F001' AS fund_id, '3' AS whole, 3::BIGINT AS ratio, 3.0::DOUBLE AS amount, "
        "{'b': 'z'} AS record, 'y' AS late"),
    "2024-01-04": "SELECT 'F001' AS fund_id, 4.0::DOUBLE AS whole",
}
ROWS = [
    ["2024-01-01", "F001", "1", "0.5", "1.2500", "{a=1, b=x}", None],
    ["2024-01-02", "F001", "2", "0.25", "2.5000", "{a=2, b=y}", "x"],
    ["2024-01-03", "F001", "3", "3.0", "3.0000", "{a=null, b=z}", "y"],
    ["2024-01-04", "F001", "4", None, None, None, None]]
QUESTION = "SELECT as_of, fund_id, whole, ratio, amount, record, late FROM {} ORDER BY as_of"
HIDDEN = ", ".join(f"'SECRET' AS {column}" for column in COLUMNS if column != "fund_id")


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    """Of `evolved` the subscriber sees all, of `hidden` the rows of the fund F001."""
    world = World(exchange, tmp_path_factory.mktemp("lake"))
    for table in "evolved", "hidden":
        for day, select in FILES.items():
            world.lake.write_parquet(f"gold/{table}/as_of={day}/a.parquet", select)
        world.team.create_table(table, f"gold/{table}/", COLUMNS, {"as_of": "string"})
    for day in FILES:
        world.lake.write_parquet(
            f"gold/hidden/as_of={day}/b.parquet", f"SELECT 'F999' AS fund_id, {HIDDEN}")
    world.team.grant_table(world.account, "evolved")
    world.team.grant_rows(world.account, "hidden", "fund_id = 'F001' AND whole > 0")
    return world


def test_a_column_is_what_the_catalogue_says(world):
    assert world.owner.rows(QUESTION.format("evolved")) == ROWS
    assert world.athena.rows(QUESTION.format("evolved")) == ROWS
    assert world.owner.rows("SELECT count(*), sum(whole) FROM evolved WHERE ratio > 0.3") == [["2", "4"]]


def test_hidden_rows_are_not_cast(world):
    assert world.athena.rows(QUESTION.format("hidden")) == ROWS
    for condition in ("whole > 0", "whole + 0 > 0", "fund_id = 'F001'", "amount IS NULL OR amount > 0"):
        assert world.athena.rows(f"SELECT count(*) FROM hidden WHERE {condition}") == [["4"]], condition


def test_in_a_published_revision(world):
    data_set = world.publisher.data_set()
    world.publisher.publish(data_set, prefixes=("gold/evolved/", "gold/hidden/"))
    # Nothing of this is published.
    world.lake.write_parquet("gold/evolved/as_of=2024-01-09/a.parquet", FILES["2024-01-01"])
    world.lake.write_parquet("gold/hidden/as_of=2024-01-09/a.parquet", FILES["2024-01-01"])
    for table in "evolved", "hidden":
        assert world.athena.rows(QUESTION.format(table)) == ROWS


@pytest.mark.parametrize("column,select,shown", [
    ("whole", "SELECT 'SECRET' AS whole", "'SECRET' for field whole: it is no BIGINT"),
    ("whole", "SELECT 1.5 AS whole", "'1.5' for field whole: it is no BIGINT"),
    ("whole", "SELECT {'a': 1} AS whole", "for field whole: it is no BIGINT"),
    ("amount", "SELECT 1e20 AS amount", "for field amount: it is no DECIMAL(18,4)"),
    ("record", "SELECT 'x' AS record", "'x' for field record: it is no STRUCT"),
    ("record", "SELECT {'a': 'x'} AS record", "for field record: it is no STRUCT")])
def test_what_is_none_of_the_type_names_the_object_and_the_column(world, column, select, shown):
    name = f"wrong_{next(NUMBERS)}"
    world.lake.write_parquet(f"gold/{name}/a.parquet", "SELECT 1 AS whole, 2.5::DECIMAL(18,4) AS amount")
    world.lake.write_parquet(f"gold/{name}/b.parquet", select)
    world.team.create_table(name, f"gold/{name}/", COLUMNS)
    reason = world.owner.reason(f"SELECT {column} FROM {name}")
    assert reason.startswith("HIVE_BAD_DATA: ") and shown in reason, reason
    assert reason.endswith(f"(in gold/{name}/b.parquet)"), reason
    assert world.owner.rows(f"SELECT count(fund_id) FROM {name}") == [["0"]]


def test_what_is_no_parquet_names_the_object(world):
    world.lake.write_parquet("gold/torn/a.parquet", FILES["2024-01-01"])
    world.lake.put("gold/torn/b.parquet", b"PAR1 and no more")
    world.team.create_table("torn", "gold/torn/", COLUMNS)
    reason = world.owner.reason("SELECT fund_id FROM torn")
    assert reason.startswith("HIVE_BAD_DATA: ") and reason.endswith("(in gold/torn/b.parquet)"), reason
    world.team.grant_rows(world.account, "torn", "fund_id = 'F001'")
    reason = world.athena.reason("SELECT fund_id FROM torn")
    assert reason.startswith("HIVE_BAD_DATA: ") and "gold/" not in reason, reason


def test_too_many_schemas(world):
    for number in range(101):
        world.lake.write_parquet(
            f"gold/many/{number:03}.parquet", f"SELECT 1::DECIMAL({number % 30 + 9},2) AS c{number // 30}")
    world.team.create_table(
        "many_schemas", "gold/many/", {f"c{number}": "decimal(38,2)" for number in range(4)})
    assert "more than 100 schemas" in world.owner.reason("SELECT 1 FROM many_schemas")
    world.lake.path("gold/many/000.parquet").unlink()
    assert world.owner.rows("SELECT count(*), sum(c3) FROM many_schemas") == [["100", "11.00"]]
