"""Statements that try to see what a grant hides.

Ten rows of a hundred thousand are the subscriber's. The others are made so that an expression which
runs on one of them fails, takes too long, or is seen in the result. Every statement has to end as it
does in plain DuckDB over a database that has only the rows and columns that were granted.
"""

import itertools
import re

import duckdb
import pytest

from athena import Athena
from lake import LINK, Lake, Provider, link_database
from plain import text

SUBSCRIBER = "222222222222"
STATEMENTS_MIN = 300
# None of it is in a row or a column that the subscriber may see. The last ones: where the files are, and
# what is run in a table's place.
SECRETS = ("SECRET", "F999", "77777", "1666-", "58815", "294246", "trader", "gold/", "read_parquet")


# The lake: each column with its type in the catalogue, the value in a row that is shown (`n` is 0 to
# 9), and the one in a row that is hidden.

POSITIONS = [
    ("fund_id", "string", "'F001'", "'F999'"),
    ("name", "string", "n::VARCHAR", "'SECRET-' || i"),
    ("ds", "string", "'2024-01-' || lpad((n + 1)::VARCHAR, 2, '0')", "'SECRET-' || i"),
    ("clock", "string", "'10:00:0' || n", "'SECRET-' || i"),
    ("code", "string", "'00000000-0000-4000-8000-00000000000' || n", "'SECRET-' || i"),
    ("words", "string", "'alpha beta ' || n", "'SECRET-' || (i % 50) || repeat('a', 2000)"),
    ("note", "string", "'{\"a\": ' || n || ', \"b\": [' || n || ']}'", "'{\"SECRET\": ' || i"),
    ("pattern", "string", "'[0-9]+'", "'(SECRET'"),
    ("path", "string", "'$.a'", "'$[SECRET'"),
    ("unit", "string", "'day'", "'SECRET'"),
    ("zone", "string", "'UTC'", "'SECRET/Zone'"),
    ("template", "string", "'{}'", "'{SECRET'"),
    ("picture", "string", "'%d'", "'%SECRET'"),
    ("letter", "string", "'!'", "'SECRET'"),
    ("bytes", "binary", "n::VARCHAR::BLOB", "'\\xFF\\xFE'::BLOB"),
    ("amount", "bigint", "n + 1", "0"),
    ("big", "bigint", "n", "7777700000000000000 + i"),
    ("debt", "bigint", "n + 1", "-7777700 - i"),
    ("gap", "bigint", "n", "NULL"),
    ("ratio", "double", "n / 2",
     "CASE i % 3 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN 'Infinity'::DOUBLE ELSE -77777.7 END"),
    ("price", "decimal(18,4)", "(n + 0.25)::DECIMAL(18,4)", "77777777777777.7777"),
    ("flag", "boolean", "true", "false"),
    ("day", "date", "DATE '2024-01-01' + n::INTEGER",
     "CASE WHEN i % 2 = 0 THEN DATE '5881577-07-07' ELSE DATE '1666-06-06' END"),
    ("moment", "timestamp", "TIMESTAMP '2024-01-01 10:00:00' + to_days(n::INTEGER)",
     "TIMESTAMP '294246-07-07 07:07:07'"),
    ("tags", "array<string>", "[n::VARCHAR, '7']", "['SECRET-' || i]"),
    ("pairs", "map<string,string>", "MAP {'k': n::VARCHAR}", "MAP {'SECRET': 'SECRET-' || i}"),
    ("record", "struct<a:bigint,b:string>", "{'a': n + 1, 'b': n::VARCHAR}",
     "{'a': 0, 'b': 'SECRET-' || i}"),
    ("legs", "array<struct<a:bigint,b:string>>", "[{'a': n + 1, 'b': n::VARCHAR}]",
     "[{'a': 0, 'b': 'SECRET-' || i}, NULL]"),
    # What is text in the file is declared to be a number, or a date: the cast is the exchange's.
    ("declared", "int", "n::VARCHAR", "'SECRET-' || i"),
    ("declared_day", "date",
     "'2024-01-' || lpad((n + 1)::VARCHAR, 2, '0')", "'SECRET-' || i"),
]
# Not granted.
TRADER = "'SECRET-trader-' || i"

# Two data cells filters: all columns of F001, and of F002 the identifiers alone.
PRICES = [
    ("fund_id", "string", "'F001'", "'F002'", "'F999'"),
    ("name", "string", "n::VARCHAR", "n::VARCHAR", "'SECRET-' || i"),
    ("quote", "string", "n::VARCHAR", "'SECRET-' || i", "'SECRET-' || i"),
    ("divisor", "bigint", "n + 1", "0", "0"),
    ("seen", "string", "'2024-01-01'", "'SECRET-' || i", "'SECRET-' || i"),
    ("detail", "struct<a:bigint,b:string>", "{'a': n + 1, 'b': n::VARCHAR}",
     "{'a': 0, 'b': 'SECRET-' || i}", "{'a': 0, 'b': 'SECRET-' || i}"),
    ("marks", "array<string>", "[n::VARCHAR]", "['SECRET-' || i]", "['SECRET-' || i]"),
]
MASKED = {"quote", "divisor", "seen", "detail", "marks"}

# By partitions of fund and day, of which some are hidden.
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]


def positions():
    """As they lie in the file."""
    columns = ", ".join(
        f"CASE WHEN i % 10000 = 0 THEN {shown} ELSE {hidden} END AS {name}"
        for name, _, shown, hidden in POSITIONS)
    return (
        f"SELECT {columns}, {TRADER} AS trader "
        "FROM (SELECT i, i // 10000 AS n FROM range(100000) AS numbers(i))")


def shown_positions():
    """As the subscriber may see them."""
    columns = ", ".join(
        f"CAST({shown} AS {type})" if name.startswith("declared") else shown
        for name, type, shown, _ in POSITIONS)
    names = ", ".join(name for name, *_ in POSITIONS)
    return f"SELECT * FROM (SELECT {columns} FROM range(10) AS numbers(n)) AS positions({names})"


def prices():
    columns = ", ".join(
        f"CASE i % 100 WHEN 0 THEN {own} WHEN 1 THEN {masked} ELSE {hidden} END AS {name}"
        for name, _, own, masked, hidden in PRICES)
    return (
        f"SELECT {columns} FROM (SELECT i, i // 100 AS n FROM range(1000) AS numbers(i))")


def shown_prices():
    own = ", ".join(f"{own} AS {name}" for name, _, own, *_ in PRICES)
    masked = ", ".join(
        f"{'NULL' if name in MASKED else masked} AS {name}" for name, _, _, masked, _ in PRICES)
    numbers = "FROM range(10) AS numbers(n)"
    return f"SELECT {own} {numbers} UNION ALL SELECT {masked} {numbers}"


MANY = "SELECT i, i::VARCHAR AS t FROM range(2500) AS numbers(i)"


def navs(nav):
    return f"SELECT (n + {nav})::DECIMAL(18,4) AS nav, n::VARCHAR AS name FROM range(3) AS numbers(n)"


def shown_navs():
    return " UNION ALL ".join(
        f"SELECT *, 'F001' AS fund_id, DATE '{day}' AS as_of FROM ({navs(nav)})"
        for nav, day in enumerate(DAYS))


SHOWN = {"positions": shown_positions, "prices": shown_prices, "navs": shown_navs, "many": lambda: MANY}


@pytest.fixture(scope="module")
def plain():
    """DuckDB as it comes, over what was granted and nothing else."""
    plain = duckdb.connect()
    plain.execute(f"SET TimeZone = 'UTC'; CREATE SCHEMA {LINK}; USE {LINK}")
    for table, shown in SHOWN.items():
        plain.execute(f"CREATE TABLE {table} AS {shown()}")
    return plain


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for table, rows in ("positions", positions()), ("prices", prices()), ("many", MANY):
        lake.write_parquet(f"gold/{table}/{table}.parquet", rows)
        lake.write_parquet(f"gold/ungranted/{table}.parquet", rows)
    for nav, day in enumerate(DAYS):
        lake.write_parquet(f"gold/navs/fund_id=F001/as_of={day}/navs.parquet", navs(nav))
    lake.write_parquet("gold/navs/fund_id=F999/as_of=1666-06-06/navs.parquet", navs(77777))
    # A day that is none, and a file that is not Parquet.
    lake.put("gold/navs/fund_id=F999/as_of=SECRET/navs.parquet", b"SECRET")
    return lake


@pytest.fixture(scope="module")
def athena(provider, subscriber, lake):
    team = Provider(provider)
    team.link(lake)
    team.govern()
    columns = {
        "positions": {name: type for name, type, *_ in POSITIONS} | {"trader": "string"},
        "prices": {name: type for name, type, *_ in PRICES},
        "many": {"i": "bigint", "t": "string"}, "ungranted": {"i": "bigint", "t": "string"}}
    for table in columns:
        team.create_table(table, f"gold/{table}/", columns[table])
    team.create_table(
        "navs", "gold/navs/", {"nav": "decimal(18,4)", "name": "string"},
        {"fund_id": "string", "as_of": "date"})
    # What a filter says is a secret as well: here more than what the rows need.
    team.grant_rows(
        SUBSCRIBER, "positions", "fund_id = 'F001' AND trader <> 'SECRET'", without=["trader"])
    team.grant_rows(SUBSCRIBER, "prices", "fund_id = 'F001' AND quote <> 'SECRET'", name="own")
    team.grant_rows(
        SUBSCRIBER, "prices", "fund_id = 'F002'", name="names", columns=["fund_id", "name"])
    team.grant_rows(SUBSCRIBER, "navs", "fund_id = 'F001'")
    team.grant_table(SUBSCRIBER, "many")
    link_database(subscriber)
    return Athena(subscriber)


@pytest.fixture(scope="module")
def cost(athena):
    """Bytes that a scan of each table costs."""
    return {table: scanned(athena.ask(f"SELECT * FROM {table}")) for table in SHOWN}


# Reading answers


def scanned(answer):
    return answer.execution["Statistics"].get("DataScannedInBytes", 0)


def comparable(rows):
    """In an order of its own, with floating point numbers cut to the digits in which both agree."""
    def cut(value):
        if value is None or re.fullmatch(r"-?\d+", value := text(value)):
            return value
        try:
            return f"{float(value):.9g}"
        except ValueError:
            return value

    return sorted(([cut(value) for value in row] for row in rows), key=str)


def statements(listed):
    """One on a line; a line that is indented goes on with the one before."""
    return [re.sub(r"\n +", " ", one) for one in re.split(r"\n(?! )", listed.strip())]


# Statements that end as in plain DuckDB


# Each succeeds on the rows that are shown, and fails on those that are hidden.
CASTS = [
    "CAST(name AS tinyint)", "CAST(name AS integer)", "name::hugeint", "CAST(name AS double)",
    "CAST(name AS decimal(9,2))", "CAST(ds AS date)", "CAST(ds AS timestamp)", "CAST(clock AS time)",
    "CAST(code AS uuid)", "CAST(note AS json)", "CAST(big AS tinyint)", "CAST(debt AS utinyint)",
    "CAST(price AS decimal(5,2))", "CAST(ratio AS integer)", "CAST(day AS timestamp)",
    "CAST(moment AS timestamp_ns)", "CAST(tags AS integer[])", "CAST(tags AS varchar[2])",
    "CAST(record AS struct(a utinyint, b integer))", "CAST(pairs AS map(varchar, integer))",
    "CAST(legs AS struct(a bigint, b integer)[])", "CAST(note AS struct(a integer, b integer[]))",
    "CAST(name || ' days' AS interval)", "CAST(name AS enum('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'))",
]
PLACES = [
    "SELECT {}::varchar FROM positions",
    "SELECT count(*) FROM positions WHERE {} IS NOT NULL",
    "SELECT count(*) FROM positions JOIN many ON {}::varchar = t",
    "SELECT {}::varchar, count(*) FROM positions GROUP BY 1",
    "SELECT count(*) FROM positions GROUP BY flag HAVING count(DISTINCT {}) > 9",
    "SELECT name FROM positions ORDER BY {} DESC LIMIT 3",
    "SELECT name FROM positions QUALIFY row_number() OVER (ORDER BY {}) = 1",
    "SELECT name, lag({}::varchar) OVER (ORDER BY amount) FROM positions",
    "SELECT count(*) FILTER (WHERE {} IS NOT NULL) FROM positions",
    "SELECT CASE WHEN amount > 5 THEN {}::varchar ELSE 'less' END FROM positions",
    "SELECT coalesce(NULL, {}::varchar) FROM positions",
    "SELECT count(*) FROM positions WHERE {0} IN ({0}, NULL)",
    "SELECT count(*) FROM positions WHERE {0} BETWEEN {0} AND {0}",
    "SELECT count(*) FROM positions WHERE {0} = (SELECT max({0}) FROM positions)",
    "SELECT count(*) FROM positions WHERE {0} IN (SELECT {0} FROM positions)",
    "SELECT {0}::varchar FROM positions UNION SELECT {0}::varchar FROM positions",
    "WITH x AS MATERIALIZED (SELECT {} AS x FROM positions) SELECT count(x) FROM x",
    "SELECT list({0}::varchar ORDER BY amount)[10] FROM positions",
]

