import AWSAPI
import FoundationEssentials
import GlueAPI
import QueryWorker

/// Binds, authorizes, prunes and rewrites a statement that a worker has parsed.
struct QueryPlanner: Sendable {
    /// A statement that may run as it stands: it can name nothing that its caller was not granted.
    struct Plan: Sendable {
        /// The rewritten tree.
        var tree: String
        var tables: [TableID] = []
        /// What the caller may see of each of the tables.
        var access: [TableAccess] = []
        var files: [TableFiles.File] = []
        var directories: Set<String> = []

        /// What the caller pays for: bytes of the files that the row filter's table and the partition
        /// predicates leave. What the engine skips inside them would tell of hidden rows.
        var scannedBytes: Int { files.reduce(0) { $0 + $1.identity.size } }
    }

    let state: StateStore
    let engine: ExpressionEngine
    let files: TableFileSource

    /// - Parameters:
    ///   - tree: As the worker parsed it.
    ///   - parameters: What stands for its `?`s.
    ///   - database: The one that names without a database are looked up in.
    /// - Throws: ``QueryFault``; of a table that is not granted, the same as of one that is not there.
    func plan(
        _ tree: String, parameters: [JSONValue], for caller: Caller, database: String?
    ) async throws -> Plan {
        let snapshot = state.current
        var plan = Plan(tree: "")
        let statement = try SyntaxTree(tree, parameters: parameters)
            .namingColumns(ResultColumn.unnamed)
        plan.tree = try await statement.replacingTables { reference, predicates in
            try await self.scan(
                of: reference, predicates, for: caller, database: database, in: snapshot, &plan)
        }
        return plan
    }

    private func scan(
        of reference: SyntaxTree.TableReference, _ predicates: [LeakproofPredicate],
        for caller: Caller, database: String?, in snapshot: CloudState, _ plan: inout Plan
    ) async throws -> JSONValue {
        let notFound = QueryFault.tableNotFound(reference.fullName, at: reference.position)
        guard reference.catalog.isEmpty || QueryCatalog.isOurs(reference.catalog) else {
            throw notFound
        }
        let database = reference.database.isEmpty ? database : reference.database
        guard let database,
            let (id, table) = snapshot.catalogue.resolve(
                database: database, table: reference.name, for: caller.account)
        else { throw notFound }
        let columns = try GovernedScan.columns(of: table)
        guard
            let access = snapshot.governance.access(
                of: caller, to: id, columns: columns.map(\.name))
        else { throw notFound }
        guard let location = (table.storageDescriptor?.location).flatMap(S3URL.init) else {
            throw QueryFault.notSupported("A table without an S3 location", at: reference.position)
        }

        let scan = try GovernedScan(of: table, access: access, predicates: predicates)
        let available = try await files(location, id.catalog, caller.account)
        let pruned = try await scan.visible(scan.prune(available.files), by: engine)
        plan.tables.append(id)
        plan.access.append(access)
        plan.files += pruned
        plan.directories.formUnion(available.directories)
        return try await engine.tableTree(of: scan.sql(over: pruned))
    }
}
