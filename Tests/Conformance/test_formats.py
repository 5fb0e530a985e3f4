"""Tables of CSV and JSON: read as their SerDe says, and governed like any other."""

import gzip
import json

import pytest

from athena import Athena
from lake import BUCKET, DATABASE, LINK, Lake, Provider, link_database

SUBSCRIBER = "222222222222"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
OPENX = "org.openx.data.jsonserde.JsonSerDe"
HCATALOG = "org.apache.hive.hcatalog.data.JsonSerDe"
SCALARS = {
    "fund_id": "string", "words": "string", "whole": "int", "amount": "decimal(9,2)",
    "flag": "boolean", "day": "date", "moment": "timestamp", "ratio": "double"}


class Files:
    """A lake of text, and the provider's tables over it."""

    def __init__(self, lake, team, owner):
        self.lake, self.team, self.owner = lake, team, owner

    def table(self, name, serde, columns, files, properties=None, parameters=None, partitions=None):
        for key, content in files.items():
            content = content if isinstance(content, bytes) else content.encode()
            self.lake.put(f"text/{name}/{key}", content)

        def described(columns):
            return [{"Name": column, "Type": type} for column, type in columns.items()]

        named = {"SerdeInfo": {"SerializationLibrary": serde, "Parameters": properties or {}}}
        self.team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": parameters or {},
            "PartitionKeys": described(partitions or {}),
            "StorageDescriptor": {
                "Columns": described(columns), "Location": f"s3://{BUCKET}/text/{name}/",
                **(named if serde else {})}})
        return name

    def rows(self, name, columns="*"):
        return self.owner.rows(f"SELECT {columns} FROM {name}")


