import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import Ledger

/// The partitions of the catalogue's tables. There may be very many, so they stay in the ledger.
struct Partitions: Sendable {
    /// Partitions in one answer.
    static let pageMax = 1_000
    static let segmentsMax = 10

    let state: StateStore
    let engine: ExpressionEngine

    var handlers: [Handler] {
        [
            Handler(createPartition), Handler(getPartitions), Handler(getPartition),
            Handler(batchGetPartition), Handler(batchCreatePartition), Handler(updatePartition),
            Handler(deletePartition), Handler(batchDeletePartition), Handler(getPartitionIndexes),
        ]
    }

    @Sendable func createPartition(
        _ operation: Glue.CreatePartition, _ request: Request
    ) async throws -> EmptyResponse {
        let id = TableID(
            catalog: try request.ownCatalog(operation.catalogId, toChange: "Alter"),
            database: operation.databaseName.lowercased(), name: operation.tableName.lowercased())
        try await state.change(recording: request.event) { db, state in
            guard let table = state.catalogue[id] else { throw AWSError.tableNotFound(id.name) }
            try Self.insert(operation.partitionInput, of: id, table, request, db)
            try state.catalogue.lookForPlacedPartitions(of: id, db)
        }
        return .init()
    }

    /// - Throws: `AWSError` for one that cannot be, or is there already. Nothing is changed then.
    static func insert(
        _ input: Glue.PartitionInput, of id: TableID, _ table: Glue.Table, _ request: Request,
        _ db: Database
    ) throws {
        let values = input.values ?? []
        let keys = table.partitionKeys ?? []
        guard !keys.isEmpty, values.count == keys.count else {
            throw AWSError.glueInvalidInput(
                "The table has \(keys.count) partition keys, not \(values.count).")
        }
        let partition = Glue.Partition(
            values: values, databaseName: id.database, tableName: id.name,
            creationTime: request.time, lastAccessTime: input.lastAccessTime,
            storageDescriptor: input.storageDescriptor, parameters: input.parameters,
            lastAnalyzedTime: input.lastAnalyzedTime, catalogId: id.catalog.rawValue)
        let row = PartitionRow(partition, of: id, table)
        guard row.definition.utf8.count <= Tables.definitionBytesMax else {
            throw AWSError.glueInvalidInput(
                "The definition must be at most \(Tables.definitionBytesMax) bytes.")
        }
        guard try !row.exists(db) else { throw AWSError.partitionExists }
        try row.insert(db)
    }

    @Sendable func getPartitions(
        _ operation: Glue.GetPartitions, _ request: Request
    ) async throws -> Glue.GetPartitions.Response {
        let (id, table) = try find(
            operation.databaseName, operation.tableName, operation.catalogId, for: request)
        let shown = Set(table.allColumns.map(\.name))
        let limit = operation.maxResults ?? Self.pageMax
        guard (1...Self.pageMax).contains(limit) else {
            throw AWSError.glueInvalidInput("MaxResults must be 1 to \(Self.pageMax).")
        }
        let after = operation.nextToken.flatMap(PageToken.key)
        guard operation.nextToken == nil || after != nil else { throw AWSError.unknownNextToken }
        var values = try await state.ledger.read { db in
            try PartitionRow.values(of: id, after: after, in: db)
        }
        if let segment = operation.segment { values = try Self.part(segment, of: values) }
        if let expression = operation.expression, !expression.isEmpty {
            values = try await matching(expression, table, values)
        }
        let given = Array(values.prefix(limit))
        let partitions = try await state.ledger.read { db in
            try given.compactMap { try PartitionRow.partition($0, of: id, in: db) }
        }
        return .init(
            partitions: partitions.map { partition in
                partition.showing { operation.excludeColumnSchema != true && shown.contains($0) }
            },
            nextToken: values.count > limit ? given.last.map(PageToken.text) : nil)
    }

    /// The table as the caller sees it, if the caller may know all of its partitions' values: they
    /// are data.
    func find(
        _ databaseName: String, _ tableName: String, _ catalogID: String?, for request: Request
    ) throws(AWSError) -> (TableID, Glue.Table) {
        let state = state.current
        let named = DatabaseID(
            catalog: try request.catalog(catalogID), name: databaseName.lowercased())
        guard let database = state.followed(named, for: request.caller, at: request.time) else {
            throw .databaseNotFound(databaseName)
        }
        let id = database.table(tableName.lowercased())
        guard let table = state.table(id, seenBy: request.caller, at: request.time) else {
            throw .tableNotFound(tableName)
        }
        let keys = (state.catalogue[id]?.partitionKeys ?? []).map(\.name)
        let access = state.access(
            of: request.caller, to: id, columns: keys, at: request.time)
        guard access == .whole(keys) else {
            throw .accessDenied(
                .glue, "Insufficient Lake Formation permission(s): Required Select on all rows")
        }
        return (id, table)
    }

    /// One of several parts that clients read in parallel: by a hash that does not change.
    private static func part(
        _ segment: Glue.Segment, of values: [String]
    ) throws(AWSError) -> [String] {
        guard (1...segmentsMax).contains(segment.totalSegments),
            (0..<segment.totalSegments).contains(segment.segmentNumber)
        else {
            throw .glueInvalidInput("TotalSegments must be 1 to \(segmentsMax).")
        }
        return values.filter { value in
            let hash = value.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
            return Int(hash) % segment.totalSegments == segment.segmentNumber
        }
    }

    private func matching(
        _ expression: String, _ table: Glue.Table, _ values: [String]
    ) async throws -> [String] {
        let keys = table.filterColumns.filter(\.isPartitionKey)
        let predicate = try await FilterExpressionReader(columns: keys)
            .predicate(of: expression, by: engine)
        return try await engine.lists(
            values, of: (table.partitionKeys ?? []).map(\.name), where: predicate)
    }
}

extension Glue.Partition {
    /// The same partition with those columns alone.
    func showing(_ isShown: (String) -> Bool) -> Glue.Partition {
        var partition = self
        partition.storageDescriptor?.columns?.removeAll { !isShown($0.name.lowercased()) }
        return partition
    }
}

extension AWSError {
    fileprivate static let partitionExists = AWSError(
        "AlreadyExistsException", "Partition already exists.")
}
