import AWSAPI
import FoundationEssentials
import HashTreeCollections
import LakeFormationAPI

/// What a caller holds now: what was granted, and what its account's data grants come to.
extension CloudState {
    /// Every grant on what is tagged that reaches the caller.
    func tagGrants(reaching caller: Caller, at now: Date) -> [Grant] {
        governance.grantees(reaching: caller).flatMap(governance.tagGrants(to:))
            + entitledGrants(reaching: caller, at: now)
    }

    /// What the caller holds that has to do with the table.
    func grants(reaching caller: Caller, on table: TableID, at now: Date) -> [Grant] {
        governance.grantees(reaching: caller)
            .flatMap { governance.grants(to: $0, bearingOn: .table(table)) }
            + entitledGrants(reaching: caller, at: now)
            .filter { governance.isOn(.table(table), $0) }
    }

    /// What the data grants of its account come to. As all that is granted to an account, it reaches its data
    /// lake administrators.
    private func entitledGrants(reaching caller: Caller, at now: Date) -> [Grant] {
        let entitled = exchange.lakeGrants(heldBy: caller.account, at: now)
        guard !entitled.isEmpty, governance.isAdministrator(caller, of: caller.account) else {
            return []
        }
        return entitled
    }

    /// What the caller may read of the table. Nil: nothing, and it need not know that the table
    /// exists.
    ///
    /// An account's own principals read the account's tables whole: in AWS that takes
    /// IAM_ALLOWED_PRINCIPALS or a grant to oneself, and would say the same. Everyone else reads
    /// what was granted.
    ///
    /// - Parameter columns: The table's, partition keys included, in its order.
    func access(
        of caller: Caller, to table: TableID, columns: [String], at now: Date
    ) -> TableAccess? {
        if caller.belongs(to: table.catalog) { return .whole(columns) }
        var selects: [SelectGrant] = []
        for grant in grants(reaching: caller, on: table, at: now) {
            switch governance.data(shownBy: grant, of: table) {
            case .none: continue
            case .all: return .whole(columns)
            case .part(let select): selects.append(select)
            }
        }
        return TableAccess(adding: selects, columns: columns)
    }

    /// What the answers to an account's questions depend on, beside the data.
    func grantsVersion(of account: AccountID, at now: Date) -> GrantsVersion {
        GrantsVersion(
            generation: governance.generation,
            entitlements: Set(
                exchange.lakeEntitlements(of: account, at: now).map(\.publication)))
    }
}

/// Which grants are in force: what was set up under others is out of date.
struct GrantsVersion: Equatable, Sendable {
    /// Of those that are kept.
    fileprivate(set) var generation: Int
    /// The publications by which data grants open what is tagged.
    fileprivate(set) var entitlements: Set<Int>
}
