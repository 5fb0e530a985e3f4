import AWSAPI
import FoundationEssentials
import Testing

/// The accounts and callers of the policy tests.
enum PolicyExample {
    static let provider = AccountID(rawValue: "111111111111")
    static let account = AccountID(rawValue: "222222222222")
    static let stranger = AccountID(rawValue: "333333333333")

    static let role = "arn:aws:iam::222222222222:role/reader"
    static let session = "arn:aws:sts::222222222222:assumed-role/reader/laptop"
    static let user = "arn:aws:iam::222222222222:user/ada"
    static let root = "arn:aws:iam::222222222222:root"

    static func userCaller(_ name: String = "ada") throws -> Access.Principal {
        .user(name, in: try #require(account), id: "AIDAADA")
    }

    static func sessionCaller(
        of role: String = "reader", named name: String = "laptop"
    ) throws -> Access.Principal {
        let account = try #require(account)
        let arn = ARN(
            service: "sts", account: account.rawValue, resource: "assumed-role/\(role)/\(name)")
        return .session(arn, of: .role(role, in: account), in: account, id: "AROAREADER:\(name)")
    }

    static func anonymousCaller() throws -> Access.Principal {
        .anonymous(in: try #require(account))
    }

    /// A policy of one statement that allows everything under one condition.
    static func policy(
        _ effect: String = "Allow", when condition: String, version: String = "2012-10-17"
    ) -> String {
        """
        {"Version":"\(version)","Statement":{"Effect":"\(effect)","Action":"*","Resource":"*",
        "Condition":\(condition)}}
        """
    }

    /// Whether a statement under this condition applies: as an `Allow`, and as a `Deny`.
    static func applies(
        _ condition: String, by caller: Access.Principal? = nil, _ context: Access.Context,
        version: String = "2012-10-17"
    ) throws -> (allows: Bool, denies: Bool) {
        let access = Access(
            by: try caller ?? sessionCaller(), action: "s3:GetObject",
            resource: .s3(bucket: "lake", key: "gold/nav"), context: context)
        let allow = try PolicyDocument(
            parsing: policy(when: condition, version: version), as: .identity)
        let deny = try PolicyDocument(
            parsing: policy("Deny", when: condition, version: version), as: .identity)
        let everything = PolicyDocument([.init(.allow, actions: ["*"])])
        return (
            decide(access, under: Policies(identity: [allow])).isAllow,
            !decide(access, under: Policies(identity: [everything, deny])).isAllow
        )
    }
}

extension Decision {
    var isAllow: Bool { if case .allow = self { true } else { false } }

    var refusal: Refusal? { if case .deny(let refusal, _) = self { refusal } else { nil } }
}
