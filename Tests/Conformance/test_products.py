"""Products: what a file says, what is published of them, and what is held back."""

import datetime
import email
import email.policy
import json

import pytest

from athena import Athena
from exchange import ROOT
from lake import DATABASE, nav_key
from publication import accept
from s3 import refused
from test_exchange import error
from world import World

PRODUCTS = """\
products:
  - id: nav-history
    title: NAV History
    description: Net asset values, daily.
    bucket: nomura-data-lake
    prefixes: [gold/nav/daily/]
    database: nomura_data_products
    tables: [nav_history]
    expectations:
      nav_history:
        columns: {fund_id: string, nav: "decimal(18,4)", as_of: string}
        not_null: [fund_id, nav]
        unique: [fund_id, as_of]
        rows: {min: 3, max: 1000}
        ranges:
          nav: {min: 0.01, max: 100000}
"""
DAYS = list(World.days_at_first)
NEW = "2024-01-10"


@pytest.fixture
def world(own_exchange, tmp_path):
    return World(own_exchange, tmp_path / "lake")


@pytest.fixture
def provider(world):
    return world.exchange.provider


def apply(provider, text, *options, expected=0):
    file = provider.home / "products.yaml"
    file.write_text(text)
    result = provider.bourse("apply", file, *options)
    assert result.status == expected, result
    return result


def rows_of(day, *navs, funds=None):
    """A day's file with these values."""
    values = ", ".join(
        f"('{fund}', DATE '{day}', {nav}::DECIMAL(18,4))"
        for fund, nav in zip(funds or [f"F{number:03}" for number in range(1, 100)], navs))
    return f"SELECT * FROM (VALUES {values}) AS navs(fund_id, nav_date, nav)"


def test_a_file_is_applied_and_published(world, provider):
    dry = apply(provider, PRODUCTS, "--dry-run")
    assert "+ nav-history: NAV History" in dry.out and "1 of 1 products would change" in dry.out
    assert world.publisher.client.list_data_sets()["DataSets"] == []
    assert "1 of 1 products changed" in apply(provider, PRODUCTS).out
    again = apply(provider, PRODUCTS)
    assert "= nav-history" in again.out and "0 of 1 products changed" in again.out
    data_set, = world.publisher.client.list_data_sets()["DataSets"]
    assert (data_set["Name"], data_set["Description"]) == ("NAV History", "Net asset values, daily.")

    published = provider.bourse("publish", "nav-history", "--comment", "of January")
    assert published.status == 0, published
    assert "NAV History is published as revision" in published.out
    first, = world.publisher.client.list_data_set_revisions(DataSetId=data_set["Id"])["Revisions"]
    assert (first["Finalized"], first["Comment"]) == (True, "of January")
    assert world.days == World.days_at_first

    world.lake.write_parquet(nav_key(NEW), rows_of(NEW, 101, 102, 103))
    world.lake.path(nav_key(DAYS[0])).unlink()
    changes = provider.bourse("publish", "NAV History", "--json").json
    assert (changes["Added"], changes["Changed"], changes["Removed"]) == (1, 0, 1)
    assert changes["Revision"]["Rows"] == changes["Previous"]["Rows"] == 6
    assert changes["ColumnsAdded"] == changes["ColumnsRemoved"] == []
    assert world.days == {DAYS[1]: 3, NEW: 3}
    listed = provider.bourse("revisions", "nav-history")
    assert [line.split()[1] for line in listed.out.splitlines()] == ["current", "earlier"]


def test_the_documented_file_is_one(provider, world):
    page = (ROOT / "docs/doors/products.md").read_text()
    text = page.split("```yaml\n")[1].split("```")[0]
    assert "+ nav-history: NAV History" in apply(provider, text).out


