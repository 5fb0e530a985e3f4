import AWSAPI
import BourseAPI
import FoundationEssentials
import GlueAPI
import HashTreeCollections

/// Whether what a product's subscribers are to see, pay and know can be.
struct ProductTerms {
    static let sampleQueryBytesMax = 16 << 10
    static let contactsMax = 20
    /// Of a contract's next term.
    static let renewalMonths = 1...60
    /// Stands for the funds while a filter is read.
    private static let funds = "entitled funds"

    let state: StateStore
    let provider: AccountID
    let region: String

    /// - Throws: `ValidationException`.
    func check(_ product: Bourse.Product, by engine: ExpressionEngine) async throws {
        guard product.regions.isEmpty || product.regions.contains(region) else {
            throw AWSError.validation(
                "\(product.productId) may be served from \(product.regions.joined(separator: ", ")) only, and "
                    + "this exchange is in \(region).")
        }
        try checkWords(of: product)
        var seen: Set<String> = []
        for terms in product.tableTerms {
            guard product.tables.contains(terms.table), seen.insert(terms.table).inserted else {
                throw AWSError.validation(
                    "Terms are of \(terms.table), which is none of the product's tables, or is there twice."
                )
            }
            let id = DatabaseID(catalog: provider, name: product.database).table(terms.table)
            guard let table = state.current.catalogue[id] else {
                throw AWSError.validation("There is no table \(product.database).\(terms.table).")
            }
            try check(terms.columns, of: table)
            if let filter = terms.rowFilter { try await check(filter, of: table, by: engine) }
        }
        let columns = Set(
            product.tables.flatMap { name in
                let id = DatabaseID(catalog: provider, name: product.database).table(name)
                return state.current.catalogue[id]?.allColumns.map { $0.name.lowercased() } ?? []
            })
        if let field = product.dashboardFields.first(where: { !columns.contains($0.lowercased()) })
        {
            throw AWSError.validation("None of the product's tables has a column \(field).")
        }
    }

    private func checkWords(of product: Bourse.Product) throws(AWSError) {
        if let sql = product.sampleQuery,
            !(1...Self.sampleQueryBytesMax).contains(sql.utf8.count)
        {
            throw .validation("SampleQuery must have 1 to \(Self.sampleQueryBytesMax) bytes.")
        }
        if let price = product.price {
            let amounts = [price.perRequest, price.perTiBScanned].compactMap(\.self)
            guard !amounts.isEmpty,
                amounts.allSatisfy({ $0.wholeMatch(of: #/[0-9]{1,12}(\.[0-9]{1,12})?/#) != nil }),
                price.currency.wholeMatch(of: #/[A-Z]{3}/#) != nil
            else {
                throw .validation(
                    "Price must have a decimal number per request or per TiB, and a currency such as USD."
                )
            }
        }
        if let months = product.renewalMonths, !Self.renewalMonths.contains(months) {
            throw .validation(
                "RenewalMonths must be \(Self.renewalMonths.lowerBound) to "
                    + "\(Self.renewalMonths.upperBound).")
        }
        guard product.contacts.count <= Self.contactsMax,
            product.contacts.allSatisfy({ contact in
                [contact.name, contact.email].allSatisfy { text in
                    (1...254).contains(text.utf8.count)
                        && text.unicodeScalars.allSatisfy {
                            $0.properties.generalCategory != .control
                        }
                } && contact.email.wholeMatch(of: #/[^@\s<>]+@[^@\s<>]+/#) != nil
            })
        else {
            throw .validation(
                "Contacts must be up to \(Self.contactsMax) names, each with an e-mail address.")
        }
    }

    private func check(_ columns: [String]?, of table: Glue.Table) throws(AWSError) {
        guard let columns else { return }
        let known = table.allColumns.map(\.name)
        guard !columns.isEmpty, Set(columns).count == columns.count,
            columns.allSatisfy(known.contains)
        else {
            throw .validation(
                "The columns of \(table.name) must be some that it has, each once: "
                    + known.joined(separator: ", "))
        }
    }

    /// A list of funds is cut into several filters, which together show what each of them shows: so that what is
    /// shown is right, nothing may be shown for want of a fund.
    private func check(
        _ filter: String, of table: Glue.Table, by engine: ExpressionEngine
    ) async throws {
        let parts = filter.components(separatedBy: Bourse.TableTerms.entitledFunds)
        guard parts.count <= 2 else {
            throw AWSError.validation(
                "The row filter of \(table.name) may say \(Bourse.TableTerms.entitledFunds) once.")
        }
        let predicate: RowPredicate
        do throws(any Error) {
            predicate = try await FilterExpressionReader(columns: table.filterColumns).predicate(
                of: parts.joined(separator: "('\(Self.funds)')"), by: engine)
        } catch let error as AWSError {
            throw AWSError.validation("The row filter of \(table.name): \(error.message)")
        }
        guard parts.count == 1 || predicate.shows(Self.funds, isNegated: false) else {
            throw AWSError.validation(
                "The row filter of \(table.name) must say COLUMN IN \(Bourse.TableTerms.entitledFunds), and not "
                    + "behind a NOT.")
        }
    }
}

extension RowPredicate {
    /// Whether a list of the one value stands where it shows rows.
    fileprivate func shows(_ value: String, isNegated: Bool) -> Bool {
        switch self {
        case .among(_, let literals): !isNegated && literals.map(\.text) == [value]
        case .not(let predicate): predicate.shows(value, isNegated: !isNegated)
        case .all(let predicates), .any(let predicates):
            predicates.contains { $0.shows(value, isNegated: isNegated) }
        case .compare, .between, .like, .isNull: false
        }
    }
}
