"""Questions in SQL about some tables, as a seed decides them.

Each has one right answer. Where the language leaves one open it is not asked: no LIMIT without a total
order, no sum of numbers that are rounded on the way.
"""

import re
import typing

import phrases
from generated import name_in_sql
from phrasing import SCALARS, Field, Phraser, Selected, listed

ANSWER_ROWS_MAX = 200
# The kinds of questions, by how often they are asked.
WEIGHTS = {
    "plain": 6, "star": 3, "distinct": 2, "limited": 1, "group": 5, "rollup": 1, "window": 3,
    "set": 3, "with": 3, "unnest": 1, "lateral": 1, "recursive": 1, "fragile": 3}


class Question(typing.NamedTuple):
    kind: str
    sql: str
    # Whether its rows come in a total order.
    is_ordered: bool = False


class Questioner(Phraser):
    """Someone who asks about the tables that it sees, and now and then about others."""

    def __init__(self, draw, tables, unseen):
        super().__init__(draw, tables)
        self.unseen = unseen

    def question(self):
        self._aliases, self._common = 0, []
        kind, = self.draw.choices(list(WEIGHTS), list(WEIGHTS.values()))
        asked = getattr(self, f"_{kind}")()
        return Question(kind, asked) if kind == "fragile" else Question(kind, *self._ordered(asked))

    def view(self):
        """A SELECT that can have a name of its own, its columns, and how many rows it may have."""
        selected = self._plain(1)
        columns = [(f"c{place}", family) for place, family in enumerate(selected.families)]
        return selected.sql, columns, selected.rows_max

    def _ordered(self, selected):
        """In a total order, or in none. Of many rows the first ones."""
        is_long = selected.rows_max > ANSWER_ROWS_MAX
        if not set(selected.families) <= set(SCALARS):
            counted = f"SELECT count(*) AS c0 FROM ({selected.sql}) AS t"
            return (counted if is_long else selected.sql), False
        if not is_long and self._chance(0.5):
            return selected.sql, False
        order = ", ".join(
            str(place) + self.draw.choice(["", " DESC", " DESC NULLS LAST", " NULLS FIRST"])
            for place in range(1, len(selected.families) + 1))
        limit = f" LIMIT {self.draw.randint(1, 30)}" if is_long or self._chance(0.6) else ""
        offset = f" OFFSET {self.draw.randint(0, 3)}" if limit and self._chance(0.3) else ""
        return f"{selected.sql} ORDER BY {order}{limit}{offset}", True

    # Kinds of questions

    def _star(self):
        """All columns, or all but one, or with another value for one."""
        source = self._named()
        fields = source.fields
        alias, name = fields[0].sql.split(".")[0], fields[0].column
        stars = ["*", f"{alias}.*", f"* REPLACE (coalesce({name}, {name}) AS {name})", "COLUMNS('.*')"]
        star = self.draw.choice(stars)
        if len(fields) > 1 and self._chance(0.2):
            star, fields = f"* EXCLUDE ({name})", fields[1:]
        return Selected(
            f"SELECT {star} FROM {source.sql}{self._where(source.fields)}",
            [field.family for field in fields], source.rows_max)

    def _distinct(self):
        selected = self._plain(1)
        return selected._replace(sql=selected.sql.replace("SELECT", "SELECT DISTINCT", 1))

    def _aggregates(self, source, count):
        chosen = self.draw.choices(phrases.AGGREGATES, k=count)
        return (
            [family for family, _ in chosen],
            [self._fill(template, source.fields, 1) for _, template in chosen])

    def _group(self, depth=2):
        source = self._source(depth)
        keys = self.draw.choices(SCALARS, k=self.draw.randint(0, 2))
        values = [self._value(source.fields, family, 1) for family in keys]
        families, aggregates = self._aggregates(source, self.draw.randint(1, 3))
        sql = f"SELECT {listed(values + aggregates)} FROM {source.sql}{self._where(source.fields)}"
        if keys:
            sql += " GROUP BY " + self.draw.choice(["ALL", "1, 2" if len(keys) == 2 else "1"])
            if self._chance(0.4):
                sql += " HAVING " + self._fill(self.draw.choice(phrases.HAVING), source.fields, 0)
        return Selected(sql, keys + families, source.rows_max if keys else 1)

    def _limited(self):
        """How many rows are left of those that any LIMIT picks."""
        selected = self._plain(1)
        limit = f"LIMIT {self.draw.randint(0, 40)} OFFSET {self.draw.choice([0, 0, 1, 9])}"
        return Selected(f"SELECT count(*) AS c0 FROM ({selected.sql} {limit}) AS t", ["int"], 1)

    def _rollup(self):
        source = self._source(1)
        fields = [field for field in source.fields if field.family in SCALARS] or source.fields
        fields = self.draw.choices(fields, k=2)
        a, b = (field.sql for field in fields)
        families, aggregates = self._aggregates(source, 1)
        sets = self.draw.choice(
            [f"ROLLUP ({a}, {b})", f"CUBE ({a}, {b})", f"GROUPING SETS (({a}), ({b}), ())"])
        return Selected(
            f"SELECT {listed([a, b, *aggregates])} FROM {source.sql}{self._where(source.fields)} "
            f"GROUP BY {sets}", [field.family for field in fields] + families, 2 * source.rows_max)

    def _window(self):
        source = self._source(1)
        family, template = self.draw.choice(phrases.WINDOWS)
        window = self._fill(template, source.fields, 1, total=source.total)
        families = self.draw.choices(SCALARS, k=2)
        values = [self._value(source.fields, one, 1) for one in families]
        where = self._where(source.fields, can_ask=False)
        sql = f"SELECT {listed([*values, window])} FROM {source.sql}{where}"
        if self._chance(0.2):
            sql += f" QUALIFY row_number() OVER (ORDER BY {source.total}) <= {self.draw.randint(1, 9)}"
        return Selected(sql, [*families, family], source.rows_max)

    def _set(self):
        families = self.draw.choices(SCALARS, k=self.draw.randint(1, 3))
        left, right = self._plain(1, families), self._plain(1, families)
        kind = self.draw.choice(["UNION", "INTERSECT", "EXCEPT"]) + self.draw.choice(["", " ALL"])
        return Selected(f"{left.sql} {kind} {right.sql}", families, left.rows_max + right.rows_max)

    def _with(self):
        parts = []
        # One may be called as a table is, which it then hides.
        hiding = [self.draw.choice(table.names[:-1]) for table in self.tables if len(table.names) > 1]
        names = self.draw.sample(["w1", "w2", *hiding], self.draw.randint(1, 2))
        for name in names:
            selected = self._plain(1) if self._chance(0.6) else self._group(1)
            form = self.draw.choice(["", "", "MATERIALIZED ", "NOT MATERIALIZED "])
            parts.append(f"{name} AS {form}({selected.sql})")
            columns = [(f"c{place}", family) for place, family in enumerate(selected.families)]
            self._common = [*self._common, (name, columns, selected.rows_max)]
        body = self._plain(1) if self._chance(0.5) else self._group(1)
        return body._replace(sql=f"WITH {', '.join(parts)} {body.sql}")

    def _unnest(self):
        source = self._named()
        fields = [*source.fields, Field("u.x", "int", "x")]
        family = self.draw.choice(SCALARS)
        values = ["u.x", self._value(fields, family, 1)]
        items = self._column(source.fields, "items")
        return Selected(
            f"SELECT {listed(values)} FROM {source.sql}, UNNEST({items}) AS u(x)"
            f"{self._where(fields, can_ask=False)}", ["int", family], 3 * source.rows_max)

    def _lateral(self):
        source, inner = self._named(is_short=True), self._named(is_short=True)
        asked = self._fill(
            "SELECT max($int') AS m FROM $source WHERE $text' = $text", source.fields, 1, inner=inner)
        fields = [*source.fields, Field("l.m", "int", "m")]
        family = self.draw.choice(SCALARS)
        values = ["l.m", self._value(fields, family, 1)]
        return Selected(
            f"SELECT {listed(values)} FROM {source.sql}, LATERAL ({asked}) AS l"
            f"{self._where(fields, can_ask=False)}", ["int", family], source.rows_max)

    def _recursive(self):
        source = self._named(is_short=True)
        value = self._column(source.fields, "int")
        return Selected(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < "
            f"{self.draw.randint(2, 6)}) SELECT n.i AS c0, count(*) AS c1, count({value}) AS c2 "
            f"FROM n LEFT JOIN {source.sql} ON n.i = {value} GROUP BY 1", ["int", "int", "int"], 10)

    def _fragile(self):
        """A whole question, of one table without a condition: what fails does not hang on any order."""
        tables = [table for table in self.tables if not table.is_view]
        if not tables:
            return f"SELECT count(*) AS c0 FROM {self.draw.choice(self.unseen)}"
        table = self.draw.choice(tables)
        names = {
            "source": [table.names[0]], "unseen": [*self.unseen, table.names[0]],
            "any": [name_in_sql(name) for name, _ in table.columns],
            "hidden": [name_in_sql(name) for name in table.hidden]}
        for name, family in table.columns:
            for key in name, family:
                names.setdefault(key, []).append(name_in_sql(name))

        # A constant in a column's place would fail, or not, wherever the engine looks at it.
        asked = self.draw.choice([
            one for one in phrases.FRAGILE if all(map(names.get, re.findall(r"\$(\w+)", one)))])
        return re.sub(r"\$(\w+)", lambda match: self.draw.choice(names[match[1]]), asked)
