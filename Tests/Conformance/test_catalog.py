"""The catalogue by Glue: the provider describes its tables, a subscriber sees what it was granted."""

import botocore.exceptions
import pytest

from exchange import PROVIDER
from lake import BUCKET, DATABASE, LINK, TABLES, Lake, Provider, columns_of, in_shell, link_database

SUBSCRIBER = "222222222222"


@pytest.fixture(scope="module")
def team(exchange, tmp_path_factory):
    """The provider's data team, with a governed lake and a table that is granted to nobody."""
    lake = Lake(tmp_path_factory.mktemp("lake")).sample("--funds", "3", "--days", "3")
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.describe("nav_history", "esg_insights")
    team.create_table("secret", "gold/secret/", {"secret_name": "string"})
    return team


@pytest.fixture(scope="module")
def client(subscriber, team):
    """Granted two columns of one table, and the rows of one fund of another."""
    team.grant(SUBSCRIBER, "SELECT", columns_of("esg_insights", "fund_id", "esg_score"))
    team.grant_rows(SUBSCRIBER, "nav_history", "fund_id = 'F001'", without=["nav_date"])
    link_database(subscriber)
    return subscriber


def code(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"]


def names(columns):
    return [column["Name"] for column in columns]


def columns(table):
    return names(table["StorageDescriptor"]["Columns"]), names(table["PartitionKeys"])


# The provider


def test_the_provider_describes_its_data_with_the_cli(provider, team):
    made = provider.aws("glue", "create-database", "--database-input", in_shell({
        "Name": "By_Hand", "Description": "typed", "LocationUri": f"s3://{BUCKET}/gold/"}))
    assert made.status == 0, made
    table = {
        "Name": "Risk_Factors", "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "PartitionKeys": [{"Name": "As_Of", "Type": "string"}],
        "StorageDescriptor": {
            "Columns": [
                {"Name": "Fund_Id", "Type": "string", "Comment": "which"},
                {"Name": "beta", "Type": "decimal(6,3)"}],
            "Location": f"s3://{BUCKET}/gold/risk-factors/"}}
    made = provider.aws(
        "glue", "create-table", "--database-name", "by_hand", "--table-input", in_shell(table))
    assert made.status == 0, made
    shown = provider.aws("glue", "get-table", "--database-name", "by_hand", "--name", "risk_factors")
    shown = shown.json["Table"]
    # Names are kept in lower case.
    assert (shown["Name"], shown["DatabaseName"]) == ("risk_factors", "by_hand")
    assert shown["CatalogId"] == PROVIDER
    assert shown["StorageDescriptor"]["Location"] == table["StorageDescriptor"]["Location"]
    assert columns(shown) == (["fund_id", "beta"], ["as_of"])
    assert shown["StorageDescriptor"]["Columns"][0]["Comment"] == "which"
    assert shown["VersionId"] == "0" and shown["IsRegisteredWithLakeFormation"]
    database = provider.aws("glue", "get-database", "--name", "by_hand").json["Database"]
    assert (database["Description"], database["LocationUri"]) == ("typed", f"s3://{BUCKET}/gold/")


def test_the_provider_sees_all_of_its_own(team):
    assert DATABASE in names(team.glue.get_databases()["DatabaseList"])
    found = team.glue.get_tables(DatabaseName=DATABASE)["TableList"]
    tables = {table["Name"]: table for table in found}
    assert sorted(tables) == ["esg_insights", "nav_history", "secret"]
    for name, (_, expected, partitions) in TABLES.items():
        assert columns(tables[name]) == (list(expected), list(partitions))


def test_a_list_of_tables_in_pages(team):
    pages = team.glue.get_paginator("get_tables").paginate(
        DatabaseName=DATABASE, PaginationConfig={"PageSize": 1})
    found = [names(page["TableList"]) for page in pages]
    assert [page for page in found if page] == [["esg_insights"], ["nav_history"], ["secret"]]


@pytest.mark.parametrize("expression,expected", [
    ("nav.*", ["nav_history"]), (".*s.*", ["esg_insights", "nav_history", "secret"]), ("nav", [])])
def test_a_list_of_tables_by_their_names(team, expression, expected):
    found = team.glue.get_tables(DatabaseName=DATABASE, Expression=expression)["TableList"]
    assert names(found) == expected


def test_what_is_there_is_not_made_again(team):
    assert code(team.glue.create_database, DatabaseInput={"Name": DATABASE}) == "AlreadyExistsException"
    assert code(team.glue.create_database, DatabaseInput={"Name": DATABASE.upper()}) == (
        "AlreadyExistsException")
    assert code(
        team.glue.create_table, DatabaseName=DATABASE, TableInput={"Name": "nav_history"}
    ) == "AlreadyExistsException"


def test_what_is_not_there(team):
    assert code(team.glue.get_database, Name="no_such") == "EntityNotFoundException"
    assert code(team.glue.get_table, DatabaseName=DATABASE, Name="no_such") == "EntityNotFoundException"
    assert code(team.glue.get_tables, DatabaseName="no_such") == "EntityNotFoundException"
    assert code(
        team.glue.create_table, DatabaseName="no_such", TableInput={"Name": "x"}
    ) == "EntityNotFoundException"


@pytest.mark.parametrize("columns_given", [
    [{"Name": "a", "Type": "string"}, {"Name": "A", "Type": "int"}], [{"Name": "", "Type": "string"}]])
def test_a_table_that_cannot_be(team, columns_given):
    try:
        team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": "wrong", "StorageDescriptor": {"Columns": columns_given}})
    except botocore.exceptions.ParamValidationError:
        return
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidInputException"
        return
    raise AssertionError("it was made")


def test_partitions(provider, team):
    day = {"Values": ["2024-01-08"], "StorageDescriptor": {
        "Location": f"s3://{BUCKET}/gold/nav/daily/as_of=2024-01-08/",
        "Columns": [{"Name": "fund_id", "Type": "string"}]}}
    made = provider.aws(
        "glue", "create-partition", "--database-name", DATABASE, "--table-name", "nav_history",
        "--partition-input", in_shell(day))
    assert made.status == 0, made
    table = {"DatabaseName": DATABASE, "TableName": "nav_history"}
    assert code(team.glue.create_partition, PartitionInput=day, **table) == "AlreadyExistsException"
    assert code(
        team.glue.create_partition, PartitionInput={"Values": ["a", "b"]}, **table
    ) == "InvalidInputException"
    team.glue.create_partition(PartitionInput=day | {"Values": ["2024-01-09"]}, **table)
    every = team.glue.get_partitions(**table)["Partitions"]
    assert [partition["Values"] for partition in every] == [["2024-01-08"], ["2024-01-09"]]
    some = team.glue.get_partitions(Expression="as_of > '2024-01-08'", **table)["Partitions"]
    assert [partition["Values"] for partition in some] == [["2024-01-09"]]


def test_members_that_terraform_sends(team):
    team.glue.create_table(DatabaseName=DATABASE, TableInput={
        "Name": "as_terraform", "Description": "", "Parameters": {}, "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "string", "Comment": "", "Parameters": {}}],
            "Location": f"s3://{BUCKET}/gold/x/", "BucketColumns": [], "SortColumns": [],
            "Parameters": {}, "NumberOfBuckets": 0, "StoredAsSubDirectories": False}}, PartitionIndexes=[])
    table = {"DatabaseName": DATABASE, "Name": "as_terraform"}
    assert columns(team.glue.get_table(**table)["Table"]) == (["a"], [])
    team.glue.delete_table(**table)
    assert code(team.glue.get_table, **table) == "EntityNotFoundException"


