import AWSAPI
import BourseAPI
import FoundationEssentials

/// What a product shows of a table.
struct TableTerms: Codable, Equatable, Sendable {
    /// In the language of row filters; where it says so, of the contract's funds. Nil: all rows.
    var rowFilter: String?
    /// Nil: all columns.
    var columns: [String]?
}

/// Row filters of one table, which together show a contract's rows.
struct RowFilters: Equatable, Sendable {
    /// UTF-8 bytes of one expression. Source: Lake Formation API Reference, RowFilter.
    static let bytesMax = 2_047

    let expressions: [String]

    /// - Parameter template: With the place of the funds, or without.
    /// - Returns: Nil: all rows. That is where a contract names no funds, and the template says nothing else.
    init?(_ template: String?, funds: [String]) {
        guard let template else { return nil }
        let parts = template.components(separatedBy: Bourse.TableTerms.entitledFunds)
        guard parts.count > 1 else {
            expressions = [template]
            return
        }
        guard !funds.isEmpty else { return nil }
        var lists: [String] = []
        let room = Self.bytesMax - parts.reduce(0) { $0 + $1.utf8.count }
        for fund in funds {
            let literal = "'\(fund.replacing("'", with: "''"))'"
            // Brackets around, and what stands between two.
            if let last = lists.last, last.utf8.count + literal.utf8.count + 4 <= room {
                lists[lists.count - 1] = "\(last), \(literal)"
            } else {
                lists.append(literal)
            }
        }
        expressions = lists.map { parts.joined(separator: "(\($0))") }
    }

    /// Whether a template says nothing but of which funds rows are.
    static func isOfFundsAlone(_ template: String) -> Bool {
        let parts = template.components(separatedBy: Bourse.TableTerms.entitledFunds)
        guard parts.count == 2, parts[1].allSatisfy(\.isWhitespace) else { return false }
        return parts[0].wholeMatch(of: #/\s*[A-Za-z0-9_"]+\s+[Ii][Nn]\s*/#) != nil
    }
}

extension Contract {
    /// - Throws: `ValidationException` where every fund is meant, and the terms say more than funds: leaving out the
    ///   funds would leave out the rest.
    func check(_ offer: Offer) throws(AWSError) {
        guard funds.isEmpty else { return }
        for product in offer.products {
            for template in product.tables.compactMap(\.terms?.rowFilter)
            where template.contains(Bourse.TableTerms.entitledFunds)
                && !RowFilters.isOfFundsAlone(template)
            {
                throw .needsFunds(product.name)
            }
        }
    }

    /// The filters of a table's rows. Nil: all of its rows are shown.
    func rows(of table: OfferedTable) -> RowFilters? {
        let byFund = table.isByFund ? "\(fundColumn) IN \(Bourse.TableTerms.entitledFunds)" : nil
        return RowFilters(table.terms.map(\.rowFilter) ?? byFund, funds: funds)
    }

    /// Whether something of the table is not shown. What is shown whole is granted as it is.
    func filters(_ table: OfferedTable) -> Bool {
        rows(of: table) != nil || table.terms?.columns != nil
    }

    /// Of the contract's filters on a table that it filters.
    func filterNames(on table: OfferedTable) -> [String] {
        let count = rows(of: table)?.expressions.count ?? 1
        // No contract's id has a dot in it.
        return (1...count).map { $0 == 1 ? "contract-\(id)" : "contract-\(id).\($0)" }
    }
}