ANSWERS = {
    "implicit casts": statements(r"""
SELECT count(*) FROM positions WHERE name = 5
SELECT count(*) FROM positions WHERE name <> 5
SELECT count(*) FROM positions WHERE name IS DISTINCT FROM 5
SELECT count(*) FROM positions WHERE name = 5.5
SELECT count(*) FROM positions WHERE name = amount
SELECT count(*) FROM positions WHERE name IN (1, 2, 30)
SELECT count(*) FROM positions WHERE name NOT IN (1, 2, 30)
SELECT count(*) FROM positions WHERE 3 IN (name, amount)
SELECT count(*) FROM positions WHERE ds = DATE '2024-01-03'
SELECT count(*) FROM positions WHERE ds = day
SELECT count(*) FROM positions WHERE ds IN (DATE '2024-01-03', DATE '2024-02-01')
SELECT count(*) FROM positions WHERE code = '00000000-0000-4000-8000-000000000003'::uuid
SELECT count(*) FROM positions WHERE tags = [3, 7]
SELECT count(*) FROM positions WHERE record = {'a': 4, 'b': 3}
SELECT count(*) FROM positions WHERE (name, ds) = (3, DATE '2024-01-04')
SELECT count(*) FROM positions WHERE (name, amount) IN ((3, 4), (4, 5), (5, 5))
SELECT count(*) FROM positions WHERE (name = 5) = flag
SELECT count(*) FROM positions WHERE name = 5 OR amount = 3 OR ds = DATE '2024-01-09'
SELECT count(*) FROM positions WHERE name = CASE WHEN flag THEN 5 ELSE 6 END
SELECT count(*) FROM positions WHERE nullif(name, 5) IS NULL
SELECT count(*) FROM positions WHERE coalesce(gap, 77) = name
SELECT count(*) FROM positions WHERE greatest(amount, 3) = name
SELECT count(*) FROM positions JOIN many ON name = i
SELECT count(*) FROM positions JOIN (VALUES (5), (6)) v(n) ON name = n
SELECT name = 5, name <> 5.0, name IS NOT DISTINCT FROM amount FROM positions
SELECT name = 5 AS is_five, count(*) FROM positions GROUP BY ALL
SELECT flag, count(*) FROM positions GROUP BY flag HAVING max(name) = 9
SELECT name FROM positions ORDER BY name = 5 DESC, amount LIMIT 2
SELECT name FROM positions QUALIFY max(amount) OVER () = name OR name = 5
SELECT count(*) FILTER (WHERE name = 5) FROM positions
SELECT list_filter([1, 5], x -> x = name) FROM positions
SELECT count(*) FROM positions WHERE declared = 5
SELECT count(*) FROM positions WHERE declared IN (1, 2, 30)
SELECT count(*) FROM positions WHERE declared BETWEEN 2 AND 4 AND declared IS NOT NULL
SELECT count(*) FROM positions WHERE declared IS NULL
SELECT count(*) FROM positions WHERE declared = '5'
SELECT count(*) FROM positions WHERE declared > 4.5
SELECT count(*) FROM positions WHERE declared_day >= DATE '2024-01-05'
SELECT count(*) FROM positions WHERE declared_day = '2024-01-05'
SELECT count(*) FROM positions WHERE declared_day < TIMESTAMP '2024-01-05 10:00:00'
SELECT sum(declared), min(declared_day), max(declared_day) FROM positions
SELECT declared FROM positions ORDER BY declared_day DESC LIMIT 2
SELECT count(*) FROM positions a JOIN positions b ON a.declared = b.amount
"""),
    "arithmetic": statements(r"""
SELECT sum(10 // amount), sum(10 % amount), sum(10 / amount) FROM positions
SELECT sum(mod(10, amount)), sum(fmod(10, amount)), sum(fdiv(10, amount)) FROM positions
SELECT sum(divide(10, amount)) FROM positions
SELECT max(big + 2000000000000000000) FROM positions
SELECT max(add(big, 2000000000000000000)) FROM positions
SELECT max(debt - 9223372036854775807) FROM positions
SELECT max(subtract(debt, 9223372036854775807)) FROM positions
SELECT sum(big * 3), sum(multiply(big, 3)) FROM positions
SELECT sum(big * big) FROM positions
SELECT max(-(debt - 9223372036854775807)) FROM positions
SELECT max(abs(debt - 9223372036854775807)), max(@ debt) FROM positions
SELECT sum(1 << big) FROM positions
SELECT sum(big << 40) FROM positions
SELECT sum(big >> 1), sum(big & 3), sum(big | 3), sum(xor(big, 3)), sum(~big) FROM positions
SELECT sum(factorial(big::integer)) FROM positions
SELECT sum((name::integer)!) FROM positions
SELECT sum(power(2, big)), sum(big ** 2), sum(big ^ 2) FROM positions
SELECT sum(sqrt(debt)) FROM positions
SELECT sum(ln(debt)), sum(log2(debt)), sum(log10(debt)) FROM positions
SELECT sum(log(2, amount)) FROM positions
SELECT sum(ln(amount)) FROM positions
SELECT sum(acos(debt / 10)), sum(asin(debt / 10)) FROM positions
SELECT sum(acosh(debt)) FROM positions
SELECT sum(atanh(debt / 11)) FROM positions
SELECT sum(gamma(amount)), sum(lgamma(amount)) FROM positions
SELECT sum(exp(big)), sum(cbrt(debt)), sum(sinh(debt)) FROM positions
SELECT sum(sin(ratio)), sum(cos(ratio)), sum(tan(ratio)) FROM positions
SELECT sum(cot(amount)) FROM positions
SELECT sum(lcm(big, 3)), sum(gcd(big, 3)) FROM positions
SELECT sum(ceil(ratio)::bigint), sum(trunc(ratio)::tinyint), sum(floor(ratio)::integer) FROM positions
SELECT sum(even(ratio)::integer), sum(round_even(ratio, 0)::integer) FROM positions
SELECT sum((price * 10000)::decimal(18,4)) FROM positions
SELECT sum(price * price)::decimal(20,4) FROM positions
SELECT sum((price / ratio)::decimal(9,2)) FROM positions WHERE ratio > 0
SELECT to_base(amount, (big + 2)::integer) FROM positions
SELECT bin(big::utinyint), hex(big::utinyint), to_hex(name::integer) FROM positions
SELECT sum(bit_count(big)), sum(sign(debt)) FROM positions
SELECT sum(greatest(10 // amount, 10 % amount)), sum(least(10 // amount, big * 2)) FROM positions
SELECT count(*) FROM positions WHERE 10 // amount > 1 AND 10 % amount = 0
SELECT count(*) FROM positions WHERE big + 2000000000000000000 > 0 OR sqrt(debt) > 1
SELECT count(*) FROM positions WHERE NOT (10 % amount = 0)
SELECT 10 // amount, count(*) FROM positions GROUP BY 1 HAVING sum(10 % amount) >= 0
SELECT name FROM positions ORDER BY 100 // amount, name LIMIT 3
SELECT name FROM positions QUALIFY rank() OVER (ORDER BY sqrt(debt) DESC) < 3
SELECT sum(10 // amount) FILTER (WHERE sqrt(debt) > 2) FROM positions
SELECT CASE WHEN 10 // amount > 2 THEN sqrt(debt) ELSE ln(debt) END FROM positions
SELECT coalesce(nullif(10 // amount, 1), ln(debt)) FROM positions
SELECT sum(a.amount // b.amount) FROM positions a, positions b WHERE a.amount % b.amount = 0
SELECT sum(10 // record.a), sum(sqrt(debt) * ln(debt)) FROM positions
SELECT count(*) FROM positions WHERE isnan(ratio) OR isinf(ratio) OR NOT isfinite(ratio)
SELECT sum(nextafter(ratio, 100)), max(signbit(ratio)) FROM positions
SELECT sum(radians(ratio)), sum(degrees(ratio)), sum(atan2(ratio, amount)) FROM positions
"""),
    "errors by value": statements(r"""
SELECT count(*) FROM positions WHERE CASE WHEN big > 100 THEN error(name)::boolean ELSE true END
SELECT CASE WHEN flag THEN name ELSE error(name) END FROM positions
SELECT CASE fund_id WHEN 'F001' THEN name ELSE error(fund_id) END FROM positions
SELECT coalesce(gap::varchar, error(name)) FROM positions
SELECT ifnull(gap, error(ds)::bigint) FROM positions
SELECT nullif(name, CASE WHEN amount = 0 THEN error(name) END) FROM positions
SELECT if(amount = 0, error(name), name) FROM positions
SELECT count(*) FROM positions WHERE fund_id <> 'F001' AND error(name)::boolean
SELECT count(*) FROM positions WHERE fund_id = 'F001' OR error(name)::boolean
SELECT count(*) FROM positions WHERE gap IS NULL AND error(ds)::boolean
SELECT count(*) FROM positions WHERE CASE WHEN NOT flag THEN error(name)::boolean END
SELECT count(*) FROM positions WHERE amount IN (0, 100) AND error(name)::boolean
SELECT name FROM positions ORDER BY CASE WHEN amount = 0 THEN error(name) END, name
SELECT CASE WHEN amount = 0 THEN error(name) ELSE 'one' END, count(*) FROM positions GROUP BY 1
SELECT count(*) FROM positions HAVING max(big) < 100 OR error('seen')::boolean
SELECT CASE WHEN count(*) > 10 THEN error('counted') ELSE 'none' END FROM positions
SELECT CASE WHEN max(big) > 100 THEN error(max(name)) ELSE max(name) END FROM positions
SELECT CASE WHEN bool_or(NOT flag) THEN error(max(name)) END FROM positions
SELECT string_agg(CASE WHEN amount = 0 THEN error(name) ELSE name END, ',' ORDER BY amount)
    FROM positions
SELECT sum(amount) FILTER (WHERE CASE WHEN amount = 0 THEN error(name)::boolean ELSE true END)
    FROM positions
SELECT count(*) FROM positions QUALIFY count(*) OVER () = 1 OR error('seen')::boolean
SELECT name FROM positions QUALIFY max(big) OVER () < 100 OR error(max(name) OVER ())::boolean
SELECT constant_or_null(1, gap), constant_or_null(error('seen'), NULL) IS NULL FROM positions
SELECT try(CAST(name AS integer)), try(10 // amount) FROM positions
SELECT TRY_CAST(name AS integer), TRY_CAST(ds AS date), TRY_CAST(note AS json) FROM positions
SELECT count(*) FROM positions WHERE TRY_CAST(name AS integer) IS NULL
SELECT count(*) FROM positions WHERE try(CAST(name AS integer)) IS NULL
SELECT list_transform(tags, x -> CASE WHEN x LIKE 'S%' THEN error(x) ELSE x END) FROM positions
SELECT count(*) FROM positions a JOIN positions b
    ON a.name = b.name AND CASE WHEN a.amount = 0 THEN error(a.name)::boolean ELSE true END
SELECT count(*) FROM positions WHERE EXISTS
    (SELECT 1 FROM many WHERE i = amount AND CASE WHEN amount = 0 THEN error(name)::boolean ELSE true END)
SELECT (SELECT CASE WHEN amount = 0 THEN error(name) ELSE name END) FROM positions
SELECT CASE WHEN typeof(name) = 'VARCHAR' THEN name ELSE error(name) END FROM positions
SELECT count(*) FROM positions WHERE CASE WHEN length(name) > 5 THEN error(name)::boolean END
SELECT count(*) FROM positions WHERE name >= 'S' AND error(name)::boolean
SELECT count(*) FROM positions WHERE day < DATE '2000-01-01' AND error(day::varchar)::boolean
SELECT count(*) FROM positions WHERE CASE WHEN tags[1] > 'A' THEN error(tags[1])::boolean END
"""),
    "text": statements(r"""
SELECT count(*) FROM positions WHERE regexp_matches(ds, pattern)
SELECT count(*) FROM positions WHERE ds ~ ('.*' || pattern)
SELECT regexp_extract(ds, pattern), regexp_extract_all(ds, pattern) FROM positions
SELECT regexp_replace(ds, pattern, 'x'), regexp_replace(name, '[0-9]', name, 'g') FROM positions
SELECT regexp_split_to_array(ds, pattern), string_split_regex(ds, pattern) FROM positions
SELECT count(*) FROM positions WHERE regexp_full_match(name, pattern)
SELECT count(*) FROM positions WHERE name SIMILAR TO pattern
SELECT name FROM positions ORDER BY regexp_extract(ds, pattern), name LIMIT 2
SELECT regexp_replace(ds, pattern, ''), count(*) FROM positions GROUP BY 1
SELECT count(*) FROM positions WHERE regexp_matches(words, '(a|aa)+(a|aa)+(a|aa)+$')
SELECT sum(length(regexp_replace(words, '(a*)*(a*)*b', '', 'g'))) FROM positions
SELECT sum(levenshtein(words, reverse(words))) FROM positions
SELECT sum(damerau_levenshtein(words, reverse(words))), sum(editdist3(words, name)) FROM positions
SELECT sum(jaccard(words, ds)), sum(jaro_similarity(words, ds)) FROM positions
SELECT sum(jaro_winkler_similarity(words, reverse(words))) FROM positions
SELECT count(*) FROM positions WHERE words LIKE '%a%a%a%a%b%'
SELECT count(*) FROM positions WHERE words ILIKE '%A%A%A%A%B%'
SELECT count(*) FROM positions WHERE words GLOB '*a*a*a*b*'
SELECT count(*) FROM positions WHERE name LIKE '%' ESCAPE letter
SELECT count(*) FROM positions WHERE name NOT LIKE 'x!%' ESCAPE letter
SELECT count(*) FROM positions WHERE name ILIKE '%' ESCAPE letter
SELECT name LIKE 'x!' ESCAPE letter FROM positions
SELECT count(*) FROM positions WHERE like_escape(name, '%', letter)
SELECT count(*) FROM positions WHERE name LIKE 'SECRET%' OR ds LIKE '%SECRET%'
SELECT count(*) FROM positions WHERE prefix(name, 'SECRET') OR suffix(ds, '1')
SELECT count(*) FROM positions WHERE starts_with(name, 'S') OR contains(words, 'SECRET')
SELECT mismatches(ds, '2024-01-01'), hamming(ds, '2024-01-01') FROM positions
SELECT format(template, amount), format(template, name) FROM positions
SELECT printf(picture, amount) FROM positions
SELECT from_hex('0' || name), unhex('0' || name) FROM positions
SELECT from_base64('AAA' || name) FROM positions
SELECT decode(bytes) FROM positions
SELECT count(*) FROM positions WHERE decode(bytes) = '5'
SELECT CAST(bytes AS bit) FROM positions
SELECT chr(name::integer + 65), chr((big + 65)::integer) FROM positions
SELECT sum(length(repeat('x', big))) FROM positions
SELECT lpad('x', big::integer, 'y'), rpad('x', big::integer, 'y') FROM positions
SELECT left(ds, big), right(ds, big), substr(ds, big, big) FROM positions
SELECT bar(amount, 0, 10, amount * 2) FROM positions
SELECT split_part(words, ' ', 3)::integer, string_split(words, ' ')[3]::integer FROM positions
SELECT reverse(name)::integer, trim(name)::integer, replace(name, '9', '1')::integer FROM positions
SELECT translate(ds, '-', '/')::date, concat(name, name)::integer, (name || 0)::integer FROM positions
SELECT substring(ds FROM 6 FOR 2)::integer, right(ds, 2)::tinyint, length(name) FROM positions
SELECT min(name), max(name), min(words), max(words), min(code), max(code) FROM positions
SELECT md5(name), sha256(name), sha1(name) FROM positions
SELECT hash(name), hash(tags), hash(record) FROM positions
SELECT ascii(name), unicode(name), ord(name), bit_length(name), octet_length(bytes) FROM positions
SELECT upper(words), lower(words), strip_accents(words), nfc_normalize(words) FROM positions
SELECT url_decode(url_encode(ds)), regexp_escape(ds), to_base64(bytes) FROM positions
SELECT concat_ws('-', name, ds, code) FROM positions
SELECT position('2' IN ds), instr(ds, name), strpos(ds, '-') FROM positions
SELECT formatReadableSize(big), formatReadableDecimalSize(big) FROM positions
SELECT count(*) FROM positions WHERE name COLLATE NOCASE = '5'
SELECT name FROM positions ORDER BY words COLLATE NOCASE DESC LIMIT 2
SELECT string_agg(name::integer::varchar, ',' ORDER BY name::integer DESC) FROM positions
"""),
    "dates": statements(r"""
SELECT date_part(unit, day) FROM positions
SELECT date_trunc(unit, day)::varchar FROM positions
SELECT date_diff(unit, day, DATE '2024-02-01') FROM positions
SELECT date_sub(unit, day, DATE '2024-02-01'), datediff(unit, day, day) FROM positions
SELECT count(*) FROM positions WHERE date_part(unit, moment) > 5
SELECT name FROM positions ORDER BY date_part(unit, day) DESC LIMIT 1
SELECT day + 1000000 - 1000000 FROM positions
SELECT (day + INTERVAL 5 YEAR)::varchar FROM positions
SELECT (moment + INTERVAL 10 YEAR)::varchar, (moment - INTERVAL 1 DAY)::varchar FROM positions
SELECT count(*) FROM positions WHERE moment + INTERVAL 10 YEAR > TIMESTAMP '2030-01-01 00:00:00'
SELECT count(*) FROM positions WHERE day < DATE '2000-01-01' OR day > DATE '2100-01-01'
SELECT min(day), max(day), min(moment), max(moment) FROM positions
SELECT max(day) - min(day), count(DISTINCT day) FROM positions
SELECT epoch_ns(moment), epoch_us(moment), epoch_ms(moment), epoch(moment) FROM positions
SELECT day::timestamp::varchar, day::timestamptz::varchar, moment::timestamptz::varchar FROM positions
SELECT strptime(ds, '%Y-%m-%d')::varchar FROM positions
SELECT strptime(ds, ['%d/%m/%Y', '%Y-%m-%d'])::varchar FROM positions
SELECT count(*) FROM positions WHERE strptime(ds, '%Y-%m-%d') > TIMESTAMP '2024-01-05 00:00:00'
SELECT count(*) FROM positions WHERE try_strptime(ds, '%Y-%m-%d') IS NULL
SELECT strftime(day, '%d/%m/%Y'), strftime('%H:%M', moment) FROM positions
SELECT make_date(2024, amount, 1) FROM positions
SELECT make_time(debt, 0, 0)::varchar, make_timestamp(2024, amount, 1, 0, 0, 0)::varchar FROM positions
SELECT make_timestamp(big)::varchar, to_timestamp(big)::varchar FROM positions
SELECT epoch_ms(big)::varchar FROM positions
SELECT (day + to_days(big::integer))::varchar, (day + to_years(big::integer))::varchar FROM positions
SELECT (moment + to_hours(big))::varchar, (moment + to_seconds(big))::varchar FROM positions
SELECT (moment + to_microseconds(big))::varchar FROM positions
SELECT (day + INTERVAL (name) DAY)::varchar FROM positions
SELECT ((name || ' days')::interval)::varchar FROM positions
SELECT timezone(zone, moment)::varchar FROM positions
SELECT (moment AT TIME ZONE zone)::varchar FROM positions
SELECT time_bucket(to_days(amount::integer), day)::varchar FROM positions
SELECT age(moment, TIMESTAMP '2024-01-01 10:00:00')::varchar FROM positions
SELECT last_day(day), dayname(day), monthname(day), yearweek(day), century(day), era(day) FROM positions
SELECT extract(year FROM day), extract(epoch FROM moment), year(ds::date), month(ds::date) FROM positions
SELECT julian(day), isodow(day), weekofyear(day), dayofyear(day), decade(day) FROM positions
SELECT len(generate_series(day::timestamp, TIMESTAMP '2024-02-01 00:00:00', INTERVAL 1 DAY)) FROM positions
SELECT len(range(moment, moment + to_hours(big), INTERVAL 1 HOUR)) FROM positions
SELECT day - ds::date, ds::date - DATE '2024-01-01' FROM positions
SELECT date_trunc('month', ds::date)::varchar, count(*) FROM positions GROUP BY 1
SELECT count(*) FROM positions WHERE ds::timestamptz > TIMESTAMPTZ '2024-01-05 00:00:00+00'
SELECT sum(date_part('day', ds::date)) OVER (ORDER BY ds::date) FROM positions
SELECT min(clock::time)::varchar, max(clock::time)::varchar FROM positions
SELECT clock::time + day FROM positions
SELECT isfinite(day), isinf(moment) FROM positions
"""),
    "JSON": statements(r"""
SELECT note::json ->> 'a' FROM positions
SELECT note -> '$.a', note ->> '$.b[0]' FROM positions
SELECT json_extract(note, path) FROM positions
SELECT json_extract_string(note, path)::integer FROM positions
SELECT json_extract(note, ['$.a', '$.b']) FROM positions
SELECT json_array_length(note, '$.b'), json_keys(note), json_type(note, '$.a') FROM positions
SELECT json_contains(note, '5'), json_exists(note, '$.a'), json_value(note, path) FROM positions
SELECT count(*) FROM positions WHERE NOT json_valid(note)
SELECT count(*) FROM positions WHERE json_extract(note, '$.a')::integer > 5
SELECT count(*) FROM positions WHERE note::json ->> 'a' = name
SELECT from_json(note, '{"a": "INTEGER", "b": ["INTEGER"]}') FROM positions
SELECT sum((note::json -> 'a')::integer) FROM positions
SELECT json_extract_path(note, 'a'), json_extract_path_text(note, 'a') FROM positions
SELECT array_to_json(tags), to_json(record), json_array(name, amount), json(note) FROM positions
SELECT json_object(name, amount), row_to_json(record), to_json(pairs) FROM positions
SELECT json_object('a', ratio::integer, 'b', note::json) FROM positions
SELECT note::json ->> 'a' AS a, count(*) FROM positions GROUP BY ALL HAVING max(note::json ->> 'b') > ''
SELECT name FROM positions ORDER BY (note::json ->> 'a')::integer DESC LIMIT 2
SELECT count(*) FROM positions JOIN many ON i = (note::json ->> 'a')::bigint
SELECT CAST(note::json AS map(varchar, json))['a']::varchar FROM positions
SELECT unnest(json_keys(note)) FROM positions
SELECT list_transform(tags, x -> x::json) FROM positions
SELECT note::json::varchar = note FROM positions
SELECT to_json(tags)::varchar::json -> 0 FROM positions
"""),
    "nested values": statements(r"""
SELECT tags[1]::integer, list_extract(tags, 1)::integer, tags[-1]::integer FROM positions
SELECT list_transform(tags, x -> x::integer) FROM positions
SELECT list_transform(tags, (x, i) -> x::integer + i) FROM positions
SELECT list_filter(tags, x -> x::integer > 3) FROM positions
SELECT list_reduce(list_transform(tags, x -> x::integer), (a, b) -> a + b) FROM positions
SELECT array_apply(tags, lambda x : x::integer) FROM positions
SELECT list_transform([name], x -> list_transform(tags, y -> x::integer + y::integer)) FROM positions
SELECT unnest(tags)::integer FROM positions
SELECT sum(x::integer) FROM positions, unnest(tags) AS t(x)
SELECT count(*) FROM positions, unnest(tags) AS t(x) WHERE x::integer > 3
SELECT count(*) FROM positions CROSS JOIN unnest(tags) AS t(x) WHERE x = 7
SELECT sum(x) FROM (SELECT unnest(tags::integer[]) AS x FROM positions)
SELECT list_sum(tags::integer[]), list_max(tags::integer[]), list_avg(tags::integer[]) FROM positions
SELECT list_sort(tags), list_reverse(tags), list_distinct(tags), list_unique(tags) FROM positions
SELECT array_to_string(tags, ','), list_contains(tags, '7'), list_position(tags, '7') FROM positions
SELECT list_contains(tags::integer[], name::integer) FROM positions
SELECT list_zip(tags, [1, 2])::varchar, list_concat(tags, [name]), flatten([tags, tags]) FROM positions
SELECT tags[1:1], list_slice(tags, 1, amount), list_resize(tags, amount) FROM positions
SELECT sum(len(range(big))), sum(len(generate_series(1, big))) FROM positions
SELECT sum(len(list_resize([1], big))) FROM positions
SELECT list_where(tags, [true, flag]), list_intersect(tags, ['7']) FROM positions
SELECT tags::varchar[2], array_value(name, ds) FROM positions
SELECT record.a, record['b']::integer, struct_extract(record, 'b')::integer FROM positions
SELECT sum(10 // record.a), sum(record.b::integer) FROM positions
SELECT count(*) FROM positions WHERE record.b::integer > 4 AND 10 // record.a > 0
SELECT row(name::integer, ds::date)::varchar, {'n': name::integer} FROM positions
SELECT struct_pack(n := name::integer, d := 10 // amount) FROM positions
SELECT pairs['k']::integer, map_extract(pairs, 'k')[1]::integer, element_at(pairs, 'k') FROM positions
SELECT map_keys(pairs), map_values(pairs)[1]::integer, cardinality(pairs) FROM positions
SELECT map_from_entries([(name, amount)]), map([name], [10 // amount]), MAP {name: ds} FROM positions
SELECT map([amount, 0], [1, 2]) FROM positions
SELECT map([gap], [1]) FROM positions
SELECT map([name, ds], tags) FROM positions
SELECT map_entries(pairs), map_concat(pairs, MAP {'a': name}), map_contains(pairs, 'k') FROM positions
SELECT map([gap, 100], [name, ds]) FROM positions
SELECT legs[1].b::integer, 10 // legs[1].a FROM positions
SELECT list_transform(legs, l -> 10 // l.a), list_transform(legs, l -> l.b::integer) FROM positions
SELECT sum(10 // l.a) FROM (SELECT unnest(legs) AS l FROM positions)
SELECT unnest(record) FROM positions
SELECT unnest(legs, recursive := true) FROM positions
SELECT unnest([tags, [name]], max_depth := 2) FROM positions
SELECT name, x FROM positions LEFT JOIN unnest(tags) AS t(x) ON true
SELECT max(len(tags)), min(len(legs)), max(cardinality(pairs)) FROM positions
SELECT min(tags), max(tags), min(record), max(record), min(pairs::varchar) FROM positions
SELECT count(DISTINCT tags), count(DISTINCT record), count(DISTINCT pairs) FROM positions
SELECT tags, count(*) FROM positions GROUP BY tags HAVING max(tags[1]::integer) > 4
SELECT name FROM positions ORDER BY tags[1]::integer DESC, record.b::integer LIMIT 2
SELECT tags || [name], [name] || tags, tags && ['7'], tags @> ['7'] FROM positions
SELECT list_has_all(tags, [name]), list_has_any(tags, ['SECRET-1']) FROM positions
SELECT positions FROM positions
SELECT p.record.a, (p).record.b::integer FROM positions p
SELECT row_to_json(positions)::varchar LIKE '%SECRET%' FROM positions
SELECT hash(positions) = hash(positions) FROM positions
SELECT struct_extract(positions, 'name')::integer FROM positions
"""),
    "joins": statements(r"""
SELECT count(*) FROM positions a JOIN positions b ON a.name::integer = b.amount
SELECT count(*) FROM positions a JOIN positions b ON 10 // a.amount = 10 // b.amount
SELECT count(*) FROM positions a JOIN positions b ON sqrt(a.debt) < sqrt(b.debt)
SELECT count(*) FROM positions a JOIN positions b ON regexp_matches(a.ds, b.pattern)
SELECT count(*) FROM positions a JOIN positions b ON a.ds::date BETWEEN b.ds::date AND b.ds::date + 1
SELECT count(*) FROM positions a JOIN positions b
    ON a.name::integer < b.name::integer AND a.amount * 2 > b.name::integer
SELECT count(*) FROM positions a LEFT JOIN positions b ON a.name::integer = b.amount
SELECT count(*), count(name) FROM many LEFT JOIN positions ON i = name::integer
SELECT count(*), count(name) FROM positions RIGHT JOIN many ON i = name::integer
SELECT count(*), count(i) FROM many FULL JOIN positions ON i = name::integer + 2495
SELECT count(*) FROM positions SEMI JOIN many ON i = name::integer
SELECT count(*) FROM positions ANTI JOIN many ON i = name::integer
SELECT count(*) FROM many ANTI JOIN positions ON i = name::integer
SELECT count(*) FROM many, positions WHERE i = name::integer
SELECT count(*) FROM positions CROSS JOIN many WHERE i = name::integer AND 10 // amount > 1
SELECT count(*) FROM positions a JOIN positions b USING (name) WHERE a.name::integer > 4
SELECT count(*) FROM positions NATURAL JOIN prices
SELECT count(*) FROM positions NATURAL JOIN (SELECT name FROM many, prices WHERE t = name) x
SELECT count(*) FROM positions ASOF JOIN many ON name::integer >= i
SELECT count(*) FROM many ASOF LEFT JOIN positions ON i >= name::integer
SELECT count(*) FROM positions a ASOF JOIN positions b ON a.flag = b.flag AND a.ds::date >= b.ds::date
SELECT count(*), sum(name::integer) FROM positions POSITIONAL JOIN many
SELECT count(*), count(name) FROM many POSITIONAL JOIN positions
SELECT sum(x) FROM positions p, LATERAL (SELECT p.name::integer AS x) l
SELECT sum(x) FROM positions p LEFT JOIN LATERAL (SELECT 10 // p.amount AS x) l ON true
SELECT sum(x) FROM positions p, LATERAL (SELECT max(i) AS x FROM many WHERE i < p.name::integer) l
SELECT sum(x) FROM positions p, LATERAL (SELECT unnest(p.tags)::integer AS x) l
SELECT count(*) FROM many JOIN positions ON CASE WHEN amount = 0 THEN error(name)::boolean ELSE i = big END
SELECT count(*) FROM positions p JOIN prices q ON p.name = q.quote
SELECT count(*) FROM positions p JOIN prices q ON p.name::integer = q.quote::integer
SELECT count(*) FROM positions p JOIN navs n ON p.ds = n.as_of
SELECT count(*) FROM positions p JOIN prices q USING (fund_id, name) JOIN many ON i = q.quote::integer
SELECT count(*) FROM many m LEFT JOIN positions p ON m.i = p.amount WHERE p.name::integer IS NULL
SELECT count(*) FROM many m LEFT JOIN positions p ON m.i = p.amount AND 10 // p.amount > 2
SELECT count(*) FROM (SELECT * FROM positions ORDER BY amount LIMIT 5) p JOIN many ON i = name::integer
SELECT count(*) FROM (positions p JOIN many m ON p.name::integer = m.i) JOIN prices q ON q.quote = m.t
SELECT count(*) FROM positions p JOIN positions q ON p.fund_id <> q.fund_id
SELECT count(*) FROM positions p JOIN positions q ON CASE WHEN p.big > 100 THEN error(p.name)::boolean END
SELECT count(*) FROM positions p JOIN positions q ON (p.name::integer, p.ds::date) = (q.big, q.day)
SELECT count(*) FROM positions p JOIN many ON i IN (p.name::integer, p.amount)
SELECT count(*) FROM positions p JOIN many ON i IS NOT DISTINCT FROM p.gap WHERE sqrt(debt) > 1
"""),
    "sub-queries": statements(r"""
SELECT (SELECT max(name::integer) FROM positions), (SELECT min(10 // amount) FROM positions)
SELECT name, (SELECT sum(b.name::integer) FROM positions b WHERE b.amount <= a.amount) FROM positions a
SELECT count(*) FROM positions a WHERE a.amount = (SELECT max(10 // amount) FROM positions)
SELECT count(*) FROM positions a WHERE EXISTS (SELECT 1 FROM positions b WHERE b.name::integer = a.amount)
SELECT count(*) FROM positions a WHERE NOT EXISTS
    (SELECT 1 FROM positions b WHERE b.name::integer = a.amount)
SELECT count(*) FROM many WHERE i IN (SELECT name::integer FROM positions WHERE ds::date > '2024-01-03')
SELECT count(*) FROM many WHERE i NOT IN (SELECT name::integer FROM positions)
SELECT count(*) FROM many WHERE i NOT IN (SELECT gap FROM positions)
SELECT count(*) FROM many WHERE i = ANY (SELECT name::integer FROM positions)
SELECT count(*) FROM many WHERE i > ALL (SELECT name::integer FROM positions)
SELECT count(*) FROM many WHERE i <= ALL (SELECT big FROM positions)
SELECT count(*) FROM many WHERE i >= ANY (SELECT debt FROM positions)
SELECT 'F999' IN (SELECT fund_id FROM positions), 0 = ANY (SELECT amount FROM positions)
SELECT EXISTS (SELECT 1 FROM positions WHERE NOT flag), EXISTS (SELECT 1 FROM positions WHERE big > 100)
SELECT count(*) FROM many WHERE EXISTS (SELECT 1 FROM positions WHERE i = name::integer AND 10 // amount > 2)
SELECT name FROM positions a ORDER BY (SELECT max(b.name::integer) FROM positions b WHERE b.big < a.big)
SELECT i FROM many ORDER BY i LIMIT (SELECT max(name::integer) FROM positions)
SELECT i FROM many ORDER BY i LIMIT 3 OFFSET (SELECT max(big) FROM positions)
SELECT CASE WHEN (SELECT bool_or(NOT flag) FROM positions) THEN 'seen' ELSE 'none' END
SELECT ARRAY(SELECT name::integer FROM positions ORDER BY 1)
SELECT count(*) FROM positions HAVING count(*) = (SELECT count(DISTINCT name::integer) FROM positions)
SELECT (SELECT string_agg(name, ',' ORDER BY name::integer) FROM positions WHERE amount < 4)
SELECT count(*) FROM (SELECT * FROM (SELECT * FROM positions) WHERE name::integer > 4) WHERE 10 // amount > 0
SELECT count(*) FROM (SELECT name FROM positions WHERE fund_id = 'F001') WHERE name::integer > 4
SELECT count(*) FROM (SELECT name FROM positions WHERE fund_id <> 'F001') WHERE name::integer > 4
SELECT count(*) FROM positions a WHERE (SELECT count(*) FROM positions b WHERE b.big = a.name::integer) = 1
SELECT (SELECT (SELECT max(c.name::integer) FROM positions c WHERE c.amount < b.amount)
    FROM positions b WHERE b.amount = a.amount) FROM positions a
SELECT count(*) FROM positions WHERE (SELECT name::integer) > 4
SELECT count(*) FROM positions WHERE amount IN (SELECT amount FROM positions WHERE sqrt(debt) > 2)
SELECT count(*) FROM positions WHERE (name::integer, amount) IN (SELECT big, amount FROM positions)
SELECT count(*) FROM (FROM positions SELECT name::integer AS x) WHERE x > 4
SELECT count(*) FROM positions WHERE EXISTS (SELECT 1 FROM many WHERE amount = 3)
SELECT count(*) FROM positions WHERE EXISTS (SELECT 1 FROM prices WHERE amount = 3 AND divisor = 4)
SELECT count(*) FROM prices WHERE EXISTS (SELECT 1 FROM positions WHERE amount = divisor)
"""),
    "WITH": statements(r"""
WITH n AS (SELECT name::integer AS n FROM positions) SELECT max(n) FROM n WHERE n < 8
WITH n AS MATERIALIZED (SELECT name::integer AS n FROM positions) SELECT max(n) FROM n WHERE n < 8
WITH n AS NOT MATERIALIZED (SELECT name::integer AS n FROM positions) SELECT max(n) FROM n WHERE n < 8
WITH n AS (SELECT * FROM positions) SELECT count(*) FROM n a JOIN n b ON a.name::integer = b.amount
WITH positions AS (SELECT * FROM positions WHERE name::integer > 4) SELECT count(*) FROM positions
WITH positions AS (SELECT 1 AS one) SELECT * FROM positions
WITH many AS (SELECT * FROM positions), positions AS (SELECT * FROM many) SELECT count(*) FROM positions
WITH a AS (SELECT * FROM positions), b AS (SELECT name::integer AS n FROM a), c AS (SELECT 10 // n AS n
    FROM b WHERE n > 0) SELECT sum(n) FROM c
WITH a AS (WITH b AS (SELECT name::integer AS n FROM positions) SELECT * FROM b) SELECT sum(n) FROM a
WITH a(x, y) AS (SELECT name::integer, ds::date FROM positions) SELECT max(x), max(y) FROM a
WITH RECURSIVE t(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM t WHERE n < (SELECT max(name::integer)
    FROM positions)) SELECT count(*) FROM t
WITH RECURSIVE t AS (SELECT amount, name::integer AS n FROM positions WHERE amount = 1 UNION ALL
    SELECT p.amount, p.name::integer FROM positions p JOIN t ON p.big = t.amount) SELECT sum(n) FROM t
WITH RECURSIVE t(n) AS (SELECT max(big) FROM positions UNION SELECT n - 1 FROM t WHERE n > 0)
    SELECT count(*) FROM t
WITH RECURSIVE positions AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM positions WHERE n < 3)
    SELECT sum(n) FROM positions
WITH RECURSIVE t(k, v) USING KEY (k) AS (SELECT 1, name::integer FROM positions WHERE amount = 3
    UNION SELECT k, v + 1 FROM t WHERE v < 5) SELECT k, v FROM t
SELECT count(*) FROM (WITH n AS (SELECT name::integer AS n FROM positions) SELECT * FROM n WHERE n > 4)
SELECT count(*) FROM positions, (WITH positions AS (SELECT 1 AS one) SELECT * FROM positions) x
WITH n AS (SELECT 1 AS n) SELECT count(*) FROM positions WHERE EXISTS (SELECT 1 FROM n WHERE n = amount)
WITH "order" AS (SELECT name::integer AS "from" FROM positions) SELECT max("from") FROM "order"
WITH n AS (SELECT name::integer AS n FROM positions) SELECT n FROM n UNION SELECT n * 2 FROM n
WITH n AS (SELECT name::integer AS n FROM positions ORDER BY n LIMIT 3) SELECT sum(n) FROM n
"""),
    "set operations": statements(r"""
SELECT name::integer FROM positions UNION SELECT 5
SELECT name::integer FROM positions UNION ALL SELECT 10 // amount FROM positions
SELECT name FROM positions UNION SELECT i::varchar FROM many WHERE i < 20
SELECT amount FROM positions UNION SELECT name::integer FROM positions
SELECT name::integer FROM positions INTERSECT SELECT i FROM many
SELECT name::integer FROM positions INTERSECT ALL SELECT amount FROM positions
SELECT i FROM many WHERE i < 20 EXCEPT SELECT name::integer FROM positions
SELECT amount FROM positions EXCEPT ALL SELECT name::integer FROM positions
SELECT name::integer AS a FROM positions UNION BY NAME SELECT 10 // amount AS b FROM positions
SELECT name::integer AS a FROM positions UNION ALL BY NAME SELECT ds::date AS b FROM positions
SELECT name FROM positions EXCEPT SELECT quote FROM prices
SELECT fund_id FROM positions UNION SELECT fund_id FROM prices UNION SELECT fund_id FROM navs
(SELECT name::integer FROM positions ORDER BY 1 LIMIT 2) UNION ALL (SELECT big FROM positions LIMIT 0)
SELECT count(*) FROM (SELECT * FROM positions UNION SELECT * FROM positions)
SELECT count(*) FROM (SELECT name FROM positions UNION ALL SELECT quote FROM prices) WHERE name::integer > 4
SELECT name::integer FROM positions UNION SELECT 5 ORDER BY 1 DESC LIMIT 3
SELECT NULL UNION ALL SELECT name::integer FROM positions
VALUES ((SELECT max(name::integer) FROM positions)), ((SELECT min(big) FROM positions))
SELECT * FROM (VALUES (1), (2)) v(n) WHERE n IN (SELECT name::integer FROM positions)
"""),
    "samples": statements(r"""
SELECT count(*), sum(name::integer) FROM positions TABLESAMPLE 100%
SELECT count(*), sum(name::integer) FROM positions TABLESAMPLE bernoulli(100%)
SELECT count(*), sum(name::integer) FROM positions TABLESAMPLE system(100 PERCENT)
SELECT count(*), sum(name::integer) FROM positions TABLESAMPLE reservoir(100 ROWS)
SELECT count(*), sum(name::integer) FROM positions TABLESAMPLE (50 ROWS)
SELECT count(*) FROM positions TABLESAMPLE reservoir(5 ROWS)
SELECT count(*) FROM positions TABLESAMPLE reservoir(5 ROWS) REPEATABLE (7) WHERE name::integer >= 0
SELECT count(*) <= 10 FROM positions TABLESAMPLE 50%
SELECT count(*) <= 10 FROM positions TABLESAMPLE system(50%) REPEATABLE (3) WHERE name::integer >= 0
SELECT count(*) FROM positions TABLESAMPLE system(0%)
SELECT count(*), max(10 // amount) FROM positions USING SAMPLE 100%
SELECT count(*), max(10 // amount) FROM positions USING SAMPLE 20 ROWS
SELECT count(*) FROM positions USING SAMPLE reservoir(100 ROWS) REPEATABLE (7)
SELECT count(*) FROM positions USING SAMPLE system(100%)
SELECT count(*) FROM positions USING SAMPLE 100% (bernoulli, 7)
SELECT count(*) FROM (SELECT name::integer FROM positions) TABLESAMPLE 100%
SELECT count(*) FROM (SELECT name::integer AS n FROM positions USING SAMPLE 3 ROWS) WHERE n >= 0
SELECT count(*) FROM positions a TABLESAMPLE 100%, positions b TABLESAMPLE system(100%)
    WHERE a.name::integer = b.big
SELECT count(*) FROM positions TABLESAMPLE 100% WHERE fund_id = 'F999'
SELECT count(*) FROM positions WHERE random() >= 0
"""),
    "limits": statements(r"""
SELECT name::integer FROM positions LIMIT 100
SELECT name::integer * 0 FROM positions LIMIT 1
SELECT name::integer * 0 FROM positions LIMIT 1 OFFSET 9
SELECT name FROM positions LIMIT 0
SELECT name FROM positions OFFSET 10
SELECT name FROM positions OFFSET 99990
SELECT name::integer FROM positions ORDER BY 1 LIMIT 3 OFFSET 8
SELECT name FROM positions ORDER BY 10 // amount, name OFFSET 7
SELECT name FROM positions ORDER BY name LIMIT 50%
SELECT name FROM positions ORDER BY name LIMIT 100 PERCENT
SELECT name FROM positions ORDER BY big DESC LIMIT 1
SELECT name FROM positions ORDER BY big LIMIT 1
SELECT name FROM positions ORDER BY gap NULLS FIRST LIMIT 1
SELECT name FROM positions ORDER BY ratio DESC NULLS LAST LIMIT 1
SELECT name FROM positions ORDER BY flag, amount LIMIT 1
SELECT name FROM positions ORDER BY words DESC, day DESC LIMIT 2
SELECT fund_id FROM positions ORDER BY fund_id DESC LIMIT 1
SELECT name::integer FROM positions ORDER BY ALL DESC LIMIT 2
SELECT name FROM positions ORDER BY tags DESC, record DESC LIMIT 1
SELECT name FROM positions ORDER BY random(), name::integer
SELECT name FROM positions ORDER BY 1 FETCH FIRST 2 ROWS ONLY
SELECT count(*) FROM (SELECT * FROM positions LIMIT 9223372036854775807)
SELECT count(*) FROM (SELECT name FROM positions LIMIT 100000) WHERE name::integer > 4
"""),
    "aggregates": statements(r"""
SELECT count(*), count(gap), count(DISTINCT fund_id), count_if(NOT flag) FROM positions
SELECT sum(amount), min(amount), max(amount), avg(amount), product(amount) FROM positions
SELECT min(big), max(big), sum(big), avg(big), bit_or(big), bit_and(amount), bit_xor(big) FROM positions
SELECT min(debt), max(debt), min(ratio), max(ratio), min(price), max(price) FROM positions
SELECT bool_and(flag), bool_or(NOT flag), min(flag), max(flag) FROM positions
SELECT arg_min(name, amount), arg_max(name, big), arg_min(ds::date, debt), min_by(name, ratio) FROM positions
SELECT arg_max(name, big, 3), arg_min(name::integer, amount, 3), max(big, 2), min(amount, 2) FROM positions
SELECT max_by(name, CASE WHEN amount = 0 THEN error(name) ELSE name END) FROM positions
SELECT histogram(name::integer), histogram(fund_id), histogram(10 // amount) FROM positions
SELECT mode(fund_id), mode(zone), entropy(fund_id), mode(flag) FROM positions
SELECT approx_count_distinct(fund_id), approx_count_distinct(flag) FROM positions
SELECT approx_quantile(amount, 0.5), approx_quantile(big, 1.0) FROM positions
SELECT quantile_cont(amount, 0.5), quantile_disc(amount, [0.0, 1.0]), median(name::integer) FROM positions
SELECT quantile_cont(price, 0.99), quantile_disc(ds::date, 0.0), mad(amount) FROM positions
SELECT string_agg(name, ',' ORDER BY name::integer DESC), group_concat(ds, ';' ORDER BY 10 // amount, ds)
    FROM positions
SELECT listagg(name, ',' ORDER BY amount), array_agg(name::integer ORDER BY amount) FROM positions
SELECT list(tags ORDER BY amount), list(record.b::integer ORDER BY amount) FROM positions
SELECT first(name::integer ORDER BY amount), last(name::integer ORDER BY amount) FROM positions
SELECT any_value(fund_id), any_value(flag), arbitrary(zone) FROM positions
SELECT stddev(name::integer), variance(10 // amount), skewness(amount), kurtosis(amount) FROM positions
SELECT corr(name::integer, amount), covar_pop(amount, debt), regr_slope(amount, big + 1) FROM positions
SELECT geometric_mean(amount), favg(ratio), fsum(ratio), sem(amount), weighted_avg(amount, big) FROM positions
SELECT stddev(ratio), avg(ln(debt)), sum(sqrt(debt)) FROM positions
SELECT count(DISTINCT name::integer), sum(DISTINCT 10 // amount) FROM positions
SELECT sum(name::integer) FILTER (WHERE 10 // amount > 1), count(*) FILTER (WHERE NOT flag) FROM positions
SELECT fund_id, sum(name::integer) FROM positions GROUP BY fund_id
SELECT flag, gap IS NULL, count(*) FROM positions GROUP BY ALL
SELECT name::integer % 2, 10 // amount, count(*) FROM positions GROUP BY CUBE (1, 2)
SELECT flag, fund_id, count(*) FROM positions GROUP BY ROLLUP (flag, fund_id)
SELECT flag, fund_id, sum(name::integer) FROM positions GROUP BY GROUPING SETS ((flag), (fund_id), ())
SELECT fund_id FROM positions GROUP BY fund_id HAVING sum(name::integer) > 10 AND min(10 // amount) > 0
SELECT count(*) FROM positions HAVING max(big) > 100
SELECT max(name::integer) FROM positions HAVING min(ds::date) >= '2024-01-01'
SELECT list_transform(list(name ORDER BY amount), x -> x::integer) FROM positions
SELECT sum(x) FROM (SELECT max(name::integer) AS x FROM positions GROUP BY amount % 3)
SELECT min(length(words)), max(length(words)), sum(len(tags)) FROM positions
SELECT avg(ds::date)::varchar, median(ds::date)::varchar, max(day)::varchar FROM positions
SELECT count(*) FROM positions WHERE fund_id = 'F999'
SELECT count(*) FROM positions WHERE fund_id <> 'F001'
SELECT max(fund_id), min(fund_id) FROM positions
"""),
    "windows": statements(r"""
SELECT sum(name::integer) OVER (ORDER BY ds::date) FROM positions
SELECT count(*) OVER (), max(big) OVER (), min(debt) OVER () FROM positions
SELECT row_number() OVER (ORDER BY amount), rank() OVER (ORDER BY big), name FROM positions
SELECT max(row_number) FROM (SELECT row_number() OVER () AS row_number FROM positions)
SELECT lag(name, 1, 'none') OVER (ORDER BY amount), lead(name::integer) OVER (ORDER BY amount) FROM positions
SELECT lag(name, big) OVER (ORDER BY amount) FROM positions
SELECT first_value(name) OVER (ORDER BY big DESC), last_value(name) OVER (ORDER BY fund_id, amount)
    FROM positions
SELECT nth_value(name, amount) OVER (ORDER BY amount) FROM positions
SELECT ntile(amount) OVER (ORDER BY amount) FROM positions
SELECT ntile(3) OVER (ORDER BY name::integer), cume_dist() OVER (ORDER BY 10 // amount, name) FROM positions
SELECT round(percent_rank() OVER (ORDER BY sqrt(debt)), 2), dense_rank() OVER (ORDER BY fund_id) FROM positions
SELECT sum(amount) OVER (ORDER BY amount ROWS BETWEEN name::integer PRECEDING AND CURRENT ROW) FROM positions
SELECT sum(amount) OVER (ORDER BY amount ROWS BETWEEN amount PRECEDING AND amount FOLLOWING) FROM positions
SELECT sum(amount) OVER (ORDER BY amount RANGE BETWEEN big PRECEDING AND CURRENT ROW) FROM positions
SELECT sum(amount) OVER (ORDER BY day RANGE BETWEEN INTERVAL 2 DAY PRECEDING AND CURRENT ROW) FROM positions
SELECT sum(amount) OVER (ORDER BY amount GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM positions
SELECT sum(amount) OVER (ORDER BY amount ROWS BETWEEN big - 5 PRECEDING AND CURRENT ROW) FROM positions
SELECT sum(amount) OVER (ORDER BY amount ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) FROM positions
SELECT max(name) OVER (PARTITION BY 10 // amount ORDER BY amount) FROM positions
SELECT max(name) OVER (PARTITION BY name::integer % 2 ORDER BY amount) FROM positions
SELECT count(*) OVER (PARTITION BY fund_id), count(*) OVER (PARTITION BY flag) FROM positions
SELECT count(*) FILTER (WHERE name::integer > 4) OVER () FROM positions
SELECT first_value(gap IGNORE NULLS) OVER (ORDER BY amount), last_value(gap) OVER () IS NULL FROM positions
SELECT name FROM positions QUALIFY max(name::integer) OVER (ORDER BY amount) > 7
SELECT sum(name::integer) OVER w FROM positions WINDOW w AS (ORDER BY 10 // amount, amount)
SELECT quantile_cont(amount, 0.5) OVER (ORDER BY amount), mode(fund_id) OVER () FROM positions
SELECT list(name::integer ORDER BY amount) OVER (ORDER BY amount) FROM positions
SELECT string_agg(name, ',' ORDER BY amount) OVER () FROM positions
SELECT arg_max(name, big) OVER (), histogram(fund_id) OVER () FROM positions
SELECT sum(sum(name::integer)) OVER () FROM positions GROUP BY flag
SELECT name FROM positions WINDOW w AS (ORDER BY nothing)
"""),
    "stars": statements(r"""
SELECT * FROM positions
SELECT positions.* FROM positions
SELECT p.* FROM positions AS p WHERE p.name::integer > 4
SELECT * EXCLUDE (name) FROM positions
SELECT * REPLACE (name::integer AS name) FROM positions
SELECT * REPLACE (CASE WHEN amount = 0 THEN error(name) ELSE name END AS name) FROM positions
SELECT * RENAME (name AS trader) FROM positions
SELECT * RENAME (trader AS x) FROM positions
SELECT * LIKE 'n%' FROM positions
SELECT * SIMILAR TO '(n|d).*' FROM positions
SELECT COLUMNS('n.*') FROM positions
SELECT COLUMNS(['name', 'ds']) FROM positions
SELECT COLUMNS(c -> c LIKE '%a%') FROM positions
SELECT COLUMNS(* EXCLUDE (legs)) FROM positions
SELECT max(COLUMNS('(name|ds|big|amount)')) FROM positions
SELECT COLUMNS('(name|amount)')::integer FROM positions
SELECT COLUMNS('(na)(me)') AS '\2\1' FROM positions
SELECT count(*) FROM positions WHERE COLUMNS('(name|amount)')::integer > 4
SELECT coalesce(*COLUMNS('(name|ds)')) FROM positions
SELECT [*COLUMNS('(name|ds|clock)')] FROM positions
SELECT struct_pack(*COLUMNS('(name|ds)')) FROM positions
SELECT count(COLUMNS(*)) FROM positions
SELECT min(COLUMNS(* EXCLUDE (pairs))) FROM positions
SELECT name FROM positions ORDER BY COLUMNS('(name|ds)') LIMIT 2
SELECT #1, #2 FROM (SELECT name, ds FROM positions)
SELECT * FROM positions ORDER BY #2 LIMIT 2
SELECT * FROM (SELECT name, ds FROM positions) AS t(a, b) WHERE a::integer > 4
FROM positions
FROM positions SELECT name::integer WHERE 10 // amount > 1
TABLE positions
SELECT p.a FROM positions AS p(a, b) WHERE p.b::integer > 4
SELECT a FROM positions AS p(a, b, c) WHERE b = 5 AND a = 'F001' AND c = DATE '2024-01-06'
SELECT -big AS big FROM positions WHERE big = 3
SELECT amount AS shown FROM positions WHERE shown = 3
SELECT name AS amount FROM positions WHERE amount = 3
SELECT amount AS record FROM positions WHERE record.a = 3
SELECT record.a FROM positions AS record WHERE record.amount = 3
"""),
    "names": statements(r"""
SELECT name AS "x FROM positions --" FROM positions
SELECT name AS "a""b", ds AS "c'd" FROM positions
SELECT "p; DROP TABLE positions"."name" FROM positions AS "p; DROP TABLE positions"
SELECT "read_csv('/etc/passwd')".name FROM positions AS "read_csv('/etc/passwd')"
SELECT "a.b".name::integer FROM positions "a.b"
SELECT "x y" FROM positions AS p("x y", "z""z") WHERE "z""z"::integer > 4
SELECT sum(amount) OVER "w) FROM positions --" FROM positions
    WINDOW "w) FROM positions --" AS (ORDER BY name::integer)
SELECT list_transform(tags, "x) FROM many --" -> "x) FROM many --"::integer) FROM positions
SELECT {'a" FROM many --': name::integer} FROM positions
SELECT struct_pack("a' || 'b" := name::integer) FROM positions
WITH "x FROM positions --" AS (SELECT name::integer AS n FROM positions)
    SELECT max(n) FROM "x FROM positions --"
SELECT max("☃") FROM (SELECT name::integer AS "☃" FROM positions)
SELECT 'ünïcödé ☃ ' || name AS "Größe" FROM positions
SELECT E'\'; DROP TABLE positions; --' || name FROM positions
SELECT $$it's $$ || name FROM positions
SELECT '''; SELECT * FROM ungranted; --' || name FROM positions
SELECT name /* FROM ungranted */ FROM positions -- WHERE false
SELECT/**/name/**/FROM/**/positions/**/WHERE/**/name::integer/**/>/**/4
SELECT NAME, Ds FROM POSITIONS WHERE "FUND_ID" = 'F001'
SELECT "positions"."name" FROM "positions" WHERE positions.name = 5
SELECT external_nomura_data.positions.name FROM external_nomura_data.positions
SELECT p.name FROM external_nomura_data.positions AS p WHERE p.name = 5
SELECT r.many.i FROM (SELECT {'many': {'i': 7}} AS r) x, many WHERE many.i = 5
SELECT name FROM positions;
SELECT count(*) FROM positions WHERE fund_id = 'F001' -- '
SELECT count(*) FROM positions WHERE fund_id = 'F001'' OR ''1'' = ''1'
SELECT count(*) FROM positions WHERE fund_id = 'F001' OR 1 = 1
SELECT count(*) FROM positions WHERE (fund_id = 'F001') IS NOT NULL
SELECT count(*) FROM positions WHERE true OR fund_id = 'F001'
SELECT count(*) FROM positions WHERE fund_id = 'F001' OR fund_id = 'F999'
SELECT count(*) FROM positions WHERE fund_id IN ('F001', 'F999') AND name::integer >= 0
SELECT count(*) FROM positions WHERE fund_id BETWEEN 'F000' AND 'FZZZ' AND 10 // amount >= 0
SELECT CAST(name AS "integer") FROM positions
SELECT count(*) FROM positions WHERE name COLLATE "nocase" = 'x'
"""),
    "masks": statements(r"""
SELECT * FROM prices
SELECT fund_id, count(*), count(quote), count(divisor), count(detail), count(marks) FROM prices GROUP BY 1
SELECT sum(quote::integer), sum(10 // divisor), min(seen::date) FROM prices
SELECT count(*) FROM prices WHERE quote = 5
SELECT count(*) FROM prices WHERE quote IS NULL
SELECT count(*) FROM prices WHERE quote IS NOT NULL AND name::integer >= 0
SELECT count(*) FROM prices WHERE divisor = 0
SELECT count(*) FROM prices WHERE divisor <> 0 OR divisor IS NULL
SELECT count(*) FROM prices WHERE divisor BETWEEN 0 AND 5
SELECT count(*) FROM prices WHERE divisor IN (0, 3)
SELECT count(*) FROM prices WHERE fund_id = 'F002' AND divisor = 0
SELECT count(*) FROM prices WHERE fund_id = 'F002' AND quote LIKE 'SECRET%'
SELECT count(*) FROM prices WHERE fund_id = 'F002' AND quote > 'A'
SELECT fund_id, quote, divisor FROM prices WHERE fund_id = 'F002'
SELECT name, quote::integer, 10 // divisor FROM prices ORDER BY quote::integer NULLS FIRST
SELECT fund_id, detail.b::integer, 10 // detail.a FROM prices
SELECT fund_id, marks[1]::integer FROM prices
SELECT sum(x::integer) FROM prices, unnest(marks) AS t(x)
SELECT CASE WHEN fund_id = 'F002' THEN error(quote) ELSE quote END FROM prices
SELECT coalesce(quote, 'none') FROM prices WHERE CASE WHEN divisor = 0 THEN error(quote)::boolean ELSE true END
SELECT count(*) FROM prices a JOIN prices b ON a.quote = b.quote
SELECT count(*) FROM prices a JOIN prices b ON a.divisor = b.divisor OR a.quote::integer = b.name::integer
SELECT count(*) FROM prices JOIN many ON i = quote::integer
SELECT count(*) FROM many WHERE i NOT IN (SELECT divisor FROM prices)
SELECT count(*) FROM many WHERE i NOT IN (SELECT divisor FROM prices WHERE fund_id = 'F001')
SELECT count(DISTINCT quote), count(DISTINCT divisor), max(quote), min(divisor) FROM prices
SELECT string_agg(quote, ',' ORDER BY name) FROM prices
SELECT quote, count(*) FROM prices GROUP BY quote HAVING max(quote::integer) > 4 OR quote IS NULL
SELECT fund_id, lag(quote::integer) OVER (PARTITION BY fund_id ORDER BY name) FROM prices
SELECT fund_id, first_value(quote IGNORE NULLS) OVER (ORDER BY fund_id DESC, name) FROM prices
SELECT arg_max(fund_id, divisor), arg_min(quote, name || fund_id), any_value(quote ORDER BY name) FROM prices
SELECT hash(quote) = hash(NULL::varchar), typeof(quote) FROM prices WHERE fund_id = 'F002'
SELECT prices FROM prices
SELECT COLUMNS('(quote|divisor|seen)') FROM prices WHERE seen = DATE '2024-01-01'
SELECT quote FROM prices UNION SELECT seen FROM prices
SELECT quote FROM prices EXCEPT SELECT name FROM prices
SELECT TRY_CAST(quote AS integer), try(seen::date) FROM prices
SELECT list_filter(marks, x -> x::integer > 3), detail.b FROM prices
"""),
    "partitions": statements(r"""
SELECT * FROM navs
SELECT count(*), count(DISTINCT as_of), min(as_of), max(as_of), min(fund_id), max(fund_id) FROM navs
SELECT DISTINCT fund_id, as_of FROM navs
SELECT count(*) FROM navs WHERE fund_id = 'F999'
SELECT count(*) FROM navs WHERE fund_id <> 'F001'
SELECT count(*) FROM navs WHERE fund_id > 'F001' OR as_of < DATE '2000-01-01'
SELECT count(*) FROM navs WHERE as_of = DATE '1666-06-06'
SELECT count(*) FROM navs WHERE as_of < DATE '2000-01-01'
SELECT count(*) FROM navs WHERE as_of = '2024-01-02'
SELECT count(*) FROM navs WHERE as_of BETWEEN DATE '1600-01-01' AND DATE '2024-01-02'
SELECT count(*) FROM navs WHERE as_of IN (DATE '1666-06-06', DATE '2024-01-03')
SELECT count(*) FROM navs WHERE as_of::varchar = 'SECRET'
SELECT count(*) FROM navs WHERE as_of::varchar LIKE 'S%' OR fund_id LIKE '%9%'
SELECT count(*) FROM navs WHERE as_of IS NULL OR fund_id IS NULL
SELECT count(*) FROM navs WHERE as_of + 1 > DATE '2024-01-02' AND as_of::varchar::date IS NOT NULL
SELECT count(*) FROM navs WHERE as_of > DATE '2024-01-01' AND nav > 2 AND name::integer >= 0
SELECT count(*) FROM navs WHERE NOT (as_of = DATE '2024-01-02')
SELECT as_of, sum(nav) FROM navs GROUP BY as_of HAVING max(nav) < 100 OR error('seen')::boolean
SELECT max(nav), arg_max(as_of, nav), arg_min(fund_id, as_of) FROM navs
SELECT count(*) FROM navs a JOIN navs b ON a.as_of = b.as_of + 1 AND a.name::integer = b.name::integer
SELECT count(*) FROM navs JOIN positions ON as_of = ds::date
SELECT as_of FROM navs ORDER BY as_of LIMIT 1
SELECT as_of FROM navs ORDER BY fund_id DESC, as_of LIMIT 1
SELECT CASE WHEN fund_id <> 'F001' THEN error(as_of::varchar) ELSE fund_id END FROM navs
SELECT histogram(fund_id), string_agg(DISTINCT fund_id, ','), list(DISTINCT as_of ORDER BY as_of) FROM navs
SELECT count(*) FROM (SELECT * FROM navs WHERE fund_id = 'F999') WHERE as_of = DATE '2024-01-02'
SELECT count(*) FROM navs WHERE year(as_of) = 1666
SELECT count(*) FROM navs TABLESAMPLE 100% WHERE as_of >= DATE '2024-01-02'
WITH n AS (SELECT * FROM navs WHERE as_of = DATE '2024-01-02') SELECT count(*), max(nav) FROM n
SELECT count(*) FROM navs AS n(a, b, c, d) WHERE c = 'F001' AND d = DATE '2024-01-02' AND b = 1
"""),
}
ANSWERS["casts"] = [place.format(cast) for cast in CASTS for place in PLACES]
# A sample is taken before WHERE is asked: of twenty samples of one row, not all hold the same one.
ANSWERS["samples"].append(
    "SELECT sum(n) < 20 FROM (" + " UNION ALL ".join(
        ["SELECT count(*) AS n FROM positions WHERE amount = 3 USING SAMPLE 1 ROWS"] * 20) + ")")

