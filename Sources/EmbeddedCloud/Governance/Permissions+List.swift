import AWSAPI
import FoundationEssentials
import HashTreeCollections
import LakeFormationAPI

/// Listing grants.
///
/// Administrators see every grant in their catalogue, and what other accounts granted to theirs.
/// Everyone else sees what reaches them.
struct PermissionLists: Sendable {
    static let pageMax = 1_000

    let state: StateStore

    var handlers: [Handler] { [Handler(listPermissions)] }

    @Sendable func listPermissions(
        _ operation: LakeFormation.ListPermissions, _ request: Request
    ) async throws -> LakeFormation.ListPermissions.Response {
        let limit = operation.maxResults ?? Self.pageMax
        guard (1...Self.pageMax).contains(limit) else {
            throw AWSError.lakeInvalidInput("MaxResults must be 1 to \(Self.pageMax).")
        }
        guard operation.principal == nil || operation.resource != nil else {
            throw AWSError.lakeInvalidInput(
                "Resource is mandatory if Principal is set in the input.")
        }
        let catalog = try request.catalog(operation.catalogId)
        let governance = state.current.governance
        let grants = governance.grants(
            to: try operation.principal.map(Grantee.init(naming:)),
            on: try operation.resource.map { try GrantResource($0, in: catalog) })
        let isOfType = try Self.filter(operation.resourceType)
        let shown = grants.filter { grant in
            (operation.catalogId == nil || grant.resource.subject.catalog == catalog)
                && isOfType(grant.resource) && governance.mayList(grant, request.caller)
        }
        let sorted = shown.map { (key: $0.key, grant: $0) }.sorted { $0.key < $1.key }
        let page = Page(of: sorted, by: \.key, after: operation.nextToken, limit: limit)
        guard let page else { throw AWSError.unknownNextToken }
        return .init(
            principalResourcePermissions: page.items.flatMap(\.grant.listed),
            nextToken: page.nextToken)
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
                case .catalog, .database, .location: false
                }
            }
        case .dataLocation: return { if case .location = $0.subject { true } else { false } }
        default: throw .lakeInvalidInput("LF-Tags are not offered here.")
        }
    }
}

extension GovernanceState {
    /// - Parameters:
    ///   - grantee: Nil: to anyone.
    ///   - resource: Nil: on anything. A table stands for its columns and filters too; and to one
    ///     grantee,
    ///     what it holds of every table of the database counts, because it holds for this one.
    fileprivate func grants(to grantee: Grantee?, on resource: GrantResource?) -> [Grant] {
        let grantees = grantee.map { [$0] } ?? Array(grants.keys)
        guard let resource else {
            return grantees.flatMap { (grants[$0] ?? [:]).values.flatMap(\.self) }
        }
        return grantees.flatMap { each in
            grantee == nil
                ? grants(to: each, on: resource.subject)
                : grants(to: each, coveringTableOf: resource.subject)
        }.filter { grant in
            switch resource.part {
            case .whole, .columns: true
            case .filter: grant.resource == resource
            }
        }
    }

    fileprivate func mayList(_ grant: Grant, _ caller: Caller) -> Bool {
        isAdministrator(caller, of: grant.resource.subject.catalog)
            || (grant.grantee.account.map { isAdministrator(caller, of: $0) } ?? false)
            || grantees(reaching: caller).contains(grant.grantee)
    }
}

extension Grant {
    /// What lists are sorted by: unique, since a grantee has one grant for a resource.
    fileprivate var key: String {
        let row = GrantRow(self)
        return [
            row.catalog.rawValue, row.kind, row.database, row.tableName, row.grantee, row.part,
        ].joined(separator: "\u{0}")
    }
}
