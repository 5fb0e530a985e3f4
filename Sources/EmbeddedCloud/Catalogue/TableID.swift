import AWSAPI

/// A database by its full name: whose catalogue, which database. Names are lower case.
struct DatabaseID: Hashable, Codable, Sendable {
    var catalog: AccountID
    var name: String
}

/// A table by its full name: whose catalogue, which database, which table. Names are lower case.
struct TableID: Hashable, Codable, Sendable {
    var catalog: AccountID
    var database: String
    var name: String

    var databaseID: DatabaseID { DatabaseID(catalog: catalog, name: database) }
}

extension DatabaseID {
    func table(_ name: String) -> TableID {
        TableID(catalog: catalog, database: self.name, name: name)
    }
}
