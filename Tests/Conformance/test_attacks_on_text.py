"""The same attacks on tables of CSV and JSON, in which no hidden value is one of its column's type."""

import re

import duckdb
import pytest

from athena import Athena
from lake import BUCKET, DATABASE, LINK, Lake, Provider, link_database
from test_attacks import (
    ANSWERS, FAILURES, POSITIONS, PRINTED, SUBSCRIBER, TRADER, comparable, secrets_in)

NESTED = ("array", "map", "struct")
SERDES = {
    "opencsv": ("org.apache.hadoop.hive.serde2.OpenCSVSerde", {}),
    "lazy": ("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", {"field.delim": "\x01"}),
    "json": ("org.openx.data.jsonserde.JsonSerDe", {}),
}


def columns_in(form):
    """Text has no bytes, and lines of fields have nothing that has parts."""
    return [
        one for one in POSITIONS
        if one[1] != "binary" and (form == "json" or not one[1].startswith(NESTED))]


def written(form):
    """As they lie in the file. A hidden value of a type that is no text is no value of that type."""
    def of(name, type, shown, hidden):
        hidden = hidden if type == "string" else "'SECRET-' || i"
        as_text = "to_json({})" if form == "json" else "CAST({} AS VARCHAR)"
        shown, hidden = as_text.format(shown), as_text.format(hidden)
        return f"CASE WHEN i % 500 = 0 THEN {shown} ELSE {hidden} END AS {name}"

    columns = ", ".join(of(*one) for one in columns_in(form))
    return (
        f"SELECT {columns}, {TRADER} AS trader "
        "FROM (SELECT i, i // 500 AS n FROM range(5000) AS numbers(i))")


def shown(form):
    columns = ", ".join(
        f"CAST({value} AS {type})" if name.startswith("declared") else value
        for name, type, value, _ in columns_in(form))
    names = ", ".join(name for name, *_ in columns_in(form))
    return f"SELECT * FROM (SELECT {columns} FROM range(10) AS numbers(n)) AS positions({names})"


@pytest.fixture(scope="module")
def plain():
    plain = duckdb.connect()
    plain.execute(f"SET TimeZone = 'UTC'; CREATE SCHEMA {LINK}; USE {LINK}")
    for form in SERDES:
        plain.execute(f"CREATE TABLE {form} AS {shown(form)}")
    return plain


@pytest.fixture(scope="module")
def athena(provider, subscriber, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    team = Provider(provider)
    team.link(lake)
    team.govern()
    options = {
        "opencsv": "FORMAT csv, HEADER true", "json": "FORMAT json",
        "lazy": r"FORMAT csv, HEADER true, DELIMITER '\x01', QUOTE '', NULLSTR '\N'"}
    for form, (serde, properties) in SERDES.items():
        path = lake.path(f"gold/{form}/positions")
        path.parent.mkdir(parents=True)
        option = options[form].replace(r"\x01", "\x01")
        duckdb.connect().execute(f"COPY ({written(form)}) TO '{path}' ({option})")
        team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": form, "TableType": "EXTERNAL_TABLE",
            "Parameters": {} if form == "json" else {"skip.header.line.count": "1"},
            "StorageDescriptor": {
                "Columns": [
                    {"Name": name, "Type": type} for name, type, *_ in columns_in(form)
                ] + [{"Name": "trader", "Type": "string"}],
                "Location": f"s3://{BUCKET}/gold/{form}/",
                "SerdeInfo": {"SerializationLibrary": serde, "Parameters": properties}}})
        team.grant_rows(
            SUBSCRIBER, form, "fund_id = 'F001' AND trader <> 'SECRET'", without=["trader"])
    link_database(subscriber)
    return Athena(subscriber)


def about(form, sqls):
    """Statements about that table and no other, which need no column that it has not."""
    names = [name for name, *_ in POSITIONS if (name not in [one[0] for one in columns_in(form)])]
    missing = re.compile(rf"\b({'|'.join(['many', 'prices', 'navs', 'range', *names])})\b")
    return [
        re.sub(r"\bpositions\b", form, sql) for sql in sqls
        if "positions" in sql and not missing.search(sql)]


@pytest.mark.parametrize("form", SERDES)
@pytest.mark.parametrize("group", ["implicit casts", "casts"])
def test_an_answer_is_of_what_was_granted(athena, plain, form, group):
    # Of the casts one in seven, so that each stands in another place.
    sqls = about(form, ANSWERS[group])[::7 if group == "casts" else 1]
    assert len(sqls) > 15
    for sql in sqls:
        expected = plain.execute(sql).fetchall()
        answer = athena.ask(sql)
        assert not secrets_in(answer, sql), sql
        assert answer.state == "SUCCEEDED", (sql, answer.reason)
        assert comparable(answer.rows) == comparable(expected), sql


@pytest.mark.parametrize("form", SERDES)
def test_a_failure_is_of_what_was_granted(athena, plain, form):
    sqls = about(form, FAILURES)[::3]
    assert len(sqls) > 15
    for sql in sqls:
        with pytest.raises(duckdb.Error):
            plain.execute(sql).fetchall()
        answer = athena.ask(sql)
        assert not secrets_in(answer, sql), sql
        assert answer.state == "FAILED", sql


@pytest.mark.parametrize("form", SERDES)
def test_what_the_engine_prints_shows_nothing(athena, form):
    sqls = about(form, PRINTED)
    assert len(sqls) > 5
    for sql in sqls:
        answer = athena.ask(sql)
        assert not secrets_in(answer, sql) and "read_csv" not in answer.reason, (sql, answer.reason)
