import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// What the exchange has on offer, and who was given it. Assets and jobs, of which there are many and
/// which no decision needs, stay in the ledger.
struct ExchangeState: Sendable {
    private(set) var dataSets: TreeDictionary<ExchangeID, DataSetRow> = [:]
    /// By data set.
    private(set) var revisions:
        TreeDictionary<ExchangeID, TreeDictionary<ExchangeID, RevisionRow>> = [:]
    private(set) var grants: TreeDictionary<ExchangeID, DataGrantRow> = [:]
    /// What data sets are sold as. By data set.
    private(set) var products: TreeDictionary<ExchangeID, Bourse.Product> = [:]
    /// By their receivers.
    private var received: TreeDictionary<AccountID, TreeSet<ExchangeID>> = [:]
    /// The grant behind a receiver's data set.
    private var entitlements: TreeDictionary<ExchangeID, ExchangeID> = [:]
    /// Of those received, the ones of Lake Formation permissions.
    private var receivedOfLake: TreeDictionary<AccountID, TreeSet<ExchangeID>> = [:]
    /// What a finalized revision opens, where it is of a kind that does.
    private var openings: TreeDictionary<ExchangeID, RevisionOpening> = [:]
    /// What revisions opened that are no more, or drafts again. By data set.
    private var former: TreeDictionary<ExchangeID, Set<S3Access>> = [:]
    /// What the newest published revision of a data set opens. By data set.
    private(set) var opened: TreeDictionary<ExchangeID, OpenRevision> = [:]
    /// Which data set says what readers of a bucket see. By bucket.
    private var coverages: TreeDictionary<String, [Coverage]> = [:]

    init(loading db: Database) throws {
        for row in try DataSetRow.fetchAll(db) { dataSets[row.id] = row }
        for row in try DataGrantRow.fetchAll(db) { put(row) }
        let finalized = try AssetRow.fetchAll(
            db,
            sql: """
                SELECT asset.* FROM asset JOIN revision ON revision.id = asset.revision
                WHERE revision.publication IS NOT NULL
                """)
        for asset in finalized {
            open(asset.content, by: asset.revision)
        }
        for row in try FormerAccessRow.fetchAll(db) {
            former[row.dataSet, default: []].insert(row.access)
        }
        for row in try RevisionRow.fetchAll(db) {
            revisions[row.dataSet, default: [:]][row.id] = row
        }
        for row in try ProductRow.fetchAll(db) {
            products[row.dataSet] = try Bourse.Product(json: row.definition)
        }
        for dataSet in dataSets.keys { renewCoverage(of: dataSet) }
    }

    // MARK: Changes

    mutating func put(_ dataSet: DataSetRow) { dataSets[dataSet.id] = dataSet }

    /// - Parameter opening: What the revision opens from now on. Nil: what it did before, as long as it is
    ///   finalized.
    mutating func put(_ revision: RevisionRow, opening: RevisionOpening? = nil) {
        revisions[revision.dataSet, default: [:]][revision.id] = revision
        if let opening { openings[revision.id] = opening.isNothing ? nil : opening }
        if !revision.isFinalized { openings[revision.id] = nil }
        renewCoverage(of: revision.dataSet)
    }

    private mutating func open(_ content: AssetContent, by revision: ExchangeID) {
        var opening = openings[revision] ?? RevisionOpening()
        opening.add(content)
        openings[revision] = opening.isNothing ? nil : opening
    }

    /// Before a revision is deleted or reopened: the part of a bucket that it opened stays the data set's to say,
    /// also where it says nothing of it any more. Else readers would find what happens to lie there.
    mutating func keepAccess(of revision: RevisionRow, _ db: Database) throws {
        guard let access = openings[revision.id]?.access else { return }
        former[revision.dataSet, default: []].insert(access)
        try FormerAccessRow(dataSet: revision.dataSet, access: access).insert(
            db, onConflict: .ignore)
    }

    mutating func put(_ product: Bourse.Product, of dataSet: ExchangeID) {
        removeProduct(of: products.first { $0.value.productId == product.productId }?.key)
        products[dataSet] = product
    }

    mutating func removeProduct(of dataSet: ExchangeID?) {
        if let dataSet { products[dataSet] = nil }
    }

