"""awswrangler, as it comes: frames out of Athena, the catalogue, and data sets of a subscriber's own."""

import contextlib
import csv
import datetime
import decimal
import itertools
import sys

import awswrangler as wr
import boto3
import botocore.exceptions
import pandas as pd
import pytest

from exchange import run
from lake import BUCKET, DATABASE, LINK
from s3 import keys_in, make_bucket
from world import World

MANY = 2_500
OWN = "own"
MANAGED = "managed"
POLL_SECONDS = 0.05

FEES = """
    SELECT 'F00' || (i % 2 + 1)::VARCHAR AS fund_id, i::INTEGER AS whole,
        (i + 0.25)::DECIMAL(9,2) AS fee,
        CASE WHEN i = 1 THEN NULL ELSE 'say "hi", ' || i END AS words, i % 3 = 0 AS flag,
        DATE '2024-02-18' + i::INTEGER AS day, TIMESTAMP '2024-02-18 14:32:01.5' AS moment
    FROM range(4) AS numbers(i)
"""
COLUMNS = {
    "fund_id": "string", "whole": "int", "fee": "decimal(9,2)", "words": "string", "flag": "boolean",
    "day": "date", "moment": "timestamp"}


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    """Of the table `fees` the subscriber has the rows of the fund F001, and not `flag`."""
    world = World(exchange, tmp_path_factory.mktemp("lake"))
    world.lake.write_parquet("gold/fees/fees.parquet", FEES)
    world.lake.write_parquet(
        "gold/many/many.parquet", f"SELECT i, i::VARCHAR AS t FROM range({MANY}) AS numbers(i)")
    world.team.create_table("fees", "gold/fees/", COLUMNS)
    world.team.create_table("many", "gold/many/", {"i": "bigint", "t": "string"})
    world.team.grant_rows(world.account, "fees", "fund_id = 'F001'", without=["flag"])
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
    """Of the profile that `bourse enroll` wrote, which is all that awswrangler is told."""
    with client.in_environment():
        session = boto3.Session(profile_name=client.profile)
        session.get_credentials().get_frozen_credentials()
        # Its configuration, too, is read while the environment is that machine's.
        session.client("sts")
    return session


@pytest.fixture(scope="module")
def own(client):
    """The name of a bucket of the subscriber's, beside a database of its own."""
    name = f"{OWN}-{client.account}"
    make_bucket(client.client("s3"), name)
    client.client("glue").create_database(
        DatabaseInput={"Name": OWN, "LocationUri": f"s3://{name}/"})
    return name


@pytest.fixture(scope="module")
def ask(session, world):
    """Asks as awswrangler does, results into the subscriber's bucket unless it says otherwise."""
    def ask(sql, **options):
        options = {
            "database": LINK, "ctas_approach": False, "s3_output": f"s3://{world.athena.bucket}/",
            "boto3_session": session, "athena_query_wait_polling_delay": POLL_SECONDS} | options
        return wr.athena.read_sql_query(sql, **options)

    return ask


def of_fees(frame):
    """The rows of the subscriber's share of `fees`, as plain values."""
    return [
        (row.fund_id, row.whole, row.fee, None if pd.isna(row.words) else row.words, row.day, row.moment)
        for row in frame.sort_values("whole").itertuples()]


MOMENT = datetime.datetime(2024, 2, 18, 14, 32, 1, 500_000)
SHARE = [
    ("F001", 0, decimal.Decimal("0.25"), 'say "hi", 0', datetime.date(2024, 2, 18), MOMENT),
    ("F001", 2, decimal.Decimal("2.25"), 'say "hi", 2', datetime.date(2024, 2, 20), MOMENT)]
# Each way to a frame, by what it needs besides.
WAYS = {
    "regular": {},
    "ctas": {"ctas_approach": True, "ctas_parameters": {"database": OWN}},
    "unload": {"unload_approach": True},
    "managed": {"workgroup": MANAGED, "s3_output": None},
}


