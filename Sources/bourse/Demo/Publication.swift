import AWSAPI
import AWSClient
import DataExchangeAPI
import GlueAPI

/// What a provider does to publish: tables in the catalogue, data sets, revisions.
struct Publication {
    static let bucket = "nomura-data-lake"
    static let database = "nomura_data_products"

    let client: AWSClient

    func createTable(_ table: SampleTable) async throws {
        let input = Glue.TableInput(
            name: table.name,
            storageDescriptor: .init(
                columns: table.columns.map { .init(name: $0.name, type: $0.type) },
                location: "s3://\(Self.bucket)/\(table.prefix)",
                inputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                outputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                serdeInfo: .init(
                    serializationLibrary:
                        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")),
            partitionKeys: table.isDaily ? [.init(name: "as_of", type: "string")] : nil,
            tableType: "EXTERNAL_TABLE", parameters: ["classification": "parquet"])
        _ = try await client.send(
            Glue.CreateTable(databaseName: Self.database, tableInput: input))
    }

    func createDataSet(_ table: SampleTable) async throws -> String {
        let made = try await client.send(
            DataExchange.CreateDataSet(
                assetType: .s3DataAccess, description: "\(table.product) of invented funds",
                name: table.product))
        return try present(made.id, "the data set's id")
    }

    /// A revision that opens the table's prefix as it is now, finalized.
    ///
    /// - Returns: Its id.
    func publish(_ table: SampleTable, as dataSet: String, comment: String) async throws -> String {
        let begun = try await client.send(
            DataExchange.CreateRevision(dataSetId: dataSet, comment: comment))
        let revision = try present(begun.id, "the revision's id")
        let created = try await client.send(
            DataExchange.CreateJob(
                details: .init(
                    createS3DataAccessFromS3Bucket: .init(
                        assetSource: .init(bucket: Self.bucket, keyPrefixes: [table.prefix]),
                        dataSetId: dataSet, revisionId: revision)),
                type: .createS3DataAccessFromS3Bucket))
        let job = try present(created.id, "the job's id")
        _ = try await client.send(DataExchange.StartJob(jobId: job))
        try await eventually("job \(job)") {
            let job = try await client.send(DataExchange.GetJob(jobId: job))
            guard job.state != .error else {
                throw CommandFailure("The job failed: \(job.errors?.first?.message ?? "")")
            }
            return job.state == .completed ? true : nil
        }
        let finalized = try await client.send(
            DataExchange.UpdateRevision(
                dataSetId: dataSet, revisionId: revision, finalized: true))
        guard finalized.finalized == true else {
            throw CommandFailure("Revision \(revision) is not finalized.")
        }
        return revision
    }
}

/// Looks until there is something to see.
///
/// - Throws: `CommandFailure` when it is not there in time, or what looking throws.
@discardableResult
func eventually<Value>(
    _ what: String, _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if let seen = try await look() { return seen }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw CommandFailure("There is no end of waiting for \(what).")
}

/// A member of an answer that AWS calls optional and always sends.
func present<Value>(_ value: Value?, _ what: String) throws -> Value {
    guard let value else { throw CommandFailure("The answer is without \(what).") }
    return value
}
