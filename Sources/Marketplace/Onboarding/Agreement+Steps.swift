import AWSAPI
import FoundationEssentials
import GRDB

extension Agreement {
    /// The contracts with something to do. Those whose last day is over begin to end, or to be renewed before.
    static func due(at now: Date, in db: Database) throws -> [Contract.ID] {
        var due: [Contract.ID] = []
        for var agreement in try order(Column("rowid"))
            .filter(Column("state") != State.ended.rawValue).fetchAll(db)
        {
            if agreement.isInForce, agreement.turn <= now {
                if agreement.isRenewing, let months = agreement.renewalMonths {
                    try agreement.renew(every: months, at: now, in: db)
                } else {
                    try agreement.beginEnding(in: db)
                }
            }
            switch agreement.state {
            case .signed: if agreement.terms.firstDay.begin <= now { due.append(agreement.id) }
            case .ending: due.append(agreement.id)
            case .active:
                // What its next term asks for.
                if try !StepRow.untaken(of: agreement.id).isEmpty(db) { due.append(agreement.id) }
            case .ended: break
            }
        }
        return due
    }

    /// When it ends, or is renewed. One that has not become active is not.
    private var turn: Date {
        isRenewing ? lastDay.end - Renewal.lead : lastDay.end
    }

    private var isRenewing: Bool { state == .active && renewalMonths != nil }

    /// Puts down what its next term asks for. What is granted without an end stays as it is.
    private mutating func renew(every months: Int, at now: Date, in db: Database) throws {
        let place = try Self.nextPlace(of: id, in: db)
        // What waits to be extended is extended to the end of the term that it is then.
        let waiting = Set(try StepRow.untaken(of: id).fetchAll(db).map(\.step))
        for (offset, product) in offer.products.enumerated() {
            let step = Step(.extendDataGrant, product.name)
            if waiting.contains(step) { continue }
            try StepRow(step, of: id, at: place + offset).insert(db)
        }
        renewedTo = Renewal.lastDay(after: terms.lastDay, every: months, at: now)
        try update(db)
    }

    /// Numbers are not used again: whoever still takes a dropped step writes nothing over.
    private static func nextPlace(of id: Contract.ID, in db: Database) throws -> Int {
        (try StepRow.all(of: id).fetchAll(db).map(\.place).max() ?? -1) + 1
    }

    /// When the next contract begins, ends or is renewed: at once, where one became active after that. Nil: none
    /// will.
    static func nextDay(after now: Date, in db: Database) throws -> Date? {
        try filter(Column("state") != State.ended.rawValue).fetchAll(db).filter(\.isInForce)
            .flatMap { agreement in
                let begin = agreement.terms.firstDay.begin
                return [begin > now ? begin : nil, max(agreement.turn, now)].compactMap(\.self)
            }.min()
    }

    /// Drops the steps that were not taken, and puts down those that take back what the others gave.
    ///
    /// All of it is taken back, whether its step was taken or not: one may be under way.
    mutating func beginEnding(in db: Database) throws {
        let place = try Self.nextPlace(of: id, in: db)
        try StepRow.untaken(of: id).deleteAll(db)
        for (offset, step) in Step.ending(terms, offer).enumerated() {
            try StepRow(step, of: id, at: place + offset).insert(db)
        }
        state = .ending
        try update(db)
    }
}

extension StepRow {
    /// The contract's next step, marked as begun, with the client's other contracts in force.
    ///
    /// Nil when there is none left.
    static func begin(
        of id: Contract.ID, at now: Date, in db: Database
    ) throws -> (Agreement, StepRow, [Agreement])? {
        guard let agreement = try Agreement.fetchOne(db, key: id.rawValue),
            var row = try untaken(of: id).fetchOne(db)
        else { return nil }
        row.startedAt = now
        try row.update(db)
        let others = try Agreement.filter(Column("account") == agreement.account.rawValue)
            .filter(Column("id") != id.rawValue).fetchAll(db).filter(\.isInForce)
        return (agreement, row, others)
    }

    /// - Returns: Whether the contract has another step to take. After the last one it has arrived.
    func finish(with outcome: String?, at now: Date, in db: Database) throws -> Bool {
        var row = self
        row.finishedAt = now
        row.outcome = outcome
        row.failure = nil
        // The contract may have been ended meanwhile, and the step with it.
        guard try row.exists(db) else { return true }
        try row.update(db)
        guard try Self.untaken(of: contract).isEmpty(db),
            var agreement = try Agreement.fetchOne(db, key: contract.rawValue)
        else { return true }
        switch agreement.state {
        case .signed: agreement.state = .active
        case .ending: agreement.state = .ended
        case .active, .ended: return false
        }
        try agreement.update(db)
        return false
    }

    func fail(with failure: String, in db: Database) throws {
        var row = self
        row.failure = failure
        if try row.exists(db) { try row.update(db) }
    }
}

extension Offer {
    /// `2 products, 3 tables`
    var summary: String {
        func count(_ number: Int, _ noun: String) -> String {
            "\(number) \(noun)\(number == 1 ? "" : "s")"
        }
        return "\(count(products.count, "product")), \(count(tables.count, "table"))"
    }
}
