"""`bourse doctor` says what is not as it should be, and how to mend it."""

import pytest

from exchange import machine

ACCOUNT = "222222222222"


def findings(result):
    return {finding["subject"]: finding for finding in result.json}


def test_all_is_well(own_exchange):
    result = own_exchange.provider.bourse("doctor")
    assert result.status == 0 and "fail" not in result.out, result
    found = findings(own_exchange.provider.bourse("doctor", "--json"))
    assert {name for name, finding in found.items() if finding["state"] == "ok"} >= {
        "SQL engine", "sandbox", "ledger", "rights", "trail", "server"}


def test_a_stopped_exchange_is_told_how_to_start(own_exchange):
    provider = own_exchange.provider
    own_exchange.stop()
    server = findings(provider.bourse("doctor", "--json"))["server"]
    assert server["state"] == "warn" and "bourse serve --data" in server["text"]


def test_what_others_can_read(own_exchange):
    provider, secret = own_exchange.provider, own_exchange.data / "keys/sealing.key"
    secret.chmod(0o644)
    result = provider.bourse("doctor", "--json")
    rights = findings(result)["rights"]
    assert result.status == 1 and rights["state"] == "fail"
    assert "chmod go=" in rights["text"] and str(secret) in rights["text"]


@pytest.mark.parametrize("part", ["ledger", "trail"])
def test_what_was_damaged(own_exchange, part):
    provider = own_exchange.provider
    for number in range(40):
        provider.client("s3").create_bucket(Bucket=f"bucket-{number:03}")
    own_exchange.stop()
    file = own_exchange.data / "ledger.db"
    if part == "trail":
        file = sorted((own_exchange.data / "trail").glob("trail-*.jsonl"))[0]
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle:middle + 4096 if part == "ledger" else middle + 1] = (
        b"x" * 4096 if part == "ledger" else b"~")
    file.write_bytes(content)
    result = provider.bourse("doctor", "--json")
    assert result.status == 1 and findings(result)[part]["state"] == "fail", result


def test_a_subscribers_machine(own_exchange, tmp_path):
    subscriber = own_exchange.subscriber(ACCOUNT)
    result = subscriber.bourse("doctor", "--profile", "nomura")
    assert result.status == 0 and "assumed-role/data-subscriber" in result.out, result
    own_exchange.provider.bourse("cutoff", ACCOUNT)
    result = subscriber.bourse("doctor", "--profile", "nomura", "--json")
    assert result.status == 1 and "cut off" in findings(result)["session"]["text"]
    subscriber.environment = machine(tmp_path)
    result = subscriber.bourse("doctor", "--profile", "nomura")
    assert result.status == 1 and "bourse enroll" in result.out
