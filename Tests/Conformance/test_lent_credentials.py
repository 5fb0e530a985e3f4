"""Files as they lie: for whomever a table was granted as a whole, and for nobody from whom something is hidden."""

import json

import boto3
import pyarrow.dataset
import pyarrow.fs
import pytest
import urllib3
from botocore.exceptions import ClientError

from exchange import PROVIDER
from lake import (
    ADMINISTRATOR, BUCKET, DATABASE, Lake, Provider, columns_of, nav_key, nav_rows, table_of)
from publication import Publisher
from s3 import ONCE, keys_in, read, refused

WHOLE, PART, STRANGER = "222222222222", "333333333333", "444444444444"
DAYS = ["2024-01-02", "2024-01-03"]
OF_NAVS = f"arn:aws:glue:us-east-1:{PROVIDER}:table/{DATABASE}/nav_history"
FOLDER = "gold/nav/daily/"


@pytest.fixture(scope="module")
def lake(exchange, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for nav, day in enumerate(DAYS):
        lake.write_parquet(nav_key(day), nav_rows(day, nav))
    lake.write_parquet("gold/esg-insights/esg.parquet", "SELECT 'F001' AS fund_id")
    lake.put("loose/notes.txt", b"nobody's table")
    return lake


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.describe("nav_history", "esg_insights")
    lend(team, True)
    team.grant_table(WHOLE, "nav_history")
    team.grant_rows(PART, "nav_history", "fund_id = 'F001'")
    return team


def lend(team, allowed):
    team.lakeformation.put_data_lake_settings(DataLakeSettings={
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": ADMINISTRATOR}],
        "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": [],
        "AllowFullTableExternalDataAccess": allowed})


@pytest.fixture(scope="module")
def whole(exchange, team):
    return exchange.subscriber(WHOLE)


@pytest.fixture(scope="module")
def part(exchange, team):
    return exchange.subscriber(PART)


def ask(machine, **more):
    return machine.client("lakeformation").get_temporary_glue_table_credentials(
        TableArn=OF_NAVS, Permissions=["SELECT"],
        SupportedPermissionTypes=["COLUMN_PERMISSION"], **more)


def holder(exchange, lent, service="s3"):
    return boto3.client(
        service, endpoint_url=exchange.endpoint, region_name="us-east-1", config=ONCE,
        aws_access_key_id=lent["AccessKeyId"], aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"])


@pytest.fixture
def lent(whole):
    return ask(whole)


def test_an_engine_reads_the_files(exchange, lent):
    assert lent["VendedS3Path"] == [f"s3://{BUCKET}/{FOLDER}"]
    files = pyarrow.fs.S3FileSystem(
        endpoint_override=exchange.endpoint, region="us-east-1",
        access_key=lent["AccessKeyId"], secret_key=lent["SecretAccessKey"],
        session_token=lent["SessionToken"])
    navs = pyarrow.dataset.dataset(
        f"{BUCKET}/{FOLDER}", filesystem=files, partitioning="hive").to_table()
    assert navs.num_rows == 3 * len(DAYS)
    assert set(navs["as_of"].to_pylist()) == set(DAYS)


def test_they_open_one_folder_to_be_read_and_nothing_else(exchange, whole, lent):
    whole.client("s3").create_bucket(Bucket="of-the-subscriber")
    s3 = holder(exchange, lent)
    assert keys_in(s3, BUCKET, FOLDER) == [nav_key(day) for day in DAYS]
    for prefix in "", "gold/", FOLDER[:-1], "gold/esg-insights/":
        assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=prefix) == (403, "AccessDenied")
    for key in "gold/esg-insights/esg.parquet", "loose/notes.txt":
        assert refused(s3.get_object, Bucket=BUCKET, Key=key) == (403, "AccessDenied")
    key = nav_key(DAYS[0])
    assert refused(s3.put_object, Bucket=BUCKET, Key=key, Body=b"") == (403, "AccessDenied")
    assert refused(s3.delete_object, Bucket=BUCKET, Key=key) == (403, "AccessDenied")
    # Nor what the account itself may do.
    assert refused(s3.list_objects_v2, Bucket="of-the-subscriber") == (403, "AccessDenied")
    assert refused(s3.list_buckets) == (403, "AccessDenied")
    for service, call in (
            ("glue", lambda client: client.get_databases),
            ("athena", lambda client: client.list_work_groups),
            ("lakeformation", lambda client: client.get_data_lake_settings)):
        status, code = refused(call(holder(exchange, lent, service)))
        assert status in (400, 403) and code == "AccessDeniedException"


def test_a_part_of_the_folder(exchange, whole):
    folder = f"{FOLDER}as_of={DAYS[0]}/"
    lent = ask(whole, S3Path=f"s3://{BUCKET}/{folder}")
    s3 = holder(exchange, lent)
    assert keys_in(s3, BUCKET, folder) == [nav_key(DAYS[0])]
    assert refused(s3.get_object, Bucket=BUCKET, Key=nav_key(DAYS[1])) == (403, "AccessDenied")
    lakeformation = whole.client("lakeformation")
    assert refused(
        lakeformation.get_temporary_glue_table_credentials, TableArn=OF_NAVS,
        S3Path=f"s3://{BUCKET}/gold/") == (400, "InvalidInputException")


def test_a_partition(exchange, team, whole):
    folder = f"{FOLDER}as_of={DAYS[1]}/"
    lakeformation = whole.client("lakeformation")
    asked = {"TableArn": OF_NAVS, "Partition": {"Values": [DAYS[1]]}}
    assert refused(
        lakeformation.get_temporary_glue_partition_credentials, **asked
    ) == (400, "EntityNotFoundException")
    team.glue.create_partition(
        DatabaseName=DATABASE, TableName="nav_history", PartitionInput={
            "Values": [DAYS[1]], "StorageDescriptor": {"Location": f"s3://{BUCKET}/{folder}"}})
    s3 = holder(exchange, lakeformation.get_temporary_glue_partition_credentials(**asked))
    assert keys_in(s3, BUCKET, folder) == [nav_key(DAYS[1])]
    assert refused(s3.get_object, Bucket=BUCKET, Key=nav_key(DAYS[0])) == (403, "AccessDenied")


def test_by_location(exchange, whole, part):
    asked = {"DataLocations": [f"s3://{BUCKET}/{FOLDER}"]}
    lent = whole.client("lakeformation").get_temporary_data_location_credentials(**asked)
    s3 = holder(exchange, lent["Credentials"])
    assert keys_in(s3, BUCKET, FOLDER) == [nav_key(day) for day in DAYS]
    lakeformation = part.client("lakeformation")
    assert refused(lakeformation.get_temporary_data_location_credentials, **asked) == (
        400, "PermissionTypeMismatchException")
    assert refused(
        lakeformation.get_temporary_data_location_credentials,
        DataLocations=[f"s3://{BUCKET}/loose/"]) == (400, "AccessDeniedException")


def test_where_something_is_hidden_none_are_given(exchange, team, part):
    with pytest.raises(ClientError, match="PermissionTypeMismatchException.*ask Athena"):
        ask(part)
    stranger = exchange.subscriber(STRANGER)
    team.grant(STRANGER, "SELECT", columns_of("nav_history", "fund_id", "nav"))
    with pytest.raises(ClientError, match="PermissionTypeMismatchException"):
        ask(stranger)
    team.revoke(STRANGER, "SELECT", columns_of("nav_history", "fund_id", "nav"))
    # As if there were no such table.
    with pytest.raises(ClientError, match="AccessDenied") as denied:
        ask(stranger)
    with pytest.raises(ClientError) as absent:
        stranger.client("lakeformation").get_temporary_glue_table_credentials(
            TableArn=OF_NAVS.replace("nav_history", "no_such_table"))
    assert denied.value.response["Error"] == absent.value.response["Error"]


def test_of_a_published_table_they_read_what_was_published(exchange, team, lake, whole):
    team.grant_table(WHOLE, "esg_insights")
    asked = {"TableArn": OF_NAVS.replace("nav_history", "esg_insights")}
    lakeformation = whole.client("lakeformation")
    s3 = holder(exchange, lakeformation.get_temporary_glue_table_credentials(**asked))
    first, second = "gold/esg-insights/esg.parquet", "gold/esg-insights/next.parquet"
    publisher = Publisher(exchange.provider)
    data_set = publisher.data_set("ESG")
    publisher.publish(data_set, prefixes=["gold/esg-insights/"])
    lake.write_parquet(second, "SELECT 'F002' AS fund_id")
    assert keys_in(s3, BUCKET, "gold/esg-insights/") == [first]
    assert refused(s3.get_object, Bucket=BUCKET, Key=second) == (404, "NoSuchKey")
    s3 = holder(exchange, lakeformation.get_temporary_glue_table_credentials(**asked))
    assert keys_in(s3, BUCKET, "gold/esg-insights/") == [first]
    publisher.publish(data_set, prefixes=["gold/esg-insights/"])
    assert keys_in(s3, BUCKET, "gold/esg-insights/") == [first, second]
    assert read(s3, BUCKET, second)


def test_the_provider_decides_whether_files_are_handed_out(exchange, team, whole, lent):
    s3 = holder(exchange, lent)
    lend(team, False)
    with pytest.raises(ClientError, match="AllowFullTableExternalDataAccess"):
        ask(whole)
    assert refused(s3.get_object, Bucket=BUCKET, Key=nav_key(DAYS[0])) == (403, "AccessDenied")
    lend(team, True)
    assert read(s3, BUCKET, nav_key(DAYS[0]))


def test_a_revoke_is_in_force_at_the_next_use(exchange, team, whole, lent):
    s3 = holder(exchange, lent)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": nav_key(DAYS[0])})
    assert read(s3, BUCKET, nav_key(DAYS[0]))
    assert urllib3.request("GET", url).status == 200
    team.revoke(WHOLE, "SELECT", table_of("nav_history"))
    assert refused(s3.get_object, Bucket=BUCKET, Key=nav_key(DAYS[0])) == (403, "AccessDenied")
    assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=FOLDER) == (403, "AccessDenied")
    assert urllib3.request("GET", url).status == 403
    team.grant_table(WHOLE, "nav_history")
    assert read(s3, BUCKET, nav_key(DAYS[0]))


