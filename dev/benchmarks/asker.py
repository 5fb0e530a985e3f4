"""Questions to Athena, timed."""

import dataclasses
import http.client
import json
import time
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from athena import FINAL
from exchange import REGION


@dataclasses.dataclass
class Times:
    """How long one query took, in seconds."""

    # As the exchange's own statistics say: from its beginning until it was known what to read, from its
    # beginning until the rows were written, and from the request until then.
    planning: float
    engine: float
    total: float
    # From before the request until an answer to a poll said that the result is there.
    wall: float

    def __init__(self, execution, wall):
        statistics = execution["Statistics"]
        self.planning = statistics["QueryPlanningTimeInMillis"] / 1e3
        self.engine = statistics["EngineExecutionTimeInMillis"] / 1e3
        self.total = statistics["TotalExecutionTimeInMillis"] / 1e3
        self.wall = wall


class Asker:
    """Whoever asks: `start` and `execution` are two calls of Athena's, as some client makes them."""

    def timed(self, sql, quiet=0, pause=0):
        """Asks, and polls with so long a pause, the first time after so long a quiet time, in seconds."""
        begin = time.perf_counter()
        id = self.start(sql)
        time.sleep(max(begin + quiet - time.perf_counter(), 0))
        while (execution := self.execution(id))["Status"]["State"] not in FINAL:
            time.sleep(pause)
        wall = time.perf_counter() - begin
        assert execution["Status"]["State"] == "SUCCEEDED", (sql, execution["Status"])
        return Times(execution, wall)


class WithBoto3(Asker):
    name = "boto3"

    def __init__(self, athena):
        self.start, self.execution = athena.start, athena.execution


class WithoutBoto3(Asker):
    """One connection, and no more of Python than signs a request."""

    name = "signed requests"

    def __init__(self, athena):
        machine = athena.machine
        self._endpoint = machine.endpoint
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(machine.endpoint).netloc)
        self._signer = SigV4Auth(Credentials(*machine.keys), "athena", REGION)
        self._database = athena.database

    def reconnect(self):
        """After the exchange was started again, at the address that it had."""
        self._connection.close()

    def start(self, sql):
        return self._call(
            "StartQueryExecution", QueryString=sql,
            QueryExecutionContext={"Database": self._database})["QueryExecutionId"]

    def execution(self, id):
        return self._call("GetQueryExecution", QueryExecutionId=id)["QueryExecution"]

    def _call(self, operation, **members):
        body = json.dumps(members).encode()
        request = AWSRequest("POST", self._endpoint + "/", data=body, headers={
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonAthena.{operation}"})
        self._signer.add_auth(request)
        self._connection.request("POST", "/", body, dict(request.headers.items()))
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200, (operation, answer)
        return answer
