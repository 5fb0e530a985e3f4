"""Questions in SQL, by Athena's interface, and their answers."""

import functools
import time
import urllib.parse

from lake import LINK

ANSWER_SECONDS_MAX = 60
# Queries that one request may ask for.
BATCH_MAX = 50
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


class Athena:
    """Someone who asks, with boto3."""

    def __init__(self, machine, database=LINK):
        """Results go into a bucket of the account's own, which is made if need be."""
        self.machine = machine
        self.database = database
        self.client = machine.client("athena")
        self.s3 = machine.client("s3")
        self.bucket = f"athena-results-{machine.account}"
        if self.bucket not in [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]:
            self.s3.create_bucket(Bucket=self.bucket)

    def start(self, sql, **parameters):
        """The id of a query that was accepted."""
        context = {"Database": self.database}
        return self.client.start_query_execution(
            QueryString=sql, QueryExecutionContext=context, **parameters)["QueryExecutionId"]

    def execution(self, id):
        return self.client.get_query_execution(QueryExecutionId=id)["QueryExecution"]

    def state(self, id):
        return self.execution(id)["Status"]["State"]

    def wait(self, id, states=FINAL, seconds=ANSWER_SECONDS_MAX):
        """The execution, once it is in one of the states."""
        deadline = time.monotonic() + seconds
        while (execution := self.execution(id))["Status"]["State"] not in states:
            assert time.monotonic() < deadline, execution
            time.sleep(0.02)
        return execution

    def wait_for_all(self, ids, seconds=ANSWER_SECONDS_MAX):
        """The executions in that order, once all are at their end."""
        deadline, ended = time.monotonic() + seconds, {}
        while left := [id for id in ids if id not in ended]:
            assert time.monotonic() < deadline, left
            asked = self.client.batch_get_query_execution(QueryExecutionIds=left[:BATCH_MAX])
            for execution in asked["QueryExecutions"]:
                if execution["Status"]["State"] in FINAL:
                    ended[execution["QueryExecutionId"]] = execution
            time.sleep(0.1)
        return [ended[id] for id in ids]

    def ask(self, sql, **parameters):
        return Answered(self, self.wait(self.start(sql, **parameters)))

    def rows(self, sql):
        """Of a query that must succeed: without the header, each value as text or None."""
        answer = self.ask(sql)
        assert answer.state == "SUCCEEDED", (sql, answer.reason)
        return answer.rows

    def reason(self, sql):
        """Why a query failed that must fail."""
        answer = self.ask(sql)
        assert answer.state == "FAILED", (sql, answer.state)
        return answer.reason


class Answered:
    """A query at its end."""

    def __init__(self, athena, execution):
        self._athena = athena
        self.execution = execution
        self.id = execution["QueryExecutionId"]
        self.state = execution["Status"]["State"]
        self.reason = execution["Status"].get("StateChangeReason", "")

    def pages(self, size=1_000):
        return list(self._athena.client.get_paginator("get_query_results").paginate(
            QueryExecutionId=self.id, PaginationConfig={"PageSize": size}))

    @functools.cached_property
    def _read(self):
        """As it is when it is first asked for."""
        return self.pages()

    @property
    def rows(self):
        rows = [row for page in self._read for row in page["ResultSet"]["Rows"]]
        return [[value.get("VarCharValue") for value in row["Data"]] for row in rows[1:]]

    @property
    def columns(self):
        """(name, type, precision, scale) of each."""
        described = self._read[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        return [(one["Name"], one["Type"], one["Precision"], one["Scale"]) for one in described]

    @property
    def csv(self):
        """The result as it lies in the caller's bucket."""
        location = urllib.parse.urlsplit(self.execution["ResultConfiguration"]["OutputLocation"])
        got = self._athena.s3.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))
        return got["Body"].read().decode()
