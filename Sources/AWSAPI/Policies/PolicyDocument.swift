/// An IAM policy: statements that allow or deny actions on resources.
///
/// Read from JSON, it says nothing that would be overlooked: an element, an operator or a key that
/// is not served makes the document unreadable. A policy with a hole in it would fail open.
///
/// Source: IAM User Guide, "IAM JSON policy element reference".
public struct PolicyDocument: Equatable, Sendable {
    /// Which language it is written in. Only the newer one has variables.
    public enum Version: String, Sendable {
        case v2008 = "2008-10-17"
        case v2012 = "2012-10-17"
    }

    public let version: Version
    public let id: String?
    public let statements: [Statement]
    /// The statements', in their order.
    let matchers: [StatementMatcher?]

    /// A policy of our own.
    public init(_ statements: [Statement], id: String? = nil) {
        self.init(version: .v2012, id: id, statements: statements)
    }

    init(version: Version, id: String?, statements: [Statement]) {
        self.version = version
        self.id = id
        self.statements = statements
        matchers = statements.map(\.matcher)
    }
}

extension PolicyDocument {
    /// What a policy is attached to, and so which elements it has.
    public enum Kind: Sendable {
        /// A user or a role: whom it is about is clear.
        case identity
        /// A bucket.
        case resource
        /// A role: who may assume it.
        case trust
        /// A session, when it is opened.
        case session
    }

    /// UTF-8 bytes.
    public static let bucketPolicyBytesMax = 20_480
    /// Characters, white space not counted.
    public static let rolePolicyCharactersMax = 10_240
    /// Characters, white space not counted.
    public static let trustPolicyCharactersMax = 2_048
    /// Characters.
    public static let sessionPolicyCharactersMax = 2_048
    /// UTF-8 bytes of any policy, white space included.
    public static let textBytesMax = 131_072
    public static let statementsMax = 256
}
