"""A table proposed from what lies in the lake, made, and read."""

import os
import pty
import subprocess

import pytest

from athena import Athena
from exchange import BOURSE
from lake import BUCKET, DATABASE, Lake, Provider, link_database
from wire import Ask

ACCOUNT = "222222222222"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return Lake(tmp_path_factory.mktemp("lake")).sample("--funds", "4", "--days", "6")


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    return team


@pytest.fixture(scope="module")
def athena(team, subscriber):
    link_database(subscriber)
    return Athena(subscriber)


def infer(provider, prefix, *options):
    return provider.bourse("catalog", "infer", f"s3://{BUCKET}/{prefix}", *options)


def proposal(provider, prefix, *options):
    result = infer(provider, prefix, "--dry-run", "--json", *options)
    assert result.status == 0, result
    return result.json


def columns(document):
    storage = document["TableInput"]["StorageDescriptor"]
    return {column["Name"]: column["Type"] for column in storage["Columns"]}


def keys(document):
    return {column["Name"]: column["Type"] for column in document["TableInput"]["PartitionKeys"]}


def made(provider, prefix, name):
    """Makes the table, which must go well."""
    result = infer(provider, prefix, "--database", DATABASE, "--name", name, "--yes", "--json")
    assert result.status == 0, result
    return result.json


def test_of_the_sample_lake_a_table_that_is_read(provider, team, lake, athena):
    said = proposal(provider, "gold/nav/daily", "--name", "nav_history")
    assert columns(said) == {"fund_id": "string", "nav_date": "date", "nav": "decimal(18,4)"}
    assert keys(said) == {"as_of": "date"}
    assert said["Files"] == said["FilesRead"] == 6 and said["Rows"] == 24
    assert said["Skipped"] == [] and said["Differences"] == []
    files = [lake.path(key) for key in lake.keys if key.startswith("gold/nav/daily/")]
    assert said["Bytes"] == sum(file.stat().st_size for file in files)
    assert team.glue.get_tables(DatabaseName=DATABASE)["TableList"] == []

    assert made(provider, "gold/nav/daily/", "nav_history")["Action"] == "CREATED"
    kept = team.glue.get_table(DatabaseName=DATABASE, Name="nav_history")["Table"]
    assert kept["StorageDescriptor"]["Location"] == f"s3://{BUCKET}/gold/nav/daily/"
    team.grant_table(ACCOUNT, "nav_history")
    assert athena.rows("SELECT count(*), count(DISTINCT as_of), min(as_of) FROM nav_history") == [
        ["24", "6", "2024-01-08"]]
    one = athena.ask("SELECT * FROM nav_history WHERE as_of = DATE '2024-01-09'")
    assert [type for _, type, *_ in one.columns] == ["varchar", "date", "decimal", "date"] and len(one.rows) == 4

    assert made(provider, "gold/nav/daily/", "nav_history")["Action"] == "NONE"
    esg = proposal(provider, "gold/esg-insights/")
    assert esg["TableInput"]["Name"] == "esg_insights" and keys(esg) == {}
    assert columns(esg)["carbon_intensity"] == "decimal(9,2)" and columns(esg)["updated_at"] == "timestamp"


def test_every_type_is_one_that_queries_read(provider, team, lake, athena):
    values = {
        "a": ("1::TINYINT", "tinyint"), "b": ("1::SMALLINT", "smallint"), "c": ("1::INTEGER", "int"),
        "d": ("1::BIGINT", "bigint"), "e": ("1::UINTEGER", "bigint"), "f": ("1::UBIGINT", "decimal(20,0)"),
        "g": ("1.5::FLOAT", "float"), "h": ("1.5::DOUBLE", "double"), "i": ("1.5::DECIMAL(30,7)", "decimal(30,7)"),
        "j": ("true", "boolean"), "k": ("'x'", "string"), "l": ("'\\xAA'::BLOB", "binary"),
        "m": ("DATE '2024-01-01'", "date"), "n": ("TIMESTAMP '2024-01-01 01:02:03'", "timestamp"),
        "o": ("TIMESTAMPTZ '2024-01-01 01:02:03+00'", "timestamp"), "p": ("[1, 2]", "array<int>"),
        "q": ("{'x': 1, 'y': ['z']}", "struct<x:int,y:array<string>>"),
        "r": ("MAP {'x': 1.5::DOUBLE}", "map<string,double>"), "s": ("TIME '01:02:03'", "string"),
        "t": ("uuid()", "string"),
        "u": ("[{'x': DATE '2024-01-01', 'y': 1.5::DECIMAL(9,2)}]", "array<struct<x:date,y:decimal(9,2)>>")}
    lake.write_parquet("types/1.parquet", "SELECT " + ", ".join(
        f"{value} AS {name.upper()}" for name, (value, _) in values.items()))
    said = made(provider, "types", "types")
    assert columns(said) == {name: type for name, (_, type) in values.items()}
    team.grant_table(ACCOUNT, "types")
    [row] = athena.rows("SELECT * FROM types")
    assert len(row) == len(values) and None not in row


