"""Data Exchange from end to end: what is changed, taken out, tagged, exported, announced and removed."""

import datetime
import io

import pyarrow.parquet
import pytest
from botocore.config import Config

from events import Inbox
from exchange import PROVIDER, REGION
from lake import BUCKET, nav_key, nav_rows
from publication import Publisher, accept
from s3 import keys_in, make_bucket, read
from test_exchange import NO_SUCH, error
from world import World

SUBSCRIBER = World.account
DAYS = list(World.days_at_first)


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    return World(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def publisher(world):
    return world.publisher


@pytest.fixture(scope="module")
def owner(publisher):
    return publisher.client


@pytest.fixture(scope="module")
def receiver(world):
    return world.subscriber.client("dataexchange")


@pytest.fixture(scope="module")
def exporter(world):
    """The receiver, as one that runs jobs."""
    return Publisher(world.subscriber)


@pytest.fixture(scope="module")
def s3(world):
    """The receiver's, with a bucket of its own."""
    s3 = world.subscriber.client("s3")
    make_bucket(s3, "exports-of-the-receiver")
    return s3


def snapshot(publisher, name, keys, comment=""):
    """A data set of files, and a draft with some."""
    data_set = publisher.data_set(name, kind="S3_SNAPSHOT")
    return data_set, draft(publisher, data_set, keys, comment)


def draft(publisher, data_set, keys, comment=""):
    revision = publisher.client.create_revision(DataSetId=data_set, Comment=comment)["Id"]
    publisher.run_job("IMPORT_ASSETS_FROM_S3", {"ImportAssetsFromS3": {
        "DataSetId": data_set, "RevisionId": revision,
        "AssetSources": [{"Bucket": BUCKET, "Key": key} for key in keys]}})
    return revision


def assets(client, data_set, revision):
    found = client.list_revision_assets(DataSetId=data_set, RevisionId=revision)["Assets"]
    return {asset["Name"]: asset for asset in found}


def test_a_data_set_is_changed_and_deleted(publisher, owner):
    data_set = publisher.data_set("Before")
    changed = owner.update_data_set(DataSetId=data_set, Name="After")
    assert (changed["Name"], changed["Description"]) == ("After", "Before, as it is.")
    owner.update_data_set(DataSetId=data_set, Description="New")
    found = owner.get_data_set(DataSetId=data_set)
    assert (found["Name"], found["Description"]) == ("After", "New")
    revision = owner.create_revision(DataSetId=data_set)["Id"]
    assert error(owner.delete_data_set, DataSetId=data_set) == (
        409, "ConflictException", "DATA_SET")
    owner.delete_revision(DataSetId=data_set, RevisionId=revision)
    assert error(owner.get_revision, DataSetId=data_set, RevisionId=revision) == (
        404, "ResourceNotFoundException", "REVISION")
    owner.delete_data_set(DataSetId=data_set)
    assert error(owner.get_data_set, DataSetId=data_set)[:2] == (404, "ResourceNotFoundException")
    assert data_set not in [one["Id"] for one in owner.list_data_sets()["DataSets"]]


def test_what_is_granted_is_not_deleted(world, publisher, owner):
    data_set = publisher.data_set("Granted")
    revision = publisher.publish(data_set, prefixes=["gold/risk-factors/"])
    grant = publisher.grant(data_set, SUBSCRIBER)
    accept(world.subscriber, grant)
    assert error(owner.delete_revision, DataSetId=data_set, RevisionId=revision) == (
        409, "ConflictException", "REVISION")
    owner.delete_data_grant(DataGrantId=grant["Id"])
    owner.delete_revision(DataSetId=data_set, RevisionId=revision)
    owner.delete_data_set(DataSetId=data_set)


def test_the_assets_of_a_draft(publisher, owner):
    keys = [nav_key(day) for day in DAYS]
    data_set, revision = snapshot(publisher, "Assets", keys)
    found = assets(owner, data_set, revision)
    assert list(found) == sorted(keys, reverse=True)
    one, other = (found[key]["Id"] for key in keys)
    names = {"DataSetId": data_set, "RevisionId": revision}
    told = owner.get_asset(**names, AssetId=one)
    assert {name: told[name] for name in found[keys[0]]} == found[keys[0]]
    assert told["AssetDetails"]["S3SnapshotAsset"]["Size"] > 0
    renamed = owner.update_asset(**names, AssetId=one, Name="navs.parquet")
    assert (renamed["Id"], renamed["Name"]) == (one, "navs.parquet")
    assert error(owner.update_asset, **names, AssetId=other, Name="navs.parquet") == (
        409, "ConflictException", "ASSET")
    owner.delete_asset(**names, AssetId=other)
    assert error(owner.get_asset, **names, AssetId=other) == (
        404, "ResourceNotFoundException", "ASSET")
    owner.update_revision(**names, Finalized=True)
    for call, more in (owner.update_asset, {"Name": "x"}), (owner.delete_asset, {}):
        assert error(call, **names, AssetId=one, **more) == (409, "ConflictException", "REVISION")
    # Its host has a name of its own, which a client leaves out where it knows of no such host.
    fulfilling = publisher.machine.client("dataexchange", config=Config(inject_host_prefix=False))
    assert error(fulfilling.send_api_asset, **names, AssetId=one)[1] == "ValidationException"


def test_jobs_are_listed_and_cancelled(publisher, owner, receiver):
    data_set, revision = snapshot(publisher, "Jobs", [nav_key(DAYS[0])])
    details = {"ImportAssetsFromS3": {
        "DataSetId": data_set, "RevisionId": revision,
        "AssetSources": [{"Bucket": BUCKET, "Key": nav_key(DAYS[1])}]}}
    job = owner.create_job(Type="IMPORT_ASSETS_FROM_S3", Details=details)["Id"]
    owner.cancel_job(JobId=job)
    assert owner.get_job(JobId=job)["State"] == "CANCELLED"
    assert error(owner.start_job, JobId=job) == (409, "ConflictException", "JOB")
    assert error(owner.cancel_job, JobId=job) == (409, "ConflictException", "JOB")
    listed = owner.list_jobs(DataSetId=data_set)["Jobs"]
    assert [one["State"] for one in listed] == ["CANCELLED", "COMPLETED"]
    assert listed[0]["Details"] == details
    assert owner.list_jobs(DataSetId=data_set, RevisionId=NO_SUCH)["Jobs"] == []
    pages = owner.get_paginator("list_jobs").paginate(
        DataSetId=data_set, PaginationConfig={"PageSize": 1})
    assert [len(page["Jobs"]) for page in pages] == [1, 1]
    assert receiver.list_jobs()["Jobs"] == []
    assert error(receiver.cancel_job, JobId=job)[0] == 404


@pytest.fixture(scope="module")
def received(world, publisher, owner, receiver):
    """A data set of files that the subscriber has, and what was in it: the provider has changed all since."""
    keys = [nav_key(day) for day in DAYS]
    data_set, revision = snapshot(publisher, "Files for export", keys, "of January")
    publisher.finalize(data_set, revision)
    files = {key: world.lake.path(key).read_bytes() for key in keys}
    own = accept(world.subscriber, publisher.grant(data_set, SUBSCRIBER))
    for key in keys:
        world.lake.write_parquet(key, nav_rows("2024-01-30", 99))
    return data_set, own, revision, files


def test_a_receiver_exports_assets(received, receiver, exporter, s3):
    _, own, revision, files = received
    found = assets(receiver, own, revision)
    first, second = files
    details = {"ExportAssetsToS3": {
        "DataSetId": own, "RevisionId": revision, "Encryption": {"Type": "AES256"},
        "AssetDestinations": [
            {"AssetId": found[first]["Id"], "Bucket": "exports-of-the-receiver"},
            {"AssetId": found[second]["Id"], "Bucket": "exports-of-the-receiver",
             "Key": "as/I like.parquet"}]}}
    job = exporter.run_job("EXPORT_ASSETS_TO_S3", details)
    assert job["Details"] == details
    assert read(s3, "exports-of-the-receiver", first) == files[first]
    assert read(s3, "exports-of-the-receiver", "as/I like.parquet") == files[second]
    assert pyarrow.parquet.read_table(io.BytesIO(files[second])).num_rows == World.funds


def test_a_receiver_exports_revisions(received, receiver, exporter, s3):
    _, own, revision, files = received
    make_bucket(s3, "whole-revisions")
    created = receiver.get_revision(DataSetId=own, RevisionId=revision)["CreatedAt"]
    for pattern, prefix in (
            ({}, created.strftime("%Y-%m-%dT%H:%M:%SZ/")),
            ({"KeyPattern": "${DataSet.Name}/${Revision.CreatedAt.Year}/${Asset.Name}"},
             f"Files for export/{created:%Y}/"),
            ({"KeyPattern": "${Revision.Id}-${DataSet.Id}/${Asset.Name}"}, f"{revision}-{own}/")):
        exporter.run_job("EXPORT_REVISIONS_TO_S3", {"ExportRevisionsToS3": {
            "DataSetId": own, "RevisionDestinations": [
                {"RevisionId": revision, "Bucket": "whole-revisions", **pattern}]}})
        assert keys_in(s3, "whole-revisions", prefix) == [prefix + key for key in files]
        for key, content in files.items():
            assert read(s3, "whole-revisions", prefix + key) == content


def test_an_export_that_cannot_be(received, receiver, exporter, s3):
    """Nothing of it is there then."""
    source, own, revision, files = received
    asset = assets(receiver, own, revision)[next(iter(files))]["Id"]

    def details(data_set=own, bucket="exports-of-the-receiver", asset=asset, **more):
        return {"ExportAssetsToS3": {
            "DataSetId": data_set, "RevisionId": revision, "AssetDestinations": [
                {"AssetId": asset, "Bucket": bucket, "Key": "never"}], **more}}

    kind = "EXPORT_ASSETS_TO_S3"
    for wrong, refusal in (
            ({"data_set": source}, "ResourceNotFoundException"),
            ({"Encryption": {"Type": "aws:kms", "KmsKeyArn": "arn:aws:kms:x"}}, "ValidationException")):
        assert error(receiver.create_job, Type=kind, Details=details(**wrong))[1] == refusal
    assert error(
        receiver.create_job, Type="EXPORT_REVISIONS_TO_S3", Details={"ExportRevisionsToS3": {
            "DataSetId": own, "RevisionDestinations": [{
                "RevisionId": revision, "Bucket": "exports-of-the-receiver",
                "KeyPattern": "${Revision.Id}"}]}})[1] == "ValidationException"
    for wrong, code in (
            ({"bucket": "no-such-bucket"}, "RESOURCE_NOT_FOUND_EXCEPTION"),
            ({"bucket": BUCKET}, "ACCESS_DENIED_EXCEPTION"),
            ({"asset": NO_SUCH}, "RESOURCE_NOT_FOUND_EXCEPTION")):
        job = exporter.run_job(kind, details(**wrong), expected="ERROR")
        assert job["Errors"][0]["Code"] == code, job["Errors"]
    assert keys_in(s3, "exports-of-the-receiver", "never") == []
    # A receiver takes out; it puts nothing in.
    assert error(receiver.create_job, Type="IMPORT_ASSETS_FROM_S3", Details={"ImportAssetsFromS3": {
        "DataSetId": own, "RevisionId": revision, "AssetSources": [
            {"Bucket": "exports-of-the-receiver", "Key": "x"}]}})[:2] == (
        403, "AccessDeniedException")


def test_what_was_taken_back_is_not_exported(world, publisher, receiver, exporter, s3):
    data_set, revision = snapshot(publisher, "Taken back", [nav_key(DAYS[0])])
    publisher.finalize(data_set, revision)
    grant = publisher.grant(data_set, SUBSCRIBER)
    own = accept(world.subscriber, grant)
    asset, = assets(receiver, own, revision).values()
    details = {"ExportAssetsToS3": {"DataSetId": own, "RevisionId": revision, "AssetDestinations": [
        {"AssetId": asset["Id"], "Bucket": "exports-of-the-receiver", "Key": "taken-back"}]}}
    late = receiver.create_job(Type="EXPORT_ASSETS_TO_S3", Details=details)["Id"]
    publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=revision, RevocationComment="Wrong numbers.")
    receiver.start_job(JobId=late)
    assert exporter.wait(late, "ERROR")["Errors"][0]["Code"] == "RESOURCE_NOT_FOUND_EXCEPTION"
    assert error(receiver.create_job, Type="EXPORT_ASSETS_TO_S3", Details=details)[:2] == (
        404, "ResourceNotFoundException")
    publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    assert error(receiver.create_job, Type="EXPORT_ASSETS_TO_S3", Details=details) == (
        404, "ResourceNotFoundException", "DATA_SET")
    assert keys_in(s3, "exports-of-the-receiver", "taken-back") == []


