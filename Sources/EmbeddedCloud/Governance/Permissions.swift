import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import LakeFormationAPI
import Logging

/// Granting and revoking. A revoke is in force when its call returns.
struct Permissions: Sendable {
    /// Grants of SELECT through filters, for one grantee and table.
    static let filtersMax = 100

    let state: StateStore
    let log: Logger

    /// Entries of one batch.
    static let batchMax = 20

    var handlers: [Handler] {
        [
            Handler(grantPermissions), Handler(revokePermissions), Handler(batchGrantPermissions),
            Handler(batchRevokePermissions),
        ]
    }

    @Sendable func grantPermissions(
        _ operation: LakeFormation.GrantPermissions, _ request: Request
    ) async throws -> EmptyResponse {
        guard operation.condition == nil else {
            throw AWSError.lakeInvalidInput("A grant under a condition is not offered here.")
        }
        let grant = try grant(
            to: operation.principal, of: operation.permissions,
            grantable: operation.permissionsWithGrantOption, on: operation.resource,
            in: operation.catalogId, for: request)
        try check(grant)
        try await state.change(recording: request.event) { db, state in
            try state.give(grant, by: request.caller, in: db)
        }
        return .init()
    }

    @Sendable func revokePermissions(
        _ operation: LakeFormation.RevokePermissions, _ request: Request
    ) async throws -> EmptyResponse {
        let revoked = try grant(
            to: operation.principal, of: operation.permissions,
            grantable: operation.permissionsWithGrantOption, on: operation.resource,
            in: operation.catalogId, for: request)
        try await state.change(recording: request.event) { db, state in
            try state.take(revoked, by: request.caller, in: db)
        }
        return .init()
    }

    /// What cannot be granted is named; the others are, all of them at once.
    @Sendable func batchGrantPermissions(
        _ operation: LakeFormation.BatchGrantPermissions, _ request: Request
    ) async throws -> LakeFormation.BatchGrantPermissions.Response {
        let failures = try await batch(operation.entries, operation.catalogId, request) {
            grant, db, state in
            try check(grant)
            try state.give(grant, by: request.caller, in: db)
        }
        return .init(failures: failures)
    }

    @Sendable func batchRevokePermissions(
        _ operation: LakeFormation.BatchRevokePermissions, _ request: Request
    ) async throws -> LakeFormation.BatchRevokePermissions.Response {
        let failures = try await batch(operation.entries, operation.catalogId, request) {
            grant, db, state in
            try state.take(grant, by: request.caller, in: db)
        }
        return .init(failures: failures)
    }

    private func batch(
        _ entries: [LakeFormation.BatchPermissionsRequestEntry], _ catalog: String?,
        _ request: Request,
        _ change: @escaping @Sendable (Grant, Database, inout CloudState) throws -> Void
    ) async throws -> [LakeFormation.BatchPermissionsFailureEntry] {
        guard (1...Self.batchMax).contains(entries.count) else {
            throw AWSError.lakeInvalidInput("Entries must have 1 to \(Self.batchMax) of them.")
        }
        guard Set(entries.map(\.id)).count == entries.count else {
            throw AWSError.lakeInvalidInput("Each entry must have an Id of its own.")
        }
        return try await state.change(recording: request.event) { db, state in
            try entries.compactMap { entry -> LakeFormation.BatchPermissionsFailureEntry? in
                do {
                    guard let principal = entry.principal, let resource = entry.resource,
                        entry.condition == nil
                    else {
                        throw AWSError.lakeInvalidInput(
                            "An entry names a Principal and a Resource, and no Condition.")
                    }
                    let named = try grant(
                        to: principal, of: entry.permissions ?? [],
                        grantable: entry.permissionsWithGrantOption, on: resource, in: catalog,
                        for: request)
                    try change(named, db, &state)
                    return nil
                } catch let error as AWSError {
                    return .init(
                        requestEntry: entry,
                        error: .init(errorCode: error.code, errorMessage: error.message))
                }
            }
        }
    }

    /// What is named to be given, or taken away.
    private func grant(
        to principal: LakeFormation.DataLakePrincipal, of permissions: [LakeFormation.Permission],
        grantable: [LakeFormation.Permission]?, on resource: LakeFormation.Resource,
        in catalogId: String?, for request: Request
    ) throws -> Grant {
        let grantee = try Grantee(naming: principal)
        if principal.dataLakePrincipalIdentifier != grantee.description {
            log.warning(
                "Lake Formation takes an account by its digits; its root user's ARN is kept as them",
                metadata: ["principal": "\(principal.dataLakePrincipalIdentifier ?? "")"])
        }
        let catalog = try request.catalog(catalogId)
        let resource = try GrantResource(resource, in: catalog)
        let named = Set(permissions).union(grantable ?? [])
        guard !named.isEmpty, named.isSubset(of: resource.grantable) else {
            let known = resource.grantable.map(\.rawValue).sorted().joined(separator: ", ")
            throw AWSError.lakeInvalidInput(
                "Permissions on this resource must be one or more of: \(known).")
        }
        return Grant(
            grantee: grantee, resource: resource, permissions: Set(permissions),
            grantable: Set(grantable ?? []), grantor: request.account, updatedAt: request.time,
            updatedBy: request.caller.principal.description)
    }

