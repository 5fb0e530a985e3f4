import GRDB
import Ledger
import Synchronization

/// Everything that requests are decided by, as one immutable value.
///
/// Persistent maps: a change costs its own path, not a copy of the whole.
struct CloudState: Sendable {
    var identity: IdentityState
    var storage: StorageState
    var catalogue: CatalogueState
    var governance: GovernanceState
    var queues: QueuesState
    var rules: RulesState
    var exchange: ExchangeState
    var workGroups: WorkGroupsState

    init(loading db: Database) throws {
        identity = try IdentityState(loading: db)
        storage = try StorageState(loading: db)
        catalogue = try CatalogueState(loading: db)
        governance = try GovernanceState(loading: db)
        queues = try QueuesState(loading: db)
        rules = try RulesState(loading: db)
        exchange = try ExchangeState(loading: db)
        workGroups = try WorkGroupsState(loading: db)
    }

    static let migrations = [
        IdentityState.migration, AuditOutboxRow.migration, HeadRow.migration,
        EventOutboxRow.migration, StorageState.migration, CatalogueState.migration,
        PartitionRow.migration,
        GovernanceState.migration,
        QueuesState.migration,
        QueryExecution.migration,
        RulesState.migration,
        DeliveryRow.migration,
        ExchangeState.migration,
        RoleRow.migration, StorageState.settingsMigration, MultipartUploadRow.migration,
        IdentityProviderRow.migration, ManagedPolicyRow.migration,
        QueryExecution.kindsMigration, WorkGroupRow.migration, TableVersionRow.migration,
        TagRow.migration, PreparedStatementRow.migration,
        MultipartUploadRow.doneMigration, QueryExecution.openerMigration,
        PartitionRow.placesMigration, ExchangeState.kindsMigration,
        ExchangeState.productsMigration, ErasureRow.migration,
        ExchangeState.accessMigration, LFTagRow.migration,
    ]
}

/// The state in force, and the only way to change it.
///
/// A change is one transaction: its rows, its audit event and the new state. The state is published when
/// the transaction has committed, in commit order, before the call returns: what was revoked is refused
/// from the next request on.
final class StateStore: Sendable {
    let ledger: Ledger
    /// The trail's end, which every event to come is after.
    private let trailEnd: @Sendable () -> Int
    private let latest: Mutex<CloudState>

    init(ledger: Ledger, trailEnd: @escaping @Sendable () -> Int) throws {
        self.ledger = ledger
        self.trailEnd = trailEnd
        latest = Mutex(try ledger.writeBlocking { db in try CloudState(loading: db) })
    }

    var current: CloudState { latest.withLock { $0 } }

    /// - Parameters:
    ///   - event: What the trail will say of it, kept with the change until the trail has it.
    ///   - body: Writes rows and changes the state. What it throws undoes both.
    func change<Value: Sendable>(
        recording event: AuditEvent,
        _ body: @escaping @Sendable (Database, inout CloudState) throws -> Value
    ) async throws -> Value {
        let trailEnd = trailEnd()
        return try await ledger.write { db in
            var state = self.current
            let value = try body(db, &state)
            try AuditOutboxRow(event, afterSequence: trailEnd).insert(db)
            let changed = state
            db.afterNextTransaction { _ in self.latest.withLock { $0 = changed } }
            return value
        }
    }
}
