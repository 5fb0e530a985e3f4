"""The five-minute journey, with AWS's own clients, and the power cut between any two of its steps."""

import email
import email.policy
import json
import re
import shlex
import subprocess
import time

import botocore.exceptions
import pytest

from exchange import AWS, BOURSE, Machine, run
from lake import BUCKET, DATABASE, LINK, Lake, Provider

ACCOUNT = "222222222222"
CONTRACT = {
    "Id": "C-1001", "Client_Name": "Alpine Pension", "AWS_Account_ID__c": ACCOUNT,
    "ADX_Data_Products__c": "NAV History", "Client_Email": "data@alpine.example",
    "Start_Date": "2026-01-01", "End_Date": "2099-12-31", "Funds__c": ["F001", "F003"],
}
WAIT_SECONDS_MAX = 30


class Journey:
    """Each step is one of the provider's or the subscriber's, and expects only what was acknowledged."""

    def __init__(self, exchange, home):
        self.exchange = exchange
        self.home = home
        self.lake = Lake(home / "lake").sample("--funds", "4", "--days", "5")
        self.data_set = self.revision = self.mail = self.queue = None

    @property
    def provider(self):
        return self.exchange.provider

    @property
    def subscriber(self):
        return Machine(self.home / "subscriber", "nomura", ACCOUNT, self.exchange.endpoint)

    steps = [
        "link_the_lake", "describe_the_table", "create_the_data_set", "publish", "sign",
        "sign_again_changes_nothing", "enrol_with_the_e_mail", "run_the_e_mails_query",
        "ask_for_another_fund", "try_to_write", "subscribe_to_events", "publish_again",
        "receive_the_event", "find_it_all_in_the_trail", "end", "find_the_door_shut",
    ]

    # The provider

    def link_the_lake(self):
        Provider(self.provider).link(self.lake)

    def describe_the_table(self):
        provider = Provider(self.provider)
        provider.govern()
        provider.describe("nav_history")

    def create_the_data_set(self):
        created = self.provider.client("dataexchange").create_data_set(
            AssetType="S3_DATA_ACCESS", Name="NAV History", Description="Net asset values, daily.")
        self.data_set = created["Id"]

    def publish(self):
        client = self.provider.client("dataexchange")
        revision = client.create_revision(DataSetId=self.data_set)["Id"]
        job = client.create_job(
            Type="CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET",
            Details={"CreateS3DataAccessFromS3Bucket": {
                "DataSetId": self.data_set, "RevisionId": revision,
                "AssetSource": {"Bucket": BUCKET, "KeyPrefixes": ["gold/nav/daily/"]}}})["Id"]
        client.start_job(JobId=job)
        wait_for(lambda: client.get_job(JobId=job)["State"] == "COMPLETED")
        client.update_revision(DataSetId=self.data_set, RevisionId=revision, Finalized=True)
        self.revision = revision

    publish_again = publish

    @property
    def contract(self):
        file = self.home / "contract.json"
        file.write_text(json.dumps(CONTRACT))
        return file

    def sign(self):
        result = self.provider.bourse("contract", "sign", self.contract)
        assert result.status == 0, result
        self.mail = self.read_mail()

    def read_mail(self):
        files = list(self.exchange.data.glob("mail/*.eml"))
        assert len(files) == 1
        message = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
        assert message["To"].addresses[0].addr_spec == CONTRACT["Client_Email"]
        return message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    def sign_again_changes_nothing(self):
        result = self.provider.bourse("contract", "sign", self.contract)
        assert result.status == 0, result
        assert self.read_mail() == self.mail
        granted = self.provider.client("lakeformation").list_permissions(
            Principal={"DataLakePrincipalIdentifier": ACCOUNT},
            Resource={"Table": {"DatabaseName": DATABASE, "Name": "nav_history"}})
        assert len(granted["PrincipalResourcePermissions"]) == 1

    def end(self):
        result = self.provider.bourse("contract", "end", CONTRACT["Id"])
        assert result.status == 0, result

    # The subscriber

    def in_shell(self, command):
        """A command of the e-mail, as printed, on the subscriber's machine."""
        arguments = shlex.split(command.replace("\\\n", " "))
        assert arguments[0] in ("bourse", "aws")
        if arguments[0] == "bourse":
            return self.subscriber.bourse(*arguments[1:])
        return run([AWS, *arguments[1:]], self.subscriber.environment)

    def enrol_with_the_e_mail(self):
        command = re.search(r"^bourse enroll .*$", self.mail, re.MULTILINE).group()
        result = self.in_shell(command)
        assert result.status == 0, result

    def run_the_e_mails_query(self):
        command = re.search(
            r"^aws athena start-query-execution (?:.*\\\n)*.*$", self.mail, re.MULTILINE).group()
        result = self.in_shell(command)
        assert result.status == 0, result
        funds = {row[0] for row in self.rows(result.out.strip())}
        assert funds == {"F001", "F003"}

    def rows(self, query):
        client = self.subscriber.client("athena")
        wait_for(lambda: self.state(client, query) in ("SUCCEEDED", "FAILED"))
        assert self.state(client, query) == "SUCCEEDED", self.reason(client, query)
        rows = client.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
        return [[value.get("VarCharValue") for value in row["Data"]] for row in rows]

    def ask(self, sql):
        return self.subscriber.client("athena").start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": LINK})["QueryExecutionId"]

    @staticmethod
    def state(client, query):
        return client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]

    @staticmethod
    def reason(client, query):
        execution = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return execution["Status"].get("StateChangeReason")

    def ask_for_another_fund(self):
        assert self.rows(self.ask("SELECT * FROM nav_history WHERE fund_id = 'F002'")) == []

    def try_to_write(self):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            self.subscriber.client("s3").put_object(Bucket=BUCKET, Key="gold/nav/daily/x", Body=b"x")
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
        query = self.ask("DELETE FROM nav_history")
        client = self.subscriber.client("athena")
        wait_for(lambda: self.state(client, query) == "FAILED")

    def subscribe_to_events(self):
        sqs = self.subscriber.client("sqs", endpoint_url=self.exchange.endpoint)
        self.queue = sqs.create_queue(QueueName="revisions")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        events = self.subscriber.client("events")
        events.put_rule(
            Name="new-revisions", EventPattern=json.dumps({"source": ["aws.dataexchange"]}))
        answer = events.put_targets(
            Rule="new-revisions", Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}])
        assert answer["FailedEntryCount"] == 0

    def receive_the_event(self):
        sqs = self.subscriber.client("sqs", endpoint_url=self.exchange.endpoint)
        received = sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=20)["Messages"][0]
        event = json.loads(received["Body"])
        assert event["source"] == "aws.dataexchange"
        assert event["account"] == ACCOUNT
        # At least once: whoever is told twice is told of the same revision.
        sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=received["ReceiptHandle"])

    def find_it_all_in_the_trail(self):
        assert self.exchange.verify().status == 0
        said = {
            (record["userIdentity"].get("accountId"), record["eventName"])
            for record in self.exchange.trail if "errorCode" not in record}
        for expected in [
            ("111111111111", "UpdateRevision"), ("111111111111", "SignContract"),
            (ACCOUNT, "StartQueryExecution"), (ACCOUNT, "GetDataAccess"), (ACCOUNT, "PutRule"),
            (ACCOUNT, "ReceiveMessage"),
        ]:
            assert expected in said, expected

    def find_the_door_shut(self):
        client = self.subscriber.client("athena")
        query = self.ask("SELECT * FROM nav_history")
        wait_for(lambda: self.state(client, query) == "FAILED")
        assert "does not exist or requester is not authorized" in self.reason(client, query)
        with pytest.raises(botocore.exceptions.ClientError):
            self.subscriber.client("glue").get_table(DatabaseName=LINK, Name="nav_history")


