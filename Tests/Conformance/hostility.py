"""What a hostile subscriber sends: by name, and with how its failure begins.

In the texts `{canary}` is a directory that nobody was granted, `{lake}` and `{data}` are the provider's
and the exchange's own, and at `{port}` of this machine someone listens.
"""


def nested(left, inner, right, depth):
    return left * depth + inner + right * depth


TOO_DEEP = ("SYNTAX_ERROR", "QUERY_TOO_LARGE", "SEMANTIC_ERROR")
OUT_OF_MEMORY = ("EXCEEDED_MEMORY_LIMIT",)
NOT_A_QUESTION = ("NOT_SUPPORTED", "SYNTAX_ERROR")
NOT_THERE = ("TABLE_NOT_FOUND", "FUNCTION_NOT_FOUND", "NOT_SUPPORTED", "SYNTAX_ERROR")

# Deeper than the parser goes, than a tree may be, or than the engine binds.
DEEP = {
    "brackets": "SELECT " + nested("(", "1", ")", 20_000),
    "NOT": "SELECT " + "NOT " * 30_000 + "true",
    "minus": "SELECT " + "- " * 50_000 + "1",
    "calls": "SELECT " + nested("abs(", "1", ")", 900),
    "more calls": "SELECT " + nested("abs(", "1", ")", 5_000),
    "CASE": "SELECT " + nested("CASE WHEN true THEN ", "1", " END", 400),
    "BETWEEN": "SELECT " + nested("(1 BETWEEN 0 AND ", "1", ")", 2_000),
    "casts": "SELECT 1" + "::int" * 900,
    "more casts": "SELECT 1" + "::int" * 40_000,
    "joined text": "SELECT " + "||".join(["'x'"] * 50_000),
    "arrows": "SELECT '{}'" + "->'a'" * 30_000,
    "places in lists": "SELECT [1]" + "[1]" * 40_000,
    "lists": "SELECT " + nested("[", "1", "]", 500),
    "structures": "SELECT " + nested("{'a': ", "1", "}", 3_000),
    "maps": "SELECT " + nested("MAP {1: ", "1", "}", 1_000),
    "lambdas": "SELECT " + nested("list_transform([1], x -> ", "1", ")[1]", 500),
    "list types": "SELECT CAST(NULL AS INTEGER" + "[]" * 50_000 + ")",
    "structure types": "SELECT CAST(NULL AS " + nested("STRUCT(a ", "INTEGER", ")", 2_000) + ")",
    "sub-queries in FROM": "SELECT * FROM " + nested("(SELECT * FROM ", "(SELECT 1)", ")", 300),
    "more sub-queries in FROM": "SELECT * FROM " + nested("(SELECT * FROM ", "(SELECT 1)", ")", 3_000),
    "scalar sub-queries": "SELECT " + nested("(SELECT ", "1", ")", 200),
    "EXISTS": "SELECT 1 WHERE " + nested("EXISTS (SELECT 1 WHERE ", "true", ")", 200),
    "joins": "SELECT 1 FROM " + nested("(", "(SELECT 1) a", " CROSS JOIN (SELECT 1) b)", 1_500),
    "WITH in WITH": nested("WITH a AS (", "SELECT 1", ") SELECT * FROM a", 100),
    "more WITH in WITH": nested("WITH a AS (", "SELECT 1", ") SELECT * FROM a", 2_000),
    "WITH of WITH":
        "WITH a0 AS (SELECT 1 AS x)" + "".join(
            f", a{place} AS (SELECT * FROM a{place - 1})" for place in range(1, 1_500))
        + " SELECT * FROM a1499",
    "COLUMNS": "SELECT COLUMNS('.*')" + " + COLUMNS('.*')" * 2_000 + " FROM nav_history",
    "grouping sets": "SELECT count(*) FROM nav_history GROUP BY CUBE ("
                     + ", ".join(f"nav + {place}" for place in range(20)) + ")",
    "a number": "SELECT " + "9" * 200_000,
    "a quote": "SELECT '" + "'" * 250_000,
    "dollars": "SELECT " + "$" * 200_000,
}
# Deep as well, and answered.
DEEP_ANSWERS = {
    "text that is no JSON": ("SELECT json_valid(repeat('[', 5000000))", [["false"]]),
    "JSON": ("SELECT length(CAST(repeat('[', 1000) || repeat(']', 1000) AS JSON))", [["2000"]]),
    "a pattern": ("SELECT regexp_matches('a', '" + nested("(", "a", ")", 100_000) + "')", [["true"]]),
    "a pattern with many stars": ("SELECT repeat('a', 5000) LIKE repeat('%a', 30) || 'b'", [["false"]]),
    "tables that double": (
        "WITH a0 AS (SELECT 1 AS x)" + "".join(
            f", a{place} AS (SELECT l.x FROM a{place - 1} l, a{place - 1} r)" for place in range(1, 30))
        + " SELECT count(*) FROM a29", [["1"]]),
}