    mutating func remove(_ dataSet: DataSetRow, _ db: Database) throws {
        dataSets[dataSet.id] = nil
        revisions[dataSet.id] = nil
        former[dataSet.id] = nil
        try FormerAccessRow.filter(Column("dataSet") == dataSet.id.rawValue).deleteAll(db)
        renewCoverage(of: dataSet.id)
    }

    mutating func remove(_ revision: RevisionRow) {
        revisions[revision.dataSet]?[revision.id] = nil
        openings[revision.id] = nil
        renewCoverage(of: revision.dataSet)
    }

    mutating func put(_ grant: DataGrantRow) {
        grants[grant.id] = grant
        received[grant.receiver, default: []].insert(grant.id)
        entitlements[grant.entitledDataSet] = grant.id
        if dataSets[grant.sourceDataSet]?.assetKind == .lakePermission {
            receivedOfLake[grant.receiver, default: []].insert(grant.id)
        }
    }

    mutating func remove(_ grant: DataGrantRow) {
        grants[grant.id] = nil
        received[grant.receiver]?.remove(grant.id)
        receivedOfLake[grant.receiver]?.remove(grant.id)
        entitlements[grant.entitledDataSet] = nil
    }

    // MARK: What an account sees

    /// Nil also when it is another account's: the answer tells strangers nothing.
    func dataSet(_ id: ExchangeID, seenBy account: AccountID, at now: Date) -> DataSetView? {
        if let row = dataSets[id] { return row.owner == account ? DataSetView(of: row) : nil }
        guard let grant = entitlements[id].flatMap({ grants[$0] }), grant.receiver == account else {
            return nil
        }
        return entitlement(of: grant, at: now)
    }

    func dataSets(ownedBy account: AccountID) -> [DataSetView] {
        dataSets.values.filter { $0.owner == account }.map { DataSetView(of: $0) }
    }

    func dataSets(entitledTo account: AccountID, at now: Date) -> [DataSetView] {
        grants(receivedBy: account).compactMap { entitlement(of: $0, at: now) }
    }

    /// Offered, held or over.
    func grants(receivedBy account: AccountID) -> some Sequence<DataGrantRow> {
        (received[account] ?? []).lazy.compactMap { grants[$0] }
    }

    /// What is published, or may be again.
    var heldLakePermissions: some Sequence<(revision: ExchangeID, permissions: [LakePermission])> {
        revisions.values.lazy.flatMap(\.values).filter(\.isHeld).map { revision in
            (revision.id, openings[revision.id]?.lakePermissions ?? [])
        }
    }

    /// Accounts that were granted Lake Formation permissions.
    var lakeReceivers: some Sequence<AccountID> { receivedOfLake.keys }

    /// Those of Lake Formation permissions. Offered, held or over.
    func lakeDataGrants(to account: AccountID) -> some Sequence<DataGrantRow> {
        (receivedOfLake[account] ?? []).lazy.compactMap { grants[$0] }
    }

    /// The grants under which a data set is received now.
    func grants(of dataSet: ExchangeID, at now: Date) -> [DataGrantRow] {
        grants.values.filter { $0.sourceDataSet == dataSet && $0.holds(at: now) }
            .sorted { $0.id.rawValue < $1.id.rawValue }
    }

    private func entitlement(of grant: DataGrantRow, at now: Date) -> DataSetView? {
        guard grant.holds(at: now), let source = dataSets[grant.sourceDataSet] else { return nil }
        return DataSetView(of: source, under: grant)
    }

    /// - Parameter dataSet: A receiver's.
    func grant(behind dataSet: ExchangeID) -> DataGrantRow? {
        entitlements[dataSet].flatMap { grants[$0] }
    }

    /// Nil: there is none, or a receiver may not see it.
    func revision(_ id: ExchangeID, of dataSet: DataSetView) -> RevisionRow? {
        revisions[dataSet.source.id]?[id].flatMap { dataSet.shows($0) ? $0 : nil }
    }

    func revisions(of dataSet: DataSetView) -> [RevisionRow] {
        revisions[dataSet.source.id]?.values.filter(dataSet.shows) ?? []
    }

    // MARK: What readers of a bucket see

