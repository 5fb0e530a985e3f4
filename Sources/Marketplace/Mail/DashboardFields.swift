/// What a table offers a first dashboard: what to plot, over what, for each what.
struct DashboardFields: Equatable, Sendable {
    static let measuresMax = 4
    static let breakdownsMax = 2

    /// The table's first day or time, else its first partition key.
    var over: String?
    /// Whose values they are: the fund, else the first text that names something.
    var by: String?
    /// Numbers.
    var measures: [String]
    /// Further texts, to colour or choose by.
    var breakdowns: [String]

    init(_ table: OfferedTable) {
        func names(_ kinds: Set<String>) -> [String] {
            table.shownColumns.filter { kinds.contains($0.kind) }.map(\.name)
        }
        let over =
            names(["date", "timestamp"]).first
            ?? table.shownColumns.map(\.name).first(where: table.partitionKeys.contains)
        let texts = names(["string", "varchar", "char"]).filter {
            $0 != over && !table.partitionKeys.contains($0)
        }
        let by = texts.contains(fundColumn) ? fundColumn : texts.first
        self.over = over
        self.by = by
        let numbers = names(["tinyint", "smallint", "int", "bigint", "float", "double", "decimal"])
        measures = Array(
            numbers.filter { $0 != over && !table.partitionKeys.contains($0) }
                .prefix(Self.measuresMax))
        breakdowns = Array(texts.filter { $0 != by }.prefix(Self.breakdownsMax))
    }

    /// `esg_score over updated_at, for each fund_id, split by environmental_rating`
    var sentence: String {
        [
            measures.isEmpty ? "the number of rows" : measures.joined(separator: ", "),
            over.map { " over \($0)" } ?? "", by.map { ", for each \($0)" } ?? "",
            breakdowns.isEmpty ? "" : ", split by " + breakdowns.joined(separator: " or "),
        ].joined()
    }
}

extension OfferedTable.Column {
    /// The type without its parameters: `decimal` of `decimal(18,4)`.
    fileprivate var kind: String { String(type.lowercased().prefix { $0 != "(" && $0 != "<" }) }
}