def test_what_changes_is_shown(world, provider):
    apply(provider, PRODUCTS)
    other = PRODUCTS.replace("title: NAV History", "title: Net Asset Values").replace(
        "min: 3,", "min: 5,").replace("not_null: [fund_id, nav]", "not_null: [fund_id]")
    shown = apply(provider, other, "--dry-run").out
    for line in (
            "title: NAV History → Net Asset Values", "nav_history: least rows: 3 → 5",
            "nav_history: not_null: fund_id, nav → fund_id"):
        assert line in shown
    product, = apply(provider, other, "--json").json
    assert product["Action"] == "UPDATED"
    found = world.publisher.client.get_data_set(DataSetId=product["DataSetId"])
    assert found["Name"] == "Net Asset Values" and found["Tags"] == {"bourse:product": "nav-history"}
    # One that is not in the file stays.
    second = PRODUCTS.replace("id: nav-history", "id: another").replace("NAV History", "Another")
    assert "nav-history is not in the file, and stays" in apply(provider, second).out


def test_a_live_product(world, provider):
    """It is live from its beginning, or never."""
    live = PRODUCTS[:PRODUCTS.index("    expectations:")] + "    live: true\n"
    assert "nothing can be expected" in apply(provider, PRODUCTS + "    live: true\n", expected=1).err
    apply(provider, live)
    published = provider.bourse("publish", "nav-history")
    assert "it is live: subscribers read what lies there" in published.out, published
    world.lake.write_parquet(nav_key(NEW), rows_of(NEW, 1, 2))
    assert world.days == World.days_at_first | {NEW: 2}
    assert "is live since it was made" in apply(provider, PRODUCTS, expected=1).err
    data_set, = world.publisher.client.list_data_sets()["DataSets"]
    for change in (
            lambda client: client.untag_resource(ResourceArn=data_set["Arn"], TagKeys=["bourse:live"]),
            lambda client: client.create_data_set(
                AssetType="S3_SNAPSHOT", Name="x", Description="x", Tags={"bourse:live": "true"})):
        with pytest.raises(world.publisher.client.exceptions.ValidationException):
            change(world.publisher.client)


TERMS = """\
    row_filter: {nav_history: "nav > 1 AND fund_id IN (entitled funds)"}
    columns: {nav_history: [fund_id, nav, as_of]}
    sample_query: SELECT fund_id, nav FROM nav_history ORDER BY fund_id
    dashboard_fields: [nav, fund_id]
    price: {per_request: "0.001", per_tib: 5, currency: USD}
    regions: [us-east-1, eu-west-1]
"""
CONTACTS = "provider: {contacts: [{name: Data Desk, email: desk@nomura.example}]}\n"
CONTRACT = {
    "Id": "C-7", "Client_Name": "Alpine Pension", "AWS_Account_ID__c": "333333333333",
    "ADX_Data_Products__c": "NAV History", "Client_Email": "data@alpine.example",
    "Start_Date": "2026-01-01", "End_Date": "2099-12-31"}