PLACES = itertools.count(1)


@pytest.fixture(params=WAYS)
def way(request, own, world):
    way = dict(WAYS[request.param])
    if request.param == "unload":
        # It wants an empty place.
        way["s3_output"] = f"s3://{world.athena.bucket}/unloaded-{next(PLACES)}/"
    return way


# Questions


def test_a_program_that_knows_only_its_profile(client, world):
    program = (
        "import awswrangler as wr\n"
        f"print(len(wr.athena.read_sql_query('SELECT * FROM nav_history', '{LINK}', ctas_approach=False,"
        f" s3_output='s3://{world.athena.bucket}/')))\n")
    done = run([sys.executable, "-c", program], client.environment | {"AWS_PROFILE": client.profile})
    assert (done.status, done.out) == (0, f"{world.funds * len(world.days_at_first)}\n"), done


def test_a_program_that_names_no_place_for_results(client):
    """awswrangler takes the work group's."""
    program = (
        "import awswrangler as wr\n"
        f"print(wr.athena.read_sql_query('SELECT 1 AS one', '{LINK}', ctas_approach=False).one[0])\n")
    done = run([sys.executable, "-c", program], client.environment | {"AWS_PROFILE": client.profile})
    assert (done.status, done.out) == (0, "1\n"), done


def test_a_frame(ask, way):
    frame = ask("SELECT * FROM fees", **way)
    assert list(frame.columns) == [name for name in COLUMNS if name != "flag"]
    assert of_fees(frame) == SHARE
    assert frame.query_metadata["Status"]["State"] == "SUCCEEDED"


def test_a_frame_in_pieces(ask, way):
    pieces = list(ask("SELECT i FROM many ORDER BY i", chunksize=1_000, **way))
    assert [len(piece) for piece in pieces] == [1_000, 1_000, MANY - 2_000]
    # A table has no order, so neither has what was written as one.
    assert sorted(number for piece in pieces for number in piece["i"]) == list(range(MANY))


@pytest.mark.parametrize("way", ["regular", "ctas", "managed"], indirect=True)
def test_a_frame_of_nothing(ask, way):
    frame = ask("SELECT i, t FROM many WHERE i < 0", **way)
    assert list(frame.columns) == ["i", "t"] and frame.empty


@pytest.mark.parametrize("way", ["unload"], indirect=True)
def test_nothing_to_unload(ask, way):
    with pytest.raises(wr.exceptions.EmptyDataFrame):
        ask("SELECT i, t FROM many WHERE i < 0", **way)


def test_nulls_are_no_empty_texts(ask, way):
    frame = ask(
        "SELECT t, CASE WHEN i = 1 THEN NULL ELSE i END AS n, CASE WHEN i = 1 THEN NULL ELSE t END AS s "
        "FROM many WHERE i < 3", **way).sort_values("t")
    assert frame["t"].tolist() == ["0", "1", "2"]
    assert frame["n"].isna().tolist() == frame["s"].isna().tolist() == [False, True, False]


def test_values_put_into_the_text(ask, way):
    frame = ask("SELECT * FROM fees WHERE fund_id = :fund AND whole IN :numbers", **way, params={
        "fund": "F001", "numbers": [0, 2, 9]})
    assert of_fees(frame) == SHARE


# Without quotes a text is one, too.
@pytest.mark.parametrize("fund", ["'F001'", "F001"])
def test_values_put_in_by_the_exchange(ask, way, fund):
    frame = ask(
        "SELECT * FROM fees WHERE fund_id = ? AND whole > ?", params=[fund, "1"],
        paramstyle="qmark", **way)
    assert of_fees(frame) == SHARE[1:]


def test_a_whole_table(session, world):
    frame = wr.athena.read_sql_table(
        "nav_history", LINK, ctas_approach=False, s3_output=f"s3://{world.athena.bucket}/",
        boto3_session=session)
    assert frame.groupby("as_of").size().to_dict() == world.days_at_first
    assert isinstance(frame["nav"][0], decimal.Decimal)


