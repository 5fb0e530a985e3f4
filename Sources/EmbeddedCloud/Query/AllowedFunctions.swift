/// The functions that a subscriber's SQL may call.
///
/// A list of what is allowed, not of what is forbidden: a function that a later engine brings is refused
/// until someone has looked at it. Not on it: whatever reads files, settings, statistics (`stats` prints
/// the minimum and maximum of hidden rows), sequences or other people's queries, writes, or waits.
enum AllowedFunctions {
    static func contains(_ name: String) -> Bool { all.contains(name.lowercased()) }

    /// Functions that make a table.
    static let tableFunctions: Set<String> = ["generate_series", "range", "unnest"]

    private static let all: Set<String> = Set(
        [operators, numbers, text, time, lists, json, conditions, aggregates, windows, dialect]
            .flatMap { $0.split(separator: " ").map(String.init) })

    private static let operators =
        "!~~ !~~* % & && * ** + - ->> -> / // <-> << <=> <@ >> @ @> ^ ^@ | || ~ ~~ ~~* ~~~ "
        + "!__postfix add subtract multiply divide mod fmod fdiv xor not_like_escape like_escape "
        + "ilike_escape not_ilike_escape"

    private static let numbers =
        "abs acos acosh asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees "
        + "even exp factorial floor gamma gcd greatest greatest_common_divisor isfinite isinf isnan "
        + "lcm least least_common_multiple lgamma ln log log10 log2 nextafter pi pow power radians "
        + "random round round_even roundbankers sign signbit sin sinh sqrt tan tanh trunc bin hex "
        + "to_base to_binary to_hex"

    private static let text =
        "ascii bar base64 bit_length char_length character_length chr concat concat_ws contains "
        + "damerau_levenshtein decode editdist3 encode ends_with format formatreadabledecimalsize "
        + "formatreadablesize format_bytes from_base64 from_hex hamming hash instr jaccard "
        + "jaro_similarity jaro_winkler_similarity lcase left length len levenshtein lower lpad ltrim "
        + "md5 mismatches nfc_normalize octet_length ord position prefix printf regexp_escape "
        + "regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace "
        + "regexp_split_to_array repeat replace reverse right rpad rtrim sha1 sha256 split split_part "
        + "starts_with str_split str_split_regex string_split string_split_regex string_to_array "
        + "strip_accents strlen strpos substr substring suffix to_base64 translate trim ucase unhex "
        + "unicode upper url_decode url_encode"

    private static let time =
        "age century current_date current_localtime current_localtimestamp current_timestamp "
        + "date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day "
        + "dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era "
        + "get_current_time get_current_timestamp hour isodow isoyear julian last_day make_date "
        + "make_time make_timestamp make_timestamptz microsecond millennium millisecond minute month "
        + "monthname nanosecond now quarter second strftime strptime time_bucket timezone "
        + "timezone_hour timezone_minute to_centuries to_days to_decades to_hours to_microseconds "
        + "to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp "
        + "to_weeks to_years today transaction_timestamp try_strptime week weekday weekofyear year "
        + "yearweek"

    private static let lists =
        "apply array_append array_apply array_cat array_concat "
        + "array_contains array_distinct array_extract array_filter array_has array_has_all "
        + "array_has_any array_indexof array_intersect array_length array_position array_prepend "
        + "array_reverse array_slice array_sort array_to_string array_transform array_unique "
        + "array_value cardinality element_at filter flatten list_append list_avg "
        + "list_cat list_concat list_contains list_count list_distinct list_element list_extract "
        + "list_filter list_first list_has list_has_all list_has_any list_indexof list_intersect "
        + "list_last list_max list_min list_pack list_position list_prepend list_reduce list_resize "
        + "list_reverse list_reverse_sort list_slice list_sort list_sum list_transform list_unique "
        + "list_value list_where list_zip map map_concat map_contains map_entries map_extract "
        + "map_from_entries map_keys map_values range generate_series reduce row struct_extract "
        + "struct_extract_at struct_pack unnest"

    private static let json =
        "array_to_json from_json json json_array json_array_length json_contains json_exists "
        + "json_extract json_extract_path json_extract_path_text json_extract_string json_keys "
        + "json_object json_type json_valid json_value row_to_json to_json"

    private static let conditions = "coalesce constant_or_null error ifnull if nullif try typeof"

    private static let aggregates =
        "any_value approx_count_distinct approx_quantile arbitrary arg_max arg_min argmax argmin "
        + "array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif "
        + "covar_pop covar_samp entropy favg first fsum geometric_mean group_concat histogram kurtosis "
        + "last list listagg mad max max_by mean median min min_by mode product quantile quantile_cont "
        + "quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx "
        + "regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp string_agg sum var_pop "
        + "var_samp variance weighted_avg"

    private static let windows =
        "cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank "
        + "row_number"

    /// What the worker makes as macros, and Trino's names for the same.
    private static let dialect =
        "approx_distinct approx_percentile date_format dateadd day_of_month day_of_week day_of_year "
        + "every from_iso8601_date from_iso8601_timestamp from_unixtime from_utf8 getdate is_finite "
        + "is_infinite is_nan json_extract_scalar json_format json_parse levenshtein_distance nvl nvl2 "
        + "regexp_like sequence sysdate to_unixtime to_utf8 truncate week_of_year"
}
