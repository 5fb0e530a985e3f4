import AWSAPI
import GRDB
import GlueAPI
import Ledger

/// One partition by its values, and many at once.
extension Partitions {
    static let batchMax = 100
    static let batchGetMax = 1_000
    static let batchDeleteMax = 25

    @Sendable func getPartition(
        _ operation: Glue.GetPartition, _ request: Request
    ) async throws -> Glue.GetPartition.Response {
        let (id, table) = try find(
            operation.databaseName, operation.tableName, operation.catalogId, for: request)
        guard
            let partition = try await partitions(
                [operation.partitionValues], of: id, shown: table
            ).first
        else { throw AWSError.partitionNotFound }
        return .init(partition: partition)
    }

    @Sendable func batchGetPartition(
        _ operation: Glue.BatchGetPartition, _ request: Request
    ) async throws -> Glue.BatchGetPartition.Response {
        guard operation.partitionsToGet.count <= Self.batchGetMax else {
            throw AWSError.glueInvalidInput(
                "PartitionsToGet may name \(Self.batchGetMax) partitions.")
        }
        let (id, table) = try find(
            operation.databaseName, operation.tableName, operation.catalogId, for: request)
        let found = try await partitions(
            operation.partitionsToGet.map(\.values), of: id, shown: table)
        return .init(partitions: found, unprocessedKeys: [])
    }

    /// Those that are there.
    private func partitions(
        _ wanted: [[String]], of id: TableID, shown table: Glue.Table
    ) async throws -> [Glue.Partition] {
        let shown = Set(table.allColumns.map(\.name))
        let found = try await state.ledger.read { db in
            try wanted.compactMap {
                try PartitionRow.partition(PartitionRow.key($0), of: id, in: db)
            }
        }
        return found.map { $0.showing(shown.contains) }
    }

    @Sendable func batchCreatePartition(
        _ operation: Glue.BatchCreatePartition, _ request: Request
    ) async throws -> Glue.BatchCreatePartition.Response {
        guard operation.partitionInputList.count <= Self.batchMax else {
            throw AWSError.glueInvalidInput(
                "PartitionInputList may have \(Self.batchMax) partitions.")
        }
        let id = try own(
            operation.databaseName, operation.tableName, operation.catalogId, request)
        let errors = try await state.change(recording: request.event) { db, state in
            guard let table = state.catalogue[id] else { throw AWSError.tableNotFound(id.name) }
            let errors = try operation.partitionInputList.compactMap {
                input -> Glue.PartitionError? in
                do {
                    try Self.insert(input, of: id, table, request, db)
                    return nil
                } catch let error as AWSError {
                    return .init(partitionValues: input.values, errorDetail: .init(error))
                }
            }
            try state.catalogue.lookForPlacedPartitions(of: id, db)
            return errors
        }
        return .init(errors: errors)
    }

    @Sendable func updatePartition(
        _ operation: Glue.UpdatePartition, _ request: Request
    ) async throws -> EmptyResponse {
        let id = try own(
            operation.databaseName, operation.tableName, operation.catalogId, request)
        try await state.change(recording: request.event) { db, state in
            guard let table = state.catalogue[id] else { throw AWSError.tableNotFound(id.name) }
            guard
                try PartitionRow.delete(
                    PartitionRow.key(operation.partitionValueList), of: id, in: db)
            else { throw AWSError.partitionNotFound }
            try Self.insert(operation.partitionInput, of: id, table, request, db)
            try state.catalogue.lookForPlacedPartitions(of: id, db)
        }
        return .init()
    }

    @Sendable func deletePartition(
        _ operation: Glue.DeletePartition, _ request: Request
    ) async throws -> EmptyResponse {
        let id = try own(
            operation.databaseName, operation.tableName, operation.catalogId, request)
        try await state.change(recording: request.event) { db, state in
            guard state.catalogue[id] != nil else { throw AWSError.tableNotFound(id.name) }
            guard
                try PartitionRow.delete(PartitionRow.key(operation.partitionValues), of: id, in: db)
            else { throw AWSError.partitionNotFound }
            try state.catalogue.lookForPlacedPartitions(of: id, db)
        }
        return .init()
    }

    @Sendable func batchDeletePartition(
        _ operation: Glue.BatchDeletePartition, _ request: Request
    ) async throws -> Glue.BatchDeletePartition.Response {
        guard operation.partitionsToDelete.count <= Self.batchDeleteMax else {
            throw AWSError.glueInvalidInput(
                "PartitionsToDelete may name \(Self.batchDeleteMax) partitions.")
        }
        let id = try own(
            operation.databaseName, operation.tableName, operation.catalogId, request)
        let errors = try await state.change(recording: request.event) { db, state in
            guard state.catalogue[id] != nil else { throw AWSError.tableNotFound(id.name) }
            let errors = try operation.partitionsToDelete.compactMap {
                named -> Glue.PartitionError? in
                guard try !PartitionRow.delete(PartitionRow.key(named.values), of: id, in: db)
                else {
                    return nil
                }
                return .init(
                    partitionValues: named.values, errorDetail: .init(.partitionNotFound))
            }
            try state.catalogue.lookForPlacedPartitions(of: id, db)
            return errors
        }
        return .init(errors: errors)
    }

    /// There are none; Terraform asks for each table.
    @Sendable func getPartitionIndexes(
        _ operation: Glue.GetPartitionIndexes, _ request: Request
    ) async throws -> Glue.GetPartitionIndexes.Response {
        let state = state.current
        let named = DatabaseID(
            catalog: try request.catalog(operation.catalogId),
            name: operation.databaseName.lowercased())
        guard let database = state.followed(named, for: request.caller, at: request.time),
            state.table(
                database.table(operation.tableName.lowercased()), seenBy: request.caller,
                at: request.time)
                != nil
        else { throw AWSError.tableNotFound(operation.tableName) }
        return .init(partitionIndexDescriptorList: [])
    }

    private func own(
        _ database: String, _ table: String, _ catalog: String?, _ request: Request
    ) throws(AWSError) -> TableID {
        TableID(
            catalog: try request.ownCatalog(catalog, toChange: "Alter"),
            database: database.lowercased(), name: table.lowercased())
    }
}

extension AWSError {
    fileprivate static let partitionNotFound = AWSError(
        "EntityNotFoundException", "Cannot find partition.")
}
