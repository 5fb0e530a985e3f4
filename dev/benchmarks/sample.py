"""The sample lake, published, with subscribers of its net asset values."""

import contextlib

from athena import Athena
from exchange import BOURSE, Exchange, machine, run
from lake import Lake, Provider, link_database
from publication import Publisher

TABLE = "nav_history"
# Enough where the benchmark brings its own files, or makes the revision's up.
SMALL = ["--funds", "20", "--days", "3", "--from", "2024-01-08"]
# Ten years make ten thousand small files.
SAMPLE_SECONDS_MAX = 600


class SampleExchange:
    """An exchange that serves the sample lake: a file for each business day, pinned by one revision."""

    def __init__(self, home, *options):
        """`options`: of `bourse sample`; without any, 500 funds in ten years."""
        self.lake = Lake(home / "lake")
        made = run(
            [BOURSE, "sample", "--out", self.lake.directory, *options], machine(home),
            SAMPLE_SECONDS_MAX)
        assert made.status == 0, made
        self.exchange = Exchange(home / "exchange").init().serve()
        with self._stopped_on_failure():
            self.team = Provider(self.exchange.provider)
            self.team.link(self.lake)
            self.team.govern()
            self.team.describe(TABLE)
            self.publisher = Publisher(self.exchange.provider)
            self.revision = self.publisher.publish(self.publisher.data_set())

    @contextlib.contextmanager
    def _stopped_on_failure(self):
        try:
            yield
        except BaseException:
            self.exchange.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.exchange.stop()

    def subscriber(self, account, rows=None):
        """Athena as an account asks it that sees all of the table, or some rows."""
        if rows:
            self.team.grant_rows(account, TABLE, rows, name=f"rows-{account}")
        else:
            self.team.grant_table(account, TABLE)
        subscriber = self.exchange.subscriber(account)
        link_database(subscriber)
        return Athena(subscriber)
