"""Tables, their files, and grants, as a seed decides them; and what the grants leave of the tables."""

import itertools
import urllib.parse

from lake import cells, columns_of, table_of

ABSENT = 0.15
EMPTY_FILE = 0.05
UNEVEN_FILE = 0.3
FILES = 4
WORDS = [
    "", "a", "A", "ab", "a_b", "50%", "it's", 'say "hi"', "ünï", "日本", " x ", "null", "7", "12",
    "2024-01-05"]
BOOKS = ["B1", "B2", "B3"]
PLACES = ["EU", "New York", "O'Neil", "Zürich", "a/b", "50%", "x=y"]
PATTERNS = ["a%", "%_", "%''%", "B_", "n/a%", "ü%"]
DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def name_in_sql(name):
    return f'"{name}"' if name == "order" else name


def listed(names):
    return ", ".join(map(name_in_sql, names))


def cast(name, type):
    return f"CAST({name_in_sql(name)} AS {type}) AS {name_in_sql(name)}"


class Kind:
    """A type: its names, which values it has, and as what else files may keep them."""

    def __init__(self, catalogued, engine, family, value, stored=()):
        self.catalogued, self.engine, self.family, self.value = catalogued, engine, family, value
        self.stored = (engine, engine, *stored)


def one_of(*values):
    return lambda draw: draw.choice(values)


def whole(first, last):
    return lambda draw: str(draw.randint(first, last))


def text(values):
    return lambda draw: quoted(draw.choice(values))


def quarters(draw):
    """Sums of them are exact, in whatever order they are made."""
    return str(draw.randint(-40, 80) / 4)


def amount(draw):
    return f"{draw.randint(-20, 99)}.{draw.choice(['0', '25', '5', '1234', '0001'])}"


def day(draw):
    known = f"2024-{draw.randint(1, 3):02}-{draw.randint(1, 28):02}"
    return quoted(draw.choice([*[known] * 9, "1969-12-31"]))


def moment(draw):
    minutes = draw.choice(["00:00", "59:59.999", "30:00.123456"])
    return quoted(f"{day(draw)[1:-1]} {draw.randint(0, 23):02}:{minutes}")


def items(draw):
    return f"[{', '.join(draw.choices(['1', '2', '5', 'NULL'], k=draw.randint(0, 3)))}]"


def record(draw):
    return f"{{'a': {draw.choice(['1', '2', 'NULL'])}, 'b': {text(WORDS)(draw)}}}"


# Columns by their names: one of them has the same type in every table.
KINDS = {
    "id": Kind("int", "INTEGER", "int", None),
    "flag": Kind("boolean", "BOOLEAN", "flag", one_of("true", "false")),
    "tiny": Kind("tinyint", "TINYINT", "int", one_of("-128", "-1", "0", "1", "2", "3", "127")),
    "small": Kind("smallint", "SMALLINT", "int", one_of("-32768", "0", "1", "2", "4", "32767")),
    "whole": Kind("int", "INTEGER", "int", whole(-3, 9), ("VARCHAR", "TINYINT")),
    "order": Kind("int", "INTEGER", "int", whole(0, 5), ("BIGINT",)),
    "big": Kind("bigint", "BIGINT", "int", one_of("-5", "0", "3", "5", "1000000", "1099511627776")),
    "single": Kind("float", "FLOAT", "float", quarters),
    "ratio": Kind("double", "DOUBLE", "float", quarters, ("FLOAT",)),
    "amount": Kind("decimal(18,4)", "DECIMAL(18,4)", "decimal", amount, ("DOUBLE",)),
    "price": Kind(
        "decimal(5,1)", "DECIMAL(5,1)", "decimal", one_of("0.0", "-1.5", "2.5", "10.0", "9999.9")),
    "word": Kind("string", "VARCHAR", "text", text(WORDS)),
    "code": Kind("varchar(10)", "VARCHAR", "text", text(WORDS[:6])),
    "book": Kind("string", "VARCHAR", "text", text(BOOKS)),
    # Casts to a number in the rows of book B1, and in no others.
    "mark": Kind("string", "VARCHAR", "text", None),
    "bytes": Kind(
        "binary", "BLOB", "bytes", one_of("''::BLOB", "'\\x00\\xFF'::BLOB", "'ab'::BLOB")),
    "day": Kind("date", "DATE", "date", day, ("VARCHAR",)),
    "moment": Kind("timestamp", "TIMESTAMP", "moment", moment),
    "items": Kind("array<int>", "INTEGER[]", "items", items),
    "pairs": Kind(
        "map<string,int>", "MAP(VARCHAR, INTEGER)", "pairs",
        one_of("MAP {'k': 1, 'l': NULL}", "MAP {'k': 2}", "MAP {}")),
    "record": Kind("struct<a:int,b:string>", "STRUCT(a INTEGER, b VARCHAR)", "record", record),
    "legs": Kind(
        "array<struct<a:int,b:string>>", "STRUCT(a INTEGER, b VARCHAR)[]", "legs",
        lambda draw: f"[{record(draw)}]"),
    "region": Kind("string", "VARCHAR", "text", text(PLACES)),
    "as_of": Kind("date", "DATE", "date", day),
    "bucket": Kind("int", "INTEGER", "int", whole(0, 3)),
}
PARTITIONS = {"region", "as_of", "bucket"}
# In each table: the row filters that are drawn most often, and the questions that fail, are of these.
ALWAYS = ["id", "book", "mark"]
FILTERED = {"int", "flag", "float", "decimal", "text", "date", "moment"}