def test_event_actions_are_kept(received, receiver, owner, s3):
    _, own, _, _ = received

    def export(bucket="exports-of-the-receiver", **more):
        return {"ExportRevisionToS3": {
            "RevisionDestination": {"Bucket": bucket, **more}, "Encryption": {"Type": "AES256"}}}

    event = {"RevisionPublished": {"DataSetId": own}}
    made = receiver.create_event_action(
        Action=export(KeyPattern="${Asset.Name}"), Event=event, Tags={"team": "funds"})
    assert made["Arn"] == f"arn:aws:dataexchange:{REGION}:{SUBSCRIBER}:event-actions/{made['Id']}"
    found = receiver.get_event_action(EventActionId=made["Id"])
    assert (found["Event"], found["Action"]) == (event, export(KeyPattern="${Asset.Name}"))
    assert found["Tags"] == {"team": "funds"}
    changed = receiver.update_event_action(EventActionId=made["Id"], Action=export())
    assert changed["Action"] == export()
    listed = receiver.list_event_actions(EventSourceId=own)["EventActions"]
    assert [one["Id"] for one in listed] == [made["Id"]]
    assert receiver.list_event_actions(EventSourceId=NO_SUCH)["EventActions"] == []
    assert owner.list_event_actions()["EventActions"] == []
    assert error(owner.get_event_action, EventActionId=made["Id"]) == (
        404, "ResourceNotFoundException", "EVENT_ACTION")
    for wrong in export("of-nobody"), export(BUCKET), export(KeyPattern="${Revision.Id}"), {}:
        assert error(receiver.create_event_action, Action=wrong, Event=event)[1] == (
            "ValidationException")
    receiver.delete_event_action(EventActionId=made["Id"])
    assert error(receiver.get_event_action, EventActionId=made["Id"])[0] == 404


