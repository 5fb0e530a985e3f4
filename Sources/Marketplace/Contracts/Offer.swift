import AWSAPI
import BourseAPI
import DataExchangeAPI
import GlueAPI

/// What a contract's products are on the day it is signed: their data sets and their tables.
///
/// A product is a data set of the provider's, by name. Its newest published revision says which prefixes
/// of which bucket it opens, and the provider's tables that lie under them are its tables.
struct Offer: Codable, Equatable, Sendable {
    struct Product: Codable, Equatable, Sendable {
        var name: String
        var dataSet: String
        /// Never empty.
        var tables: [OfferedTable]
        /// What its terms tell the client, where it has such.
        var sampleQuery: String?
        var dashboardFields: [String]?
        var price: String?
        /// Nil: a contract over it ends.
        var renewalMonths: Int?
        /// `NAME <ADDRESS>`
        var contacts: [String]?
    }

    var products: [Product]

    /// Each table once, though several products may open it.
    var tables: [OfferedTable] {
        var seen: Set<TableName> = []
        return products.flatMap(\.tables).filter { seen.insert($0.name).inserted }
    }

    /// By how many months a contract over all of them is renewed: where each of them is, by the least. Nil: it
    /// ends.
    var renewalMonths: Int? {
        let months = products.compactMap(\.renewalMonths)
        return months.count == products.count ? months.min() : nil
    }

    /// Sorted.
    var databases: [String] { Set(tables.map(\.name.database)).sorted() }
}

struct OfferedTable: Codable, Equatable, Sendable {
    struct Column: Codable, Equatable, Sendable {
        var name: String
        /// As Glue writes it: `decimal(18,4)`.
        var type: String
    }

    var name: TableName
    /// Partition keys at the end.
    var columns: [Column]
    var partitionKeys: [String]
    /// What is shown of it, by the product's terms.
    var terms: TableTerms?

    var shownColumns: [Column] {
        guard let shown = terms?.columns else { return columns }
        return columns.filter { shown.contains($0.name) }
    }

    /// Whether rows belong to funds, so that a contract can name the ones it shows.
    var isByFund: Bool { columns.contains { $0.name == fundColumn } }
}

/// The column by which a contract's funds choose rows.
let fundColumn = "fund_id"

struct TableName: Hashable, Codable, Sendable, CustomStringConvertible {
    var database: String
    var table: String

    var description: String { "\(database).\(table)" }
}

extension TableName {
    /// Nil unless it is `database.table`. A database's name has no dot.
    init?(_ text: String) {
        guard let dot = text.firstIndex(of: ".") else { return nil }
        self.init(database: String(text[..<dot]), table: String(text[text.index(after: dot)...]))
    }
}

extension Offer {
    /// Finds the products in the provider's account, by operations that only read.
    ///
    /// - Throws: `ValidationException` for a product that is not offered, is offered twice under one
    ///   name, has nothing published, or has no table.
    static func resolve(
        _ products: [String], through cloud: any Cloud
    ) async throws(AWSError) -> Offer {
        let dataSets = try await cloud.ownDataSets()
        let defined = try await cloud.send(Bourse.ListProducts()).products
        let tables = try await cloud.ownTables()
        var offer = Offer(products: [])
        for name in products {
            let named = dataSets.filter { $0.name == name && $0.assetType == .s3DataAccess }
            guard let dataSet = named.first else { throw .notOffered(name) }
            guard named.count == 1 else { throw .offeredTwice(name) }
            guard let places = try await cloud.publishedPlaces(of: dataSet.id) else {
                throw .nothingPublished(name)
            }
            let own = tables.filter { table in places.contains { $0.holds(table.location) } }
                .map(\.table)
            let terms = defined.first { $0.dataSetId == dataSet.id }
            let shown = terms.map { terms in
                own.compactMap { OfferedTable($0, under: terms) }
            }
            let tables = shown ?? own
            guard !tables.isEmpty else { throw .noTable(name) }
            for table in tables {
                let other = offer.tables.first { $0.name == table.name }
                guard other == nil || other?.terms == table.terms else {
                    throw .twoTerms("\(table.name)")
                }
            }
            offer.products.append(Product(name: name, dataSet: dataSet.id, tables, under: terms))
        }
        return offer
    }
}

