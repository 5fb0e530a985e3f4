"""How long rows take to be found in a product's objects, and to be erased from them."""

import pathlib
import tempfile
import time

from benchmarks.sample import SMALL, SampleExchange
from exchange import BOURSE, run
from lake import DATABASE
from s3 import make_bucket, set_versioning

OBJECTS = [1_000, 10_000]
COMMAND_SECONDS_MAX = 1_800
BUCKET, FOLDER, TABLE = "managed-lake", "gold/clients/", "clients"


def erasures():
    print(f"erasures: {BOURSE}; Parquet objects of 1,000 rows in a managed bucket, one revision")
    print(f"{'objects':>10}{'rows in':>10}{'counted, s':>12}{'erased, s':>11}{'ms each':>9}")
    for objects in OBJECTS:
        with tempfile.TemporaryDirectory() as home:
            measure(objects, pathlib.Path(home))


def measure(objects, home):
    with SampleExchange(home, *SMALL) as sample:
        provider = sample.exchange.provider
        s3 = provider.client("s3")
        make_bucket(s3, BUCKET)
        set_versioning(s3, BUCKET)
        # A client is in each of the objects, and each of them has a client of its own.
        for number in range(objects):
            if number % 100 == 0:
                sample.lake.write_parquet(
                    "elsewhere/clients.parquet",
                    f"SELECT CASE i WHEN 0 THEN 'everywhere' WHEN 1 THEN 'only-{number}' "
                    "ELSE 'C' || i END AS client, i AS amount FROM range(1000) AS numbers(i)")
                content = sample.lake.path("elsewhere/clients.parquet").read_bytes()
            s3.put_object(Bucket=BUCKET, Key=f"{FOLDER}{number}.parquet", Body=content)
        sample.team.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": TABLE, "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "StorageDescriptor": {
                "Columns": [{"Name": "client", "Type": "string"}, {"Name": "amount", "Type": "bigint"}],
                "Location": f"s3://{BUCKET}/{FOLDER}"}})
        products = provider.home / "products.yaml"
        products.write_text(
            f"products:\n- {{id: clients, title: Clients, description: Clients., bucket: {BUCKET}, "
            f"prefixes: [{FOLDER}], database: {DATABASE}, tables: [{TABLE}]}}\n")
        bourse(provider, "apply", products)
        bourse(provider, "publish", "clients")
        for client in ("only-0", "everywhere"):
            counted, found = timed(provider, client, "--dry-run")
            erased, done = timed(provider, client)
            assert found["Rows"] == done["Rows"], (found, done)
            rows = len(found["Objects"])
            print(f"{objects:>10,}{rows:>10,}{counted:>12.1f}{erased:>11.1f}"
                  f"{erased / rows * 1e3:>9.1f}", flush=True)


def timed(provider, client, *options):
    begin = time.perf_counter()
    result = bourse(
        provider, "erase", "clients", "--where", f"client = '{client}'", "--reason",
        "for a benchmark", "--json", *options)
    return time.perf_counter() - begin, result.json


def bourse(provider, *arguments):
    result = run([BOURSE, *arguments], provider.environment, COMMAND_SECONDS_MAX)
    assert result.status == 0, result
    return result
