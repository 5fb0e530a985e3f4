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

    /// - Parameters:
    ///   - action: `s3:GetObject`
    ///   - context: What policies may ask about this request besides what every request has.
    /// - Throws: `AccessDenied`, in the service's words.
    func check(
        _ action: String, on resource: ARN, of service: AWSService, by call: Call,
        context: [(ConditionKey, String)] = []
    ) throws(AWSError) {
        let current = state.current
        // Whoever makes a bucket is not asked whose it is: its name is free, or the handler says so.
        let bucket =
            action == "s3:CreateBucket"
            ? nil : resource.bucketName.flatMap { current.storage.buckets[$0] }
        var access = Access(
            by: call.caller.asPoliciesSeeIt, action: action, resource: resource,
            owner: bucket?.account, context: call.policyContext(region: region))
        for (key, value) in context { access.context.add(key, value) }
        let identity = current.identity.policies(of: call.caller)
        var policies = Policies(
            identity: identity, resource: bucket.flatMap { current.storage.policies[$0.name] },
            session: call.caller.sessionPolicy)
        if action == "sts:AssumeRole" {
            // A role that is not there trusts nobody, and looks like one that does not.
            let trust = RoleID(resource).flatMap {
                current.identity.trustPolicy(of: $0, exchange: exchange)
            }
            access.owner = AccountID(rawValue: resource.account)
            policies = Policies(
                identity: identity, trust: trust ?? PolicyDocument([]),
                session: call.caller.sessionPolicy)
        }
        guard case .deny(let refusal, _) = decide(access, under: policies) else { return }
        throw .accessDenied(
            service,
            "User: \(call.caller.arn) is not authorized to perform: \(action) on resource: "
                + "\(resource) (\(refusal.rawValue))")
    }
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

extension ARN {
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
