"""PyAthena, as it comes: its cursors, its parameters, and SQLAlchemy's reflection on top of it."""

import datetime
import decimal
import sys
import warnings

import boto3
import pyathena
import pandas
import pytest
import sqlalchemy
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

from exchange import REGION, run
from lake import BUCKET, DATABASE, LINK
from s3 import keys_in, make_bucket
from world import World

MANY = 2_500
OWN = "own"
MANAGED = "managed"

# Each type with a value, and how Python has it.
TYPES = [
    ("flag", "boolean", "true", True),
    ("whole", "int", "-3", -3),
    ("big", "bigint", "9223372036854775807", 2**63 - 1),
    ("ratio", "double", "1.5", 1.5),
    ("fee", "decimal(9,2)", "1.25", decimal.Decimal("1.25")),
    ("words", "string", "'say \"hi\", ü'", 'say "hi", ü'),
    ("day", "date", "'2024-02-18'", datetime.date(2024, 2, 18)),
    ("moment", "timestamp", "'2024-02-18 14:32:01.5'",
     datetime.datetime(2024, 2, 18, 14, 32, 1, 500_000)),
]
VALUES = tuple(value for *_, value in TYPES)

ENDLESS = (
    "SELECT count(*) FROM many a, many b, many c, many d, many e "
    "WHERE a.i * b.i * c.i * d.i * e.i = -1")


def typed_rows():
    """A fund of the subscriber's, one of it without values, and another's."""
    def row(fund, values):
        return f"SELECT '{fund}' AS fund_id, " + ", ".join(
            f"CAST({value} AS {'VARCHAR' if type == 'string' else type}) AS {name}"
            for (name, type, *_), value in zip(TYPES, values))

    none = ["NULL" for _ in TYPES]
    return " UNION ALL ".join(
        [row("F001", [one[2] for one in TYPES]), row("F001", none), row("F999", none)])


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    """Of the table `fees` the subscriber has the rows of the fund F001."""
    world = World(exchange, tmp_path_factory.mktemp("lake"))
    world.lake.write_parquet("gold/fees/fees.parquet", typed_rows())
    world.lake.write_parquet(
        "gold/many/many.parquet", f"SELECT i, i::VARCHAR AS t FROM range({MANY}) AS numbers(i)")
    world.team.create_table(
        "fees", "gold/fees/", {"fund_id": "string"} | {name: type for name, type, *_ in TYPES})
    world.team.create_table("many", "gold/many/", {"i": "bigint", "t": "string"})
    world.team.grant_rows(world.account, "fees", "fund_id = 'F001'")
    world.team.grant_table(world.account, "many")
    for day in world.days_at_first:
        world.team.glue.create_partition(
            DatabaseName=DATABASE, TableName="nav_history", PartitionInput={
                "Values": [day],
                "StorageDescriptor": {"Location": f"s3://{BUCKET}/gold/nav/daily/as_of={day}/"}})
    return world


@pytest.fixture(scope="module")
def client(world):
    return world.subscriber


@pytest.fixture(scope="module")
def session(client):
    """Of the profile that `bourse enroll` wrote, which is all that PyAthena is told of the exchange."""
    with client.in_environment():
        session = boto3.Session(profile_name=client.profile)
        session.get_credentials().get_frozen_credentials()
        # Its configuration, too, is read while the environment is that machine's.
        session.client("sts")
    return session


@pytest.fixture(scope="module")
def connection(session, world):
    return pyathena.connect(
        session=session, region_name=REGION, schema_name=LINK, poll_interval=0.05,
        s3_staging_dir=f"s3://{world.athena.bucket}/")


@pytest.fixture(scope="module")
def managed(session):
    """A connection to the work group whose results the exchange keeps."""
    return pyathena.connect(
        session=session, region_name=REGION, schema_name=LINK, poll_interval=0.05,
        work_group=MANAGED, s3_staging_dir="")


@pytest.fixture
def cursor(connection):
    return connection.cursor()