def test_what_was_made_on_the_way_is_gone(ask, own, client):
    s3 = client.client("s3")
    place = {"s3_output": f"s3://{own}/on-the-way/", "keep_files": False}
    ask("SELECT * FROM fees", **place)
    ask("SELECT * FROM fees", **WAYS["ctas"], **place)
    ask("SELECT * FROM fees", **WAYS["unload"], **place)
    assert [key for key in keys_in(s3, own, "on-the-way/") if not key.endswith(".metadata")] == []
    tables = client.client("glue").get_tables(DatabaseName=OWN)["TableList"]
    assert [table["Name"] for table in tables if table["Name"].startswith("temp_table_")] == []


@pytest.mark.parametrize("sql,error", [
    ("SELECT no_such FROM fees", "COLUMN_NOT_FOUND"), ("SELECT flag FROM fees", "COLUMN_NOT_FOUND"),
    ("SELECT * FROM no_such", "TABLE_NOT_FOUND")])
def test_a_query_that_fails(ask, own, sql, error):
    for way in WAYS["regular"], WAYS["ctas"]:
        with pytest.raises(wr.exceptions.QueryFailed, match=error):
            ask(sql, **way)


def test_columns_of_one_name_are_no_table(ask, own):
    """What awswrangler makes of Athena's words."""
    with pytest.raises(wr.exceptions.InvalidCtasApproachQuery, match="distinct names"):
        ask("SELECT 1 AS foo, 2 AS foo", **WAYS["ctas"])


@pytest.mark.parametrize("sql,words", [
    ("SELECT 1, 2", "define all columns names"), ("SELECT NULL AS foo", "undefined columns types")])
def test_columns_without_a_name_or_a_type_are_no_table(ask, own, sql, words):
    with pytest.raises(wr.exceptions.InvalidArgumentValue, match=words):
        ask(sql, **WAYS["ctas"])


def test_no_table_is_made_where_others_own(ask, own):
    """As awswrangler does by itself: beside the table that is read."""
    with pytest.raises(wr.exceptions.QueryFailed):
        ask("SELECT * FROM fees", ctas_approach=True)


@pytest.mark.parametrize("way", ["regular", "ctas", "managed"], indirect=True)
def test_an_answer_is_found_again(request, ask, way):
    sql = f"SELECT count(*) AS by_{request.node.callspec.id} FROM many"
    settings = {"athena_cache_settings": {"max_cache_seconds": 600}}
    first, second = ask(sql, **settings, **way), ask(sql, **settings, **way)
    assert first.values.tolist() == second.values.tolist() == [[MANY]]
    ids = [frame.query_metadata["QueryExecutionId"] for frame in (first, second)]
    assert ids[0] == ids[1]
    assert ask(sql, **way).query_metadata["QueryExecutionId"] != ids[0]


# A query by its parts


def test_a_query_is_followed(session, world):
    place = {"s3_output": f"s3://{world.athena.bucket}/", "boto3_session": session, "database": LINK}
    done = wr.athena.start_query_execution("SELECT i FROM many", wait=True, **place)
    id = done["QueryExecutionId"]
    assert done["Status"]["State"] == "SUCCEEDED" and done["Statistics"]["DataScannedInBytes"] > 0
    assert wr.athena.get_query_columns_types(id, boto3_session=session) == {"i": "bigint"}
    results = wr.athena.get_query_results(id, boto3_session=session)
    assert sorted(results["i"]) == list(range(MANY))
    assert id in wr.athena.list_query_executions(boto3_session=session)
    assert id in wr.athena.list_query_executions("primary", max_results=10, boto3_session=session)
    found, unknown = wr.athena.get_query_executions(
        [id, "00000000-0000-0000-0000-000000000000"], return_unprocessed=True, boto3_session=session)
    assert found["QueryExecutionId"].tolist() == [id]
    assert unknown["QueryExecutionId"].tolist() == ["00000000-0000-0000-0000-000000000000"]


