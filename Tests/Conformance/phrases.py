"""What generated questions are made of.

A name behind a dollar stands for a value of that family: of the table that is asked about, or with a
prime of the one that a sub-query reads. None of the conditions fails on some rows: of which rows it is
asked is the engine's to choose.
"""

VALUES = {
    "int": [
        "CAST($int AS BIGINT) + $int", "CAST($int AS BIGINT) - $int", "CAST($int AS BIGINT) * 3",
        "CAST($int AS BIGINT) // 2", "$int % 7", "abs(CAST($int AS BIGINT))", "length($text)",
        "strpos($text, 'a')", "year($date)", "day($date)", "hour($moment)", "coalesce($int, $int)",
        "nullif($int, 1)", "greatest($int, $int)", "CASE WHEN $condition THEN $int ELSE $int END",
        "CASE $text WHEN 'a' THEN $int WHEN 'B1' THEN 2 END", "date_diff('day', $date, $date)",
        "len($items)", "$items[1]", "$pairs['k']", "struct_extract($record, 'a')", "len($legs)",
        "CAST($flag AS INTEGER)", "CAST($date - DATE '2024-01-01' AS BIGINT)",
        "TRY_CAST($text AS INTEGER)", "CAST(floor($float) AS BIGINT)",
        "list_sum(list_transform($items, x -> CAST(x AS BIGINT) + 1))", "octet_length($bytes)"],
    "float": [
        "$float + $float", "$float * 0.5", "floor($float)", "CAST($int AS DOUBLE) / 4",
        "coalesce($float, 0.5)", "least($float, $float)", "CASE WHEN $condition THEN $float END"],
    "decimal": [
        "$decimal + $decimal", "$decimal * 2", "CAST($int AS DECIMAL(18,2))", "round($decimal, 1)",
        "coalesce($decimal, 0.5)", "CASE WHEN $condition THEN $decimal ELSE 0.25 END"],
    "text": [
        "upper($text)", "lower($text)", "$text || $text", "concat($text, '-', $text)",
        "substr($text, 2, 2)", "left($text, 1)", "replace($text, 'a', 'x')", "trim($text)",
        "regexp_replace($text, '[a-c]', '')", "regexp_extract($text, '[0-9]+')",
        "CAST($int AS VARCHAR)", "CAST($decimal AS VARCHAR)", "CAST($date AS VARCHAR)",
        "strftime($date, '%Y-%m')", "coalesce($text, 'none')", "nullif($text, 'a')",
        "struct_extract($record, 'b')", "CASE WHEN $condition THEN $text ELSE 'else' END",
        "split_part($text, ' ', 1)", "CAST($items AS VARCHAR)", "CAST($record AS VARCHAR)",
        "typeof($int)", "md5($text)", "to_json($record)::VARCHAR"],
    "date": [
        "CAST($moment AS DATE)", "$date + 3", "CAST(date_trunc('month', $date) AS DATE)",
        "last_day($date)", "CAST($date + INTERVAL 1 MONTH AS DATE)",
        "coalesce($date, DATE '2024-02-29')", "TRY_CAST($text AS DATE)"],
    "moment": [
        "CAST($date AS TIMESTAMP)", "$moment + INTERVAL 90 MINUTE", "date_trunc('hour', $moment)",
        "coalesce($moment, TIMESTAMP '2024-01-01 00:00:00')"],
    "flag": ["($condition)", "coalesce($flag, false)", "CASE WHEN $condition THEN $flag END"],
    "bytes": ["encode($text)", "coalesce($bytes, ''::BLOB)"],
    "items": [
        "list_sort($items)", "list_filter($items, x -> x > 1)", "[$int, 1]",
        "list_sort(list_distinct($items))"],
    "pairs": ["coalesce($pairs, MAP {'k': 0})"],
    "record": ["{'a': 1, 'b': $text}", "coalesce($record, {'a': 0, 'b': ''})"],
    "legs": ["[$record]"],
}

LITERALS = {
    "items": ["[1, 2]", "CAST([] AS INTEGER[])"], "pairs": ["MAP {'k': 3}"],
    "record": ["{'a': 1, 'b': 'a'}"], "legs": ["[{'a': 1, 'b': 'a'}]"], "bytes": ["'ab'::BLOB"],
}
PATTERNS = ["'a%'", "'%_'", "'_'", "'%''%'", "'B_'", "'n/a%'", "'%ü%'", "''"]

CONDITIONS = [
    "$int $op $int", "$int $op $float", "$int $op $decimal", "$float $op $float",
    "$decimal $op $decimal", "$text $op $text", "$date $op $date", "$date $op $moment",
    "$moment $op $moment", "$any IS NULL", "$any IS NOT NULL", "$int BETWEEN $int AND $int",
    "$date BETWEEN $date AND $date", "$text LIKE $pattern", "$text NOT LIKE $pattern",
    "$text ILIKE $pattern", "$int IN ($int, $int, 3)", "$int NOT IN ($int, 5)",
    "$text IN ($text, $text)", "$text IS DISTINCT FROM $text", "$int IS NOT DISTINCT FROM $int",
    "$flag", "NOT ($condition)", "($condition AND $condition)", "($condition OR $condition)",
    "list_contains($items, 2)", "regexp_matches($text, '[a-cB]')", "starts_with($text, 'a')",
    "($text, $int) = ($text, $int)", "$record = $record",
]

