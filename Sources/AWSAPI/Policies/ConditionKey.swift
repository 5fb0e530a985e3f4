/// What a policy may ask about a request. Case does not count in the names.
///
/// Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, the
/// keys of S3 and STS.
public enum ConditionKey: String, CaseIterable, Sendable {
    case sourceIP = "aws:SourceIp"
    /// To the second, as the exchange's clock has it.
    case currentTime = "aws:CurrentTime"
    case epochTime = "aws:EpochTime"
    case secureTransport = "aws:SecureTransport"
    case requestedRegion = "aws:RequestedRegion"
    case userAgent = "aws:UserAgent"

    case principalAccount = "aws:PrincipalAccount"
    /// The user's or the role's, also in a session.
    case principalARN = "aws:PrincipalArn"
    /// `User`, `AssumedRole` or `Anonymous`.
    case principalType = "aws:PrincipalType"
    case userID = "aws:userid"
    /// Of users; a session has none.
    case username = "aws:username"

    case prefix = "s3:prefix"
    case delimiter = "s3:delimiter"
    case maxKeys = "s3:max-keys"
    case versionID = "s3:VersionId"

    case roleSessionName = "sts:RoleSessionName"
    case externalID = "sts:ExternalId"

    private static let byName = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.rawValue.lowercased(), $0) })

    /// Nil for a key that is not served.
    public init?(_ name: String) {
        guard let key = Self.byName[name.lowercased()] else { return nil }
        self = key
    }
}
