"""pyiceberg's Glue catalogue, as it comes: what is read, and tables of a subscriber's own."""

import sys

import pyarrow as pa
import pyiceberg.exceptions
import pyiceberg.types
import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.expressions import EqualTo

from exchange import run
from lake import LINK
from s3 import Options, keys_in, make_bucket
from world import World

OWN = "own"
ROWS = pa.table({"fund_id": ["F001", "F002", "F003"], "nav": [1.5, 2.5, 3.5]})


@pytest.fixture(scope="module")
def world(exchange, tmp_path_factory):
    return World(exchange, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def client(world):
    return world.subscriber


@pytest.fixture(scope="module")
def own(client):
    """The name of a bucket of the subscriber's, beside a database of its own."""
    name = f"{OWN}-{client.account}"
    make_bucket(client.client("s3"), name)
    client.client("glue").create_database(
        DatabaseInput={"Name": OWN, "LocationUri": f"s3://{name}"})
    return name


def catalog_of(machine):
    """Told by its options, since its reader of buckets is Arrow's, which knows no profile."""
    options = Options(machine)
    return GlueCatalog("bourse", client=machine.client("glue"), **{
        "s3.endpoint": options.endpoint, "s3.access-key-id": options.key,
        "s3.secret-access-key": options.secret, "s3.session-token": options.token,
        "s3.region": options.region})


@pytest.fixture(scope="module")
def catalog(client, own):
    return catalog_of(client)


@pytest.fixture
def table(catalog):
    table = catalog.create_table((OWN, "navs"), schema=ROWS.schema)
    yield table
    catalog.drop_table((OWN, "navs"))


def rows(table, **options):
    return sorted(table.scan(**options).to_arrow().to_pylist(), key=lambda row: row["fund_id"])


# Reading


def test_a_program_that_knows_only_its_profile(client, own):
    program = (
        "from pyiceberg.catalog.glue import GlueCatalog\n"
        "print(sorted(GlueCatalog('bourse').list_namespaces()))\n")
    done = run([sys.executable, "-c", program], client.environment | {"AWS_PROFILE": client.profile})
    assert (done.status, done.out) == (0, f"{[(LINK,), (OWN,)]}\n"), done


def test_namespaces(catalog):
    assert sorted(catalog.list_namespaces()) == [(LINK,), (OWN,)]
    assert catalog.namespace_exists(OWN) and not catalog.namespace_exists("no_such")
    assert catalog.load_namespace_properties(OWN)["location"].startswith("s3://")
    with pytest.raises(pyiceberg.exceptions.NoSuchNamespaceError):
        catalog.list_tables("no_such")


def test_tables_that_are_no_iceberg_are_not_listed(catalog):
    assert catalog.list_tables(LINK) == []
    with pytest.raises(pyiceberg.exceptions.NoSuchPropertyException):
        catalog.load_table((LINK, "nav_history"))
    with pytest.raises(pyiceberg.exceptions.NoSuchTableError):
        catalog.load_table((LINK, "no_such"))
    assert not catalog.table_exists((LINK, "no_such"))


# Tables of one's own


def test_a_table_is_made_filled_and_read(catalog, table, own, client):
    assert catalog.list_tables(OWN) == [(OWN, "navs")]
    table.append(ROWS)
    table.append(ROWS.slice(0, 1))
    loaded = catalog.load_table((OWN, "navs"))
    assert rows(loaded) == sorted(
        ROWS.to_pylist() + ROWS.slice(0, 1).to_pylist(), key=lambda row: row["fund_id"])
    assert rows(loaded, row_filter=EqualTo("fund_id", "F002"), selected_fields=("nav", "fund_id")) == [
        {"fund_id": "F002", "nav": 2.5}]
    assert len(loaded.history()) == 2
    assert keys_in(client.client("s3"), own, "navs/metadata/")
    shown = client.client("glue").get_table(DatabaseName=OWN, Name="navs")["Table"]
    assert shown["Parameters"]["table_type"] == "ICEBERG" and shown["VersionId"] == "2"
    assert shown["Parameters"]["metadata_location"] == loaded.metadata_location
    assert shown["Parameters"]["previous_metadata_location"] != loaded.metadata_location


def test_rows_are_taken_out_and_a_column_is_put_in(catalog, table):
    table.append(ROWS)
    table.delete(EqualTo("fund_id", "F001"))
    with table.update_schema() as update:
        update.add_column("note", pyiceberg.types.StringType())
    assert [row["fund_id"] for row in rows(catalog.load_table((OWN, "navs")))] == ["F002", "F003"]
    assert catalog.load_table((OWN, "navs")).schema().column_names == ["fund_id", "nav", "note"]


def test_one_of_two_writers_is_told(catalog, table):
    table.append(ROWS)
    # Both begin with what is there; the second finds another version when it is done.
    glue, real = catalog.glue, catalog.glue.update_table

    def meanwhile(**parameters):
        catalog.glue.update_table = real
        other = GlueCatalog("bourse", client=glue, **catalog.properties)
        other.load_table((OWN, "navs")).append(ROWS)
        return real(**parameters)

    catalog.glue.update_table = meanwhile
    try:
        table.append(ROWS.slice(0, 1))
    except pyiceberg.exceptions.CommitFailedException:
        pass
    finally:
        del catalog.glue.update_table
    # Nothing is lost: whoever was told has not written, or has done it again.
    assert len(rows(catalog.load_table((OWN, "navs")))) in (2 * ROWS.num_rows, 2 * ROWS.num_rows + 1)


def test_a_stale_version_is_refused(catalog, table, client):
    glue = client.client("glue")
    shown = glue.get_table(DatabaseName=OWN, Name="navs")["Table"]
    table.append(ROWS)
    given = {name: shown[name] for name in ("Name", "TableType", "Parameters", "StorageDescriptor")}
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(
            DatabaseName=OWN, TableInput=given, VersionId=shown["VersionId"], SkipArchive=True)
    assert len(rows(catalog.load_table((OWN, "navs")))) == ROWS.num_rows


def test_a_table_gets_another_name(catalog, table):
    table.append(ROWS)
    renamed = catalog.rename_table((OWN, "navs"), (OWN, "renamed"))
    assert rows(renamed) == ROWS.to_pylist()
    assert catalog.list_tables(OWN) == [(OWN, "renamed")]
    catalog.rename_table((OWN, "renamed"), (OWN, "navs"))


def test_a_name_is_taken_once(catalog, table):
    with pytest.raises(pyiceberg.exceptions.TableAlreadyExistsError):
        catalog.create_table((OWN, "navs"), schema=ROWS.schema)
    with pytest.raises(pyiceberg.exceptions.NamespaceAlreadyExistsError):
        catalog.create_namespace(OWN)
    with pytest.raises(pyiceberg.exceptions.NamespaceNotEmptyError):
        catalog.drop_namespace(OWN)


def test_a_namespace(catalog):
    catalog.create_namespace("mine", {"owner": "me", "Description": "a"})
    assert catalog.load_namespace_properties("mine") == {"owner": "me", "Description": "a"}
    catalog.update_namespace_properties("mine", removals={"owner"}, updates={"team": "b"})
    assert catalog.load_namespace_properties("mine")["team"] == "b"
    assert "owner" not in catalog.load_namespace_properties("mine")
    catalog.drop_namespace("mine")
    assert not catalog.namespace_exists("mine")


def test_nothing_is_made_where_others_own(catalog, own):
    with pytest.raises(Exception):
        catalog.create_table((LINK, "mine"), schema=ROWS.schema, location=f"s3://{own}/mine")
    assert catalog.list_tables(LINK) == []
