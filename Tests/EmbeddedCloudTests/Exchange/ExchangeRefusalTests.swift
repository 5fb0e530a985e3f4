import AWSAPI
import DataExchangeAPI
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `The exchange refuses` {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var account = ExchangeTestbed.provider
        /// Sends it to a testbed with a data set `drafts` whose revision is a draft, and `live`, whose
        /// revision is published and granted.
        var send: @Sendable (ExchangeTestbed, Setting) async throws -> String?
        var expected: String?

        var testDescription: String { name }
    }

    struct Setting: Sendable {
        var drafts: String
        var draft: String
        var live: String
        var published: String
        var grantARN: String
        var pendingARN: String
        var entitled: String
        static let unknown = "0123456789abcdef0123456789abcdef"
    }

    static let rows = dataSetRows + revisionRows + jobRows + grantRows

    @Test(arguments: rows)
    func `what does not stand`(_ row: Row) async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("a", at: "gold/a.csv")
        let drafts = try await testbed.dataSet()
        let live = try await testbed.dataSet()
        let published = try await testbed.publish(live)
        let grant = try await testbed.grant(live)
        let setting = Setting(
            drafts: drafts, draft: try await testbed.revision(of: drafts), live: live,
            published: published, grantARN: grant.arn,
            pendingARN: try await testbed.grant(drafts, accepted: false).arn,
            entitled: grant.dataSet)
        #expect(try await row.send(testbed, setting) == row.expected)
        try await testbed.remove()
    }

    static let dataSetRows = [
        Row(
            name: "a data set of a stranger's",
            send: { bed, _ in
                try await bed.refusal(
                    of: DataExchange.CreateDataSet(
                        assetType: .s3Snapshot, description: "", name: "x"),
                    as: ExchangeTestbed.subscriber)
            }, expected: "AccessDeniedException"),
        Row(
            name: "a kind that is not served",
            send: { bed, _ in
                try await bed.refusal(
                    of: DataExchange.CreateDataSet(
                        assetType: .init(rawValue: "FAX"), description: "", name: "x"))
            }, expected: "ValidationException"),
        Row(
            name: "a data set without a name",
            send: { bed, _ in
                try await bed.refusal(
                    of: DataExchange.CreateDataSet(
                        assetType: .s3Snapshot, description: "", name: ""))
            }, expected: "ValidationException"),
        Row(
            name: "an id in no form",
            send: { bed, _ in
                try await bed.refusal(of: DataExchange.GetDataSet(dataSetId: "ds-1"))
            }, expected: "ValidationException"),
        Row(
            name: "an unknown data set",
            send: { bed, _ in
                try await bed.refusal(of: DataExchange.GetDataSet(dataSetId: Setting.unknown))
            }, expected: "ResourceNotFoundException DATA_SET"),
        Row(
            name: "the owner's id of it to a receiver",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.GetDataSet(dataSetId: set.live), as: ExchangeTestbed.subscriber
                )
            }, expected: "ResourceNotFoundException DATA_SET"),
        Row(
            name: "a receiver's id of it to another account",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.GetDataSet(dataSetId: set.entitled),
                    as: ExchangeTestbed.stranger)
            }, expected: "ResourceNotFoundException DATA_SET"),
        Row(
            name: "an origin that there is not",
            send: { bed, _ in
                try await bed.refusal(of: DataExchange.ListDataSets(origin: "BORROWED"))
            }, expected: "ValidationException"),
        Row(
            name: "a page of none",
            send: { bed, _ in
                try await bed.refusal(of: DataExchange.ListDataSets(maxResults: 0))
            }, expected: "ValidationException"),
    ]

    static let revisionRows = [
        Row(
            name: "a revision of an unknown data set",
            send: { bed, _ in
                try await bed.refusal(of: DataExchange.CreateRevision(dataSetId: Setting.unknown))
            }, expected: "ResourceNotFoundException DATA_SET"),
        Row(
            name: "a revision of a receiver's data set",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.CreateRevision(dataSetId: set.entitled),
                    as: ExchangeTestbed.subscriber)
            }, expected: "ResourceNotFoundException DATA_SET"),
        Row(
            name: "a revision under another data set",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.GetRevision(dataSetId: set.live, revisionId: set.draft))
            }, expected: "ResourceNotFoundException REVISION"),
        Row(
            name: "finalizing without assets",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.UpdateRevision(
                        dataSetId: set.drafts, revisionId: set.draft, finalized: true))
            }, expected: "ValidationException"),
        Row(
            name: "reopening what someone is entitled to",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.UpdateRevision(
                        dataSetId: set.live, revisionId: set.published, finalized: false))
            }, expected: "ConflictException REVISION"),
        Row(
            name: "nothing in finalizing twice",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.UpdateRevision(
                        dataSetId: set.live, revisionId: set.published, finalized: true))
            }, expected: nil),
        Row(
            name: "revoking a draft",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.RevokeRevision(
                        dataSetId: set.drafts, revisionId: set.draft,
                        revocationComment: "Wrong numbers."))
            }, expected: "ConflictException REVISION"),
        Row(
            name: "revoking without saying why",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.RevokeRevision(
                        dataSetId: set.live, revisionId: set.published, revocationComment: "Wrong.")
                )
            }, expected: "ValidationException"),
    ]

    static let jobRows = [
        Row(
            name: "a type that is not served",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.CreateJob(
                        details: .init(), type: .init(rawValue: "IMPORT_ASSETS_FROM_FAX")))
            }, expected: "ValidationException"),
        Row(
            name: "details of another type",
            send: { bed, set in
                try await bed.refusal(
                    of: access(set.drafts, set.draft, type: .importAssetsFromS3))
            }, expected: "ValidationException"),
        Row(
            name: "files for a data set of accesses",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.CreateJob(
                        details: .init(
                            importAssetsFromS3: .init(
                                assetSources: [.init(bucket: "b", key: "k")],
                                dataSetId: set.drafts, revisionId: set.draft)),
                        type: .importAssetsFromS3))
            }, expected: "ValidationException"),
        Row(
            name: "an import of nothing",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.CreateJob(
                        details: .init(
                            importAssetsFromS3: .init(
                                assetSources: [], dataSetId: set.drafts, revisionId: set.draft)),
                        type: .importAssetsFromS3))
            }, expected: "ValidationException"),
        Row(
            name: "a job on an unknown revision",
            send: { bed, set in
                try await bed.refusal(of: access(set.drafts, Setting.unknown))
            }, expected: "ResourceNotFoundException REVISION"),
        Row(
            name: "a job on a finalized revision",
            send: { bed, set in try await bed.refusal(of: access(set.live, set.published)) },
            expected: "ConflictException REVISION"),
        Row(
            name: "keys to grant",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.CreateJob(
                        details: .init(
                            createS3DataAccessFromS3Bucket: .init(
                                assetSource: .init(
                                    bucket: "b", kmsKeysToGrant: [.init(kmsKeyArn: "arn:aws:kms:k")]
                                ),
                                dataSetId: set.drafts, revisionId: set.draft)),
                        type: .createS3DataAccessFromS3Bucket))
            }, expected: "ValidationException"),
        Row(
            name: "starting an unknown job",
            send: { bed, _ in
                try await bed.refusal(of: DataExchange.StartJob(jobId: Setting.unknown))
            }, expected: "ResourceNotFoundException JOB"),
        Row(
            name: "starting a job twice",
            send: { bed, set in
                let job = try await bed.send(access(set.drafts, set.draft))
                let start = DataExchange.StartJob(jobId: try #require(job.id))
                _ = try await bed.send(start)
                return try await bed.refusal(of: start)
            }, expected: "ConflictException JOB"),
        Row(
            name: "another account's job",
            send: { bed, set in
                let job = try await bed.send(access(set.drafts, set.draft))
                return try await bed.refusal(
                    of: DataExchange.GetJob(jobId: try #require(job.id)),
                    as: ExchangeTestbed.stranger)
            }, expected: "ResourceNotFoundException JOB"),
    ]

    static let grantRows = [
        Row(
            name: "a grant to an organization",
            send: { bed, set in
                try await bed.refusal(of: grant(set.live, scope: .awsOrganization))
            }, expected: "ValidationException"),
        Row(
            name: "a grant to eleven digits",
            send: { bed, set in try await bed.refusal(of: grant(set.live, to: "22222222222")) },
            expected: "ValidationException"),
        Row(
            name: "a grant to oneself",
            send: { bed, set in try await bed.refusal(of: grant(set.live, to: "111111111111")) },
            expected: "ValidationException"),
        Row(
            name: "a grant that ended before it began",
            send: { bed, set in
                try await bed.refusal(of: grant(set.live, endsAt: ExchangeTestbed.start))
            }, expected: "ValidationException"),
        Row(
            name: "a grant of an unknown data set",
            send: { bed, _ in try await bed.refusal(of: grant(Setting.unknown)) },
            expected: "ResourceNotFoundException DATA_SET"),
        Row(
            name: "a grant of what one was granted",
            send: { bed, set in
                try await bed.refusal(of: grant(set.entitled), as: ExchangeTestbed.subscriber)
            }, expected: "AccessDeniedException"),
        Row(
            name: "accepting a grant twice",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.AcceptDataGrant(dataGrantArn: set.grantARN),
                    as: ExchangeTestbed.subscriber)
            }, expected: "ConflictException DATA_GRANT"),
        Row(
            name: "accepting another's grant",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.AcceptDataGrant(dataGrantArn: set.pendingARN),
                    as: ExchangeTestbed.stranger)
            }, expected: "ResourceNotFoundException DATA_GRANT"),
        Row(
            name: "accepting by an id",
            send: { bed, _ in
                try await bed.refusal(
                    of: DataExchange.AcceptDataGrant(dataGrantArn: Setting.unknown),
                    as: ExchangeTestbed.subscriber)
            }, expected: "ValidationException"),
        Row(
            name: "deleting what one was granted",
            send: { bed, set in
                try await bed.refusal(
                    of: DataExchange.DeleteDataGrant(dataGrantId: set.grantARN),
                    as: ExchangeTestbed.subscriber)
            }, expected: "ResourceNotFoundException DATA_GRANT"),
        Row(
            name: "an acceptance state that there is not",
            send: { bed, _ in
                try await bed.refusal(
                    of: DataExchange.ListReceivedDataGrants(
                        acceptanceState: [.init(rawValue: "REFUSED")]))
            }, expected: "ValidationException"),
    ]

    static func access(
        _ dataSet: String, _ revision: String,
        type: DataExchange.TypeValue = .createS3DataAccessFromS3Bucket
    ) -> DataExchange.CreateJob {
        .init(
            details: .init(
                createS3DataAccessFromS3Bucket: .init(
                    assetSource: .init(bucket: ExchangeTestbed.bucket, keyPrefixes: ["gold/"]),
                    dataSetId: dataSet, revisionId: revision)), type: type)
    }

    static func grant(
        _ dataSet: String, to receiver: String = "222222222222",
        scope: DataExchange.GrantDistributionScope = .none, endsAt: Date? = nil
    ) -> DataExchange.CreateDataGrant {
        .init(
            name: "contract", grantDistributionScope: scope, receiverPrincipal: receiver,
            sourceDataSetId: dataSet, endsAt: endsAt)
    }
}
