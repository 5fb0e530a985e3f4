"""The engine without an exchange around it: what the exchange's queries are held against."""

import csv
import time

from lake import Engine

# As many as a query worker's engine has: `QueryWorkerLimits.threads`.
THREADS = 2


class Plain:
    """The very library that the exchange runs, with its own settings but for the number of threads."""

    def __init__(self, directory):
        self._engine = Engine()
        self._engine.run(f"SET threads = {THREADS}")
        self._answer = directory / "plain.csv"

    def run(self, sql):
        self._engine.run(sql)

    def view(self, name, file, where="true"):
        """A table in the exchange, as its subscriber sees it."""
        self.run(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet('{file}') WHERE {where}")

    def seconds(self, sql):
        """How long it takes until the answer lies in a file, as the exchange leaves it too."""
        begin = time.perf_counter()
        self.run(f"COPY ({sql}) TO '{self._answer}' (FORMAT csv)")
        return time.perf_counter() - begin

    def rows(self, sql):
        self.seconds(sql)
        with self._answer.open(newline="") as file:
            return list(csv.reader(file))[1:]