def test_tags(world, publisher, owner, receiver):
    data_set = publisher.data_set("Tagged", Tags={"team": "nav"})
    arn = owner.get_data_set(DataSetId=data_set)["Arn"]
    revision = owner.create_revision(DataSetId=data_set, Tags={"of": "January"})
    grant = publisher.grant(data_set, SUBSCRIBER)
    for resource, tags in (arn, {"team": "nav"}), (revision["Arn"], {"of": "January"}), (
            grant["Arn"], {}):
        assert owner.list_tags_for_resource(ResourceArn=resource)["Tags"] == tags
        owner.tag_resource(ResourceArn=resource, Tags={"new one": "ä b", "team": "risk"})
        owner.untag_resource(ResourceArn=resource, TagKeys=["team", "never there"])
        expected = {name: value for name, value in tags.items() if name != "team"}
        assert owner.list_tags_for_resource(ResourceArn=resource)["Tags"] == {
            **expected, "new one": "ä b"}
    assert owner.get_data_set(DataSetId=data_set)["Tags"] == {"new one": "ä b"}
    assert error(
        owner.tag_resource, ResourceArn=arn, Tags={str(number): "" for number in range(50)}
    )[1] == "ValidationException"
    assert error(receiver.list_tags_for_resource, ResourceArn=arn)[1] == "ValidationException"
    assert error(
        owner.list_tags_for_resource, ResourceArn=arn.replace(data_set, NO_SUCH)
    ) == (404, "ResourceNotFoundException", "DATA_SET")


