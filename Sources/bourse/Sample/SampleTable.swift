/// One table of the example lake: where its files lie, what its columns are, how a row comes about.
struct SampleTable: Sendable {
    struct Column: Sendable {
        var name: String
        /// As Glue writes it: `decimal(18,4)`.
        var type: String
        /// Over the rows of `fund_day`, which ``SampleLake`` makes. Integers and decimals only, so that
        /// the same seed gives the same bytes on every machine.
        var value: String
    }

    /// As the catalogue calls it.
    var name: String
    /// Under which its files lie, with the slash at its end.
    var prefix: String
    /// What a contract calls the product that it is.
    var product: String
    var columns: [Column]
    /// Which rows of `fund_day` make a row.
    var rows = "true"
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
                value: "(600 + dice('beta', fund, number) % 801) / 1000"),
            Column(
                name: "value_at_risk", type: "decimal(9,6)",
                value: "(8000 + dice('value at risk', fund, number) % 30001) / 1000000"),
        ])

    /// Of no fund: a contract that names funds shows all of it.
    static let benchmarkIndices = SampleTable(
        name: "benchmark_indices", prefix: "gold/benchmark-indices/", product: "Benchmark Indices",
        columns: [
            Column(
                name: "index_id", type: "string",
                value: "['GLOBAL-EQUITY', 'JAPAN-EQUITY', 'GLOBAL-BOND'][fund]"),
            Column(name: "index_date", type: "date", value: "day"),
            Column(name: "close", type: "decimal(18,4)", value: "nav * 10"),
        ], rows: "fund <= 3")

    static let esgInsights = SampleTable(
        name: "esg_insights", prefix: "gold/esg-insights/", product: "ESG Insights",
        columns: [
            Column(name: "fund_id", type: "string", value: "fund_id"),
            Column(name: "esg_score", type: "decimal(5,2)", value: "esg_score"),
            Column(
                name: "environmental_rating", type: "string",
                value: """
                    CASE WHEN esg_score >= 80 THEN 'A' WHEN esg_score >= 65 THEN 'B' \
                    WHEN esg_score >= 50 THEN 'C' ELSE 'D' END
                    """),
            Column(
                name: "carbon_intensity", type: "decimal(9,2)",
                value: "(2000 + dice('carbon', fund, number) % 28001) / 100"),
            Column(
                name: "updated_at", type: "timestamp", value: "day + INTERVAL 1110 MINUTES"),
        ], isDaily: false)
}