def wait_for(holds):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_journey_goes_on_after_a_kill_between_any_two_steps(own_exchange, tmp_path):
    journey = Journey(own_exchange, tmp_path)
    for step in Journey.steps:
        getattr(journey, step)()
        own_exchange.kill()
        own_exchange.serve()
    assert own_exchange.verify().status == 0


def test_an_onboarding_is_carried_to_its_end_whenever_it_was_cut_off(own_exchange, tmp_path):
    journey = Journey(own_exchange, tmp_path)
    for step in ["link_the_lake", "describe_the_table", "create_the_data_set", "publish"]:
        getattr(journey, step)()
    for milliseconds in range(0, 120, 12):
        contract = dict(CONTRACT, Id=f"C-{milliseconds}", AWS_Account_ID__c=f"333333333{milliseconds:03}")
        file = tmp_path / f"{contract['Id']}.json"
        file.write_text(json.dumps(contract))
        signing = subprocess.Popen(
            [str(BOURSE), "contract", "sign", str(file)], env=own_exchange.provider.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + milliseconds / 1_000)
        own_exchange.kill()
        signing.wait()
        own_exchange.serve()
        result = own_exchange.provider.bourse("contract", "sign", file)
        assert result.status == 0, result
        granted = own_exchange.provider.client("lakeformation").list_permissions(
            Principal={"DataLakePrincipalIdentifier": contract["AWS_Account_ID__c"]},
            Resource={"Table": {"DatabaseName": DATABASE, "Name": "nav_history"}})
        assert len(granted["PrincipalResourcePermissions"]) == 1
        mail = (own_exchange.data / "mail" / f"{contract['Id']}.eml").read_text()
        code = re.search(r"--code (\S+)", mail).group(1)
        enrolled = Machine(
            tmp_path / contract["Id"], "nomura", contract["AWS_Account_ID__c"], own_exchange.endpoint
        ).bourse("enroll", "--endpoint", own_exchange.endpoint, "--code", code, "--profile", "nomura")
        assert enrolled.status == 0, enrolled
    assert own_exchange.verify().status == 0