def test_the_owner_tells_receivers_something(world, publisher, owner, receiver):
    inbox = Inbox(world.subscriber, "notifications", {"detail-type": [
        "Data Updated in Data Set", "Schema Change Planned for Data Set",
        "Data Set Update Delayed", "Deprecation Planned for Data Set"]})
    data_set = publisher.data_set("Told of")
    own = accept(world.subscriber, publisher.grant(data_set, SUBSCRIBER))
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    day = datetime.timedelta(days=1)

    def text(time):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")

    cases = [
        ("DATA_DELAY", None, None, "Data Set Update Delayed"),
        ("DATA_UPDATE", {"DataUpdate": {"DataUpdatedAt": now - day}},
         {"DataUpdate": {"DataUpdatedAt": text(now - day)}}, "Data Updated in Data Set"),
        ("DEPRECATION", {"Deprecation": {"DeprecationAt": now + day}},
         {"Deprecation": {"DeprecationAt": text(now + day)}}, "Deprecation Planned for Data Set"),
        ("SCHEMA_CHANGE", {"SchemaChange": {"SchemaChangeAt": now + day, "Changes": [
            {"Name": "nav", "Type": "MODIFY", "Description": "more places"}]}},
         {"SchemaChange": {"SchemaChangeAt": text(now + day), "Changes": [
             {"Name": "nav", "Type": "MODIFY", "Description": "more places"}]}},
         "Schema Change Planned for Data Set")]
    for kind, details, told, detail_type in cases:
        asked = {"DataSetId": data_set, "Type": kind, "Comment": "As you were told.",
                 "ClientToken": kind, "Scope": {"S3DataAccesses": [{"KeyPrefixes": ["gold/"]}]}}
        asked |= {"Details": details} if details else {}
        # Sent again, it is told once.
        for _ in range(2):
            owner.send_data_set_notification(**asked)
        event = inbox.take()
        assert (event["detail-type"], event["account"]) == (detail_type, SUBSCRIBER)
        assert event["resources"] == [f"arn:aws:dataexchange:{REGION}::data-sets/{own}"]
        assert event["detail"]["DataSet"] == {
            "Id": own, "Name": "Told of", "AssetType": "S3_DATA_ACCESS"}
        notification = event["detail"]["Notification"]
        assert notification["Type"] == kind and notification.get("Details") == told
        assert notification["Scope"] == {"S3DataAccesses": [{"KeyPrefixes": ["gold/"]}]}
    assert inbox.is_empty()
    for kind, details in (
            ("DEPRECATION", None), ("DEPRECATION", {"Deprecation": {"DeprecationAt": now - day}}),
            ("DATA_UPDATE", {"DataUpdate": {"DataUpdatedAt": now + day}}),
            ("DATA_DELAY", {"DataUpdate": {"DataUpdatedAt": now - day}})):
        asked = {"DataSetId": data_set, "Type": kind} | ({"Details": details} if details else {})
        assert error(owner.send_data_set_notification, **asked)[1] == "ValidationException"
    assert error(
        receiver.send_data_set_notification, DataSetId=own, Type="DATA_DELAY"
    )[:2] in ((403, "AccessDeniedException"), (404, "ResourceNotFoundException"))