def test_a_query_is_given_up(session, world):
    id = wr.athena.start_query_execution(
        "SELECT count(*) FROM many a, many b, many c, many d WHERE a.i * b.i * c.i * d.i = -1",
        database=LINK, s3_output=f"s3://{world.athena.bucket}/", boto3_session=session)
    wr.athena.stop_query_execution(id, boto3_session=session)
    with pytest.raises(wr.exceptions.QueryCancelled):
        wr.athena.wait_query(id, boto3_session=session, athena_query_wait_polling_delay=POLL_SECONDS)


def test_a_work_group(session):
    group = wr.athena.get_work_group(MANAGED, boto3_session=session)["WorkGroup"]
    assert group["Configuration"]["EnforceWorkGroupConfiguration"] is True
    assert group["Configuration"]["ManagedQueryResultsConfiguration"]["Enabled"] is True
    assert "OutputLocation" not in group["Configuration"].get("ResultConfiguration", {})


def test_prepared_statements(session):
    wr.athena.create_prepared_statement(
        "SELECT i FROM many WHERE i < ?", "few", boto3_session=session)
    wr.athena.create_prepared_statement(
        "SELECT i FROM many WHERE i <= ?", "few", mode="update", boto3_session=session)
    listed = wr.athena.list_prepared_statements(boto3_session=session)
    assert [one["StatementName"] for one in listed] == ["few"]
    wr.athena.delete_prepared_statement("few", boto3_session=session)
    assert wr.athena.list_prepared_statements(boto3_session=session) == []


def test_a_prepared_statement_is_run(ask, session):
    wr.athena.create_prepared_statement(
        "SELECT * FROM fees WHERE fund_id = ? AND whole > ?", "more", boto3_session=session)
    assert of_fees(ask("EXECUTE more USING 'F001', 1")) == SHARE[1:]
    assert of_fees(ask('EXECUTE "more"', params=["'F001'", "1"], paramstyle="qmark")) == SHARE[1:]
    wr.athena.delete_prepared_statement("more", boto3_session=session)


# Tables as Athena shows them


def test_a_table_is_described(session, world):
    shown = wr.athena.describe_table(
        "nav_history", LINK, s3_output=f"s3://{world.athena.bucket}/", boto3_session=session,
        athena_query_wait_polling_delay=POLL_SECONDS)
    kept = wr.catalog.table(LINK, "nav_history", boto3_session=session)
    assert shown.to_dict() == kept.to_dict()
    assert shown["Partition"].tolist() == [False, False, False, True]


# The catalogue


def test_databases(session, own):
    found = wr.catalog.databases(boto3_session=session)
    assert found["Database"].tolist() == [LINK, OWN]
    assert [one["Name"] for one in wr.catalog.get_databases(boto3_session=session)] == [LINK, OWN]


def test_tables(session):
    found = wr.catalog.tables(database=LINK, boto3_session=session).set_index("Table")
    assert sorted(found.index) == ["esg_insights", "fees", "many", "nav_history"]
    assert found.loc["nav_history", "Columns"] == "fund_id, nav_date, nav"
    assert found.loc["nav_history", "Partitions"] == "as_of"
    # A column that was not granted is not there.
    assert "flag" not in found.loc["fees", "Columns"]
    assert found.loc["fees", "TableType"] == "EXTERNAL_TABLE"


@pytest.mark.parametrize("options,expected", [
    ({"name_prefix": "nav"}, ["nav_history"]), ({"name_suffix": "ees"}, ["fees"]),
    ({"name_contains": "s"}, ["esg_insights", "fees", "nav_history"]),
    ({"name_prefix": "f", "name_suffix": "s"}, ["fees"])])
