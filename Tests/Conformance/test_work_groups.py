"""Athena around its queries: work groups, lists, parameters, results that are kept or used again."""

import os
import time

import pytest

from athena import Athena
from lake import DATABASE, LINK, Lake, Provider, link_database
from s3 import ONCE, refused

ACCOUNT = "222222222222"
INVALID = (400, "InvalidRequestException")


@pytest.fixture(scope="module")
def athena(exchange, subscriber, tmp_path_factory):
    team = Provider.of_sample(exchange, tmp_path_factory.mktemp("lake"))
    team.grant_rows(ACCOUNT, "nav_history", "fund_id = 'F001'")
    team.grant_table(ACCOUNT, "esg_insights")
    link_database(subscriber)
    athena = Athena(subscriber)
    athena.team = team
    return athena


@pytest.fixture
def client(athena):
    return athena.machine.client("athena", config=ONCE)


# Work groups


def test_a_work_group_from_its_making_to_its_end(client):
    client.create_work_group(
        Name="research", Description="reads little", Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://athena-results-{ACCOUNT}/research/"},
            "BytesScannedCutoffPerQuery": 10_000_000})
    assert refused(client.create_work_group, Name="research") == INVALID
    group = client.get_work_group(WorkGroup="research")["WorkGroup"]
    assert group["State"] == "ENABLED" and group["Configuration"]["EnforceWorkGroupConfiguration"]
    client.update_work_group(
        WorkGroup="research", State="DISABLED", ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False, "RemoveBytesScannedCutoffPerQuery": True})
    group = client.get_work_group(WorkGroup="research")["WorkGroup"]
    assert group["State"] == "DISABLED" and "BytesScannedCutoffPerQuery" not in group["Configuration"]
    names = [group["Name"] for group in client.list_work_groups()["WorkGroups"]]
    assert names == ["managed", "primary", "research"]
    first = client.list_work_groups(MaxResults=2)
    rest = client.list_work_groups(NextToken=first["NextToken"])["WorkGroups"]
    assert [group["Name"] for group in rest] == ["research"]
    assert refused(client.start_query_execution, QueryString="SELECT 1", WorkGroup="research") == INVALID
    client.delete_work_group(WorkGroup="research")
    assert refused(client.get_work_group, WorkGroup="research") == INVALID
    assert refused(client.delete_work_group, WorkGroup="primary") == INVALID


