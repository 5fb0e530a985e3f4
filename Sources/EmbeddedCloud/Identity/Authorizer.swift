import AWSAPI
import FoundationEssentials
import HashTreeCollections

/// Whether a caller may do what it asks: its own policies, those of the resource, those of its session.
///
/// Reads the state in force and nothing else. What a grant of the catalogue adds is decided by its room.
struct Authorizer: Sendable {
    let state: StateStore
    let region: String
    /// The exchange's own account.
    let exchange: AccountID
    private let shares = SharePolicies()

    init(state: StateStore, region: String, exchange: AccountID) {
        self.state = state
        self.region = region
        self.exchange = exchange
    }

    /// - Parameters:
    ///   - action: `s3:GetObject`
    ///   - context: What policies may ask about this request besides what every request has.
    /// - Throws: `AccessDenied`, in the service's words.
    func check(
        _ action: String, on resource: ARN, of service: AWSService, by call: Call,
        context: [(ConditionKey, String)] = []
    ) throws(AWSError) {
        let found = authorization(
            of: action, on: resource, by: call, context: context, in: state.current)
        let reason: String
        switch found.decision {
        case .deny(let refusal, _): reason = refusal.rawValue
        case .allow where found.hidesFiles: reason = Authorization.filesHidden
        case .allow: return
        }
        throw .accessDenied(
            service,
            "User: \(call.caller.arn) is not authorized to perform: \(action) on resource: "
                + "\(resource) (\(reason))")
    }

    /// What ``check(_:on:of:by:context:)`` decides by, and the decision.
    func authorization(
        of action: String, on resource: ARN, by call: Call,
        context: [(ConditionKey, String)] = [], in current: CloudState
    ) -> Authorization {
        let caller = call.caller
        let resource = current.exchange.resolving(resource, for: caller.account, at: call.time)
        // Whoever makes a bucket is not asked whose it is: its name is free, or the handler says so.
        let bucket =
            action == "s3:CreateBucket"
            ? nil : resource.bucketName.flatMap { current.storage.buckets[$0] }
        var access = Access(
            by: caller.asPoliciesSeeIt, action: action, resource: resource,
            owner: bucket?.account, context: call.policyContext(region: region))
        for (key, value) in context { access.context.add(key, value) }
        var policies = Policies(
            identity: current.identity.policies(of: caller),
            resource: bucket.flatMap { current.storage.policies[$0.name] },
            session: caller.sessionPolicy)
        if let lent = caller.lent {
            let policy = mayUse(lent, call, in: current) ? lent.policy : PolicyDocument([])
            // The table's account lends: no policy of its bucket has to say so.
            access.owner = caller.account
            policies.identity = [policy]
            let limited = Policies(
                identity: [policy], resource: policies.resource, session: policy)
            if case .deny = decide(access, under: limited) { policies = limited }
        } else if action == "sts:AssumeRole" {
            // A role that is not there trusts nobody, and looks like one that does not.
            let trust = RoleID(resource).flatMap {
                current.identity.trustPolicy(of: $0, exchange: exchange)
            }
            access.owner = AccountID(rawValue: resource.account)
            policies = Policies(
                identity: policies.identity, trust: trust ?? PolicyDocument([]),
                session: caller.sessionPolicy)
        }
        var decision = decide(access, under: policies)
        var isShared = false
        // What the bucket's policy denies stays denied; what it says nothing of, a data grant may open.
        if case .deny(.notOwner, _) = decision, let bucket {
            for share in current.exchange.shares(of: bucket, with: caller.account, at: call.time) {
                policies.resource = shares.policy(of: share, for: caller.account)
                decision = decide(access, under: policies)
                if case .allow = decision {
                    isShared = true
                    break
                }
            }
        }
        var hidesFiles = false
        if let bucket, let path = resource.path(readBy: action, context: context) {
            hidesFiles = !current.mayReadFiles(
                at: path, in: bucket, caller, isShared: isShared, at: call.time)
        }
        return Authorization(policies: policies, decision: decision, hidesFiles: hidesFiles)
    }