def test_terms_are_what_a_contract_shows(world, provider):
    """250 funds need several filters; what they show together is what the subscriber sees."""
    shown = apply(provider, CONTACTS + PRODUCTS.replace("    expectations:", TERMS + "    expectations:"))
    assert "+ nav-history" in shown.out
    changed = apply(provider, CONTACTS + PRODUCTS, "--dry-run").out
    for line in ("nav_history: rows: nav > 1 AND", "price: USD 0.001 per request", "regions: us-east-1"):
        assert line in changed
    assert "contacts" not in changed
    funds = [f"FUND-{number:012}" for number in range(1, 251)]
    select = (
        "SELECT 'FUND-' || lpad(i::VARCHAR, 12, '0') AS fund_id, DATE '2024-01-09' AS nav_date, "
        "(i % 100 + 1)::DECIMAL(18,4) AS nav FROM range(1, 400) AS numbers(i)")
    for day in DAYS:
        world.lake.write_parquet(nav_key(day), select)
    assert provider.bourse("publish", "nav-history").status == 0
    file = provider.home / "contract.json"
    file.write_text(json.dumps(CONTRACT | {"Funds__c": funds}))
    signed = provider.bourse("contract", "sign", file)
    assert signed.status == 0, signed
    filters = world.team.lakeformation.list_data_cells_filter(Table={
        "CatalogId": provider.account, "DatabaseName": DATABASE, "Name": "nav_history"})
    expressions = [one["RowFilter"]["FilterExpression"] for one in filters["DataCellsFilters"]]
    assert len(expressions) > 1 and max(map(len, expressions)) < 2048
    mail = email.message_from_bytes(
        (world.exchange.data / "mail/C-7.eml").read_bytes(), policy=email.policy.default)
    text = mail.get_body(("plain",)).get_content()
    for words in ("FROM nav_history ORDER BY fund_id", "nav, fund_id", "USD 0.001 per request",
                  "Data Desk <desk@nomura.example>", "Columns: fund_id string, nav decimal(18,4), as_of string."):
        assert words in text, text
    client = world.exchange.subscriber("333333333333", profile="alpine")
    athena = Athena(client)
    rows = athena.rows("SELECT fund_id, nav, as_of FROM nav_history")
    assert sorted(row[0] for row in rows) == sorted(
        fund for fund in funds if int(fund[5:]) % 100 for _ in DAYS)
    assert "nav_date" in athena.reason("SELECT nav_date FROM nav_history")
    explained = provider.bourse("explain", "333333333333", f"{DATABASE}.nav_history").out
    assert funds[-1] in explained, explained
    refusal = CONTRACT | {"Id": "C-8", "Funds__c": []}
    file.write_text(json.dumps(refusal))
    assert "has to name funds" in provider.bourse("contract", "sign", file).err


def test_a_contract_is_renewed_by_itself(world, provider):
    """On the last day of its term, by the months that its product says."""
    renewal = "    renewal: {months: 3}\n    expectations:"
    apply(provider, PRODUCTS)
    shown = apply(provider, PRODUCTS.replace("    expectations:", renewal))
    assert "renewal: nothing → 3 months" in shown.out
    assert provider.bourse("publish", "nav-history").status == 0
    file = provider.home / "contract.json"
    today = datetime.datetime.now(datetime.UTC).date()
    later = today + datetime.timedelta(days=60)

    def sign(id, last_day):
        file.write_text(json.dumps(CONTRACT | {"Id": id, "Funds__c": [], "End_Date": str(last_day)}))
        signed = provider.bourse("contract", "sign", file)
        assert signed.status == 0, signed

    def ends(id):
        grants = world.publisher.client.list_data_grants()["DataGrantSummaries"]
        return [grant["EndsAt"].date() for grant in grants if grant["Name"].startswith(id)]

    sign("C-last-day", today)
    new_end, = ends("C-last-day")
    assert 88 <= (new_end - today).days <= 94
    sign("C-later", later)
    assert ends("C-later") == [later + datetime.timedelta(days=1)]
    listed = provider.bourse("contract", "list").out
    assert f"until {later}, then renewed for 3 months" in listed
    assert f"until {new_end - datetime.timedelta(days=1)}, then renewed" in listed
    said = provider.bourse("contract", "renewal", "C-later", "off")
    assert said.out.strip() == f"contract C-later: until {later}", said
    world.exchange.kill()
    world.exchange.serve()
    listed = provider.bourse("contract", "list").out
    assert f"until {later}, then" not in listed and f"until {later}" in listed
    # The mail tells the client.
    mail = email.message_from_bytes(
        (world.exchange.data / "mail/C-later.eml").read_bytes(), policy=email.policy.default)
    assert "renewed by itself for 3 months each time" in mail.get_body(("plain",)).get_content()
    assert provider.bourse("contract", "end", "C-later").status == 0
    assert "is over" in provider.bourse("contract", "renewal", "C-later", "on").err


