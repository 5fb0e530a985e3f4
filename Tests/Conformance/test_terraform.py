"""Terraform's AWS provider: data sets, a revision, a Glue table and LF-Tags come, plan clean, and go.

Its requests are replayed as they were recorded of version 5.100 of the provider. The real thing runs where
`terraform` and the provider are on the machine, in a folder of plugins that Terraform looks into by itself or that
BOURSE_TERRAFORM_PLUGINS names.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from exchange import REGION
from lake import BUCKET
from wire import Ask

PLUGINS = [
    pathlib.Path(folder) for folder in (
        os.environ.get("BOURSE_TERRAFORM_PLUGINS", ""),
        f"{os.environ.get('HOME', '')}/.terraform.d/plugins", "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins") if folder]
FOUND = next((folder for folder in PLUGINS if list(folder.glob("**/terraform-provider-aws*"))), None)
SECONDS_MAX = 300

CONFIGURATION = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region            = "%(region)s"
  access_key        = "%(key)s"
  secret_key        = "%(secret)s"
  s3_use_path_style = true
  endpoints {
    dataexchange  = "%(endpoint)s"
    glue          = "%(endpoint)s"
    iam           = "%(endpoint)s"
    lakeformation = "%(endpoint)s"
    s3            = "%(endpoint)s"
    sts           = "%(endpoint)s"
  }
}

resource "aws_glue_catalog_database" "products" {
  name = "of_terraform"
}

resource "aws_glue_catalog_table" "navs" {
  name          = "navs"
  database_name = aws_glue_catalog_database.products.name
  table_type    = "EXTERNAL_TABLE"
  parameters    = { classification = "parquet" }
  storage_descriptor {
    location = "s3://%(bucket)s/gold/nav/daily/"
    columns {
      name = "fund_id"
      type = "string"
    }
    columns {
      name = "nav"
      type = "decimal(18,4)"
    }
  }
  partition_keys {
    name = "as_of"
    type = "string"
  }
}

resource "aws_dataexchange_data_set" "navs" {
  asset_type  = "S3_SNAPSHOT"
  name        = "NAV History"
  description = "Net asset values, daily."
  tags        = { team = "%(team)s" }
}

resource "aws_dataexchange_revision" "first" {
  data_set_id = aws_dataexchange_data_set.navs.id
  comment     = "the first"
}

resource "aws_dataexchange_data_set" "by_tag" {
  asset_type  = "LAKE_FORMATION_DATA_PERMISSION"
  name        = "Navs by tag"
  description = "Whatever is tagged so."
}

resource "aws_lakeformation_lf_tag" "product" {
  key    = "product"
  values = ["nav", "%(value)s"]
}

resource "aws_lakeformation_resource_lf_tags" "navs" {
  table {
    database_name = aws_glue_catalog_database.products.name
    name          = aws_glue_catalog_table.navs.name
  }
  lf_tag {
    key   = aws_lakeformation_lf_tag.product.key
    value = "nav"
  }
}

resource "aws_lakeformation_permissions" "by_tag" {
  principal   = "222222222222"
  permissions = ["SELECT", "DESCRIBE"]
  lf_tag_policy {
    resource_type = "TABLE"
    expression {
      key    = aws_lakeformation_lf_tag.product.key
      values = ["nav"]
    }
  }
}
"""


class Terraform:
    def __init__(self, folder, exchange, provider):
        self.folder = folder
        key, secret, _ = provider.keys
        self.values = {
            "region": REGION, "key": key, "secret": secret, "endpoint": exchange.endpoint,
            "bucket": BUCKET, "team": "data", "value": "esg"}
        folder.mkdir()
        configuration = folder / "terraformrc"
        configuration.write_text("disable_checkpoint = true\n")
        self.environment = {
            "HOME": str(folder), "PATH": os.environ["PATH"], "TF_IN_AUTOMATION": "1",
            "TF_CLI_CONFIG_FILE": str(configuration), "AWS_EC2_METADATA_DISABLED": "true"}

    def run(self, *arguments, expected=0):
        (self.folder / "main.tf").write_text(CONFIGURATION % self.values)
        result = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=self.folder, env=self.environment, text=True,
            capture_output=True, timeout=SECONDS_MAX)
        assert result.returncode == expected, result.stdout + result.stderr
        return result.stdout


class Requests:
    """As the provider's Go SDK makes them."""

    def __init__(self, exchange, machine):
        self.exchange, self.keys = exchange, machine.keys

    def glue(self, operation, expected=200, **members):
        body = json.dumps({"CatalogId": "111111111111"} | members).encode()
        return self._send(
            Ask("json", "glue", "POST", "/", {
                "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AWSGlue.{operation}"},
                body), expected)

    def exchanged(self, method, path, body=None, expected=200):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return self._send(
            Ask("rest-json", "dataexchange", method, path, headers,
                b"" if body is None else json.dumps(body).encode()), expected)

    def _send(self, ask, expected):
        answer = ask.send(self.exchange, ask.signed(self.exchange, self.keys))
        assert answer.status == expected, (answer.status, answer.body)
        return json.loads(answer.body) if answer.body else {}


