import AWSAPI

/// Where events of an account arrive and its rules watch. Every account has one: `default`.
struct EventBus: Hashable, Sendable {
    static let defaultName = "default"

    let account: AccountID
    let name: String

    init(of account: AccountID, named name: String = defaultName) {
        self.account = account
        self.name = name
    }

    /// The bus of the caller's that a request means.
    ///
    /// - Parameter name: A name or an ARN. Nil: the default bus.
    /// - Throws: ``AWSError/eventBusDoesNotExist(_:)``, for another account's bus too.
    init(named name: String?, of account: AccountID, region: String) throws(AWSError) {
        let bus = EventBus(of: account)
        guard let name, name != bus.name else {
            self = bus
            return
        }
        guard name == bus.arn(in: region).description else { throw .eventBusDoesNotExist(name) }
        self = bus
    }

    func arn(in region: String) -> ARN {
        ARN(
            service: "events", region: region, account: account.rawValue,
            resource: "event-bus/\(name)")
    }

    /// AWS leaves the default bus out of the ARN of a rule.
    func arn(ofRule rule: String, in region: String) -> ARN {
        ARN(
            service: "events", region: region, account: account.rawValue,
            resource: name == Self.defaultName ? "rule/\(rule)" : "rule/\(name)/\(rule)")
    }
}