def test_a_redshift_share_is_registered_and_granted(world, publisher, owner, receiver):
    data_set = publisher.data_set("Portfolio Analytics", kind="REDSHIFT_DATA_SHARE")
    revision = owner.create_revision(DataSetId=data_set)["Id"]
    share = f"arn:aws:redshift:{REGION}:{PROVIDER}:datashare:86b5169f-012a-234b-9fbb-e2e24359e9a8/navs"

    def details(arn):
        return {"ImportAssetsFromRedshiftDataShares": {
            "DataSetId": data_set, "RevisionId": revision,
            "AssetSources": [{"DataShareArn": arn}]}}

    kind = "IMPORT_ASSETS_FROM_REDSHIFT_DATA_SHARES"
    assert error(owner.create_job, Type=kind, Details=details("arn:aws:s3:::x"))[1] == (
        "ValidationException")
    foreign = share.replace(PROVIDER, SUBSCRIBER)
    job = publisher.run_job(kind, details(foreign), expected="ERROR")
    assert job["Errors"][0]["Code"] == "ACCESS_DENIED_EXCEPTION"
    assert publisher.run_job(kind, details(share))["Details"] == details(share)
    publisher.finalize(data_set, revision)
    own = accept(world.subscriber, publisher.grant(data_set, SUBSCRIBER))
    asset, = receiver.list_revision_assets(DataSetId=own, RevisionId=revision)["Assets"]
    assert asset["AssetType"] == "REDSHIFT_DATA_SHARE"
    assert asset["AssetDetails"] == {"RedshiftDataShareAsset": {"Arn": share}}