def test_a_cut_off_ends_them(exchange, whole, lent):
    s3 = holder(exchange, lent)
    exchange.provider.bourse("cutoff", WHOLE)
    exchange.provider.bourse("cutoff", WHOLE, "--lift")
    assert refused(s3.get_object, Bucket=BUCKET, Key=nav_key(DAYS[0])) == (400, "ExpiredToken")


@pytest.mark.parametrize("asked", [
    {"DurationSeconds": 21_601}, {"Permissions": ["INSERT"]},
    {"TableArn": "arn:aws:glue:eu-west-1:111111111111:table/a/b"}, {"TableArn": "nav_history"}])
def test_what_is_asked_for_wrongly(whole, asked):
    lakeformation = whole.client("lakeformation")
    assert refused(
        lakeformation.get_temporary_glue_table_credentials, **{"TableArn": OF_NAVS, **asked}
    ) == (400, "InvalidInputException")


def test_engines_are_told_of_tables_that_are_granted_as_a_whole(team, whole, part):
    asked = {"CatalogId": PROVIDER, "DatabaseName": DATABASE}
    types = {"SupportedPermissionTypes": ["COLUMN_PERMISSION", "CELL_FILTER_PERMISSION"]}
    told = whole.client("glue").get_unfiltered_table_metadata(**asked, **types, Name="nav_history")
    assert told["Table"]["Name"] == "nav_history"
    assert told["AuthorizedColumns"] == ["fund_id", "nav_date", "nav", "as_of"]
    assert told["IsRegisteredWithLakeFormation"] is True and told["CellFilters"] == []
    team.glue.batch_create_partition(
        DatabaseName=DATABASE, TableName="nav_history", PartitionInputList=[{
            "Values": [day], "StorageDescriptor": {"Location": f"s3://{BUCKET}/{FOLDER}as_of={day}/"}}
            for day in DAYS])
    pages = whole.client("glue").get_unfiltered_partitions_metadata(
        **asked, **types, TableName="nav_history", Expression=f"as_of > '{DAYS[0]}'")
    assert [each["Partition"]["Values"] for each in pages["UnfilteredPartitions"]] == [[DAYS[1]]]
    glue = part.client("glue")
    assert refused(glue.get_unfiltered_table_metadata, **asked, **types, Name="nav_history") == (
        400, "PermissionTypeMismatchException")
    assert refused(glue.get_unfiltered_table_metadata, **asked, **types, Name="esg_insights") == (
        400, "EntityNotFoundException")