def test_its_requests(own_exchange):
    """What it reads back is what it said, or the next plan would not be empty."""
    ask = Requests(own_exchange, own_exchange.provider)
    ask.glue("CreateDatabase", DatabaseInput={"Name": "of_terraform"})
    database = ask.glue("GetDatabase", Name="of_terraform")["Database"]
    assert (database["Name"], database["CatalogId"]) == ("of_terraform", "111111111111")
    assert not database.get("Description") and not database.get("LocationUri")
    arn = "arn:aws:glue:us-east-1:111111111111:database/of_terraform"
    assert ask.glue("GetTags", ResourceArn=arn)["Tags"] == {}

    made = ask.exchanged("POST", "/v1/data-sets", {
        "AssetType": "S3_SNAPSHOT", "Description": "Net asset values, daily.", "Name": "NAV History",
        "Tags": {"team": "data"}}, expected=201)
    data_set = f"/v1/data-sets/{made['Id']}"
    found = ask.exchanged("GET", data_set)
    assert {name: found[name] for name in ("AssetType", "Description", "Name", "Tags", "Origin")} == {
        "AssetType": "S3_SNAPSHOT", "Description": "Net asset values, daily.", "Name": "NAV History",
        "Tags": {"team": "data"}, "Origin": "OWNED"}
    revision = ask.exchanged(
        "POST", f"{data_set}/revisions", {"Comment": "the first"}, expected=201)
    found = ask.exchanged("GET", f"{data_set}/revisions/{revision['Id']}")
    assert found["Comment"] == "the first" and found["Arn"] == revision["Arn"] and not found.get("Tags")

    column = {"Type": "string", "Comment": ""}
    table = {
        "Name": "navs", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "parquet"},
        "PartitionKeys": [column | {"Name": "as_of"}],
        "StorageDescriptor": {
            "Columns": [column | {"Name": "fund_id", "Parameters": {}}],
            "Location": f"s3://{BUCKET}/gold/nav/daily/", "AdditionalLocations": [],
            "InputFormat": "", "OutputFormat": "", "BucketColumns": [], "SortColumns": [],
            "Parameters": {}}}
    ask.glue("CreateTable", DatabaseName="of_terraform", TableInput=table, PartitionIndexes=[])
    found = ask.glue("GetTable", DatabaseName="of_terraform", Name="navs")["Table"]
    assert {name: found[name] for name in ("Name", "TableType", "Parameters")} == {
        name: table[name] for name in ("Name", "TableType", "Parameters")}
    assert found["StorageDescriptor"]["Location"] == table["StorageDescriptor"]["Location"]
    assert [one["Name"] for one in found["PartitionKeys"]] == ["as_of"]
    assert ask.glue("GetPartitionIndexes", DatabaseName="of_terraform", TableName="navs")[
        "PartitionIndexDescriptorList"] == []

    arn = made["Arn"].replace(":", "%3A").replace("/", "%2F")
    ask.exchanged("POST", f"/tags/{arn}", {"tags": {"team": "quants"}}, expected=204)
    assert ask.exchanged("GET", data_set)["Tags"] == {"team": "quants"}

    ask.exchanged("DELETE", f"{data_set}/revisions/{revision['Id']}", expected=204)
    ask.glue("DeleteTable", DatabaseName="of_terraform", Name="navs")
    ask.exchanged("DELETE", data_set, expected=204)
    ask.glue("DeleteDatabase", Name="of_terraform")
    ask.exchanged("GET", data_set, expected=404)
    ask.glue("GetDatabase", Name="of_terraform", expected=400)


@pytest.mark.skipif(
    FOUND is None or shutil.which("terraform") is None, reason="terraform or its AWS provider is not here")
def test_the_real_one(own_exchange, tmp_path):
    terraform = Terraform(tmp_path / "terraform", own_exchange, own_exchange.provider)
    terraform.run("init", f"-plugin-dir={FOUND}")
    assert "8 added" in terraform.run("apply", "-auto-approve")
    # 0: nothing would change.
    terraform.run("plan", "-detailed-exitcode")
    terraform.values |= {"team": "quants", "value": "core"}
    assert "2 changed" in terraform.run("apply", "-auto-approve")
    terraform.run("plan", "-detailed-exitcode")
    assert "8 destroyed" in terraform.run("destroy", "-auto-approve")
    client = own_exchange.provider.client("dataexchange")
    assert client.list_data_sets()["DataSets"] == []
