public import AWSAPI
import BourseAPI
import Crypto
import DataExchangeAPI
import DuckDB
public import FoundationEssentials
import GRDB
import Ledger
public import Logging
import QueryWorker
import Synchronization

/// The whole of AWS that the exchange needs, on this machine.
///
/// Every operation comes through ``send(_:in:)``: authorize, handle, record, answer, in that order.
public final class EmbeddedCloud: Sendable {
    /// The provider's account: the exchange's owner.
    public let account: AccountID
    public let region: String
    /// The provider, as people know it.
    public let name: String

    let directory: DataDirectory
    let state: StateStore
    let objects: ObjectStore
    let broker: Broker
    let log: Logger
    let clock: @Sendable () -> Date
    let sealingKey: SealingKey
    private let lock: DirectoryLock
    private let workers: WorkerPool
    private let runner: QueryRunner
    private let results: ManagedResults
    private let erasures: ErasureRunner
    private let authenticator: Authenticator
    private let authorizer: Authorizer
    private let recorder: Recorder
    private let events: Events
    private let handlers: [ObjectIdentifier: Handler]
    /// Of rooms above this one.
    private let answers = Mutex<[ObjectIdentifier: Handler]>([:])

    /// Opens an exchange that ``create(in:account:region:name:at:)`` made, and goes on where it stopped.
    ///
    /// - Throws: ``DataDirectoryFault`` in words for the operator, a `TrailOpenFault` if the trail is not
    ///   the one that this ledger remembers.
    public init(
        opening directory: DataDirectory, queryWorker: QueryWorkerProgram,
        servesSignatureVersion2: Bool = true, reading read: @escaping DocumentReader,
        log: Logger,
        clock: @escaping @Sendable () -> Date
    ) async throws {
        guard directory.isInitialized else {
            throw DataDirectoryFault.notInitialized(directory.url.localPath)
        }
        // A machine without the engine says so now, and not in the middle of somebody's question.
        try DuckDB.Database.load()
        lock = try directory.acquireLock()
        let ledger = try Ledger(
            at: directory.ledger.localPath, migrations: CloudState.migrations)
        guard let exchange = try await ledger.read({ db in try ExchangeRow.fetchOne(db) }) else {
            throw DataDirectoryFault.damaged("its ledger says of no exchange.")
        }
        guard let sealingKey = SealingKey(bytes: try Array(Data(contentsOf: directory.sealingKey)))
        else { throw DataDirectoryFault.damaged("keys/sealing.key is not 32 bytes.") }
        account = exchange.account
        region = exchange.region
        name = exchange.name
        self.directory = directory
        self.log = log
        self.clock = clock
        self.sealingKey = sealingKey
        authenticator = Authenticator(
            sealingKey: sealingKey, servesVersion2: servesSignatureVersion2)
        let recorder = try await Recorder(
            directory: directory, ledger: ledger, log: log, clock: clock)
        self.recorder = recorder
        state = try StateStore(ledger: ledger, trailEnd: { recorder.lastSequence })

        authorizer = Authorizer(
            state: state, region: exchange.region, exchange: exchange.account)

        let own = OwnCloud()
        let issuerKeys = IssuerKeys(reading: read)
        let sessions = Sessions(
            state: state, sealingKey: sealingKey, audience: Self.audience(of: exchange.account),
            issuerKeys: issuerKeys, authorizer: authorizer)
        let accounts = Accounts(state: state, sessions: sessions, exchange: exchange)
        let objects = try ObjectStore(state: state, lake: directory.lake)
        try await objects.files.sweep(ledger, log: log)
        self.objects = objects
        events = Events(
            state: state, region: region, clock: WaitingClock(now: clock), log: log)
        broker = try Broker(
            state: state, provider: account, region: region, lake: objects, directory: directory,
            log: log, clock: clock, sealingKey: sealingKey, cloud: own,
            record: { try await recorder.record($0, for: .dataExchange) })
        try await broker.recover()
        let expressions = ExpressionEngine()
        workers = try WorkerPool(
            executable: queryWorker.executable, staging: directory.staging,
            confinement: queryWorker.confinement)
        results = ManagedResults(directory: directory.results)
        let reader = LakeReader(objects: objects, manifests: broker.manifests)
        runner = QueryRunner(
            state: state,
            planner: QueryPlanner(state: state, engine: expressions, lake: reader),
            pool: workers,
            surroundings: .init(
                objects: objects, results: results, recorder: recorder, region: exchange.region,
                clock: clock),
            cloud: own, log: log, clock: clock)
        let lake = LakeView(objects: objects, manifests: broker.manifests)
        broker.gate.connect { [runner] sql, database, revision, caller in
            let answer = try await runner.preview(
                sql, as: caller, in: database, rowsMax: 1, before: revision)
            let text = String(decoding: answer.outcome.rows ?? [], as: UTF8.self)
            return (try JSONValue(parsing: text).array ?? []).map { $0.array ?? [] }
        }
        erasures = ErasureRunner(
            broker: broker, objects: objects, expressions: expressions,
            signer: try TrailSigner(reading: directory), region: exchange.region,
            name: exchange.name, clock: clock,
            record: { try await recorder.record($0, for: .bourse) },
            forgettingResults: { [runner, workers, results] in
                await runner.endAll(
                    because: "Data that it read was erased meanwhile; run the query again")
                await workers.stopAll()
                results.discardAll()
            })
        try await erasures.enqueueInterrupted()
        let queries = Queries(state: state, runner: runner, objects: objects, results: results)
        let partitions = Partitions(state: state, engine: expressions)
        let rooms: [[Handler]] = [
            accounts.handlers, sessions.handlers, Roles(state: state).handlers,
            ManagedPolicies(state: state).handlers, IdentityProviders(state: state).handlers,
            CutOffs(
                state: state, exchange: account, end: { [runner] in runner.cancelUnadmitted() }
            ).handlers,
            Buckets(lake: lake, region: exchange.region).handlers,
            BucketSettings(objects: objects).handlers, BucketPolicies(objects: objects).handlers,
            Listings(lake: lake).handlers, Objects(lake: lake).handlers,
            ObjectDeletions(objects: objects).handlers,
            MultipartUploads(lake: lake).handlers,
            LakeLinks(objects: objects, data: directory.url).handlers,
            Databases(state: state, region: region).handlers,
            Tables(state: state, engine: expressions, region: region).handlers,
            partitions.handlers,
            UnfilteredMetadata(state: state, partitions: partitions).handlers,
            TableInference(objects: objects).handlers,
            CatalogueTags(state: state).handlers,
            DataLakeSettings(state: state, exchangeAccount: account).handlers,
            RegisteredLocations(state: state).handlers,
            DataCellsFilters(state: state, engine: expressions).handlers,
            Permissions(state: state, log: log).handlers, PermissionLists(state: state).handlers,
            LFTags(state: state).handlers,
            LentCredentials(state: state, sealingKey: sealingKey, region: region).handlers,
            broker.handlers,
            Products(
                state: state, provider: account, region: exchange.region, expressions: expressions
            ).handlers,
            Erasures(state: state, runner: erasures).handlers, events.handlers,
            queries.handlers,
            Previews(state: state, runner: runner, exchange: account).handlers,
            Explanations(state: state, authorizer: authorizer, exchange: account).handlers,
            WorkGroups(state: state, region: region).handlers,
            PreparedStatements(state: state).handlers, QueryCatalogues(cloud: own).handlers,
        ]
        handlers = Dictionary(
            rooms.joined().map { (ObjectIdentifier($0.operation), $0) },
            uniquingKeysWith: { first, _ in first })
        own.connect(self)
    }

