"""How a catalogue changes: versions of tables, batches of partitions, tags, and what a search finds."""

import pytest

from exchange import PROVIDER, REGION
from lake import DATABASE, Lake, Provider, columns_of, link_database
from s3 import ONCE, refused

SUBSCRIBER = "222222222222"
INVALID = (400, "InvalidInputException")
NOT_FOUND = (400, "EntityNotFoundException")


@pytest.fixture(scope="module")
def team(exchange, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake")).sample("--funds", "3", "--days", "3")
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.describe("nav_history", "esg_insights")
    return team


@pytest.fixture
def glue(team):
    return team.machine.client("glue", config=ONCE)


@pytest.fixture(scope="module")
def other(subscriber, team):
    """A subscriber, granted two columns of one table."""
    team.grant(SUBSCRIBER, "SELECT", columns_of("esg_insights", "fund_id", "esg_score"))
    link_database(subscriber)
    return subscriber.client("glue", config=ONCE)


def made(glue, name, columns=("a",), keys=()):
    table = {
        "Name": name, "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": "int"} for column in columns],
            "Location": f"s3://nomura-data-lake/gold/{name}/"}}
    glue.create_table(DatabaseName=DATABASE, TableInput=table)
    return table


def test_of_two_who_change_a_table_one_is_told(glue):
    table = made(glue, "changing")
    version = glue.get_table(DatabaseName=DATABASE, Name="changing")["Table"]["VersionId"]
    table["StorageDescriptor"]["Columns"].append({"Name": "B", "Type": "string"})
    glue.update_table(DatabaseName=DATABASE, TableInput=table, VersionId=version)
    late = refused(glue.update_table, DatabaseName=DATABASE, TableInput=table, VersionId=version)
    assert late == (400, "ConcurrentModificationException")
    now = glue.get_table(DatabaseName=DATABASE, Name="changing")["Table"]
    assert now["VersionId"] == "1" and now["UpdateTime"] > now["CreateTime"]
    assert [column["Name"] for column in now["StorageDescriptor"]["Columns"]] == ["a", "b"]
    versions = glue.get_table_versions(DatabaseName=DATABASE, TableName="changing")["TableVersions"]
    assert [(one["VersionId"], len(one["Table"]["StorageDescriptor"]["Columns"])) for one in versions] == [
        ("1", 2), ("0", 1)]
    glue.update_table(DatabaseName=DATABASE, TableInput=table, SkipArchive=True)
    versions = glue.get_table_versions(DatabaseName=DATABASE, TableName="changing")["TableVersions"]
    assert [one["VersionId"] for one in versions] == ["2", "0"]


def test_a_change_that_cannot_be(glue):
    table = made(glue, "kept", keys=["k"])
    for change in (
        {"PartitionKeys": []}, {"StorageDescriptor": {"Columns": [{"Name": "a"}, {"Name": "A"}]}}):
        assert refused(glue.update_table, DatabaseName=DATABASE, TableInput=table | change) == INVALID
    assert refused(glue.update_table, DatabaseName=DATABASE, TableInput=table | {"Name": "none"}) == NOT_FOUND
    assert refused(glue.update_table, DatabaseName="none", TableInput=table) == NOT_FOUND


def test_a_table_that_is_changed_is_read_as_it_is_now(glue, other, team):
    """Who has columns by name keeps those, and a new one is nobody's before it is granted."""
    table = glue.get_table(DatabaseName=DATABASE, Name="esg_insights")["Table"]
    input = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys") if key in table}
    input["StorageDescriptor"]["Columns"].append({"Name": "secret_score", "Type": "int"})
    glue.update_table(DatabaseName=DATABASE, TableInput=input)
    seen = other.get_table(DatabaseName="external_nomura_data", Name="esg_insights")["Table"]
    assert [column["Name"] for column in seen["StorageDescriptor"]["Columns"]] == ["fund_id", "esg_score"]
    assert refused(other.get_table_versions, DatabaseName="external_nomura_data", TableName="esg_insights")[0] == 400
    assert refused(
        other.get_table_versions, CatalogId=PROVIDER, DatabaseName=DATABASE, TableName="esg_insights"
    )[1] == "AccessDeniedException"
    assert refused(
        other.update_table, CatalogId=PROVIDER, DatabaseName=DATABASE, TableInput=input
    )[1] == "AccessDeniedException"


