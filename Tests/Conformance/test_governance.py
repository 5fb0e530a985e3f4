"""Lake Formation: who may see what, down to rows and columns, and when it ends."""

import botocore.exceptions
import pytest

from exchange import PROVIDER
from lake import (
    ADMINISTRATOR, BUCKET, DATABASE, Lake, Provider, cells, columns_of, in_shell, link_database,
    principal, table_of)

SUBSCRIBER = "222222222222"
NAV_HISTORY = {"TableCatalogId": PROVIDER, "DatabaseName": DATABASE, "TableName": "nav_history"}


@pytest.fixture(scope="module")
def team(exchange, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake")).sample("--funds", "3", "--days", "3")
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.describe("nav_history", "esg_insights")
    return team


@pytest.fixture(scope="module")
def client(subscriber, team):
    link_database(subscriber)
    return subscriber


@pytest.fixture
def lakeformation(team):
    return team.lakeformation


def refusal(call, **parameters):
    """Status, code and message."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return (
        answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"],
        answer["Error"]["Message"])


def code(call, **parameters):
    return refusal(call, **parameters)[1]


def listed(lakeformation, **asked):
    return [
        (entry["Principal"]["DataLakePrincipalIdentifier"], *sorted(entry["Permissions"]))
        for entry in lakeformation.list_permissions(**asked)["PrincipalResourcePermissions"]]


def seen(machine):
    """The columns of each table that an account sees."""
    tables = machine.client("glue").get_tables(CatalogId=PROVIDER, DatabaseName=DATABASE)["TableList"]
    return {
        table["Name"]: {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
        for table in tables}


# Settings and locations


def test_settings_are_replaced_as_a_whole(provider, lakeformation):
    settings = {
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": ADMINISTRATOR}],
        "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": [],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4"}}
    put = provider.aws(
        "lakeformation", "put-data-lake-settings", "--data-lake-settings", in_shell(settings))
    assert put.status == 0, put
    got = provider.aws("lakeformation", "get-data-lake-settings").json["DataLakeSettings"]
    assert got["DataLakeAdmins"] == settings["DataLakeAdmins"]
    assert got["Parameters"] == {"CROSS_ACCOUNT_VERSION": "4"}
    del settings["Parameters"]
    lakeformation.put_data_lake_settings(DataLakeSettings=settings)
    assert lakeformation.get_data_lake_settings()["DataLakeSettings"]["Parameters"] == {}


def test_nobody_changes_another_accounts_settings(client):
    settings = {"DataLakeAdmins": [principal("arn:aws:iam::222222222222:role/data-subscriber")]}
    lakeformation = client.client("lakeformation")
    assert refusal(
        lakeformation.put_data_lake_settings, CatalogId=PROVIDER, DataLakeSettings=settings
    )[:2] == (400, "AccessDeniedException")


def test_a_location_is_registered_once(provider, lakeformation):
    arn = f"arn:aws:s3:::{BUCKET}"
    again = provider.aws(
        "lakeformation", "register-resource", "--resource-arn", arn, "--use-service-linked-role")
    assert again.status != 0 and "AlreadyExistsException" in again.err, again
    assert lakeformation.describe_resource(ResourceArn=arn)["ResourceInfo"]["ResourceArn"] == arn
    assert code(
        lakeformation.describe_resource, ResourceArn="arn:aws:s3:::another-lake"
    ) == "EntityNotFoundException"


# Grants


def test_the_references_grant_is_typed(provider, client):
    """The root user's ARN is no principal of Lake Formation's; it is taken as the account's digits."""
    grant = [
        "--principal", f"DataLakePrincipalIdentifier=arn:aws:iam::{SUBSCRIBER}:root", "--permissions",
        "SELECT", "--resource", in_shell(table_of("esg_insights"))]
    assert provider.aws("lakeformation", "grant-permissions", *grant).status == 0
    assert "environmental_rating" in seen(client)["esg_insights"]
    entries = provider.aws(
        "lakeformation", "list-permissions", "--resource", in_shell(table_of("esg_insights")))
    entries = entries.json["PrincipalResourcePermissions"]
    assert [entry["Principal"]["DataLakePrincipalIdentifier"] for entry in entries] == [SUBSCRIBER]
    assert provider.aws("lakeformation", "revoke-permissions", *grant).status == 0
    # In force with the next request: nothing of the database is left to see.
    assert code(
        client.client("glue").get_tables, CatalogId=PROVIDER, DatabaseName=DATABASE
    ) == "EntityNotFoundException"


def test_grants_add_up_and_are_revoked_one_by_one(team, client):
    glue = client.client("glue")
    team.grant(SUBSCRIBER, "SELECT", columns_of("esg_insights", "fund_id"))
    assert seen(client) == {"esg_insights": {"fund_id"}}
    team.grant(SUBSCRIBER, "SELECT", columns_of("esg_insights", "esg_score"))
    assert seen(client) == {"esg_insights": {"fund_id", "esg_score"}}
    team.grant_rows(SUBSCRIBER, "nav_history", "fund_id = 'F001'", columns=["fund_id", "nav"])
    assert seen(client) == {"esg_insights": {"fund_id", "esg_score"}, "nav_history": {"fund_id", "nav"}}
    team.revoke(SUBSCRIBER, "SELECT", columns_of("esg_insights", "esg_score"))
    assert seen(client) == {"esg_insights": {"fund_id"}, "nav_history": {"fund_id", "nav"}}
    team.revoke(SUBSCRIBER, "SELECT", cells("nav_history", "rows"))
    assert seen(client) == {"esg_insights": {"fund_id"}}
    team.revoke(SUBSCRIBER, "SELECT", columns_of("esg_insights", "fund_id"))
    assert code(glue.get_database, CatalogId=PROVIDER, Name=DATABASE) == "EntityNotFoundException"
    team.lakeformation.delete_data_cells_filter(**NAV_HISTORY, Name="rows")


def test_a_grant_of_the_database_shows_the_database_alone(team, client):
    database = {"Database": {"Name": DATABASE}}
    team.grant(SUBSCRIBER, "DESCRIBE", database)
    shown = client.client("glue").get_database(CatalogId=PROVIDER, Name=DATABASE)["Database"]
    assert shown["Name"] == DATABASE
    assert seen(client) == {}
    team.revoke(SUBSCRIBER, "DESCRIBE", database)


def test_a_grant_of_all_tables(team, client):
    every = {"Table": {"DatabaseName": DATABASE, "TableWildcard": {}}}
    team.grant(SUBSCRIBER, "SELECT", every)
    assert sorted(seen(client)) == ["esg_insights", "nav_history"]
    # Also those that come later.
    team.create_table("later", "gold/later/", {"a": "string"})
    assert sorted(seen(client)) == ["esg_insights", "later", "nav_history"]
    team.glue.delete_table(DatabaseName=DATABASE, Name="later")
    team.revoke(SUBSCRIBER, "SELECT", every)


def test_grants_go_with_the_table(team, client):
    team.create_table("short", "gold/short/", {"a": "string"})
    team.grant(SUBSCRIBER, "SELECT", table_of("short"))
    team.glue.delete_table(DatabaseName=DATABASE, Name="short")
    team.create_table("short", "gold/short/", {"a": "string"})
    assert listed(team.lakeformation, Resource=table_of("short")) == []
    team.glue.delete_table(DatabaseName=DATABASE, Name="short")


def test_a_revoke_of_nothing_is_what_terraform_waits_for(team, lakeformation):
    team.grant(SUBSCRIBER, "SELECT", table_of("esg_insights"))
    revoke = {
        "Principal": principal(SUBSCRIBER), "Permissions": ["SELECT"],
        "Resource": table_of("esg_insights")}
    lakeformation.revoke_permissions(**revoke)
    status, error, message = refusal(lakeformation.revoke_permissions, **revoke)
    assert (status, error) == (400, "InvalidInputException")
    assert message.startswith("No permissions revoked. Grantee has no"), message


def test_a_list_by_principal_needs_a_resource(provider, lakeformation):
    assert refusal(lakeformation.list_permissions, Principal=principal(SUBSCRIBER)) == (
        400, "InvalidInputException", "Resource is mandatory if Principal is set in the input.")
    typed = provider.aws(
        "lakeformation", "list-permissions", "--principal", f"DataLakePrincipalIdentifier={SUBSCRIBER}")
    assert typed.status != 0 and "Resource is mandatory" in typed.err, typed


def test_a_list_of_what_one_grantee_has_on_a_table(team, lakeformation):
    """As Terraform reads a grant back: columns and filters too."""
    team.grant(SUBSCRIBER, "SELECT", columns_of("esg_insights", "fund_id"))
    team.grant_rows(SUBSCRIBER, "esg_insights", "esg_score > 50")
    asked = {"Principal": principal(SUBSCRIBER), "Resource": table_of("esg_insights")}
    entries = lakeformation.list_permissions(**asked)["PrincipalResourcePermissions"]
    kinds = sorted(kind for entry in entries for kind in entry["Resource"])
    assert kinds == ["DataCellsFilter", "TableWithColumns"]
    team.revoke(SUBSCRIBER, "SELECT", columns_of("esg_insights", "fund_id"))
    team.revoke(SUBSCRIBER, "SELECT", cells("esg_insights", "rows"))
    assert listed(lakeformation, **asked) == []
    lakeformation.delete_data_cells_filter(
        TableCatalogId=PROVIDER, DatabaseName=DATABASE, TableName="esg_insights", Name="rows")


@pytest.mark.parametrize("grantee,permission,resource,expected", [
    (SUBSCRIBER, "SELECT", {"Database": {"Name": DATABASE}}, "InvalidInputException"),
    (SUBSCRIBER, "SELECT", table_of("no_such"), "EntityNotFoundException"),
    (SUBSCRIBER, "SELECT", columns_of("esg_insights", "no_such"), "InvalidInputException"),
    (SUBSCRIBER, "INSERT", columns_of("esg_insights", "fund_id"), "InvalidInputException"),
    (SUBSCRIBER, "SELECT", cells("esg_insights", "no_such"), "EntityNotFoundException"),
    ("22222222222", "SELECT", table_of("esg_insights"), "InvalidInputException"),
    ("arn:aws:s3:::bucket", "SELECT", table_of("esg_insights"), "InvalidInputException"),
    ("*", "SELECT", table_of("esg_insights"), "InvalidInputException"),
])
def test_a_grant_that_cannot_be(team, lakeformation, grantee, permission, resource, expected):
    assert code(
        lakeformation.grant_permissions, Principal=principal(grantee), Permissions=[permission],
        Resource=resource) == expected
    assert listed(lakeformation, Resource=table_of("esg_insights")) == []


def test_a_subscriber_grants_nothing(exchange, client, team):
    """Lake Formation's refusals have status 400, whatever its model says: clients match on the text."""
    lakeformation = client.client("lakeformation")
    foreign = {"Table": {"CatalogId": PROVIDER, "DatabaseName": DATABASE, "Name": "nav_history"}}
    for call, parameters in (
        (lakeformation.grant_permissions, {
            "Principal": principal(SUBSCRIBER), "Permissions": ["SELECT"],
            "Resource": foreign}),
        (lakeformation.create_data_cells_filter, {"TableData": {
            **NAV_HISTORY, "Name": "all", "RowFilter": {"AllRowsWildcard": {}},
            "ColumnWildcard": {}}}),
        (lakeformation.register_resource, {
            "ResourceArn": f"arn:aws:s3:::{BUCKET}", "UseServiceLinkedRole": True}),
    ):
        status, error, _ = refusal(call, **parameters)
        assert (status, error) == (400, "AccessDeniedException")
    assert listed(team.lakeformation, Resource=table_of("nav_history")) == []


def test_what_was_granted_with_the_option_is_passed_on_within_the_account(team, client):
    role = f"arn:aws:iam::{SUBSCRIBER}:role/analyst"
    lakeformation = client.client("lakeformation")
    onward = {
        "CatalogId": PROVIDER, "Permissions": ["SELECT"],
        "Resource": {"Table": {"CatalogId": PROVIDER, "DatabaseName": DATABASE, "Name": "nav_history"}}}
    team.lakeformation.grant_permissions(
        Principal=principal(SUBSCRIBER), Permissions=["SELECT"], PermissionsWithGrantOption=["SELECT"],
        Resource=table_of("nav_history"))
    # The built-in role may not change grants at all yet, whatever it holds.
    status, error, _ = refusal(lakeformation.grant_permissions, Principal=principal(role), **onward)
    assert (status, error) == (400, "AccessDeniedException")
    assert {entry for entry in listed(lakeformation, CatalogId=PROVIDER)} == {(SUBSCRIBER, "SELECT")}
    team.revoke(SUBSCRIBER, "SELECT", table_of("nav_history"))


def test_a_stranger_to_the_catalogue_sees_none_of_its_grants(exchange, team):
    team.grant(SUBSCRIBER, "SELECT", table_of("nav_history"))
    other = exchange.subscriber("333333333333").client("lakeformation")
    assert listed(other, CatalogId=PROVIDER) == []
    team.revoke(SUBSCRIBER, "SELECT", table_of("nav_history"))


# Data cells filters


def test_a_filter_is_typed_and_shown(provider, lakeformation):
    filter_ = {
        **NAV_HISTORY, "Name": "typed",
        "RowFilter": {"FilterExpression": "fund_id IN ('F001', 'F002') AND nav > 10.5"},
        "ColumnNames": ["fund_id", "nav"]}
    made = provider.aws(
        "lakeformation", "create-data-cells-filter", "--table-data", in_shell(filter_))
    assert made.status == 0, made
    name = NAV_HISTORY | {"Name": "typed"}
    shown = lakeformation.get_data_cells_filter(**name)["DataCellsFilter"]
    assert {key: shown[key] for key in filter_} == filter_ and shown["VersionId"]
    assert code(lakeformation.create_data_cells_filter, TableData=filter_) == "AlreadyExistsException"
    lakeformation.delete_data_cells_filter(**name)
    assert code(lakeformation.get_data_cells_filter, **name) == "EntityNotFoundException"


def test_a_filter_that_is_granted_stays(team, lakeformation):
    team.grant_rows(SUBSCRIBER, "nav_history", "fund_id = 'F001'", name="used")
    name = NAV_HISTORY | {"Name": "used"}
    with pytest.raises(botocore.exceptions.ClientError):
        lakeformation.delete_data_cells_filter(**name)
    team.revoke(SUBSCRIBER, "SELECT", cells("nav_history", "used"))
    lakeformation.delete_data_cells_filter(**name)


@pytest.mark.parametrize("expression", [
    "fund_id = 'F001'", "fund_id <> 'F001' AND nav >= 1", "NOT (nav < 1 OR nav > 2)",
    "fund_id LIKE 'F0%'", "fund_id NOT LIKE 'F0%'", "nav BETWEEN 1 AND 2.5",
    "fund_id IN ('a', 'it''s')", "nav_date IS NOT NULL", '"nav" = 1', "FUND_ID = 'F001'",
    "as_of >= '2024-01-08'", "nav_date = DATE '2024-01-08'",
])
def test_an_expression_of_the_grammar(team, expression):
    team.create_filter("nav_history", "tried", expression)
    team.lakeformation.delete_data_cells_filter(**NAV_HISTORY, Name="tried")


@pytest.mark.parametrize("expression", [
    "", "nav", "fund_id = nav", "lower(fund_id) = 'f001'", "nav = 'x'", "fund_id = 5", "no_such = 'x'",
    "fund_id = (SELECT 'F001')", "fund_id = 'F001'; DROP TABLE t", "1 = 1", "true", "nav + 1 = 2",
    "fund_id = 'F001' ORDER BY 1", "fund_id = 'F001') OR (1=1", "x" * 3_000,
    "fund_id = getenv('HOME')", "EXISTS (SELECT 1)", "fund_id = 'F001' UNION SELECT 1", "(" * 500,
])
def test_an_expression_that_is_none(team, expression):
    """What an SQL engine would run gladly, and a grant must not hold."""
    assert code(
        team.create_filter, table="nav_history", name="wrong", rows=expression or " "
    ) == "InvalidInputException"


def test_columns_are_named_one_way(lakeformation):
    wrong = NAV_HISTORY | {"Name": "wrong", "RowFilter": {"AllRowsWildcard": {}}}
    for columns in {}, {"ColumnNames": ["nav"], "ColumnWildcard": {}}, {"ColumnNames": ["no_such"]}:
        assert code(
            lakeformation.create_data_cells_filter, TableData=wrong | columns
        ) == "InvalidInputException"


# The record


def test_each_change_of_a_grant_is_in_the_trail(exchange, team):
    team.grant(SUBSCRIBER, "SELECT", table_of("nav_history"))
    team.revoke(SUBSCRIBER, "SELECT", table_of("nav_history"))
    names = ("GrantPermissions", "RevokePermissions")
    granted, revoked = [
        record for record in exchange.trail
        if record["eventName"] in names and "errorCode" not in record][-2:]
    assert (granted["eventName"], revoked["eventName"]) == names
    for record in granted, revoked:
        assert record["userIdentity"]["arn"] == ADMINISTRATOR
        assert record["requestParameters"]["Principal"] == principal(SUBSCRIBER)
    assert exchange.verify().status == 0