# Takes half of what a worker's engine may have, and is answered.
HALF_OF_MEMORY = "SELECT len(array_agg(range)) FROM range(40000000)"
MEMORY = {
    "a list that is resized": "SELECT len(list_resize([1], 2000000000, 0))",
    "a list of numbers": "SELECT len(range(3000000000))",
    "a series": "SELECT len(generate_series(1, 3000000000))",
    "a list repeated": "SELECT len(repeat([1, 2, 3], 1000000000))",
    "two lists": "SELECT len(list_zip(range(300000000), range(300000000)))",
    "a list that is sorted": "SELECT len(list_sort(range(500000000)))",
    "a list as JSON": "SELECT length(to_json(range(500000000))::varchar)",
    "a list that grows":
        "SELECT length(list_reduce(list_transform(range(100), x -> 'x'), (a, b) -> a || a || b))",
    "lists in a list": "SELECT len(flatten(list(range(1000000)))) FROM range(100000)",
    "a list of all": "SELECT len(array_agg(range)) FROM range(1000000000)",
    "a list each": "SELECT a.range, list(b.range) FROM range(100000) a, range(100000) b GROUP BY 1",
    "text of all": "SELECT length(string_agg(range::varchar, '')) FROM range(1000000000)",
    "digits of text": "SELECT length(hex(repeat('x', 1500000000)))",
    "base 64": "SELECT length(base64(encode(repeat('x', 1500000000))))",
    "a picture": "SELECT length(format('{:2000000000}', 1))",
    "values":
        "SELECT count(*) FROM (VALUES (repeat('x', 2000000000))) a, "
        "(VALUES (repeat('x', 2000000000))) b",
    "structures":
        "SELECT count(*) FROM "
        "(SELECT DISTINCT {'a': repeat('x', 100000) || range} FROM range(10000000))",
    "lists unnested": "SELECT unnest(" + nested("[", "1", "]", 150) + ", recursive := true)",
    "text that doubles":
        "WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t) "
        "SELECT max(length(s)) FROM t",
    "a list that doubles":
        "WITH RECURSIVE t(l) AS (SELECT [1] UNION ALL SELECT list_concat(l, l) FROM t) "
        "SELECT max(len(l)) FROM t",
    "a window":
        "SELECT max(len(l)) FROM (SELECT list(repeat('x', 10000)) OVER (ORDER BY range "
        "ROWS BETWEEN 500 PRECEDING AND CURRENT ROW) AS l FROM range(100000))",
    "an order": "SELECT repeat('x', 1000000) AS s FROM range(1000000) ORDER BY s || range LIMIT 100000",
    "correlation":
        "SELECT count(*) FROM range(1000000) a WHERE "
        "(SELECT list(b.range) FROM range(1000000) b WHERE b.range <> a.range) IS NOT NULL",
}

