import AWSAPI
import AthenaAPI
import BourseAPI
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

extension Explanation {
    /// A table, as a query of the account's meets it.
    mutating func explain(_ id: TableID, _ table: Glue.Table) {
        let isAdmitted = admitsAccount()
        let mayDescribe = rolePolicyAllows(Glue.GetTable.self)
        let mayAsk = rolePolicyAllows(Athena.StartQueryExecution.self)
        noteNames(of: id)
        let location = table.folder
        let filesAreOpen = location.map { noteFiles(at: $0) } ?? false
        noteRegistration(of: table, id)

        let grants = current.grants(reaching: caller, on: id, at: call.time)
        show(grants)
        for grant in grants { add(grant, on: id) }
        noteGrantsToOthers(on: id)
        let columns = table.allColumns
        let access = current.access(
            of: caller, to: id, columns: columns.map(\.name), at: call.time)
        if caller.belongs(to: id.catalog) {
            add("owner", .allows, "the table is the account's own")
        } else if access == nil {
            let subject = grants.isEmpty ? "no grant reaches" : "no grant of data reaches"
            add(
                "grants", .denies,
                "\(subject) \(caller.principal): grant SELECT by a contract or by "
                    + "lakeformation:GrantPermissions")
        }
        let isServed = addSource(of: table, id, at: location)

        let name = "\(id.database).\(id.name)"
        guard isAdmitted, mayAsk, isServed, let access else {
            guard isAdmitted, mayDescribe, current.table(id, seenBy: caller, at: call.time) != nil
            else {
                return concludeDenied("may not see \(name)")
            }
            return concludeDenied("may know of \(name) and read nothing of it", as: .metadataOnly)
        }
        said.table = Bourse.ReadableTable(access, of: columns)
        let past = filesAreOpen ? "; and the files of it, past all grants" : ""
        conclude(.allowed, "may read \(name): \(access.words(of: columns.count))\(past)")
    }

    /// A database: what the account sees of it, table by table.
    mutating func explain(_ id: DatabaseID) {
        let isAdmitted = admitsAccount()
        let mayDescribe = rolePolicyAllows(Glue.GetTables.self)
        let mayAsk = rolePolicyAllows(Athena.StartQueryExecution.self)
        let tables = current.catalogue.tables(of: id)
        let grantees = current.governance.grantees(reaching: caller)
        let subjects = [.database(id), .tables(id)] + tables.map(GrantSubject.table)
        let named = subjects.flatMap { subject in
            grantees.flatMap { current.governance.grants(to: $0, on: subject) }
        }
        let tagged = current.tagGrants(reaching: caller, at: call.time).filter { grant in
            subjects.contains { current.governance.isOn($0, grant) }
        }
        show(named + tagged)
        var readable = 0
        for table in tables {
            let columns = current.catalogue[table]?.allColumns ?? []
            let access = current.access(
                of: caller, to: table, columns: columns.map(\.name), at: call.time)
            readable += access == nil ? 0 : 1
            let words = access?.words(of: columns.count) ?? "no grant of data"
            let effect: Bourse.AccessEffect =
                if let access {
                    access.isWhole(columns.map(\.name)) ? .allows : .limits
                } else { .notes }
            add("table", effect, "\(table.name): \(words)")
        }
        guard isAdmitted, mayDescribe, current.database(id, seenBy: caller, at: call.time) != nil
        else {
            if isAdmitted, mayDescribe {
                add("grants", .denies, "no grant on it or in it reaches \(caller.principal)")
            }
            return concludeDenied("may not see \(id.name)")
        }
        let sentence = "may see \(id.name) and read \(readable) of its \(tables.count) tables"
        guard readable > 0, mayAsk else { return concludeDenied(sentence, as: .metadataOnly) }
        conclude(.allowed, sentence)
    }

    private mutating func add(_ grant: Grant, on table: TableID) {
        let (effect, shown): (Bourse.AccessEffect, String) =
            switch current.governance.data(shownBy: grant, of: table) {
            case .none: (.notes, "names and types, no data")
            case .all: (.allows, "every row of every column")
            case .part(let select): (.limits, select.words)
            }
        let contract =
            grant.updatedBy == ARN.role(BuiltInRole.marketplace, in: grant.grantor).description
            ? ", carrying out a contract" : ""
        let source = grant.dataGrant.map { ", by the data grant \($0)" } ?? ""
        add(
            "grant", effect,
            "\(grant.words) to \(grant.grantee): \(shown) (granted by \(grant.updatedBy) at "
                + "\(Timestamp.iso8601.text(grant.updatedAt))\(contract)\(source))")
    }

    // MARK: What one would ask for

