"""The provider sees what a subscriber would see."""

import json

import pytest

from athena import Athena
from lake import DATABASE, Provider, link_database
from wire import Ask

ACCOUNT = "222222222222"
ROWS = "SELECT * FROM nav_history ORDER BY as_of LIMIT 2"


@pytest.fixture(scope="module")
def athena(exchange, subscriber, tmp_path_factory):
    team = Provider.of_sample(exchange, tmp_path_factory.mktemp("lake"))
    team.grant_rows(ACCOUNT, "nav_history", "fund_id = 'F001'", without=["nav_date"])
    link_database(subscriber)
    return Athena(subscriber)


def preview(provider, sql, *options, account=ACCOUNT):
    return provider.bourse("preview", "--as", account, sql, *options)


def test_the_answer_is_the_subscribers(provider, athena):
    result = preview(provider, ROWS, "--json")
    assert result.status == 0, result
    assert result.json["columns"] == ["fund_id", "nav", "as_of"]
    # Numbers with all their digits.
    assert json.loads(result.out, parse_float=str)["rows"] == athena.rows(ROWS)
    assert result.json["bytesScanned"] == athena.ask(ROWS).execution["Statistics"]["DataScannedInBytes"]
    shown = preview(provider, "SELECT fund_id, 1.50 AS amount, NULL AS nothing FROM nav_history LIMIT 1")
    assert shown.status == 0 and "F001" in shown.out and "1.50" in shown.out and "NULL" in shown.out and "1 rows" in shown.out, shown


@pytest.mark.parametrize("sql,words", [
    ("SELECT nav_date FROM nav_history", "COLUMN_NOT_FOUND"), ("SELECT * FROM esg_insights", "TABLE_NOT_FOUND"),
    ("SELEC 1", "SYNTAX_ERROR"), ("DROP TABLE nav_history", "NOT_SUPPORTED"),
    ("SELECT * FROM range(2000)", "say LIMIT"), (f"SELECT * FROM {DATABASE}.nav_history", "TABLE_NOT_FOUND")])
def test_so_are_the_refusals(provider, athena, sql, words):
    result = preview(provider, sql)
    assert result.status != 0 and words in result.err, result
    assert "F002" not in result.err and "gold/" not in result.err


def test_an_account_that_is_none(provider):
    for account in ("999999999999", "111111111111", "words"):
        result = preview(provider, "SELECT 1", account=account)
        assert result.status != 0 and "does not know account" in result.err, result


def test_it_is_the_providers_and_recorded_as_its(exchange, provider, athena):
    before = len(exchange.trail)
    assert preview(provider, "SELECT count(*) AS recorded FROM nav_history").status == 0
    records = exchange.trail[before:]
    assert [record["eventName"] for record in records] == ["PreviewQuery"]
    assert records[0]["userIdentity"]["arn"].endswith("user/bourse-admin")
    ask = Ask(
        "rest-json", "bourse", "POST", "/bourse/v1/preview", {"Content-Type": "application/json"},
        b'{"AccountId":"333333333333","Query":"SELECT 1"}')
    answer = ask.send(exchange, ask.signed(exchange, athena.machine.keys))
    assert answer.status == 403, answer
