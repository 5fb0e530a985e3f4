/// What a policy may ask about a request. Case does not count in the names.
///
/// Source: IAM User Guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys";
/// Service Authorization Reference, the keys of S3 and STS.
public enum ConditionKey: Hashable, Sendable {
    case sourceIP
    /// To the second, as the exchange's clock has it.
    case currentTime
    case epochTime
    case secureTransport
    case requestedRegion
    case userAgent

    case principalAccount
    /// The user's or the role's, also in a session.
    case principalARN
    /// `User`, `AssumedRole` or `Anonymous`.
    case principalType
    case userID
    /// Of users; a session has none.
    case username

    case prefix
    case delimiter
    case maxKeys
    case versionID

    case roleSessionName
    case externalID

    /// What a web identity's token says: `login.example.com/tenant:sub`. The issuer is its URL without
    /// `https://`, in small letters.
    case token(TokenClaim, issuer: String)

    /// The claims of a token that policies may ask about.
    public enum TokenClaim: String, CaseIterable, Sendable {
        /// `azp` where the token has one, else `aud`.
        case audience = "aud"
        case subject = "sub"
    }

    /// Those that have one name.
    private static let names: [(key: ConditionKey, name: String)] = [
        (.sourceIP, "aws:SourceIp"), (.currentTime, "aws:CurrentTime"),
        (.epochTime, "aws:EpochTime"), (.secureTransport, "aws:SecureTransport"),
        (.requestedRegion, "aws:RequestedRegion"), (.userAgent, "aws:UserAgent"),
        (.principalAccount, "aws:PrincipalAccount"), (.principalARN, "aws:PrincipalArn"),
        (.principalType, "aws:PrincipalType"), (.userID, "aws:userid"),
        (.username, "aws:username"), (.prefix, "s3:prefix"), (.delimiter, "s3:delimiter"),
        (.maxKeys, "s3:max-keys"), (.versionID, "s3:VersionId"),
        (.roleSessionName, "sts:RoleSessionName"), (.externalID, "sts:ExternalId"),
    ]

    private static let byName = Dictionary(
        uniqueKeysWithValues: names.map { ($0.name.lowercased(), $0.key) })

    /// Nil for a key that is not served.
    public init?(_ name: String) {
        let name = name.lowercased()
        guard let key = Self.byName[name] ?? Self.token(name) else { return nil }
        self = key
    }

    /// `host[:port][/path]:claim`. A host has a dot or a port, and so is told from a service's prefix.
    private static func token(_ name: String) -> ConditionKey? {
        guard let mark = name.lastIndex(of: ":"),
            let claim = TokenClaim(rawValue: String(name[name.index(after: mark)...]))
        else { return nil }
        let issuer = name[..<mark]
        let authority = issuer.prefix { $0 != "/" }
            .split(separator: ":", omittingEmptySubsequences: false)
        guard let host = authority.first, authority.count <= 2,
            host.contains(".") || authority.count == 2,
            host.utf8.allSatisfy(isHostByte),
            authority.dropFirst().allSatisfy({ UInt16($0) != nil })
        else { return nil }
        return .token(claim, issuer: String(issuer))
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// As policies write it.
    public var name: String {
        if case .token(let claim, let issuer) = self { return "\(issuer):\(claim.rawValue)" }
        return Self.names.first { $0.key == self }?.name ?? ""
    }
}

extension ConditionKey: CaseIterable {
    /// Those that have one name.
    public static var allCases: [ConditionKey] { names.map(\.key) }
}
