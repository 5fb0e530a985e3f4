"""LF-Tags, and data sets of Lake Formation permissions: what is tagged is granted, by boto3 and the AWS CLI."""

import datetime
import json
import time

import boto3
import pytest

from athena import Athena
from exchange import PROVIDER
from lake import ADMINISTRATOR, BUCKET, DATABASE, Provider, in_shell, link_database, table_of
from publication import Publisher, accept
from s3 import ONCE, refused
from test_policies import session, trust

ACCOUNT = "222222222222"
ROLE = f"arn:aws:iam::{PROVIDER}:role/adx-grants"
KIND = "LAKE_FORMATION_DATA_PERMISSION"
JOB = "IMPORT_ASSETS_FROM_LAKE_FORMATION_TAG_POLICY"
SERVICE = "dataexchange.amazonaws.com"
COUNT = "SELECT count(*) FROM nav_history"
# Four funds on six days.
ROWS = [["24"]]
NOT_FOUND = "TABLE_NOT_FOUND"


def service_trust(service=SERVICE):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


class Tagged:
    """A lake with two tables, one of them tagged, a role that may grant it, and a subscriber."""

    def __init__(self, exchange, directory):
        self.exchange = exchange
        self.team = Provider.of_sample(exchange, directory)
        self.lf = self.team.lakeformation
        iam = exchange.provider.client("iam")
        iam.create_role(RoleName="adx-grants", AssumeRolePolicyDocument=service_trust())
        self.administrate(ADMINISTRATOR, ROLE)
        self.lf.create_lf_tag(TagKey="Product", TagValues=["ESG", "NAV", "internal"])
        self.tag(table_of("nav_history"), "nav")
        self.subscriber = exchange.subscriber(ACCOUNT)
        link_database(self.subscriber)
        self.athena = Athena(self.subscriber)
        self.publisher = Publisher(exchange.provider)

    def administrate(self, *principals):
        self.lf.put_data_lake_settings(DataLakeSettings={
            "DataLakeAdmins": [{"DataLakePrincipalIdentifier": one} for one in principals],
            "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []})

    def tag(self, resource, value):
        tags = [{"TagKey": "product", "TagValues": [value]}]
        assert self.lf.add_lf_tags_to_resource(Resource=resource, LFTags=tags)["Failures"] == []

    def untag(self, resource, value):
        tags = [{"TagKey": "product", "TagValues": [value]}]
        assert self.lf.remove_lf_tags_from_resource(Resource=resource, LFTags=tags)["Failures"] == []

    def draft(self, *values, permissions=("DESCRIBE", "SELECT"), data_set=None, **changes):
        data_set = data_set or self.publisher.data_set("By tag", kind=KIND)
        revision = self.publisher.client.create_revision(DataSetId=data_set)["Id"]
        details = policy(data_set, revision, values, permissions, **changes)
        return data_set, revision, {"ImportAssetsFromLakeFormationTagPolicy": details}

    def publish(self, *values, **parameters):
        data_set, revision, details = self.draft(*values, **parameters)
        self.publisher.run_job(JOB, details)
        self.publisher.finalize(data_set, revision)
        return data_set, revision

    def grant(self, data_set, seconds=None):
        ends = {}
        if seconds:
            now = datetime.datetime.now(datetime.UTC)
            ends = {"EndsAt": now + datetime.timedelta(seconds=seconds)}
        grant = self.publisher.client.create_data_grant(
            Name="by tag", GrantDistributionScope="NONE", ReceiverPrincipal=ACCOUNT,
            SourceDataSetId=data_set, **ends)
        accept(self.subscriber, grant)
        return grant

    def withdraw(self):
        for grant in self.publisher.client.list_data_grants()["DataGrantSummaries"]:
            self.publisher.client.delete_data_grant(DataGrantId=grant["Id"])

    @property
    def is_closed(self):
        return NOT_FOUND in self.athena.reason(COUNT)


def policy(data_set, revision, values, permissions=("DESCRIBE", "SELECT"), **changes):
    return {
        "CatalogId": PROVIDER, "RoleArn": ROLE, "DataSetId": data_set, "RevisionId": revision,
        "Table": {
            "Expression": [{"TagKey": "product", "TagValues": list(values)}],
            "Permissions": list(permissions)}, **changes}


@pytest.fixture(scope="module")
def tagged(exchange, tmp_path_factory):
    return Tagged(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(autouse=True)
def nobody_holds_anything(tagged):
    yield
    tagged.withdraw()


def test_a_data_grant_opens_what_is_tagged_as_long_as_it_holds(tagged):
    data_set, revision = tagged.publish("nav")
    assert tagged.is_closed
    grant = tagged.publisher.client.create_data_grant(
        Name="by tag", GrantDistributionScope="NONE", ReceiverPrincipal=ACCOUNT,
        SourceDataSetId=data_set)
    assert tagged.is_closed
    own = accept(tagged.subscriber, grant)
    assert tagged.athena.rows(COUNT) == ROWS
    assert NOT_FOUND in tagged.athena.reason("SELECT count(*) FROM esg_insights")
    glue = tagged.subscriber.client("glue")
    tables = glue.get_tables(CatalogId=PROVIDER, DatabaseName=DATABASE)["TableList"]
    assert [table["Name"] for table in tables] == ["nav_history"]
    shared = glue.get_databases(ResourceShareType="FOREIGN")["DatabaseList"]
    assert [database["Name"] for database in shared] == [DATABASE]

    # As the receiver has it: which role of the owner's granted it is not its business.
    asset, = tagged.subscriber.client("dataexchange").list_revision_assets(
        DataSetId=own, RevisionId=revision)["Assets"]
    shown = asset["AssetDetails"]["LakeFormationDataPermissionAsset"]
    assert shown == {
        "LakeFormationDataPermissionType": "LFTagPolicy", "Permissions": ["DESCRIBE", "SELECT"],
        "LakeFormationDataPermissionDetails": {"LFTagPolicy": {
            "CatalogId": PROVIDER, "ResourceType": "TABLE",
            "ResourceDetails": {"Table": {
                "Expression": [{"TagKey": "product", "TagValues": ["nav"]}]}}}}}
    assert (asset["AssetType"], asset["Name"]) == (KIND, "TABLE product=nav")
    held = tagged.subscriber.client("lakeformation").list_permissions(
        CatalogId=PROVIDER)["PrincipalResourcePermissions"]
    assert [(one["Principal"], one["Permissions"], one["LastUpdatedBy"]) for one in held] == [
        ({"DataLakePrincipalIdentifier": ACCOUNT}, ["DESCRIBE", "SELECT"], SERVICE)]

    tagged.publisher.client.delete_data_grant(DataGrantId=grant["Id"])
    assert tagged.is_closed
    assert glue.get_databases(ResourceShareType="FOREIGN")["DatabaseList"] == []


def test_tags_decide_from_the_next_statement_on(tagged):
    data_set, _ = tagged.publish("nav")
    tagged.grant(data_set)
    esg = table_of("esg_insights")
    tagged.tag(esg, "nav")
    assert tagged.athena.rows("SELECT count(*) > 0 FROM esg_insights") == [["true"]]
    tagged.tag(esg, "esg")
    assert NOT_FOUND in tagged.athena.reason("SELECT count(*) FROM esg_insights")
    tagged.untag(esg, "esg")
    column = {"TableWithColumns": {
        "DatabaseName": DATABASE, "Name": "nav_history", "ColumnNames": ["nav"]}}
    tagged.tag(column, "internal")
    columns = [column["Name"] for column in tagged.subscriber.client("glue").get_table(
        CatalogId=PROVIDER, DatabaseName=DATABASE, Name="nav_history")["Table"][
            "StorageDescriptor"]["Columns"]]
    assert columns == ["fund_id", "nav_date"]
    assert len(tagged.athena.rows("SELECT * FROM nav_history LIMIT 1")[0]) == 3
    assert "COLUMN_NOT_FOUND" in tagged.athena.reason("SELECT nav FROM nav_history")
    tagged.untag(column, "internal")
    assert len(tagged.athena.rows("SELECT * FROM nav_history LIMIT 1")[0]) == 4


def test_the_newest_revision_decides(tagged):
    data_set, first = tagged.publish("nav")
    tagged.grant(data_set)
    assert tagged.athena.rows(COUNT) == ROWS
    _, second = tagged.publish("esg", data_set=data_set)
    assert tagged.is_closed
    tagged.publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=second, RevocationComment="It was the wrong tag.")
    assert tagged.athena.rows(COUNT) == ROWS


def test_a_tag_that_is_made_anew_opens_nothing(tagged):
    """What is published by it has to be revoked before it goes."""
    tagged.lf.create_lf_tag(TagKey="domain", TagValues=["risk", "spare"])
    expression = [{"TagKey": "domain", "TagValues": ["risk"]}]
    data_set, revision = tagged.publish(
        "", Table={"Expression": expression, "Permissions": ["SELECT"]})
    tagged.grant(data_set)
    ask = tagged.exchange.provider.client("lakeformation", config=ONCE)
    wrong = (400, "InvalidInputException")
    assert refused(ask.delete_lf_tag, TagKey="domain") == wrong
    assert refused(ask.update_lf_tag, TagKey="domain", TagValuesToDelete=["risk"]) == wrong
    ask.update_lf_tag(TagKey="domain", TagValuesToDelete=["spare"])
    tagged.publisher.client.revoke_revision(
        DataSetId=data_set, RevisionId=revision, RevocationComment="No more of this.")
    ask.delete_lf_tag(TagKey="domain")
    ask.create_lf_tag(TagKey="domain", TagValues=["risk"])
    ask.add_lf_tags_to_resource(Resource=table_of("nav_history"), LFTags=expression)
    assert tagged.is_closed
    ask.delete_lf_tag(TagKey="domain")


def test_it_ends_by_the_clock_and_so_do_kept_answers(tagged):
    data_set, _ = tagged.publish("nav")
    began = time.monotonic()
    tagged.grant(data_set, seconds=6)
    reuse = {"ResultReuseConfiguration": {
        "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 10}}}
    asked = "SELECT fund_id, count(*) FROM nav_history GROUP BY 1 ORDER BY 1"
    first = tagged.athena.ask(asked, **reuse)
    assert first.state == "SUCCEEDED" and time.monotonic() - began < 6
    again = tagged.athena.ask(asked, **reuse)
    assert again.state == "SUCCEEDED" and time.monotonic() - began < 6
    assert again.execution["Statistics"]["ResultReuseInformation"] == {"ReusedPreviousResult": True}
    time.sleep(max(began + 6.2 - time.monotonic(), 0))
    last = tagged.athena.ask(asked, **reuse)
    assert last.state == "FAILED" and NOT_FOUND in last.reason


def test_files_are_lent_to_whom_a_whole_table_is_granted(tagged):
    tagged.lf.put_data_lake_settings(DataLakeSettings={
        **tagged.lf.get_data_lake_settings()["DataLakeSettings"],
        "AllowFullTableExternalDataAccess": True})
    data_set, _ = tagged.publish("nav")
    tagged.grant(data_set, seconds=5)
    ask = tagged.subscriber.client("lakeformation", config=ONCE)
    table = f"arn:aws:glue:us-east-1:{PROVIDER}:table/{DATABASE}/nav_history"
    lent = ask.get_temporary_glue_table_credentials(TableArn=table, Permissions=["SELECT"])
    s3 = boto3.client(
        "s3", endpoint_url=tagged.exchange.endpoint, region_name="us-east-1", config=ONCE,
        aws_access_key_id=lent["AccessKeyId"], aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"])
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="gold/nav/daily/")["KeyCount"] == 6
    time.sleep(5.2)
    assert refused(s3.list_objects_v2, Bucket=BUCKET, Prefix="gold/nav/daily/")[0] == 403
    assert refused(
        ask.get_temporary_glue_table_credentials, TableArn=table, Permissions=["SELECT"])[0] == 400


def test_a_policy_of_databases_shows_names_alone(tagged):
    tagged.tag({"Database": {"Name": DATABASE}}, "internal")
    expression = [{"TagKey": "product", "TagValues": ["internal"]}]
    data_set, revision = tagged.publisher.data_set("Names", kind=KIND), None
    revision = tagged.publisher.client.create_revision(DataSetId=data_set)["Id"]
    details = policy(data_set, revision, [])
    details.pop("Table")
    details["Database"] = {"Expression": expression, "Permissions": ["DESCRIBE"]}
    job = tagged.publisher.run_job(JOB, {"ImportAssetsFromLakeFormationTagPolicy": details})
    assert job["Details"]["ImportAssetsFromLakeFormationTagPolicy"] == details
    tagged.publisher.finalize(data_set, revision)
    tagged.grant(data_set)
    glue = tagged.subscriber.client("glue")
    assert glue.get_database(CatalogId=PROVIDER, Name=DATABASE)["Database"]["Name"] == DATABASE
    assert glue.get_tables(CatalogId=PROVIDER, DatabaseName=DATABASE)["TableList"] == []
    tagged.untag({"Database": {"Name": DATABASE}}, "internal")
    assert refused(glue.get_database, CatalogId=PROVIDER, Name=DATABASE) == (
        400, "EntityNotFoundException")


def test_explain_says_by_which_grant(tagged):
    data_set, _ = tagged.publish("nav")
    grant = tagged.grant(data_set)
    explained = tagged.exchange.provider.bourse(
        "explain", ACCOUNT, f"{DATABASE}.nav_history", "--json").json
    assert explained["Verdict"] == "ALLOWED"
    reasons = [rule["Reason"] for rule in explained["Rules"] if rule["Name"] == "grant"]
    assert any(
        "tagged product=nav" in reason and f"by the data grant {grant['Id']}" in reason
        for reason in reasons), reasons
    of_set = tagged.exchange.provider.bourse("explain", ACCOUNT, data_set, "--json").json
    assert of_set["Permissions"][0]["Resource"]["LFTagPolicy"]["ResourceType"] == "TABLE"
    tagged.withdraw()
    explained = tagged.exchange.provider.bourse(
        "explain", ACCOUNT, f"{DATABASE}.nav_history", "--json").json
    assert explained["Verdict"] == "DENIED"


def test_it_holds_after_a_crash(own_exchange, tmp_path):
    tagged = Tagged(own_exchange, tmp_path / "lake")
    data_set, _ = tagged.publish("nav")
    tagged.grant(data_set)
    own_exchange.kill()
    own_exchange.serve()
    assert tagged.athena.rows(COUNT) == ROWS
    assert tagged.lf.get_lf_tag(TagKey="PRODUCT")["TagValues"] == ["esg", "nav", "internal"]


def test_whoever_grants_by_tag_without_a_data_set_does_it_alike(tagged):
    """As the data team shares a whole domain with an account."""
    resource = {"LFTagPolicy": {
        "ResourceType": "TABLE", "Expression": [{"TagKey": "product", "TagValues": ["nav"]}]}}
    tagged.team.grant(ACCOUNT, "SELECT", resource)
    assert tagged.athena.rows(COUNT) == ROWS
    listed = tagged.lf.list_permissions(
        Principal={"DataLakePrincipalIdentifier": ACCOUNT}, Resource=table_of("nav_history"))
    entry, = listed["PrincipalResourcePermissions"]
    assert entry["Resource"] == {"LFTagPolicy": {
        "CatalogId": PROVIDER, **resource["LFTagPolicy"]}}
    by_type = tagged.lf.list_permissions(ResourceType="LF_TAG_POLICY_TABLE")
    assert by_type["PrincipalResourcePermissions"] == [entry]
    by_path = tagged.lf.get_effective_permissions_for_path(
        ResourceArn=f"arn:aws:s3:::{BUCKET}/gold/nav/daily")
    assert entry in by_path["Permissions"]
    tagged.team.revoke(ACCOUNT, "SELECT", resource)
    assert tagged.is_closed


ASKED = {"Expression": [{"TagKey": "product", "TagValues": ["nav"]}], "Permissions": ["SELECT"]}


@pytest.mark.parametrize("changes", [
    {"RoleArn": f"arn:aws:iam::{PROVIDER}:role/nobody"},
    {"RoleArn": f"arn:aws:iam::{PROVIDER}:role/of-another-service"},
    {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/adx-grants"},
    {"CatalogId": ACCOUNT},
    {"Table": {**ASKED, "Permissions": []}},
    {"Table": {**ASKED, "Expression": []}},
    {"Table": {**ASKED, "Expression": ASKED["Expression"] * 2}},
    {"Table": {**ASKED, "Expression": [{"TagKey": "product", "TagValues": []}]}},
], ids=[
    "no such role", "a role of another service's", "another account's role", "another catalogue",
    "no permissions", "no tags", "a tag twice", "a tag without values"])
def test_what_makes_no_sense_is_refused(tagged, changes):
    iam = tagged.exchange.provider.client("iam")
    if not [role for role in iam.list_roles()["Roles"] if role["RoleName"] == "of-another-service"]:
        iam.create_role(
            RoleName="of-another-service", AssumeRolePolicyDocument=service_trust("glue.amazonaws.com"))
    _, _, details = tagged.draft("nav", **changes)
    client = tagged.exchange.provider.client("dataexchange", config=ONCE)
    assert refused(client.create_job, Type=JOB, Details=details) == (400, "ValidationException")


def test_a_role_is_handed_over_by_whom_it_may_be(tagged):
    """As `iam:PassRole` says: else whoever may publish could grant whatever the role may."""
    data_set, _, details = tagged.draft("nav")
    publisher = session(tagged.exchange, tagged.exchange.provider.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{PROVIDER}:role/data-publisher", RoleSessionName="me"),
        "dataexchange")
    assert publisher.get_data_set(DataSetId=data_set)["Id"] == data_set
    assert refused(publisher.create_job, Type=JOB, Details=details) == (
        403, "AccessDeniedException")


@pytest.mark.parametrize("value, admins, code", [
    ("nothing", (ADMINISTRATOR, ROLE), "RESOURCE_NOT_FOUND_EXCEPTION"),
    ("nav", (ADMINISTRATOR,), "ACCESS_DENIED_EXCEPTION"),
], ids=["no such value", "a role that may not grant"])
def test_what_cannot_be_granted_ends_in_error(tagged, value, admins, code):
    tagged.administrate(*admins)
    data_set, revision, details = tagged.draft(value)
    job = tagged.publisher.run_job(JOB, details, expected="ERROR")
    assert [error["Code"] for error in job["Errors"]] == [code]
    assert tagged.publisher.client.list_revision_assets(
        DataSetId=data_set, RevisionId=revision)["Assets"] == []
    tagged.administrate(ADMINISTRATOR, ROLE)


def test_a_role_without_the_lake_may_pass_on_what_it_holds(tagged):
    tagged.administrate(ADMINISTRATOR)
    resource = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": ASKED["Expression"]}}
    rights = ["DESCRIBE", "SELECT"]
    tagged.lf.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": ROLE}, Resource=resource, Permissions=rights,
        PermissionsWithGrantOption=rights)
    data_set, _ = tagged.publish("nav")
    tagged.grant(data_set)
    assert tagged.athena.rows(COUNT) == ROWS
    tagged.lf.revoke_permissions(
        Principal={"DataLakePrincipalIdentifier": ROLE}, Resource=resource, Permissions=rights)
    tagged.administrate(ADMINISTRATOR, ROLE)


def test_the_aws_cli_does_it_too(tagged):
    def aws(*arguments):
        result = tagged.exchange.provider.aws("lakeformation", *arguments)
        assert result.status == 0, result
        return json.loads(result.out or "{}")

    aws("create-lf-tag", "--tag-key", "Region", "--tag-values", "EMEA", "APAC")
    aws("update-lf-tag", "--tag-key", "region", "--tag-values-to-delete", "APAC",
        "--tag-values-to-add", "AMER")
    assert aws("get-lf-tag", "--tag-key", "region")["TagValues"] == ["emea", "amer"]
    assert [tag["TagKey"] for tag in aws("list-lf-tags")["LFTags"]] == ["product", "region"]
    table = in_shell(table_of("esg_insights"))
    tag = in_shell([{"TagKey": "region", "TagValues": ["emea"]}])
    assert aws("add-lf-tags-to-resource", "--resource", table, "--lf-tags", tag) == {"Failures": []}
    found = aws("search-tables-by-lf-tags", "--expression", tag)["TableList"]
    assert [one["Table"]["Name"] for one in found] == ["esg_insights"]
    assert aws("search-databases-by-lf-tags", "--expression", tag)["DatabaseList"] == []
    shown = aws("get-resource-lf-tags", "--resource", table, "--show-assigned-lf-tags")
    assert shown["LFTagsOnTable"] == [
        {"CatalogId": PROVIDER, "TagKey": "region", "TagValues": ["emea"]}]
    assert aws(
        "remove-lf-tags-from-resource", "--resource", table, "--lf-tags", tag) == {"Failures": []}
    aws("delete-lf-tag", "--tag-key", "region")
    assert [tag["TagKey"] for tag in aws("list-lf-tags")["LFTags"]] == ["product"]