# The subscriber


def test_a_subscriber_links_the_database_with_the_cli(exchange, team):
    subscriber = exchange.subscriber("333333333333", profile="typed")
    team.grant("333333333333", "DESCRIBE", {"Database": {"Name": DATABASE}})
    made = subscriber.aws("glue", "create-database", "--database-input", in_shell({
        "Name": LINK, "TargetDatabase": {"CatalogId": PROVIDER, "DatabaseName": DATABASE}}))
    assert made.status == 0, made
    shown = subscriber.aws("glue", "get-databases").json["DatabaseList"]
    assert [(database["Name"], database["TargetDatabase"]["DatabaseName"]) for database in shown] == [
        (LINK, DATABASE)]
    # The database is seen, and none of its tables.
    assert subscriber.aws("glue", "get-tables", "--database-name", LINK).json["TableList"] == []


def test_a_subscriber_sees_only_granted_tables_and_columns(client):
    glue = client.client("glue")
    tables = {table["Name"]: table for table in glue.get_tables(DatabaseName=LINK)["TableList"]}
    assert sorted(tables) == ["esg_insights", "nav_history"]
    assert columns(tables["esg_insights"]) == (["fund_id", "esg_score"], [])
    assert columns(tables["nav_history"]) == (["fund_id", "nav"], ["as_of"])
    for name, shown in tables.items():
        one = glue.get_table(DatabaseName=LINK, Name=name)["Table"]
        assert columns(one) == columns(shown)