# They fail in plain DuckDB, too: with what they were given, which is the asker's own.
FAILURES = statements(r"""
SELECT error(name) FROM positions
SELECT error(string_agg(name, ',' ORDER BY name)) FROM positions
SELECT error(max(words)), error(max(big)::varchar) FROM positions
SELECT error(positions::varchar) FROM positions
SELECT CAST(fund_id AS integer) FROM positions
SELECT CAST(max(fund_id) AS integer) FROM positions
SELECT CAST(ds AS integer) FROM positions
SELECT CAST(name AS date) FROM positions
SELECT CAST(name AS boolean) FROM positions
SELECT CAST(code AS bigint) FROM positions
SELECT CAST(words AS timestamp) FROM positions
SELECT CAST(note AS integer[]) FROM positions
SELECT CAST(words AS json) FROM positions
SELECT CAST(pattern AS uuid) FROM positions
SELECT CAST(tags AS date[]) FROM positions
SELECT CAST(record.b AS date) FROM positions
SELECT CAST(record AS struct(a date, b integer)) FROM positions
SELECT CAST(pairs AS map(varchar, date)) FROM positions
SELECT CAST(amount + 300 AS tinyint) FROM positions
SELECT CAST(ratio * 1e30 AS bigint) FROM positions WHERE ratio > 0
SELECT CAST(price AS decimal(4,4)) FROM positions
SELECT CAST(day + 200000000 AS timestamp) FROM positions
SELECT CAST(name || 'x' AS enum('a', 'b')) FROM positions
SELECT amount * 9223372036854775807 FROM positions
SELECT big - 9223372036854775807 - 10 FROM positions
SELECT sum(amount * 1000000000000000000)::bigint FROM positions
SELECT (amount + 120)::tinyint FROM positions
SELECT ln(big) FROM positions
SELECT sqrt(-amount) FROM positions
SELECT log10(big - 5) FROM positions
SELECT acos(amount) FROM positions
SELECT 1 << amount + 70 FROM positions
SELECT factorial((amount * 20)::integer) FROM positions
SELECT round(price, name::integer) FROM positions
SELECT strptime(name, '%Y-%m-%d') FROM positions
SELECT strptime(ds, '%d/%m/%Y') FROM positions
SELECT date_part(name, day) FROM positions
SELECT date_trunc(words, day) FROM positions
SELECT date_diff(fund_id, day, day) FROM positions
SELECT make_date(2024, amount + 5, 31) FROM positions
SELECT make_timestamp(2024, 2, 25 + amount, 0, 0, 0) FROM positions
SELECT timezone(name, moment)::varchar FROM positions
SELECT day + INTERVAL (amount * 100000000) DAY FROM positions
SELECT to_timestamp(amount * 1e18) FROM positions
SELECT regexp_matches(ds, '(' || name) FROM positions
SELECT regexp_matches(ds, '(') FROM positions
SELECT name LIKE '%' ESCAPE words FROM positions
SELECT format(note, amount) FROM positions
SELECT printf(picture, name) FROM positions
SELECT from_hex(ds) FROM positions
SELECT from_base64(ds) FROM positions
SELECT decode(from_hex('FF')) || name FROM positions
SELECT chr(-amount::integer) FROM positions
SELECT hamming(name, ds) FROM positions
SELECT bar(amount, 0, 10, big - 5) FROM positions
SELECT json_extract(words, '$.a') FROM positions
SELECT json_extract(note, '$[' || name) FROM positions
SELECT from_json(words, '{"a": "INTEGER"}') FROM positions
SELECT json_keys(ds) FROM positions
SELECT tags[1]::date FROM positions
SELECT tags::varchar[3] FROM positions
SELECT list_transform(tags, x -> x::date) FROM positions
SELECT list_reduce(list_filter(tags, x -> x = 'none'), (a, b) -> a || b) FROM positions
SELECT map([name, name], tags) FROM positions
SELECT map([name], tags) FROM positions
SELECT map([NULL], [name]) FROM positions
SELECT name FROM positions LIMIT (SELECT -max(amount) FROM positions)
SELECT ntile(amount - 5) OVER (ORDER BY amount) FROM positions
SELECT (SELECT name FROM positions)
SELECT (SELECT b.name FROM positions b WHERE b.amount >= a.amount) FROM positions a
SELECT quantile_cont(amount, 2.0) FROM positions
SELECT approx_quantile(amount, name::double) FROM positions
SELECT count(*) FROM positions WHERE name < 5
SELECT count(*) FROM positions WHERE 5 >= name OR name > ratio
SELECT count(*) FROM positions WHERE name BETWEEN 2 AND 4
SELECT count(*) FROM positions WHERE ds > DATE '2024-01-03' AND fund_id = 'F001'
SELECT count(*) FROM positions WHERE ds < moment
SELECT count(*) FROM positions WHERE clock > TIME '10:00:05'
SELECT count(*) FROM positions WHERE row(name, amount) > row(5, 5)
SELECT count(*) FROM positions WHERE name IN (SELECT i FROM many)
SELECT count(*) FROM positions WHERE (SELECT max(i) FROM many) > name
SELECT count(*) FROM positions WHERE name = 'x'::integer
SELECT count(*) FROM positions WHERE words = 5
SELECT count(*) FROM positions WHERE ds IN (1, 2)
SELECT count(*) FROM positions WHERE code = DATE '2024-01-01'
SELECT count(*) FROM positions WHERE day = 'yesterday'
SELECT count(*) FROM positions WHERE amount = 'three'
SELECT count(*) FROM positions WHERE declared = 'three'
SELECT count(*) FROM positions WHERE sum(amount) > 3
SELECT name, sum(amount) FROM positions
SELECT sum(name) FROM positions
SELECT name + 1 FROM positions
SELECT count(*) FROM positions JOIN many ON words = i
SELECT count(*) FROM positions JOIN many ON ds::integer = i
SELECT count(*) FROM positions a JOIN positions b ON a.words::integer = b.amount
SELECT max(words::integer) FROM positions GROUP BY flag
SELECT name FROM positions ORDER BY words::integer
SELECT name FROM positions GROUP BY name HAVING max(words)::integer > 1
SELECT name FROM positions QUALIFY max(words::integer) OVER () > 1
SELECT count(*) FILTER (WHERE words::integer > 1) FROM positions
SELECT CASE WHEN amount > 5 THEN words::integer END FROM positions
SELECT coalesce(NULL, words::integer) FROM positions
SELECT name::integer FROM positions UNION SELECT words::integer FROM positions
SELECT name FROM positions UNION SELECT amount, big FROM positions
WITH n AS (SELECT words::integer AS n FROM positions) SELECT max(n) FROM n
WITH n AS MATERIALIZED (SELECT words::integer AS n FROM positions) SELECT max(n) FROM n
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT words::integer FROM positions, t WHERE n < 3)
    SELECT max(n) FROM t
SELECT words::integer FROM positions TABLESAMPLE 100%
SELECT * REPLACE (words::integer AS name) FROM positions
SELECT COLUMNS('(name|words)')::integer FROM positions
SELECT quote::date FROM prices
SELECT error(quote) FROM prices WHERE quote IS NOT NULL
SELECT error(string_agg(coalesce(quote, 'none'), ',' ORDER BY fund_id, name)) FROM prices
SELECT 10 // (divisor - 3) + divisor * 9223372036854775807 FROM prices
SELECT marks[1]::date FROM prices
SELECT error(fund_id || as_of) FROM navs
SELECT as_of::varchar::integer FROM navs
SELECT error(max(as_of)::varchar) FROM navs
SELECT unnest(name) FROM positions
SELECT name.field FROM positions
SELECT record.c FROM positions
SELECT struct_extract(record, 'trade') FROM positions
SELECT pairs['k'].x FROM positions
SELECT COLUMNS('nothing.*') FROM positions
SELECT * EXCLUDE (nothing) FROM positions
SELECT * REPLACE (1 AS nothing) FROM positions
SELECT name COLLATE nothing FROM positions
SELECT name::nothing FROM positions
SELECT name 'in quotes' FROM positions
SELECT sum(amount) OVER nothing FROM positions
SELECT count(*) FROM positions JOIN many USING (nothing)
SELECT count(*) FROM positions NATURAL JOIN many
SELECT U&'\0041' || name FROM positions
""")