    /// What can be refused by the request alone.
    private func check(_ grant: Grant) throws(AWSError) {
        guard grant.grantable.isSubset(of: grant.permissions) else {
            throw .lakeInvalidInput(
                "PermissionsWithGrantOption must be among the Permissions of the same grant.")
        }
        if case .columns(.except) = grant.resource.part, !grant.grantable.isEmpty {
            throw .lakeInvalidInput(
                "A grant with the grant option names its columns; it excludes none.")
        }
        // A table's data lie in buckets of its own account, so it would open nothing.
        if case .location(let owner, _) = grant.resource.subject, grant.grantee.account != owner {
            throw .lakeInvalidInput(
                "DATA_LOCATION_ACCESS is for principals of the location's own account.")
        }
        if grant.grantee == .iamAllowedPrincipals {
            guard grant.resource.part == .whole, grant.grantable.isEmpty else {
                throw .lakeInvalidInput(
                    "IAM_ALLOWED_PRINCIPALS takes whole things, without the grant option.")
            }
        }
    }
}

extension CloudState {
    /// - Throws: `AWSError` where it may not be given. Nothing is changed then.
    fileprivate mutating func give(_ grant: Grant, by caller: Caller, in db: Database) throws {
        guard mayGrant(grant.permissions, on: grant.resource, to: grant.grantee, caller) else {
            throw AWSError.lakeAccessDenied
        }
        try check(grant)
        try governance.add(grant, in: db)
    }

    /// - Throws: `AWSError` where it may not be taken away. Nothing is changed then.
    fileprivate mutating func take(_ revoked: Grant, by caller: Caller, in db: Database) throws {
        guard
            mayGrant(
                revoked.permissions.union(revoked.grantable), on: revoked.resource,
                to: revoked.grantee, caller)
        else { throw AWSError.lakeAccessDenied }
        // A policy may name a tag's value that is no more, and has to go all the same.
        if revoked.tagPolicy == nil { try checkExists(revoked.resource) }
        try governance.revoke(revoked, in: db)
    }

    /// What the catalogue must have for the grant to mean something.
    fileprivate func check(_ grant: Grant) throws(AWSError) {
        try checkExists(grant.resource)
        switch grant.resource.subject {
        case .table(let id):
            guard let table = catalogue[id] else { return }
            if table.isLink { try checkLink(grant) }
            if grant.resource.part.isFilter {
                let others = governance.grants(to: grant.grantee, on: .table(id))
                    .filter { $0.resource.part.isFilter && $0.resource != grant.resource }
                guard others.count < Permissions.filtersMax else {
                    throw AWSError(
                        "ResourceNumberLimitExceededException",
                        "A grantee has at most \(Permissions.filtersMax) filters of one table.")
                }
            }
        case .database(let id) where catalogue[id]?.definition.targetDatabase != nil:
            try checkLink(grant)
        case .catalog, .database, .tables, .location, .tagged: break
        }
    }

    private func checkLink(_ grant: Grant) throws(AWSError) {
        guard grant.resource.part == .whole,
            grant.permissions.isSubset(of: GrantResource.grantableOnLinks)
        else {
            throw .lakeInvalidInput("On a resource link only DESCRIBE and DROP can be granted.")
        }
    }

    /// - Throws: `EntityNotFoundException`, or `InvalidInputException` for a column that is not
    ///   there.
    fileprivate func checkExists(_ resource: GrantResource) throws(AWSError) {
        switch resource.subject {
        case .catalog: break
        case .database(let id), .tables(let id):
            guard catalogue[id] != nil else { throw .databaseNotFound(id.name) }
        case .table(let id):
            guard let table = catalogue[id] else { throw .tableNotFound(id.name) }
            switch resource.part {
            case .whole: break
            case .columns(let selection):
                try selection.checkExist(in: table.allColumns.map(\.name))
            case .filter(let name):
                guard governance.filters[id]?[name] != nil else { throw .filterNotFound(name) }
            }
        case .location(let account, let arn):
            guard LakeLocation(arn: arn).map({ governance.isRegistered($0, in: account) }) ?? false
            else { throw .lakeInvalidInput("You must register the S3 path before granting on it.") }
        case .tagged(let policy):
            try governance.checkExists(policy.expression, in: policy.catalog)
        }
    }
}

extension ColumnSelection {
    /// The names that it was made of.
    private var names: Set<String> {
        switch self {
        case .only(let names), .except(let names): names
        }
    }

    func checkExist(in columns: [String]) throws(AWSError) {
        let unknown = names.subtracting(columns.map { $0.lowercased() })
        guard unknown.isEmpty else {
            throw .lakeInvalidInput(
                "You cannot grant/revoke permission on non-existent column: "
                    + unknown.sorted().joined(separator: ", "))
        }
    }
}
