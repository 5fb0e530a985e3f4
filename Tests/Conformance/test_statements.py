"""Statements that are no question: tables and views of a subscriber's own, and what it may not make."""

import base64
import json

import boto3
import pytest

from athena import Athena
from exchange import PROVIDER
from lake import BUCKET, DATABASE, LINK, Lake, Provider, link_database
from s3 import ONCE, keys_in, make_bucket, refused

ACCOUNT, OTHER = "222222222222", "333333333333"
BUCKET_OF_OWN = f"own-{ACCOUNT}"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.sample("--funds", "4", "--days", "6")
    return lake


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.describe("nav_history", "esg_insights")
    return team


@pytest.fixture(scope="module")
def athena(team, subscriber):
    """Of nav_history the fund F001, without nav_date; and a database of its own."""
    team.grant_rows(ACCOUNT, "nav_history", "fund_id = 'F001'", without=["nav_date"])
    link_database(subscriber)
    make_bucket(subscriber.client("s3"), BUCKET_OF_OWN)
    subscriber.client("glue").create_database(DatabaseInput={"Name": "own"})
    return Athena(subscriber)


@pytest.fixture
def owner(exchange, team):
    return Athena(exchange.provider, database=DATABASE)


def done(athena, sql, **parameters):
    answer = athena.ask(sql, **parameters)
    assert answer.state == "SUCCEEDED", (sql, answer.reason)
    return answer


def lines(athena, sql):
    """Of a statement that is answered with text."""
    return [
        row["Data"][0].get("VarCharValue") for page in done(athena, sql).pages()
        for row in page["ResultSet"]["Rows"]]


def manifest(athena, answer):
    bucket, key = answer.execution["Statistics"]["DataManifestLocation"][5:].split("/", 1)
    return athena.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().split()


# Tables


def test_a_table_of_what_is_seen_and_nothing_else(athena):
    answer = done(athena, (
        f"CREATE TABLE own.seen WITH (external_location = 's3://{BUCKET_OF_OWN}/seen/') AS "
        "SELECT *, sum(nav) OVER () AS total FROM nav_history"))
    assert (answer.execution["StatementType"], answer.execution["SubstatementType"]) == (
        "DDL", "CREATE_TABLE_AS_SELECT")
    files = manifest(athena, answer)
    assert files and all(file.startswith(f"s3://{BUCKET_OF_OWN}/seen/") for file in files)
    assert athena.rows("SELECT count(*), min(fund_id), max(fund_id) FROM own.seen") == [
        ["6", "F001", "F001"]]
    body = athena.s3.get_object(
        Bucket=BUCKET_OF_OWN, Key=files[0].split("/", 3)[3])["Body"].read()
    assert b"PAR1" in body and b"F002" not in body
    assert "nav_date" not in "".join(lines(athena, "DESCRIBE own.seen"))
    again = athena.ask("CREATE TABLE own.seen AS SELECT 1 AS i")
    assert again.reason.startswith("TABLE_ALREADY_EXISTS"), again.reason
    done(athena, "CREATE TABLE IF NOT EXISTS own.seen AS SELECT 1 AS i")
    done(athena, "DROP TABLE own.seen")
    assert athena.reason("SELECT * FROM own.seen").startswith("TABLE_NOT_FOUND")
    done(athena, "DROP TABLE IF EXISTS own.seen")
    # As at AWS: the files of an external table stay.
    assert keys_in(athena.s3, BUCKET_OF_OWN, "seen/")