@pytest.mark.parametrize("said, wrong, reason", [
    ("regions: [us-east-1, eu-west-1]", "regions: [eu-west-1]", "may be served from eu-west-1 only"),
    ("fund_id IN (entitled funds)", "fund_id NOT IN (entitled funds)", "not behind a NOT"),
    ("fund_id IN (entitled funds)", "fund_id = (entitled funds)", "not behind a NOT"),
    ("fund_id IN (entitled funds)", "fund IN (entitled funds)", "no column fund"),
    ("nav > 1", "nav >", "row filter of nav_history"),
    ("[fund_id, nav, as_of]", "[fund_id, fund]", "some that it has"),
    ("[nav, fund_id]", "[price]", "has a column price"),
    ("per_tib: 5", "per_tib: free", "decimal number"),
    ("    price:", "    renewal: {months: 61}\n    price:", "must be 1 to 60"),
])
def test_terms_that_cannot_be(world, provider, said, wrong, reason):
    text = PRODUCTS.replace("    expectations:", TERMS.replace(said, wrong) + "    expectations:")
    assert reason in apply(provider, text, expected=1).err


@pytest.mark.parametrize("said, wrong, line, reason", [
    ("tables: [", "tabels: [", 8, "no `tabels`"),
    ("title: NAV History", "title: NAV History\n    renewal: {years: 1}", 4, "no `years`"),
    ("title: NAV History", "title:", 3, "`title` must be a text"),
    ("prefixes: [gold/nav/daily/]", "prefixes: gold/", 6, "`prefixes` must be a list"),
    ("min: 3", "min: three", 14, "`min` must be a whole number"),
    ("    tables: [nav_history]\n", "", 2, "must have `tables`"),
    ("products:", "products: [", None, "no YAML"),
    ("      nav_history:", "      navs:", 10, "no `navs`"),
    ("    title:", "    id: twice\n    title:", None, "twice"),
])
def test_a_wrong_file_says_where(provider, said, wrong, line, reason):
    result = apply(provider, PRODUCTS.replace(said, wrong, 1), expected=1)
    assert reason in result.err, result
    if line:
        assert f"products.yaml:{line}:" in result.err, result


@pytest.mark.parametrize("said, wrong, reason", [
    ("bucket: nomura-data-lake", "bucket: of-nobody", "not a bucket of the provider's"),
    ("tables: [nav_history]", "tables: [nav_history, navs]", "no table nomura_data_products.navs"),
    ("prefixes: [gold/nav/daily/]", "prefixes: [gold/esg-insights/]", "does not lie in the product's"),
    ("unique: [fund_id, as_of]", "unique: [fund_id, day]", "no column day"),
    ("id: nav-history", "id: NAV", "lower-case letters"),
    ("fund_id: string", "fund_id: txt", "not a type"),
])
def test_a_product_that_cannot_be(world, provider, said, wrong, reason):
    assert reason in apply(provider, PRODUCTS.replace(said, wrong, 1), expected=1).err


@pytest.mark.parametrize("rows, reason", [
    (rows_of(NEW, 1, "NULL", 3), "1 rows have no nav"),
    (rows_of(NEW, 1, 2, funds=["F001", "F001"]), "1 values of (fund_id, as_of) are there more than once"),
    (rows_of(NEW, 1, 100001, -5), "2 rows have a nav outside 0.01 to 100000"),
    (f"SELECT 'X' || i AS fund_id, DATE '{NEW}' AS nav_date, 1::DECIMAL(18,4) AS nav "
     "FROM range(1000) AS numbers(i)", "1006 rows, of which there are to be at most 1000"),
    (f"SELECT 'F001' AS fund_id, DATE '{NEW}' AS nav_date", "files have no column nav"),
    (f"SELECT 'F001' AS fund_id, DATE '{NEW}' AS nav_date, 1.5::DOUBLE AS nav",
     "nav is DOUBLE, not DECIMAL(18,4)"),
], ids=["null", "twice", "outside", "too many", "no column", "another type"])
def test_what_does_not_hold_is_not_published(world, provider, rows, reason):
    """By no client, and nothing of it is left."""
    apply(provider, PRODUCTS)
    assert provider.bourse("publish", "nav-history").status == 0
    data_set, = world.publisher.client.list_data_sets()["DataSets"]
    world.lake.write_parquet(nav_key(NEW), rows)
    held = provider.bourse("publish", "nav-history")
    assert held.status == 1 and reason in held.err, held
    assert world.days == World.days_at_first
    revisions = world.publisher.client.list_data_set_revisions(DataSetId=data_set["Id"])["Revisions"]
    assert len(revisions) == 1
    draft = world.publisher.draft(data_set["Id"])
    assert error(
        world.publisher.client.update_revision, DataSetId=data_set["Id"], RevisionId=draft,
        Finalized=True)[:2] == (400, "ValidationException")
    assert world.days == World.days_at_first
    # Once it is mended it goes through.
    world.lake.write_parquet(nav_key(NEW), rows_of(NEW, 1, 2, 3))
    world.publisher.finalize(data_set["Id"], draft)
    assert world.days == {**World.days_at_first, NEW: 3}


