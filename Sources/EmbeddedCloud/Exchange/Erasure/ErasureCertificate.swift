import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import Ledger

/// What the exchange attests of an erasure that is done.
struct ErasureCertificate {
    /// JSON, as it is signed.
    let document: String

    init(
        of erasure: ErasureRow, exchange: AccountID, name: String, region: String, _ db: Database
    ) throws {
        let erased = try JSONValue(parsing: try Bourse.Erasure(erasure, db).json)
        document =
            JSONValue.object([
                "Certificate": "Erasure",
                "Version": .number("1"),
                "Exchange": [
                    "Account": .string(exchange.rawValue), "Name": .string(name),
                    "Region": .string(region),
                ],
                "RequestedBy": .string(erasure.requestedBy),
                "Erasure": erased,
            ]).text
    }
}
