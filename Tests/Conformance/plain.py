"""DuckDB as it comes, with which governed answers are compared, and its values as Athena writes them."""

import datetime
import decimal

INTEGER_MAX = 2**63 - 1
# Athena's names of the engine's types. It has no integer wider than `bigint`.
TYPES = {
    "integer": "integer", "hugeint": "bigint", "blob": "varbinary", "list": "array", "struct": "row"}
# Digits in which a floating point number that was computed in another order still agrees.
DIGITS = {"float": 6, "double": 9}


def text(value):
    """As Athena writes it, but for the digits of floating point numbers."""
    match value:
        case bool(): return str(value).lower()
        case decimal.Decimal(): return format(value, "f")
        case bytes(): return value.hex(" ")
        case datetime.datetime(): return value.isoformat(" ", "milliseconds")
        case datetime.time(): return value.isoformat("milliseconds")
        case list() | tuple(): return "[" + ", ".join(inner(one) for one in value) + "]"
        case dict(): return "{" + ", ".join(f"{inner(key)}={inner(value[key])}" for key in value) + "}"
        case _: return str(value)


def inner(value):
    return "null" if value is None else text(value)


class Table:
    """An answer: columns with their types in Athena, and rows of text in which NULL is None."""

    def __init__(self, columns, rows):
        self.columns = columns
        self._digits = [DIGITS.get(type) for _, type, *_ in columns]
        self.rows = [tuple(map(self._cut, row, self._digits)) for row in rows]

    @staticmethod
    def _cut(value, digits):
        if value is None or digits is None:
            return value
        return f"{float(value):.{digits}g}"

    def rows_in(self, order):
        return self.rows if order else sorted(self.rows, key=str)

    def __repr__(self):
        return f"{self.columns}, {len(self.rows)} rows, sorted: {self.rows_in(None)[:12]}"


def ask(engine, sql):
    """What the statement gives. None: a value that Athena has no type for.

    Raises the engine's error.
    """
    rows = engine.execute(sql).fetchall()
    columns = [_column(name, type) for name, type, *_ in engine.description]
    if any(isinstance(value, int) and abs(value) > INTEGER_MAX for row in rows for value in row):
        return None
    return Table(
        columns, [[None if value is None else text(value) for value in row] for row in rows])


def _column(name, type):
    name = name.lower()
    if type.id == "decimal":
        (_, precision), (_, scale) = type.children
        return name, "decimal", precision, scale
    return name, TYPES.get(type.id, type.id)
