"""Lake Formation beyond single grants: batches, filters that change, locations."""

import pytest

from athena import Athena
from exchange import PROVIDER
from lake import ADMINISTRATOR, BUCKET, DATABASE, Provider, link_database
from s3 import ONCE, refused

ACCOUNT = "222222222222"
DENIED = (400, "AccessDeniedException")


@pytest.fixture(scope="module")
def team(exchange, tmp_path_factory):
    return Provider.of_sample(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def athena(team, subscriber):
    link_database(subscriber)
    return Athena(subscriber)


@pytest.fixture
def lakeformation(team):
    return team.machine.client("lakeformation", config=ONCE)


def filter_of(name, **changed):
    return {
        "TableCatalogId": PROVIDER, "DatabaseName": DATABASE, "TableName": "nav_history", "Name": name,
        "RowFilter": {"FilterExpression": "fund_id = 'F001'"}, "ColumnWildcard": {}} | changed


def entry(id, resource, permissions=("SELECT",), principal=ACCOUNT, **more):
    return {
        "Id": id, "Principal": {"DataLakePrincipalIdentifier": principal}, "Resource": resource,
        "Permissions": list(permissions)} | more


def table(name):
    return {"Table": {"DatabaseName": DATABASE, "Name": name}}


def test_a_batch_does_what_it_can_and_names_the_rest(lakeformation, athena):
    entries = [
        entry("1", table("nav_history")), entry("2", table("nowhere")), entry("3", table("esg_insights")),
        entry("4", table("nav_history"), ["CREATE_TABLE"]), entry("5", table("nav_history"), principal="words")]
    failures = lakeformation.batch_grant_permissions(Entries=entries)["Failures"]
    assert [(one["RequestEntry"]["Id"], one["Error"]["ErrorCode"]) for one in failures] == [
        ("2", "EntityNotFoundException"), ("4", "InvalidInputException"), ("5", "InvalidInputException")]
    assert athena.rows("SELECT count(DISTINCT fund_id) FROM nav_history") == [["4"]]
    assert athena.rows("SELECT count(*) > 0 FROM esg_insights") == [["true"]]
    failures = lakeformation.batch_revoke_permissions(Entries=[entries[0], entries[2]])["Failures"]
    assert failures == []
    assert athena.reason("SELECT count(*) FROM nav_history").startswith("TABLE_NOT_FOUND")
    assert refused(lakeformation.batch_grant_permissions, Entries=[entries[0]] * 2)[1] == "InvalidInputException"
    assert refused(
        lakeformation.batch_grant_permissions,
        Entries=[entry(str(number), table("nav_history")) for number in range(21)])[1] == "InvalidInputException"


def test_nobody_grants_what_is_not_theirs_in_a_batch(subscriber, athena):
    own = subscriber.client("lakeformation", config=ONCE)
    status = refused(
        own.batch_grant_permissions, CatalogId=PROVIDER, Entries=[entry("1", table("nav_history"))])
    assert status[1] == "AccessDeniedException"


def test_a_filter_that_changes_is_in_force_with_the_next_statement(lakeformation, athena):
    lakeformation.create_data_cells_filter(TableData=filter_of("moving"))
    lakeformation.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": ACCOUNT}, Permissions=["SELECT"],
        Resource={"DataCellsFilter": {
            "TableCatalogId": PROVIDER, "DatabaseName": DATABASE, "TableName": "nav_history",
            "Name": "moving"}})
    funds = "SELECT DISTINCT fund_id FROM nav_history ORDER BY 1"
    assert athena.rows(funds) == [["F001"]]
    first = lakeformation.get_data_cells_filter(
        TableCatalogId=PROVIDER, DatabaseName=DATABASE, TableName="nav_history", Name="moving"
    )["DataCellsFilter"]["VersionId"]
    lakeformation.update_data_cells_filter(TableData=filter_of(
        "moving", RowFilter={"FilterExpression": "fund_id IN ('F002', 'F003')"},
        ColumnWildcard={"ExcludedColumnNames": ["nav"]}, VersionId=first))
    assert athena.rows(funds) == [["F002"], ["F003"]]
    assert athena.reason("SELECT nav FROM nav_history").startswith("COLUMN_NOT_FOUND")
    stale = refused(
        lakeformation.update_data_cells_filter, TableData=filter_of("moving", VersionId=first))
    assert stale == (400, "ConcurrentModificationException")
    assert refused(lakeformation.update_data_cells_filter, TableData=filter_of("none"))[1] == (
        "EntityNotFoundException")
    for expression in ("lower(fund_id) = 'f001'", "1 = 1 OR fund_id = nav", "fund_id = 5 OR"):
        status = refused(lakeformation.update_data_cells_filter, TableData=filter_of(
            "moving", RowFilter={"FilterExpression": expression}))
        assert status == (400, "InvalidInputException"), expression
    assert athena.rows(funds) == [["F002"], ["F003"]]


