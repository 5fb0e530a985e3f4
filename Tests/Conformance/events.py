"""A subscriber that waits for events: a queue, a rule on its default bus, and a target."""

import json
import time

from exchange import REGION

# Seconds of one long poll, and of the wait for an event that must come.
POLL_SECONDS = 10
EVENT_SECONDS_MAX = 30


class Inbox:
    """A queue of an account's own, into which a rule puts what matches a pattern."""

    def __init__(self, machine, name, pattern, **attributes):
        self.sqs = machine.client("sqs", endpoint_url=machine.endpoint)
        self.events = machine.client("events")
        self.name = name
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{machine.account}:{name}"
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        put = self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": self.arn}])
        assert put["FailedEntryCount"] == 0, put

    def poll(self, seconds=POLL_SECONDS, **parameters):
        """The messages of one receive."""
        return self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=seconds, **{"MaxNumberOfMessages": 10} | parameters
        ).get("Messages", [])

    def delete(self, message):
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def take(self):
        """The next event, which is then deleted."""
        deadline = time.monotonic() + EVENT_SECONDS_MAX
        while time.monotonic() < deadline:
            for message in self.poll(MaxNumberOfMessages=1):
                self.delete(message)
                return json.loads(message["Body"])
        raise AssertionError(f"no event came to {self.name}")

    def is_empty(self):
        return self.poll(0) == []