def test_partitions_many_at_once(glue):
    made(glue, "many_parts", keys=["day", "kind"])
    wanted = [{"Values": [f"2024-01-0{day}", "x"]} for day in (1, 2, 3)]
    table = {"DatabaseName": DATABASE, "TableName": "many_parts"}
    errors = glue.batch_create_partition(
        **table, PartitionInputList=[*wanted, wanted[0], {"Values": ["short"]}])["Errors"]
    assert [(one["PartitionValues"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        (["2024-01-01", "x"], "AlreadyExistsException"), (["short"], "InvalidInputException")]
    got = glue.batch_get_partition(
        **table, PartitionsToGet=[{"Values": ["2024-01-02", "x"]}, {"Values": ["none", "x"]}])
    assert [one["Values"] for one in got["Partitions"]] == [["2024-01-02", "x"]]
    glue.update_partition(
        **table, PartitionValueList=["2024-01-03", "x"],
        PartitionInput={"Values": ["2024-01-03", "y"], "Parameters": {"a": "b"}})
    moved = glue.get_partition(**table, PartitionValues=["2024-01-03", "y"])["Partition"]
    assert moved["Parameters"] == {"a": "b"}
    assert refused(glue.get_partition, **table, PartitionValues=["2024-01-03", "x"]) == NOT_FOUND
    glue.delete_partition(**table, PartitionValues=["2024-01-01", "x"])
    assert refused(glue.delete_partition, **table, PartitionValues=["2024-01-01", "x"]) == NOT_FOUND
    errors = glue.batch_delete_partition(
        **table, PartitionsToDelete=[{"Values": ["2024-01-02", "x"]}, {"Values": ["none", "x"]}])["Errors"]
    assert [one["PartitionValues"] for one in errors] == [["none", "x"]]
    left = glue.get_partitions(**table)["Partitions"]
    assert [one["Values"] for one in left] == [["2024-01-03", "y"]]
    assert glue.get_partition_indexes(**table)["PartitionIndexDescriptorList"] == []


def test_an_update_that_fails_takes_nothing_away(glue):
    made(glue, "held", keys=["k"])
    table = {"DatabaseName": DATABASE, "TableName": "held"}
    for value in ("a", "b"):
        glue.create_partition(**table, PartitionInput={"Values": [value]})
    taken = refused(
        glue.update_partition, **table, PartitionValueList=["a"], PartitionInput={"Values": ["b"]})
    assert taken == (400, "AlreadyExistsException")
    assert len(glue.get_partitions(**table)["Partitions"]) == 2


def test_tags_end_with_what_they_are_on(glue, other):
    made(glue, "tagged")
    arn = f"arn:aws:glue:{REGION}:{PROVIDER}:table/{DATABASE}/tagged"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "lake", "cost": "7"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["cost", "none"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "lake"}
    assert refused(other.get_tags, ResourceArn=arn) == INVALID
    glue.delete_table(DatabaseName=DATABASE, Name="tagged")
    assert refused(glue.get_tags, ResourceArn=arn) == NOT_FOUND
    made(glue, "tagged")
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}
    glue.create_database(DatabaseInput={"Name": "brief"})
    whole = f"arn:aws:glue:{REGION}:{PROVIDER}:database/brief"
    glue.tag_resource(ResourceArn=whole, TagsToAdd={"a": "b"})
    glue.delete_database(Name="brief")
    glue.create_database(DatabaseInput={"Name": "brief"})
    assert glue.get_tags(ResourceArn=whole)["Tags"] == {}
    for wrong in (arn + "x", "words and words and words", f"arn:aws:glue:{REGION}:{PROVIDER}:crawler/x"):
        assert refused(glue.get_tags, ResourceArn=wrong)[0] == 400


def test_a_search_finds_what_the_asker_sees_and_no_more(glue, other):
    def found(client, text, **more):
        return [table["Name"] for table in client.search_tables(SearchText=text, **more)["TableList"]]

    assert "esg_insights" in found(glue, "carbon_intensity")
    assert found(glue, '"esg_insights"') == ["esg_insights"] and found(glue, '"esg_insight"') == []
    shared = {"ResourceShareType": "ALL"}
    assert found(other, "esg_score", **shared) == ["esg_insights"]
    for hidden in ("carbon_intensity", "nav_history", "secret_score"):
        assert found(other, hidden, **shared) == [], hidden
    by_type = glue.search_tables(Filters=[{"Key": "Name", "Value": "nav_history", "Comparator": "EQUALS"}])
    assert [table["Name"] for table in by_type["TableList"]] == ["nav_history"]


def test_a_database_is_described_anew(glue):
    glue.create_database(DatabaseInput={"Name": "described"})
    glue.update_database(Name="described", DatabaseInput={
        "Name": "described", "Description": "new", "Parameters": {"a": "b"}})
    database = glue.get_database(Name="described")["Database"]
    assert (database["Description"], database["Parameters"]) == ("new", {"a": "b"})
    assert refused(glue.update_database, Name="described", DatabaseInput={"Name": "other"}) == INVALID
    assert refused(glue.update_database, Name="none", DatabaseInput={"Name": "none"}) == NOT_FOUND


def test_several_tables_go_at_once(glue):
    for name in ("going1", "going2"):
        made(glue, name)
    errors = glue.batch_delete_table(DatabaseName=DATABASE, TablesToDelete=["going1", "none", "going2"])["Errors"]
    assert [(one["TableName"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        ("none", "EntityNotFoundException")]
    assert refused(glue.get_table, DatabaseName=DATABASE, Name="going2") == NOT_FOUND