@pytest.fixture(scope="module")
def own(client):
    """The name of a bucket of the subscriber's, beside a database of its own."""
    name = f"{OWN}-{client.account}"
    make_bucket(client.client("s3"), name)
    client.client("glue").create_database(
        DatabaseInput={"Name": OWN, "LocationUri": f"s3://{name}/"})
    return name


@pytest.fixture(scope="module")
def engine(session, world):
    engine = sqlalchemy.create_engine(
        f"awsathena+rest://@athena.{REGION}.amazonaws.com:443/{LINK}?poll_interval=0.05"
        f"&s3_staging_dir=s3://{world.athena.bucket}/",
        connect_args={"session": session})
    yield engine
    engine.dispose()


# A program as it is written


def test_a_program_that_knows_only_its_profile(client, world):
    program = (
        "import pyathena\n"
        f"cursor = pyathena.connect(s3_staging_dir='s3://{world.athena.bucket}/', schema_name='{LINK}',"
        " poll_interval=0.05).cursor()\n"
        "print(cursor.execute('SELECT count(*) FROM nav_history').fetchone()[0])\n")
    done = run([sys.executable, "-c", program], client.environment | {"AWS_PROFILE": client.profile})
    assert (done.status, done.out) == (0, f"{world.funds * len(world.days_at_first)}\n"), done


# Cursors


def test_rows_have_pythons_types(cursor):
    cursor.execute("SELECT * FROM fees ORDER BY flag NULLS LAST")
    assert [(column[0], column[1]) for column in cursor.description] == [("fund_id", "varchar")] + [
        (name, {"string": "varchar", "int": "integer"}.get(type, type.split("(")[0]))
        for name, type, *_ in TYPES]
    assert cursor.fetchall() == [("F001", *VALUES), ("F001", *(None for _ in TYPES))]
    assert cursor.state == "SUCCEEDED" and cursor.data_scanned_in_bytes > 0
    assert cursor.statement_type == "DML" and cursor.substatement_type == "SELECT"


def test_columns_are_described_as_athena_does(cursor):
    cursor.execute("SELECT * FROM fees")
    described = {column[0]: (*column[4:6], column[6]) for column in cursor.description}
    assert described == {
        "fund_id": (2147483647, 0, "UNKNOWN"), "flag": (0, 0, "UNKNOWN"), "whole": (10, 0, "UNKNOWN"),
        "big": (19, 0, "UNKNOWN"), "ratio": (17, 0, "UNKNOWN"), "fee": (9, 2, "UNKNOWN"),
        "words": (2147483647, 0, "UNKNOWN"), "day": (0, 0, "UNKNOWN"), "moment": (3, 0, "UNKNOWN")}


def test_lists_maps_and_records(cursor):
    """PyAthena reads them out of text, so what is in maps and records stays text."""
    cursor.execute(
        "SELECT ARRAY[1, 2], MAP(ARRAY['k'], ARRAY[1]), CAST(ROW(1, 2) AS ROW(a integer, b integer))")
    assert cursor.fetchall() == [([1, 2], {"k": "1"}, {"a": "1", "b": "2"})]


def test_rows_in_pages(cursor):
    cursor.execute("SELECT i FROM many ORDER BY i")
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany(2) == [(1,), (2,)]
    assert cursor.fetchall() == [(number,) for number in range(3, MANY)]
    assert cursor.fetchone() is None


def test_a_first_row_like_the_header_is_no_header(cursor):
    assert cursor.execute("SELECT 'x' AS x").fetchall() == [("x",)]


def test_rows_by_name(connection):
    cursor = connection.cursor(DictCursor)
    cursor.execute("SELECT fund_id, fee FROM fees WHERE flag")
    assert cursor.fetchall() == [{"fund_id": "F001", "fee": decimal.Decimal("1.25")}]


@pytest.mark.parametrize("sql,code", [
    ("SELECT no_such FROM fees", "COLUMN_NOT_FOUND"), ("SELECT * FROM no_such", "TABLE_NOT_FOUND"),
    ("SELEC 1", "SYNTAX_ERROR")])