def test_types_and_partitions_of_a_table(athena):
    done(athena, (
        f"CREATE TABLE own.typed WITH (external_location = 's3://{BUCKET_OF_OWN}/typed/', "
        "partitioned_by = ARRAY['k'], write_compression = 'ZSTD') AS "
        "SELECT sum(i) AS total, [i, 2] AS list, MAP {'a': i} AS pairs, {'x': i, 'y': 'b'} AS record, "
        "DATE '2024-02-18' AS day, TIMESTAMP '2024-02-18 14:32:01.5' AS moment, "
        "CAST(1.25 AS decimal(9,2)) AS amount, CASE WHEN i = 1 THEN 'a b/c' END AS k "
        "FROM (VALUES (1), (2)) v(i) GROUP BY i"))
    table = athena.machine.client("glue").get_table(DatabaseName="own", Name="typed")["Table"]
    assert {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]} == {
        "total": "bigint", "list": "array<int>", "pairs": "map<string,int>",
        "record": "struct<x:int,y:string>", "day": "date", "moment": "timestamp",
        "amount": "decimal(9,2)"}
    assert [key["Name"] for key in table["PartitionKeys"]] == ["k"]
    assert athena.rows("SELECT k, total, list, record, day, amount FROM own.typed ORDER BY total") == [
        ["a b/c", "1", "[1, 2]", "{x=1, y=b}", "2024-02-18", "1.25"],
        [None, "2", "[2, 2]", "{x=2, y=b}", "2024-02-18", "1.25"]]
    assert athena.rows("SELECT total FROM own.typed WHERE k = 'a b/c'") == [["1"]]
    assert sorted(lines(athena, "SHOW PARTITIONS own.typed")) == [
        "k=__HIVE_DEFAULT_PARTITION__", "k=a b/c"]
    done(athena, "INSERT INTO own.typed (total, k) SELECT 7, 'new'")
    assert athena.rows("SELECT sum(total), count(list) FROM own.typed") == [["10", "2"]]
    assert "k=new" in lines(athena, "SHOW PARTITIONS own.typed")


def test_rows_are_added(athena):
    done(athena, "CREATE TABLE own.grown AS SELECT 1 AS i, 'a' AS t")
    answer = done(athena, "INSERT INTO own.grown VALUES (2, 'b'), (3, NULL)")
    assert answer.execution["SubstatementType"] == "INSERT" and len(manifest(athena, answer)) == 1
    done(athena, "INSERT INTO own.grown (t) SELECT max(fund_id) FROM nav_history")
    assert athena.rows("SELECT i, t FROM own.grown ORDER BY i NULLS LAST") == [
        ["1", "a"], ["2", "b"], ["3", None], [None, "F001"]]
    for sql, words in [
        ("INSERT INTO own.grown SELECT 1", "mismatched column types"),
        ("INSERT INTO own.grown (x) SELECT 1", "COLUMN_NOT_FOUND"),
        ("INSERT INTO own.grown SELECT 'a', 'b'", "INVALID_CAST_ARGUMENT"),
    ]:
        assert words in athena.reason(sql), athena.reason(sql)
    assert athena.rows("SELECT count(*) FROM own.grown") == [["4"]]


def test_a_table_over_files_that_are_there(athena):
    done(athena, "CREATE TABLE own.first AS SELECT 1 AS i, 'a' AS t")
    location = athena.machine.client("glue").get_table(
        DatabaseName="own", Name="first")["Table"]["StorageDescriptor"]["Location"]
    done(athena, (
        "CREATE EXTERNAL TABLE IF NOT EXISTS own.second (`i` int COMMENT 'a number', t string) "
        f"STORED AS PARQUET LOCATION '{location}' TBLPROPERTIES ('a'='b')"))
    assert athena.rows("SELECT i, t FROM own.second") == [["1", "a"]]
    assert lines(athena, "SHOW TBLPROPERTIES own.second") == ["EXTERNAL\tTRUE", "a\tb"]
    said = "\n".join(lines(athena, "SHOW CREATE TABLE own.second"))
    assert "`i` int COMMENT 'a number'" in said and f"'{location}'" in said


def test_partitions_that_are_found(athena):
    done(athena, (
        f"UNLOAD (SELECT i, 'p' || i AS k FROM (VALUES (1), (2)) v(i)) TO 's3://{BUCKET_OF_OWN}/found/' "
        "WITH (format = 'PARQUET', partitioned_by = ARRAY['k'])"))
    done(athena, (
        "CREATE EXTERNAL TABLE own.found (i int) PARTITIONED BY (k string) STORED AS PARQUET "
        f"LOCATION 's3://{BUCKET_OF_OWN}/found/'"))
    assert lines(athena, "SHOW PARTITIONS own.found") == []
    assert len(lines(athena, "MSCK REPAIR TABLE own.found")) == 2
    assert lines(athena, "MSCK REPAIR TABLE own.found") == []
    assert lines(athena, "SHOW PARTITIONS own.found") == ["k=p1", "k=p2"]


