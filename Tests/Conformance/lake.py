"""The provider's lake on the disk, as its own tools leave it there, and the tables that describe it."""

import ctypes
import ctypes.util
import json
import os

from exchange import BOURSE, PROVIDER, ROOT, machine, run

BUCKET = "nomura-data-lake"
DATABASE = "nomura_data_products"
# What the subscriber calls it.
LINK = "external_nomura_data"
ADMINISTRATOR = f"arn:aws:iam::{PROVIDER}:user/bourse-admin"
# The sample lake's tables, as the catalogue has them: columns, then partition columns.
TABLES = {
    "nav_history": (
        "gold/nav/daily/", {"fund_id": "string", "nav_date": "date", "nav": "decimal(18,4)"},
        {"as_of": "string"}),
    "esg_insights": (
        "gold/esg-insights/", {
            "fund_id": "string", "esg_score": "decimal(5,2)", "environmental_rating": "string",
            "carbon_intensity": "decimal(9,2)", "updated_at": "timestamp"}, {}),
}


class Engine:
    """DuckDB, as a provider's pipeline uses it: the library that the exchange was built with."""

    class _Result(ctypes.Structure):
        _fields_ = [("fields", ctypes.c_uint64 * 6)]

    def __init__(self):
        own = ROOT / ".deps/lib/libduckdb.so"
        library = own if own.exists() else ctypes.util.find_library("duckdb")
        self._duckdb = ctypes.CDLL(str(library))
        self._duckdb.duckdb_result_error.restype = ctypes.c_char_p
        database, self._connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert self._duckdb.duckdb_open(None, ctypes.byref(database)) == 0
        assert self._duckdb.duckdb_connect(database, ctypes.byref(self._connection)) == 0

    def run(self, sql):
        result = self._Result()
        status = self._duckdb.duckdb_query(self._connection, sql.encode(), ctypes.byref(result))
        message = self._duckdb.duckdb_result_error(ctypes.byref(result))
        self._duckdb.duckdb_destroy_result(ctypes.byref(result))
        assert status == 0, message