def test_by_the_providers_own_names_too(client):
    glue = client.client("glue")
    found = glue.get_tables(CatalogId=PROVIDER, DatabaseName=DATABASE)["TableList"]
    assert names(found) == ["esg_insights", "nav_history"]
    assert names(glue.get_databases(ResourceShareType="FOREIGN")["DatabaseList"]) == [DATABASE]
    assert names(glue.get_databases()["DatabaseList"]) == [LINK]


def test_what_is_not_granted_is_as_if_it_were_not_there(client):
    glue = client.client("glue")

    def answer(name, **where):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            glue.get_table(Name=name, **where)
        return str(caught.value).replace(name, "NAME")

    for where in {"DatabaseName": LINK}, {"CatalogId": PROVIDER, "DatabaseName": DATABASE}:
        assert answer("secret", **where) == answer("no_such", **where)
    assert "secret" not in str(glue.get_tables(DatabaseName=LINK))


def test_values_of_partitions_are_data(client, team):
    """A row filter may hide all rows of one: then its value is hidden too."""
    assert code(
        client.client("glue").get_partitions, DatabaseName=LINK, TableName="nav_history"
    ) == "AccessDeniedException"


def test_the_providers_catalogue_is_read_only(client):
    glue = client.client("glue")
    other = {"CatalogId": PROVIDER, "DatabaseName": DATABASE}
    for call, parameters in (
        (glue.create_database, {"CatalogId": PROVIDER, "DatabaseInput": {"Name": "mine"}}),
        (glue.create_table, {"TableInput": {"Name": "mine"}, **other}),
        (glue.delete_table, {"Name": "nav_history", **other}),
        (glue.delete_database, {"CatalogId": PROVIDER, "Name": DATABASE}),
        (glue.create_partition, {
            "TableName": "nav_history", "PartitionInput": {"Values": ["x"]}, **other}),
    ):
        assert code(call, **parameters) == "AccessDeniedException"
    # Nor through the link: it has no tables of its own.
    assert code(
        glue.create_table, DatabaseName=LINK, TableInput={"Name": "mine"}) == "InvalidInputException"


def test_a_subscribers_own_catalogue_is_its_own(client, team):
    glue = client.client("glue")
    glue.create_database(DatabaseInput={"Name": "mine"})
    glue.create_table(DatabaseName="mine", TableInput={"Name": "positions"})
    assert names(glue.get_tables(DatabaseName="mine")["TableList"]) == ["positions"]
    assert code(team.glue.get_database, CatalogId=SUBSCRIBER, Name="mine") == "EntityNotFoundException"
    glue.delete_database(Name="mine")
    assert code(glue.get_tables, DatabaseName="mine") == "EntityNotFoundException"
