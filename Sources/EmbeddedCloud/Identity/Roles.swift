import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import IAMAPI

/// IAM's operations on roles.
///
/// There are no users but the administrator, and no keys that do not end but its own: people and programs
/// open sessions of roles.
struct Roles: Sendable {
    static let perAccountMax = 1_000
    static let policiesPerRoleMax = 10
    static let pageMax = 100
    /// Seconds.
    static let sessionDurations = 3_600...43_200

    let state: StateStore

    var handlers: [Handler] {
        [
            Handler(createRole, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(getRole, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(updateRole, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(updateTrust, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(deleteRole, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(listRoles),
            Handler(putPolicy, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(getPolicy, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(deletePolicy, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(listPolicies, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(listInstanceProfiles, on: { .role($0.roleName, in: $1.caller.account) }),
            Handler(getUser), Handler(listAccessKeys),
        ]
    }

    @Sendable func createRole(
        _ operation: IAM.CreateRole, _ request: Request
    ) async throws -> IAM.CreateRole.Response {
        let id = RoleID(request.account, operation.roleName)
        guard Self.isName(operation.roleName, max: 64) else {
            throw AWSError.stsValidation(
                "RoleName must have 1 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -")
        }
        guard operation.path == nil || operation.path == "/" else {
            throw AWSError.stsValidation("Roles have no path here: leave Path out, or say /.")
        }
        guard operation.permissionsBoundary == nil, operation.tags?.isEmpty ?? true else {
            throw AWSError.stsValidation("Permissions boundaries and tags of roles are not served.")
        }
        let duration = try Self.duration(operation.maxSessionDuration)
        try Self.check(operation.assumeRolePolicyDocument, as: .trust)
        let row = RoleRow(
            id: AccessKey.makeID(prefix: "AROA"), account: id.account, name: id.name,
            description: operation.description, trust: operation.assumeRolePolicyDocument,
            maxSessionDuration: duration, createdAt: request.time)
        let role = Role(row)
        try await state.change(recording: request.event) { db, state in
            guard !BuiltInRole.isReserved(id.name), state.identity.roles[id] == nil else {
                throw AWSError(
                    "EntityAlreadyExists", status: 409, "Role with name \(id.name) already exists.")
            }
            guard
                state.identity.roles.keys.count(where: { $0.account == id.account })
                    < Self.perAccountMax
            else {
                throw AWSError(
                    "LimitExceeded", status: 409,
                    "An account can have \(Self.perAccountMax) roles.")
            }
            try row.insert(db)
            state.identity.roles[id] = role
        }
        return .init(role: role.wire)
    }

    @Sendable func getRole(
        _ operation: IAM.GetRole, _ request: Request
    ) async throws -> IAM.GetRole.Response {
        .init(role: try role(operation.roleName, of: request).wire)
    }

    @Sendable func updateRole(
        _ operation: IAM.UpdateRole, _ request: Request
    ) async throws -> IAM.UpdateRole.Response {
        let duration = try operation.maxSessionDuration.map { try Self.duration($0) }
        try await change(operation.roleName, request) { row in
            if let description = operation.description { row.description = description }
            if let duration { row.maxSessionDuration = duration }
        }
        return .init()
    }

    @Sendable func updateTrust(
        _ operation: IAM.UpdateAssumeRolePolicy, _ request: Request
    ) async throws -> EmptyResponse {
        try Self.check(operation.policyDocument, as: .trust)
        try await change(operation.roleName, request) { $0.trust = operation.policyDocument }
        return EmptyResponse()
    }

    /// A role's policies go first, as IAM has it: what it could do is seen once more.
    @Sendable func deleteRole(
        _ operation: IAM.DeleteRole, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try role(operation.roleName, of: request)
        let id = RoleID(request.account, operation.roleName)
        try await state.change(recording: request.event) { db, state in
            guard let role = state.identity.roles[id] else { throw AWSError.noSuchRole(id.name) }
            guard role.policyTexts.isEmpty, role.attached.isEmpty else {
                throw AWSError(
                    "DeleteConflict", status: 409,
                    "Cannot delete entity, must delete or detach its policies first.")
            }
            try role.row.delete(db)
            state.identity.roles[id] = nil
        }
        return EmptyResponse()
    }

    @Sendable func listRoles(
        _ operation: IAM.ListRoles, _ request: Request
    ) async throws -> IAM.ListRoles.Response {
        let max = min(Swift.max(operation.maxItems ?? Self.pageMax, 1), 1_000)
        let own = state.current.identity.roles.values
            .filter { $0.row.account == request.account && $0.row.name > operation.marker ?? "" }
            .sorted { $0.row.name < $1.row.name }
        let page = own.prefix(max)
        let isWanted = operation.pathPrefix.map { "/".hasPrefix($0) } ?? true
        return .init(
            roles: isWanted ? page.map(\.wire) : [], isTruncated: own.count > page.count,
            marker: own.count > page.count ? page.last?.row.name : nil)
    }

    // MARK: Policies

    @Sendable func putPolicy(
        _ operation: IAM.PutRolePolicy, _ request: Request
    ) async throws -> EmptyResponse {
        guard Self.isName(operation.policyName, max: 128) else {
            throw AWSError.stsValidation(
                "PolicyName must have 1 to 128 of the characters A-Z a-z 0-9 _ + = , . @ -")
        }
        try Self.check(operation.policyDocument, as: .identity)
        _ = try role(operation.roleName, of: request)
        let id = RoleID(request.account, operation.roleName)
        let (name, text) = (operation.policyName, operation.policyDocument)
        try await state.change(recording: request.event) { db, state in
            guard var role = state.identity.roles[id] else { throw AWSError.noSuchRole(id.name) }
            role.setPolicy(name, text)
            guard role.policyTexts.count <= Self.policiesPerRoleMax else {
                throw AWSError(
                    "LimitExceeded", status: 409,
                    "A role can have \(Self.policiesPerRoleMax) policies.")
            }
            try RolePolicyRow(role: role.row.id, name: name, document: text).save(db)
            state.identity.roles[id] = role
        }
        return EmptyResponse()
    }

    @Sendable func getPolicy(
        _ operation: IAM.GetRolePolicy, _ request: Request
    ) async throws -> IAM.GetRolePolicy.Response {
        let role = try role(operation.roleName, of: request)
        guard let text = role.policyTexts[operation.policyName] else {
            throw AWSError.noSuchRolePolicy(operation.policyName)
        }
        return .init(
            roleName: role.row.name, policyName: operation.policyName,
            policyDocument: PercentEncoding.encode(text))
    }

    @Sendable func deletePolicy(
        _ operation: IAM.DeleteRolePolicy, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try role(operation.roleName, of: request)
        let id = RoleID(request.account, operation.roleName)
        let name = operation.policyName
        try await state.change(recording: request.event) { db, state in
            guard var role = state.identity.roles[id] else { throw AWSError.noSuchRole(id.name) }
            guard role.policyTexts[name] != nil else { throw AWSError.noSuchRolePolicy(name) }
            role.setPolicy(name, nil)
            try RolePolicyRow.filter(
                Column("role") == role.row.id && Column("name") == name
            ).deleteAll(db)
            state.identity.roles[id] = role
        }
        return EmptyResponse()
    }

    @Sendable func listPolicies(
        _ operation: IAM.ListRolePolicies, _ request: Request
    ) async throws -> IAM.ListRolePolicies.Response {
        let role = try role(operation.roleName, of: request)
        return .init(policyNames: role.policyTexts.keys.sorted(), isTruncated: false)
    }

    /// Of machines, which there are none of; clients ask before they delete a role.
    @Sendable func listInstanceProfiles(
        _ operation: IAM.ListInstanceProfilesForRole, _ request: Request
    ) async throws -> IAM.ListInstanceProfilesForRole.Response {
        _ = try role(operation.roleName, of: request)
        return .init(instanceProfiles: [], isTruncated: false)
    }

    /// The administrator's one key. There are no others, and none can be made.
    @Sendable func listAccessKeys(
        _ operation: IAM.ListAccessKeys, _ request: Request
    ) async throws -> IAM.ListAccessKeys.Response {
        let identity = state.current.identity
        let keys = identity.accessKeys.values.filter {
            $0.account == request.account
                && $0.userName == operation.userName ?? request.caller.userName
        }
        guard !keys.isEmpty else { throw AWSError.noSuchUser(operation.userName ?? "") }
        return .init(
            accessKeyMetadata: keys.map {
                .init(
                    userName: $0.userName, accessKeyId: $0.id, status: .active,
                    createDate: identity.accounts[$0.account]?.createdAt)
            }, isTruncated: false)
    }

    @Sendable func getUser(
        _ operation: IAM.GetUser, _ request: Request
    ) async throws -> IAM.GetUser.Response {
        guard case .user(let name) = request.caller.kind,
            operation.userName == nil || operation.userName == name,
            let account = state.current.identity.accounts[request.account]
        else {
            throw AWSError.noSuchUser(operation.userName ?? "")
        }
        return .init(
            user: .init(
                path: "/", userName: name, userId: request.caller.userID,
                arn: request.caller.arn.description, createDate: account.createdAt))
    }
}

extension Roles {
    private func role(_ name: String, of request: Request) throws(AWSError) -> Role {
        try state.current.identity.role(name, of: request.account)
    }

    private func change(
        _ name: String, _ request: Request, _ body: @escaping @Sendable (inout RoleRow) -> Void
    ) async throws {
        _ = try role(name, of: request)
        let id = RoleID(request.account, name)
        try await state.change(recording: request.event) { db, state in
            guard let role = state.identity.roles[id] else { throw AWSError.noSuchRole(name) }
            var row = role.row
            body(&row)
            try row.update(db)
            state.identity.roles[id] = role.with(row)
        }
    }

    private static func duration(_ seconds: Int?) throws(AWSError) -> Int {
        let seconds = seconds ?? sessionDurations.lowerBound
        guard sessionDurations.contains(seconds) else {
            throw .stsValidation(
                "MaxSessionDuration must be \(sessionDurations.lowerBound) to "
                    + "\(sessionDurations.upperBound).")
        }
        return seconds
    }

    static func check(
        _ text: String, as kind: PolicyDocument.Kind
    ) throws(AWSError) {
        do throws(PolicyFault) {
            _ = try PolicyDocument(parsing: text, as: kind)
        } catch {
            throw AWSError("MalformedPolicyDocument", "\(error)")
        }
    }

    static func isName(_ name: String, max: Int) -> Bool {
        (1...max).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                Sessions.isSessionNameByte(byte) || byte == UInt8(ascii: "+")
            }
    }
}

extension IdentityState {
    /// One that somebody made.
    func role(_ name: String, of account: AccountID) throws(AWSError) -> Role {
        guard let role = roles[RoleID(account, name)] else {
            if BuiltInRole.isReserved(name) {
                throw AWSError(
                    "UnmodifiableEntity", "\(name) is the exchange's own role: it stays as it is.")
            }
            throw .noSuchRole(name)
        }
        return role
    }
}

extension Role {
    /// IAM gives documents percent-encoded, and clients decode them.
    fileprivate var wire: IAM.Role {
        .init(
            path: "/", roleName: row.name, roleId: row.id, arn: id.arn.description,
            createDate: row.createdAt,
            assumeRolePolicyDocument: PercentEncoding.encode(row.trust),
            description: row.description, maxSessionDuration: row.maxSessionDuration)
    }
}

extension AWSError {
    fileprivate static func noSuchRole(_ name: String) -> AWSError {
        AWSError("NoSuchEntity", status: 404, "The role with name \(name) cannot be found.")
    }

    fileprivate static func noSuchUser(_ name: String) -> AWSError {
        AWSError("NoSuchEntity", status: 404, "The user with name \(name) cannot be found.")
    }

    fileprivate static func noSuchRolePolicy(_ name: String) -> AWSError {
        AWSError("NoSuchEntity", status: 404, "The role policy with name \(name) cannot be found.")
    }
}
