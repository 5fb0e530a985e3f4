import AWSAPI
import BourseAPI
import FoundationEssentials
import HashTreeCollections
import LakeFormationAPI

/// Why an account may see something, or may not, for the provider's eyes.
///
/// Nothing is decided here: those who decide about a request of the account's own are asked what they would
/// say, and what they say is put in words.
struct Explanations: Sendable {
    let state: StateStore
    let authorizer: Authorizer
    let exchange: AccountID

    var handlers: [Handler] { [Handler(explainAccess)] }

    @Sendable func explainAccess(
        _ operation: Bourse.ExplainAccess, _ request: Request
    ) async throws -> Bourse.AccessExplanation {
        let current = state.current
        let caller = try current.identity.subscriber(
            operation.accountId, session: "explain", exchange: exchange, at: request.time)
        let resource = try ExplainedResource(
            operation.resource, in: current, exchange: exchange, reader: caller.account)
        // From no address: which one its requests will come from is not known.
        let origin = Call.Origin(
            requestID: request.call.origin.requestID, sourceAddress: "bourse.internal",
            userAgent: nil, endpoint: request.call.origin.endpoint)
        var explanation = Explanation(
            current: current, authorizer: authorizer,
            call: Call(caller: caller, origin: origin, time: request.time),
            said: .init(accountId: caller.account.rawValue, resource: "\(resource)"))
        explanation.said.identityPolicies = current.identity.policies(of: caller).map(\.text)
        switch resource {
        case .table(let id, let table): explanation.explain(id, table)
        case .database(let id): explanation.explain(id)
        case .objects(let bucket, let key): explanation.explain(bucket, key: key)
        case .dataSet(let row): explanation.explain(row)
        }
        return explanation.said
    }
}

/// The rules that a request of an account's meets, one after the other.
struct Explanation {
    let current: CloudState
    let authorizer: Authorizer
    /// As the account's sessions ask.
    let call: Call
    var said: Bourse.AccessExplanation

    var caller: Caller { call.caller }

    mutating func add(_ name: String, _ effect: Bourse.AccessEffect, _ reason: String) {
        said.rules.append(.init(name: name, effect: effect, reason: reason))
    }

    mutating func conclude(_ verdict: Bourse.AccessVerdict, _ sentence: String) {
        said.verdict = verdict
        said.summary = "account \(caller.account) \(sentence)"
    }

    /// - Parameter sentence: `may not read nav_history`. The first rule that denies says why.
    mutating func concludeDenied(
        _ sentence: String, as verdict: Bourse.AccessVerdict = .denied
    ) {
        let reason = said.rules.first { $0.effect == .denies }?.reason
        conclude(verdict, sentence + (reason.map { ": \($0)" } ?? ""))
    }

    // MARK: What every request meets

    /// - Returns: Whether the account is let in at all.
    mutating func admitsAccount() -> Bool {
        let identity = current.identity
        guard let row = identity.accounts[caller.account] else { return false }
        guard identity.isOpen(caller.account, to: call.time) else {
            let since = row.cutOffAt.map { " since \(Timestamp.iso8601.text($0))" } ?? ""
            add("account", .denies, "\(row.id) (\(row.name)) is cut off\(since)")
            return false
        }
        let keys = identity.enrolledKeys.values.count {
            $0.account == row.id && $0.renewedBy == nil
        }
        let openers = keys + identity.providers(of: row.id).count
        add(
            "account", .allows,
            "\(row.id) (\(row.name)) is known and not cut off"
                + (openers == 0 ? "; no key or issuer of its is enrolled yet" : ""))
        return true
    }

    /// - Returns: Whether the role's policy allows what is no other account's.
    mutating func rolePolicyAllows<Operation: AWSOperation>(_: Operation.Type) -> Bool {
        let found = authorizer.authorization(
            of: Operation.action, on: authorizer.anything(of: Operation.service), by: call,
            in: current)
        switch found.decision {
        case .allow(let statement):
            add("role policy", .allows, "\(Operation.action) by \(statement)")
            return true
        case .deny(let refusal, let statement):
            add("role policy", .denies, "\(Operation.action): \(refusal.words(statement))")
            return false
        }
    }

    // MARK: What is granted

    /// The grants, as Lake Formation lists them, and the filters that they are through.
    mutating func show(_ grants: [Grant]) {
        said.permissions = grants.flatMap(\.listed)
        said.dataCellsFilters = grants.compactMap { grant in
            guard case .table(let table) = grant.resource.subject,
                case .filter(let name) = grant.resource.part
            else { return nil }
            return current.governance.filters[table]?[name]?.definition
        }
    }
}

extension Refusal {
    func words(_ statement: DecidingStatement?) -> String {
        switch self {
        case .explicitDeny: "denied by \(statement.map { "\($0)" } ?? "a statement")"
        case .noIdentityPolicyAllows: "no statement of the role's policy allows it"
        case .sessionPolicyDoesNotAllow: "the session's policy does not allow it"
        case .notOwner: "it is another account's, whose policy does not let this one in"
        case .trustPolicyDoesNotAllow: "the role does not trust the account"
        }
    }
}