def test_files_that_differ_become_one_table(provider, team, lake, athena):
    lake.write_parquet("mixed/1.parquet", """
        SELECT 1::INTEGER AS n, 1.5::DECIMAL(9,2) AS d, DATE '2024-01-01' AS t, 'x' AS gone, 7 AS word,
            {'a': 1} AS s, 1::FLOAT AS f, 1 AS Twice""")
    lake.write_parquet("mixed/2.parquet", """
        SELECT 5000000000::BIGINT AS n, 123456.125::DECIMAL(12,3) AS d, TIMESTAMP '2024-01-01 05:00:00' AS t,
            'words' AS word, {'a': 5000000000, 'b': 'y'} AS s, 2::BIGINT AS f, 2 AS twice, 'new' AS added""")
    said = made(provider, "mixed/", "mixed")
    assert columns(said) == {
        "n": "bigint", "d": "decimal(12,3)", "t": "timestamp", "gone": "string", "word": "string",
        "s": "struct<a:bigint,b:string>", "f": "double", "twice": "int", "added": "string"}
    reasons = {one["Column"]: one["Reason"] for one in said["Differences"]}
    assert reasons["n"] == "is int in 1, bigint in 1 files: read as bigint"
    assert reasons["gone"] == reasons["added"] == "is in 1 of 2 files: NULL in the others"
    assert "read as string" in reasons["word"] and "twice" not in reasons
    team.grant_table(ACCOUNT, "mixed")
    assert athena.rows("SELECT n, d, word, gone, added, f, s.a FROM mixed ORDER BY n") == [
        ["1", "1.500", "7", "x", None, "1.0", "1"],
        ["5000000000", "123456.125", "words", None, "new", "2.0", "5000000000"]]


@pytest.mark.parametrize("values,type", [
    (["2024-01-01", "2024-02-29"], "date"), (["2024-02-30"], "string"), (["2024-1-1"], "string"),
    (["1", "-20", "0"], "int"), (["01", "2"], "string"), (["+1"], "string"), (["2147483648", "1"], "bigint"),
    (["9223372036854775808"], "string"), (["1.5"], "string"), (["eu", "1"], "string"), (["-0"], "string"),
    (["__HIVE_DEFAULT_PARTITION__"], "string"), (["__HIVE_DEFAULT_PARTITION__", "7"], "int"),
    (["a%2Fb", "c%20d"], "string")])
def test_partition_keys_have_the_type_of_all_their_values(provider, team, lake, values, type):
    folder = "keys-" + "-".join(values).encode().hex()
    for value in values:
        lake.write_parquet(f"{folder}/Part={value}/1.parquet", "SELECT 1 AS n")
    assert keys(proposal(provider, folder)) == {"part": type}


def test_a_key_that_is_a_column_too(provider, team, lake, athena):
    lake.write_parquet("twofold/year=2024/month=01/1.parquet", "SELECT 1 AS n, 1999 AS year")
    said = made(provider, "twofold", "twofold")
    assert columns(said) == {"n": "int"} and keys(said) == {"year": "int", "month": "string"}
    assert [one["Column"] for one in said["Differences"]] == ["year"]
    team.grant_table(ACCOUNT, "twofold")
    assert athena.rows("SELECT * FROM twofold") == [["1", "2024", "01"]]
    # A folder of the prefix itself is no key of the table.
    assert keys(proposal(provider, "twofold/year=2024/")) == {"month": "string"}


def test_what_lies_there_besides_is_named(provider, team, lake):
    lake.write_parquet("crowd/1.parquet", "SELECT 1 AS n")
    whole = lake.path("crowd/1.parquet").read_bytes()
    for key, content in {
            "_SUCCESS": b"", "_temporary/x.parquet": whole, ".hidden.parquet": whole, "empty": b"",
            "notes.csv": b"a,b\n1,2\n", "cut.parquet": whole[:-20], "tiny.parquet": b"PAR1",
            "liar.parquet": b"PAR1" + os.urandom(200) + b"PAR1"}.items():
        lake.put(f"crowd/{key}", content)
    said = proposal(provider, "crowd")
    assert said["FilesRead"] == 2 and said["Rows"] == 2 and columns(said) == {"n": "int"}
    skipped = {one["Reason"].split(":")[0]: (one["Files"], one["Example"]) for one in said["Skipped"]}
    assert skipped["not Parquet"] == (1, "crowd/notes.csv")
    assert skipped["Parquet without a footer that can be read"] == (3, "crowd/cut.parquet")
    assert skipped["not data"] == (3, "crowd/.hidden.parquet")
    page = infer(provider, "crowd", "--dry-run")
    assert page.status == 0 and "skipped: 1 files, not Parquet" in page.out, page


@pytest.mark.parametrize("files,words", [
    ({}, "there is nothing"), ({"a.csv": b"1"}, "1 are not Parquet"),
    ({"cut.parquet": b"PAR1 and no end"}, "footer"), ({"_SUCCESS": b""}, "1 are not data")])