def test_old_data_is_not_published(world, provider):
    today = datetime.datetime.now(datetime.UTC).date()
    fresh = PRODUCTS.replace(
        "        rows: ", "        freshness: {column: nav_date, days: 3}\n        rows: ")
    apply(provider, fresh)
    held = provider.bourse("publish", "nav-history")
    assert held.status == 1 and "the newest nav_date is 2024-01-09" in held.err, held
    world.lake.write_parquet(nav_key(today), rows_of(today, 1))
    assert provider.bourse("publish", "nav-history").status == 0


def test_a_bad_revision_is_blocked_and_readers_fall_back(world, provider):
    apply(provider, PRODUCTS)
    first = provider.bourse("publish", "nav-history", "--json").json["Revision"]["RevisionId"]
    data_set, = world.publisher.client.list_data_sets()["DataSets"]
    own = accept(world.subscriber, world.publisher.grant(data_set["Id"], World.account))
    received = world.subscriber.client("dataexchange")
    world.lake.write_parquet(nav_key(NEW), rows_of(NEW, 1, 2, 3))
    second = provider.bourse("publish", "nav-history", "--json").json["Revision"]["RevisionId"]
    assert NEW in world.days

    blocked = provider.bourse("block", "nav-history", "--reason", "Friday's values are Thursday's")
    assert blocked.status == 0 and f"subscribers read revision {first}" in blocked.out, blocked
    assert world.days == World.days_at_first
    shown = received.list_data_set_revisions(DataSetId=own)["Revisions"]
    assert [one["Id"] for one in shown] == [first]
    listed = provider.bourse("revisions", "nav-history", "--json").json["Publications"]
    assert [(one["RevisionId"], one["Standing"], one.get("Reason")) for one in listed] == [
        (second, "BLOCKED", "Friday's values are Thursday's"), (first, "CURRENT", None)]

    unblocked = provider.bourse("unblock", "nav-history")
    assert unblocked.status == 0 and f"subscribers read revision {second}" in unblocked.out
    assert NEW in world.days
    for _ in range(2):
        assert provider.bourse("block", "nav-history", "--reason", "both").status == 0
    assert world.days == {}
    world.exchange.kill()
    world.exchange.serve()
    assert world.days == {}
    assert provider.bourse("unblock", "nav-history", "--revision", first).status == 0
    assert world.days == World.days_at_first

    revoked = provider.bourse("revoke", "nav-history", "--revision", second, "--reason", "Wrong values.")
    assert revoked.status == 0, revoked
    assert provider.bourse("unblock", "nav-history").status == 1
    refusal = provider.bourse("unblock", "nav-history", "--revision", second)
    assert refusal.status == 1 and "revoked" in refusal.err


def test_a_subscriber_has_no_say_in_products(world, provider):
    apply(provider, PRODUCTS)
    for command in ("revisions", "nav-history"), ("publish", "nav-history"):
        result = provider.bourse(*command)
        assert result.status == 0, result
    data_set, = world.publisher.client.list_data_sets()["DataSets"]
    assert error(
        world.publisher.client.delete_data_set, DataSetId=data_set["Id"])[1] == "ConflictException"
