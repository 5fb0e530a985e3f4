public import AWSAPI

/// The exchange's owner, as contracts and e-mails name it.
public struct Provider: Sendable {
    public let account: AccountID
    public let region: String
    public let name: String

    public init(account: AccountID, region: String, name: String) {
        self.account = account
        self.region = region
        self.name = name
    }

    /// One word for profiles and databases: the first of the name, in lower case, letters and digits of
    /// ASCII alone. `nomura` of `Nomura Asset Management`.
    public var shortName: String {
        let word = name.split(separator: " ").first.map { $0.lowercased() } ?? ""
        let letters = word.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return letters.isEmpty ? "provider" : letters
    }

    /// What clients call the provider's database in their own catalogue: `external_nomura_data`.
    ///
    /// Of all that a contract opens, sorted, the first has the short name; the others add their own.
    func linkName(of database: String, among databases: [String]) -> String {
        let name = "external_\(shortName)_data"
        return database == databases.first ? name : "\(name)_\(database)"
    }
}