def test_tables_by_their_names(session, options, expected):
    """awswrangler writes `nav*`, which is Glue's way and no regular expression."""
    found = wr.catalog.get_tables(database=LINK, boto3_session=session, **options)
    assert [table["Name"] for table in found] == expected


def test_a_table(session):
    found = wr.catalog.table(LINK, "nav_history", boto3_session=session)
    assert found["Column Name"].tolist() == ["fund_id", "nav_date", "nav", "as_of"]
    assert found["Type"].tolist() == ["string", "date", "decimal(18,4)", "string"]
    assert found["Partition"].tolist() == [False, False, False, True]
    types = wr.catalog.get_table_types(LINK, "fees", boto3_session=session)
    assert types == {name: type for name, type in COLUMNS.items() if name != "flag"}
    assert wr.catalog.get_table_types(LINK, "no_such", boto3_session=session) is None
    assert wr.catalog.does_table_exist(LINK, "fees", boto3_session=session)
    assert not wr.catalog.does_table_exist(LINK, "no_such", boto3_session=session)
    place = f"s3://{BUCKET}/gold/fees/"
    assert wr.catalog.get_table_location(LINK, "fees", boto3_session=session) == place
    comments = wr.catalog.get_columns_comments(LINK, "nav_history", boto3_session=session)
    assert comments == {"fund_id": None, "nav_date": None, "nav": None, "as_of": None}
    parameters = wr.catalog.get_table_parameters(LINK, "fees", boto3_session=session)
    assert parameters["classification"] == "parquet"
    assert wr.catalog.get_table_description(LINK, "fees", boto3_session=session) is None


def test_partitions(session, world):
    place = f"s3://{BUCKET}/gold/nav/daily/as_of="
    found = wr.catalog.get_partitions(LINK, "nav_history", boto3_session=session)
    assert found == {f"{place}{day}/": [day] for day in world.days_at_first}
    found = wr.catalog.get_partitions(
        LINK, "nav_history", expression="as_of > '2024-01-08'", boto3_session=session)
    assert list(found.values()) == [["2024-01-09"]]
    found = wr.catalog.get_parquet_partitions(LINK, "nav_history", boto3_session=session)
    assert len(found) == len(world.days_at_first)


def test_a_table_of_the_providers_is_not_changed(session):
    change = [
        lambda: wr.catalog.upsert_table_parameters({"mine": "yes"}, LINK, "fees", boto3_session=session),
        lambda: wr.catalog.delete_column(LINK, "fees", "fee", boto3_session=session),
        lambda: wr.catalog.delete_table_if_exists(LINK, "fees", boto3_session=session),
        lambda: wr.catalog.delete_all_partitions("nav_history", LINK, boto3_session=session)]
    before = wr.catalog.table(LINK, "fees", boto3_session=session).to_dict()
    for call in change:
        # Absent, to who may not change it: awswrangler then says that it did nothing.
        with contextlib.suppress(botocore.exceptions.ClientError, wr.exceptions.ServiceApiError):
            assert call() is False
    assert wr.catalog.table(LINK, "fees", boto3_session=session).to_dict() == before
    assert len(wr.catalog.get_partitions(LINK, "nav_history", boto3_session=session)) == 2


# Data sets of one's own

FRAME = pd.DataFrame({
    "fund_id": ["F001", "F002", "F003"], "nav": [1.5, 2.5, 3.5], "n": [1, 2, 3],
    "day": [datetime.date(2024, 2, 18)] * 3, "as_of": ["2024-01-08", "2024-01-08", "2024-01-09"]})


def write(session, own, table, frame=FRAME, **options):
    return wr.s3.to_parquet(
        frame, f"s3://{own}/{table}/", dataset=True, database=OWN, table=table, boto3_session=session,
        **options)


def in_order(frame):
    return frame.sort_values("n").reset_index(drop=True)[["fund_id", "n"]].values.tolist()


