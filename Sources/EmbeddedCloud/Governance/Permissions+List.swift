import AWSAPI
import FoundationEssentials
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// Listing grants.
///
/// Administrators see every grant in their catalogue, and what other accounts granted to theirs.
/// Everyone else sees what reaches them.
struct PermissionLists: Sendable {
    static let pageMax = 1_000

    let state: StateStore

    var handlers: [Handler] { [Handler(listPermissions), Handler(getEffectivePermissionsForPath)] }

    @Sendable func listPermissions(
        _ operation: LakeFormation.ListPermissions, _ request: Request
    ) async throws -> LakeFormation.ListPermissions.Response {
        guard operation.principal == nil || operation.resource != nil else {
            throw AWSError.lakeInvalidInput(
                "Resource is mandatory if Principal is set in the input.")
        }
        let catalog = try request.catalog(operation.catalogId)
        let current = state.current
        let grants = current.grants(
            to: try operation.principal.map(Grantee.init(naming:)),
            on: try operation.resource.map { try GrantResource($0, in: catalog) },
            at: request.time)
        let isOfType = try Self.filter(operation.resourceType)
        let shown = grants.filter { grant in
            (operation.catalogId == nil || grant.resource.subject.catalog == catalog)
                && isOfType(grant.resource) && current.governance.mayList(grant, request.caller)
        }
        let page = try Self.page(of: shown, after: operation.nextToken, operation.maxResults)
        return .init(
            principalResourcePermissions: page.items.flatMap(\.grant.listed),
            nextToken: page.nextToken)
    }

    /// What was granted on the databases and tables whose files are below a path or around it, and on the
    /// data locations that it lies in.
    ///
    /// Source: AWS Lake Formation API Reference, GetEffectivePermissionsForPath.
    @Sendable func getEffectivePermissionsForPath(
        _ operation: LakeFormation.GetEffectivePermissionsForPath, _ request: Request
    ) async throws -> LakeFormation.GetEffectivePermissionsForPath.Response {
        guard let path = LakeLocation(arn: operation.resourceArn) else {
            throw AWSError.lakeInvalidInput(
                "ResourceArn must name a bucket or a prefix of one: arn:aws:s3:::BUCKET/PREFIX.")
        }
        let state = state.current
        let subjects = state.subjects(at: path, in: try request.catalog(operation.catalogId))
        let named = subjects.flatMap { subject in
            state.governance.grants.keys.flatMap { state.governance.grants(to: $0, on: subject) }
        }
        let tagged = state.tagGrants(at: request.time).filter { grant in
            subjects.contains { state.governance.isOn($0, grant) }
        }
        let shown = (named + tagged).filter { state.governance.mayList($0, request.caller) }
        let page = try Self.page(of: shown, after: operation.nextToken, operation.maxResults)
        return .init(permissions: page.items.flatMap(\.grant.listed), nextToken: page.nextToken)
    }

    private static func page(
        of grants: [Grant], after token: String?, _ limit: Int?
    ) throws(AWSError) -> Page<(key: String, grant: Grant)> {
        let sorted = grants.map { (key: $0.key, grant: $0) }.sorted { $0.key < $1.key }
        return try Page(of: sorted, by: \.key, after: token, max: limit)
    }

    private static func filter(
        _ type: LakeFormation.DataLakeResourceType?
    ) throws(AWSError) -> @Sendable (GrantResource) -> Bool {
        switch type {
        case nil: return { _ in true }
        case .catalog: return { if case .catalog = $0.subject { true } else { false } }
        case .database: return { if case .database = $0.subject { true } else { false } }
        case .table:
            return {
                switch $0.subject {
                case .table, .tables: true
                case .catalog, .database, .location, .tagged: false
                }
            }
        case .dataLocation: return { if case .location = $0.subject { true } else { false } }
        case .lfTagPolicy: return { if case .tagged = $0.subject { true } else { false } }
        case .lfTagPolicyDatabase: return { $0.isTagged(.databases) }
        case .lfTagPolicyTable: return { $0.isTagged(.tables) }
        default:
            throw .lakeInvalidInput("Nothing is granted on resources of the type \(type!) here.")
        }
    }
}

extension CloudState {
    /// - Parameters:
    ///   - grantee: Nil: to anyone.
    ///   - resource: Nil: on anything. A table stands for its columns and filters too; and to one
    ///     grantee, what it holds of every table of the database, or of what is tagged so, counts, because
    ///     it holds for this one.
    fileprivate func grants(
        to grantee: Grantee?, on resource: GrantResource?, at now: Date
    ) -> [Grant] {
        let grantees = grantee.map { [$0] } ?? Array(governance.grants.keys)
        let entitled = exchange.lakeGrants(at: now).filter {
            grantee == nil || $0.grantee == grantee
        }
        guard let resource else {
            let kept = grantees.flatMap { (governance.grants[$0] ?? [:]).values.flatMap(\.self) }
            return kept + entitled
        }
        let kept = grantees.flatMap { each in
            grantee == nil
                ? governance.grants(to: each, on: resource.subject)
                : governance.grants(to: each, bearingOn: resource.subject)
        }
        let derived = entitled.filter { grant in
            grant.resource == resource
                || grantee != nil && governance.isOn(resource.subject, grant)
        }
        return (kept + derived).filter { grant in
            switch resource.part {
            case .whole, .columns: true
            case .filter: grant.resource == resource
            }
        }
    }

    /// Every grant on what is tagged, to whomever.
    fileprivate func tagGrants(at now: Date) -> [Grant] {
        governance.grants.keys.flatMap(governance.tagGrants(to:)) + exchange.lakeGrants(at: now)
    }
}

extension GovernanceState {
    fileprivate func mayList(_ grant: Grant, _ caller: Caller) -> Bool {
        isAdministrator(caller, of: grant.resource.subject.catalog)
            || (grant.grantee.account.map { isAdministrator(caller, of: $0) } ?? false)
            || grantees(reaching: caller).contains(grant.grantee)
    }
}

extension CloudState {
    /// What grants can be on, of the catalogue, that has to do with the path. Each once.
    fileprivate func subjects(at path: LakeLocation, in catalog: AccountID) -> [GrantSubject] {
        func lies(at uri: String?) -> Bool {
            guard let location = uri.flatMap(LakeLocation.init(uri:)) else { return false }
            return location.ancestors.contains(path) || path.ancestors.contains(location)
        }
        let locations = path.ancestors.map { GrantSubject.location(catalog, $0.arn) }
        let others = catalogue.databases(of: catalog).flatMap { database -> [GrantSubject] in
            let tables = catalogue.tables(of: database).filter {
                lies(at: catalogue[$0]?.storageDescriptor?.location)
            }
            // A grant on every table of a database holds for those that are here.
            let all = tables.isEmpty ? [] : [GrantSubject.tables(database)]
            let own = lies(at: catalogue[database]?.definition.locationUri)
            return (own ? [.database(database)] : []) + all + tables.map(GrantSubject.table)
        }
        return locations + others
    }
}

extension GrantResource {
    fileprivate func isTagged(_ kind: TagPolicy.Kind) -> Bool {
        if case .tagged(let policy) = subject { policy.kind == kind } else { false }
    }
}

extension Grant {
    /// What lists are sorted by: unique, since a grantee has one grant for a resource, and by a data grant
    /// one more.
    fileprivate var key: String {
        let row = GrantRow(self)
        return [
            row.catalog.rawValue, row.kind, row.database, row.tableName, row.grantee, row.part,
            dataGrant?.rawValue ?? "",
        ].joined(separator: "\u{0}")
    }
}