@pytest.fixture(scope="module")
def files(exchange, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    return Files(lake, team, Athena(exchange.provider, database=DATABASE))


@pytest.fixture(scope="module")
def athena(subscriber, files):
    link_database(subscriber)
    return Athena(subscriber)


# Each SerDe, alone


def test_open_csv(files):
    files.table("quoted", OPEN_CSV, SCALARS, {"a.csv": (
        'fund_id,words,whole,amount,flag,day,moment,ratio\n'
        'F001,"say ""hi"", twice",1,1.25,true,2024-02-18,2024-02-18 14:32:01.5,1.5\n'
        '"F002","back\\"slash \\\\",-2,"-0.50",FALSE,19771,1708266721500,-1e20\r\n'
        'F003,,3,0,false,1969-12-31,1969-12-31 23:59:59,0\n')},
        parameters={"skip.header.line.count": "1"})
    assert files.rows("quoted") == [
        ["F001", 'say "hi", twice', "1", "1.25", "true", "2024-02-18", "2024-02-18 14:32:01.500", "1.5"],
        ["F002", 'back"slash \\', "-2", "-0.50", "false", "2024-02-18", "2024-02-18 14:32:01.500",
         "-1.0E20"],
        ["F003", "", "3", "0.00", "false", "1969-12-31", "1969-12-31 23:59:59.000", "0.0"]]


def test_open_csv_with_other_characters(files):
    files.table(
        "otherwise", OPEN_CSV, {"a": "string", "b": "string", "c": "string"},
        {"a": "'x;''y''';plain\\;z\n' \"q\" ';''\n;'';''''\n"},
        {"separatorChar": ";", "quoteChar": "'", "escapeChar": "'"})
    assert files.rows("otherwise") == [
        ["x;'y'", "plain\\", "z"], [' "q" ', "", None], ["", "", "'"]]


def test_lazy_simple(files):
    files.table("lazy", LAZY, SCALARS, {"a.tsv": (
        'F001\tsay "hi"\t1\t1.25\ttrue\t2024-02-18\t2024-02-18 14:32:01.5\t1.5\n'
        'F002\t\\N\tnone\tnone\tnone\tnone\tnone\tnone\n'
        'F003\n'
        'F004\tw\t4\t4\tfalse\t2024-02-18\t2024-02-18 00:00:00\t4\tone\ttoo many\n')},
        {"field.delim": "\t", "serialization.format": "\t"})
    assert files.rows("lazy") == [
        ["F001", 'say "hi"', "1", "1.25", "true", "2024-02-18", "2024-02-18 14:32:01.500", "1.5"],
        ["F002", *[None] * 7], ["F003", *[None] * 7],
        ["F004", "w", "4", "4.00", "false", "2024-02-18", "2024-02-18 00:00:00.000", "4.0"]]


def test_lazy_simple_by_default_and_with_escapes(files):
    columns = {"a": "string", "b": "string", "c": "int"}
    files.table("hive", LAZY, columns, {"a": "x\x01y,z\x017\n"})
    assert files.rows("hive") == [["x", "y,z", "7"]]
    files.table(
        "escaped", LAZY, columns, {"a": "x\\,1,y\\\\,7\nnone,\\none,none\n-,\\N,8\n"},
        {"field.delim": ",", "escape.delim": "\\", "serialization.null.format": "-"})
    assert files.rows("escaped") == [
        ["x,1", "y\\", "7"], ["none", "none", None], [None, "N", "8"]]


@pytest.mark.parametrize("serde", [OPENX, HCATALOG])
def test_json(files, serde):
    name = "json_" + serde.split(".")[1]
    columns = SCALARS | {
        "place": "struct<city:string,at:struct<lat:double>>", "tags": "array<string>",
        "fees": "map<string,decimal(9,2)>", "legs": "array<struct<a:int>>", "raw": "string"}
    lines = [
        {"Fund_ID": "F001", "words": 'say "hi"\n', "whole": 1, "amount": 1.25, "flag": True,
         "day": "2024-02-18", "moment": "2024-02-18T14:32:01.5", "ratio": 1.5,
         "place": {"City": "Kyōto", "at": {"LAT": 35.0, "more": 1}}, "tags": ["a", None, 7],
         "fees": {"A": 1, "b": "2.5"}, "legs": [{"A": 1}, {}], "raw": {"a": [1]}, "unknown": 1},
        {"fund_id": "F002", "whole": "2", "words": None, "place": None, "tags": [], "fees": {}}]
    files.table(
        name, serde, columns,
        {"a.json": "".join(json.dumps(line, ensure_ascii=False) + "\n\n" for line in lines)})
    assert files.rows(name) == [
        ["F001", 'say "hi"\n', "1", "1.25", "true", "2024-02-18", "2024-02-18 14:32:01.500", "1.5",
         "{city=Kyōto, at={lat=35.0}}", "[a, null, 7]", "{A=1.00, b=2.50}", "[{a=1}, {a=null}]",
         '{"a":[1]}'],
        ["F002", None, "2", *[None] * 6, "[]", "{}", None, None]]


def test_json_whose_names_are_others(files):
    files.table(
        "mapped", OPENX, {"at": "string", "b/c": "int"}, {"a.json": '{"@timestamp": "x", "b/c": 1}\n'},
        {"mapping.at": "@timestamp"})
    assert files.rows("mapped") == [["x", "1"]]


# What is no value of its column's type


BAD = [
    ("csv", OPEN_CSV, "a.csv", "1,2\n1,two\n", "'two' for field b: it is no INTEGER", {}),
    ("csv", OPEN_CSV, "a.csv", "1,2\n1,\n", "'' for field b: it is no INTEGER", {}),
    ("csv", OPEN_CSV, "a.csv", '1,2\n1,"2\n', "Un-terminated quoted field", {}),
    ("csv", OPEN_CSV, "a.csv", b"1,2\n\xff,3\n", "A file of the table", {}),
    ("csv", OPEN_CSV, "a.csv.gz", "1,2\n", "A file of the table", {}),
    ("lazy", LAZY, "a.csv", b"1,2\n\xff,3\n", "A file of the table", {"field.delim": ","}),
    ("json", OPENX, "a.json", '{"a": 1}\n{"b": "two"}\n', "'two' for field b: it is no INTEGER", {}),
    ("json", OPENX, "a.json", '{"b": {"c": 1}}\n', "for field b: it is no INTEGER", {}),
    ("json", OPENX, "a.json", '{"a": 1}\n{"a": \n', "Row is not a valid JSON Object", {}),
    ("json", OPENX, "a.json", '{"a": 1}\n[1]\n', "Row is not a valid JSON Object", {}),
    ("json", HCATALOG, "a.json", '{"a": 1}{"a": 2}\n', "Row is not a valid JSON Object", {}),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_is_malformed_names_its_object_and_gives_no_rows(files, number):
    kind, serde, key, content, message, properties = BAD[number]
    name = f"bad_{number}"
    files.table(
        name, serde, {"a": "string", "b": "int"}, {key: content, "z": b""}, properties)
    reason = files.owner.reason(f"SELECT * FROM {name}")
    assert reason.startswith("HIVE_BAD_DATA: ") and message in reason, reason
    assert reason.endswith(f"(in text/{name}/{key})"), reason
    assert str(files.lake.directory) not in reason


def test_malformed_json_can_be_ignored(files):
    files.table(
        "lenient", OPENX, {"a": "string"}, {"a.json": '{"a": 1}\n{"a\n[1]\n{"a": 2}\n'},
        {"ignore.malformed.json": "true"})
    assert files.rows("lenient") == [["1"], [None], [None], ["2"]]


def test_an_array_where_an_object_is_declared(files):
    files.table("shapes", OPENX, {"a": "struct<b:int>"}, {"a.json": '{"a": [1]}\n'})
    reason = files.owner.reason("SELECT a FROM shapes")
    assert "'[1]' for field a: it is no STRUCT" in reason, reason


# Files


def test_compressed_files_beside_plain_ones(files):
    files.table(
        "mixed", LAZY, {"a": "int"}, {
            "a.csv": "a\n1\n", "b.csv.gz": gzip.compress(b"a\n2\n") + gzip.compress(b"3\n"),
            "_ignored": b"a\n9\n"},
        parameters={"skip.header.line.count": "1"})
    assert files.owner.rows("SELECT a FROM mixed ORDER BY a") == [["1"], ["2"], ["3"]]
    files.lake.put("text/mixed/c.csv.bz2", b"BZh9")
    assert ".gz and .zst are read" in files.owner.reason("SELECT a FROM mixed")


def test_partitions_of_text(files):
    files.table(
        "parted", OPENX, {"a": "int"},
        {"day=2024-01-01/a.json": '{"a": 1}\n', "day=2024-01-02/b.json": '{"a": 2}\n',
         "day=2024-01-03/c.json": "SECRET"}, partitions={"day": "date"})
    assert files.owner.rows("SELECT a, day FROM parted WHERE day < DATE '2024-01-03' ORDER BY a") == [
        ["1", "2024-01-01"], ["2", "2024-01-02"]]


@pytest.mark.parametrize("serde,parameters,what", [
    ("org.apache.hadoop.hive.ql.io.orc.OrcSerde", {}, "OrcSerde"),
    ("org.apache.hadoop.hive.serde2.avro.AvroSerDe", {}, "AvroSerDe"),
    ("com.amazonaws.glue.serde.GrokSerDe", {}, "GrokSerDe"),
    (None, {"classification": "orc"}, "orc"), (None, {"table_type": "ICEBERG"}, "ICEBERG")])
def test_what_is_not_read_says_what_is(files, serde, parameters, what):
    name = f"other_{what.lower()}"
    files.table(name, serde, {"a": "int"}, {"a": "x"}, parameters=parameters)
    reason = files.owner.reason(f"SELECT a FROM {name}")
    assert reason.startswith("HIVE_UNSUPPORTED_FORMAT: ") and what in reason, reason
    assert all(one in reason for one in ("Parquet", "OpenCSVSerde", "JsonSerDe")), reason


def test_a_column_that_text_has_not(files):
    files.table("nested", OPEN_CSV, {"a": "array<int>"}, {"a": "x"})
    assert "array<int> of column 'a'" in files.owner.reason("SELECT 1 FROM nested")


# Statements that make such tables


MADE = {
    "delimited": (
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' "
        "NULL DEFINED AS 'nil' STORED AS TEXTFILE", "1\ta\\\tb\n2\tnil\n"),
    "octal": ("ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\073'", "1;a\tb\n2\n"),
    "csv": (
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES "
        "(\"separatorChar\" = ',', 'quoteChar' = '\\'', \"escapeChar\" = \"\\\\\") STORED AS TEXTFILE",
        "1,'a\tb'\n2\n"),
    "json": (
        f"ROW FORMAT SERDE '{OPENX}' STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat' "
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'",
        '{"I": 1, "t": "a\\tb"}\n{"i": 2}\n'),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_table_made_in_sql(files, kind):
    clause, content = MADE[kind]
    files.lake.put(f"made/{kind}/a.txt", content.encode())
    answer = files.owner.ask(
        f"CREATE EXTERNAL TABLE made_{kind} (`i` int COMMENT 'it''s', t string) {clause} "
        f"LOCATION 's3://{BUCKET}/made/{kind}/' TBLPROPERTIES ('a' = 'b')")
    assert answer.state == "SUCCEEDED", answer.reason
    assert files.owner.rows(f"SELECT i, t FROM made_{kind} ORDER BY i") == [["1", "a\tb"], ["2", None]]


@pytest.mark.parametrize("clause,reason", [
    ("STORED AS ORC", "STORED AS ORC"), ("STORED AS AVRO", "STORED AS AVRO"),
    ("ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe'", "GrokSerDe"),
    ("ROW FORMAT DELIMITED FIELDS TERMINATED BY '||'", "one character")])
def test_a_table_that_could_not_be_read_is_not_made(files, clause, reason):
    assert reason in files.owner.reason(
        f"CREATE EXTERNAL TABLE unmade (i int) {clause} LOCATION 's3://{BUCKET}/made/x/'")
    assert files.owner.reason("SELECT * FROM unmade").startswith("TABLE_NOT_FOUND")


# Governed


HIDDEN = {
    OPEN_CSV: "F001,1,2024-01-01,one\nF999,SECRET,SECRET,SECRET\n",
    LAZY: "F001,1,2024-01-01,one\nF999,SECRET,SECRET,SECRET\n",
    OPENX: '{"fund_id":"F001","amount":1,"day":"2024-01-01","note":"one"}\n'
           '{"fund_id":"F999","amount":"SECRET","day":"SECRET","note":"SECRET"}\n',
}


@pytest.mark.parametrize("serde", HIDDEN)
def test_a_hidden_row_is_never_cast(files, athena, serde):
    name = "hidden_" + serde.split(".")[-1].lower()
    files.table(
        name, serde, {"fund_id": "string", "amount": "int", "day": "date", "note": "string"},
        {"part=F001/a": HIDDEN[serde] * 100, "part=SECRET/b": b"\xff"},
        {"field.delim": ","} if serde == LAZY else {}, partitions={"part": "string"})
    files.team.grant_rows(
        SUBSCRIBER, name, "fund_id = 'F001' AND part = 'F001'", without=["note"])
    assert athena.rows(f"SELECT count(*), sum(amount), max(day) FROM {name}") == [
        ["100", "100", "2024-01-01"]]
    for condition in ("amount = 1", "day = DATE '2024-01-01'", "part = 'F001'", "amount + 1 = 2"):
        assert athena.rows(f"SELECT count(*) FROM {name} WHERE {condition}") == [["100"]], condition
    assert athena.reason(f"SELECT note FROM {name}").startswith("COLUMN_NOT_FOUND")


def test_a_bad_value_of_a_row_that_is_seen_shows_no_object(files, athena):
    files.table(
        "seen", OPEN_CSV, {"fund_id": "string", "amount": "int"},
        {"SECRET.csv": "F001,one\nF999,SECRET\n"})
    files.team.grant_rows(SUBSCRIBER, "seen", "fund_id = 'F001'")
    for sql in ("SELECT amount FROM seen", "SELECT 1 FROM seen WHERE amount = 1"):
        reason = athena.reason(sql)
        assert "'one' for field amount: it is no INTEGER" in reason and "SECRET" not in reason, reason
    assert athena.rows("SELECT fund_id FROM seen") == [["F001"]]


def test_masked_cells_of_text(files, athena):
    files.table(
        "masked", OPENX, {"fund_id": "string", "amount": "int"},
        {"a.json": '{"fund_id":"F001","amount":1}\n{"fund_id":"F002","amount":"SECRET"}\n'})
    files.team.grant_rows(SUBSCRIBER, "masked", "fund_id = 'F001'", name="own")
    files.team.grant_rows(
        SUBSCRIBER, "masked", "fund_id = 'F002'", name="names", columns=["fund_id"])
    assert athena.rows("SELECT fund_id, amount FROM masked ORDER BY 1") == [
        ["F001", "1"], ["F002", None]]
