"""Why an account may see something, or may not, as a compliance officer reads it."""

import json

import pytest

from athena import Athena
from exchange import PROVIDER
from lake import BUCKET, DATABASE, LINK, Provider, cells, link_database, table_of
from publication import Publisher, accept
from test_policies import session, set_policy, statement
from wire import Ask

ACCOUNT = "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/data-subscriber"
TABLE = f"{DATABASE}.nav_history"


@pytest.fixture(scope="module")
def team(exchange, tmp_path_factory):
    return Provider.of_sample(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def athena(team, subscriber):
    link_database(subscriber)
    return Athena(subscriber)


@pytest.fixture
def granted(team, athena):
    """Some rows of all but one column."""
    team.grant_rows(ACCOUNT, "nav_history", "fund_id IN ('F001', 'F002')", without=["nav_date"])
    yield
    team.revoke(ACCOUNT, "SELECT", cells("nav_history", "rows"))
    team.lakeformation.delete_data_cells_filter(
        TableCatalogId=PROVIDER, DatabaseName=DATABASE, TableName="nav_history", Name="rows")


def explain(provider, resource, account=ACCOUNT):
    result = provider.bourse("explain", account, resource, "--json")
    assert result.status == 0, result
    return result.json


def rules(explanation, name):
    return [(rule["Effect"], rule["Reason"]) for rule in explanation["Rules"] if rule["Name"] == name]


def test_without_a_grant_it_is_said_so_and_the_query_says_it_too(provider, athena):
    said = explain(provider, TABLE)
    assert said["Verdict"] == "DENIED" and f"may not see {TABLE}: no grant reaches {ROLE}" in said["Summary"]
    assert "Table" not in said and said["Permissions"] == [] and said["DataCellsFilters"] == []
    assert athena.reason("SELECT * FROM nav_history").startswith("TABLE_NOT_FOUND")


def test_what_is_said_is_what_a_query_shows(provider, athena, granted, team):
    said = explain(provider, TABLE)
    assert said["Verdict"] == "ALLOWED"
    assert said["Summary"] == (
        f"account {ACCOUNT} may read {TABLE}: 3 of 4 columns, the rows where fund_id IN ('F001', 'F002')")
    assert [rule["Name"] for rule in said["Rules"]] == [
        "account", "role policy", "role policy", "name", "bucket policy", "registered location", "grant",
        "revision"]
    assert [column["Name"] for column in said["Table"]["Columns"]] == ["fund_id", "nav", "as_of"]
    assert said["Table"]["HiddenColumns"] == ["nav_date"]
    answer = athena.ask("SELECT * FROM nav_history")
    assert [name for name, *_ in answer.columns] == ["fund_id", "nav", "as_of"]
    rows = athena.rows(f"SELECT DISTINCT {said['Table']['RowFilter']} FROM nav_history")
    assert rows == [["true"]], "the filter's own words are read back as a condition"
    assert rules(said, "name") == [("NOTES", f"in its statements, the account calls the database {LINK}")]
    [(effect, reason)] = rules(said, "grant")
    assert effect == "LIMITS" and "through the filter rows" in reason and "user/bourse-admin" in reason
    listed = team.lakeformation.list_permissions(
        Principal={"DataLakePrincipalIdentifier": ACCOUNT}, Resource=table_of("nav_history"))
    assert [one["Resource"] for one in said["Permissions"]] == [
        one["Resource"] for one in listed["PrincipalResourcePermissions"]]
    [kept] = team.lakeformation.list_data_cells_filter()["DataCellsFilters"]
    assert said["DataCellsFilters"] == [kept]
    [policy] = said["IdentityPolicies"]
    assert "athena:*" in policy["Statement"][0]["Action"] and policy["Version"] == "2012-10-17"


def test_masks_of_several_grants(provider, athena, granted, team):
    team.grant_rows(ACCOUNT, "nav_history", "fund_id = 'F003'", name="more", columns=["fund_id"])
    said = explain(provider, TABLE)
    masked = {column["Name"]: column.get("VisibleWhere") for column in said["Table"]["Columns"]}
    assert masked == {
        "fund_id": None, "nav": "fund_id IN ('F001', 'F002')", "as_of": "fund_id IN ('F001', 'F002')"}
    assert said["Table"]["RowFilter"] == "(fund_id IN ('F001', 'F002')) OR (fund_id = 'F003')"
    assert [effect for effect, _ in rules(said, "grant")] == ["LIMITS", "LIMITS"]
    hidden = f"SELECT DISTINCT nav IS NULL FROM nav_history WHERE NOT ({masked['nav']})"
    assert athena.rows(hidden) == [["true"]]
    team.revoke(ACCOUNT, "SELECT", cells("nav_history", "more"))
    team.lakeformation.delete_data_cells_filter(
        TableCatalogId=PROVIDER, DatabaseName=DATABASE, TableName="nav_history", Name="more")


def test_metadata_alone(provider, athena, team):
    team.grant(ACCOUNT, "DESCRIBE", table_of("esg_insights"))
    said = explain(provider, f"{DATABASE}.esg_insights")
    assert said["Verdict"] == "METADATA_ONLY" and "read nothing of it: no grant of data reaches" in said["Summary"]
    assert athena.reason("SELECT * FROM esg_insights").startswith("TABLE_NOT_FOUND")
    database = explain(provider, DATABASE)
    assert database["Verdict"] == "METADATA_ONLY" and "read 0 of its 2 tables" in database["Summary"]
    team.revoke(ACCOUNT, "DESCRIBE", table_of("esg_insights"))
    assert explain(provider, DATABASE)["Verdict"] == "DENIED"


def test_every_way_to_name_a_table_or_a_database(provider, athena, granted):
    arn = f"arn:aws:glue:us-east-1:{PROVIDER}"
    for name in (TABLE.upper(), f"{LINK}.nav_history", f"{arn}:table/{DATABASE}/nav_history"):
        assert explain(provider, name)["Resource"] == TABLE
    for name in (DATABASE, LINK, f"{arn}:database/{DATABASE}"):
        said = explain(provider, name)
        assert said["Resource"] == DATABASE and "read 1 of its 2 tables" in said["Summary"]


def test_the_revision_that_is_read_and_those_that_are_not(provider, athena, granted, subscriber):
    publisher = Publisher(provider)
    data_set = publisher.data_set()
    first, second = publisher.publish(data_set), publisher.publish(data_set)
    publisher.draft(data_set)
    said = explain(provider, TABLE)
    assert said["RevisionId"] == second
    assert "the newest that is finalized and not revoked, of 2 published; 1 drafts" in said["Rules"][-2]["Reason"]
    publisher.client.revoke_revision(DataSetId=data_set, RevisionId=second, RevocationComment="wrong values")
    said = explain(provider, TABLE)
    assert said["RevisionId"] == first
    assert any(reason.startswith(f"{second} is revoked since") for _, reason in rules(said, "revision"))
    assert rules(said, "data grant")[0][1].startswith(f"none of data set {data_set}")
    elsewhere = publisher.publish(data_set, prefixes=("gold/esg-insights/",))
    said = explain(provider, TABLE)
    assert ("LIMITS", f"nothing is read: the newest revision, {elsewhere}, leaves this part out") in rules(
        said, "revision")
    assert "RevisionId" not in said and athena.rows("SELECT count(*) FROM nav_history") == [["0"]]
    publisher.client.revoke_revision(DataSetId=data_set, RevisionId=elsewhere, RevocationComment="wrong values")

    assert explain(provider, data_set)["Verdict"] == "DENIED"
    grant = publisher.grant(data_set, ACCOUNT)
    assert "is not accepted yet" in rules(explain(provider, data_set), "data grant")[0][1]
    received = accept(subscriber, grant)
    for name in (data_set, received, f"arn:aws:dataexchange:us-east-1:{ACCOUNT}:data-sets/{received}"):
        said = explain(provider, name)
        assert said["Verdict"] == "ALLOWED" and f"as {received}, and 1 revisions" in said["Summary"]
        assert said["RevisionId"] == first
        assert [reason.split(" the revision")[0] for _, reason in rules(said, "table")] == [
            f"{DATABASE}.esg_insights finds nothing in", f"{TABLE} reads"]
    assert rules(explain(provider, TABLE), "data grant")[0][1].startswith(f"one of data set {data_set}")

    publisher.client.revoke_revision(DataSetId=data_set, RevisionId=first, RevocationComment="wrong values")
    said = explain(provider, TABLE)
    assert "RevisionId" not in said
    assert ("LIMITS", "nothing is read: no revision is finalized and not revoked") in rules(said, "revision")
    assert athena.rows("SELECT count(*) FROM nav_history") == [["0"]]


def test_buckets_and_objects(provider, s3, own_bucket, subscriber):
    reader = subscriber.client("s3")
    s3.put_object(Bucket=own_bucket, Key="gold/a", Body=b"x")
    url = f"s3://{own_bucket}/gold/a"
    said = explain(provider, url)
    assert said["Verdict"] == "DENIED" and "the bucket is another account's and has no policy" in said["Summary"]
    assert "BucketPolicy" not in said
    set_policy(s3, own_bucket, statement(own_bucket, keys="gold/*"))
    for name in (url, f"arn:aws:s3:::{own_bucket}/gold/a", f"s3://{own_bucket}/gold/"):
        said = explain(provider, name)
        assert said["Verdict"] == "ALLOWED" and said["BucketPolicy"]["Statement"][0]["Effect"] == "Allow"
    assert reader.get_object(Bucket=own_bucket, Key="gold/a")["Body"].read() == b"x"
    said = explain(provider, f"s3://{own_bucket}/silver/a")
    assert said["Verdict"] == "DENIED" and "no statement of it lets the account in" in said["Summary"]
    set_policy(s3, own_bucket, statement(own_bucket), statement(own_bucket, effect="Deny", keys="gold/*", Sid="Closed"))
    said = explain(provider, url)
    assert said["Verdict"] == "DENIED" and "denied by statement Closed of the resource's policy" in said["Summary"]
    set_policy(s3, own_bucket, statement(own_bucket, actions=["s3:ListBucket"]) | {
        "Resource": f"arn:aws:s3:::{own_bucket}", "Condition": {"StringLike": {"s3:prefix": "gold/*"}}})
    said = explain(provider, url)
    assert said["Verdict"] == "METADATA_ONLY"
    assert any("it has conditions" in reason for _, reason in rules(said, "bucket policy"))
    assert explain(provider, f"s3://{own_bucket}/silver/")["Verdict"] == "DENIED"


def test_files_that_are_open_past_the_grants(provider, s3, athena, granted):
    assert ("NOTES", f"the files below s3://{BUCKET}/gold/nav/daily/ are closed to the account: it reads through "
            "the table alone") in rules(explain(provider, TABLE), "bucket policy")
    set_policy(s3, BUCKET, statement(BUCKET, keys="gold/*"))
    # As long as Lake Formation is asked too, it keeps them closed.
    assert not explain(provider, TABLE)["Summary"].endswith("past all grants")
    said = explain(provider, f"s3://{BUCKET}/gold/nav/daily/")
    assert said["Verdict"] == "DENIED"
    assert "no table there was granted as a whole" in rules(said, "Lake Formation")[0][1]
    location = {"ResourceArn": f"arn:aws:s3:::{BUCKET}"}
    lakeformation = provider.client("lakeformation")
    lakeformation.deregister_resource(**location)
    said = explain(provider, TABLE)
    assert said["Summary"].endswith("; and the files of it, past all grants")
    lakeformation.register_resource(**location, UseServiceLinkedRole=True)
    tables = rules(explain(provider, f"s3://{BUCKET}/gold/nav/"), "table")
    assert len(tables) == 1 and TABLE in tables[0][1]
    s3.delete_bucket_policy(Bucket=BUCKET)


def test_an_account_that_is_cut_off(provider, exchange, team):
    exchange.add_account("444444444444")
    team.grant_table("444444444444", "nav_history")
    said = explain(provider, TABLE, account="444444444444")
    assert said["Verdict"] == "ALLOWED" and "no key or issuer" in rules(said, "account")[0][1]
    assert provider.bourse("cutoff", "444444444444").status == 0
    said = explain(provider, TABLE, account="444444444444")
    assert said["Verdict"] == "DENIED" and "is cut off since" in said["Summary"]
    assert rules(said, "account")[0][0] == "DENIES"
    assert provider.bourse("cutoff", "444444444444", "--lift").status == 0
    assert explain(provider, TABLE, account="444444444444")["Verdict"] == "ALLOWED"


def test_a_reader_of_the_page(provider, athena, granted):
    result = provider.bourse("explain", ACCOUNT, TABLE)
    assert result.status == 0, result
    lines = result.out.splitlines()
    assert lines[0].startswith(f"account {ACCOUNT} may read {TABLE}")
    assert lines[2].split()[:3] == ["1", "allows", "account"]
    for words in ("nav_date", "not shown", '"Action"', "DataCellsFilter", "bourse preview --as"):
        assert words in result.out, words


@pytest.mark.parametrize("account,resource,words", [
    ("999999999999", TABLE, "see: bourse account list"), ("words", TABLE, "see: bourse account list"),
    (PROVIDER, TABLE, "see: bourse account list"),
    (ACCOUNT, f"{DATABASE}.nowhere", f"aws glue get-tables --database-name {DATABASE}"),
    (ACCOUNT, "nowhere.nav_history", "aws glue get-databases"), (ACCOUNT, "nowhere", "DATABASE.TABLE"),
    (ACCOUNT, "", "DATABASE.TABLE"), (ACCOUNT, "s3://no-such-bucket/x", "aws s3 ls"),
    (ACCOUNT, "arn:aws:sqs:us-east-1:111111111111:queue", "DATABASE.TABLE"),
    (ACCOUNT, f"arn:aws:glue:us-east-1:{PROVIDER}:table/{DATABASE}/nowhere", "There is nothing that is called"),
    (ACCOUNT, "0" * 32, "DATABASE.TABLE")])
def test_what_is_not_there(provider, team, subscriber, account, resource, words):
    result = provider.bourse("explain", account, resource)
    assert result.status != 0 and words in result.err, result


def test_who_may_ask_and_what_is_recorded(exchange, provider, subscriber, team):
    sts = provider.client("sts")
    def asks(keys):
        ask = Ask(
            "rest-json", "bourse", "POST", "/bourse/v1/explain", {"Content-Type": "application/json"},
            json.dumps({"AccountId": ACCOUNT, "Resource": TABLE}).encode())
        return ask.send(exchange, ask.signed(exchange, keys)).status

    def session_of(role):
        keys = sts.assume_role(
            RoleArn=f"arn:aws:iam::{PROVIDER}:role/{role}", RoleSessionName="asks")["Credentials"]
        return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]

    assert asks(provider.keys) == 200 and asks(session_of("compliance")) == 200
    for role in ("data-publisher", "finance"):
        assert asks(session_of(role)) == 403
    assert asks(subscriber.keys) == 403
    before = len(exchange.trail)
    assert explain(provider, TABLE)["Verdict"] == "DENIED"
    [record] = exchange.trail[before:]
    assert record["eventName"] == "ExplainAccess" and record["readOnly"] is True
    assert record["userIdentity"]["arn"].endswith("user/bourse-admin")
    assert record["requestParameters"]["Resource"] == TABLE
