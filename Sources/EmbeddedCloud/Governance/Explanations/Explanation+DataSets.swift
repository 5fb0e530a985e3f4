import AWSAPI
import BourseAPI
import DataExchangeAPI
import HashTreeCollections

extension Explanation {
    /// A data set, as Data Exchange's own operations meet it.
    mutating func explain(_ dataSet: DataSetRow) {
        let isAdmitted = admitsAccount()
        let mayAsk = rolePolicyAllows(DataExchange.GetDataSet.self)
        let views = addDataGrants(of: dataSet.id)
        if views.isEmpty {
            add(
                "data grants", .denies,
                "no data grant of it holds for the account: offer one by a contract or by "
                    + "dataexchange:CreateDataGrant, to be accepted by the account")
        }
        addRevisions(of: dataSet.id)
        noteTables(of: dataSet.id)
        addPolicies(of: dataSet)
        addLakeGrants(of: dataSet)
        let name = "data set \(dataSet.id) (\(dataSet.name))"
        guard isAdmitted, mayAsk, let view = views.first else {
            return concludeDenied("may not see \(name)")
        }
        let revisions = current.exchange.revisions(of: view).count
        conclude(.allowed, "may see \(name), as \(view.id), and \(revisions) revisions of it")
    }

    /// The policies that the account's data grants of it come to.
    private mutating func addPolicies(of dataSet: DataSetRow) {
        for bucket in current.storage.buckets.values where bucket.account == dataSet.owner {
            let shares = current.exchange.shares(of: bucket, with: caller.account, at: call.time)
            for share in shares where share.grant.sourceDataSet == dataSet.id {
                said.grantPolicies.append(share.access.policy(for: caller.account).text)
            }
        }
    }

    /// What its Lake Formation permissions come to, as long as the account holds a data grant.
    private mutating func addLakeGrants(of dataSet: DataSetRow) {
        let grants = current.exchange.lakeEntitlements(of: caller.account, at: call.time)
            .filter { $0.grant.sourceDataSet == dataSet.id }.flatMap(\.grants)
        for grant in grants { add("grant", .allows, "\(grant.words) to \(grant.grantee)") }
        show(grants)
    }

    /// What readers of a part of a bucket see of it.
    mutating func add(_ coverage: Coverage) {
        addRevisions(of: coverage.dataSet, in: coverage)
        let name = current.exchange.dataSets[coverage.dataSet]?.name ?? ""
        let holds = current.exchange.grants.values.contains {
            $0.sourceDataSet == coverage.dataSet && $0.receiver == caller.account
                && $0.holds(at: call.time)
        }
        add(
            "data grant", .notes,
            "\(holds ? "one" : "none") of data set \(coverage.dataSet) (\(name)) holds for the account; of a "
                + "table, its grants decide")
    }

    /// - Returns: The data set as the account has it.
    private mutating func addDataGrants(of dataSet: ExchangeID) -> [DataSetView] {
        let grants = current.exchange.grants.values
            .filter { $0.sourceDataSet == dataSet && $0.receiver == caller.account }
            .sorted { ($0.createdAt, $0.id.rawValue) < ($1.createdAt, $1.id.rawValue) }
        for grant in grants {
            let end = grant.endsAt.map { Timestamp.iso8601.text($0) }
            let name = "\(grant.id) (\(grant.name)) by account \(grant.sender)"
            switch grant.standing(at: call.time) {
            case .holding:
                add("data grant", .allows, "\(name) is accepted, until \(end ?? "it is deleted")")
            case .offered: add("data grant", .notes, "\(name) is not accepted yet")
            case .ended: add("data grant", .notes, "\(name) ended at \(end ?? "")")
            }
        }
        return grants.compactMap {
            current.exchange.dataSet($0.entitledDataSet, seenBy: caller.account, at: call.time)
        }
    }

    /// Newest first: those that are passed over, and the one that is read.
    ///
    /// - Parameter coverage: Of the part that is asked about. Nil: of all.
    private mutating func addRevisions(of dataSet: ExchangeID, in coverage: Coverage? = nil) {
        let publications = current.exchange.publications(of: dataSet)
        let newest = publications.first(where: \.isPublished)
        for revoked in publications.prefix(while: { $0.id != newest?.id }) {
            let since =
                (revoked.revokedAt ?? revoked.blockedAt)
                .map { " since \(Timestamp.iso8601.text($0))" } ?? ""
            let standing = revoked.revokedAt == nil ? "blocked" : "revoked"
            add("revision", .notes, "\(revoked.id) is \(standing)\(since), and passed over")
        }
        let read = coverage == nil ? newest?.id : coverage?.revision
        guard let newest, let read else {
            let why =
                newest == nil
                ? "no revision is finalized and not revoked"
                : "the newest revision, \(newest?.id.rawValue ?? ""), leaves this part out"
            return add("revision", .limits, "nothing is read: \(why)")
        }
        said.revisionId = read.rawValue
        let drafts = current.exchange.revisions[dataSet]?.values.count { !$0.isFinalized } ?? 0
        add(
            "revision", .allows,
            "\(newest.id) is what receivers read: the newest that is finalized and not revoked, of "
                + "\(publications.count) published"
                + (drafts > 0 ? "; \(drafts) drafts are not" : "")
        )
    }

    /// Tables of whose files this data set says what readers see.
    private mutating func noteTables(of dataSet: ExchangeID) {
        guard let owner = current.exchange.dataSets[dataSet]?.owner else { return }
        for id in current.catalogue.databases(of: owner).flatMap(current.catalogue.tables) {
            guard
                let location = current.catalogue[id]?.folder,
                let coverage = current.exchange.coverage(
                    ofFolder: location.key, in: location.bucket, of: owner),
                coverage.dataSet == dataSet
            else { continue }
            add(
                "table", .notes,
                "\(id.database).\(id.name) \(coverage.revision == nil ? "finds nothing in" : "reads") the "
                    + "revision; who may read it, its own grants say")
        }
    }
}