    /// The `aud` that tokens for this exchange carry.
    static func audience(of account: AccountID) -> String { "urn:bourse:\(account)" }

    // MARK: Callers

    /// Whoever signed the request.
    ///
    /// - Parameter bodyHash: The body's SHA-256 in hex. Nil: it is still to come.
    public func sender(
        of request: WireRequest, to service: AWSService, bodyHash: String?
    ) throws(SignatureFault) -> Sender {
        try authenticator.sender(
            of: request, to: service, bodyHash: bodyHash, among: state.current.identity,
            now: clock())
    }

    /// Whoever did not sign. What such a caller may send carries its own proof.
    public var anonymousCaller: Caller {
        Caller(account: account, kind: .anonymous, accessKeyID: "")
    }

    public var now: Date { clock() }

    // MARK: Requests

    /// Has an operation answered by a room above this one, on the same path as all others: authorized
    /// before, recorded after. For the time before the first request.
    public func answer<Operation: AWSOperation>(
        _: Operation.Type,
        with respond: @escaping @Sendable (Operation) async throws -> Operation.Response
    ) {
        let handler = Handler { (operation: Operation, _: Request) in try await respond(operation) }
        answers.withLock { $0[ObjectIdentifier(Operation.self)] = handler }
    }

    /// An account as the marketplace acts in it.
    ///
    /// - Parameter session: What for, as the audit records name it.
    public func marketplace(in account: AccountID, session: String) -> EmbeddedAccount {
        let caller = Caller(
            account: account,
            kind: .session(role: BuiltInRole.marketplace, name: session, issuedAt: clock()),
            accessKeyID: "")
        return EmbeddedAccount(self, as: caller)
    }

    /// Answers one operation, and has its outcome in the trail before the answer is given.
    ///
    /// - Throws: The service's refusal. What nobody foresaw is logged here, in full and once.
    public func send<Operation: AWSOperation>(
        _ operation: Operation, in call: Call
    ) async throws(AWSError) -> Operation.Response {
        try await exchange(operation, with: nil, in: call).response
    }

