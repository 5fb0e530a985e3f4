import AWSAPI
import FoundationEssentials
import GRDB
import Ledger

/// An OpenID Connect issuer that an account trusts to say who its people and programs are.
struct IdentityProvider: Sendable {
    let row: IdentityProviderRow
    /// Whose tokens open the account's `data-subscriber` role. Other roles have trust policies of their own.
    let subscriberTrust: PolicyDocument

    init(_ row: IdentityProviderRow) {
        self.row = row
        subscriberTrust = PolicyDocument(
            row.subjects.isEmpty
                ? []
                : [
                    .init(
                        .allow, principals: [.federated(row.arn.description)],
                        actions: ["sts:AssumeRoleWithWebIdentity"], resources: nil,
                        conditions: [
                            .init("StringLike", row.key(.subject).name, row.subjects)
                        ])
                ])
    }
}

struct IdentityProviderRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "identityProvider"

    var account: AccountID
    /// As its tokens say it in `iss`: `https://login.example.com/tenant`.
    var issuer: String
    /// The audiences that its tokens may be made for.
    var clientIDs: [String]
    /// Kept for IAM's clients. The issuer's certificate is checked against the authorities of this system.
    var thumbprints: [String]
    /// Patterns of `sub`. Empty: no token of its opens the `data-subscriber` role.
    var subjects: [String]
    var createdAt: Date

    /// The issuer without `https://`, as IAM names it.
    var name: String { Self.name(of: issuer) }

    var arn: ARN { Self.arn(of: issuer, in: account) }

    func key(_ claim: ConditionKey.TokenClaim) -> ConditionKey {
        .token(claim, issuer: name.lowercased())
    }

    static func name(of issuer: String) -> String { String(issuer.dropFirst("https://".count)) }

    static func arn(of issuer: String, in account: AccountID) -> ARN {
        ARN(
            service: "iam", account: account.rawValue,
            resource: "oidc-provider/\(name(of: issuer))")
    }

    static let migration = Migration(
        "3-web-identity",
        """
        CREATE TABLE identityProvider (
            account TEXT NOT NULL REFERENCES account(id),
            issuer TEXT NOT NULL,
            clientIDs TEXT NOT NULL,
            thumbprints TEXT NOT NULL,
            subjects TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            PRIMARY KEY (account, issuer)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE enrolledKey ADD COLUMN renewedBy TEXT;
        ALTER TABLE enrolledKey ADD COLUMN renewedAt TEXT;
        """)
}

extension IdentityProviderRow {
    /// UTF-8 bytes.
    ///
    /// Source: IAM and AWS STS API Reference, CreateOpenIDConnectProvider.
    static let issuerBytesMax = 255
    static let clientIDsMax = 100
    static let clientIDBytesMax = 255
    static let thumbprintsMax = 5
    static let subjectsMax = 50
    static let subjectBytesMax = 255

    /// Throws what is wrong with it, in the words of whoever takes it in.
    func check() throws(IdentityProviderFault) {
        guard issuer.hasPrefix("https://"), issuer.utf8.count <= Self.issuerBytesMax,
            ConditionKey("\(name):sub") != nil, name.utf8.allSatisfy(Self.isNameByte)
        else {
            throw .issuer(
                "The issuer must be a URL such as https://login.example.com/tenant, of "
                    + "\(Self.issuerBytesMax) bytes at most, without a query.")
        }
        guard clientIDs.count <= Self.clientIDsMax,
            clientIDs.allSatisfy({ (1...Self.clientIDBytesMax).contains($0.utf8.count) })
        else {
            throw .limit(
                "There may be \(Self.clientIDsMax) client ids, of 1 to \(Self.clientIDBytesMax) bytes."
            )
        }
        guard thumbprints.count <= Self.thumbprintsMax,
            thumbprints.allSatisfy({ $0.utf8.count == 40 && $0.utf8.allSatisfy(Self.isHexDigit) })
        else {
            throw .limit(
                "There may be \(Self.thumbprintsMax) thumbprints, each a SHA-1 of 40 hex digits.")
        }
        guard subjects.count <= Self.subjectsMax,
            subjects.allSatisfy({ (1...Self.subjectBytesMax).contains($0.utf8.count) })
        else {
            throw .limit(
                "There may be \(Self.subjectsMax) subjects, of 1 to \(Self.subjectBytesMax) bytes.")
        }
        // Many issuers serve everyone: there, a pattern of wildcards alone would let everyone in.
        guard subjects.allSatisfy({ $0.contains { $0 != "*" && $0 != "?" } }) else {
            throw .issuer("A subject must say more than wildcards: whose tokens may open sessions.")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "/"):
            true
        default: false
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        Character(UnicodeScalar(byte)).isHexDigit
    }
}

/// What is wrong with an issuer.
enum IdentityProviderFault: Error {
    case issuer(String)
    /// Too many, or too long.
    case limit(String)

    var message: String {
        switch self {
        case .issuer(let message), .limit(let message): message
        }
    }
}