# Without an end that anyone waits for: while it runs, while it is planned, or in a single value.
ENDLESS = {
    "stars of GLOB": "SELECT repeat('a', 5000) GLOB repeat('*a', 30) || 'b'",
    "a distance": "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
    "numbers that are new each time":
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "a table with a key":
        "WITH RECURSIVE t(k, v) USING KEY (k) AS (SELECT 1, 1 UNION SELECT k + 1, v FROM t) "
        "SELECT count(*) FROM t",
    "a lateral join":
        "SELECT sum(l.n) FROM range(100000) a, "
        "LATERAL (SELECT count(*) AS n FROM range(1000000) b WHERE b.range % 7 <> a.range) l",
    "lambdas to bind": "SELECT " + nested("list_transform([1], x -> ", "1", ")[1]", 50),
    "joins to plan": "SELECT count(*) FROM nav_history a0" + "".join(
        f" JOIN nav_history a{place} ON a{place}.nav = a0.nav" for place in range(1, 400)),
    "a series of moments":
        "SELECT count(*) FROM generate_series("
        "TIMESTAMP '1000-01-01', TIMESTAMP '9000-01-01', INTERVAL 1 MICROSECOND)",
}
# What does not fit the memory and goes to the disk.
SPILLS = {
    "an order":
        "SELECT max(m) FROM (SELECT md5(range::varchar) AS m, repeat('x', 500) || range AS s "
        "FROM range(1000000000) ORDER BY m, s OFFSET 999999999)",
    "a window":
        "SELECT max(n), max(s) FROM (SELECT row_number() OVER (ORDER BY md5(range::varchar)) AS n, "
        "repeat('x', 5000) || range AS s FROM range(1000000000))",
}

# End the engine's process: each goes deeper than its stack.
CRASHES = {
    "fields of fields": "SELECT a" + ".a" * 60_000 + " FROM (SELECT {'a': 1} AS a)",
    "JSON within JSON":
        "SELECT json_contains("
        "repeat('[', 500000) || repeat(']', 500000), repeat('[', 500000) || repeat(']', 500000))",
}

# What stands where a table's name would; the first ones for each of the canary's files.
FILE_NAMES = """
'{file}'
"{file}"
'file://{file}'
'{file}?'
'{canary}/*'
'{canary}/../*/*'
""".strip().splitlines()
OTHER_NAMES = """
'/etc/passwd'
'/proc/self/environ'
'/proc/self/mem'
'/dev/stdin'
'/proc/self/fd/0'
'{data}/ledger.db'
'{data}/admin.credentials'
'{data}/keys/sealing.key'
'{data}/staging/**'
'{lake}/gold/ungranted/secret.parquet'
'{lake}/gold/nav/daily/**/*.parquet'
'http://127.0.0.1:{port}/x.parquet'
'https://127.0.0.1:{port}/x.csv'
's3://nomura-data-lake/gold/x.parquet'
'hf://datasets/a/b.csv'
'gcs://a/b'
'az://a/b'
'sqlite:{canary}/canary.db'
'md:mine'
'postgres:host=127.0.0.1 port={port}'
memory.nav_history
system.main.duckdb_settings
temp.main.x
main.nav_history
pg_catalog.pg_tables
sqlite_master
duckdb_tables
information_schema.columns_
nomura_data_products.esg_insights
awsdatacatalog.nomura_data_products.nav_history
ungranted
(SHOW TABLES)
(SHOW ALL TABLES)
(DESCRIBE nav_history)
(SUMMARIZE nav_history)
(SUMMARIZE SELECT 1)
(PIVOT nav_history ON fund_id USING count(*))
(FROM '{canary}/canary.csv')
(CALL pragma_version())
(INSERT INTO nav_history VALUES (1))
(COPY nav_history TO 'x')
""".strip().splitlines()
# Functions that make a table of what they open.
READERS = (
    "read_text read_blob read_csv read_csv_auto read_json read_json_auto read_json_objects "
    "read_ndjson read_parquet parquet_scan parquet_metadata parquet_schema "
    "parquet_file_metadata parquet_kv_metadata parquet_full_metadata read_duckdb sniff_csv glob "
    "query query_table iceberg_scan delta_scan sqlite_scan postgres_scan st_read read_xlsx "
    "arrow_scan").split()

