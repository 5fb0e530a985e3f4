/// One table of the example lake: where its files lie, what its columns are, how a row comes about.
struct SampleTable: Sendable {
    struct Column: Sendable {
        var name: String
        /// As Glue writes it: `decimal(18,4)`.
        var type: String
        /// Over the rows of ``SampleTable/source``. Integers and decimals only, so that the same seed
        /// gives the same bytes on every machine.
        var value: String
    }

    /// As the catalogue calls it.
    var name: String
    /// Under which its files lie, with the slash at its end.
    var prefix: String
    /// What a contract calls the product that it is.
    var product: String
    /// The first of them says whose a row is.
    var columns: [Column]
    /// What ``SampleLake`` makes, whose rows of a day are the table's.
    var source = "fund_day"
    /// True: a folder `as_of=DAY` for each business day. False: one file, as of the last one.
    var isDaily = true

    static let all = [navHistory, performanceMetrics, riskFactors, benchmarkIndices, esgInsights]

    static let navHistory = SampleTable(
        name: "nav_history", prefix: "gold/nav/daily/", product: "NAV History",
        columns: [
            Column(name: "fund_id", type: "string", value: "fund_id"),
            Column(name: "nav_date", type: "date", value: "day"),
            Column(name: "nav", type: "decimal(18,4)", value: "nav"),
        ])

    static let performanceMetrics = SampleTable(
        name: "performance_metrics", prefix: "gold/performance/", product: "Performance Metrics",
        columns: [
            Column(name: "fund_id", type: "string", value: "fund_id"),
            Column(name: "return_1d", type: "decimal(9,6)", value: "return_1d"),
            Column(name: "return_total", type: "decimal(9,6)", value: "return_total"),
        ])

    static let riskFactors = SampleTable(
        name: "risk_factors", prefix: "gold/risk-factors/", product: "Risk Factors",
        columns: [
            Column(name: "fund_id", type: "string", value: "fund_id"),
            Column(
                name: "beta", type: "decimal(6,3)",
                value: "(beta + swing(dice('beta', fund, number), 20))::DECIMAL(18,0) * 0.001"),
            // The loss that 19 of 20 days do not see: the fund's own move and its market's are each as
            // likely anywhere in their widths.
            Column(
                name: "value_at_risk", type: "decimal(9,6)",
                value: """
                    ((beta * width // 1000 + own) * (640 + swing(dice('risk', fund, number), 20)) // 1000)\
                    ::DECIMAL(18,0) * 0.000001
                    """),
        ])

    /// Of no fund: a contract that names funds shows all of it.
    static let benchmarkIndices = SampleTable(
        name: "benchmark_indices", prefix: "gold/benchmark-indices/", product: "Benchmark Indices",
        columns: [
            Column(name: "index_id", type: "string", value: "index_id"),
            Column(name: "index_date", type: "date", value: "day"),
            Column(
                name: "close", type: "decimal(18,4)", value: "level::DECIMAL(18,0) * 0.0001"),
        ], source: "market_day")

    static let esgInsights = SampleTable(
        name: "esg_insights", prefix: "gold/esg-insights/", product: "ESG Insights",
        columns: [
            Column(name: "fund_id", type: "string", value: "fund_id"),
            Column(name: "esg_score", type: "decimal(5,2)", value: "esg::DECIMAL(18,0) * 0.01"),
            Column(
                name: "environmental_rating", type: "string",
                value: """
                    CASE WHEN esg >= 8000 THEN 'A' WHEN esg >= 6500 THEN 'B' \
                    WHEN esg >= 5000 THEN 'C' ELSE 'D' END
                    """),
            Column(
                name: "carbon_intensity", type: "decimal(9,2)",
                // The better the score, the less of it.
                value: """
                    (2000 + (9500 - esg) * 3 + (dice('carbon', fund, number) % 8001)::BIGINT)\
                    ::DECIMAL(18,0) * 0.01
                    """),
            Column(
                name: "updated_at", type: "timestamp", value: "day + INTERVAL 1110 MINUTES"),
        ], isDaily: false)
}