def test_a_query_that_fails(cursor, sql, code):
    with pytest.raises(pyathena.DatabaseError, match=code):
        cursor.execute(sql)
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_why_a_query_failed(connection):
    cursor = connection.cursor(AsyncCursor)
    id, _ = cursor.execute("SELECT no_such FROM fees")
    failed = cursor.poll(id).result(timeout=30)
    cursor.close()
    # 2 stands for whoever asked, 1 would be Athena.
    assert (failed.state, failed.error_category) == ("FAILED", 2)
    assert failed.error_message == failed.state_change_reason


# Parameters


@pytest.mark.parametrize("value", [
    1, -2.5, decimal.Decimal("1.50"), True, "plain", "it's \\ \"quoted\" %", datetime.date(2024, 2, 18),
    datetime.datetime(2024, 2, 18, 14, 32, 1, 500_000), None])
def test_a_value_put_into_the_text(cursor, value):
    cursor.execute("SELECT %(value)s AS value", {"value": value})
    assert cursor.fetchall() == [(value,)]


def test_values_put_into_the_text(cursor):
    cursor.execute(
        "SELECT i FROM many WHERE i < %(most)d AND t IN %(texts)s ORDER BY i",
        {"most": 8, "texts": ["7", "3", "9"]})
    assert cursor.fetchall() == [(3,), (7,)]


@pytest.mark.parametrize("sql,parameters,expected", [
    ("SELECT fund_id FROM fees WHERE fund_id = ? AND fee > ?", ["'F001'", "1"], [("F001",)]),
    ("SELECT ?, ?", ["DATE '2024-02-18'", "'it''s ?'"], [(datetime.date(2024, 2, 18), "it's ?")]),
    ("SELECT '?' AS mark, i FROM many WHERE i = ? -- ?", ["7"], [("?", 7)]),
    ("SELECT count(*) FROM many WHERE i BETWEEN ? AND ?", ["2", "4"], [(3,)]),
    ("SELECT fund_id FROM fees WHERE fund_id = ?", ["'F999'"], [])])
def test_values_put_in_by_the_exchange(cursor, sql, parameters, expected):
    cursor.execute(sql, parameters, paramstyle="qmark")
    assert cursor.fetchall() == expected


@pytest.mark.parametrize("parameters", [
    ["'F001' OR true"], ["(SELECT max(fund_id) FROM fees)"], ["'F001'; DROP TABLE fees"], ["fund_id"],
    ["'F001'", "'F001'"]])
def test_a_parameter_is_a_value(cursor, parameters):
    """What is more than one does not become part of the query, however that ends."""
    try:
        cursor.execute("SELECT fund_id FROM fees WHERE fund_id = ?", parameters, paramstyle="qmark")
    except pyathena.Error:
        return
    assert cursor.fetchall() == []


# What is not a SELECT


@pytest.mark.parametrize("sql,expected", [
    ("SHOW TABLES", ["esg_insights", "fees", "many", "nav_history"]),
    (f"SHOW TABLES IN {LINK} 'na*'", ["nav_history"]),
    ("SHOW DATABASES", [LINK, OWN]),
    ("SHOW COLUMNS IN nav_history", ["fund_id", "nav_date", "nav", "as_of"]),
    ("SHOW PARTITIONS nav_history", ["as_of=2024-01-08", "as_of=2024-01-09"]),
    ("DESCRIBE fees", ["fund_id", *(name for name, *_ in TYPES)]),
    ("DESCRIBE nav_history", [
        "fund_id", "nav_date", "nav", "as_of", "# Partition Information", "# col_name", "as_of"])])
def test_what_is_shown(cursor, own, sql, expected):
    """A line is one value, padded where Hive pads."""
    rows = [row[0] for row in cursor.execute(sql).fetchall()]
    assert [row.split("\t")[0].rstrip() for row in rows if row.strip()] == expected
    assert cursor.output_location.endswith(".txt")
    assert cursor.statement_type in ("DDL", "UTILITY")


def test_how_a_table_was_made(cursor):
    said = "\n".join(row[0] for row in cursor.execute("SHOW CREATE TABLE nav_history").fetchall())
    assert said.startswith("CREATE EXTERNAL TABLE `nav_history`(\n  `fund_id` string")
    assert "\nPARTITIONED BY ( \n  `as_of` string)" in said
    assert f"\nLOCATION\n  's3://{BUCKET}/gold/nav/daily" in said