extension Offer.Product {
    fileprivate init(
        name: String, dataSet: String, _ tables: [OfferedTable], under terms: Bourse.Product?
    ) {
        self.init(
            name: name, dataSet: dataSet, tables: tables, sampleQuery: terms?.sampleQuery,
            dashboardFields: terms?.dashboardFields, price: terms?.price?.words,
            renewalMonths: terms?.renewalMonths,
            contacts: terms?.contacts.map { "\($0.name) <\($0.email)>" })
    }
}

extension OfferedTable {
    /// Nil: it is none of the product's, though it lies there.
    fileprivate init?(_ table: OfferedTable, under product: Bourse.Product) {
        guard table.name.database == product.database, product.tables.contains(table.name.table)
        else { return nil }
        self = table
        terms = product.tableTerms.first { $0.table == table.name.table }.map {
            TableTerms(rowFilter: $0.rowFilter, columns: $0.columns)
        }
    }
}

/// A prefix of a bucket that a revision opens.
private struct Place {
    var bucket: String
    /// Without a slash at its end.
    var prefix: String

    /// Whether a table's location is the prefix or a folder inside it. `gold/esg` does not hold
    /// `gold/esg-insights`.
    func holds(_ location: String) -> Bool {
        (location.withoutEndSlashes + "/")
            .hasPrefix("s3://\(bucket)/" + (prefix.isEmpty ? "" : prefix + "/"))
    }
}

private struct LocatedTable {
    var table: OfferedTable
    var location: String
}

extension Cloud {
    fileprivate func ownDataSets() async throws(AWSError) -> [DataExchange.DataSetEntry] {
        var found: [DataExchange.DataSetEntry] = []
        var token: String?
        repeat {
            let page = try await send(
                DataExchange.ListDataSets(nextToken: token, origin: "OWNED"))
            found += page.dataSets ?? []
            token = page.nextToken
        } while token != nil
        return found
    }

    /// Of the newest finalized, unrevoked revision. Nil: there is none, or it opens nothing.
    fileprivate func publishedPlaces(of dataSet: String) async throws(AWSError) -> [Place]? {
        var revisions: [DataExchange.RevisionEntry] = []
        var token: String?
        repeat {
            let page = try await send(
                DataExchange.ListDataSetRevisions(dataSetId: dataSet, nextToken: token))
            revisions += page.revisions ?? []
            token = page.nextToken
        } while token != nil
        let published = revisions.filter { $0.finalized == true && $0.revoked != true }
        guard let newest = published.max(by: { $0.createdAt < $1.createdAt }) else { return nil }

        let assets = try await send(
            DataExchange.ListRevisionAssets(dataSetId: dataSet, revisionId: newest.id))
        let places = (assets.assets ?? []).compactMap(\.assetDetails.s3DataAccessAsset)
            .flatMap { asset in
                (asset.keyPrefixes ?? []).map {
                    Place(bucket: asset.bucket, prefix: $0.withoutEndSlashes)
                }
            }
        return places.isEmpty ? nil : places
    }

    /// The tables of the account's own databases: those behind resource links are someone else's.
    fileprivate func ownTables() async throws(AWSError) -> [LocatedTable] {
        var databases: [Glue.Database] = []
        var token: String?
        repeat {
            let page = try await send(Glue.GetDatabases(nextToken: token))
            databases += page.databaseList.filter { $0.targetDatabase == nil }
            token = page.nextToken
        } while token != nil

        var tables: [LocatedTable] = []
        for database in databases {
            repeat {
                let page = try await send(
                    Glue.GetTables(databaseName: database.name, nextToken: token))
                tables += (page.tableList ?? []).compactMap {
                    LocatedTable($0, database: database.name)
                }
                token = page.nextToken
            } while token != nil
        }
        return tables
    }
}

extension LocatedTable {
    /// Nil for a table without files: a view, a link.
    fileprivate init?(_ table: Glue.Table, database: String) {
        guard let storage = table.storageDescriptor, let location = storage.location else {
            return nil
        }
        let columns = (storage.columns ?? []) + (table.partitionKeys ?? [])
        self.init(
            table: OfferedTable(
                name: TableName(database: database, table: table.name),
                columns: columns.map { .init(name: $0.name, type: $0.type ?? "string") },
                partitionKeys: (table.partitionKeys ?? []).map(\.name)),
            location: location)
    }
}

extension String {
    fileprivate var withoutEndSlashes: String {
        var text = self[...]
        while text.last == "/" { text.removeLast() }
        return String(text)
    }
}