    /// ``send(_:in:)`` for operations that move an object's bytes.
    ///
    /// The record is in the trail before the first byte leaves. Whether the last one does, the body says.
    ///
    /// - Parameter upload: The bytes that come with the operation. What is left of them when the call
    ///   returns is nobody's.
    public func exchange<Operation: AWSOperation>(
        _ operation: Operation, with upload: ObjectUpload?, in call: Call
    ) async throws(AWSError) -> Exchanged<Operation> {
        var event = AuditEvent(of: operation, in: call, region: region)
        let isAdmitted: @Sendable () -> Bool = { [state] in
            state.current.identity.admits(call.caller)
        }
        var upload = upload
        upload?.isAdmitted = isAdmitted
        let request = Request(
            call: call, event: event, upload: upload, isAdmitted: isAdmitted
        ) {
            [authorizer] action, resource throws(AWSError) in
            try authorizer.check(action, on: resource, of: Operation.service, by: call)
        }
        let outcome = await outcome(of: operation, request)
        if case .success(let answer) = outcome, let proven = answer.proven {
            event.userIdentity = proven
        }
        if case .failure = outcome, case .anonymous = call.caller.kind {
            try await recorder.record(stranger: event.with(outcome), for: Operation.service)
        } else {
            try await recorder.record(event.with(outcome), for: Operation.service)
        }
        var answer = try outcome.get()
        answer.body?.isAdmitted = isAdmitted
        return answer
    }

    private func outcome<Operation: AWSOperation>(
        of operation: Operation, _ request: Request
    ) async -> Result<Exchanged<Operation>, AWSError> {
        let call = request.call
        do {
            guard let handler = handler(of: Operation.self) else {
                throw AWSError.unknownOperation(Operation.name, of: Operation.service)
            }
            guard request.event.readOnly || recorder.admitsChanges else {
                throw AWSError.noSpace(of: Operation.service)
            }
            let resource =
                handler.resource(operation, call) ?? authorizer.anything(of: Operation.service)
            if let action = handler.action(operation) {
                try authorizer.check(
                    action, on: resource, of: Operation.service, by: call,
                    context: handler.context(operation))
            }
            let answer = try await handler.respond(operation, request)
            guard let response = answer.shape as? Operation.Response else {
                preconditionFailure("\(Operation.name) is answered with \(type(of: answer.shape)).")
            }
            return .success(
                Exchanged(response: response, body: answer.body, proven: answer.proven))
        } catch let error as AWSError {
            return .failure(error)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            return .failure(.noSpace(of: Operation.service))
        } catch let error as SystemCallFault where error.isFullDisk {
            return .failure(.noSpace(of: Operation.service))
        } catch {
            log.error(
                "request failed",
                metadata: [
                    "requestID": "\(call.origin.requestID)", "operation": "\(Operation.action)",
                    "cause": "\(String(reflecting: error))",
                ])
            return .failure(.internalFailure(Operation.service))
        }
    }

    private func handler(of operation: any AWSOperation.Type) -> Handler? {
        let id = ObjectIdentifier(operation)
        return handlers[id] ?? answers.withLock { $0[id] }
    }

    /// Records a request that was refused before it became an operation, or whose caller is unknown.
    public func record(
        refused error: AWSError, of service: AWSService, operation: String, caller: Caller?,
        origin: Call.Origin
    ) async throws(AWSError) {
        let event = AuditEvent(
            refusing: operation, of: service, error: error, caller: caller, origin: origin,
            at: clock(), region: region, account: account)
        if caller == nil {
            try await recorder.record(stranger: event, for: service)
        } else {
            try await recorder.record(event, for: service)
        }
    }

    /// Runs until cancelled: what the exchange does by itself, once in a while.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [recorder] in try await recorder.run() }
            group.addTask { [events] in try await events.run() }
            group.addTask { [workers] in try await workers.run() }
            group.addTask { [runner] in try await runner.resume() }
            group.addTask { [results, clock] in try await results.run(clock: clock) }
            group.addTask { [broker] in try await broker.run() }
            group.addTask { [erasures] in try await erasures.run() }
            try await group.waitForAll()
        }
    }

    /// Answers the requests that wait for something with what there is, now and from now on.
    public func stopWaiting() { events.stopWaiting() }

    /// Syncs what is pending and lets go of the files.
    public func close() async throws {
        await runner.stop()
        try await recorder.close()
        try state.ledger.close()
    }
}

/// What an operation is answered with.
public struct Exchanged<Operation: AWSOperation>: Sendable {
    public let response: Operation.Response
    /// The object's bytes, of operations that are answered with them.
    public fileprivate(set) var body: ObjectBody?
    fileprivate let proven: AuditEvent.UserIdentity?
}

/// The embedded cloud as one account sees it.
public struct EmbeddedAccount: Cloud {
    private let cloud: EmbeddedCloud
    private let caller: Caller
    /// Of the request that it acts for, if there is one.
    private let origin: Call.Origin?

    public init(_ cloud: EmbeddedCloud, as caller: Caller, for origin: Call.Origin? = nil) {
        self.cloud = cloud
        self.caller = caller
        self.origin = origin
    }

    public var account: AccountID { caller.account }
    public var region: String { cloud.region }

    public func send<Operation: AWSOperation>(
        _ operation: Operation
    ) async throws(AWSError) -> Operation.Response {
        let origin = Call.Origin(
            requestID: UUID(), sourceAddress: origin?.sourceAddress ?? "bourse.internal",
            userAgent: origin?.userAgent, endpoint: origin?.endpoint ?? "")
        return try await cloud.send(
            operation, in: Call(caller: caller, origin: origin, time: cloud.clock()))
    }
}