def test_how_a_query_would_run(cursor):
    rows = cursor.execute("EXPLAIN SELECT count(*) FROM fees").fetchall()
    said = "\n".join(row[0] for row in rows)
    assert said and "F999" not in said and BUCKET not in said
    assert cursor.statement_type == "UTILITY" and cursor.output_location.endswith(".txt")


def test_a_table_of_ones_own(cursor, own, client):
    cursor.execute(
        f"CREATE TABLE {OWN}.kept WITH (format = 'PARQUET', external_location = 's3://{own}/kept/') "
        "AS SELECT i, t FROM many WHERE i < 3")
    assert cursor.description == [("rows", "bigint", None, None, 19, 0, "UNKNOWN")]
    assert cursor.rowcount == 3 and cursor.fetchone() is None
    assert (cursor.statement_type, cursor.substatement_type) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert keys_in(client.client("s3"), own, "kept/")
    cursor.executemany(
        f"INSERT INTO {OWN}.kept (i, t) VALUES (%(i)d, %(t)s)",
        [{"i": 10, "t": "ten"}, {"i": 11, "t": "it's"}])
    cursor.execute(f"INSERT INTO {OWN}.kept SELECT i, t FROM many WHERE i = 5")
    assert cursor.rowcount == 1 and cursor.substatement_type == "INSERT"
    cursor.execute(f"SELECT * FROM {OWN}.kept ORDER BY i")
    assert cursor.fetchall() == [(0, "0"), (1, "1"), (2, "2"), (5, "5"), (10, "ten"), (11, "it's")]
    cursor.execute(f"DROP TABLE {OWN}.kept")
    with pytest.raises(pyathena.OperationalError, match="TABLE_NOT_FOUND"):
        cursor.execute(f"SELECT * FROM {OWN}.kept")
    # As Athena leaves them.
    assert keys_in(client.client("s3"), own, "kept/")


def test_a_view_of_ones_own(cursor, own):
    cursor.execute(
        f"CREATE OR REPLACE VIEW {OWN}.mine AS SELECT fund_id, fee FROM {LINK}.fees WHERE flag")
    assert cursor.execute(f"SELECT * FROM {OWN}.mine").fetchall() == [("F001", decimal.Decimal("1.25"))]
    assert cursor.execute(f"SHOW VIEWS IN {OWN}").fetchall() == [("mine",)]
    cursor.execute(f"DROP VIEW {OWN}.mine")
    assert cursor.execute(f"SHOW VIEWS IN {OWN}").fetchall() == []


@pytest.mark.parametrize("sql", [
    f"CREATE TABLE {LINK}.theirs WITH (external_location = 's3://{OWN}-222222222222/x/') "
    "AS SELECT 1 AS one",
    f"INSERT INTO {LINK}.many SELECT 1, 'x'", f"DROP TABLE {LINK}.many",
    f"CREATE VIEW {LINK}.theirs AS SELECT 1 AS one",
    f"CREATE TABLE {OWN}.elsewhere WITH (external_location = 's3://{BUCKET}/gold/mine/') "
    "AS SELECT 1 AS one",
    f"UNLOAD (SELECT 1 AS one) TO 's3://{BUCKET}/gold/mine/' WITH (format = 'PARQUET')"])
def test_nothing_is_written_where_others_own(cursor, own, world, sql):
    keys = world.lake.keys
    with pytest.raises(pyathena.Error):
        cursor.execute(sql)
    assert world.lake.keys == keys
    assert cursor.execute("SELECT count(*) FROM many").fetchone() == (MANY,)
    assert "theirs" not in [row[0] for row in cursor.execute("SHOW TABLES").fetchall()]


# Meanwhile and again


def test_a_query_is_given_up(connection):
    cursor = connection.cursor(AsyncCursor)
    id, future = cursor.execute(ENDLESS)
    cursor.cancel(id).result(timeout=30)
    assert future.result(timeout=30).state == "CANCELLED"
    assert cursor.poll(id).result(timeout=30).state_change_reason
    cursor.close()


