"""Sources, values and conditions for generated questions, as a seed decides them."""

import re
import typing

import phrases
from generated import BOOKS, KINDS, WORDS, name_in_sql, quoted

JOIN_ROWS_MAX, SHORT_ROWS_MAX = 4_000, 100
SCALARS = ["int", "float", "decimal", "text", "date", "moment", "flag"]
NESTED = ["bytes", "items", "pairs", "record", "legs"]
COMPARISONS = ["=", "=", "<>", "<", "<=", ">", ">="]
JOINS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS JOIN", ","]


class Shown(typing.NamedTuple):
    """A table as its reader sees it."""

    # How it can be called: the first one is the shortest.
    names: list
    # Names and families.
    columns: list
    # Columns that its reader does not see.
    hidden: list
    rows_max: int
    is_view: bool = False


class Field(typing.NamedTuple):
    sql: str
    family: str
    # What its table calls it.
    name: str

    @property
    def column(self):
        """What it is called here."""
        return self.sql.rpartition(".")[2]


class Source(typing.NamedTuple):
    """What stands behind FROM."""

    sql: str
    fields: list
    rows_max: int

    @property
    def total(self):
        """An order in which no two rows that differ are equal."""
        return ", ".join(
            field.sql if field.family in SCALARS else f"CAST({field.sql} AS VARCHAR)"
            for field in self.fields)


class Selected(typing.NamedTuple):
    sql: str
    families: list
    rows_max: int


def listed(values):
    return ", ".join(f"{value} AS c{place}" for place, value in enumerate(values))


