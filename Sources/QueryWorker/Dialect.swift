/// Functions of Trino and Redshift that DuckDB lacks or calls differently, as SQL macros.
///
/// Made before the worker's configuration is locked. A macro's name hides a function of DuckDB's
/// own, so only names that DuckDB does not have stand here. `date_parse` cannot be one: `strptime`
/// takes a constant format only, and a macro's argument is none to it.
enum Dialect {
    static let script = macros.map { "CREATE MACRO \($0);" }.joined(separator: "\n")

    private static let macros = [
        // Redshift
        "nvl(a, b) AS coalesce(a, b)",
        "nvl2(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END",
        "getdate() AS date_trunc('second', current_localtimestamp())",
        "sysdate() AS current_localtimestamp()",
        "dateadd(unit, n, t) AS t + \(interval)",
        // Trino: aggregates
        "approx_distinct(x) AS approx_count_distinct(x)",
        "approx_percentile(x, q) AS approx_quantile(x, q)",
        "every(x) AS bool_and(x)",
        // Trino: time
        "date_format(t, f) AS strftime(t, \(strftimeFormat))",
        "from_unixtime(s) AS to_timestamp(s)",
        "to_unixtime(t) AS epoch(t)",
        "from_iso8601_timestamp(s) AS CAST(s AS TIMESTAMPTZ)",
        "from_iso8601_date(s) AS CAST(s AS DATE)",
        "day_of_week(t) AS isodow(t)",
        "day_of_month(t) AS day(t)",
        "day_of_year(t) AS dayofyear(t)",
        "week_of_year(t) AS weekofyear(t)",
        // Trino: numbers, text, JSON, arrays
        "is_nan(x) AS isnan(x)",
        "is_finite(x) AS isfinite(x)",
        "is_infinite(x) AS isinf(x)",
        "truncate(x) AS trunc(x)",
        "regexp_like(s, p) AS regexp_matches(s, p)",
        "levenshtein_distance(a, b) AS levenshtein(a, b)",
        "to_utf8(s) AS encode(s)",
        "from_utf8(b) AS decode(b)",
        "json_extract_scalar(j, p) AS json_extract_string(j, p)",
        "json_parse(s) AS CAST(s AS JSON)",
        "json_format(j) AS CAST(j AS VARCHAR)",
        "sequence(a, b) AS generate_series(a, b)",
    ]

    /// `n` of the unit that `unit` names.
    private static let interval = """
        CASE lower(unit)
            WHEN 'year' THEN to_years(n) WHEN 'quarter' THEN to_months(3 * n)
            WHEN 'month' THEN to_months(n) WHEN 'week' THEN to_weeks(n)
            WHEN 'day' THEN to_days(n) WHEN 'hour' THEN to_hours(n)
            WHEN 'minute' THEN to_minutes(n) WHEN 'second' THEN to_seconds(n)
            ELSE error('no such unit: ' || unit)
        END
        """

    /// `f`, written with MySQL's letters as Trino's functions want it, with those of strftime.
    ///
    /// The month's name (%M) goes first, because the minutes (%i) become %M.
    private static let strftimeFormat = [
        ("%M", "%B"), ("%i", "%M"), ("%s", "%S"), ("%h", "%I"), ("%T", "%H:%M:%S"), ("%c", "%-m"),
        ("%e", "%-d"), ("%k", "%-H"), ("%l", "%-I"), ("%W", "%A"),
    ].reduce("f") { "replace(\($0), '\($1.0)', '\($1.1)')" }
}
