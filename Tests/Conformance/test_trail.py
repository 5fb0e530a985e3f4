"""`bourse trail verify`: proves the trail whole, or names the first record that is not."""

import json
import re

import pytest


@pytest.fixture
def stopped(own_exchange):
    """An exchange with a dozen records, stopped, so that its files can be tampered with."""
    sts = own_exchange.provider.client("sts")
    for _ in range(12):
        sts.get_caller_identity()
    own_exchange.stop()
    return own_exchange


def segment(exchange):
    file, = (exchange.data / "trail").glob("trail-*.jsonl")
    return file


def edit(exchange, change):
    """Changes the list of the trail's lines, in place."""
    file = segment(exchange)
    lines = file.read_bytes().splitlines(keepends=True)
    change(lines)
    file.write_bytes(b"".join(lines))


def found(exchange, record):
    """Is refused by `verify`, which names the record."""
    result = exchange.verify()
    assert result.status not in (0, -4, -5, -6, -11), result
    assert re.search(rf"\b{record}\b", result.out + result.err), result
    return result


def test_a_whole_trail_is_proved(stopped):
    result = stopped.verify()
    assert result.status == 0, result
    assert f"whole: {len(stopped.trail)} records" in result.out, result


def test_while_the_exchange_runs(own_exchange):
    own_exchange.provider.client("sts").get_caller_identity()
    assert own_exchange.verify().status == 0


def test_for_scripts_in_json(stopped):
    result = stopped.provider.bourse("trail", "verify", "--json")
    assert result.status == 0 and isinstance(json.loads(result.out), dict), result


@pytest.mark.parametrize("record", [1, 5, 12])
def test_a_flipped_bit(stopped, record):
    def flip(lines):
        line = bytearray(lines[record - 1])
        line[line.index(b"GetCallerIdentity")] ^= 1
        lines[record - 1] = bytes(line)

    edit(stopped, flip)
    found(stopped, record)


def test_a_record_taken_out(stopped):
    edit(stopped, lambda lines: lines.pop(4))
    found(stopped, 5)


def test_two_records_exchanged(stopped):
    def swap(lines):
        lines[4], lines[5] = lines[5], lines[4]

    edit(stopped, swap)
    found(stopped, 5)


def test_an_end_cut_off(stopped):
    """The records that are left follow from each other: only the signed head tells."""
    edit(stopped, lambda lines: lines.__delitem__(slice(8, None)))
    found(stopped, 8)


def test_a_trail_thrown_away(stopped):
    segment(stopped).unlink()
    result = stopped.verify()
    assert result.status != 0, result


def test_an_exchange_does_not_go_on_from_a_cut_trail(stopped):
    edit(stopped, lambda lines: lines.__delitem__(slice(8, None)))
    with pytest.raises(AssertionError, match="trail"):
        stopped.serve()


def test_a_directory_without_an_exchange(stopped, tmp_path):
    result = stopped.provider.bourse("trail", "verify", "--data", str(tmp_path / "nothing"))
    assert result.status != 0 and len(result.err.splitlines()) == 1, result
