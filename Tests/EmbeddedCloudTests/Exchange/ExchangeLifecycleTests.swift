import AWSAPI
import DataExchangeAPI
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A data set's life` {
    @Test func `goes from draft to published to received`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("fund,score\n", at: "gold/esg-insights/esg.csv")
        let dataSet = try await testbed.dataSet()
        #expect(dataSet.count == 32 && dataSet.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        let revision = try await testbed.publish(dataSet, prefixes: ["gold/esg-insights/"])
        let seen = try await testbed.send(
            DataExchange.GetRevision(dataSetId: dataSet, revisionId: revision))
        #expect(seen.finalized == true && seen.revoked == false)
        #expect(
            seen.arn == "arn:aws:dataexchange:us-east-1:111111111111:"
                + "data-sets/\(dataSet)/revisions/\(revision)")
        let assets = try await testbed.send(
            DataExchange.ListRevisionAssets(dataSetId: dataSet, revisionId: revision))
        let asset = try #require(assets.assets?.first)
        #expect(asset.assetDetails.s3DataAccessAsset?.keyPrefixes == ["gold/esg-insights/"])

        let grant = try await testbed.grant(dataSet, accepted: false)
        let offered = try await testbed.send(
            DataExchange.GetReceivedDataGrant(dataGrantArn: grant.arn),
            as: ExchangeTestbed.subscriber)
        #expect(offered.acceptanceState == .pendingReceiverAcceptance)
        let view = DataExchange.GetDataSet(dataSetId: grant.dataSet)
        #expect(
            try await testbed.refusal(of: view, as: ExchangeTestbed.subscriber)
                == "ResourceNotFoundException DATA_SET")
        _ = try await testbed.send(
            DataExchange.AcceptDataGrant(dataGrantArn: grant.arn), as: ExchangeTestbed.subscriber)
        let entitled = try await testbed.send(view, as: ExchangeTestbed.subscriber)
        #expect(entitled.origin == .entitled && entitled.name == "ESG Insights")
        #expect(
            entitled.arn == "arn:aws:dataexchange:us-east-1:222222222222:data-sets/\(grant.dataSet)"
        )
        #expect(grant.arn.hasSuffix("data-grants/\(entitled.originDetails?.dataGrantId ?? "")"))

        _ = try await testbed.send(DataExchange.DeleteDataGrant(dataGrantId: grant.arn))
        #expect(
            try await testbed.refusal(of: view, as: ExchangeTestbed.subscriber)
                == "ResourceNotFoundException DATA_SET")
        try await testbed.remove()
    }

    @Test func `shows receivers what is finalized and not revoked`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("a", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet()
        let first = try await testbed.publish(dataSet)
        let second = try await testbed.publish(dataSet)
        let draft = try await testbed.revision(of: dataSet)
        let entitled = try await testbed.grant(dataSet).dataSet
        func received() async throws -> [String] {
            try await testbed.send(
                DataExchange.ListDataSetRevisions(dataSetId: entitled),
                as: ExchangeTestbed.subscriber
            ).revisions?.map(\.id) ?? []
        }
        #expect(try await received() == [second, first])
        _ = try await testbed.send(
            DataExchange.RevokeRevision(
                dataSetId: dataSet, revisionId: second, revocationComment: "Wrong numbers."))
        #expect(try await received() == [first])
        #expect(
            try await testbed.refusal(
                of: DataExchange.GetRevision(dataSetId: entitled, revisionId: second),
                as: ExchangeTestbed.subscriber) == "ResourceNotFoundException REVISION")
        let all = try await testbed.send(DataExchange.ListDataSetRevisions(dataSetId: dataSet))
        #expect(all.revisions?.map(\.id) == [draft, second, first])
        try await testbed.remove()
    }

    @Test func `ends for a receiver when its grant does`() async throws {
        let testbed = try await ExchangeTestbed()
        let end = ExchangeTestbed.start + 3_600
        let dataSet = try await testbed.dataSet()
        let entitled = try await testbed.grant(dataSet, endsAt: end).dataSet
        let list = DataExchange.ListDataSets(origin: "ENTITLED")
        let before = try await testbed.send(list, as: ExchangeTestbed.subscriber)
        #expect(before.dataSets?.map(\.id) == [entitled])
        testbed.setClock(end - 1)
        let after = try await testbed.send(list, as: ExchangeTestbed.subscriber)
        #expect(after.dataSets?.isEmpty == true)
        try await testbed.remove()
    }

    @Test func `is listed a page at a time, newest first`() async throws {
        let testbed = try await ExchangeTestbed()
        var made: [String] = []
        for _ in 0..<5 { made.insert(try await testbed.dataSet(), at: 0) }
        var listed: [String] = []
        var token: String?
        repeat {
            let page = try await testbed.send(
                DataExchange.ListDataSets(maxResults: 2, nextToken: token))
            listed += page.dataSets?.map(\.id) ?? []
            token = page.nextToken
        } while token != nil
        #expect(listed == made)
        #expect(
            try await testbed.refusal(of: DataExchange.ListDataSets(nextToken: "%%"))
                == "ValidationException")
        try await testbed.remove()
    }

    @Test func `is the same after a restart`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("a", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet()
        try await testbed.publish(dataSet)
        let grant = try await testbed.grant(dataSet)
        let pinned = try #require(
            try await testbed.broker.pinned(bucket: ExchangeTestbed.bucket, prefix: "gold/"))
        try await testbed.stop()

        let again = try await ExchangeTestbed(in: testbed.folder)
        let entitled = try await again.send(
            DataExchange.GetDataSet(dataSetId: grant.dataSet), as: ExchangeTestbed.subscriber)
        #expect(entitled.origin == .entitled)
        let after = try await again.broker.pinned(bucket: ExchangeTestbed.bucket, prefix: "gold/")
        #expect(after?.files == pinned.files && after?.revision == pinned.revision)
        try await again.remove()
    }

    @Test func `is told to the buses of those whom it concerns`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("0123456789", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet()
        let grant = try await testbed.grant(dataSet)
        let revision = try await testbed.publish(dataSet)
        _ = try await testbed.send(
            DataExchange.RevokeRevision(
                dataSetId: dataSet, revisionId: revision, revocationComment: "Wrong numbers."))
        _ = try await testbed.send(DataExchange.DeleteDataGrant(dataGrantId: grant.arn))
        let events = try await testbed.events()
        #expect(
            events.map { "\($0.account) \($0.source) \($0.detailType)" } == [
                "111111111111 aws.dataexchange Data Grant Accepted",
                "222222222222 aws.dataexchange Revision Published to S3 Data Access Data Set(s)",
                "111111111111 nomura.data-platform DataSetRevisionPublished",
                "222222222222 aws.dataexchange Revision Revoked from S3 Data Access Data Set(s)",
                "222222222222 aws.dataexchange Data Grant Revoked",
            ])
        #expect(events[1].resources == #"["\#(grant.dataSet)"]"#)
        #expect(
            events[1].detail
                == #"{"RevisionIds":["\#(revision)"],"Revisions":[{"Id":"\#(revision)","#
                + #""Comment":"Q1"}],"DataSets":[{"Id":"\#(grant.dataSet)","Name":"ESG Insights"}]}"#
        )
        let own = events[2].detail
        #expect(own.contains(#""productId":"\#(dataSet)","revisionId":"\#(revision)""#))
        #expect(own.hasSuffix(#""subscribers":["222222222222"],"dataSize":10}"#))
        #expect(
            events[4].resources
                == #"["arn:aws:dataexchange:us-east-1::data-sets/\#(grant.dataSet)"]"#)
        try await testbed.remove()
    }
}