class Phraser:
    """Words about the tables that someone sees."""

    def __init__(self, draw, tables):
        self.draw, self.tables = draw, tables
        self._aliases = 0
        # What the question's WITH has defined so far: name, columns, rows.
        self._common = []

    def _chance(self, share):
        return self.draw.random() < share

    def _plain(self, depth=2, families=None):
        source = self._source(depth)
        given = families
        # Nested values now and then.
        families = given or self.draw.choices(SCALARS * 3 + NESTED, k=self.draw.randint(1, 4))
        values = [self._value(source.fields, family, 2) for family in families]
        if not given and self._chance(0.15):
            family, template = self.draw.choice(phrases.SCALAR_SUBQUERIES)
            families = [*families, family]
            values.append(self._fill(template, source.fields, 1, inner=self._named(is_short=True)))
        return Selected(
            f"SELECT {listed(values)} FROM {source.sql}{self._where(source.fields)}", families,
            source.rows_max)

    # Sources

    def _alias(self):
        self._aliases += 1
        return f"a{self._aliases}"

    def _aliased(self, sql, columns, rows_max):
        """Under an alias, so that it can stand beside another one; sometimes its columns too."""
        alias = self._alias()
        names = [name_in_sql(name) for name, _ in columns]
        renamed = ""
        if self._chance(0.1):
            # New ones, or the first two take each other's.
            new = [[f"{alias}x", f"{alias}y"][:len(names)], names[1::-1] or names]
            names[:2] = self.draw.choice(new)
            renamed = f"({', '.join(names[:2])})"
        fields = [
            Field(f"{alias}.{name}", family, given) for name, (given, family) in zip(names, columns)]
        return Source(f"{sql}{self.draw.choice([' AS ', ' '])}{alias}{renamed}", fields, rows_max)

    def _named(self, is_short=False):
        """A table, or what WITH defines."""
        if self._common and self._chance(0.6):
            return self._aliased(*self.draw.choice(self._common))
        tables = [table for table in self.tables if table.rows_max < SHORT_ROWS_MAX or not is_short]
        if not tables:
            return self._aliased("(VALUES (1, 'a'), (2, NULL))", [("col0", "int"), ("col1", "text")], 2)
        table = self.draw.choice(tables)
        return self._aliased(self.draw.choice(self._free(table)), table.columns, table.rows_max)

    def _free(self, table):
        """Its names that WITH has not given to something else."""
        taken = [name.lower() for name, *_ in self._common]
        return [name for name in table.names if name.lower() not in taken]

    def _bare(self):
        """A table without an alias, and its columns by bare names or by the table's."""
        table = self.draw.choice(self.tables)
        name = self.draw.choice(self._free(table))
        prefix = self.draw.choice(["", f"{name}."])
        fields = [Field(prefix + name_in_sql(one), family, one) for one, family in table.columns]
        return Source(name, fields, table.rows_max)

    def _source(self, depth):
        form = self.draw.random()
        if depth and form < 0.2:
            return self._derived(self._plain(depth - 1))
        if depth and form < 0.45:
            return self._joined(depth)
        return self._bare() if self.tables and form > 0.7 else self._named()

    def _derived(self, selected):
        columns = [(f"c{place}", family) for place, family in enumerate(selected.families)]
        return self._aliased(f"({selected.sql})", columns, selected.rows_max)

    def _joined(self, depth):
        left = self._named(is_short=True)
        right = self._named(is_short=True)
        if self._chance(0.25):
            right = self._derived(self._plain(depth - 1))
        if left.rows_max * right.rows_max > JOIN_ROWS_MAX:
            return left
        fields = left.fields + right.fields
        rows_max = left.rows_max * right.rows_max + left.rows_max + right.rows_max
        kind = self.draw.choice(JOINS)
        if kind in ("CROSS JOIN", ","):
            return Source(f"{left.sql} {kind} {right.sql}", fields, rows_max)
        own, theirs = ({field.column: field.family for field in one.fields} for one in (left, right))
        shared = sorted(own.keys() & theirs.keys())
        if shared and self._chance(0.3) and all(own[one] == theirs[one] for one in shared):
            join = self.draw.choice([
                f"NATURAL JOIN {right.sql}", f"{kind} {right.sql} USING ({self.draw.choice(shared)})"])
            if kind in ("SEMI JOIN", "ANTI JOIN") and "USING" in join:
                fields = left.fields
            return Source(f"{left.sql} {join}", fields, rows_max)
        family = self.draw.choice(["int", "text", "text", "date"])
        condition = f"{self._column(left.fields, family)} = {self._column(right.fields, family)}"
        if self._chance(0.3):
            condition += f" AND {self._condition(fields, 1)}"
        elif self._chance(0.2):
            condition = f"{self._column(left.fields, 'int')} < {self._column(right.fields, 'int')}"
        if kind in ("SEMI JOIN", "ANTI JOIN"):
            fields = left.fields
        return Source(f"{left.sql} {kind} {right.sql} ON {condition}", fields, rows_max)

    # Values and conditions

    def _literal(self, family):
        draw = self.draw
        match family:
            case "int": return str(draw.choice([-1, 0, 1, 2, 3, 5, 7, 127, 1000000]))
            case "float": return f"{draw.randint(-20, 40) / 4}::DOUBLE"
            case "decimal": return draw.choice(["0.5", "2.5", "-1.5", "10.25", "0.0001"])
            case "text": return quoted(draw.choice(WORDS + BOOKS))
            case "date": return f"DATE '2024-{draw.randint(1, 3):02}-{draw.randint(1, 28):02}'"
            case "moment":
                return f"TIMESTAMP '2024-{draw.randint(1, 3):02}-15 {draw.randint(0, 23):02}:00:00'"
            case "flag": return draw.choice(["true", "false"])
        return draw.choice(phrases.LITERALS[family])

    def _column(self, fields, family):
        """A column if there is one of the family."""
        own = [field.sql for field in fields if field.family == family]
        if place := {"int": ".a", "text": ".b"}.get(family):
            own += [field.sql + place for field in fields if field.family == "record"]
        return self.draw.choice(own) if own else self._literal(family)

    def _value(self, fields, family, depth):
        if depth and self._chance(0.5):
            return self._fill(self.draw.choice(phrases.VALUES[family]), fields, depth - 1)
        return self._literal(family) if self._chance(0.1) else self._column(fields, family)

    def _fill(self, template, fields, depth, inner=None, total=""):
        """The template with values of `fields` in it, and of a sub-query's source `inner`."""
        same = self._column(fields, self.draw.choice(["int", "text"]))

        def value(match):
            name, own = match[1], inner.fields if match[2] else fields
            match name:
                case "condition": return self._condition(own, max(depth - 1, 0))
                case "plain": return self._plain_condition(own)
                case "op": return self.draw.choice(COMPARISONS)
                case "pattern": return self.draw.choice(phrases.PATTERNS)
                case "any": return self.draw.choice([field.sql for field in own])
                case "scalar": return self._value(own, self.draw.choice(SCALARS), min(depth, 1))
                case "source": return inner.sql
                case "total": return total
                case "same": return same
                case _: return self._value(own, name, depth)

        return re.sub(r"\$(\w+)('?)", value, template)

    def _condition(self, fields, depth):
        if self._chance(0.3):
            return self._plain_condition(fields)
        fitting = [one for one in phrases.CONDITIONS if depth or "$condition" not in one]
        return self._fill(self.draw.choice(fitting), fields, depth)

    def _plain_condition(self, fields):
        """Columns compared with constants, of their own types and of others, joined by AND."""
        own = [field for field in fields if field.family in SCALARS]
        if not own:
            return "true"
        return " AND ".join(
            self._comparison(self.draw.choice(own)) for _ in range(self.draw.choice([1, 1, 1, 2])))

    def _comparison(self, field):
        def constant():
            return self.draw.choice(self._constants(field))

        op = self.draw.choice(COMPARISONS)
        return self.draw.choice([
            f"{field.sql} {op} {constant()}", f"{field.sql} {op} {self._odd_constant(field)}",
            f"{constant()} {op} {field.sql}",
            f"{field.sql} IN ({constant()}, {constant()}, {constant()})",
            f"{field.sql} NOT IN ({constant()}, {constant()})",
            f"{field.sql} BETWEEN {constant()} AND {constant()}", f"{field.sql} IS NULL",
            f"{field.sql} IS NOT NULL"])

    def _constants(self, field):
        """Constants that it can be compared with, also all at once, whatever it holds."""
        literal = self._literal(field.family)
        kind = KINDS.get(field.name)
        own = kind.value(self.draw) if kind and kind.value else literal
        match field.family:
            case "date": return [literal, own, own, self._literal("moment")]
            case "moment": return [literal, own, own, self._literal("date")]
            case "int": return [literal, own, own, f"{literal}.5", "99999999999", "1e2"]
        return [literal, own, own]

    def _odd_constant(self, field):
        """One of another type, which becomes a value of any of the column's types."""
        odd = {"int": "'5'", "flag": "'true'", "decimal": "'2.5'"}
        return odd.get(field.family) or self._literal(field.family)

    def _where(self, fields, can_ask=True):
        form = self.draw.random()
        if form < 0.35:
            return ""
        if form < 0.6:
            return f" WHERE {self._plain_condition(fields)}"
        if form < 0.8 and can_ask:
            asked = self._fill(
                self.draw.choice(phrases.SUBQUERIES), fields, 1, inner=self._named(is_short=True))
            more = f" AND {self._plain_condition(fields)}" if self._chance(0.3) else ""
            return f" WHERE {asked}{more}"
        return f" WHERE {self._condition(fields, 2)}"
