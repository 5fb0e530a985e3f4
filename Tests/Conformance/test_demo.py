"""`bourse demo` and `bourse sample`: what a newcomer runs first."""

import filecmp

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
