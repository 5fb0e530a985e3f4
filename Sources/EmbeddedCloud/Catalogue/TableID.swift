import AWSAPI

/// A table by its full name: whose catalogue, which database, which table. Names are lower case.
struct TableID: Hashable, Codable, Sendable {
    var catalog: AccountID
    var database: String
    var name: String
}
