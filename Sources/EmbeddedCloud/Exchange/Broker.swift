import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import HashTreeCollections
import Logging

/// AWS Data Exchange: data sets, the revisions published of them, and who is granted them.
///
/// The exchange's own account publishes; every other account receives.
struct Broker: Sendable {
    let state: StateStore
    let provider: AccountID
    let lake: any ExchangeLake
    let manifests: Manifests
    let jobs: JobRunner
    let arns: ExchangeARNs
    let urls: SignedURLs
    let log: Logger
    /// The `source` of the provider's own events.
    let eventSource: String
    let finalizing = ExclusiveIDs()
    let gate = PublishGate()

    /// The `source` of the provider's own events, if nothing else is said.
    static let eventSourceDefault = "nomura.data-platform"

    /// - Parameter record: Puts an event of the exchange's own doing into the trail.
    init(
        state: StateStore, provider: AccountID, region: String, lake: any ExchangeLake,
        directory: DataDirectory, log: Logger, clock: @escaping @Sendable () -> Date,
        eventSource: String = eventSourceDefault, sealingKey: SealingKey, cloud: OwnCloud,
        record: @escaping @Sendable (AuditEvent) async throws -> Void
    ) throws {
        self.state = state
        self.provider = provider
        self.lake = lake
        self.log = log
        self.eventSource = eventSource
        arns = ExchangeARNs(region: region)
        urls = SignedURLs(sealingKey: sealingKey, region: region, cloud: cloud)
        manifests = try Manifests(directory: directory, log: log)
        jobs = JobRunner(
            state: state, lake: lake, manifests: manifests, region: region, log: log,
            clock: clock, record: record)
    }

    var handlers: [Handler] {
        [
            Handler(createDataSet), Handler(getDataSet), Handler(listDataSets),
            Handler(updateDataSet), Handler(deleteDataSet),
            Handler(createRevision), Handler(getRevision), Handler(listDataSetRevisions),
            Handler(updateRevision), Handler(revokeRevision), Handler(deleteRevision),
            Handler(listRevisionAssets), Handler(getAsset), Handler(updateAsset),
            Handler(deleteAsset), Handler(sendAPIAsset),
            Handler(createJob), Handler(startJob), Handler(getJob), Handler(cancelJob),
            Handler(listJobs),
            Handler(createDataGrant), Handler(getDataGrant), Handler(listDataGrants),
            Handler(deleteDataGrant), Handler(extendDataGrant),
            Handler(acceptDataGrant), Handler(getReceivedDataGrant),
            Handler(listReceivedDataGrants),
            Handler(createEventAction), Handler(getEventAction), Handler(updateEventAction),
            Handler(deleteEventAction), Handler(listEventActions),
            Handler(listTagsForResource), Handler(tagResource), Handler(untagResource),
            Handler(sendDataSetNotification),
        ] + publicationHandlers
    }

    /// Removes what a finalization that was cut off has left behind, and takes up the jobs that were
    /// running. Before anything is served.
    func recover() async throws {
        let revisions = state.current.exchange.revisions.values.flatMap(\.values)
        try await manifests.sweep(
            finalized: Set(revisions.filter(\.isFinalized).map(\.id)),
            published: Set(revisions.filter(\.isHeld).map(\.id)),
            drafts: Set(revisions.filter { !$0.isFinalized }.map(\.id)))
        try await jobs.enqueueInterrupted()
    }

    /// Runs jobs until cancelled.
    func run() async throws { try await jobs.run() }
}

// MARK: - What operations check alike

func exchangeID(_ text: String, _ member: String) throws(AWSError) -> ExchangeID {
    guard let id = ExchangeID(rawValue: text) else {
        throw .validation("\(member) must be 30 to 40 letters and digits.")
    }
    return id
}

extension Broker {
    func requireProvider(_ request: Request) throws(AWSError) {
        guard request.account == provider else { throw .onlyProviderPublishes }
    }

    func id(_ text: String, _ member: String) throws(AWSError) -> ExchangeID {
        try exchangeID(text, member)
    }

    /// Source: AWS Data Exchange API Reference, tags.
    func checked(_ tags: [String: String]?) throws(AWSError) -> [String: String] {
        let tags = tags ?? [:]
        guard tags.count <= 50 else { throw .validation("There may be 50 tags at most.") }
        for (key, value) in tags {
            guard (1...128).contains(key.unicodeScalars.count), value.unicodeScalars.count <= 256
            else {
                throw .validation(
                    "A tag has a key of 1 to 128 characters and a value of up to 256.")
            }
        }
        return tags
    }

    func check(
        _ text: String, _ member: String, _ lengths: ClosedRange<Int>
    ) throws(AWSError) {
        guard lengths.contains(text.unicodeScalars.count) else {
            throw .validation(
                "\(member) must have \(lengths.lowerBound) to \(lengths.upperBound) characters.")
        }
    }
}

extension ExchangeState {
    /// A data set that is the caller's own, to change it.
    func owned(_ id: ExchangeID, by account: AccountID) throws(AWSError) -> DataSetRow {
        guard let row = dataSets[id], row.owner == account else {
            throw .exchangeNotFound(.dataSet, id.rawValue)
        }
        return row
    }

    func ownedRevision(
        _ id: ExchangeID, of dataSet: ExchangeID, by account: AccountID
    ) throws(AWSError) -> RevisionRow {
        let dataSet = try owned(dataSet, by: account)
        guard let row = revisions[dataSet.id]?[id] else {
            throw .exchangeNotFound(.revision, id.rawValue)
        }
        return row
    }

    func visible(
        _ id: ExchangeID, to account: AccountID, at now: Date
    ) throws(AWSError) -> DataSetView {
        guard let view = dataSet(id, seenBy: account, at: now) else {
            throw .exchangeNotFound(.dataSet, id.rawValue)
        }
        return view
    }
}
