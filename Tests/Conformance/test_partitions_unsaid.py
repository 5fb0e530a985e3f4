"""A partition column that a file's folder does not say is NULL there, whatever else has its name."""

import pytest

from athena import Athena
from exchange import Exchange
from lake import Lake, Provider, link_database
from publication import Publisher

SUBSCRIBER = "222222222222"
# By the folder alone, or by what only the files tell.
FILTERS = {
    "t": "fund_id = 'F1'", "u": "fund_id = 'F1'",
    "t_open": "fund_id = 'F1' OR k = 'none'", "u_open": "fund_id = 'F1' OR k = 'none'",
}


@pytest.fixture(scope="module", params=["as it lies", "published"])
def athena(request, tmp_path_factory):
    exchange = Exchange(tmp_path_factory.mktemp("exchange")).init().serve()
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.write_parquet("t/loose.parquet", "SELECT 'SECRET-' || i AS k FROM range(3) AS numbers(i)")
    lake.write_parquet("t/fund_id=F1/said.parquet", "SELECT 'own' AS k")
    lake.write_parquet("u/loose.parquet", "SELECT 'SECRET-' || i AS k FROM range(3) AS numbers(i)")
    team = Provider(exchange.provider)
    team.link(lake)
    team.govern()
    for table, rows in FILTERS.items():
        team.create_table(table, f"{table[0]}/", {"k": "string"}, {"fund_id": "string"})
        team.grant_rows(SUBSCRIBER, table, rows)
    if request.param == "published":
        publisher = Publisher(exchange.provider)
        publisher.publish(publisher.data_set(), prefixes=["t/", "u/"])
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
    if answer.state == "SUCCEEDED":
        assert not any("SECRET" in (value or "") for row in answer.rows for value in row), answer.rows
    else:
        assert "SECRET" not in answer.reason
