// Marketplace: what a provider sells and to whom. It knows AWS's operations, and who answers them it
// does not know: its own machine or AWS.

import AWSAPI
public import BourseAPI
public import FoundationEssentials
import GRDB
import Ledger
public import Logging

/// The contracts, and the work that they ask for.
///
/// Signing and ending write down what is to be done; ``run(servedAt:)`` does it, one step after the other,
/// and writes down each one before and after. So it can be cut off anywhere and goes on from there.
public final class Marketplace: Sendable {
    /// How long a step that failed waits to be tried again.
    static let tick = Duration.seconds(60)
    static let pageSizes = 1...100
    static let pageSizeDefault = 50

    private let ledger: Ledger
    private let provider: Provider
    private let clouds: any Clouds
    private let mailbox: Mailbox
    private let log: Logger
    private let clock: @Sendable () -> Date
    /// Rings when there is something to do. It remembers one ring: one pass does all that is due.
    private let bell: AsyncStream<Void>.Continuation
    private let rings: AsyncStream<Void>

    /// Opens the marketplace's own ledger, which is made if need be. Nothing is done before it runs.
    public init(
        at path: String, of provider: Provider, in clouds: any Clouds, mailbox: Mailbox,
        log: Logger, clock: @escaping @Sendable () -> Date
    ) throws {
        ledger = try Ledger(
            at: path, migrations: [Agreement.migration, Agreement.renewalMigration])
        self.provider = provider
        self.clouds = clouds
        self.mailbox = mailbox
        self.log = log
        self.clock = clock
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        bell.yield()
    }

    // MARK: Operations

    public func sign(_ operation: Bourse.SignContract) async throws -> Bourse.ContractStatus {
        let now = clock()
        let contract: Contract
        do {
            contract = try Contract(operation.record, provider: provider.account)
        } catch {
            throw AWSError.invalid(error)
        }
        let known = try await ledger.write { db in try self.signedAgain(contract, in: db) }
        if let known {
            bell.yield()
            return known
        }
        guard now < contract.lastDay.end else { throw AWSError.isOver(contract) }
        let offer = try await Offer.resolve(
            contract.products, through: clouds.provider(for: contract.id))
        try contract.check(offer)
        let steps = Step.onboarding(
            contract, offer,
            inSubscriber: clouds.subscriber(contract.account, for: contract.id) != nil)
        let finished = clock()
        let status = try await ledger.write { db in
            if let known = try self.signedAgain(contract, in: db) { return known }
            let agreement = Agreement(contract, offer, signedAt: now)
            try agreement.insert(db)
            for (place, step) in steps.enumerated() {
                var row = StepRow(step, of: contract.id, at: place)
                if step.action == .validate {
                    row.startedAt = now
                    row.finishedAt = finished
                    row.outcome = offer.summary
                }
                try row.insert(db)
            }
            return try Self.status(of: agreement, in: db)
        }
        bell.yield()
        return status
    }

    /// Nil for a contract that is not known. Of one that is, what failed is to be tried again.
    private func signedAgain(
        _ contract: Contract, in db: Database
    ) throws -> Bourse.ContractStatus? {
        guard let known = try Agreement.fetchOne(db, key: contract.id.rawValue) else { return nil }
        guard known.terms == contract else { throw AWSError.otherContract(contract.id) }
        try Self.forgetFailures(of: contract.id, in: db)
        return try Self.status(of: known, in: db)
    }

    public func end(_ operation: Bourse.EndContract) async throws -> Bourse.ContractStatus {
        let status = try await ledger.write { db in
            var agreement = try Self.agreement(operation.contractId, in: db)
            if agreement.isInForce { try agreement.beginEnding(in: db) }
            try Self.forgetFailures(of: agreement.id, in: db)
            return try Self.status(of: agreement, in: db)
        }
        bell.yield()
        return status
    }

    public func setRenewal(
        _ operation: Bourse.SetContractRenewal
    ) async throws -> Bourse.ContractStatus {
        let status = try await ledger.write { db in
            var agreement = try Self.agreement(operation.contractId, in: db)
            guard agreement.isInForce else { throw AWSError.notInForce(agreement.id) }
            guard !operation.isRenewed || agreement.offer.renewalMonths != nil else {
                throw AWSError.notRenewed(agreement.id)
            }
            agreement.endsAtTerm = !operation.isRenewed
            try agreement.update(db)
            return try Self.status(of: agreement, in: db)
        }
        bell.yield()
        return status
    }

