import AWSAPI
import Crypto

/// What names a data set, revision, asset, job or grant. New ones are 32 lower-case hex digits.
///
/// Source: AWS Data Exchange API Reference, the pattern of every `Id`.
package struct ExchangeID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    package let rawValue: String

    /// Nil unless `rawValue` is 30 to 40 ASCII letters and digits.
    package init?(rawValue: String) {
        let bytes = rawValue.utf8
        guard (30...40).contains(bytes.count), bytes.allSatisfy(Self.isAllowed) else { return nil }
        self.rawValue = rawValue
    }

    private init(random bytes: SymmetricKey) {
        rawValue = bytes.withUnsafeBytes { Array($0).hex }
    }

    /// A new one: 128 bits that nobody guesses.
    static func make() -> ExchangeID { ExchangeID(random: SymmetricKey(size: .bits128)) }

    package var description: String { rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}

/// The names of the exchange's things, as AWS writes them.
struct ExchangeARNs: Sendable {
    let region: String

    func dataSet(_ id: ExchangeID, in account: AccountID) -> String {
        arn("data-sets/\(id)", account.rawValue)
    }

    func revision(_ id: ExchangeID, of dataSet: ExchangeID, in account: AccountID) -> String {
        arn("data-sets/\(dataSet)/revisions/\(id)", account.rawValue)
    }

    func asset(
        _ id: ExchangeID, of revision: ExchangeID, _ dataSet: ExchangeID, in account: AccountID
    ) -> String {
        arn("data-sets/\(dataSet)/revisions/\(revision)/assets/\(id)", account.rawValue)
    }

    func job(_ id: ExchangeID, in account: AccountID) -> String {
        arn("jobs/\(id)", account.rawValue)
    }

    func eventAction(_ id: ExchangeID, in account: AccountID) -> String {
        arn("event-actions/\(id)", account.rawValue)
    }

    /// In the sender's account, for both sides.
    func dataGrant(_ id: ExchangeID, from sender: AccountID) -> String {
        arn("data-grants/\(id)", sender.rawValue)
    }

    /// As events name a data set: without an account.
    func dataSetInEvents(_ id: ExchangeID) -> String { arn("data-sets/\(id)", "") }

    private func arn(_ resource: String, _ account: String) -> String {
        ARN(service: "dataexchange", region: region, account: account, resource: resource)
            .description
    }
}