# What plain DuckDB may answer, and the exchange does not: by the beginning of the reason.
REFUSALS = {
    "INVALID_PARAMETER_USAGE: ": ["SELECT ?", "SELECT name FROM positions WHERE name = ?"],
    "InvalidInputException: ": ["CREATE VIEW mine AS SELECT * FROM positions"],
    "EntityNotFoundException: ": ["DROP TABLE positions"],
    "AccessDenied": ["SHOW PARTITIONS navs", "MSCK REPAIR TABLE navs"],
    "COLUMN_NOT_FOUND: ": statements(r"""
SELECT trade FROM positions
SELECT rowid FROM positions
SELECT max(rowid) FROM positions
SELECT count(*) FROM positions WHERE rowid > 10
SELECT file_row_number FROM positions
SELECT max(file_row_number) FROM positions
SELECT filename FROM positions
SELECT filename FROM navs
SELECT count(*) FROM positions WHERE filename LIKE '%gold%'
SELECT file_index FROM positions
SELECT file_last_modified FROM positions
SELECT gold FROM positions
SELECT region FROM navs
SELECT __internal_compress FROM positions
SELECT "positions.parquet" FROM positions
"""),
    "TABLE_NOT_FOUND: ": statements(r"""
SELECT * FROM nowhere
SELECT * FROM nomura_data_products.positions
SELECT * FROM awsdatacatalog.nomura_data_products.positions
SELECT * FROM '/etc/passwd'
SELECT * FROM "/etc/passwd"
SELECT * FROM '/etc/passwd' AS positions
SELECT * FROM '/proc/self/environ'
SELECT * FROM 'file:///etc/passwd'
SELECT * FROM 's3://nomura-data-lake/gold/positions/positions.parquet'
SELECT * FROM 'https://127.0.0.1/positions.parquet'
SELECT * FROM 'gold/positions/positions.parquet'
SELECT * FROM 'positions.parquet'
SELECT * FROM '../*/positions.parquet'
SELECT * FROM '**/*.parquet'
SELECT * FROM "positions.csv"
SELECT * FROM 'positions.json'
SELECT * FROM "x.db".positions
SELECT count(*) FROM positions, '/etc/passwd'
SELECT count(*) FROM positions WHERE EXISTS (SELECT 1 FROM '/etc/passwd')
SELECT (SELECT max(trader) FROM ungranted)
SELECT count(*) FROM positions LEFT JOIN ungranted ON true
WITH x AS (SELECT * FROM ungranted) SELECT count(*) FROM positions
WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a
SELECT * FROM (WITH sqlite_master AS (SELECT 1) SELECT * FROM sqlite_master), sqlite_master
WITH RECURSIVE sqlite_master AS (SELECT * FROM sqlite_master UNION ALL SELECT * FROM sqlite_master)
    SELECT * FROM sqlite_master
WITH x AS (SELECT 1) SELECT * FROM main.x
SELECT * FROM positions UNION SELECT * FROM ungranted
SELECT 1 FROM positions WHERE 1 IN (SELECT 1 FROM ungranted)
SELECT * FROM system.information_schema.columns
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_tables
SELECT * FROM sqlite_master
SELECT * FROM duckdb_tables
SELECT * FROM duckdb_columns
SELECT * FROM duckdb_logs
SELECT * FROM system.main.duckdb_settings
SELECT * FROM temp.main.positions
SELECT * FROM memory.main.positions
SELECT * FROM main.positions
SELECT * FROM "positions$partitions"
SELECT * FROM "navs$partitions"
SELECT * FROM "positions "
SELECT * FROM "external_nomura_data.positions"
TABLE ungranted
FROM ungranted SELECT count(*)
"""),
    "FUNCTION_NOT_FOUND: ": statements(r"""
SELECT * FROM read_parquet('gold/positions/positions.parquet')
SELECT * FROM read_parquet(['gold/positions/positions.parquet'], file_row_number = true)
SELECT * FROM parquet_scan('**/*.parquet')
SELECT * FROM parquet_metadata('**/positions.parquet')
SELECT * FROM parquet_schema('**/positions.parquet')
SELECT * FROM parquet_file_metadata('**/positions.parquet')
SELECT * FROM parquet_kv_metadata('**/positions.parquet')
SELECT * FROM parquet_bloom_probe('**/positions.parquet', 'name', 'SECRET-1')
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_csv_auto('/etc/passwd')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM read_json('/etc/passwd')
SELECT * FROM read_json_auto('/etc/passwd')
SELECT * FROM read_ndjson('/etc/passwd')
SELECT * FROM read_json_objects('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM glob('/**')
SELECT * FROM positions, LATERAL read_text(positions.name)
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_columns()
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_functions()
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_schemas()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_memory()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM duckdb_variables()
SELECT * FROM duckdb_logs()
SELECT * FROM duckdb_types()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM duckdb_external_file_cache()
SELECT * FROM pragma_table_info('positions')
SELECT * FROM pragma_storage_info('positions')
SELECT * FROM pragma_database_list()
SELECT * FROM pragma_database_size()
SELECT * FROM pragma_show('positions')
SELECT * FROM pragma_metadata_info()
SELECT * FROM query('SELECT * FROM ungranted')
SELECT * FROM query_table('positions')
SELECT * FROM seq_scan('positions')
SELECT * FROM summary((SELECT * FROM positions))
SELECT * FROM histogram_values('positions', name)
SELECT * FROM repeat('x', 3)
SELECT * FROM checkpoint()
SELECT * FROM force_checkpoint()
SELECT * FROM enable_logging()
SELECT * FROM which_secret('s3://nomura-data-lake/', 's3')
SELECT * FROM sql_auto_complete('SELECT * FROM pos')
SELECT * FROM json_execute_serialized_sql('{}')
SELECT * FROM from_substrait('x')
SELECT * FROM json_each('{"a": 1}')
SELECT * FROM positions, json_tree(positions.note)
SELECT * FROM test_all_types()
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM pandas_scan(1)
SELECT stats(name) FROM positions
SELECT stats(big), stats(day) FROM positions LIMIT 1
SELECT vector_type(name) FROM positions
SELECT getenv('HOME')
SELECT getvariable('x')
SELECT current_setting('allowed_directories')
SELECT current_query()
SELECT current_database(), current_schema()
SELECT current_schemas(true)
SELECT version()
SELECT txid_current()
SELECT nextval('x')
SELECT currval('x')
SELECT read_text('/etc/passwd')
SELECT write_log(name) FROM positions
SELECT in_search_path('a', 'b')
SELECT json_serialize_sql('SELECT 1')
SELECT json_deserialize_sql('{}')
SELECT json_serialize_plan('SELECT * FROM positions')
SELECT json_structure(note) FROM positions
SELECT json_transform(note, '{"a": "INTEGER"}') FROM positions
SELECT json_group_array(name) FROM positions
SELECT json_merge_patch(note, note) FROM positions
SELECT list_aggregate(tags, 'max') FROM positions
SELECT list_aggr(tags, 'stats') FROM positions
SELECT array_aggregate(tags, 'histogram') FROM positions
SELECT list_apply(tags, x -> x) FROM positions
SELECT [x::integer FOR x IN tags IF x::integer > 3] FROM positions
SELECT histogram_exact(name, ['SECRET-1']) FROM positions
SELECT approx_top_k(name, 3) FROM positions
SELECT reservoir_quantile(amount, 0.5) FROM positions
SELECT bitstring_agg(big) FROM positions
SELECT icu_sort_key(name, 'de') FROM positions
SELECT uuid(), gen_random_uuid()
SELECT setseed(0.5)
SELECT pg_typeof(name), pg_size_pretty(big) FROM positions
SELECT has_table_privilege('positions', 'SELECT')
SELECT pg_get_expr('x', 1), pg_get_viewdef('x'), obj_description(1, 'x')
SELECT is_histogram_other_bin(name) FROM positions
SELECT create_sort_key(name, 'ASC') FROM positions
SELECT invoke(lambda x : x, name) FROM positions
SELECT parse_path('/etc/passwd'), parse_filename(name) FROM positions
SELECT __internal_compress_string_utinyint(name) FROM positions
SELECT alias(name), can_cast_implicitly(name, 1) FROM positions
SELECT main.read_text('/etc/passwd')
SELECT system.main.length(name) FROM positions
SELECT pg_catalog.length(name) FROM positions
SELECT "count(*) FROM ungranted --"(name) FROM positions
SELECT name.getenv() FROM positions
SELECT list_transform(['HOME'], x -> getenv(x))
"""),
    "NOT_SUPPORTED: ": statements(r"""
PIVOT positions ON name USING sum(amount)
PIVOT positions ON name IN ('0', '1') USING sum(amount)
SELECT * FROM positions PIVOT (sum(amount) FOR name IN ('0', 'SECRET-1'))
SELECT * FROM (PIVOT positions ON name USING sum(amount))
UNPIVOT positions ON name, ds INTO NAME k VALUE v
SELECT * FROM (SELECT name, ds FROM positions) UNPIVOT (v FOR k IN (name, ds))
SELECT * FROM (UNPIVOT positions ON COLUMNS(*) INTO NAME k VALUE v)
SELECT * FROM (DESCRIBE positions)
SELECT * FROM (SUMMARIZE positions)
SELECT * FROM (SHOW TABLES)
SELECT * FROM positions AT (VERSION => 1)
SELECT * FROM positions AT (TIMESTAMP => '2024-01-01')
SELECT $1, $name
SUMMARIZE positions
EXPLAIN ANALYZE SELECT name::integer FROM positions
COPY positions TO '/tmp/positions.csv'
COPY (SELECT * FROM positions) TO '/tmp/positions.parquet' (FORMAT parquet)
COPY positions FROM '/etc/passwd'
EXPORT DATABASE '/tmp/out'
IMPORT DATABASE '/tmp/out'
ATTACH '/tmp/x.db'
ATTACH '/tmp/x.db' AS positions (READ_ONLY)
DETACH memory
USE memory
INSTALL httpfs
LOAD httpfs
LOAD '/tmp/x.duckdb_extension'
UPDATE EXTENSIONS
SET memory_limit = '100GB'
SET enable_external_access = true
SET search_path = 'nomura_data_products'
SET VARIABLE x = (SELECT max(name) FROM positions)
RESET lock_configuration
PRAGMA database_list
PRAGMA show_tables
PRAGMA table_info('positions')
PRAGMA storage_info('positions')
PRAGMA enable_profiling
PRAGMA version
CALL pragma_version()
CALL duckdb_tables()
CALL read_text('/etc/passwd')
INSERT INTO positions SELECT * FROM positions
UPDATE positions SET fund_id = 'F001'
DELETE FROM positions
TRUNCATE positions
MERGE INTO positions USING many ON true WHEN MATCHED THEN DELETE
CREATE TABLE mine AS SELECT * FROM positions
ALTER TABLE positions ADD COLUMN x integer
ALTER TABLE positions RENAME TO mine
COMMENT ON TABLE positions IS 'x'
ANALYZE
VACUUM
CHECKPOINT
BEGIN
COMMIT
ROLLBACK
SELECT * FROM positions; DROP TABLE positions
SELECT 'x'; COPY positions TO '/tmp/x.csv'
"""),
    "SYNTAX_ERROR: ": statements(r"""
SHOW ALL TABLES
SHOW positions
PREPARE p AS SELECT * FROM positions
DEALLOCATE p
CREATE TEMP TABLE mine AS SELECT * FROM positions
CREATE MACRO length(x) AS error(x)
CREATE MACRO f() AS TABLE SELECT * FROM ungranted
CREATE SEQUENCE s
CREATE TYPE t AS ENUM (SELECT name FROM positions)
CREATE INDEX i ON positions (name)
CREATE SECRET s (TYPE s3)
DROP FUNCTION error
SELECT 1; SELECT 2
SELECT * FROM positions;; SELECT * FROM ungranted
SELECT 'HOME'.getenv()
WITH "/etc/passwd" AS (SELECT 1 AS one) SELECT * FROM "/etc/passwd"
WITH "positions.csv" AS (SELECT 1 AS one) SELECT * FROM "positions.csv"
WITH RECURSIVE "x.parquet" AS (SELECT 1 AS n UNION ALL SELECT n FROM "x.parquet") SELECT 1
WITH x AS (DELETE FROM positions) SELECT 1
WITH x AS (INSERT INTO many SELECT 1, 'x' RETURNING *) SELECT * FROM x
SELECT name FROM positions WHERE name = 'x
SELECT name FROM positions /* WHERE
SELECT * FROM positions WHERE ) OR (1 = 1
SELECT name INTO mine FROM positions
SELECT name FROM positions FOR UPDATE
GRANT SELECT ON positions TO PUBLIC
"""),
}

