import AWSAPI
import BourseAPI
import DuckDB
import FoundationEssentials
import Synchronization

/// Asks of a revision, before it is finalized, whether what its product promises holds of it.
///
/// It is asked of the pinned files, in the SQL that readers will ask them in, by the same engine.
final class PublishGate: Sendable {
    /// Violations that are told of one revision.
    static let violationsMax = 20

    /// The rows of a question over tables of the provider's, of which the revision's files are read.
    typealias Ask =
        @Sendable (
            _ sql: String, _ database: String, _ revision: ExchangeID, _ caller: Caller
        ) async throws -> [[JSONValue]]

    private let ask = Mutex<Ask?>(nil)

    /// Before the first revision is finalized.
    func connect(_ ask: @escaping Ask) { self.ask.withLock { $0 = ask } }

    /// - Returns: What does not hold, in words. Empty: nothing stands in the way.
    func violations(
        of product: Bourse.Product, by revision: ExchangeID, for caller: Caller, at now: Date
    ) async throws -> [String] {
        guard let ask = ask.withLock({ $0 }) else {
            preconditionFailure("Nothing is finalized before there is somebody to ask.")
        }
        var found: [String] = []
        for expectations in product.expectations {
            let check = GateCheck(expectations)
            for question in check.questions {
                let rows = try await ask(question.sql, product.database, revision, caller)
                guard let row = rows.first, row.count == question.findings.count else {
                    found.append("\(expectations.table): what is expected cannot be asked of it")
                    continue
                }
                for (value, finding) in zip(row, question.findings) {
                    if let words = finding(value, now) {
                        found.append("\(expectations.table): \(words)")
                    }
                }
            }
        }
        return found
    }
}

/// What is asked about one table, and what is to be said of the answers.
struct GateCheck {
    typealias Finding = (JSONValue, Date) -> String?

    struct Question {
        /// One row, with a value for each of the findings.
        var sql: String
        var findings: [Finding]
    }

    private(set) var questions: [Question] = []

    init(_ expectations: Bourse.TableExpectations) {
        let table = expectations.table.sqlIdentifier
        var values: [(sql: String, finding: Finding)] = []
        if expectations.rowsMin != nil || expectations.rowsMax != nil {
            values.append(("count(*)", Self.rows(expectations)))
        }
        for column in expectations.notNull {
            values.append(
                (
                    "count(*) FILTER (WHERE \(column.sqlIdentifier) IS NULL)",
                    Self.none { "\($0) rows have no \(column)" }
                ))
        }
        for range in expectations.ranges {
            let name = range.column.sqlIdentifier
            let outside =
                [
                    range.min.map { "\(name) < \(Self.constant($0))" },
                    range.max.map { "\(name) > \(Self.constant($0))" },
                ].compactMap(\.self)
            let bounds = "\(range.min ?? "…") to \(range.max ?? "…")"
            values.append(
                (
                    "count(*) FILTER (WHERE \(outside.joined(separator: " OR ")))",
                    Self.none { "\($0) rows have a \(range.column) outside \(bounds)" }
                ))
        }
        if let freshness = expectations.freshness {
            values.append(
                (
                    "CAST(CAST(max(\(freshness.column.sqlIdentifier)) AS DATE) AS VARCHAR)",
                    Self.fresh(freshness)
                ))
        }
        if !values.isEmpty {
            let list = values.map(\.sql).joined(separator: ", ")
            questions.append(
                Question(sql: "SELECT \(list) FROM \(table)", findings: values.map(\.finding)))
        }
        if !expectations.unique.isEmpty {
            let columns = expectations.unique.map(\.sqlIdentifier).joined(separator: ", ")
            let names = expectations.unique.joined(separator: ", ")
            questions.append(
                Question(
                    sql: "SELECT count(*) FROM (SELECT 1 AS one FROM \(table) GROUP BY \(columns) "
                        + "HAVING count(*) > 1) AS twice",
                    findings: [Self.none { "\($0) values of (\(names)) are there more than once" }])
            )
        }
    }

    /// A number, a day or a text, as SQL compares it with a column of its type.
    private static func constant(_ text: String) -> String {
        if text.wholeMatch(of: #/[+-]?[0-9]{1,30}(\.[0-9]{1,30})?/#) != nil { return text }
        return CalendarDate(text).map { "DATE '\($0.text)'" } ?? text.sqlLiteral
    }

    private static func none(_ words: @escaping (String) -> String) -> Finding {
        { value, _ in value.text == "0" ? nil : words(value.text) }
    }

    private static func rows(_ expectations: Bourse.TableExpectations) -> Finding {
        { value, _ in
            guard let count = Int(value.string ?? value.text) else {
                return "its rows cannot be counted"
            }
            if let min = expectations.rowsMin, count < min {
                return "\(count) rows, of which there are to be at least \(min)"
            }
            if let max = expectations.rowsMax, count > max {
                return "\(count) rows, of which there are to be at most \(max)"
            }
            return nil
        }
    }

    private static func fresh(_ freshness: Bourse.Freshness) -> Finding {
        { value, now in
            guard let day = value.string, let time = Timestamp.parse("\(day)T00:00:00Z") else {
                return "it has no \(freshness.column)"
            }
            let age = Int((now.timeIntervalSince(time) / 86_400).rounded(.down))
            return age <= freshness.daysMax
                ? nil
                : "the newest \(freshness.column) is \(day), \(age) days old, where "
                    + "\(freshness.daysMax) are allowed"
        }
    }
}