@pytest.mark.parametrize("sql,words", [
    ("CREATE TABLE own.never AS SELECT 1", "Column name not specified at position 1"),
    ("CREATE TABLE own.never AS SELECT 1 AS a, 2 AS A", "specified more than once"),
    ("CREATE TABLE own.never AS SELECT NULL AS a", "Column type is unknown: a"),
    ("CREATE TABLE own.never WITH (format = 'ORC') AS SELECT 1 AS a", "NOT_SUPPORTED"),
    ("CREATE TABLE own.never WITH (bucket_count = 3) AS SELECT 1 AS a", "bucket_count"),
    ("CREATE TABLE nowhere.never AS SELECT 1 AS a", "SCHEMA_NOT_FOUND"),
    ("CREATE TABLE own.never AS SELECT * FROM hidden", "TABLE_NOT_FOUND: line 1:41"),
    ("CREATE TABLE own.never AS", "ends too early"), ("CREATE TABLE own.never", "NOT_SUPPORTED"),
    ("CREATE VIEW own.never AS SELECT 1", "Column name not specified"),
    ("CREATE VIEW own.never AS SELECT * FROM hidden", "TABLE_NOT_FOUND"),
    ("DROP VIEW own.never", "TABLE_NOT_FOUND"), ("SHOW NOTHING", "SYNTAX_ERROR: line 1:6"),
    ("DESCRIBE own.never", "TABLE_NOT_FOUND"), ("INSERT INTO own.never SELECT 1", "TABLE_NOT_FOUND"),
    ("UNLOAD (SELECT 1 TO 's3://x/'", "SYNTAX_ERROR"), ("EXECUTE never", "not found")])
def test_a_statement_that_fails(athena, sql, words):
    if sql.startswith("EXECUTE"):
        assert refused(athena.machine.client("athena", config=ONCE).start_query_execution, QueryString=sql)
        return
    assert words in athena.reason(sql), athena.reason(sql)


# What is others'


@pytest.mark.parametrize("sql", [
    f"CREATE TABLE {LINK}.mine AS SELECT 1 AS i", "INSERT INTO nav_history SELECT 'F001', 1, '2024-01-08'",
    f"INSERT INTO {LINK}.nav_history VALUES ('F001', 1, '2024-01-08')", "DROP TABLE nav_history",
    f"CREATE VIEW {LINK}.mine AS SELECT 1 AS i", "MSCK REPAIR TABLE nav_history",
    f"UNLOAD (SELECT 1 AS i) TO 's3://{BUCKET}/gold/nav/daily/'",
    f"UNLOAD (SELECT 1 AS i) TO 's3://athena-results-{PROVIDER}/x/'",
    f"CREATE TABLE own.mine WITH (external_location = 's3://{BUCKET}/x/') AS SELECT 1 AS i",
    "UNLOAD (SELECT 1 AS i) TO 's3://own-333333333333/x/'", f"DROP DATABASE {DATABASE} CASCADE"])
def test_nothing_of_others_changes(athena, team, lake, sql):
    before = {key: lake.path(key).stat().st_mtime_ns for key in lake.keys}
    client = athena.machine.client("athena", config=ONCE)
    try:
        id = client.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": LINK})["QueryExecutionId"]
    except client.exceptions.ClientError as error:
        assert "AccessDenied" in error.response["Error"]["Code"], error
    else:
        execution = athena.wait(id)
        assert execution["Status"]["State"] == "FAILED", execution
    assert {key: lake.path(key).stat().st_mtime_ns for key in lake.keys} == before
    tables = {table["Name"] for table in team.glue.get_tables(DatabaseName=DATABASE)["TableList"]}
    assert tables == {"nav_history", "esg_insights"}