    public func contract(_ operation: Bourse.GetContract) async throws -> Bourse.ContractStatus {
        try await ledger.read { db in
            try Self.status(of: Self.agreement(operation.contractId, in: db), in: db)
        }
    }

    public func contracts(
        _ operation: Bourse.ListContracts
    ) async throws -> Bourse.ListContracts.Response {
        let size = operation.maxResults ?? Self.pageSizeDefault
        guard Self.pageSizes.contains(size) else {
            throw AWSError.invalidPage("maxResults must be 1 to \(Self.pageSizes.upperBound).")
        }
        guard let start = Int(operation.nextToken ?? "0"), start >= 0 else {
            throw AWSError.invalidPage("nextToken is not one of ours.")
        }
        return try await ledger.read { db in
            let page = try Agreement.order(Column("rowid")).limit(size + 1, offset: start)
                .fetchAll(db)
            return .init(
                contracts: try page.prefix(size).map { try Self.status(of: $0, in: db) },
                nextToken: page.count > size ? String(start + size) : nil)
        }
    }

    private static func agreement(_ id: String, in db: Database) throws -> Agreement {
        guard let agreement = try Agreement.fetchOne(db, key: id) else {
            throw AWSError.contractNotFound(id)
        }
        return agreement
    }

    private static func status(
        of agreement: Agreement, in db: Database
    ) throws -> Bourse.ContractStatus {
        Bourse.ContractStatus(agreement, try StepRow.all(of: agreement.id).fetchAll(db))
    }

    private static func forgetFailures(of contract: Contract.ID, in db: Database) throws {
        try StepRow.untaken(of: contract).updateAll(db, Column("failure").set(to: nil))
    }

    // MARK: Work

    /// Takes the steps that are due, until cancelled. The welcome e-mails say the place: where clients
    /// reach the exchange.
    public func run(servedAt place: ServedPlace) async throws {
        var alarm: Task<Void, any Error>?
        defer { alarm?.cancel() }
        for await _ in rings {
            do {
                try await takeDueSteps(servedAt: place)
            } catch {
                log.error("contracts wait", metadata: ["cause": "\(error)"])
            }
            alarm?.cancel()
            let wait = await untilNextDay()
            alarm = Task { [bell] in
                try await Task.sleep(for: wait)
                bell.yield()
            }
        }
        try Task.checkCancellation()
    }

    /// Until a contract begins, ends or is renewed, and no longer than a step that failed waits.
    private func untilNextDay() async -> Duration {
        let now = clock()
        let next = try? await ledger.read { db in try Agreement.nextDay(after: now, in: db) }
        guard let next else { return Self.tick }
        return min(.seconds(max(next.timeIntervalSince(now), 0)), Self.tick)
    }

    /// Every contract as far as it gets, the oldest first and one at a time: two contracts of one client
    /// may grant the same table.
    func takeDueSteps(servedAt place: ServedPlace) async throws {
        let due = try await ledger.write { [clock] db in try Agreement.due(at: clock(), in: db) }
        let onboarding = Onboarding(
            provider: provider, clouds: clouds, mailbox: mailbox, place: place, clock: clock)
        for id in due {
            while try await takeNextStep(of: id, onboarding) {}
        }
    }

    /// - Returns: Whether there is another one to take.
    func takeNextStep(of id: Contract.ID, _ onboarding: Onboarding) async throws -> Bool {
        let begun = try await ledger.write { [clock] db in
            try StepRow.begin(of: id, at: clock(), in: db)
        }
        guard let (agreement, row, others) = begun else { return false }
        do {
            let outcome = try await onboarding.take(row.step, of: agreement, beside: others)
            return try await ledger.write { [clock] db in
                try row.finish(with: outcome, at: clock(), in: db)
            }
        } catch let failure as AWSError {
            log.warning(
                "a contract's step failed",
                metadata: [
                    "contract": "\(id)", "step": "\(row.step.name) \(row.subject)",
                    "code": "\(failure.code)", "message": "\(failure.message)",
                ])
            try await ledger.write { db in
                try row.fail(with: "\(failure.code): \(failure.message)", in: db)
            }
            return false
        } catch let cancelled as CancellationError {
            throw cancelled
        } catch {
            log.error(
                "a contract's step failed",
                metadata: [
                    "contract": "\(id)", "step": "\(row.step.name) \(row.subject)",
                    "cause": "\(error)",
                ])
            try await ledger.write { db in
                try row.fail(with: "InternalFailure: The exchange's log says why.", in: db)
            }
            return false
        }
    }

    public func close() throws { try ledger.close() }
}