def test_filters_are_listed_for_whoever_governs_the_table(lakeformation, subscriber, team):
    for name in ("listed-a", "listed-b"):
        lakeformation.create_data_cells_filter(TableData=filter_of(name))
    names, token = [], {}
    while True:
        page = lakeformation.list_data_cells_filter(
            Table={"DatabaseName": DATABASE, "Name": "nav_history"}, MaxResults=1, **token)
        names += [one["Name"] for one in page["DataCellsFilters"]]
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    assert {"listed-a", "listed-b"} <= set(names) and names == sorted(names)
    assert names == [one["Name"] for one in lakeformation.list_data_cells_filter()["DataCellsFilters"]]
    other = subscriber.client("lakeformation", config=ONCE)
    assert other.list_data_cells_filter()["DataCellsFilters"] == []
    assert refused(other.list_data_cells_filter, Table={
        "CatalogId": PROVIDER, "DatabaseName": DATABASE, "Name": "nav_history"}) == DENIED


def test_locations_from_their_registration_to_their_end(lakeformation, subscriber, team):
    arn = f"arn:aws:s3:::{BUCKET}/gold/other"
    lakeformation.register_resource(ResourceArn=arn, UseServiceLinkedRole=True)
    listed = [one["ResourceArn"] for one in lakeformation.list_resources()["ResourceInfoList"]]
    assert listed == sorted(listed) and any(one.startswith(arn) for one in listed)
    role = f"arn:aws:iam::{PROVIDER}:role/lake"
    lakeformation.update_resource(ResourceArn=arn, RoleArn=role)
    assert lakeformation.describe_resource(ResourceArn=arn)["ResourceInfo"]["RoleArn"] == role
    assert refused(lakeformation.update_resource, ResourceArn=arn, RoleArn="words and words")[0] == 400
    other = subscriber.client("lakeformation", config=ONCE)
    for call in (other.deregister_resource, other.describe_resource):
        assert refused(call, ResourceArn=arn)[0] == 400
    lakeformation.deregister_resource(ResourceArn=arn)
    assert refused(lakeformation.describe_resource, ResourceArn=arn) == (400, "EntityNotFoundException")
    assert refused(lakeformation.deregister_resource, ResourceArn=arn) == (400, "EntityNotFoundException")


def test_who_one_is_as_grants_name_it(lakeformation, subscriber):
    assert lakeformation.get_data_lake_principal()["Identity"] == ADMINISTRATOR
    assert subscriber.client("lakeformation").get_data_lake_principal()["Identity"] == (
        f"arn:aws:iam::{ACCOUNT}:role/data-subscriber")


def effective(lakeformation, path, **options):
    """Principal, kind of resource and permissions of each."""
    found = lakeformation.get_effective_permissions_for_path(
        ResourceArn=f"arn:aws:s3:::{path}", **options)["Permissions"]
    return [
        (one["Principal"]["DataLakePrincipalIdentifier"], *one["Resource"], *one["Permissions"])
        for one in found]


def test_what_was_granted_at_a_path(lakeformation, subscriber, team):
    account = "333333333333"
    location = {"DataLocation": {"ResourceArn": f"arn:aws:s3:::{BUCKET}"}}
    role = f"arn:aws:iam::{PROVIDER}:role/loader"
    team.glue.create_database(DatabaseInput={"Name": "placed", "LocationUri": f"s3://{BUCKET}/silver/"})
    for principal, permission, resource in (
            (account, "SELECT", table("esg_insights")), (role, "DATA_LOCATION_ACCESS", location),
            (account, "DESCRIBE", {"Table": {"DatabaseName": DATABASE, "TableWildcard": {}}}),
            (account, "DESCRIBE", {"Database": {"Name": "placed"}})):
        lakeformation.grant_permissions(
            Principal={"DataLakePrincipalIdentifier": principal}, Permissions=[permission], Resource=resource)
    esg = [
        (account, "Table", "DESCRIBE"), (account, "TableWithColumns", "SELECT"),
        (role, "DataLocation", "DATA_LOCATION_ACCESS")]
    for path in ("gold/esg-insights", "gold/esg-insights/*", "gold/esg-insights/part/of/it"):
        assert sorted(effective(lakeformation, f"{BUCKET}/{path}")) == esg
    assert (account, "Database", "DESCRIBE") in effective(lakeformation, f"{BUCKET}/silver/deeper")
    # The folder's name is no prefix of its neighbour's.
    assert effective(lakeformation, f"{BUCKET}/gold/esg") == [(role, "DataLocation", "DATA_LOCATION_ACCESS")]
    assert set(esg) <= set(effective(lakeformation, BUCKET))
    whole = lakeformation.get_effective_permissions_for_path(ResourceArn=f"arn:aws:s3:::{BUCKET}")
    paged, token = [], {}
    while True:
        page = lakeformation.get_effective_permissions_for_path(
            ResourceArn=f"arn:aws:s3:::{BUCKET}", MaxResults=1, **token)
        paged += page["Permissions"]
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    assert paged == whole["Permissions"] and len(paged) > 2
    # Somebody else is shown what reaches it, and no more.
    other = subscriber.client("lakeformation", config=ONCE)
    shown = effective(other, f"{BUCKET}/gold/esg-insights", CatalogId=PROVIDER)
    assert [one for one in shown if one[0] != ACCOUNT] == []
    assert effective(other, BUCKET) == []
    for wrong in ("words", "arn:aws:sqs:us-east-1:111111111111:queue"):
        assert refused(lakeformation.get_effective_permissions_for_path, ResourceArn=wrong) == (
            400, "InvalidInputException")