    /// The data set that says what an object is: of several, the one that names it most closely, and of those
    /// the one published last. Nil: none of the bucket's owner's does.
    func coverage(of key: String, in bucket: String, of owner: AccountID) -> Coverage? {
        closest(in: bucket, of: owner) { $0.closeness(toKey: key) }
    }

    /// The data set that says what a folder has. Nil: none of the bucket's owner's says it of all of it.
    func coverage(ofFolder folder: String, in bucket: String, of owner: AccountID) -> Coverage? {
        closest(in: bucket, of: owner) { $0.closeness(toFolder: folder) }
    }

    private func closest(
        in bucket: String, of owner: AccountID, _ closeness: (S3Access) -> Int?
    ) -> Coverage? {
        coverages(of: bucket, of: owner)
            .compactMap { coverage in closeness(coverage.access).map { (coverage, $0) } }
            .max { $0.0.precedence(at: $0.1) < $1.0.precedence(at: $1.1) }?.0
    }

    /// A bucket may have been another account's before, by the same name.
    func coverages(of bucket: String, of owner: AccountID) -> [Coverage] {
        (coverages[bucket] ?? []).filter { dataSets[$0.dataSet]?.owner == owner }
    }

    /// What was finalized of a data set, the newest first. Receivers read the first one that is not revoked.
    func publications(of dataSet: ExchangeID) -> [RevisionRow] {
        (revisions[dataSet]?.values.filter(\.isFinalized) ?? [])
            .sorted { ($0.publication ?? 0) > ($1.publication ?? 0) }
    }

    private mutating func renewCoverage(of dataSet: ExchangeID) {
        let finalized = publications(of: dataSet)
        let newest = finalized.first(where: \.isPublished)
        opened[dataSet] = newest.flatMap { revision in
            openings[revision.id].map {
                OpenRevision(publication: revision.publication ?? 0, opening: $0)
            }
        }
        var found: [Coverage] = []
        for revision in [newest].compactMap(\.self) + finalized {
            guard let access = openings[revision.id]?.access,
                !found.contains(where: { $0.access == access })
            else { continue }
            found.append(
                Coverage(
                    dataSet: dataSet, access: access, publication: revision.publication ?? 0,
                    revision: revision.id == newest?.id ? revision.id : nil))
        }
        for access in former[dataSet] ?? [] where !found.contains(where: { $0.access == access }) {
            found.append(
                Coverage(dataSet: dataSet, access: access, publication: 0, revision: nil))
        }
        // Of what is read live nothing is said, as long as it is published.
        if newest != nil, dataSets[dataSet]?.isLive == true { found = [] }
        for (bucket, coverage) in coverages
        where coverage.contains(where: { $0.dataSet == dataSet }) {
            coverages[bucket] = coverage.filter { $0.dataSet != dataSet }
        }
        for coverage in found { coverages[coverage.access.bucket, default: []].append(coverage) }
    }
}

/// What is open of a data set now.
struct OpenRevision: Sendable {
    let publication: Int
    let opening: RevisionOpening
}

/// A part of a bucket of which one data set says what is to be seen.
struct Coverage: Sendable {
    let dataSet: ExchangeID
    let access: S3Access
    let publication: Int
    /// The revision that is read. Nil: the newest one has left this part out, or all are revoked, so
    /// there is nothing to be seen. It does not fall back to what happens to lie in the bucket.
    let revision: ExchangeID?

    /// A revision that is read goes before one that left the part out.
    fileprivate func precedence(at closeness: Int) -> (Int, Int, Int) {
        (revision == nil ? 0 : 1, closeness, publication)
    }
}

/// A data set as its owner or a receiver knows it.
struct DataSetView: Sendable {
    let source: DataSetRow
    /// Nil for the owner.
    let grant: DataGrantRow?

    fileprivate init(of source: DataSetRow, under grant: DataGrantRow? = nil) {
        self.source = source
        self.grant = grant
    }

    var id: ExchangeID { grant?.entitledDataSet ?? source.id }
    /// In whose account it is.
    var account: AccountID { grant?.receiver ?? source.owner }
    var createdAt: Date { grant?.acceptedAt ?? source.createdAt }
    var updatedAt: Date { max(createdAt, source.updatedAt) }

    /// Receivers see what is finalized and not revoked.
    fileprivate func shows(_ revision: RevisionRow) -> Bool {
        grant == nil || revision.isPublished
    }
}