class Lake:
    """A directory of objects."""

    engine = None

    def __init__(self, directory):
        self.directory = directory

    def sample(self, *options):
        result = run(
            [BOURSE, "sample", "--out", self.directory, "--from", "2024-01-08", *options],
            machine(self.directory.parent))
        assert result.status == 0, result
        return self

    @property
    def keys(self):
        """In S3's order, which is that of the bytes."""
        files = [path for path in self.directory.rglob("*") if path.is_file()]
        return sorted((str(path.relative_to(self.directory)) for path in files), key=str.encode)

    def path(self, key):
        return self.directory / key

    def put(self, key, content):
        """By rename, as tools do that mean well: whoever reads the old file goes on reading it."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.new")
        unfinished.write_bytes(content)
        os.replace(unfinished, path)

    def write_parquet(self, key, select, *options):
        """The rows of a SELECT, likewise by rename."""
        Lake.engine = Lake.engine or Engine()
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.new")
        form = ", ".join(["FORMAT parquet", *options])
        Lake.engine.run(f"COPY ({select}) TO '{unfinished}' ({form})")
        os.replace(unfinished, path)

    def rewrite_in_place(self, key, select):
        """As tools do that do not care: the same file gets other bytes."""
        self.write_parquet("elsewhere/" + key, select)
        other = self.path("elsewhere/" + key)
        with self.path(key).open("r+b") as file:
            file.write(other.read_bytes())
            file.truncate()
        other.unlink()


class Provider:
    """What the provider's data team does with boto3: catalogue, grants, publications."""

    def __init__(self, machine):
        self.machine = machine
        self.glue = machine.client("glue")
        self.lakeformation = machine.client("lakeformation")

    @classmethod
    def of_sample(cls, exchange, directory):
        """With a small sample lake, two tables of it described and nothing granted."""
        team = cls(exchange.provider)
        team.link(Lake(directory).sample("--funds", "4", "--days", "6"))
        team.govern()
        team.describe("nav_history", "esg_insights")
        return team

    def link(self, lake, bucket=BUCKET):
        result = self.machine.bourse("lake", "link", bucket, lake.directory)
        assert result.status == 0, result

    def govern(self):
        """Lake Formation alone decides, and over all of the bucket."""
        self.lakeformation.put_data_lake_settings(DataLakeSettings={
            "DataLakeAdmins": [{"DataLakePrincipalIdentifier": ADMINISTRATOR}],
            "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []})
        self.lakeformation.register_resource(
            ResourceArn=f"arn:aws:s3:::{BUCKET}", UseServiceLinkedRole=True)
        self.glue.create_database(DatabaseInput={"Name": DATABASE})

    def describe(self, *tables):
        """Puts tables of the sample lake into the catalogue."""
        for table in tables:
            self.create_table(table, *TABLES[table])

    def create_table(self, name, location, columns, partitions=None):
        def described(columns):
            return [{"Name": name, "Type": type} for name, type in columns.items()]

        self.glue.create_table(DatabaseName=DATABASE, TableInput={
            "Name": name, "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
            "PartitionKeys": described(partitions or {}),
            "StorageDescriptor": {
                "Columns": described(columns), "Location": f"s3://{BUCKET}/{location}"}})

    def create_filter(self, table, name, rows=None, columns=None, without=()):
        """A data cells filter: `rows` is an expression, `columns` are those granted."""
        shown = {"ColumnNames": columns} if columns else {
            "ColumnWildcard": {"ExcludedColumnNames": list(without)}}
        self.lakeformation.create_data_cells_filter(TableData={
            "TableCatalogId": PROVIDER, "DatabaseName": DATABASE, "TableName": table, "Name": name,
            "RowFilter": {"FilterExpression": rows} if rows else {"AllRowsWildcard": {}}, **shown})

    def grant_filter(self, account, table, name):
        self.grant(account, "SELECT", cells(table, name))

    def grant_rows(self, account, table, rows, name="rows", **columns):
        self.create_filter(table, name, rows, **columns)
        self.grant_filter(account, table, name)

    def grant_table(self, account, table, *permissions):
        for permission in permissions or ["SELECT"]:
            self.grant(account, permission, table_of(table))

    def grant(self, account, permission, resource):
        self.lakeformation.grant_permissions(
            Principal=principal(account), Permissions=[permission], Resource=resource)

    def revoke(self, account, permission, resource):
        self.lakeformation.revoke_permissions(
            Principal=principal(account), Permissions=[permission], Resource=resource)


def nav_key(day):
    return f"gold/nav/daily/as_of={day}/nav_history.parquet"


def nav_rows(day, nav, funds=3):
    """A day's file: each fund with that value."""
    return (
        f"SELECT 'F' || lpad((i + 1)::VARCHAR, 3, '0') AS fund_id, DATE '{day}' AS nav_date, "
        f"{nav}::DECIMAL(18,4) AS nav FROM range({funds}) AS numbers(i)")


def principal(account):
    return {"DataLakePrincipalIdentifier": account}


def table_of(name):
    return {"Table": {"DatabaseName": DATABASE, "Name": name}}


def columns_of(table, *names):
    return {"TableWithColumns": {
        "DatabaseName": DATABASE, "Name": table, "ColumnNames": list(names)}}


def cells(table, name):
    return {"DataCellsFilter": {
        "TableCatalogId": PROVIDER, "DatabaseName": DATABASE, "TableName": table, "Name": name}}


def link_database(subscriber):
    """How a subscriber names what it was granted: a link in its own catalogue."""
    subscriber.client("glue").create_database(DatabaseInput={
        "Name": LINK, "TargetDatabase": {"CatalogId": PROVIDER, "DatabaseName": DATABASE}})


def in_shell(document):
    """A document as it is typed behind an option of the AWS CLI."""
    return json.dumps(document)
