"""Data Exchange: data sets, revisions and jobs, grants, and what a published revision holds fast."""

import threading
import time

import botocore.exceptions
import pytest

from exchange import PROVIDER, REGION
from lake import ADMINISTRATOR, BUCKET, DATABASE, cells, in_shell, nav_key, nav_rows
from publication import Publisher, accept
from world import World

SUBSCRIBER, OTHER = World.account, "333333333333"
FUNDS = World.funds
ESG = "gold/esg-insights/esg_insights.parquet"
NO_SUCH = "0" * 32


def error(call, **parameters):
    """Status, code, and the kind of thing that it is about."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return (
        answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"],
        answer.get("ResourceType"))


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    return World(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture
def own_world(own_exchange, tmp_path):
    return World(own_exchange, tmp_path / "lake")


@pytest.fixture
def dataexchange(world):
    return world.publisher.client


@pytest.fixture
def received(world):
    return world.subscriber.client("dataexchange")


# Data sets, revisions, jobs


def test_a_product_is_published_with_the_cli(world, tmp_path):
    """Steps 2.0 to 2.4 of the reference, as a person types them."""
    provider, subscriber = world.exchange.provider, world.subscriber

    def typed(*arguments):
        result = provider.aws("dataexchange", *arguments)
        assert result.status == 0, result
        return result.json if result.out else None

    data_set = typed(
        "create-data-set", "--asset-type", "S3_SNAPSHOT", "--name", "Nomura ESG Insights",
        "--description", "ESG scores")
    assert data_set["Arn"] == f"arn:aws:dataexchange:{REGION}:{PROVIDER}:data-sets/{data_set['Id']}"
    revision = typed("create-revision", "--data-set-id", data_set["Id"], "--comment", "Q1 2024")
    where = ["--data-set-id", data_set["Id"], "--revision-id", revision["Id"]]
    job = typed("create-job", "--type", "IMPORT_ASSETS_FROM_S3", "--details", in_shell({
        "ImportAssetsFromS3": {
            "DataSetId": data_set["Id"], "RevisionId": revision["Id"],
            "AssetSources": [{"Bucket": BUCKET, "Key": ESG}]}}))
    assert job["State"] == "WAITING"
    typed("start-job", "--job-id", job["Id"])
    world.publisher.wait(job["Id"])
    assert typed("get-job", "--job-id", job["Id"])["State"] == "COMPLETED"
    asset, = typed("list-revision-assets", *where)["Assets"]
    assert (asset["Name"], asset["AssetType"]) == (ESG, "S3_SNAPSHOT")
    assert asset["AssetDetails"]["S3SnapshotAsset"]["Size"] == world.lake.path(ESG).stat().st_size
    assert typed("update-revision", *where, "--finalized")["Finalized"] is True
    grant = typed(
        "create-data-grant", "--name", "esg", "--grant-distribution-scope", "NONE",
        "--receiver-principal", SUBSCRIBER, "--source-data-set-id", data_set["Id"])
    assert grant["AcceptanceState"] == "PENDING_RECEIVER_ACCEPTANCE"

    offers = subscriber.aws(
        "dataexchange", "list-received-data-grants", "--acceptance-state",
        "PENDING_RECEIVER_ACCEPTANCE")
    assert [offer["Arn"] for offer in offers.json["DataGrantSummaries"]] == [grant["Arn"]]
    accepted = subscriber.aws("dataexchange", "accept-data-grant", "--data-grant-arn", grant["Arn"])
    assert accepted.json["AcceptanceState"] == "ACCEPTED"
    entitled = subscriber.aws("dataexchange", "list-data-sets", "--origin", "ENTITLED").json["DataSets"]
    assert [(one["Id"], one["Name"], one["Origin"]) for one in entitled] == [
        (grant["DataSetId"], "Nomura ESG Insights", "ENTITLED")]
    typed("delete-data-grant", "--data-grant-id", grant["Id"])
    entitled = subscriber.aws("dataexchange", "list-data-sets", "--origin", "ENTITLED").json["DataSets"]
    assert entitled == []


def test_what_is_not_there(world, dataexchange):
    assert error(dataexchange.get_data_set, DataSetId=NO_SUCH) == (
        404, "ResourceNotFoundException", "DATA_SET")
    data_set = world.publisher.data_set(name="Empty")
    assert error(dataexchange.get_revision, DataSetId=data_set, RevisionId=NO_SUCH) == (
        404, "ResourceNotFoundException", "REVISION")
    assert error(dataexchange.get_job, JobId=NO_SUCH) == (404, "ResourceNotFoundException", "JOB")
    assert error(dataexchange.get_data_set, DataSetId="x")[:2] == (400, "ValidationException")


def test_a_job_that_cannot_be(world, dataexchange):
    """Refused when it is made, or in the end, with the reason."""
    files, live = world.publisher.data_set(kind="S3_SNAPSHOT"), world.publisher.data_set()
    of_files = dataexchange.create_revision(DataSetId=files)["Id"]
    of_live = dataexchange.create_revision(DataSetId=live)["Id"]

    def sources(data_set, revision, bucket=BUCKET, key=ESG):
        return {"ImportAssetsFromS3": {
            "DataSetId": data_set, "RevisionId": revision,
            "AssetSources": [{"Bucket": bucket, "Key": key}]}}

    kind = "IMPORT_ASSETS_FROM_S3"
    assert error(dataexchange.create_job, Type=kind, Details=sources(live, of_live))[1] == (
        "ValidationException")
    assert error(dataexchange.create_job, Type=kind, Details=sources(files, NO_SUCH))[1:] == (
        "ResourceNotFoundException", "REVISION")
    assert error(dataexchange.create_job, Type=kind, Details=sources(NO_SUCH, of_files))[1:] == (
        "ResourceNotFoundException", "DATA_SET")
    for wrong in {"key": "no such"}, {"bucket": "no-such-bucket"}:
        job = world.publisher.run_job(kind, sources(files, of_files, **wrong), expected="ERROR")
        assert job["Errors"][0]["Code"] == "RESOURCE_NOT_FOUND_EXCEPTION", job["Errors"]
    assert dataexchange.list_revision_assets(DataSetId=files, RevisionId=of_files)["Assets"] == []
    job = world.publisher.run_job(kind, sources(files, of_files))
    assert error(dataexchange.start_job, JobId=job["Id"]) == (409, "ConflictException", "JOB")


def test_another_accounts_bucket_is_not_published(world, dataexchange):
    world.subscriber.client("s3").put_object(Bucket=world.athena.bucket, Key="private", Body=b"x")
    data_set = world.publisher.data_set(kind="S3_SNAPSHOT")
    revision = dataexchange.create_revision(DataSetId=data_set)["Id"]
    job = world.publisher.run_job("IMPORT_ASSETS_FROM_S3", {"ImportAssetsFromS3": {
        "DataSetId": data_set, "RevisionId": revision,
        "AssetSources": [{"Bucket": world.athena.bucket, "Key": "private"}]}}, expected="ERROR")
    assert job["Errors"][0]["Code"] in ("ACCESS_DENIED_EXCEPTION", "RESOURCE_NOT_FOUND_EXCEPTION")


def test_a_finalized_revision_is_closed(world, dataexchange):
    data_set = world.publisher.data_set(name="Closed")
    empty = dataexchange.create_revision(DataSetId=data_set)["Id"]
    assert error(
        dataexchange.update_revision, DataSetId=data_set, RevisionId=empty, Finalized=True
    )[:2] == (400, "ValidationException")
    revision = world.publisher.publish(data_set, prefixes=["gold/risk-factors/"])
    assert error(dataexchange.create_job, Type="CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET", Details={
        "CreateS3DataAccessFromS3Bucket": {
            "DataSetId": data_set, "RevisionId": revision,
            "AssetSource": {"Bucket": BUCKET, "KeyPrefixes": ["gold/"]}}}
    ) == (409, "ConflictException", "REVISION")
    # Its comment may change, and it is finalized again without effect.
    changed = dataexchange.update_revision(
        DataSetId=data_set, RevisionId=revision, Comment="better", Finalized=True)
    assert (changed["Comment"], changed["Finalized"]) == ("better", True)


def test_a_subscriber_publishes_nothing(world, received):
    data_set = world.publisher.data_set(name="Not yours")
    for call, parameters in (
        (received.create_data_set, {"AssetType": "S3_SNAPSHOT", "Name": "x", "Description": "x"}),
        (received.create_revision, {"DataSetId": data_set}),
        (received.create_data_grant, {
            "Name": "x", "GrantDistributionScope": "NONE", "ReceiverPrincipal": OTHER,
            "SourceDataSetId": data_set}),
    ):
        assert error(call, **parameters)[:2] == (403, "AccessDeniedException")
    assert error(received.get_data_set, DataSetId=data_set)[:2] == (404, "ResourceNotFoundException")


# Grants


def test_a_receiver_sees_finalized_revisions_alone(world, received):
    data_set = world.publisher.data_set(name="Risk")
    first = world.publisher.publish(data_set, "first", prefixes=["gold/risk-factors/"])
    draft = world.publisher.draft(data_set, "draft", prefixes=["gold/risk-factors/"])
    grant = world.publisher.grant(data_set, SUBSCRIBER)
    # Before it is accepted there is an offer, and no data set.
    assert error(received.get_data_set, DataSetId=grant["DataSetId"])[:2] == (
        404, "ResourceNotFoundException")
    own = accept(world.subscriber, grant)
    assert own == grant["DataSetId"] != data_set
    shown = received.get_data_set(DataSetId=own)
    assert (shown["Name"], shown["Origin"], shown["OriginDetails"]) == (
        "Risk", "ENTITLED", {"DataGrantId": grant["Id"]})
    # The owner's own names are no use to it.
    assert error(received.get_data_set, DataSetId=data_set)[0] == 404
    revisions = received.list_data_set_revisions(DataSetId=own)["Revisions"]
    assert [(one["Id"], one["Comment"], one["Finalized"]) for one in revisions] == [
        (first, "first", True)]
    assert error(received.get_revision, DataSetId=own, RevisionId=draft)[0] == 404
    asset, = received.list_revision_assets(DataSetId=own, RevisionId=first)["Assets"]
    assert asset["AssetDetails"]["S3DataAccessAsset"]["KeyPrefixes"] == ["gold/risk-factors/"]
    # It comes into being for the receiver at once and whole.
    world.publisher.finalize(data_set, draft)
    revisions = received.list_data_set_revisions(DataSetId=own)["Revisions"]
    assert [one["Comment"] for one in revisions] == ["draft", "first"]
    # Receivers are entitled: it cannot be taken apart again, only revoked.
    assert error(
        world.publisher.client.update_revision, DataSetId=data_set, RevisionId=draft, Finalized=False
    )[:2] == (409, "ConflictException")
    world.publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=draft, RevocationComment="a wrong value")
    revisions = received.list_data_set_revisions(DataSetId=own)["Revisions"]
    assert [one["Id"] for one in revisions if not one.get("Revoked")] == [first]


def test_a_grant_is_the_receivers_alone(world, received):
    data_set = world.publisher.data_set(name="For one")
    grant = world.publisher.grant(data_set, SUBSCRIBER)
    other = world.exchange.subscriber(OTHER, profile="other").client("dataexchange")
    assert error(other.accept_data_grant, DataGrantArn=grant["Arn"]) == (
        404, "ResourceNotFoundException", "DATA_GRANT")
    assert error(other.get_received_data_grant, DataGrantArn=grant["Arn"])[0] == 404
    assert other.list_received_data_grants()["DataGrantSummaries"] == []
    assert received.get_received_data_grant(DataGrantArn=grant["Arn"])["Name"] == "to a subscriber"
    accept(world.subscriber, grant)
    assert error(received.accept_data_grant, DataGrantArn=grant["Arn"]) == (
        409, "ConflictException", "DATA_GRANT")
    assert error(received.get_data_set, DataSetId=NO_SUCH)[0] == 404
    assert error(other.get_data_set, DataSetId=grant["DataSetId"])[0] == 404


@pytest.mark.parametrize("parameters", [
    {"ReceiverPrincipal": PROVIDER}, {"GrantDistributionScope": "AWS_ORGANIZATION"},
    {"SourceDataSetId": NO_SUCH}, {"EndsAt": 1_000_000_000}])
def test_a_grant_that_cannot_be(world, dataexchange, parameters):
    least = {
        "Name": "x", "GrantDistributionScope": "NONE", "ReceiverPrincipal": SUBSCRIBER,
        "SourceDataSetId": world.publisher.data_set(name="Any")}
    assert error(dataexchange.create_data_grant, **least | parameters)[1] in (
        "ValidationException", "ResourceNotFoundException")


# What a revision holds fast: each test has an exchange and a lake of its own


FIRST_DAYS = World.days_at_first
NEW_DAY = "2024-01-10"


def test_readers_see_the_newest_finalized_revision(own_world):
    world = own_world
    # Before anything is published, the table is what lies there.
    assert world.days == world.owned_days == FIRST_DAYS
    data_set = world.publisher.data_set()
    world.publisher.publish(data_set, "first")
    assert world.days == FIRST_DAYS

    # A new day is written: the provider sees it at once, the subscriber with the next revision.
    world.lake.write_parquet(nav_key(NEW_DAY), nav_rows(NEW_DAY, 101))
    assert world.owned_days == FIRST_DAYS | {NEW_DAY: FUNDS}
    assert world.days == FIRST_DAYS
    draft = world.publisher.draft(data_set, "second")
    assert world.days == FIRST_DAYS
    # Half of it is written when it is finalized, the rest afterwards.
    world.publisher.finalize(data_set, draft)
    assert world.days == FIRST_DAYS | {NEW_DAY: FUNDS}
    world.lake.write_parquet(nav_key(NEW_DAY).replace("nav_history", "late"), nav_rows(NEW_DAY, 102))
    assert world.days == FIRST_DAYS | {NEW_DAY: FUNDS}
    assert world.owned_days == FIRST_DAYS | {NEW_DAY: 2 * FUNDS}

    # A wrong revision is taken back, and readers are where they were.
    world.publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=draft, RevocationComment="a wrong value")
    assert world.days == FIRST_DAYS


def test_a_file_replaced_or_removed_is_still_the_one_that_was_published(own_world):
    world, day = own_world, "2024-01-08"
    data_set = world.publisher.data_set()
    world.publisher.publish(data_set)
    question = f"SELECT fund_id, nav FROM nav_history WHERE as_of = '{day}' ORDER BY 1"
    published = world.athena.rows(question)
    world.lake.write_parquet(nav_key(day), nav_rows(day, 1))
    assert world.owner.rows(question) == [["F001", "1.0000"], ["F002", "1.0000"], ["F003", "1.0000"]]
    assert world.athena.rows(question) == published != world.owner.rows(question)
    # While a query reads it, too; and the file that nobody has any more.
    slow = (
        "SELECT count(*), min(nav), max(nav) FROM nav_history, range(20000) a, range(2000) b "
        f"WHERE as_of = '{day}' AND (a.range * b.range) % 7 <> -1")
    id = world.athena.start(slow)
    world.athena.wait(id, {"RUNNING"})
    world.lake.path(nav_key(day)).unlink()
    assert world.athena.wait(id)["Status"]["State"] == "SUCCEEDED"
    values = world.athena.client.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"][1]["Data"]
    navs = sorted((nav for _, nav in published), key=float)
    assert [value["VarCharValue"] for value in values] == [
        str(FUNDS * 20_000 * 2_000), navs[0], navs[-1]]
    # Also after a restart.
    world.exchange.kill()
    world.exchange.serve()
    assert world.athena.rows(question) == published
    assert day not in world.owned_days
    # The next revision is without it.
    world.publisher.publish(data_set)
    assert day not in world.days


def is_named_to_the_operator(world, day, reason):
    """The file; the subscriber is told what happened, and not the name, which may tell of hidden rows."""
    assert reason.startswith("HIVE_FILE_CHANGED: ") and "in place" in reason, reason
    assert "gold/" not in reason and str(world.lake.directory) not in reason
    assert nav_key(day) in world.exchange.log.read_text()


def test_a_file_rewritten_in_place_is_never_a_mixture(own_world):
    """Where pins are clones, the published rows; where they are links, an error."""
    world, day = own_world, "2024-01-08"
    data_set = world.publisher.data_set()
    world.publisher.publish(data_set)
    question = f"SELECT fund_id, nav FROM nav_history WHERE as_of = '{day}' ORDER BY 1"
    published = world.athena.rows(question)

    world.lake.rewrite_in_place(nav_key(day), nav_rows(day, 1))
    answer = world.athena.ask(question)
    if answer.state == "SUCCEEDED":
        assert answer.rows == published
    else:
        is_named_to_the_operator(world, day, answer.reason)
    # What it does not concern is answered, and so is all of it with the next revision.
    assert len(world.athena.rows("SELECT * FROM nav_history WHERE as_of = '2024-01-09'")) == FUNDS
    world.publisher.publish(data_set)
    assert world.athena.rows(question) == [["F001", "1.0000"], ["F002", "1.0000"], ["F003", "1.0000"]]


def test_a_file_rewritten_while_a_query_reads_it_is_never_a_mixture(own_world):
    world, day = own_world, "2024-01-08"
    for published in (False, True):
        if published:
            world.publisher.publish(world.publisher.data_set())
        before = dict(world.athena.rows(
            f"SELECT fund_id, nav FROM nav_history WHERE as_of = '{day}'"))
        id = world.athena.start(
            "SELECT fund_id, min(nav), max(nav) FROM nav_history, range(20000) a, range(2000) b "
            f"WHERE as_of = '{day}' AND (a.range * b.range) % 7 <> -1 GROUP BY 1")
        world.athena.wait(id, {"RUNNING"})
        world.lake.rewrite_in_place(nav_key(day), nav_rows(day, 2 if published else 1))
        execution = world.athena.wait(id)["Status"]
        if execution["State"] == "SUCCEEDED":
            rows = world.athena.client.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"][1:]
            values = [[value["VarCharValue"] for value in row["Data"]] for row in rows]
            assert sorted(values) == [[fund, nav, nav] for fund, nav in sorted(before.items())]
        else:
            is_named_to_the_operator(world, day, execution["StateChangeReason"])


def test_a_key_that_looks_like_a_pattern_is_one_file(own_world):
    world = own_world
    folder = f"gold/nav/daily/as_of={NEW_DAY}"
    for number, name in enumerate(["[a]", "b*", "c?d", "{e,f}", "[!g]", "**"]):
        world.lake.write_parquet(f"{folder}/{name}.parquet", nav_rows(NEW_DAY, number, funds=1))
    navs = f"SELECT nav FROM nav_history WHERE as_of = '{NEW_DAY}' ORDER BY nav"
    own = [[f"{number}.0000"] for number in range(6)]
    assert world.athena.rows(navs) == own
    world.publisher.publish(world.publisher.data_set())
    # The patterns fit these, which nobody has published.
    for name in "a", "b1", "cxd", "e", "h":
        world.lake.write_parquet(f"{folder}/{name}.parquet", nav_rows(NEW_DAY, 9))
    assert world.athena.rows(navs) == own


def test_a_file_that_is_half_written_when_it_is_published(own_world):
    """It begins as Parquet and does not end so: refused, and readers keep the revision before."""
    world = own_world
    data_set = world.publisher.data_set()
    world.publisher.publish(data_set)
    whole = world.lake.path(nav_key("2024-01-09")).read_bytes()
    world.lake.put(nav_key(NEW_DAY), whole[:len(whole) // 2])
    draft = world.publisher.draft(data_set)
    assert error(
        world.publisher.client.update_revision, DataSetId=data_set, RevisionId=draft, Finalized=True
    )[:2] == (400, "ValidationException")
    assert world.days == FIRST_DAYS
    # Once it is whole, the same revision is finalized.
    world.lake.put(nav_key(NEW_DAY), whole)
    world.publisher.finalize(data_set, draft)
    assert world.days == FIRST_DAYS | {NEW_DAY: FUNDS}


def test_an_object_imported_and_replaced_before_it_is_finalized(own_world):
    world = own_world
    data_set = world.publisher.data_set(kind="S3_SNAPSHOT")
    revision = world.publisher.client.create_revision(DataSetId=data_set)["Id"]
    sources = {"ImportAssetsFromS3": {
        "DataSetId": data_set, "RevisionId": revision,
        "AssetSources": [{"Bucket": BUCKET, "Key": ESG}]}}
    world.publisher.run_job("IMPORT_ASSETS_FROM_S3", sources)
    world.lake.put(ESG, world.lake.path(nav_key("2024-01-08")).read_bytes())
    assert error(
        world.publisher.client.update_revision, DataSetId=data_set, RevisionId=revision, Finalized=True
    ) == (409, "ConflictException", "REVISION")
    world.publisher.run_job("IMPORT_ASSETS_FROM_S3", sources)
    assert world.publisher.finalize(data_set, revision)["Finalized"] is True


def test_an_exchange_killed_while_it_finalizes_has_it_or_has_it_not(own_world):
    """kill -9 at several moments after the request was sent: no half, and it can be finished."""
    world = own_world
    data_set = world.publisher.data_set()
    world.publisher.publish(data_set)
    for round_ in range(4):
        day = f"2024-02-0{round_ + 1}"
        for part in range(40):
            world.lake.put(
                nav_key(day).replace("nav_history", f"part-{part}"),
                world.lake.path(nav_key("2024-01-08")).read_bytes())
        draft = world.publisher.draft(data_set)
        before = world.days

        def finalize():
            with pytest.raises(Exception):
                world.publisher.finalize(data_set, draft)
                raise AssertionError("answered")

        sender = threading.Thread(target=finalize)
        sender.start()
        time.sleep(0.01 * 4 ** round_ / 4)
        world.exchange.kill()
        world.exchange.serve()
        sender.join()
        whole = before | {day: 40 * FUNDS}
        is_finalized = world.publisher.client.get_revision(
            DataSetId=data_set, RevisionId=draft)["Finalized"]
        assert world.days == (whole if is_finalized else before)
        world.publisher.finalize(data_set, draft)
        assert world.days == whole
    assert world.exchange.verify().status == 0


# The reference, from an empty exchange to the grant


def test_the_references_steps_as_they_are_typed(own_exchange, tmp_path):
    """Its first two sections with plain AWS commands: a managed bucket, a table, a row filter, two data
    sets, a grant."""
    provider = own_exchange.provider

    def typed(*arguments):
        result = provider.aws(*arguments)
        assert result.status == 0, (arguments, result)
        return result.json if result.out.strip() else None

    def is_there(*arguments):
        return provider.aws(*arguments).status == 0

    assert not is_there("s3api", "head-bucket", "--bucket", BUCKET)
    typed("s3api", "create-bucket", "--bucket", BUCKET)
    typed(
        "s3api", "put-bucket-versioning", "--bucket", BUCKET, "--versioning-configuration",
        "Status=Enabled")
    (tmp_path / "nav.csv").write_text("F001,2024-02-16,101.25\nF002,2024-02-18,55.10\n")
    (tmp_path / "esg.csv").write_text("fund_id,esg_score\nF001,71.5\nF002,64.0\n")
    nav, esg = "gold/nav/daily/as_of=2024-02-18/nav.csv", "gold/esg-insights/esg_insights.csv"
    for name, key in ("nav.csv", nav), ("esg.csv", esg):
        typed("s3", "cp", "--only-show-errors", tmp_path / name, f"s3://{BUCKET}/{key}")
    typed("glue", "create-database", "--database-input", in_shell({
        "Name": DATABASE, "LocationUri": f"s3://{BUCKET}/gold/"}))

    me = typed("sts", "get-caller-identity")
    assert me["Arn"] == ADMINISTRATOR
    typed("lakeformation", "put-data-lake-settings", "--data-lake-settings", in_shell({
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": me["Arn"]}],
        "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": [],
        "AllowExternalDataFiltering": False}))
    arn = f"arn:aws:s3:::{BUCKET}"
    typed("lakeformation", "register-resource", "--resource-arn", arn, "--use-service-linked-role")
    assert is_there("lakeformation", "describe-resource", "--resource-arn", arn)

    storage = {
        "Columns": [{"Name": "fund_id", "Type": "string"}, {"Name": "nav_date", "Type": "date"},
                    {"Name": "nav", "Type": "decimal(18,4)"}],
        "Location": f"s3://{BUCKET}/gold/nav/daily/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": ",", "serialization.format": ","}}}
    table = ["--database-name", DATABASE]
    typed("glue", "create-table", *table, "--table-input", in_shell({
        "Name": "nav_history", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "csv"},
        "PartitionKeys": [{"Name": "as_of", "Type": "string"}], "StorageDescriptor": storage}))
    day = storage | {"Location": storage["Location"] + "as_of=2024-02-18/"}
    typed(
        "glue", "create-partition", *table, "--table-name", "nav_history", "--partition-input",
        in_shell({"Values": ["2024-02-18"], "StorageDescriptor": day}))

    filter_ = [
        "--table-catalog-id", PROVIDER, *table, "--table-name", "nav_history", "--name", "f001_only"]
    assert not is_there("lakeformation", "get-data-cells-filter", *filter_)
    typed("lakeformation", "create-data-cells-filter", "--table-data", in_shell({
        "TableCatalogId": PROVIDER, "DatabaseName": DATABASE, "TableName": "nav_history",
        "Name": "f001_only", "RowFilter": {"FilterExpression": "fund_id = 'F001'"},
        "ColumnWildcard": {"ExcludedColumnNames": []}}))
    grantee = f"DataLakePrincipalIdentifier={SUBSCRIBER}"
    for permission, resource in (
        ("DESCRIBE", {"Database": {"Name": DATABASE}}),
        ("SELECT", cells("nav_history", "f001_only")),
    ):
        typed(
            "lakeformation", "grant-permissions", "--principal", grantee, "--permissions", permission,
            "--permissions-with-grant-option", permission, "--resource", in_shell(resource))
    held = typed(
        "lakeformation", "list-permissions", "--principal", grantee, "--resource",
         in_shell({"Database": {"Name": DATABASE}}))["PrincipalResourcePermissions"]
    assert [(one["Permissions"], one["PermissionsWithGrantOption"]) for one in held] == [
        (["DESCRIBE"], ["DESCRIBE"])]

    publisher = Publisher(provider)
    for kind, job, details in (
        ("S3_SNAPSHOT", "IMPORT_ASSETS_FROM_S3", {"ImportAssetsFromS3": {
            "AssetSources": [{"Bucket": BUCKET, "Key": esg}]}}),
        ("S3_DATA_ACCESS", "CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET", {"CreateS3DataAccessFromS3Bucket": {
            "AssetSource": {"Bucket": BUCKET, "KeyPrefixes": ["gold/esg-insights/"]}}}),
    ):
        data_set = typed(
            "dataexchange", "create-data-set", "--asset-type", kind, "--name", "Nomura ESG Insights",
            "--description", "ESG scores")["Id"]
        revision = typed(
            "dataexchange", "create-revision", "--data-set-id", data_set, "--comment", "Q1")["Id"]
        details, = [{name: {"DataSetId": data_set, "RevisionId": revision} | value}
                    for name, value in details.items()]
        id = typed("dataexchange", "create-job", "--type", job, "--details", in_shell(details))["Id"]
        typed("dataexchange", "start-job", "--job-id", id)
        publisher.wait(id)
        where = ["--data-set-id", data_set, "--revision-id", revision]
        finalized = typed("dataexchange", "update-revision", *where, "--finalized")
        assert finalized["Finalized"] is True
        asset, = typed("dataexchange", "list-revision-assets", *where)["Assets"]
        assert asset["Name"] == (esg if kind == "S3_SNAPSHOT" else BUCKET)
    granted = typed(
        "dataexchange", "create-data-grant", "--name", f"esg-insights-to-{SUBSCRIBER}",
        "--grant-distribution-scope", "NONE", "--receiver-principal", SUBSCRIBER,
        "--source-data-set-id", data_set)
    assert granted["Arn"].startswith(f"arn:aws:dataexchange:{REGION}:{PROVIDER}:data-grants/")
    assert own_exchange.verify().status == 0