REFUSALS["SYNTAX_ERROR: "].append("SELECT name FROM positions; --\nSELECT * FROM ungranted")

# A column and a table that are there, and not granted.
UNKNOWN = statements(r"""
SELECT trader FROM positions
SELECT max(trader) FROM positions
SELECT positions.trader FROM positions
SELECT p.trader FROM positions p WHERE p.name = 5
SELECT count(*) FROM positions WHERE trader = 'x'
SELECT count(*) FROM positions WHERE trader IS NULL
SELECT count(*) FROM positions WHERE fund_id = 'F001' AND trader > 'x'
SELECT name FROM positions ORDER BY trader
SELECT count(*) FROM positions GROUP BY trader
SELECT count(*) FROM positions GROUP BY flag HAVING max(trader) > 'x'
SELECT name FROM positions QUALIFY max(trader) OVER () > 'x'
SELECT count(*) FROM positions a JOIN positions b ON a.trader = b.trader
SELECT count(*) FROM positions a JOIN positions b USING (trader)
SELECT count(*) FROM positions a WHERE EXISTS (SELECT 1 FROM many WHERE a.trader = t)
SELECT (SELECT trader) FROM positions
SELECT "TRADER" FROM positions
SELECT row(trader) FROM positions
SELECT list_transform([1], x -> trader) FROM positions
SELECT external_nomura_data.positions.trader FROM positions
SELECT * REPLACE (trader AS name) FROM positions
SELECT * EXCLUDE (trader) FROM positions
SELECT COLUMNS('trader') FROM positions
SELECT COLUMNS(c -> c = 'trader') FROM positions
SELECT COLUMNS(['trader']) FROM positions
SELECT max(name ORDER BY trader) FROM positions
SELECT sum(amount) OVER (PARTITION BY trader) FROM positions
SELECT count(*) FILTER (WHERE trader > 'x') FROM positions
SELECT struct_extract(positions, 'trader') FROM positions
SELECT (positions).trader FROM positions
SELECT positions['trader'] FROM positions
SELECT trader FROM positions UNION SELECT name FROM positions
WITH n AS (SELECT * FROM positions) SELECT trader FROM n
SELECT trader FROM positions TABLESAMPLE 100%
SELECT prices.trader FROM prices, positions
SELECT * FROM ungranted
SELECT count(*) FROM ungranted WHERE i = 5
SELECT nosuch(i) FROM ungranted
SELECT nosuch FROM ungranted
SELECT ungranted.i FROM ungranted
SELECT ungranted.i FROM positions
SELECT * FROM external_nomura_data.ungranted
SELECT count(*) FROM positions, ungranted
SELECT count(*) FROM positions NATURAL JOIN ungranted
SELECT count(*) FROM positions WHERE EXISTS (SELECT 1 FROM ungranted)
WITH x AS (SELECT * FROM ungranted) SELECT 1
WITH ungranted AS (SELECT * FROM ungranted) SELECT * FROM ungranted
SELECT 1 UNION ALL SELECT i FROM ungranted
SELECT * FROM ungranted TABLESAMPLE system(100%)
SELECT * FROM ungranted AT (VERSION => 1)
SELECT * FROM nomura_data_products.ungranted
""")

