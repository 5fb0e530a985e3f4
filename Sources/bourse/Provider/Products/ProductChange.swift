import AWSAPI
import AWSClient
import BourseAPI
import DataExchangeAPI

/// What makes one product the one that a file says.
struct ProductChange {
    let wanted: Bourse.Product
    /// Nil: there is none yet.
    let known: Bourse.Product?

    /// In what the known one differs: `title: NAV → NAV History`.
    var differences: [String] {
        guard let known else { return [] }
        let (before, after) = (known.lines, wanted.lines)
        let names = (before.map(\.name) + after.map(\.name)).uniqued
        return names.compactMap { name in
            let old = before.first { $0.name == name }?.value
            let new = after.first { $0.name == name }?.value
            return old == new ? nil : "\(name): \(old ?? "nothing") → \(new ?? "nothing")"
        }
    }

    var isNone: Bool { known != nil && differences.isEmpty }
    var action: String { known == nil ? "CREATED" : isNone ? "NONE" : "UPDATED" }

    var summary: String {
        if known == nil {
            return "+ \(wanted.productId): \(wanted.title), a new product"
        }
        if isNone { return "= \(wanted.productId)" }
        return (["~ \(wanted.productId)"] + differences.map { "    \($0)" })
            .joined(separator: "\n")
    }

    /// Each step can be taken twice: what was cut off is made whole by applying the file again.
    ///
    /// - Parameter dataSets: The provider's own, by their names.
    func make(
        _ client: AWSClient, among dataSets: [DataExchange.DataSetEntry]
    ) async throws -> Bourse.Product {
        var product = wanted
        if let known {
            product.dataSetId = known.dataSetId
            _ = try await client.send(
                DataExchange.UpdateDataSet(
                    dataSetId: known.dataSetId, description: wanted.description,
                    name: wanted.title))
        } else {
            product.dataSetId = try await dataSet(client, among: dataSets)
        }
        return try await client.send(Bourse.PutProduct(product))
    }

    /// One that has the product's name already carries it from now on.
    private func dataSet(
        _ client: AWSClient, among dataSets: [DataExchange.DataSetEntry]
    ) async throws -> String {
        let named = dataSets.filter { $0.name == wanted.title && $0.assetType == .s3DataAccess }
        guard named.count < 2 else {
            throw CommandFailure(
                "There are \(named.count) data sets named \(wanted.title): rename or delete all but one, with "
                    + "aws dataexchange update-data-set.")
        }
        if let dataSet = named.first {
            _ = try await client.send(
                DataExchange.UpdateDataSet(
                    dataSetId: dataSet.id, description: wanted.description))
            _ = try await client.send(
                DataExchange.TagResource(
                    resourceArn: dataSet.arn, tags: ["bourse:product": wanted.productId]))
            return dataSet.id
        }
        let made = try await client.send(
            DataExchange.CreateDataSet(
                assetType: .s3DataAccess, description: wanted.description, name: wanted.title,
                tags: wanted.dataSetTags))
        return try present(made.id, "the data set's id")
    }
}

extension Bourse.Product {
    fileprivate var dataSetTags: [String: String] {
        var tags = ["bourse:product": productId]
        if live { tags["bourse:live"] = "true" }
        return tags
    }

    /// What a file says of it, a line each.
    fileprivate var lines: [(name: String, value: String)] {
        var lines = [
            ("title", title), ("description", description), ("bucket", bucket),
            ("prefixes", keyPrefixes.joined(separator: ", ")), ("database", database),
            ("tables", tables.joined(separator: ", ")), ("live", live ? "true" : "false"),
        ]
        for table in expectations {
            func add(_ name: String, _ value: String?) {
                guard let value, !value.isEmpty else { return }
                lines.append(("\(table.table): \(name)", value))
            }
            for (column, type) in table.columns.sorted(by: { $0.key < $1.key }) {
                add("type of \(column)", type)
            }
            add("not_null", table.notNull.joined(separator: ", "))
            add("unique", table.unique.joined(separator: ", "))
            add("least rows", table.rowsMin.map { String($0) })
            add("most rows", table.rowsMax.map { String($0) })
            add("freshness", table.freshness.map { "\($0.column), \($0.daysMax) days" })
            for range in table.ranges {
                add("range of \(range.column)", "\(range.min ?? "…") to \(range.max ?? "…")")
            }
        }
        for table in tableTerms {
            if let filter = table.rowFilter { lines.append(("\(table.table): rows", filter)) }
            if let columns = table.columns {
                lines.append(("\(table.table): columns", columns.joined(separator: ", ")))
            }
        }
        for (name, value) in [
            ("sample query", sampleQuery), ("price", price?.words),
            ("renewal", renewalMonths.map { "\($0) months" }),
            ("dashboard fields", dashboardFields.joined(separator: ", ")),
            ("regions", regions.joined(separator: ", ")),
            ("contacts", contacts.map { "\($0.name) <\($0.email)>" }.joined(separator: ", ")),
        ] {
            if let value, !value.isEmpty { lines.append((name, value)) }
        }
        return lines
    }
}

extension [String] {
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