class Table:
    """A table of the provider's: rows, in files that need not agree in how they keep them."""

    def __init__(self, draw, name, location, partitions, rows):
        self.name, self.location, self.partitions = name, location, partitions
        others = [name for name in KINDS if name not in PARTITIONS.union(ALWAYS)]
        own = ALWAYS + draw.sample(others, draw.randint(5, 9))
        self.own = draw.sample(own, len(own))
        self.columns = self.own + partitions
        self.rows_max = rows
        self.stored = {name: draw.choice(KINDS[name].stored) for name in own}
        # Key → values of the partitions, columns in the file's order, rows.
        self.files = {}
        self._fill(draw)

    def _fill(self, draw):
        folders = [[self._partition(draw, name) for name in self.partitions] for _ in range(3)]
        numbers = itertools.count(1)
        for file in range(FILES):
            values = draw.choice(folders)
            count = 0 if draw.random() < EMPTY_FILE else draw.randint(1, self.rows_max // FILES)
            rows = [self._row(draw, next(numbers)) for _ in range(count)]
            # A table that grew has columns that older files have not.
            lacking = draw.randint(1, 2) if draw.random() < UNEVEN_FILE else 0
            order = draw.sample(self.own, len(self.own) - lacking)
            self.files[f"{self._folder(values)}{file}.parquet"] = values, order, rows

    def _folder(self, values):
        return self.location + "".join(
            f"{name}={DEFAULT_PARTITION if value is None else urllib.parse.quote(value, safe='')}/"
            for name, value in zip(self.partitions, values))

    @staticmethod
    def _partition(draw, name):
        if draw.random() < ABSENT:
            return None
        return KINDS[name].value(draw).strip("'").replace("''", "'")

    def _row(self, draw, number):
        row = {
            name: "NULL" if draw.random() < ABSENT else KINDS[name].value(draw)
            for name in self.own if KINDS[name].value}
        row["id"] = str(number)
        row["mark"] = quoted(str(number % 5) if row["book"] == "'B1'" else f"n/a {number % 3}")
        return row

    @staticmethod
    def _select(names, rows):
        """The rows as SQL, in the types of the catalogue."""
        none = {name: "NULL" for name in names}
        values = [f"({', '.join(row[name] for name in names)})" for row in rows or [none]]
        casts = [cast(name, KINDS[name].engine) for name in names]
        return (
            f"SELECT {', '.join(casts)} FROM (VALUES {', '.join(values)}) AS v({listed(names)})"
            f" WHERE {'true' if rows else 'false'}")

    def write(self, lake):
        """Each file has an order of its own, and a column that the catalogue does not know."""
        for key, (_, names, rows) in self.files.items():
            stored = ", ".join(cast(name, self.stored[name]) for name in names)
            rows = self._select(names, rows)
            lake.write_parquet(key, f"SELECT {stored}, 'x' AS uncatalogued FROM ({rows})")

    def spoil(self, draw, lake):
        """What nobody sees of a table that is published already: other rows in a file, and one more."""
        first = next(iter(self.files))
        for key in first, first.replace("0.parquet", "later.parquet"):
            lake.write_parquet(key, self._select(self.own, [self._row(draw, 666)]))

    @property
    def sql(self):
        """All rows of all files, in the catalogue's columns."""
        def select(values, names, rows):
            partitions = "".join(
                f", CAST({'NULL' if value is None else quoted(value)} AS {KINDS[name].engine}) AS {name}"
                for name, value in zip(self.partitions, values))
            own = ", ".join(
                name_in_sql(name) if name in names else f"CAST(NULL AS {KINDS[name].engine})"
                for name in self.own)
            return f"SELECT {own}{partitions} FROM ({self._select(names, rows)}) AS v"

        selects = " UNION ALL ".join(select(*file) for file in self.files.values())
        return f"SELECT * FROM ({selects}) AS v({listed(self.columns)})"

    def describe(self, team):
        own, partitions = (
            {name: KINDS[name].catalogued for name in names} for names in (self.own, self.partitions))
        team.create_table(self.name, self.location, own, partitions)


class Grant:
    """SELECT on columns of a table, in all of its rows or in some."""

    def __init__(self, how, columns, rows=None):
        self.how, self.columns, self.rows = how, columns, rows

    def make(self, team, account, table, name):
        rest = [column for column in table.columns if column not in self.columns]
        match self.how:
            case "table": resource = table_of(table.name)
            case "columns": resource = columns_of(table.name, *self.columns)
            case "columns without":
                resource = columns_of(table.name)
                del resource["TableWithColumns"]["ColumnNames"]
                resource["TableWithColumns"]["ColumnWildcard"] = {"ExcludedColumnNames": rest}
            case "filter":
                team.create_filter(table.name, name, self.rows, columns=self.columns)
                resource = cells(table.name, name)
            case "filter without":
                team.create_filter(table.name, name, self.rows, without=rest)
                resource = cells(table.name, name)
        team.grant(account, "SELECT", resource)

    def __repr__(self):
        return f"{self.how} {', '.join(self.columns)}" + (f" WHERE {self.rows}" if self.rows else "")


def grants(draw, table):
    """Those of one subscriber on one table: none, the whole, columns, up to four filters, or both."""
    def some():
        return draw.sample(table.columns, draw.randint(1, len(table.columns)))

    def of_columns():
        return Grant(draw.choice(["columns", "columns without"]), some())

    def of_cells():
        columns = table.columns if draw.random() < 0.5 else some()
        rows = row_filter(draw, table.columns)
        return Grant(draw.choice(["filter", "filter without"]), columns, rows)

    match draw.choices(["none", "table", "columns", "filters", "both"], [1, 3, 3, 10, 3])[0]:
        case "none": return []
        case "table": return [Grant("table", table.columns), *[of_cells()] * draw.choice([0, 1])]
        case "columns": return [of_columns() for _ in range(draw.randint(1, 2))]
        case "filters": return [of_cells() for _ in range(draw.randint(1, 4))]
        case "both": return [of_columns(), *(of_cells() for _ in range(draw.randint(1, 3)))]


def row_filter(draw, columns, depth=2):
    """An expression of the grammar for data cells filters."""
    if depth and draw.random() < 0.5:
        left, right = (row_filter(draw, columns, depth - 1) for _ in range(2))
        return draw.choice([
            f"({left} AND {right})", f"{left} AND {right}", f"({left} OR {right})", f"{left} OR {right}",
            f"NOT ({left})"])
    if draw.random() < 0.25:
        return "book = 'B1'"
    name = draw.choice([name for name in columns if KINDS[name].family in FILTERED])
    return draw.choice(comparisons(draw, name))


def comparisons(draw, name):
    """Of a column with constants, one of each kind that the grammar has."""
    kind, column = KINDS[name], name_in_sql(name)
    if draw.random() < 0.1:
        column = column.upper()

    def constant():
        value = kind.value or {"id": whole(1, 30), "mark": one_of("'1'", "'n/a 1'")}[name]
        prefix = {"date": "DATE ", "moment": "TIMESTAMP "}.get(kind.family, "")
        return prefix * draw.choice([0, 1]) + value(draw)

    constants = ", ".join(constant() for _ in range(draw.randint(1, 4)))
    found = [
        f"{column} {draw.choice(['=', '=', '<>', '!=', '<', '<=', '>', '>='])} {constant()}",
        f"{column} {draw.choice(['IN', 'IN', 'NOT IN'])} ({constants})"]
    if kind.family != "flag":
        found.append(f"{column} {draw.choice(['BETWEEN', 'NOT BETWEEN'])} {constant()} AND {constant()}")
    if kind.family == "text":
        found.append(f"{column} {draw.choice(['LIKE', 'NOT LIKE'])} {quoted(draw.choice(PATTERNS))}")
    # Of a partition's value the grammar does not ask that.
    if name not in PARTITIONS:
        found.append(f"{column} {draw.choice(['IS NULL', 'IS NOT NULL'])}")
    return found


def shown(grants, table, source):
    """What grants leave of a table: SQL over `source`, which has all of it. None: no such table.

    A row is there if one grant shows it. A column is there if one grant names it; it has its value in
    the rows of those that do, and NULL in the others.
    """
    def any_of(grants):
        return " OR ".join(f"({grant.rows or 'true'})" for grant in grants)

    values = []
    for column in table.columns:
        if naming := [grant for grant in grants if column in grant.columns]:
            name = name_in_sql(column)
            values.append(f"CASE WHEN {any_of(naming)} THEN {name} END AS {name}")
    return f"SELECT {', '.join(values)} FROM {source} WHERE {any_of(grants)}" if values else None