# The S3 door, for whoever is let in by a policy.


@pytest.fixture
def opened(team):
    """All of the bucket, by its policy, to both accounts."""
    s3 = team.machine.client("s3")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": [WHOLE, PART]},
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}]}))
    yield
    s3.delete_bucket_policy(Bucket=BUCKET)


def test_a_policy_opens_no_table_of_which_something_is_hidden(opened, whole, part):
    key = nav_key(DAYS[0])
    whole, part = whole.client("s3"), part.client("s3")
    assert read(whole, BUCKET, key)
    assert keys_in(whole, BUCKET, FOLDER) == [nav_key(day) for day in DAYS]
    part.create_bucket(Bucket="of-the-other-one")
    copy = {"Bucket": "of-the-other-one", "Key": "stolen"}
    for call, asked in (
            (part.get_object, {"Bucket": BUCKET, "Key": key}),
            (part.head_object, {"Bucket": BUCKET, "Key": key}),
            (part.list_objects_v2, {"Bucket": BUCKET, "Prefix": FOLDER}),
            (part.list_objects, {"Bucket": BUCKET, "Prefix": FOLDER + "as_of="}),
            (part.list_object_versions, {"Bucket": BUCKET, "Prefix": FOLDER}),
            (part.copy_object, {**copy, "CopySource": {"Bucket": BUCKET, "Key": key}})):
        status, code = refused(call, **asked)
        assert (status, code) in ((403, "AccessDenied"), (403, "403")), (call, code)


