"""Fixtures: a running exchange, its provider, its subscribers."""

import itertools
import os
import pathlib

import pytest

from exchange import BOURSE, Exchange, machine
from s3 import ONCE

NUMBERS = itertools.count(1)


def pytest_configure():
    """Clients that run in this process find nothing of AWS's but what a test tells them.

    Before there are threads: every name that the environment of a machine has, too.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= machine(pathlib.Path(os.devnull)) | {"HOME": os.environ.get("HOME", os.devnull)}


def pytest_sessionstart(session):
    if not BOURSE.exists():
        pytest.exit(f"{BOURSE} is not built yet: make build", returncode=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the exchanges that the test used have logged."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Exchange) and value.log.exists():
                report.sections.append((f"log of {value.data}", value.log.read_text()))
    return report


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """One that the tests of a file share. Who stops, kills or damages it takes `own_exchange`."""
    exchange = Exchange(tmp_path_factory.mktemp("exchange")).init().serve()
    yield exchange
    exchange.stop()


@pytest.fixture
def own_exchange(tmp_path):
    """One for a single test, to do with as it likes."""
    exchange = Exchange(tmp_path).init().serve()
    yield exchange
    exchange.stop()


@pytest.fixture(scope="module")
def provider(exchange):
    return exchange.provider


@pytest.fixture(scope="module")
def s3(provider):
    """The provider's, which sends nothing twice: what is refused is seen as it was refused."""
    return provider.client("s3", config=ONCE)


@pytest.fixture(scope="module")
def subscriber(exchange):
    """Account 222222222222, enrolled."""
    return exchange.subscriber("222222222222")


@pytest.fixture(scope="module")
def bucket(provider):
    """A managed bucket of the provider's."""
    provider.client("s3").create_bucket(Bucket="a-managed-bucket")
    return "a-managed-bucket"


@pytest.fixture
def own_bucket(provider):
    """A managed bucket of the provider's, for a single test."""
    name = f"own-bucket-{next(NUMBERS)}"
    provider.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["provider", "subscriber"])
def caller(request):
    return request.getfixturevalue(request.param)
