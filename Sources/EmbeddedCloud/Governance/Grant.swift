import AWSAPI
import FoundationEssentials
import LakeFormationAPI

/// What one grantee may do with one resource.
struct Grant: Sendable {
    var grantee: Grantee
    var resource: GrantResource
    /// Never empty.
    var permissions: Set<LakeFormation.Permission>
    /// What of it the grantee may pass on.
    var grantable: Set<LakeFormation.Permission>
    /// The account that gave it: the catalogue's own, or one that passes on what it holds.
    var grantor: AccountID
    var updatedAt: Date
    /// The principal that gave it, as an ARN, or the service.
    var updatedBy: String
    /// What it comes from, and ends with. Nil: it was given, and is kept.
    var dataGrant: ExchangeID?
}

/// What a grant is on: a thing, or a part of it.
struct GrantResource: Hashable, Sendable {
    var subject: GrantSubject
    var part = GrantPart.whole
}

/// A thing that can be dropped, and its grants with it.
enum GrantSubject: Hashable, Sendable {
    case catalog(AccountID)
    case database(DatabaseID)
    /// Every table of the database, now and later.
    case tables(DatabaseID)
    case table(TableID)
    /// A registered location, of this account's registry.
    case location(AccountID, String)
    /// Whatever is tagged so, now and later.
    case tagged(TagPolicy)

    var catalog: AccountID {
        switch self {
        case .catalog(let account), .location(let account, _): account
        case .database(let id), .tables(let id): id.catalog
        case .table(let id): id.catalog
        case .tagged(let policy): policy.catalog
        }
    }
}

enum GrantPart: Hashable, Sendable {
    case whole
    case columns(ColumnSelection)
    /// A data cells filter of the table.
    case filter(String)

    var isFilter: Bool { if case .filter = self { true } else { false } }
}

extension Grant {
    func with(
        permissions: Set<LakeFormation.Permission>, grantable: Set<LakeFormation.Permission>
    ) -> Grant {
        var grant = self
        grant.permissions = permissions
        grant.grantable = grantable
        return grant
    }

    func allows(_ permission: LakeFormation.Permission) -> Bool {
        permissions.contains(permission) || permissions.contains(.all)
    }

    func allowsGranting(_ permission: LakeFormation.Permission) -> Bool {
        grantable.contains(permission) || grantable.contains(.all)
    }
}

extension GrantResource {
    /// Whether who holds `self` holds `other` as well.
    func covers(_ other: GrantResource) -> Bool {
        if self == other { return true }
        switch (subject, part, other.subject) {
        case (.tables(let database), _, .table(let table)):
            return table.databaseID == database
        case (.table(let table), .whole, .table(let otherTable)):
            return table == otherTable
        case (.table(let table), .columns(.only(let names)), .table(let otherTable)):
            guard table == otherTable, case .columns(.only(let otherNames)) = other.part else {
                return false
            }
            return otherNames.isSubset(of: names)
        default: return false
        }
    }
}