# The engine names a column after its expression, and prints expressions in errors: what stands in a
# table's place is not to be read there. With PAD before it, an error ends before the path of the file.
PRINTED = [sql.replace("PAD", "'" + "x" * 1200 + "'") for sql in statements(r"""
SELECT (SELECT max(name) FROM positions)
SELECT (SELECT max(name) FROM prices) = '9' FROM many
SELECT (SELECT max(name) FROM prices)::integer + 1
SELECT (SELECT max(name) FROM prices)[1]
SELECT coalesce((SELECT max(name) FROM prices), 'x')
SELECT [(SELECT max(name) FROM prices)], {'a': (SELECT max(name) FROM positions)}
SELECT row((SELECT max(name) FROM prices))::varchar
SELECT unnest([(SELECT max(name) FROM prices)])
SELECT max((SELECT max(name) FROM positions)) FROM many
SELECT first(i ORDER BY (SELECT max(name) FROM positions)) FROM many
SELECT count(*) FILTER (WHERE EXISTS (SELECT max(name) FROM prices)) FROM many
SELECT count(*) OVER (ORDER BY (SELECT max(name) FROM prices)) FROM many LIMIT 1
SELECT EXISTS (SELECT 1 FROM prices WHERE divisor = 3)
SELECT NOT EXISTS (SELECT 1 FROM navs WHERE as_of = DATE '2024-01-02')
SELECT '5' IN (SELECT name FROM positions), 5 = ANY (SELECT amount FROM positions)
SELECT 5 > ALL (SELECT nav FROM navs)
SELECT ARRAY(SELECT name FROM prices ORDER BY 1)
SELECT CASE WHEN EXISTS (SELECT 1 FROM positions) THEN 'some' END
SELECT (SELECT b.name FROM positions b WHERE b.amount = a.amount) FROM positions a
SELECT (SELECT max(name) FROM prices) UNION ALL SELECT 'x'
WITH x AS (SELECT (SELECT max(name) FROM prices)) SELECT * FROM x
SELECT * FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT COLUMNS('.*') FROM (SELECT (SELECT max(name) FROM positions)) x
SELECT COLUMNS(c -> c LIKE '%parquet%') FROM (SELECT (SELECT max(name) FROM positions)) x
SELECT x FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT typeof(x) AS t FROM (SELECT (SELECT max(name) FROM positions)) x
SELECT x::varchar AS t, to_json(x) AS j FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT json_keys(to_json(x)) AS k FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT substr(typeof(x), 1000) AS t FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT error(row_to_json(x)::varchar) FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT error(substr(typeof(x), 500, 1500)) FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT error(replace(typeof(x), '/', '|')) FROM (SELECT (SELECT max(name) FROM navs)) x
SELECT x + 1 FROM (SELECT (SELECT max(name) FROM prices)) x
SELECT x + 1 FROM (SELECT (SELECT max(name || PAD) FROM prices)) x
SELECT x = 1 FROM (SELECT (SELECT max(name || PAD) FROM prices)) x
SELECT x::date FROM (SELECT (SELECT max(name || PAD) FROM prices)) x
SELECT struct_extract(x, 'nothing') FROM (SELECT (SELECT max(name || PAD) FROM prices)) x
SELECT COLUMNS('nothing') FROM (SELECT (SELECT max(name || PAD) FROM prices)) x
SELECT * FROM (SELECT (SELECT max(name || PAD) FROM prices)) x NATURAL JOIN many
SELECT name FROM prices UNION SELECT 'x' ORDER BY (SELECT max(name) FROM prices)
SELECT name FROM prices UNION SELECT 'x' ORDER BY (SELECT max(name || PAD) FROM prices)
SELECT name FROM prices EXCEPT SELECT 'x' ORDER BY EXISTS (SELECT PAD FROM prices)
SELECT name FROM prices INTERSECT SELECT 'x' ORDER BY '5' IN (SELECT name || PAD FROM prices)
SELECT nvl((SELECT max(name) FROM prices))
SELECT * FROM range((SELECT max(name) FROM prices))
SELECT (SELECT name, quote FROM prices)
""")]


