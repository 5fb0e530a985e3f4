import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import Ledger

/// What the provider offers, and what has to hold of it.
struct Products: Sendable {
    static let tablesMax = 100
    /// That the expectations of one table name, each time counted.
    static let namedMax = 1_000

    let state: StateStore
    let provider: AccountID
    /// The exchange's own.
    let region: String
    let expressions: ExpressionEngine

    var handlers: [Handler] { [Handler(put), Handler(list), Handler(delete)] }

    @Sendable func put(
        _ operation: Bourse.PutProduct, _ request: Request
    ) async throws -> Bourse.Product {
        let product = operation.product
        guard product.productId == operation.productId else {
            throw AWSError.validation(
                "ProductId is \(product.productId), and the path's is another.")
        }
        try check(product)
        try await ProductTerms(state: state, provider: provider, region: region)
            .check(product, by: expressions)
        return try await state.change(recording: request.event) { db, state in
            let dataSet = try dataSet(of: product, in: state)
            try checkTables(of: product, in: state)
            let row = ProductRow(
                id: product.productId, dataSet: dataSet.id, definition: product.json,
                updatedAt: request.time)
            try row.save(db)
            state.exchange.put(product, of: dataSet.id)
            return product
        }
    }

    @Sendable func list(
        _ operation: Bourse.ListProducts, _ request: Request
    ) async throws -> Bourse.ListProducts.Response {
        .init(
            products: state.current.exchange.products.values.sorted { $0.productId < $1.productId })
    }

    @Sendable func delete(
        _ operation: Bourse.DeleteProduct, _ request: Request
    ) async throws -> EmptyResponse {
        try await state.change(recording: request.event) { db, state in
            guard let row = try ProductRow.fetchOne(db, key: operation.productId) else {
                throw AWSError.noProduct(operation.productId)
            }
            try row.delete(db)
            state.exchange.removeProduct(of: row.dataSet)
        }
        return .init()
    }

    // MARK: What cannot be

    private func check(_ product: Bourse.Product) throws(AWSError) {
        let id = product.productId.utf8
        let isName = id.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
        }
        guard (1...64).contains(id.count), isName, id.first != UInt8(ascii: "-") else {
            throw .validation(
                "ProductId must have 1 to 64 lower-case letters, digits and dashes, and begin with no dash."
            )
        }
        guard !product.keyPrefixes.isEmpty, product.keyPrefixes.count <= JobWish.namesPerAccessMax
        else {
            throw .validation("KeyPrefixes must have 1 to \(JobWish.namesPerAccessMax) entries.")
        }
        for prefix in product.keyPrefixes {
            guard (1...1_024).contains(prefix.utf8.count), prefix.hasSuffix("/") else {
                throw .validation(
                    "The prefix \(prefix.debugDescription) must be a folder: gold/nav/")
            }
        }
        guard (1...Self.tablesMax).contains(product.tables.count),
            Set(product.tables).count == product.tables.count
        else {
            throw .validation("Tables must have 1 to \(Self.tablesMax) names, each once.")
        }
        var seen: Set<String> = []
        for expectations in product.expectations {
            guard product.tables.contains(expectations.table),
                seen.insert(expectations.table).inserted
            else {
                throw .validation(
                    "Expectations are of \(expectations.table), which is none of the product's tables, or "
                        + "is there twice.")
            }
            let named =
                expectations.columns.count + expectations.notNull.count
                + expectations.unique.count + expectations.ranges.count
            guard named <= Self.namedMax else {
                throw .validation(
                    "The expectations of \(expectations.table) may name \(Self.namedMax) columns.")
            }
            for range in expectations.ranges where range.min == nil && range.max == nil {
                throw .validation("The range of \(range.column) has no Min and no Max.")
            }
            guard expectations.rowsMin ?? 0 >= 0, expectations.freshness?.daysMax ?? 0 >= 0,
                expectations.rowsMin ?? 0 <= expectations.rowsMax ?? .max
            else { throw .validation("A bound of \(expectations.table) cannot be met.") }
        }
    }

    private func dataSet(
        of product: Bourse.Product, in state: CloudState
    ) throws(AWSError) -> DataSetRow {
        let id = try exchangeID(product.dataSetId, "DataSetId")
        let row = try state.exchange.owned(id, by: provider)
        guard row.assetKind == .s3DataAccess else {
            throw .validation(
                "The data set's assets are \(row.assetKind.rawValue), not S3_DATA_ACCESS.")
        }
        guard row.isLive == product.live else {
            throw .validation(
                "The data set \(row.name) \(row.isLive ? "is" : "is not") live since it was made: give the product "
                    + "another title, and so a data set of its own.")
        }
        guard !product.live || product.expectations.isEmpty else {
            throw .validation(
                "\(product.productId) is live: nothing is held back, so nothing can be expected of it."
            )
        }
        if let other = state.exchange.products[id], other.productId != product.productId {
            throw .validation("The data set carries the product \(other.productId) already.")
        }
        guard
            BucketName(rawValue: product.bucket).flatMap({ state.storage.buckets[$0] })?.account
                == provider
        else {
            throw .validation("\(product.bucket) is not a bucket of the provider's.")
        }
        return row
    }

    private func checkTables(
        of product: Bourse.Product, in state: CloudState
    ) throws(AWSError) {
        let database = DatabaseID(catalog: provider, name: product.database)
        for name in product.tables {
            guard let table = state.catalogue[database.table(name)] else {
                throw .validation("There is no table \(product.database).\(name).")
            }
            guard let folder = table.folder, folder.bucket == product.bucket,
                product.keyPrefixes.contains(where: { folder.key.utf8.starts(with: $0.utf8) })
            else {
                throw .validation(
                    "\(product.database).\(name) does not lie in the product's prefixes: it is at "
                        + "\(table.storageDescriptor?.location ?? "no location").")
            }
            guard let expectations = product.expectations.first(where: { $0.table == name }) else {
                continue
            }
            let columns = table.allColumns.map { $0.name.lowercased() }
            for column in expectations.named.sorted()
            where !columns.contains(column.lowercased()) {
                throw .validation("\(product.database).\(name) has no column \(column).")
            }
            for type in expectations.columns.values.sorted() {
                guard (try? HiveType(type)) != nil else {
                    throw .validation("\(type) is not a type that Glue has.")
                }
            }
        }
    }
}

extension Bourse.TableExpectations {
    /// The columns that it speaks of.
    fileprivate var named: Set<String> {
        Set(columns.keys).union(notNull).union(unique).union(ranges.map(\.column))
            .union([freshness?.column].compactMap(\.self))
    }
}

struct ProductRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "product"

    var id: String
    var dataSet: ExchangeID
    /// `Bourse.Product` in JSON.
    var definition: String
    var updatedAt: Date
}

extension AWSError {
    static func noProduct(_ id: String) -> AWSError {
        AWSError("ResourceNotFoundException", status: 404, "There is no product \(id).")
    }
}