# Where a function can stand, with one that is not on the list.
PLACES = """
SELECT {}
SELECT 1 FROM nav_history WHERE {} IS NOT NULL
SELECT max({}) FROM nav_history
SELECT 1 FROM nav_history GROUP BY {}
SELECT count(*) FROM nav_history HAVING {} <> ''
SELECT 1 FROM nav_history ORDER BY {}
SELECT 1 FROM nav_history LIMIT length({})
SELECT 1 FROM nav_history OFFSET length({})
SELECT DISTINCT ON ({}) 1 FROM nav_history
SELECT 1 FROM nav_history QUALIFY row_number() OVER (PARTITION BY {}) = 1
SELECT count(*) FILTER (WHERE {} = '') FROM nav_history
SELECT list(nav ORDER BY {}) FROM nav_history
SELECT first_value(nav) OVER (ORDER BY nav ROWS length({}) PRECEDING) FROM nav_history
SELECT 1 FROM nav_history a JOIN nav_history b ON {} = ''
SELECT * FROM (VALUES ({})) v
SELECT * FROM range(length({}))
SELECT * FROM unnest([{}])
SELECT list_transform([1], x -> {})
SELECT CASE WHEN {} = '' THEN 1 END
SELECT coalesce(NULL, {})
SELECT {}::integer
SELECT {} COLLATE nocase
SELECT {{'a': {}}}
SELECT [{}]
SELECT MAP {{'a': {}}}
SELECT {} IN (SELECT 'a')
SELECT 'a' LIKE {}
SELECT (SELECT {})
SELECT EXISTS (SELECT {})
WITH a AS (SELECT {}) SELECT * FROM a
WITH RECURSIVE a(x) AS (SELECT {} UNION ALL SELECT x FROM a WHERE false) SELECT * FROM a
SELECT 1 UNION SELECT {}
SELECT * FROM nav_history, LATERAL (SELECT {}) l
SELECT * REPLACE ({} AS nav) FROM nav_history
SELECT COLUMNS(c -> {} = c) FROM nav_history
SELECT 1 BETWEEN 0 AND length({})
SELECT EXTRACT(year FROM {}::date)
SELECT 1 FROM nav_history GROUP BY ROLLUP ({})
FROM nav_history SELECT {}
EXPLAIN SELECT {}
CREATE VIEW own.never AS SELECT {} AS a
CREATE TABLE own.never AS SELECT {} AS a
UNLOAD (SELECT {} AS a) TO 's3://athena-results-222222222222/never/'
VALUES ({})
""".strip().splitlines()
# How such a function can be called.
CALLS = """
getenv('HOME')
"getenv"('HOME')
current_setting('memory_limit')
main.current_setting('threads')
system.main.current_setting('threads')
system.current_setting('threads')
Current_Setting('threads')
('HOME').getenv()
pg_catalog.current_setting('memory_limit')
('threads').current_setting()
current_database()
current_schemas(true)
current_query()
version()
getvariable('x')
nextval('x')
setseed(0.5)
sleep_ms(60000)
write_log('x')
txid_current()
in_search_path('a', 'b')
json_execute_serialized_sql('x')
json_serialize_plan('SELECT 1')
json_deserialize_sql('{}')
json_serialize_sql('SELECT 1')
stats(1)
list_aggregate([1], 'sum')
array_aggr(['HOME'], 'getenv')
list_aggr([1], 'read_text')
has_table_privilege('a', 'b')
user()
pg_get_viewdef(1)
which_secret('x', 's3')
icu_sort_key('a', 'de')
add_parquet_key('a', 'b')
""".strip().splitlines()

