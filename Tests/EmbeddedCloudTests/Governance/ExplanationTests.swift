import AWSAPI
import BourseAPI
import FoundationEssentials
import LakeFormationAPI
import S3API
import Testing

@testable import EmbeddedCloud

@Suite struct `An explanation` {
    static let name = "\(LakeTestbed.database).\(LakeTestbed.table)"
    static let bucket = "nomura-data-lake"

    /// The testbed with the subscriber let in, and a bucket for the table's files.
    func lake() async throws -> LakeTestbed {
        let lake = try await LakeTestbed()
        try await lake.send(
            Bourse.AddAccount(
                accountId: lake.subscriber.account.rawValue, displayName: "A Subscriber"),
            as: lake.provider)
        try await lake.send(S3.CreateBucket(bucket: Self.bucket), as: lake.provider)
        return lake
    }

    func explain(_ resource: String, in lake: LakeTestbed) async throws -> Bourse.AccessExplanation
    {
        try await lake.send(
            Bourse.ExplainAccess(
                accountId: lake.subscriber.account.rawValue, resource: resource), as: lake.provider)
    }

    /// Grants, filters and grantees at random: what is said is what the decision is, whole or in parts.
    @Test(arguments: UInt64(1)...24)
    func `of a table says what is decided`(seed: UInt64) async throws {
        let lake = try await lake()
        var random = SplitMix(state: seed)
        try await lake.make(filter: "some", "fund_id = 'F001'")
        try await lake.make(filter: "others", "fund_id = 'F002' OR nav > 5")
        let resources: [LakeFormation.Resource] = [
            .navHistory, .allTables, .columns("fund_id", "nav"), .columns("as_of"),
            .filter("some"), .filter("others"),
        ]
        let subscriber = lake.subscriber.account.rawValue
        let grantees = [
            subscriber, "\(subscriber):IAMPrincipals", lake.subscriber.principal.description,
            "arn:aws:iam::\(subscriber):role/other", "333333333333",
        ]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: resources.indices, using: &random)
            // Of the first two, at times their names alone.
            let describes = place < 2 && Bool.random(using: &random)
            try await lake.grant(
                describes ? [.describe] : [.select], on: resources[place],
                to: grantees[Int.random(in: grantees.indices, using: &random)])
        }
        let generation = lake.cloud.state.current.governance.generation
        let said = try await explain(Self.name, in: lake)
        let access = lake.access(of: lake.subscriber)
        let isSeen =
            lake.cloud.state.current.table(
                lake.tableID, seenBy: lake.subscriber, at: LakeTestbed.now) != nil
        #expect(said.verdict == (access != nil ? .allowed : isSeen ? .metadataOnly : .denied))
        #expect(said.table?.columns.map(\.name) == access?.columns.map(\.name))
        #expect(
            said.table?.columns.map(\.visibleWhere)
                == access?.columns.map { $0.visible?.description })
        #expect(said.table?.rowFilter == access?.rows?.description)
        #expect(lake.cloud.state.current.governance.generation == generation)
        try lake.remove()
    }

    /// Whom a bucket's policy names, and what the subscriber's own request is answered.
    @Test(arguments: [
        nil,
        #""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::nomura-data-lake/*""#,
        #""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::nomura-data-lake/silver/*""#,
        #""Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::nomura-data-lake/gold/*""#,
        #""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::nomura-data-lake/gold/a""#,
    ])
    func `of an object says what its own request is told`(_ statement: String?) async throws {
        let lake = try await lake()
        if let statement {
            let principal = #""Principal":{"AWS":"arn:aws:iam::222222222222:root"}"#
            let policy = #"{"Version":"2012-10-17","Statement":[{\#(principal),\#(statement)}]}"#
            try await lake.send(
                S3.PutBucketPolicy(bucket: Self.bucket, policy: policy), as: lake.provider)
        }
        for key in ["gold/a", "silver/a"] {
            let said = try await explain("s3://\(Self.bucket)/\(key)", in: lake)
            // Who may read is told that there is no such object.
            let refusal = await lake.refusal(
                of: S3.HeadObject(bucket: Self.bucket, key: key), as: lake.subscriber)
            #expect((said.verdict == .allowed) == (refusal?.status == 404), "\(said.summary)")
            #expect((said.verdict == .denied) == (refusal?.status == 403), "\(said.summary)")
            #expect((said.bucketPolicy == nil) == (statement == nil))
        }
        try lake.remove()
    }

    @Test func `of a table whose files are nowhere says so`() async throws {
        let lake = try await lake()
        try await lake.grant([.select], on: .navHistory, to: lake.subscriber.account.rawValue)
        #expect(try await explain(Self.name, in: lake).verdict == .allowed)
        try await lake.send(S3.DeleteBucket(bucket: Self.bucket), as: lake.provider)
        let said = try await explain(Self.name, in: lake)
        #expect(said.verdict == .metadataOnly)
        #expect(said.rules.last?.name == "source" && said.rules.last?.effect == .denies)
        #expect(said.table == nil)
        try lake.remove()
    }
}