    private mutating func noteNames(of id: TableID) {
        guard !caller.belongs(to: id.catalog) else { return }
        let links = current.catalogue.databases(of: caller.account).filter {
            $0 != id.databaseID && current.catalogue.following($0) == id.databaseID
        }.map(\.name)
        add(
            "name", .notes,
            links.isEmpty
                ? "no database of the account's links to \(id.database): until it makes one, its statements "
                    + "cannot name the table"
                : "in its statements, the account calls the database \(links.joined(separator: ", "))"
        )
    }

    /// - Returns: Whether the files may be read as objects, whatever the grants hide.
    private mutating func noteFiles(at location: S3URL) -> Bool {
        let (found, _) = objectAccess(.getObject, location)
        if case .allow(let statement) = found.decision, !found.hidesFiles {
            add(
                "bucket policy", .allows,
                "the files below \(location) may be read past all grants, by \(statement)")
            return true
        }
        add(
            "bucket policy", .notes,
            "the files below \(location) are closed to the account: it reads through the table alone"
        )
        return false
    }

    private mutating func noteRegistration(of table: Glue.Table, _ id: TableID) {
        let location = table.storageDescriptor?.location
        let isRegistered = current.governance.isRegistered(location, in: id.catalog)
        add(
            "registered location", .notes,
            "\(location ?? "no location") is \(isRegistered ? "" : "not ")registered with Lake Formation; "
                + "grants decide either way")
    }

    private mutating func noteGrantsToOthers(on id: TableID) {
        let reached = current.governance.grantees(reaching: caller)
        for grantee in current.governance.grants.keys
        where grantee.account == caller.account && !reached.contains(grantee) {
            for grant in current.governance.grants(to: grantee, bearingOn: .table(id)) {
                add(
                    "grant", .notes,
                    "\(grant.words) to \(grantee), which is not \(caller.principal)")
            }
        }
    }

    // MARK: Which files

    /// - Returns: Whether a query finds a place to read.
    private mutating func addSource(
        of table: Glue.Table, _ id: TableID, at location: S3URL?
    ) -> Bool {
        if table.isView, id.catalog != caller.account {
            add("source", .denies, "it is a view, and views of another account are not answered")
            return false
        }
        guard let location,
            let source = current.source(at: location, of: id.catalog, for: caller.account)
        else {
            add("source", .denies, "its location is in no bucket of its owner's")
            return false
        }
        switch source {
        case .live:
            add("revision", .notes, "no data set covers \(location): it is read as it stands")
        case .published:
            if let coverage = current.exchange.coverage(
                ofFolder: location.key, in: location.bucket, of: id.catalog)
            {
                add(coverage)
            } else {
                add(
                    "revision", .notes,
                    "data sets cover parts of \(location): those are read as published, the rest as it stands"
                )
            }
        }
        return true
    }
}

extension TableAccess {
    /// - Parameter count: The table's columns.
    fileprivate func words(of count: Int) -> String {
        let columns =
            columns.count == count ? "every column" : "\(columns.count) of \(count) columns"
        let masked = self.columns.filter { $0.visible != nil }.map(\.name)
        let masks = masked.isEmpty ? "" : ", \(masked.joined(separator: ", ")) in some rows alone"
        return "\(columns)\(masks), \(rows.map { "the rows where \($0)" } ?? "every row")"
    }
}

extension Bourse.ReadableTable {
    fileprivate init(_ access: TableAccess, of columns: [Glue.Column]) {
        let types = Dictionary(
            columns.map { ($0.name, $0.type ?? "string") }, uniquingKeysWith: { first, _ in first })
        let shown = access.columns.map {
            Bourse.ReadableColumn(
                name: $0.name, type: types[$0.name] ?? "", visibleWhere: $0.visible?.description)
        }
        let names = Set(shown.map(\.name))
        self.init(
            columns: shown, hiddenColumns: columns.map(\.name).filter { !names.contains($0) },
            rowFilter: access.rows?.description)
    }
}

extension SelectGrant {
    fileprivate var words: String {
        "\(columns.words), \(rows.map { "the rows where \($0)" } ?? "every row")"
    }
}

extension ColumnSelection {
    fileprivate var words: String {
        switch self {
        case .only(let names): "the columns \(names.sorted().joined(separator: ", "))"
        case .except([]): "every column"
        case .except(let names): "every column but \(names.sorted().joined(separator: ", "))"
        }
    }
}

extension Grant {
    /// `SELECT through the filter rows`
    var words: String {
        let permissions = permissions.map(\.rawValue).sorted().joined(separator: ", ")
        return switch (resource.subject, resource.part) {
        case (_, .filter(let name)): "\(permissions) through the filter \(name)"
        case (_, .columns): "\(permissions) on columns"
        case (.tables, .whole): "\(permissions) on every table of the database"
        case (.tagged(let policy), _): "\(permissions) on \(policy)"
        case (_, .whole): "\(permissions) on the table"
        }
    }
}