# Not even begun.
STATEMENTS = """
ATTACH '{canary}/canary.db'
ATTACH '{canary}/canary.db' AS c (READ_ONLY)
ATTACH ':memory:' AS m
ATTACH 'http://127.0.0.1:{port}/x.db'
ATTACH 'host=127.0.0.1 port={port}' (TYPE postgres)
DETACH memory
COPY (SELECT 1) TO '{canary}/new.csv'
COPY (SELECT 1) TO '{lake}/gold/new.parquet' (FORMAT parquet)
COPY (SELECT 1) TO '{data}/staging/222222222222/new.csv'
COPY nav_history FROM '{canary}/canary.csv'
COPY (SELECT 1) TO 'http://127.0.0.1:{port}/x'
COPY (SELECT 1) TO '/dev/stdout'
COPY FROM DATABASE memory TO m
EXPORT DATABASE '{canary}/new'
IMPORT DATABASE '{canary}'
INSTALL httpfs
INSTALL httpfs FROM 'http://127.0.0.1:{port}'
FORCE INSTALL '{canary}/x.duckdb_extension'
LOAD httpfs
LOAD '{canary}/x.duckdb_extension'
UPDATE EXTENSIONS
SET memory_limit = '100GB'
SET GLOBAL threads = 64
SET SESSION search_path = 'x'
SET enable_external_access = true
SET lock_configuration = false
SET VARIABLE x = getenv('HOME')
RESET memory_limit
RESET ALL
PRAGMA memory_limit = '100GB'
PRAGMA database_list
PRAGMA enable_profiling
PRAGMA table_info('nav_history')
PRAGMA import_database('{canary}')
CALL pragma_version()
CALL duckdb_settings()
CALL query('SELECT 1')
CALL enable_logging()
CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
CREATE PERSISTENT SECRET s (TYPE http)
DROP SECRET s
CREATE MACRO f(x) AS getenv(x)
CREATE FUNCTION f(x) AS TABLE SELECT * FROM read_text(x)
DROP MACRO nvl
CREATE TYPE t AS ENUM ('a')
CREATE SEQUENCE s
CREATE INDEX i ON nav_history (nav)
CREATE TEMP VIEW v AS SELECT 1
CREATE TEMP TABLE t AS SELECT 1
COMMENT ON TABLE nav_history IS 'x'
ALTER DATABASE memory SET x = 1
USE memory
CHECKPOINT
FORCE CHECKPOINT
VACUUM
ANALYZE
BEGIN
COMMIT
ROLLBACK
EXPLAIN ANALYZE SELECT 1
SUMMARIZE nav_history
DESCRIBE SELECT 1
SHOW ALL TABLES
PIVOT nav_history ON fund_id
SELECT 1; SELECT 2
SELECT 1; COPY (SELECT 1) TO '{canary}/new.csv'
WITH a AS (INSERT INTO nav_history VALUES (1)) SELECT 1
INSERT INTO nav_history VALUES (1)
MERGE INTO nav_history USING nav_history b ON true WHEN MATCHED THEN DELETE
DELETE FROM nav_history
UPDATE nav_history SET nav = 0
TRUNCATE nav_history
""".strip().splitlines()

# Statements that write, to where they may not; then to the asker's own bucket, by ways that lead astray.
WRITES = """
UNLOAD (SELECT 1 AS a) TO '{canary}/new'
UNLOAD (SELECT 1 AS a) TO 'file://{canary}/new/'
UNLOAD (SELECT 1 AS a) TO '../../../new/'
UNLOAD (SELECT 1 AS a) TO 's3:///new/'
UNLOAD (SELECT 1 AS a) TO 's3://../new/'
UNLOAD (SELECT 1 AS a) TO 's3://nomura-data-lake/new/'
UNLOAD (SELECT 1 AS a) TO 's3://athena-results-333333333333/new/'
UNLOAD (SELECT 1 AS a) TO 'http://127.0.0.1:{port}/new/'
CREATE TABLE own.new WITH (external_location = '{canary}/new') AS SELECT 1 AS a
CREATE TABLE own.new WITH (external_location = 's3://nomura-data-lake/new/') AS SELECT 1 AS a
CREATE TABLE own.new WITH (external_location = 's3://athena-results-333333333333/new/') AS SELECT 1 AS a
""".strip().splitlines()
OWN_WRITES = """
UNLOAD (SELECT 1 AS a, '../../../../../../new' AS p) TO 's3://{own}/kept/1/' WITH (partitioned_by = ARRAY['p'])
UNLOAD (SELECT 1 AS a, '/tmp/new' AS p) TO 's3://{own}/kept/2/' WITH (partitioned_by = ARRAY['p'])
UNLOAD (SELECT 1 AS a, '..' AS "../..") TO 's3://{own}/kept/3/' WITH (partitioned_by = ARRAY['../..'])
UNLOAD (SELECT 1 AS a) TO 's3://{own}/kept/../../../../new/'
UNLOAD (SELECT 1 AS "../a") TO 's3://{own}/kept/4/'
CREATE TABLE own."../../new" WITH (external_location = 's3://{own}/kept/5/') AS SELECT 1 AS a
""".strip().splitlines()