# The tests


def secrets_in(answer, sql):
    """What the asker did not write itself."""
    shown = [answer.execution["Status"]]
    if answer.state == "SUCCEEDED":
        shown += [answer.columns, answer.rows]
    return [secret for secret in SECRETS if secret in str(shown) and secret not in sql]


def is_cost(scanned, sql, cost):
    """Whether the bytes are what the tables cost that the statement names, whatever it does with them.

    A table costs that for each time that it is read, and less only where partitions are left out.
    """
    named = {table: len(re.findall(rf"\b{table}\b", sql, re.IGNORECASE)) for table in cost}
    if named["navs"]:
        return scanned <= sum(times * cost[table] for table, times in named.items())
    times = itertools.product(*(range(named[table] + 1) for table in cost))
    return scanned in {sum(a * b for a, b in zip(one, cost.values())) for one in times}


def listed(groups):
    return [
        pytest.param(sql, id=f"{group} {number}")
        for group, sqls in groups.items() for number, sql in enumerate(sqls, 1)]


@pytest.mark.parametrize("sql", listed(ANSWERS))
def test_an_answer_is_of_what_was_granted(athena, plain, cost, sql):
    expected = plain.execute(sql).fetchall()
    answer = athena.ask(sql)
    assert not secrets_in(answer, sql)
    assert answer.state == "SUCCEEDED", answer.reason
    assert comparable(answer.rows) == comparable(expected)
    assert is_cost(scanned(answer), sql, cost)


