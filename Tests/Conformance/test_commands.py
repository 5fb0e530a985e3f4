"""What can be wrong where a command is typed: one clear line, a status that is not 0, no trace."""

import json
import socket
import subprocess

import pytest

from exchange import BOURSE, Exchange, Machine, machine, run


@pytest.fixture
def here(tmp_path):
    """Runs `bourse` as someone who has set nothing up."""
    return lambda *arguments: run([BOURSE, *arguments], machine(tmp_path))


def refused(result, *words):
    assert result.status not in (0, -4, -5, -6, -11), result
    lines = [line for line in result.err.splitlines() if line.strip()]
    assert len(lines) == 1 and result.out == "" and "AWSError(" not in result.err, result
    for word in words:
        assert word in result.err, result


def test_it_says_its_version(here):
    result = here("--version")
    assert result.status == 0 and result.out.count(".") == 2, result


def test_a_port_in_use(own_exchange, tmp_path):
    other = Exchange(tmp_path / "other").init()
    port = own_exchange.endpoint.rsplit(":", 1)[1]
    result = run(
        [BOURSE, "serve", "--data", other.data, "--http", f"127.0.0.1:{port}"], machine(tmp_path))
    refused(result, port, "in use", "--http")


def test_a_data_directory_in_use(own_exchange, here):
    result = here("serve", "--data", own_exchange.data, "--http", "127.0.0.1:0")
    refused(result, str(own_exchange.data), "in use")


def test_a_data_directory_that_is_none(here, tmp_path):
    refused(here("serve", "--data", tmp_path / "nothing"), "bourse init --data")
    assert not (tmp_path / "nothing").exists()


def test_a_data_directory_that_is_an_exchanges_already(here, tmp_path):
    assert here("init", "--data", tmp_path / "data").status == 0
    before = (tmp_path / "data/admin.credentials").read_text()
    refused(here("init", "--data", tmp_path / "data"), "bourse serve --data")
    assert (tmp_path / "data/admin.credentials").read_text() == before


def test_a_creation_that_was_cut_off_is_repeated(here, tmp_path):
    """Everything but the ledger, which comes last."""
    assert here("init", "--data", tmp_path / "data").status == 0
    (tmp_path / "data/ledger.db").unlink()
    assert here("init", "--data", tmp_path / "data").status == 0
    exchange = Exchange(tmp_path).serve()
    assert exchange.provider.client("sts").get_caller_identity()["Account"] == "111111111111"
    exchange.stop()


@pytest.fixture
def engineless(tmp_path):
    """Runs `bourse` where the system's loader comes upon another library first."""
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries/libduckdb.so").write_bytes(b"")
    environment = machine(tmp_path) | {"LD_LIBRARY_PATH": str(tmp_path / "libraries")}
    return lambda *arguments: run([BOURSE, *arguments], environment)


def test_an_engine_that_cannot_be_loaded(here, engineless, tmp_path):
    assert here("init", "--data", tmp_path / "data").status == 0
    result = engineless("serve", "--data", tmp_path / "data", "--http", "127.0.0.1:0")
    refused(result, "libduckdb.so", "make setup")