def test_a_data_set_becomes_a_table(session, own, ask):
    written = write(session, own, "plain", glue_table_settings={
        "description": "mine", "columns_comments": {"nav": "a value"}, "parameters": {"made-by": "me"}})
    assert len(written["paths"]) == 1
    assert in_order(wr.s3.read_parquet(f"s3://{own}/plain/", dataset=True, boto3_session=session)) == [
        ["F001", 1], ["F002", 2], ["F003", 3]]
    assert in_order(wr.s3.read_parquet_table("plain", OWN, boto3_session=session)) == [
        ["F001", 1], ["F002", 2], ["F003", 3]]
    frame = ask("SELECT * FROM plain ORDER BY n", database=OWN)
    assert frame["day"].tolist() == FRAME["day"].tolist() and frame["nav"].tolist() == [1.5, 2.5, 3.5]
    comments = wr.catalog.get_columns_comments(OWN, "plain", boto3_session=session)
    assert comments["nav"] == "a value"
    assert wr.catalog.get_table_description(OWN, "plain", boto3_session=session) == "mine"
    assert wr.catalog.get_table_parameters(OWN, "plain", boto3_session=session)["made-by"] == "me"
    assert "CREATE EXTERNAL TABLE `plain`" in wr.athena.generate_create_query(
        "plain", OWN, boto3_session=session)


def test_tables_by_a_word(session, own):
    """Names, texts and properties are looked through, but nothing that was not granted."""
    write(session, own, "by_a_word", glue_table_settings={"description": "needles in hay"})
    for word in "by_a_word", "needles":
        found = wr.catalog.search_tables(word, boto3_session=session)
        assert [table["Name"] for table in found] == ["by_a_word"]
    frame = wr.catalog.tables(
        database=OWN, search_text="parquet", name_prefix="by", boto3_session=session)
    assert frame["Table"].tolist() == ["by_a_word"]
    assert list(wr.catalog.search_tables("flag", boto3_session=session)) == []