    /// Whether the files are still lent, and the caller's own identity may still have data of Lake Formation.
    private func mayUse(_ lent: LentFiles, _ call: Call, in current: CloudState) -> Bool {
        let access = Access(
            by: call.caller.asPoliciesSeeIt, action: "lakeformation:GetDataAccess",
            resource: ARN(
                service: "lakeformation", region: region, account: call.caller.account.rawValue,
                resource: "*"), context: call.policyContext(region: region))
        let policies = Policies(
            identity: current.identity.policies(of: call.caller),
            session: call.caller.sessionPolicy)
        guard case .allow = decide(access, under: policies) else { return false }
        return current.stillLends(lent, to: call.caller, at: call.time)
    }

    /// What an operation of the service is about where it says nothing more particular.
    func anything(of service: AWSService) -> ARN {
        ARN(
            service: service.signingName, region: region, account: exchange.rawValue, resource: "*")
    }
}

/// The policies that bear on one access, and what they come to.
struct Authorization: Sendable {
    /// Why the policies' allowing it is not enough.
    static let filesHidden =
        "Lake Formation governs the location, and no table there was granted as a whole"

    let policies: Policies
    let decision: Decision
    /// Whether it would read files, or their names, that Lake Formation keeps from the caller.
    let hidesFiles: Bool
}

extension Authorizer {
    /// Whether the role lets in whoever has a token of this issuer's that says this. The token has been
    /// checked.
    func trusts(
        _ provider: IdentityProvider, in role: RoleID, by call: Call,
        context: [(ConditionKey, String)]
    ) -> Bool {
        var access = Access(
            by: .federated(by: provider.row.arn.description),
            action: "sts:AssumeRoleWithWebIdentity", resource: role.arn, owner: role.account,
            context: call.policyContext(region: region))
        for (key, value) in context { access.context.add(key, value) }
        let trust =
            role.name == BuiltInRole.dataSubscriber
            ? provider.subscriberTrust : state.current.identity.roles[role]?.trust
        guard let trust else { return false }
        if case .allow = decide(access, under: Policies(identity: [], trust: trust)) { return true }
        return false
    }
}

extension ExchangeState {
    /// The resource, where it is named by an alias of the account's.
    fileprivate func resolving(
        _ resource: ARN, for account: AccountID, at now: Date
    ) -> ARN {
        guard resource.service == "s3", resource.resource.contains("-s3alias") else {
            return resource
        }
        let name = resource.resource.prefix { $0 != "/" }
        guard let bucket = bucket(aliased: String(name), for: account, at: now) else {
            return resource
        }
        var resolved = resource
        resolved.resource = bucket + resource.resource.dropFirst(name.count)
        return resolved
    }
}

extension ARN {
    /// The object's key and a slash, or the prefix of the keys, that an action of S3's tells the content or
    /// the names of. Nil: of none.
    fileprivate func path(readBy action: String, context: [(ConditionKey, String)]) -> String? {
        guard action.hasPrefix("s3:Get") || action.hasPrefix("s3:List") else { return nil }
        if let slash = resource.firstIndex(of: "/") {
            return resource[resource.index(after: slash)...] + "/"
        }
        guard action.hasPrefix("s3:ListBucket") else { return nil }
        return context.first { $0.0 == .prefix }?.1 ?? ""
    }

    /// Of S3's ARNs, which name the bucket and perhaps a key in it.
    fileprivate var bucketName: BucketName? {
        guard service == "s3" else { return nil }
        return BucketName(rawValue: String(resource.prefix { $0 != "/" }))
    }
}

extension Call {
    /// What policies may ask of any request.
    fileprivate func policyContext(region: String) -> Access.Context {
        var context: Access.Context = [
            .secureTransport: origin.endpoint.hasPrefix("https:") ? "true" : "false",
            .requestedRegion: region,
        ]
        context.time = time
        // What the marketplace and the services do by themselves comes from no address.
        let isService = ["bourse.internal", "athena.amazonaws.com"].contains(origin.sourceAddress)
        if !isService, origin.sourceAddress.contains(where: { $0 == "." || $0 == ":" }) {
            context.add(.sourceIP, origin.sourceAddress)
        }
        if let userAgent = origin.userAgent { context.add(.userAgent, userAgent) }
        return context
    }
}
