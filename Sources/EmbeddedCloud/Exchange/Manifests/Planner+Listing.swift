import DuckDB
import FoundationEssentials

extension PublishedPart {
    /// True of its keys.
    fileprivate var condition: String {
        let beginning = String(decoding: beginning, as: UTF8.self).sqlLiteral
        return isKey ? "(key = \(beginning))" : "starts_with(key, \(beginning))"
    }
}

extension Planner {
    /// One page of a part's keys that begin with `prefix`, in the order of their bytes, with what the delimiter
    /// rolls up.
    ///
    /// - Parameter max: Objects and common prefixes together.
    func listing(
        of part: PublishedPart, in manifest: URL, of revision: ExchangeID, bucket: String,
        prefix: String, delimiter: String?, from start: ListingStart, max: Int
    ) throws -> ObjectListing {
        guard max > 0 else { return ObjectListing() }
        let (table, _) = try table(of: revision, in: manifest)
        var conditions = [
            "bucket = \(bucket.sqlLiteral)", "starts_with(key, \(prefix.sqlLiteral))",
            part.condition,
        ]
        conditions += part.without.map { "NOT \($0.condition)" }
        switch start {
        case .beginning: break
        case .after(let key):
            conditions.append("key > \(String(decoding: key, as: UTF8.self).sqlLiteral)")
        case .afterAll(let passed):
            let passed = String(decoding: passed, as: UTF8.self).sqlLiteral
            conditions.append("key > \(passed) AND NOT starts_with(key, \(passed))")
        }
        let all = conditions.joined(separator: " AND ")
        let limit = "LIMIT \(max + 1)"
        guard let delimiter, !delimiter.isEmpty else {
            return ObjectListing(
                objects: try pinned("\(table) WHERE \(all) \(limit)").map { StoredObject($0) },
                commonPrefixes: [], max: max)
        }
        let place =
            "instr(substr(key, \(prefix.unicodeScalars.count + 1)), \(delimiter.sqlLiteral))"
        let length =
            "\(place) + \(prefix.unicodeScalars.count + delimiter.unicodeScalars.count - 1)"
        let rolledUp = try connection.rows(
            """
            SELECT DISTINCT substr(key, 1, \(length)) AS common FROM \(table)
            WHERE \(all) AND \(place) > 0 ORDER BY common \(limit)
            """)
        return ObjectListing(
            objects: try pinned("\(table) WHERE \(all) AND \(place) = 0 \(limit)")
                .map { StoredObject($0) },
            commonPrefixes: rolledUp.compactMap { $0[0].text }, max: max)
    }
}
