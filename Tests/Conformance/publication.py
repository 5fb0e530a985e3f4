"""How the provider publishes with boto3, and how a subscriber accepts."""

import time

from exchange import COMMAND_SECONDS_MAX
from lake import BUCKET


class Publisher:
    """The provider's side of Data Exchange."""

    def __init__(self, machine):
        self.machine = machine
        self.client = machine.client("dataexchange")

    def data_set(self, name="NAV History", kind="S3_DATA_ACCESS", **parameters):
        return self.client.create_data_set(
            AssetType=kind, Name=name, Description=f"{name}, as it is.", **parameters)["Id"]

    def draft(self, data_set, comment="", prefixes=("gold/nav/daily/",), bucket=BUCKET):
        """A revision with what lies under the prefixes, not yet finalized."""
        revision = self.client.create_revision(DataSetId=data_set, Comment=comment)["Id"]
        self.run_job("CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET", {"CreateS3DataAccessFromS3Bucket": {
            "DataSetId": data_set, "RevisionId": revision,
            "AssetSource": {"Bucket": bucket, "KeyPrefixes": list(prefixes)}}})
        return revision

    def finalize(self, data_set, revision):
        return self.client.update_revision(DataSetId=data_set, RevisionId=revision, Finalized=True)

    def publish(self, data_set, comment="", **parameters):
        revision = self.draft(data_set, comment, **parameters)
        assert self.finalize(data_set, revision)["Finalized"] is True
        return revision

    def run_job(self, kind, details, expected="COMPLETED"):
        job = self.client.create_job(Type=kind, Details=details)
        assert job["State"] == "WAITING"
        self.client.start_job(JobId=job["Id"])
        return self.wait(job["Id"], expected)

    def wait(self, job, expected="COMPLETED"):
        deadline = time.monotonic() + COMMAND_SECONDS_MAX
        while (found := self.client.get_job(JobId=job))["State"] in ("WAITING", "IN_PROGRESS"):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        assert found["State"] == expected, found
        return found

    def grant(self, data_set, account, name="to a subscriber"):
        return self.client.create_data_grant(
            Name=name, GrantDistributionScope="NONE", ReceiverPrincipal=account,
            SourceDataSetId=data_set)


def accept(machine, grant):
    """The id under which the receiver knows the data set."""
    accepted = machine.client("dataexchange").accept_data_grant(DataGrantArn=grant["Arn"])
    assert accepted["AcceptanceState"] == "ACCEPTED"
    return accepted["DataSetId"]
