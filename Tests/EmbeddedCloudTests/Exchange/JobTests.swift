import AWSAPI
import DataExchangeAPI
import Foundation
import GRDB
import Testing

@testable import EmbeddedCloud

@Suite struct `A job` {
    @Test func `imports objects by name, and one that is imported again replaces itself`()
        async throws
    {
        let testbed = try await ExchangeTestbed()
        try testbed.put("12345", at: "gold/a.csv")
        try testbed.put("1234567", at: "gold/b.csv")
        let dataSet = try await testbed.dataSet(.s3Snapshot)
        let revision = try await testbed.revision(of: dataSet)
        func load(_ keys: [String]) async throws -> DataExchange.GetJob.Response {
            try await testbed.run(
                .importAssetsFromS3,
                .init(
                    importAssetsFromS3: .init(
                        assetSources: keys.map { .init(bucket: ExchangeTestbed.bucket, key: $0) },
                        dataSetId: dataSet, revisionId: revision)))
        }
        #expect(try await load(["gold/a.csv", "gold/b.csv"]).state == .completed)
        try testbed.put("123456789", at: "gold/a.csv")
        let job = try await load(["gold/a.csv"])
        #expect(job.state == .completed && job.errors == nil && job.type == .importAssetsFromS3)
        #expect(job.details?.importAssetsFromS3?.assetSources.map(\.key) == ["gold/a.csv"])
        let assets = try await testbed.send(
            DataExchange.ListRevisionAssets(dataSetId: dataSet, revisionId: revision))
        #expect(assets.assets?.map(\.name) == ["gold/b.csv", "gold/a.csv"])
        #expect(assets.assets?.map { $0.assetDetails.s3SnapshotAsset?.size } == [7, 9])
        try await testbed.remove()
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        var name: String
        var bucket = ExchangeTestbed.bucket
        var keys: [String] = []
        var code: DataExchange.Code

        var testDescription: String { name }
    }

    @Test(arguments: [
        Failure(
            name: "a key that is not there", keys: ["gold/b.csv"], code: .resourceNotFoundException),
        Failure(name: "no such bucket", bucket: "nowhere", code: .resourceNotFoundException),
        Failure(name: "a stranger's bucket", bucket: "a-stranger-s", code: .accessDeniedException),
    ])
    func `that cannot be done ends in ERROR and leaves nothing`(_ failure: Failure) async throws {
        let testbed = try await ExchangeTestbed()
        let dataSet = try await testbed.dataSet()
        let revision = try await testbed.revision(of: dataSet)
        let job = try await testbed.run(
            .createS3DataAccessFromS3Bucket,
            .init(
                createS3DataAccessFromS3Bucket: .init(
                    assetSource: .init(bucket: failure.bucket, keys: failure.keys),
                    dataSetId: dataSet, revisionId: revision)))
        #expect(job.state == .error && job.errors?.map(\.code) == [failure.code])
        let assets = try await testbed.send(
            DataExchange.ListRevisionAssets(dataSetId: dataSet, revisionId: revision))
        #expect(assets.assets?.isEmpty == true)
        try await testbed.remove()
    }

    @Test func `opens one part of a bucket in a revision`() async throws {
        let testbed = try await ExchangeTestbed()
        let dataSet = try await testbed.dataSet()
        let revision = try await testbed.revision(of: dataSet)
        let details = `The exchange refuses`.access(dataSet, revision).details
        #expect(try await testbed.run(.createS3DataAccessFromS3Bucket, details).state == .completed)
        let second = try await testbed.run(.createS3DataAccessFromS3Bucket, details)
        #expect(second.state == .error)
        #expect(second.errors?.first?.code == .serviceQuotaExceededException)
        #expect(second.errors?.first?.limitName == .amazonS3DataAccessAssetsPerRevision)
        try await testbed.remove()
    }

    @Test func `found running at start is run again`() async throws {
        let testbed = try await ExchangeTestbed(runsJobs: false)
        let dataSet = try await testbed.dataSet()
        let revision = try await testbed.revision(of: dataSet)
        let job = try await testbed.send(`The exchange refuses`.access(dataSet, revision))
        let id = try #require(job.id)
        _ = try await testbed.send(DataExchange.StartJob(jobId: id))
        #expect(try await testbed.send(DataExchange.GetJob(jobId: id)).state == .inProgress)
        try await testbed.stop()

        let again = try await ExchangeTestbed(in: testbed.folder)
        await again.waitForJob()
        #expect(try await again.send(DataExchange.GetJob(jobId: id)).state == .completed)
        let assets = try await again.send(
            DataExchange.ListRevisionAssets(dataSetId: dataSet, revisionId: revision))
        #expect(assets.assets?.count == 1)
        try await again.remove()
    }
}