def test_where_there_is_no_parquet_it_says_what_there_is(provider, team, lake, files, words):
    folder = "none-" + words.encode().hex()
    for name, content in files.items():
        lake.put(f"{folder}/{name}", content)
    result = infer(provider, folder, "--dry-run")
    assert result.status != 0 and words in result.err and "Name the folder" in result.err, result


def test_the_folders_of_several_tables_are_refused(provider, team, lake):
    result = infer(provider, "gold/", "--dry-run")
    assert result.status != 0 and "The files are not one table's" in result.err, result
    lake.write_parquet("deep/a=1/a=2/1.parquet", "SELECT 1 AS n")
    assert "a partition key twice" in infer(provider, "deep", "--dry-run").err


def test_many_files_are_sampled_and_it_is_said(provider, team, lake):
    lake.write_parquet("many/0000.parquet", "SELECT 1 AS n")
    for number in range(1, 1_100):
        os.link(lake.path("many/0000.parquet"), lake.path(f"many/{number:04}.parquet"))
    said = proposal(provider, "many")
    assert (said["Files"], said["FilesRead"], said["Rows"]) == (1_100, 1_000, 1_000)
    assert "1000 rows (in 1000 files, whose footers were read)" in infer(provider, "many", "--dry-run").out


def test_a_table_that_is_there_is_changed_and_keeps_the_rest(provider, team, lake, athena):
    lake.write_parquet("grows/1.parquet", "SELECT 1::INTEGER AS n, 'x' AS old")
    made(provider, "grows", "grows")
    table = team.glue.get_table(DatabaseName=DATABASE, Name="grows")["Table"]
    team.glue.update_table(DatabaseName=DATABASE, TableInput={
        "Name": "grows", "Description": "kept", "TableType": "EXTERNAL_TABLE", "PartitionKeys": [],
        "Parameters": table["Parameters"] | {"team": "esg"}, "StorageDescriptor": table["StorageDescriptor"]})
    team.grant_table(ACCOUNT, "grows")
    lake.write_parquet("grows/1.parquet", "SELECT 1::BIGINT AS n, 'y' AS new")
    shown = infer(provider, "grows", "--database", DATABASE, "--dry-run")
    for words in ("column old string goes", "column new string is new", "column n int becomes bigint"):
        assert words in shown.out, shown
    assert made(provider, "grows", "grows")["Changes"] == [
        "column old string goes", "column n int becomes bigint", "column new string is new"]
    after = team.glue.get_table(DatabaseName=DATABASE, Name="grows")["Table"]
    assert after["Description"] == "kept" and after["Parameters"]["team"] == "esg" and after["VersionId"] == "2"
    assert athena.rows("SELECT * FROM grows") == [["1", "y"]]
    lake.write_parquet("grows-in-parts/p=1/1.parquet", "SELECT 1 AS n")
    other = infer(provider, "grows-in-parts", "--database", DATABASE, "--name", "grows", "--yes")
    assert other.status != 0 and "other partition keys" in other.err and "--name" in other.err, other


def test_somebody_is_asked_where_somebody_is(provider, team, lake):
    def typed(answer, name):
        terminal, side = pty.openpty()
        command = [
            BOURSE, "catalog", "infer", f"s3://{BUCKET}/gold/esg-insights/", "--database", DATABASE, "--name", name]
        process = subprocess.Popen(
            [str(word) for word in command], env=provider.environment, stdin=side, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        os.close(side)
        os.write(terminal, answer)
        out, err = process.communicate(timeout=60)
        os.close(terminal)
        return process.returncode, out, err

    status, _, err = typed(b"n\n", "asked")
    assert status != 0 and f"Make {DATABASE}.asked? [y/N]" in err and "Nothing was made" in err
    names = [table["Name"] for table in team.glue.get_tables(DatabaseName=DATABASE)["TableList"]]
    assert "asked" not in names
    status, out, _ = typed(b"y\n", "asked")
    assert status == 0 and "done" in out
    assert team.glue.get_table(DatabaseName=DATABASE, Name="asked")
    for options, words in ((["--database", DATABASE, "--name", "other"], "--yes"), ([], "--database NAME"),
                           (["--database", "nowhere", "--yes"], "aws glue create-database")):
        result = infer(provider, "gold/esg-insights/", *options)
        assert result.status != 0 and words in result.err, result


def test_whose_buckets_they_are(exchange, provider, team, subscriber, athena):
    for place, words in (("s3://no-such-bucket/x", "NoSuchBucket"), ("gold/nav", "s3://BUCKET/PREFIX"),
                         (f"s3://{athena.bucket}/", "NoSuchBucket")):
        result = provider.bourse("catalog", "infer", place, "--dry-run")
        assert result.status != 0 and (words in result.err or "bucket does not exist" in result.err), result
    ask = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/infer-table", {"Content-Type": "application/json"},
        f'{{"Bucket":"{BUCKET}","Prefix":"gold/nav/"}}'.encode())
    assert ask.send(exchange, ask.signed(exchange, subscriber.keys)).status == 403
    before = len(exchange.trail)
    proposal(provider, "gold/nav/daily/")
    [record] = exchange.trail[before:]
    assert record["eventName"] == "InferTable" and record["readOnly"] is True
