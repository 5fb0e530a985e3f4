"""`bourse demo` and `bourse sample`: what a newcomer runs first."""

import filecmp

import duckdb
import pytest

from exchange import BOURSE, machine, run


@pytest.mark.parametrize("options", [[], ["--crashes"]], ids=["in one go", "killed after each step"])
def test_the_demo_runs_to_its_end_and_leaves_nothing(options, tmp_path):
    result = run([BOURSE, "demo", *options], machine(tmp_path) | {"TMPDIR": str(tmp_path)})
    assert result.status == 0, result
    assert result.out.splitlines()[-1].endswith("the whole journey")
    assert list(tmp_path.glob("bourse-demo-*")) == []


def test_the_demo_keeps_what_it_is_told_to_and_says_how_to_go_on(tmp_path):
    folder = tmp_path / "kept place"
    result = run([BOURSE, "demo", "--data", folder], machine(tmp_path))
    assert result.status == 0, result
    assert (folder / "exchange" / "mail" / "C-2024-001.eml").exists()
    assert "serve --data" in result.out
    again = run([BOURSE, "demo", "--data", folder], machine(tmp_path))
    assert again.status != 0
    assert "is not empty" in again.err


def files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_the_same_numbers_make_the_same_lake_and_more_days_only_add_to_it(tmp_path):
    for name, days in [("first", 5), ("second", 5), ("longer", 6)]:
        result = run([BOURSE, "sample", "--out", tmp_path / name, "--days", days], machine(tmp_path))
        assert result.status == 0, result
    assert files(tmp_path / "first") == files(tmp_path / "second")
    for file in files(tmp_path / "first"):
        assert filecmp.cmp(tmp_path / "first" / file, tmp_path / "second" / file, shallow=False)
        if "as_of" in str(file):
            assert filecmp.cmp(tmp_path / "first" / file, tmp_path / "longer" / file, shallow=False)
    assert len(files(tmp_path / "longer")) == len(files(tmp_path / "first")) + 4


def test_funds_follow_a_market(tmp_path):
    """By their beta, and the worse a fund's score, the more carbon."""
    lake = tmp_path / "lake"
    result = run(
        [BOURSE, "sample", "--out", lake, "--funds", "60", "--days", "250"], machine(tmp_path))
    assert result.status == 0 and "2016-01-04 to 2016-12-16" in result.out, result
    with duckdb.connect() as engine:
        for table in ("performance", "risk-factors", "benchmark-indices", "nav/daily", "esg-insights"):
            engine.execute(
                f"CREATE VIEW \"{table}\" AS FROM read_parquet('{lake}/gold/{table}/**/*.parquet')")
        explained, slopes = engine.execute("""
            WITH move AS (
                    SELECT index_id, as_of, close / lag(close) OVER (
                        PARTITION BY index_id ORDER BY as_of) - 1 AS move
                    FROM "benchmark-indices"),
                fit AS (
                    SELECT fund_id, index_id, regr_r2(return_1d, move) AS r2,
                        regr_slope(return_1d, move) AS slope, avg(beta) AS beta
                    FROM performance JOIN "risk-factors" USING (fund_id, as_of) JOIN move USING (as_of)
                    GROUP BY ALL),
                market AS (FROM fit QUALIFY r2 = max(r2) OVER (PARTITION BY fund_id))
            SELECT avg(r2), corr(slope, beta) FROM market""").fetchone()
        assert explained > 0.6 and slopes > 0.8
        losses, = engine.execute("""
            SELECT count(*) FILTER (return_1d < -value_at_risk) / count(*)
            FROM performance JOIN "risk-factors" USING (fund_id, as_of)""").fetchone()
        assert 0.02 < losses < 0.08
        assert engine.execute(
            'SELECT corr(esg_score, carbon_intensity) FROM "esg-insights"').fetchone()[0] < -0.7
        assert engine.execute('SELECT min(nav) > 0 FROM "nav/daily"').fetchone() == (True,)