def test_an_answer_is_found_again(cursor, connection):
    sql = "SELECT count(*) AS once FROM many"
    first = cursor.execute(sql).query_id
    cursor.execute(sql, cache_size=100, cache_expiration_time=600)
    assert cursor.query_id == first and cursor.fetchall() == [(MANY,)]
    assert cursor.execute(sql).query_id != first


def test_an_answer_is_used_again(cursor):
    """Where it may be: who asks does not see which, only what it cost."""
    sql = "SELECT count(*) AS twice FROM many"
    cursor.execute(sql, result_reuse_enable=True, result_reuse_minutes=60)
    assert cursor.reused_previous_result is False
    cursor.execute(sql, result_reuse_enable=True, result_reuse_minutes=60)
    assert cursor.fetchall() == [(MANY,)] and cursor.reused_previous_result in (True, False)


# pandas and Arrow


def test_a_frame_from_the_file(connection):
    frame = connection.cursor(PandasCursor).execute(
        "SELECT * FROM fees ORDER BY flag NULLS LAST").as_pandas()
    assert list(frame.columns) == ["fund_id", *(name for name, *_ in TYPES)]
    assert frame["whole"].tolist()[0] == -3 and frame["whole"].isna().tolist() == [False, True]
    assert frame["fee"][0] == decimal.Decimal("1.25") and frame["words"][0] == 'say "hi", ü'
    assert frame["moment"][0] == datetime.datetime(2024, 2, 18, 14, 32, 1, 500_000)


def test_a_frame_in_pieces(connection):
    cursor = connection.cursor(PandasCursor, chunksize=1_000)
    pieces = list(cursor.execute("SELECT i FROM many ORDER BY i").iter_chunks())
    assert [len(piece) for piece in pieces] == [1_000, 1_000, MANY - 2_000]
    assert [number for piece in pieces for number in piece["i"]] == list(range(MANY))


def test_a_frame_of_what_is_shown(connection):
    frame = connection.cursor(PandasCursor).execute("SHOW TABLES").as_pandas()
    assert list(frame.columns) == ["tab_name"]
    assert frame["tab_name"].tolist() == ["esg_insights", "fees", "many", "nav_history"]


def test_a_frame_of_nothing(connection):
    frame = connection.cursor(PandasCursor).execute("SELECT i FROM many WHERE i < 0").as_pandas()
    assert list(frame.columns) == ["i"] and frame.empty


def test_a_frame_that_was_unloaded(connection, client, world):
    cursor = connection.cursor(PandasCursor, unload=True)
    frame = cursor.execute("SELECT fund_id, whole, fee, day, moment FROM fees WHERE flag").as_pandas()
    assert frame["moment"].tolist() == [pandas.Timestamp("2024-02-18 14:32:01.5")]
    assert frame.drop(columns="moment").astype(str).values.tolist() == [
        ["F001", "-3", "1.25", "2024-02-18"]]
    assert cursor.substatement_type == "UNLOAD"
    assert cursor.data_manifest_location.endswith("-manifest.csv")
    assert any(key.startswith("unload/") for key in keys_in(client.client("s3"), world.athena.bucket))
    frame = cursor.execute("SELECT i FROM many WHERE i < 0").as_pandas()
    assert frame.empty


def test_results_that_the_exchange_keeps(managed, client, world):
    before = keys_in(client.client("s3"), world.athena.bucket)
    cursor = managed.cursor()
    assert cursor.execute("SELECT i FROM many ORDER BY i").fetchall() == [(i,) for i in range(MANY)]
    assert cursor.output_location is None and cursor.work_group == MANAGED
    rows = managed.cursor(DictCursor).execute("SELECT fund_id FROM fees").fetchall()
    assert rows == [{"fund_id": "F001"}] * 2
    assert keys_in(client.client("s3"), world.athena.bucket) == before


def test_a_frame_of_kept_results(managed):
    frame = managed.cursor(PandasCursor).execute("SELECT i, t FROM many ORDER BY i").as_pandas()
    assert frame["i"].tolist() == list(range(MANY)) and frame["t"][7] == "7"