@pytest.mark.parametrize("sql", listed({"failure": FAILURES}))
def test_a_failure_is_of_what_was_granted(athena, plain, sql):
    with pytest.raises(duckdb.Error):
        plain.execute(sql).fetchall()
    answer = athena.ask(sql)
    assert not secrets_in(answer, sql)
    assert answer.state == "FAILED"
    assert not scanned(answer)


@pytest.mark.parametrize("begin,sql", [
    pytest.param(begin, sql, id=f"{begin.strip(': ')} {number}")
    for begin, sqls in REFUSALS.items() for number, sql in enumerate(sqls, 1)])
def test_a_refusal_shows_nothing(athena, lake, begin, sql):
    answer = athena.ask(sql)
    assert not secrets_in(answer, sql)
    assert answer.state == "FAILED" and answer.reason.startswith(begin), answer.reason
    assert str(lake.directory) not in answer.reason and "root:" not in answer.reason
    assert not scanned(answer)


@pytest.mark.parametrize("sql", listed({"printed": PRINTED}))
def test_what_the_engine_prints_shows_nothing(athena, lake, sql):
    answer = athena.ask(sql)
    assert not secrets_in(answer, sql)
    assert str(lake.directory) not in answer.reason
    if answer.state == "SUCCEEDED":
        assert str(lake.directory) not in answer.csv


@pytest.mark.parametrize("sql", listed({"unknown": UNKNOWN}))
def test_what_is_not_granted_is_as_what_does_not_exist(athena, sql):
    told, *suggested = nonexistent(athena.reason(sql)).splitlines()
    assert told == athena.reason(nonexistent(sql)).splitlines()[0]
    assert not any("nobody" in line or "nonetable" in line for line in suggested)


def nonexistent(text):
    """The same of a column and a table that are not there."""
    return text.replace("trader", "nobody").replace("TRADER", "NOBODY").replace("ungranted", "nonetable")


def test_there_are_enough_attacks():
    asked = [sql for sqls in (
        *ANSWERS.values(), FAILURES, *REFUSALS.values(), PRINTED, UNKNOWN) for sql in sqls]
    assert len(set(asked)) == len(asked) >= STATEMENTS_MIN
