import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import IAMAPI

/// IAM's operations on policies that stand by themselves. AWS's own (`arn:aws:iam::aws:policy/…`) are not
/// here.
struct ManagedPolicies: Sendable {
    /// Source: IAM User Guide, "IAM and AWS STS quotas".
    static let perAccountMax = 1_500
    static let versionsMax = 5
    static let perRoleMax = 10
    /// Characters, white space not counted.
    static let charactersMax = 6_144

    let state: StateStore

    var handlers: [Handler] {
        [
            Handler(create, on: { Self.arn($0.policyName, $1) }),
            Handler(get, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(list),
            Handler(delete, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(createVersion, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(getVersion, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(listVersions, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(deleteVersion, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(setDefault, on: { named, _ in ARN(named.policyArn) ?? .nowhere }),
            Handler(attach, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(detach, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(listAttached, on: { .role($0.roleName, in: $1.caller.account) }),
        ]
    }

    private static func arn(_ name: String, _ call: Call) -> ARN {
        ARN(service: "iam", account: call.caller.account.rawValue, resource: "policy/\(name)")
    }

    // MARK: Policies

    @Sendable func create(
        _ operation: IAM.CreatePolicy, _ request: Request
    ) async throws -> IAM.CreatePolicy.Response {
        guard Roles.isName(operation.policyName, max: 128) else {
            throw AWSError.stsValidation(
                "PolicyName must have 1 to 128 of the characters A-Z a-z 0-9 _ + = , . @ -")
        }
        guard operation.path == nil || operation.path == "/", operation.tags?.isEmpty ?? true else {
            throw AWSError.stsValidation("Policies have no path and no tags here.")
        }
        try Self.check(operation.policyDocument)
        let row = ManagedPolicyRow(
            id: AccessKey.makeID(prefix: "ANPA"), account: request.account,
            name: operation.policyName, description: operation.description, defaultVersion: 1,
            lastVersion: 1, createdAt: request.time, updatedAt: request.time)
        let version = ManagedPolicyVersionRow(
            policy: row.id, version: 1, document: operation.policyDocument,
            createdAt: request.time)
        let policy = ManagedPolicy(row, [version])
        try await state.change(recording: request.event) { db, state in
            guard state.identity.managedPolicies[row.arn] == nil else {
                throw AWSError(
                    "EntityAlreadyExists", status: 409,
                    "A policy called \(row.name) already exists.")
            }
            guard
                state.identity.managedPolicies.values
                    .count(where: { $0.row.account == row.account }) < Self.perAccountMax
            else { throw Self.limit("An account can have \(Self.perAccountMax) policies.") }
            try row.insert(db)
            try version.insert(db)
            state.identity.managedPolicies[row.arn] = policy
        }
        return .init(policy: policy.wire(attachments: 0))
    }

    @Sendable func get(
        _ operation: IAM.GetPolicy, _ request: Request
    ) async throws -> IAM.GetPolicy.Response {
        let identity = state.current.identity
        let policy = try identity.policy(operation.policyArn, of: request.account)
        return .init(policy: policy.wire(attachments: identity.attachments(of: policy)))
    }

    @Sendable func list(
        _ operation: IAM.ListPolicies, _ request: Request
    ) async throws -> IAM.ListPolicies.Response {
        let identity = state.current.identity
        let max = min(Swift.max(operation.maxItems ?? Roles.pageMax, 1), 1_000)
        var own = identity.managedPolicies.values
            .filter { $0.row.account == request.account && $0.row.name > operation.marker ?? "" }
            .map { ($0, attachments: identity.attachments(of: $0)) }
        if operation.onlyAttached == true { own.removeAll { $0.attachments == 0 } }
        if operation.scope == .aws { own = [] }
        own.sort { $0.0.row.name < $1.0.row.name }
        let page = own.prefix(max)
        return .init(
            policies: page.map { $0.wire(attachments: $1) }, isTruncated: own.count > page.count,
            marker: own.count > page.count ? page.last?.0.row.name : nil)
    }

    @Sendable func delete(
        _ operation: IAM.DeletePolicy, _ request: Request
    ) async throws -> EmptyResponse {
        try await state.change(recording: request.event) { db, state in
            let policy = try state.identity.policy(operation.policyArn, of: request.account)
            guard state.identity.attachments(of: policy) == 0 else {
                throw Self.conflict("Cannot delete a policy attached to entities.")
            }
            guard policy.versions.count == 1 else {
                throw Self.conflict(
                    "This policy has more than one version. Before you delete a policy, you must delete "
                        + "the policy's versions. The default version is deleted with the policy.")
            }
            try policy.row.delete(db)
            state.identity.managedPolicies[policy.row.arn] = nil
        }
        return EmptyResponse()
    }

    // MARK: Versions

    @Sendable func createVersion(
        _ operation: IAM.CreatePolicyVersion, _ request: Request
    ) async throws -> IAM.CreatePolicyVersion.Response {
        try Self.check(operation.policyDocument)
        let (policy, version) = try await change(operation.policyArn, request) { policy, db in
            guard policy.versions.count < Self.versionsMax else {
                throw Self.limit(
                    "A managed policy can have \(Self.versionsMax) versions. Before you create a new "
                        + "version, you must delete an existing version.")
            }
            policy.row.lastVersion += 1
            let version = ManagedPolicyVersionRow(
                policy: policy.row.id, version: policy.row.lastVersion,
                document: operation.policyDocument, createdAt: request.time)
            try version.insert(db)
            policy.versions.append(version)
            if operation.setAsDefault == true { policy.row.defaultVersion = version.version }
            return version
        }
        return .init(policyVersion: policy.wire(version, withDocument: false))
    }

    @Sendable func getVersion(
        _ operation: IAM.GetPolicyVersion, _ request: Request
    ) async throws -> IAM.GetPolicyVersion.Response {
        let policy = try state.current.identity.policy(operation.policyArn, of: request.account)
        return .init(
            policyVersion: policy.wire(try policy.version(operation.versionId), withDocument: true))
    }

    @Sendable func listVersions(
        _ operation: IAM.ListPolicyVersions, _ request: Request
    ) async throws -> IAM.ListPolicyVersions.Response {
        let policy = try state.current.identity.policy(operation.policyArn, of: request.account)
        return .init(
            versions: policy.versions.reversed().map { policy.wire($0, withDocument: false) },
            isTruncated: false)
    }

    @Sendable func deleteVersion(
        _ operation: IAM.DeletePolicyVersion, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try await change(operation.policyArn, request) { policy, db in
            let version = try policy.version(operation.versionId)
            guard version.version != policy.row.defaultVersion else {
                throw Self.conflict("Cannot delete the default version of a policy.")
            }
            try version.delete(db)
            policy.versions.removeAll { $0.version == version.version }
        }
        return EmptyResponse()
    }

    @Sendable func setDefault(
        _ operation: IAM.SetDefaultPolicyVersion, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try await change(operation.policyArn, request) { policy, _ in
            policy.row.defaultVersion = try policy.version(operation.versionId).version
        }
        return EmptyResponse()
    }

    private func change<Value: Sendable>(
        _ arn: String, _ request: Request,
        _ body: @escaping @Sendable (inout ManagedPolicy, Database) throws -> Value
    ) async throws -> (ManagedPolicy, Value) {
        try await state.change(recording: request.event) { db, state in
            var policy = try state.identity.policy(arn, of: request.account)
            let value = try body(&policy, db)
            policy.row.updatedAt = request.time
            try policy.row.update(db)
            state.identity.managedPolicies[policy.row.arn] = policy
            return (policy, value)
        }
    }

    // MARK: Attachments

    @Sendable func attach(
        _ operation: IAM.AttachRolePolicy, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try state.current.identity.role(operation.roleName, of: request.account)
        try await state.change(recording: request.event) { db, state in
            var role = try state.identity.role(operation.roleName, of: request.account)
            let policy = try state.identity.policy(operation.policyArn, of: request.account)
            guard !role.attached.contains(policy.row.arn) else { return }
            guard role.attached.count < Self.perRoleMax else {
                throw Self.limit("A role can have \(Self.perRoleMax) policies attached.")
            }
            try AttachedPolicyRow(role: role.row.id, policy: policy.row.id).insert(db)
            role.attached.append(policy.row.arn)
            state.identity.roles[role.id] = role
        }
        return EmptyResponse()
    }

    @Sendable func detach(
        _ operation: IAM.DetachRolePolicy, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try state.current.identity.role(operation.roleName, of: request.account)
        try await state.change(recording: request.event) { db, state in
            var role = try state.identity.role(operation.roleName, of: request.account)
            guard let place = role.attached.firstIndex(where: { "\($0)" == operation.policyArn }),
                let policy = state.identity.managedPolicies[role.attached[place]]
            else {
                throw AWSError(
                    "NoSuchEntity", status: 404, "Policy \(operation.policyArn) was not found.")
            }
            try AttachedPolicyRow(role: role.row.id, policy: policy.row.id).delete(db)
            role.attached.remove(at: place)
            state.identity.roles[role.id] = role
        }
        return EmptyResponse()
    }

    @Sendable func listAttached(
        _ operation: IAM.ListAttachedRolePolicies, _ request: Request
    ) async throws -> IAM.ListAttachedRolePolicies.Response {
        let identity = state.current.identity
        let role = try identity.role(operation.roleName, of: request.account)
        return .init(
            attachedPolicies: role.attached.compactMap { identity.managedPolicies[$0]?.row }
                .sorted { $0.name < $1.name }
                .map { .init(policyName: $0.name, policyArn: $0.arn.description) },
            isTruncated: false)
    }

    // MARK: Refusals

    private static func check(_ text: String) throws(AWSError) {
        guard text.count(where: { !$0.isWhitespace }) <= charactersMax else {
            throw limit("A policy can have \(charactersMax) characters, white space not counted.")
        }
        try Roles.check(text, as: .identity)
    }

    private static func limit(_ message: String) -> AWSError {
        AWSError("LimitExceeded", status: 409, message)
    }

    private static func conflict(_ message: String) -> AWSError {
        AWSError("DeleteConflict", status: 409, message)
    }
}

extension ARN {
    /// What no policy but one about everything names.
    fileprivate static let nowhere = ARN(service: "iam", resource: "policy/")
}

extension IdentityState {
    fileprivate func policy(
        _ arn: String, of account: AccountID
    ) throws(AWSError) -> ManagedPolicy {
        guard let policy = ARN(arn).flatMap({ managedPolicies[$0] }), policy.row.account == account
        else {
            throw AWSError(
                "NoSuchEntity", status: 404, "Policy \(arn) does not exist or is not attachable.")
        }
        return policy
    }

    fileprivate func attachments(of policy: ManagedPolicy) -> Int {
        roles.values.count { $0.attached.contains(policy.row.arn) }
    }
}

extension ManagedPolicy {
    fileprivate func version(_ id: String) throws(AWSError) -> ManagedPolicyVersionRow {
        guard let version = versions.first(where: { "v\($0.version)" == id }) else {
            throw AWSError(
                "NoSuchEntity", status: 404,
                "Policy \(row.arn) version \(id) does not exist or is not attachable.")
        }
        return version
    }

    fileprivate func wire(attachments: Int) -> IAM.Policy {
        .init(
            policyName: row.name, policyId: row.id, arn: row.arn.description, path: "/",
            defaultVersionId: "v\(row.defaultVersion)", attachmentCount: attachments,
            permissionsBoundaryUsageCount: 0, isAttachable: true, description: row.description,
            createDate: row.createdAt, updateDate: row.updatedAt)
    }

    fileprivate func wire(
        _ version: ManagedPolicyVersionRow, withDocument: Bool
    ) -> IAM.PolicyVersion {
        .init(
            document: withDocument ? PercentEncoding.encode(version.document) : nil,
            versionId: "v\(version.version)",
            isDefaultVersion: version.version == row.defaultVersion, createDate: version.createdAt)
    }
}
