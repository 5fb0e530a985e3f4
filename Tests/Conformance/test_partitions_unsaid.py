"""A partition column is what the key says, or NULL where it says nothing: whatever else has its name, in the
statement or in the folders around the lake."""

import pytest

from athena import Athena
from exchange import Exchange
from lake import Lake, Provider, link_database
from publication import Publisher

SUBSCRIBER = "222222222222"
# By the folder alone, or by what only the files tell.
FILTERS = {
    "c": "fund_id = 'F1'", "t": "fund_id = 'F1'", "u": "fund_id = 'F1'",
    "s_open": "fund_id = 'F1' OR k = 'none'", "t_open": "fund_id = 'F1' OR k = 'none'", "u_open": "fund_id = 'F1' OR k = 'none'",
}


@pytest.fixture(scope="module", params=["as it lies", "published"])
def athena(request, tmp_path_factory):
    # Where the exchange and the lake lie is no partition of the table's.
    homes = [tmp_path_factory.mktemp(name) / "fund_id=F1" for name in ("exchange", "lake")]
    for home in homes:
        home.mkdir()
    exchange = Exchange(homes[0]).init().serve()
    lake = Lake(homes[1])
    lake.write_parquet("t/loose.parquet", "SELECT 'SECRET-' || i AS k FROM range(3) AS numbers(i)")
    lake.write_parquet("t/fund_id=F1/said.parquet", "SELECT 'own' AS k")
    lake.write_parquet("t/fund_id=F2/other.parquet", "SELECT 'SECRET' AS k")
    lake.write_parquet("t/fund_id=F1/fund_id=F2/twice.parquet", "SELECT 'SECRET' AS k")
    lake.write_parquet("s/fund_id=F1/said.parquet", "SELECT 'own' AS k")
    lake.write_parquet("s/fund_id=F2/other.parquet", "SELECT 'SECRET' AS k, 'F1' AS fund_id")
    # Its own column, which a folder around it seems to be.
    lake.write_parquet("c/day=1/a.parquet", "SELECT 'SECRET' AS k, 'F9' AS fund_id")
    lake.write_parquet("c/day=2/b.parquet", "SELECT 'own' AS k, 'F1' AS fund_id")
    lake.write_parquet("u/loose.parquet", "SELECT 'SECRET-' || i AS k FROM range(3) AS numbers(i)")
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    for table, rows in FILTERS.items():
        columns, partitions = {"k": "string"}, {"fund_id": "string"}
        if table == "c":
            columns, partitions = columns | partitions, {"day": "string"}
        team.create_table(table, f"{table[0]}/", columns, partitions)
        team.grant_rows(SUBSCRIBER, table, rows)
    if request.param == "published":
        publisher = Publisher(exchange.provider)
        publisher.publish(publisher.data_set(), prefixes=["c/", "s/", "t/", "u/"])
    machine = exchange.subscriber(SUBSCRIBER)
    link_database(machine)
    yield Athena(machine)
    exchange.stop()


@pytest.mark.parametrize("table", FILTERS)
@pytest.mark.parametrize("sql", [
    "SELECT {}.k FROM {}",
    "SELECT {}.k FROM (SELECT 'F1' AS fund_id) AS o, {}",
    "SELECT x.k FROM (SELECT 'F1' AS fund_id) AS o, LATERAL (SELECT k FROM {}) AS x",
    "SELECT (SELECT max(k) FROM {}) FROM (SELECT 'F1' AS fund_id) AS o",
    "SELECT 'SECRET' FROM (SELECT 'F1' AS fund_id) AS o WHERE EXISTS (SELECT 1 FROM {} WHERE k <> 'own')",
    "SELECT 'SECRET' FROM (SELECT 'F1' AS fund_id) AS o WHERE 'SECRET-1' IN (SELECT k FROM {})",
])
def test_no_row_of_an_unsaid_partition_is_shown(athena, table, sql):
    answer = athena.ask(sql.replace("{}", table))
    assert answer.state == "SUCCEEDED", answer.reason
    assert not any("SECRET" in (value or "") for row in answer.rows for value in row), answer.rows


def test_the_rows_of_the_partition_that_was_granted(athena):
    for table in FILTERS:
        own = [] if table.startswith("u") else [["own", "F1"]]
        assert athena.rows(f"SELECT k, fund_id FROM {table}") == own