@pytest.mark.parametrize("configuration", [
    {"ResultConfiguration": {"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}}}, {"ResultConfiguration": {"OutputLocation": "words"}},
    {"ManagedQueryResultsConfiguration": {"Enabled": True},
     "ResultConfiguration": {"OutputLocation": "s3://a-bucket/"}}])
def test_a_work_group_that_cannot_be(client, configuration):
    status = refused(client.create_work_group, Name="never", Configuration=configuration)
    assert status == INVALID


def test_the_groups_place_counts_where_it_is_enforced(athena, client):
    client.create_work_group(Name="enforced", Configuration={
        "ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/enforced/"}})
    answer = athena.ask(
        "SELECT 1", WorkGroup="enforced",
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/elsewhere/"})
    location = answer.execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{athena.bucket}/enforced/{answer.id}.csv"


def test_a_query_that_would_read_too_much_does_not_run(exchange, athena, tmp_path):
    lake = Lake(tmp_path)
    lake.write_parquet("wide/w.parquet", "SELECT md5(i::VARCHAR) AS a FROM range(600000) AS n(i)")
    athena.team.link(lake, bucket="wide-lake")
    athena.team.glue.create_table(DatabaseName=DATABASE, TableInput={
        "Name": "wide", "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "string"}], "Location": "s3://wide-lake/wide/"}})
    athena.team.grant_table(ACCOUNT, "wide")
    athena.client.create_work_group(
        Name="thrifty", Configuration={
            "BytesScannedCutoffPerQuery": 10_000_000, "ResultConfiguration": {
                "OutputLocation": f"s3://{athena.bucket}/"}})
    answer = athena.ask("SELECT count(*) FROM wide", WorkGroup="thrifty")
    assert (answer.state, answer.reason) == ("CANCELLED", "Bytes scanned limit was exceeded")
    assert athena.rows("SELECT count(*) FROM wide") == [["600000"]]


def test_results_that_the_exchange_keeps(athena, client):
    answer = athena.ask("SELECT fund_id FROM nav_history LIMIT 2", WorkGroup="managed")
    assert answer.rows == [["F001"], ["F001"]]
    assert answer.execution["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    assert "OutputLocation" not in answer.execution["ResultConfiguration"]
    group = client.get_work_group(WorkGroup="managed")["WorkGroup"]["Configuration"]
    assert group["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    assert "ResultConfiguration" not in group
    found = athena.s3.list_objects_v2(Bucket=athena.bucket).get("Contents", [])
    assert not [one for one in found if answer.id in one["Key"]]


def test_results_survive_a_restart_and_expire_after_a_day(own_exchange):
    athena = Athena(own_exchange.subscriber(ACCOUNT))
    kept, managed = athena.ask("SELECT 1"), athena.ask("SELECT 2", WorkGroup="managed")
    own_exchange.kill()
    own_exchange.serve()
    assert (kept.rows, managed.rows) == ([["1"]], [["2"]])
    file, = (own_exchange.data / "results" / ACCOUNT).iterdir()
    os.utime(file, (time.time() - 86_500,) * 2)
    own_exchange.restart()
    results = athena.machine.client("athena", config=ONCE).get_query_results
    assert refused(results, QueryExecutionId=managed.id) == INVALID
    assert results(QueryExecutionId=kept.id)["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": "1"}]


# Lists and statistics


def test_the_newest_queries_come_first(athena, client):
    client.create_work_group(Name="listed", Configuration={
        "ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/"}})
    ids = [athena.ask(f"SELECT {number}", WorkGroup="listed").id for number in range(5)]
    listed, token = [], {}
    while True:
        page = client.list_query_executions(WorkGroup="listed", MaxResults=2, **token)
        listed += page["QueryExecutionIds"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert listed == ids[::-1]
    batch = client.batch_get_query_execution(QueryExecutionIds=[*ids, "0" * 36])
    assert [one["QueryExecutionId"] for one in batch["QueryExecutions"]] == ids
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "0" * 36
    statistics = client.get_query_runtime_statistics(QueryExecutionId=ids[0])["QueryRuntimeStatistics"]
    assert statistics["Rows"]["OutputRows"] == 1 and statistics["Timeline"]["TotalExecutionTimeInMillis"] >= 0


def test_others_lists_are_empty(exchange, athena):
    other = exchange.subscriber("333333333333", profile="other").client("athena", config=ONCE)
    id = athena.ask("SELECT 1").id
    assert other.list_query_executions()["QueryExecutionIds"] == []
    assert other.batch_get_query_execution(QueryExecutionIds=[id])["QueryExecutions"] == []
    assert refused(other.list_query_executions, WorkGroup="listed") == INVALID


# Parameters, names, results used again


@pytest.mark.parametrize("sql,parameters,rows", [
    ("SELECT count(*) FROM nav_history WHERE fund_id = ?", ["'F001'"], [["6"]]),
    ("SELECT ? + ?, ?", ["1", "2", "'it''s'"], [["3", "it's"]]),
    ("SELECT ?", ["DATE '2024-02-18'"], [["2024-02-18"]]),
    ("SELECT x FROM (VALUES (1), (2), (3)) v(x) WHERE x IN (?, ?) ORDER BY x LIMIT ?", ["3", "1", "1"], [["1"]]),
    ("SELECT '?', ? -- ?", ["NULL"], [["?", None]]),
    # What is no literal is a text, never an expression.
    ("SELECT ?", ["Washington"], [["Washington"]]), ("SELECT ?", ["1 FROM nav_history"], [["1 FROM nav_history"]]),
    ("SELECT ?", ["F001'"], [["F001'"]]), ("SELECT ?, ?", ["1; SELECT 2", "3"], [["1; SELECT 2", "3"]]),
    ("SELECT ?", ["(SELECT max(fund_id) FROM hidden)"], [["(SELECT max(fund_id) FROM hidden)"]]),
    ("SELECT ?", ["error('x')"], [["error('x')"]]), ("SELECT ?, ?", ["1, 2", "3"], [["1, 2", "3"]])])
def test_parameters(athena, sql, parameters, rows):
    answer = athena.ask(sql, ExecutionParameters=parameters)
    assert answer.state == "SUCCEEDED", answer.reason
    assert answer.rows == rows
    assert answer.execution["ExecutionParameters"] == parameters


@pytest.mark.parametrize("sql,parameters,words", [
    ("SELECT ?", ["1", "2"], "expected 1 but found 2"), ("SELECT ?, ?", ["1"], "expected 2 but found 1"),
    ("SELECT 1", ["1"], "expected 0 but found 1"), ("SELECT ?", [], "expected 1 but found 0")])
def test_parameters_that_do_not_fit(athena, sql, parameters, words):
    answer = athena.ask(sql, **({"ExecutionParameters": parameters} if parameters else {}))
    assert answer.state == "FAILED" and words in answer.reason, answer.reason


def labels(answer):
    columns = answer.pages()[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    header = answer.pages()[0]["ResultSet"]["Rows"][0]["Data"]
    assert [column["Name"] for column in columns] == [value["VarCharValue"] for value in header]
    return [column["Name"] for column in columns]


@pytest.mark.parametrize("sql,names", [
    ("SELECT 1", ["_col0"]), ("SELECT 1, 2 AS b, 3", ["_col0", "b", "_col2"]),
    ("SELECT fund_id, nav + 1, count(*) OVER () FROM nav_history", ["fund_id", "_col1", "_col2"]),
    ("SELECT *, 1 FROM esg_insights", [
        "fund_id", "esg_score", "environmental_rating", "carbon_intensity", "updated_at", "_col5"]),
    ("SELECT 1 UNION ALL SELECT 2", ["_col0"]), ("WITH a AS (SELECT 1 AS x) SELECT x, x + 1 FROM a", ["x", "_col1"]),
    ("VALUES (1, 2)", None)])
def test_a_column_without_a_name_is_called_by_its_place(athena, sql, names):
    answer = athena.ask(sql)
    assert answer.state == "SUCCEEDED", answer.reason
    if names:
        assert labels(answer) == names


def test_a_result_is_used_again_while_the_grants_are_the_same(athena):
    again = {"ResultReuseConfiguration": {
        "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}
    sql = "SELECT count(*) AS reused FROM nav_history"
    first, second = athena.ask(sql, **again), athena.ask(sql, **again)

    def was_reused(answer):
        return answer.execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]

    assert (was_reused(first), was_reused(second)) == (False, True)
    assert second.rows == first.rows == [["6"]]
    assert second.execution["Statistics"]["DataScannedInBytes"] == 0
    assert not was_reused(athena.ask(sql))
    assert not was_reused(athena.ask(sql + " ", **again))
    athena.team.grant_rows(ACCOUNT, "nav_history", "fund_id = 'F002'", name="more")
    third = athena.ask(sql, **again)
    assert not was_reused(third) and third.rows == [["12"]]


# What drivers look at first


def test_the_catalogue_in_athenas_words(athena, client):
    assert client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    catalog = client.get_data_catalog(Name="awsdatacatalog")["DataCatalog"]
    assert (catalog["Type"], catalog["Parameters"]) == ("GLUE", {"catalog-id": ACCOUNT})
    assert refused(client.get_data_catalog, Name="other") == INVALID
    databases = client.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert LINK in [database["Name"] for database in databases]
    assert client.get_database(CatalogName="AwsDataCatalog", DatabaseName=LINK)["Database"]["Name"] == LINK
    tables = client.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=LINK)
    assert {"nav_history", "esg_insights"} <= {table["Name"] for table in tables["TableMetadataList"]}
    some = client.list_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=LINK, Expression="nav.*", MaxResults=1)
    assert [table["Name"] for table in some["TableMetadataList"]] == ["nav_history"]
    table = client.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=LINK, TableName="nav_history")["TableMetadata"]
    assert table["TableType"] == "EXTERNAL_TABLE" and table["Parameters"]["location"].startswith("s3://")
    assert [key["Name"] for key in table["PartitionKeys"]] == ["as_of"]


@pytest.mark.parametrize("call,names", [
    ("get_database", {"DatabaseName": "none"}),
    ("get_table_metadata", {"DatabaseName": LINK, "TableName": "none"}),
    ("list_table_metadata", {"DatabaseName": "none"})])
def test_what_is_not_there_is_said_as_drivers_expect(client, call, names):
    with pytest.raises(client.exceptions.MetadataException, match="EntityNotFoundException"):
        getattr(client, call)(CatalogName="AwsDataCatalog", **names)


def test_tags(subscriber):
    athena = subscriber.client("athena")
    athena.create_work_group(Name="tagged", Tags=[{"Key": "team", "Value": "risk"}])
    arn = f"arn:aws:athena:us-east-1:{subscriber.account}:workgroup/tagged"
    athena.tag_resource(ResourceARN=arn, Tags=[
        {"Key": "team", "Value": "quant"}, {"Key": "cost", "Value": "42"}])
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "cost", "Value": "42"}, {"Key": "team", "Value": "quant"}]
    athena.untag_resource(ResourceARN=arn, TagKeys=["cost", "none"])
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "team", "Value": "quant"}]
    athena.delete_work_group(WorkGroup="tagged")
    athena.create_work_group(Name="tagged")
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    for resource, tags in (arn, many), (arn.replace("tagged", "none"), many[:1]), ("tagged", many[:1]):
        with pytest.raises(athena.exceptions.ClientError):
            athena.tag_resource(ResourceARN=resource, Tags=tags)
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