# Conditions that read another table.
SUBQUERIES = [
    "$int IN (SELECT $int' FROM $source WHERE $condition')",
    "$text NOT IN (SELECT coalesce($text', 'x') FROM $source)",
    "EXISTS (SELECT 1 FROM $source WHERE $text' = $text AND $condition')",
    "NOT EXISTS (SELECT $any' FROM $source WHERE $int' = $int)",
    "$int >= ALL (SELECT $int' FROM $source WHERE $condition')",
    "$text = ANY (SELECT $text' FROM $source)", "$date > (SELECT min($date') FROM $source)",
    "$int = (SELECT max($int') FROM $source WHERE $text' = $text)",
    "EXISTS (SELECT * FROM $source WHERE $plain')",
    "(SELECT count(*) FROM $source WHERE $int' < $int) > 2",
]
SCALAR_SUBQUERIES = [
    ("int", "(SELECT count(*) FROM $source WHERE $plain')"),
    ("int", "(SELECT sum($int') FROM $source WHERE $text' = $text)"),
    ("text", "(SELECT max($text') FROM $source WHERE $int' = $int)"),
    ("date", "(SELECT min($date') FROM $source)"),
]

# `$same` is the same value each time.
AGGREGATES = [
    ("int", "count(*)"), ("int", "count($any)"), ("int", "count(DISTINCT $scalar)"),
    ("int", "sum($int)"), ("int", "min($int)"), ("int", "max($int)"), ("float", "avg($int)"),
    ("float", "avg($float)"), ("float", "sum($float)"), ("decimal", "sum($decimal)"),
    ("decimal", "max($decimal)"), ("text", "min($text)"), ("text", "max($text)"),
    ("date", "min($date)"), ("moment", "max($moment)"), ("flag", "bool_or($flag)"),
    ("flag", "bool_and($flag)"), ("int", "count_if($condition)"),
    ("int", "sum($int) FILTER (WHERE $condition)"),
    ("int", "sum(CASE WHEN $condition THEN $int ELSE 0 END)"), ("float", "median($int)"),
    ("int", "sum(DISTINCT $int)"), ("text", "string_agg($same, '|' ORDER BY $same)"),
    ("items", "list($same ORDER BY $same NULLS FIRST)"),
]
HAVING = [
    "count(*) > 1", "max($int) > 2", "min($text) < 'b'", "sum($int) IS NOT NULL",
    "count(DISTINCT $text) > 1", "bool_or($condition)",
]

# `$total` is an order in which no two rows that differ are equal.
WINDOWS = [
    ("int", "row_number() OVER (PARTITION BY $scalar ORDER BY $total)"),
    ("int", "row_number() OVER (ORDER BY $total)"), ("int", "rank() OVER (ORDER BY $scalar DESC)"),
    ("int", "dense_rank() OVER (PARTITION BY $scalar ORDER BY $scalar)"),
    ("int", "sum($int) OVER (PARTITION BY $scalar)"), ("int", "count(*) OVER ()"),
    ("int", "ntile(3) OVER (ORDER BY $total)"),
    ("int", "sum($int) OVER (ORDER BY $total ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"),
    ("int", "lag($int) OVER (ORDER BY $total)"),
    ("text", "lead($text, 2, 'none') OVER (PARTITION BY $scalar ORDER BY $total)"),
    ("text", "first_value($text) OVER (PARTITION BY $scalar ORDER BY $total)"),
    ("float", "avg($int) OVER (ORDER BY $scalar)"),
    ("int", "max($int) OVER (ORDER BY $scalar RANGE UNBOUNDED PRECEDING)"),
    ("float", "percent_rank() OVER (ORDER BY $scalar)"),
]

# Whole questions. Each fails on some values and not on others, and is asked of all rows: so it fails
# wherever one of them is seen. `$mark` casts to a number in the rows of book B1 alone.
FRAGILE = [
    "SELECT CAST($text AS INTEGER) AS c0 FROM $source",
    "SELECT sum(CAST($mark AS INTEGER)) AS c0 FROM $source",
    "SELECT count(*) AS c0 FROM $source WHERE $mark = 3",
    "SELECT count(*) AS c0 FROM $source WHERE $mark IN (1, 2, 30)",
    "SELECT count(*) AS c0 FROM $source WHERE CAST($mark AS DECIMAL(9,2)) > 1",
    "SELECT CAST($text AS DATE) AS c0 FROM $source",
    "SELECT max(CAST($int AS TINYINT)) AS c0 FROM $source",
    "SELECT $tiny + $tiny AS c0 FROM $source", "SELECT $small * $small AS c0, $int AS c1 FROM $source",
    "SELECT sum($big * $big) AS c0 FROM $source",
    "SELECT CAST($decimal AS DECIMAL(3,1)) AS c0 FROM $source",
    "SELECT CAST($mark AS INTEGER) % 3 AS c0, count(*) AS c1 FROM $source GROUP BY 1",
    "SELECT $any AS c0 FROM $source ORDER BY CAST($mark AS INTEGER), 1",
    "SELECT $items = [1, 2] AS c0, $mark::BIGINT AS c1 FROM $source",
    "SELECT sum($text) AS c0 FROM $source", "SELECT $hidden AS c0 FROM $source",
    "SELECT count(*) AS c0 FROM $source WHERE $hidden IS NULL", "SELECT count(*) AS c0 FROM $unseen",
    "SELECT error('no') AS c0 FROM $source",
]