def test_another_library_in_the_engines_place(here, engineless, tmp_path):
    assert here("init", "--data", tmp_path / "data").status == 0
    source, library = tmp_path / "engine.c", tmp_path / "libraries/libduckdb.so"
    source.write_text('const char *duckdb_library_version(void) { return "v0.1.0"; }\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    result = engineless("serve", "--data", tmp_path / "data", "--http", "127.0.0.1:0")
    refused(result, "libduckdb.so is v0.1.0", "v1.5.5", "make setup")


def test_a_subscribers_machine_needs_no_engine(exchange, tmp_path):
    """A key is enrolled and a session opened where there is none."""
    account = "222222222291"
    added = exchange.provider.bourse("account", "add", account, "--name", "A", "--json")
    subscriber = Machine(tmp_path, "nomura", account, exchange.endpoint)
    (tmp_path / "libduckdb.so").write_bytes(b"")
    subscriber.environment["LD_LIBRARY_PATH"] = str(tmp_path)
    enrolled = subscriber.bourse(
        "enroll", "--endpoint", exchange.endpoint, "--code", added.json["code"],
        "--profile", "nomura")
    assert enrolled.status == 0, enrolled
    assert subscriber.client("sts").get_caller_identity()["Account"] == account


def test_no_data_directory_given(here):
    refused(here("serve"), "--data", "BOURSE_DATA")


@pytest.mark.parametrize("account", ["1", "abc", ""])
def test_an_account_that_is_none(here, tmp_path, account):
    refused(here("init", "--data", tmp_path / "data", "--account", account), "twelve digits")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"])
def test_an_address_that_others_reach_needs_a_word(here, tmp_path, address):
    assert here("init", "--data", tmp_path / "data").status == 0
    refused(here("serve", "--data", tmp_path / "data", "--http", address), "--insecure-http")


@pytest.mark.parametrize("address", ["9400", "127.0.0.1", "127.0.0.1:x", ":1", "127.0.0.1:65536"])
def test_an_address_that_is_none(here, tmp_path, address):
    assert here("init", "--data", tmp_path / "data").status == 0
    refused(here("serve", "--data", tmp_path / "data", "--http", address), "HOST:PORT")


def test_an_exchange_that_never_ran(here, tmp_path):
    assert here("init", "--data", tmp_path / "data").status == 0
    refused(
        here("account", "add", "222222222222", "--name", "A", "--data", tmp_path / "data"),
        "bourse serve")


def test_an_exchange_that_is_stopped(own_exchange):
    provider = own_exchange.provider
    own_exchange.stop()
    refused(provider.bourse("account", "add", "222222222222", "--name", "A"), own_exchange.endpoint)


def test_nothing_listens_where_one_enrols(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        subscriber = Machine(tmp_path, "nomura", "222222222222", endpoint)
        refused(
            subscriber.bourse(
                "enroll", "--endpoint", endpoint, "--code", "X", "--profile", "nomura"),
            endpoint)


def test_a_wrong_code(exchange, tmp_path):
    subscriber = Machine(tmp_path, "nomura", "222222222222", exchange.endpoint)
    refused(
        subscriber.bourse(
            "enroll", "--endpoint", exchange.endpoint, "--code", "X", "--profile", "nomura"),
        "code")
    assert not (tmp_path / "aws-config").exists()


@pytest.mark.parametrize("profile", ["nobody", "../other", ""])
def test_a_profile_that_is_not_enrolled(here, profile):
    refused(here("credentials", "--profile", profile), "profile")


def test_an_exchange_stops_when_told_to(own_exchange):
    assert own_exchange.stop() == 0
    own_exchange.serve()


def test_commands_from_another_machine(exchange, tmp_path):
    """With an AWS profile in place of the data directory: keys of the environment, of a file, of a process."""
    provider = exchange.provider
    publisher = f"arn:aws:iam::{provider.account}:role/data-publisher"
    keys = provider.client("sts").assume_role(RoleArn=publisher, RoleSessionName="desk")["Credentials"]
    elsewhere = machine(tmp_path)
    where = ["--endpoint", exchange.endpoint]
    assert "credentials" in run([BOURSE, "erasures", *where], elsewhere).err
    environment = elsewhere | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"]}
    assert run([BOURSE, "erasures", *where], environment).out == "nothing was erased\n"
    printed = tmp_path / "keys.json"
    printed.write_text(json.dumps({"Version": 1} | {
        name: keys[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}))
    (tmp_path / "aws-config").write_text(f"[profile desk]\ncredential_process = cat {printed}\n")
    assert run([BOURSE, "erasures", *where, "--profile", "desk"], elsewhere).out == "nothing was erased\n"
    # As whoever the profile is, and no more.
    refused = run([BOURSE, "account", "list", *where, "--profile", "desk"], elsewhere)
    assert refused.status == 1 and "AccessDenied" in refused.err, refused
    assert "no profile nobody" in run([BOURSE, "erasures", *where, "--profile", "nobody"], elsewhere).err