def test_how_a_table_was_made(session, own, world):
    write(session, own, "made", partition_cols=["as_of"])
    said = wr.athena.show_create_table(
        "made", OWN, s3_output=f"s3://{world.athena.bucket}/", boto3_session=session,
        athena_query_wait_polling_delay=POLL_SECONDS)
    made, kept = said.split(" LOCATION ")
    assert made == (
        "CREATE EXTERNAL TABLE `made`( `fund_id` string, `nav` double, `n` bigint, `day` date) "
        "PARTITIONED BY ( `as_of` string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' "
        "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' "
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'")
    assert kept.startswith(f"'s3://{own}/made") and "TBLPROPERTIES (" in kept
    assert "'classification'='parquet'" in kept


def test_a_data_set_in_partitions(session, own, ask):
    written = write(session, own, "parted", partition_cols=["as_of"])
    assert written["partitions_values"] == {
        f"s3://{own}/parted/as_of=2024-01-08/": ["2024-01-08"],
        f"s3://{own}/parted/as_of=2024-01-09/": ["2024-01-09"]}
    # Twice: partitions that are there are passed over.
    more = FRAME.assign(n=FRAME["n"] + 10)
    write(session, own, "parted", more, partition_cols=["as_of"], mode="append")
    assert ask("SELECT as_of, count(*) AS n FROM parted GROUP BY 1 ORDER BY 1", database=OWN)[
        "n"].tolist() == [4, 2]
    later = FRAME[:1].assign(as_of="2024-01-09", n=99)
    write(session, own, "parted", later, partition_cols=["as_of"], mode="overwrite_partitions")
    frame = ask("SELECT as_of, count(*) AS n FROM parted GROUP BY 1 ORDER BY 1", database=OWN)
    assert frame["n"].tolist() == [4, 1]
    some = wr.s3.read_parquet_table(
        "parted", OWN, partition_filter=lambda values: values["as_of"] == "2024-01-09",
        boto3_session=session)
    assert some["n"].tolist() == [99]


def test_a_data_set_is_written_anew(session, own, ask):
    write(session, own, "anew", partition_cols=["as_of"])
    write(session, own, "anew", FRAME[:1], partition_cols=["as_of"], mode="overwrite")
    assert ask("SELECT fund_id FROM anew", database=OWN)["fund_id"].tolist() == ["F001"]
    assert len(wr.catalog.get_partitions(OWN, "anew", boto3_session=session)) == 1


def test_a_data_set_gets_a_column(session, own, ask):
    write(session, own, "wider")
    write(session, own, "wider", FRAME.assign(n=7, more="x"), mode="append")
    assert wr.catalog.get_table_types(OWN, "wider", boto3_session=session)["more"] == "string"
    frame = ask("SELECT count(*) AS every, count(more) AS new FROM wider", database=OWN)
    assert frame.values.tolist() == [[6, 3]]


def test_versions_of_a_table(session, own):
    def versions():
        kept = wr.catalog.get_table_versions(OWN, "often", boto3_session=session)
        assert wr.catalog.get_table_number_of_versions(OWN, "often", boto3_session=session) == len(kept)
        return sorted(version["VersionId"] for version in kept)

    write(session, own, "often")
    assert versions() == ["0"]
    # As AWS does it: what is not archived is gone.
    write(session, own, "often", FRAME.assign(more="x"), mode="append")
    assert versions() == ["1"]
    write(session, own, "often", FRAME.assign(last="y"), mode="append", catalog_versioning=True)
    assert versions() == ["1", "2"]


def test_a_table_is_changed(session, own):
    write(session, own, "changed")
    catalog, options = wr.catalog, {"boto3_session": session}
    assert catalog.upsert_table_parameters({"a": "1"}, OWN, "changed", **options)["a"] == "1"
    assert "a" not in catalog.overwrite_table_parameters({"b": "2"}, OWN, "changed", **options)
    assert catalog.get_table_parameters(OWN, "changed", **options) == {"b": "2"}
    catalog.add_column(OWN, "changed", "late", "string", "a late one", **options)
    catalog.delete_column(OWN, "changed", "nav", **options)
    types = catalog.get_table_types(OWN, "changed", **options)
    assert list(types) == ["fund_id", "n", "day", "as_of", "late"]
    assert catalog.get_columns_comments(OWN, "changed", **options)["late"] == "a late one"


def test_a_data_set_of_csv(session, own):
    wr.s3.to_csv(
        FRAME[["fund_id", "n"]], f"s3://{own}/texts/", dataset=True, database=OWN, table="texts",
        index=False, boto3_session=session)
    assert in_order(wr.s3.read_csv(
        f"s3://{own}/texts/", dataset=True, names=["fund_id", "n"], boto3_session=session)) == [
            ["F001", 1], ["F002", 2], ["F003", 3]]
    types = wr.catalog.get_table_types(OWN, "texts", boto3_session=session)
    assert types == {"fund_id": "string", "n": "bigint"}


TEXTS = pd.DataFrame({
    "name": ["a", 'b "c", d', None], "whole": [1, 2, 3], "fee": [1.5, -2.25, 0.0],
    "day": [datetime.date(2024, 2, 18)] * 3})
TEXT_TYPES = {"name": "string", "whole": "int", "fee": "double", "day": "date"}


def of_texts(frame):
    return [
        (None if pd.isna(row.name) or row.name == "" else row.name, row.whole, row.fee, row.day)
        for row in frame.sort_values("whole")[list(TEXT_TYPES)].itertuples(index=False)]


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_table_of_csv(session, own, ask, compression):
    """With the SerDe that knows quotes, as its documentation asks for."""
    name = f"csv_{compression}".lower()
    folder = f"s3://{own}/{name}/"
    wr.s3.to_csv(
        TEXTS, folder + ("a.csv.gz" if compression else "a.csv"), index=False,
        compression=compression, boto3_session=session)
    wr.catalog.create_csv_table(
        OWN, name, folder, TEXT_TYPES, compression=compression, skip_header_line_count=1,
        serde_library="org.apache.hadoop.hive.serde2.OpenCSVSerde",
        serde_parameters={"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
        boto3_session=session)
    assert of_texts(ask(f"SELECT * FROM {name}", database=OWN)) == of_texts(TEXTS)


def test_a_table_of_csv_as_it_makes_it_by_itself(session, own, ask):
    """Without quotes, then: they are part of a text."""
    folder = f"s3://{own}/tsv/"
    wr.s3.to_csv(
        TEXTS, folder + "a.csv", index=False, header=False, sep="\t", na_rep="\\N",
        quoting=csv.QUOTE_NONE, escapechar=None, boto3_session=session)
    wr.catalog.create_csv_table(OWN, "tsv", folder, TEXT_TYPES, sep="\t", boto3_session=session)
    assert of_texts(ask("SELECT * FROM tsv", database=OWN)) == of_texts(TEXTS)


def test_a_table_of_json(session, own, ask):
    folder = f"s3://{own}/json/"
    wr.s3.to_json(
        TEXTS.assign(day=TEXTS.day.astype(str)), folder + "a.json", orient="records", lines=True,
        boto3_session=session)
    wr.catalog.create_json_table(OWN, "json", folder, TEXT_TYPES, boto3_session=session)
    assert of_texts(ask("SELECT * FROM json", database=OWN)) == of_texts(TEXTS)
    # Together with what was shared.
    joined = ask(f"SELECT j.name FROM {OWN}.json j JOIN fees f ON j.whole = f.whole WHERE f.words IS NOT NULL")
    assert joined["name"].tolist() == ['b "c", d']


def test_a_shared_table_is_kept_as_ones_own(session, own, ask):
    """What a subscriber does with what it was granted: CTAS into its own catalogue."""
    made = wr.athena.create_ctas_table(
        "SELECT * FROM fees", LINK, ctas_table="kept", ctas_database=OWN, s3_output=f"s3://{own}/kept",
        storage_format="parquet", write_compression="snappy", wait=True, boto3_session=session,
        athena_query_wait_polling_delay=POLL_SECONDS)
    assert (made["ctas_database"], made["ctas_table"]) == (OWN, "kept")
    assert of_fees(ask("SELECT * FROM kept", database=OWN)) == SHARE
    assert of_fees(wr.s3.read_parquet_table("kept", OWN, boto3_session=session)) == SHARE
    assert wr.catalog.delete_table_if_exists(OWN, "kept", boto3_session=session)
    assert not wr.catalog.delete_table_if_exists(OWN, "kept", boto3_session=session)


def test_partitions_found_in_the_bucket(session, own, ask, world):
    """`MSCK REPAIR TABLE`, which a table needs whose files came without it."""
    write(session, own, "found", partition_cols=["as_of"])
    wr.catalog.delete_all_partitions("found", OWN, boto3_session=session)
    state = wr.athena.repair_table(
        "found", OWN, s3_output=f"s3://{world.athena.bucket}/", boto3_session=session,
        athena_query_wait_polling_delay=POLL_SECONDS)
    assert state == "SUCCEEDED"
    assert len(wr.catalog.get_partitions(OWN, "found", boto3_session=session)) == 2


def test_a_database_of_ones_own(session):
    wr.catalog.create_database("mine", description="a", boto3_session=session)
    with pytest.raises(wr.exceptions.AlreadyExists):
        wr.catalog.create_database("mine", boto3_session=session)
    wr.catalog.create_database("mine", description="b", exist_ok=True, boto3_session=session)
    found = wr.catalog.databases(boto3_session=session).set_index("Database")
    assert found.loc["mine", "Description"] == "b"
    wr.catalog.delete_database("mine", boto3_session=session)
    assert "mine" not in wr.catalog.databases(boto3_session=session)["Database"].tolist()
