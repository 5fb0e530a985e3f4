"""Partitions that lie where the catalogue says, in folders that do not tell their values."""

import pytest

from athena import Athena
from lake import BUCKET, DATABASE, Lake, Provider, link_database
from publication import Publisher

WHOLE, PART = "222222222222", "333333333333"
DAYS = {"2024-01-02": "2024/01/02", "2024-01-03": "2024/01/03", "2024-01-04": "late/again"}
NAVS = "SELECT as_of, venue, fund_id, nav FROM navs ORDER BY 1, 2, 3"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for nav, folder in enumerate(DAYS.values()):
        for fund in "F001", "F002":
            # The folder of a fund looks like a partition, and is none of the table's.
            lake.write_parquet(
                f"raw/{folder}/fund={fund}/navs.parquet", f"SELECT '{fund}' AS fund_id, {nav}::DOUBLE AS nav")
    lake.write_parquet("raw/2024/01/05/navs.parquet", "SELECT 'F009' AS fund_id, 9::DOUBLE AS nav")
    return lake


@pytest.fixture(scope="module")
def team(exchange, lake):
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    team.create_table(
        "navs", "raw/", {"fund_id": "string", "nav": "double"}, {"as_of": "date", "venue": "string"})
    for day, folder in DAYS.items():
        add(team, day, f"raw/{folder}/")
    return team


def add(team, day, folder, venue="XLON"):
    team.glue.create_partition(DatabaseName=DATABASE, TableName="navs", PartitionInput={
        "Values": [day, venue], "StorageDescriptor": {"Location": f"s3://{BUCKET}/{folder}"}})


def subscriber(exchange, account):
    machine = exchange.subscriber(account)
    link_database(machine)
    return Athena(machine)


@pytest.fixture(scope="module")
def athena(exchange, team):
    team.grant_table(WHOLE, "navs")
    return subscriber(exchange, WHOLE)


def rows_of(*days, funds=("F001", "F002"), venue="XLON"):
    places = list(DAYS)
    return [[day, venue, fund, f"{places.index(day)}.0"] for day in days for fund in funds]


def test_their_values_come_from_the_catalogue(athena):
    assert athena.rows(NAVS) == rows_of(*DAYS)
    assert athena.rows("SELECT as_of, count(*) FROM navs GROUP BY 1 ORDER BY 1") == [
        [day, "2"] for day in DAYS]


@pytest.mark.parametrize("condition, days", [
    ("as_of = DATE '2024-01-03'", ["2024-01-03"]),
    ("as_of > DATE '2024-01-02' AND venue = 'XLON'", ["2024-01-03", "2024-01-04"]),
    ("venue = 'XPAR'", []), ("as_of = DATE '2024-01-05'", []),
    ("nav > 1", ["2024-01-04"]),
])
def test_they_are_pruned_by_their_values(athena, condition, days):
    answer = athena.ask(f"SELECT as_of, venue, fund_id, nav FROM navs WHERE {condition} ORDER BY 1, 2, 3")
    assert answer.rows == rows_of(*days)
    scanned = athena.execution(answer.id)["Statistics"]["DataScannedInBytes"]
    whole = athena.execution(athena.ask(NAVS).id)["Statistics"]["DataScannedInBytes"]
    if "nav" not in condition:
        assert scanned == whole * len(days) // len(DAYS)


def test_a_row_filter_hides_those_that_it_does_not_name(exchange, team, athena):
    team.grant_rows(PART, "navs", "as_of = DATE '2024-01-02' AND fund_id = 'F001'")
    part = subscriber(exchange, PART)
    assert part.rows(NAVS) == rows_of("2024-01-02", funds=["F001"])
    assert part.rows("SELECT count(*) FROM navs WHERE as_of = DATE '2024-01-04'") == [["0"]]


def test_what_is_added_moved_and_taken_away_counts_with_the_next_question(team, athena):
    add(team, "2024-01-05", "raw/2024/01/05/")
    assert athena.rows("SELECT nav FROM navs WHERE as_of = DATE '2024-01-05'") == [["9.0"]]
    team.glue.update_partition(
        DatabaseName=DATABASE, TableName="navs", PartitionValueList=["2024-01-05", "XLON"],
        PartitionInput={"Values": ["2024-01-05", "XLON"], "StorageDescriptor": {
            "Location": f"s3://{BUCKET}/raw/2024/01/02/"}})
    assert athena.rows("SELECT max(nav) FROM navs WHERE as_of = DATE '2024-01-05'") == [["0.0"]]
    team.glue.delete_partition(
        DatabaseName=DATABASE, TableName="navs", PartitionValues=["2024-01-05", "XLON"])
    assert athena.rows(NAVS) == rows_of(*DAYS)


def test_they_outlive_the_exchange(exchange, athena):
    exchange.kill()
    exchange.serve()
    assert athena.rows(NAVS) == rows_of(*DAYS)


def test_of_a_published_table_the_pinned_files_are_read(exchange, team, lake, athena):
    publisher = Publisher(exchange.provider)
    publisher.publish(publisher.data_set("Navs"), prefixes=["raw/"])
    lake.write_parquet("raw/2024/01/02/fund=F003/navs.parquet", "SELECT 'F003' AS fund_id, 7::DOUBLE AS nav")
    assert athena.rows(NAVS) == rows_of(*DAYS)
    owner = Athena(exchange.provider, database=DATABASE)
    assert ["2024-01-02", "XLON", "F003", "7.0"] in owner.rows(NAVS)


def test_a_table_whose_partitions_say_their_values_is_read_by_its_folder(exchange, team, lake):
    """As ever: what the catalogue has not heard of is there too."""
    for day in "2024-01-02", "2024-01-03":
        lake.write_parquet(f"said/as_of={day}/a.parquet", "SELECT 1::DOUBLE AS nav")
    team.create_table("said", "said/", {"nav": "double"}, {"as_of": "string"})
    team.glue.create_partition(DatabaseName=DATABASE, TableName="said", PartitionInput={
        "Values": ["2024-01-02"],
        "StorageDescriptor": {"Location": f"s3://{BUCKET}/said/as_of=2024-01-02"}})
    owner = Athena(exchange.provider, database=DATABASE)
    assert owner.rows("SELECT as_of FROM said ORDER BY 1") == [["2024-01-02"], ["2024-01-03"]]
    # The table moves, and the partition is somewhere else then.
    table = team.glue.get_table(DatabaseName=DATABASE, Name="said")["Table"]
    team.glue.update_table(DatabaseName=DATABASE, TableInput={
        "Name": "said", "TableType": "EXTERNAL_TABLE", "Parameters": table["Parameters"],
        "PartitionKeys": table["PartitionKeys"], "StorageDescriptor": {
            **table["StorageDescriptor"], "Location": f"s3://{BUCKET}/elsewhere/"}})
    assert owner.rows("SELECT as_of FROM said ORDER BY 1") == [["2024-01-02"]]