def test_a_sessions_own_policy_holds_for_what_it_writes(exchange, athena):
    enrolled = athena.machine.client("sts")
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"athena:*","Resource":"*"}}'
    assert enrolled.get_caller_identity()["Account"] == ACCOUNT
    iam = exchange.provider.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(RoleName="narrow", PolicyName="all", PolicyDocument=policy)
    exchange.provider.client("s3").create_bucket(Bucket="athena-results-narrow")
    keys = enrolled.assume_role(
        RoleArn=f"arn:aws:iam::{PROVIDER}:role/narrow", RoleSessionName="me")["Credentials"]
    client = boto3.client(
        "athena", endpoint_url=exchange.endpoint, region_name="us-east-1", config=ONCE,
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"])
    place = {"OutputLocation": "s3://athena-results-narrow/"}
    for sql in (
        "UNLOAD (SELECT 1 AS i) TO 's3://athena-results-narrow/x/'", f"DROP TABLE {DATABASE}.nav_history",
        "CREATE DATABASE never"):
        status, code = refused(
            client.start_query_execution, QueryString=sql, ResultConfiguration=place)
        assert code == "AccessDeniedException", (sql, status, code)


def test_two_accounts_have_the_same_names_for_different_things(exchange, team, athena):
    machine = exchange.subscriber(OTHER, profile="other")
    team.grant_rows(OTHER, "nav_history", "fund_id = 'F002'", name="other")
    link_database(machine)
    machine.client("glue").create_database(DatabaseInput={"Name": "own"})
    other = Athena(machine)
    for asker in athena, other:
        done(asker, "CREATE OR REPLACE VIEW own.funds AS SELECT DISTINCT fund_id FROM nav_history")
    assert (athena.rows("SELECT * FROM own.funds"), other.rows("SELECT * FROM own.funds")) == (
        [["F001"]], [["F002"]])


# Views


def test_a_view_is_asked_like_a_table(athena):
    done(athena, "CREATE VIEW own.navs AS SELECT fund_id, nav, nav * 2 AS twice FROM nav_history -- mine")
    done(athena, "CREATE VIEW own.totals AS SELECT fund_id, sum(twice) AS total FROM own.navs GROUP BY 1")
    direct = athena.rows("SELECT sum(nav) * 2 FROM nav_history")
    assert athena.rows("SELECT total FROM own.totals") == direct
    assert athena.rows(
        "WITH navs AS (SELECT 1 AS x) SELECT count(*) FROM own.navs a JOIN own.navs b ON a.nav = b.nav "
        "JOIN navs ON true WHERE a.twice > 0") == [["6"]]
    assert lines(athena, "SHOW VIEWS IN own 'n*'") == ["navs"]
    assert "SELECT fund_id, nav" in "\n".join(lines(athena, "SHOW CREATE VIEW own.navs"))
    refusal = athena.ask("CREATE VIEW own.navs AS SELECT 1 AS i")
    assert refusal.reason.startswith("TABLE_ALREADY_EXISTS"), refusal.reason
    done(athena, "CREATE OR REPLACE VIEW own.navs AS SELECT fund_id, nav, 1 AS twice FROM nav_history")
    assert athena.rows("SELECT total FROM own.totals") == [["6"]]
    done(athena, "DROP VIEW own.navs")
    assert "TABLE_NOT_FOUND" in athena.reason("SELECT * FROM own.totals")


def test_a_view_in_a_circle_ends(athena):
    done(athena, "CREATE VIEW own.a AS SELECT 1 AS x")
    done(athena, "CREATE VIEW own.b AS SELECT x FROM own.a")
    glue = athena.machine.client("glue")
    body = b'{"originalSql":"SELECT x FROM own.b","schema":"own","columns":[]}'
    glue.update_table(DatabaseName="own", TableInput={
        "Name": "a", "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(body).decode()} */"})
    assert "VIEW_IS_RECURSIVE" in athena.reason("SELECT * FROM own.a")


def test_views_that_multiply_are_stopped(athena):
    done(athena, "CREATE VIEW own.times0 AS SELECT 1 AS x")
    for number in range(1, 9):
        done(athena, f"CREATE VIEW own.times{number} AS SELECT a.x FROM own.times{number - 1} a "
             f"JOIN own.times{number - 1} b ON a.x = b.x")
    assert athena.rows("SELECT x FROM own.times8") == [["1"]]
    assert athena.reason("SELECT a.x FROM own.times8 a, own.times8 b").startswith("QUERY_TOO_LARGE")


@pytest.mark.parametrize("body", [
    "", "SELECT 1", "/* Presto View: words */",
    '{"originalSql":"SELECT * FROM read_parquet(\'/etc/passwd\')","columns":[]}',
    '{"originalSql":"DROP TABLE x","columns":[]}', '{"originalSql":"SELECT 1; SELECT 2","columns":[]}'])
def test_a_view_that_somebody_wrote_by_hand(athena, body):
    text = f"/* Presto View: {base64.b64encode(body.encode()).decode()} */" if body[:1] == "{" else body
    glue = athena.machine.client("glue")
    if "forged" in lines(athena, "SHOW TABLES IN own"):
        glue.delete_table(DatabaseName="own", Name="forged")
    glue.create_table(DatabaseName="own", TableInput={
        "Name": "forged", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text})
    reason = athena.reason("SELECT * FROM own.forged")
    assert reason.split(":")[0] in ("INVALID_VIEW", "FUNCTION_NOT_FOUND"), reason


def test_a_view_of_the_providers_is_not_followed(athena, owner, team):
    done(owner, "CREATE VIEW everything AS SELECT * FROM nav_history")
    team.grant_table(ACCOUNT, "everything")
    assert athena.reason("SELECT * FROM everything").split(":")[0] in ("NOT_SUPPORTED", "TABLE_NOT_FOUND")
    done(owner, "DROP VIEW everything")


# What is shown


def test_what_is_shown_is_what_is_granted(athena):
    assert lines(athena, "SHOW TABLES") == ["nav_history"]
    assert "esg_insights" not in "".join(lines(athena, f"SHOW TABLES IN {LINK}"))
    assert {LINK, "own"} <= set(lines(athena, "SHOW DATABASES"))
    columns = [line.strip() for line in lines(athena, "SHOW COLUMNS IN nav_history")]
    assert columns == ["fund_id", "nav", "as_of"]
    assert "nav_date" not in "".join(lines(athena, "DESCRIBE nav_history"))
    assert "nav_date" not in "".join(lines(athena, "SHOW CREATE TABLE nav_history"))
    assert "nav_date" not in str(athena.rows("SELECT * FROM information_schema.columns"))
    assert athena.rows(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = '{LINK}' ORDER BY ordinal_position") == [
            ["fund_id", "varchar"], ["nav", "decimal(18,4)"], ["as_of", "varchar"]]
    assert athena.rows(
        f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{LINK}'") == [
            ["nav_history"]]
    assert [LINK] in athena.rows("SELECT schema_name FROM information_schema.schemata")
    # Whose rows are hidden, its partitions are too: they are values.
    assert "AccessDenied" in athena.reason("SHOW PARTITIONS nav_history")


def test_the_trail_says_what_a_statement_changed(exchange, athena):
    done(athena, "CREATE TABLE own.recorded AS SELECT 1 AS i")
    record = [
        record for record in exchange.trail
        if record["eventName"] == "CreateTable" and "recorded" in str(record["requestParameters"])][-1]
    assert record["userIdentity"]["accountId"] == ACCOUNT
    assert record["sourceIPAddress"] == "athena.amazonaws.com"


def test_prepared_statements(athena):
    done(athena, "PREPARE by_fund FROM SELECT count(*) FROM nav_history WHERE fund_id = ?")
    assert athena.rows("EXECUTE by_fund USING 'F001'") == [["6"]]
    assert athena.rows("EXECUTE by_fund USING 'F002'") == [["0"]]
    answer = athena.ask("EXECUTE by_fund", ExecutionParameters=["'F001'"])
    assert answer.rows == [["6"]] and answer.execution["Query"] == "EXECUTE by_fund"
    client = athena.machine.client("athena", config=ONCE)
    listed = client.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert [statement["StatementName"] for statement in listed] == ["by_fund"]
    done(athena, "DEALLOCATE PREPARE by_fund")
    assert refused(
        client.get_prepared_statement, StatementName="by_fund", WorkGroup="primary"
    ) == (400, "ResourceNotFoundException")
