import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger
import Logging

/// Takes events out of the outbox in the order in which they were posted, and makes a delivery for
/// each target of each rule that matches.
struct OutboxRouter: Sendable {
    /// Events taken in one transaction: the writer is everyone's.
    static let eventsAtOnce = 20

    let state: StateStore
    let region: String
    let clock: WaitingClock
    let log: Logger

    /// Routes what there is, up to ``eventsAtOnce``: deliveries in, events out, in one transaction.
    ///
    /// An event that no rule asks for is dropped.
    ///
    /// - Returns: How many events it took.
    func routeSome() async throws -> Int {
        let now = clock.now()
        return try await state.ledger.write { db in
            let rows = try EventOutboxRow.order(Column.rowID).limit(Self.eventsAtOnce).fetchAll(db)
            // The state in force, since only this transaction could change it.
            let rules = state.current.rules
            for row in rows {
                try route(row, by: rules, at: now, in: db)
                try row.delete(db)
            }
            return rows.count
        }
    }

    private func route(
        _ row: EventOutboxRow, by rules: RulesState, at now: Date, in db: Database
    ) throws {
        let event: JSONValue
        do throws(JSONFault) {
            event = try row.event(region: region)
        } catch {
            // Whoever posted it wrote no JSON. It must not stand in the way of the others for ever.
            log.error("dropped an event", metadata: ["id": "\(row.id)", "cause": "\(error)"])
            return
        }
        let bus = EventBus(of: row.account, named: row.bus)
        for (_, rule) in rules.rules(of: bus)
        where rule.row.isEnabled && !rule.targets.isEmpty && rule.pattern.matches(event) {
            for (_, target) in rule.targets {
                var delivery = DeliveryRow(of: event, to: target, region: region, at: now)
                try delivery.insert(db)
            }
        }
    }
}