def test_an_arrow_table_of_kept_results(managed):
    table = managed.cursor(ArrowCursor).execute(
        "SELECT * FROM fees ORDER BY flag NULLS LAST").as_arrow()
    assert table.to_pylist() == [
        {"fund_id": "F001"} | {name: value for name, *_, value in TYPES},
        {"fund_id": "F001"} | {name: None for name, *_ in TYPES}]


def test_kept_results_go_nowhere_else(managed, world):
    """The work group decides, so a place of one's own is refused."""
    with pytest.raises(pyathena.DatabaseError, match="InvalidRequestException"):
        managed.cursor().execute("SELECT 1", s3_staging_dir=f"s3://{world.athena.bucket}/")


# SQLAlchemy


def test_what_there_is_to_ask(engine, own):
    inspector = sqlalchemy.inspect(engine)
    assert set(inspector.get_schema_names()) >= {LINK, OWN}
    assert sorted(inspector.get_table_names()) == ["esg_insights", "fees", "many", "nav_history"]
    assert inspector.get_table_names(schema=OWN) == [] and inspector.get_view_names() == []
    assert inspector.has_table("fees") and not inspector.has_table("no_such")
    with pytest.raises(sqlalchemy.exc.NoSuchTableError):
        inspector.get_columns("no_such")


def test_columns_and_their_types(engine):
    columns = {
        column["name"]: column for column in sqlalchemy.inspect(engine).get_columns("nav_history")}
    assert list(columns) == ["fund_id", "nav_date", "nav", "as_of"]
    assert isinstance(columns["nav_date"]["type"], sqlalchemy.types.DATE)
    nav = columns["nav"]["type"]
    assert (nav.precision, nav.scale) == (18, 4)
    partitions = {
        name: column["dialect_options"]["awsathena_partition"] for name, column in columns.items()}
    assert partitions == {"fund_id": None, "nav_date": None, "nav": None, "as_of": True}


def test_how_a_table_is_kept(engine):
    options = sqlalchemy.inspect(engine).get_table_options("nav_history")
    assert options["awsathena_location"].rstrip("/") == f"s3://{BUCKET}/gold/nav/daily"
    assert options["awsathena_tblproperties"]["classification"] == "parquet"


def test_a_select_through_an_engine(engine):
    fees = sqlalchemy.Table("fees", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        question = sqlalchemy.select(fees.c.fund_id, fees.c.fee).where(
            fees.c.words == 'say "hi", ü', fees.c.day == datetime.date(2024, 2, 18))
        assert connection.execute(question).fetchall() == [("F001", decimal.Decimal("1.25"))]
        total = sqlalchemy.select(sqlalchemy.func.count()).select_from(fees)
        assert connection.execute(total).scalar() == 2
        named = sqlalchemy.text("SELECT i FROM many WHERE i IN :few ORDER BY i").bindparams(
            sqlalchemy.bindparam("few", [3, 1], expanding=True))
        assert connection.execute(named).scalars().all() == [1, 3]


def test_pandas_reads_through_an_engine(engine):
    import pandas

    with engine.connect() as connection:
        frame = pandas.read_sql("SELECT fund_id, count(*) AS n FROM fees GROUP BY 1", connection)
    assert frame.to_dict("records") == [{"fund_id": "F001", "n": 2}]


def test_a_table_made_through_an_engine(engine, own):
    metadata = sqlalchemy.MetaData(schema=OWN)
    table = sqlalchemy.Table(
        "made", metadata, sqlalchemy.Column("i", sqlalchemy.types.BIGINT),
        sqlalchemy.Column("t", sqlalchemy.types.String),
        awsathena_location=f"s3://{own}/made/", awsathena_file_format="PARQUET")
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.create(connection)
        connection.execute(table.insert(), [{"i": 1, "t": "one"}])
        assert connection.execute(table.select()).fetchall() == [(1, "one")]
        table.drop(connection)
    assert sqlalchemy.inspect(engine).get_table_names(schema=OWN) == []