def test_nor_the_names_around_it(opened, whole, part):
    for s3 in whole.client("s3"), part.client("s3"):
        # The whole bucket is registered, and these are no table's.
        for prefix in "", "gold/", "loose/", FOLDER[:-1]:
            assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=prefix) == (
                403, "AccessDenied"), prefix
        assert refused(s3.get_object, Bucket=BUCKET, Key="loose/notes.txt") == (403, "AccessDenied")


def test_where_lake_formation_is_not_asked_the_policy_decides(opened, team, part):
    s3 = part.client("s3")
    bucket = f"arn:aws:s3:::{BUCKET}"
    team.lakeformation.deregister_resource(ResourceArn=bucket)
    team.lakeformation.register_resource(ResourceArn=f"{bucket}/gold", UseServiceLinkedRole=True)
    try:
        assert read(s3, BUCKET, "loose/notes.txt") == b"nobody's table"
        assert keys_in(s3, BUCKET, "loose/") == ["loose/notes.txt"]
        for prefix in "", "g", "gold", "gold/":
            assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=prefix) == (
                403, "AccessDenied"), prefix
    finally:
        team.lakeformation.deregister_resource(ResourceArn=f"{bucket}/gold")
        team.lakeformation.register_resource(ResourceArn=bucket, UseServiceLinkedRole=True)
