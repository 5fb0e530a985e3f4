"""Fixtures: a running exchange, its provider, its subscribers."""

import pytest

from exchange import BOURSE, Exchange


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
def subscriber(exchange):
    """Account 222222222222, enrolled."""
    return exchange.subscriber("222222222222")


@pytest.fixture(params=["provider", "subscriber"])
def caller(request):
    return request.getfixturevalue(request.param)
