import AWSAPI
import DataExchangeAPI
import DuckDB
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A manifest` {
    static let bucket = ExchangeTestbed.bucket

    @Test func `says of each object what its readers need`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put(
            parquet:
                "SELECT 'F' || i AS Fund_ID, date '2024-02-18' AS d, i AS n FROM range(3) t(i)",
            at: "gold/nav/as_of=2024-02-18/region=a%2Fb/part.parquet")
        try testbed.put(
            parquet: "SELECT 'G' AS Fund_ID, date '2024-02-19' AS d, 7::BIGINT AS n",
            at: "gold/nav/as_of=2024-02-19/region=__HIVE_DEFAULT_PARTITION__/part.parquet")
        try testbed.put(parquet: "SELECT 1 AS other", at: "gold/nav/z.parquet")
        try testbed.put("no parquet", at: "gold/nav/readme.txt")
        try testbed.put("not covered", at: "silver/a.csv")
        try await testbed.publish(try await testbed.dataSet())
        let pinned = try #require(
            try await testbed.broker.pinned(bucket: Self.bucket, prefix: "gold/nav/"))
        #expect(pinned.files.map(\.rowCount) == [3, 1, nil, 1])
        #expect(pinned.files[0].schema == pinned.files[1].schema)
        #expect(pinned.files[0].schema != pinned.files[3].schema && pinned.files[2].schema == nil)
        #expect(
            pinned.files[0].partitions == [
                .init(name: "as_of", value: "2024-02-18"), .init(name: "region", value: "a/b"),
            ])
        #expect(pinned.files[1].partitions.last == .init(name: "region", value: nil))
        #expect(pinned.files.allSatisfy { $0.isUnchanged() })
        let manifest = testbed.folder.appending(
            path: "data/manifests/\(try #require(pinned.revision)).parquet")
        let rows = try Database().connect().rows(
            """
            SELECT "low.text.fund_id", "high.text.fund_id", "low.date.d", "high.integer.n",
                "partition.as_of", "partition.region"
            FROM \(manifest.path(percentEncoded: false).sqlLiteral) ORDER BY key
            """
        ).map { $0.map(\.text) }
        #expect(rows[0] == ["F0", "F2", "2024-02-18", "2", "2024-02-18", "a/b"])
        #expect(rows[1] == ["G", "G", "2024-02-19", "7", "2024-02-19", nil])
        #expect(rows[2] == [nil, nil, nil, nil, nil, nil])
        try await testbed.remove()
    }

    @Test func `is of the newest published revision, and nothing else is seen`() async throws {
        let testbed = try await ExchangeTestbed()
        func seen(_ prefix: String = "gold/") async throws -> [String]? {
            try await testbed.broker.pinned(bucket: Self.bucket, prefix: prefix)?.files.map(\.key)
        }
        try testbed.put("1", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet()
        #expect(try await seen() == nil)
        let first = try await testbed.publish(dataSet)
        try testbed.put("2", at: "gold/b.csv")
        #expect(try await seen() == ["gold/a.csv"])
        #expect(try await seen("gold/b") == [])
        #expect(try await seen("silver/") == nil)
        #expect(try await seen("") == nil)
        let second = try await testbed.publish(dataSet)
        #expect(try await seen() == ["gold/a.csv", "gold/b.csv"])
        for (revision, left) in [(second, ["gold/a.csv"]), (first, [])] {
            _ = try await testbed.send(
                DataExchange.RevokeRevision(
                    dataSetId: dataSet, revisionId: revision, revocationComment: "Wrong numbers."))
            #expect(try await seen() == left)
        }
        try await testbed.remove()
    }

    @Test func `of the data set that names the prefix most closely counts`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("1", at: "gold/nav/a.csv")
        let (wide, narrow) = (try await testbed.dataSet(), try await testbed.dataSet())
        let close = try await testbed.publish(narrow, prefixes: ["gold/nav/"])
        let broad = try await testbed.publish(wide)
        func revision(_ prefix: String) async throws -> String? {
            try await testbed.broker.pinned(bucket: Self.bucket, prefix: prefix)?.revision?.rawValue
        }
        #expect(try await revision("gold/nav/") == close)
        #expect(try await revision("gold/esg/") == broad)
        try await testbed.remove()
    }

    @Test func `keeps a replaced file and notices one that is written in place`() async throws {
        let testbed = try await ExchangeTestbed()
        for name in ["kept", "replaced", "deleted", "written"] {
            try testbed.put("old", at: "gold/\(name).csv")
        }
        let dataSet = try await testbed.dataSet()
        try await testbed.publish(dataSet)
        try testbed.put("new", at: "new.csv")
        try FileManager.default.removeItem(at: testbed.place("gold/replaced.csv"))
        try FileManager.default.moveItem(
            at: testbed.place("new.csv"), to: testbed.place("gold/replaced.csv"))
        try FileManager.default.removeItem(at: testbed.place("gold/deleted.csv"))
        let file = try FileHandle(forWritingTo: testbed.place("gold/written.csv"))
        try file.write(contentsOf: Data("new".utf8))
        try file.close()
        let pinned = try #require(
            try await testbed.broker.pinned(bucket: Self.bucket, prefix: "gold/"))
        for file in pinned.files {
            let text = String(
                decoding: try Data(contentsOf: URL(filePath: file.path)), as: UTF8.self)
            // A clone is not written to at all; of a link, the write is seen.
            let survives = file.guarantee == .reflink || file.key != "gold/written.csv"
            #expect(file.isUnchanged() == survives, "\(file.key)")
            #expect((text == "old") == survives, "\(file.key)")
            #expect(
                !file.path.hasPrefix(
                    testbed.folder.appending(path: Self.bucket).path(percentEncoded: false)))
        }
        try await testbed.remove()
    }

    @Test func `is read from its file once, and again when others took its room`() async throws {
        let testbed = try await ExchangeTestbed()
        for number in 0..<4 { try testbed.put("\(number)", at: "gold/\(number).csv") }
        let dataSet = try await testbed.dataSet()
        var revisions: [ExchangeID] = []
        for _ in 0..<3 {
            revisions.append(try #require(ExchangeID(rawValue: try await testbed.publish(dataSet))))
        }
        let planner = Planner(engine: DeferredConnection(), rowsMax: 8)
        func plan(_ number: Int) async throws {
            let file = testbed.folder.appending(path: "data/manifests/\(revisions[number]).parquet")
            let files = try await planner.files(
                in: file, of: revisions[number], bucket: Self.bucket, prefix: "", where: [])
            #expect(files.count == 4)
        }
        for (number, loads) in [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4)] {
            try await plan(number)
            #expect(await planner.loads == loads)
        }
        try await testbed.remove()
    }
}

@Suite struct `Finalizing` {
    @Test func `reads no footer again that the revision before knows`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put(
            parquet: "SELECT range AS a, 'x' AS b FROM range(3)", at: "gold/day=1/a.parquet")
        try testbed.put(parquet: "SELECT 1 AS a", at: "gold/day=2/b.parquet")
        try FileManager.default.setAttributes(
            [.modificationDate: Date.now - 60],
            ofItemAtPath: testbed.place("gold/day=1/a.parquet").localPath)
        try testbed.put("1", at: "gold/c.csv")
        let dataSet = try await testbed.dataSet()
        let first = try await testbed.publish(dataSet)
        let engine = try Database().connect()
        func manifest(_ revision: String) -> String {
            testbed.folder.appending(path: "data/manifests/\(revision).parquet").localPath
                .sqlLiteral
        }
        // So that it shows where a count comes from.
        try engine.execute(
            """
            CREATE TABLE said AS FROM read_parquet(\(manifest(first)));
            UPDATE said SET "rowCount" = "rowCount" + 70;
            COPY said TO \(manifest(first)) (FORMAT parquet);
            """)
        try FileManager.default.removeItem(at: testbed.place("gold/day=2/b.parquet"))
        try testbed.put(parquet: "SELECT 2 AS a FROM range(5)", at: "gold/day=2/b.parquet")
        try testbed.put(parquet: "SELECT 3 AS a", at: "gold/day=3/d.parquet")
        let second = try await testbed.publish(dataSet)
        let counts = try engine.rows(
            "SELECT key, \"rowCount\" FROM read_parquet(\(manifest(second))) ORDER BY key")
        #expect(
            counts.map { $0[0].text } == [
                "gold/c.csv", "gold/day=1/a.parquet", "gold/day=2/b.parquet",
                "gold/day=3/d.parquet",
            ])
        #expect(counts.map { $0[1].int64 } == [nil, 73, 5, 1])
        // Everything else is what a data set says that has no revision before.
        let fresh = try await testbed.publish(testbed.dataSet())
        let differences = try engine.rows(
            """
            SELECT * EXCLUDE (path, etag, changed, "rowCount") FROM read_parquet(\(manifest(second)))
            EXCEPT
            SELECT * EXCLUDE (path, etag, changed, "rowCount") FROM read_parquet(\(manifest(fresh)))
            """)
        #expect(differences.isEmpty)
        try await testbed.remove()
    }

    @Test func `leaves nothing to be seen when it is cut off before its transaction`() async throws
    {
        let testbed = try await ExchangeTestbed()
        try testbed.put("1", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet()
        let published = try await testbed.publish(dataSet)
        try testbed.put("2", at: "gold/b.csv")
        let draft = try #require(ExchangeID(rawValue: try await testbed.revision(of: dataSet)))
        let objects = try await testbed.lake.objects(
            under: "gold/", in: ExchangeTestbed.bucket, after: nil, max: 9)
        _ = try await testbed.broker.manifests.pin(objects, as: draft, after: nil)
        try await testbed.stop()

        let again = try await ExchangeTestbed(in: testbed.folder)
        let pinned = try await again.broker.pinned(bucket: ExchangeTestbed.bucket, prefix: "gold/")
        #expect(pinned?.files.map(\.key) == ["gold/a.csv"])
        func names(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(
                atPath: again.folder.appending(path: "data/\(folder)").path(percentEncoded: false))
        }
        #expect(try names("manifests") == ["\(published).parquet"])
        #expect(try names("pins") == [published])
        try await again.remove()
    }

    /// Of nine files in steps of two the last one cannot be read; what was read before it is read no more.
    @Test func `goes on where an attempt has failed`() async throws {
        let testbed = try await ExchangeTestbed()
        let manifests = try Manifests(
            directory: DataDirectory(
                testbed.folder.appending(path: "again").path(percentEncoded: false)),
            log: testbed.broker.log, checkpointFiles: 2)
        func put(_ number: Int, _ text: String? = nil) throws {
            let key = "gold/\(number).parquet"
            if let text {
                try testbed.put(text, at: key)
            } else {
                try testbed.put(parquet: "SELECT \(number) AS n", at: key)
            }
            // A file that was just written is read again in any case.
            try FileManager.default.setAttributes(
                [.modificationDate: Date() - 60],
                ofItemAtPath: try testbed.place(key).path(percentEncoded: false))
        }
        func pin() async throws -> ManifestSummary {
            try await manifests.pin(
                try await testbed.lake.objects(
                    under: "gold/", in: ExchangeTestbed.bucket, after: nil, max: 99), as: draft,
                after: nil)
        }
        func rows(_ name: String) throws -> [String?] {
            let file = testbed.folder.appending(path: "again/manifests/\(name)")
            return try Database().connect().rows(
                "SELECT key FROM \(file.path(percentEncoded: false).sqlLiteral) ORDER BY key"
            ).map { $0[0].text }
        }
        let draft = ExchangeID.make()
        for number in 1...8 { try put(number) }
        try put(9, "PAR1 and no footer")
        await #expect(throws: ManifestFault.unreadable(key: "gold/9.parquet")) {
            try await pin()
        }
        try await manifests.discard(draft)
        #expect(
            try rows("\(draft).unfinished.parquet") == (1...8).map { "gold/\($0).parquet" })
        // What it knows of the first is taken for granted from now on.
        let unfinished = testbed.folder.appending(
            path: "again/manifests/\(draft).unfinished.parquet"
        ).path(percentEncoded: false)
        try Database().connect().execute(
            """
            CREATE TABLE t AS SELECT * REPLACE (if(key = 'gold/1.parquet', 7, rowCount) AS rowCount)
            FROM \(unfinished.sqlLiteral);
            COPY t TO \(unfinished.sqlLiteral) (FORMAT parquet);
            """)
        try put(9)
        #expect(try await pin().rowCount == 15)
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: testbed.folder.appending(path: "again/manifests").path(
                    percentEncoded: false)) == ["\(draft).parquet"])
        #expect(manifests.progress(of: draft) == nil)
        try await testbed.remove()
    }

    @Test func `refuses Parquet that is half written, by name`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put(parquet: "SELECT 1 AS a", at: "gold/a.parquet")
        try testbed.put("PAR1 and no footer", at: "gold/b.parquet")
        let dataSet = try await testbed.dataSet()
        let revision = try await testbed.revision(of: dataSet)
        _ = try await testbed.run(
            .createS3DataAccessFromS3Bucket,
            `The exchange refuses`.access(dataSet, revision).details)
        let finalize = DataExchange.UpdateRevision(
            dataSetId: dataSet, revisionId: revision, finalized: true)
        let error = await #expect(throws: AWSError.self) { try await testbed.send(finalize) }
        #expect(
            error?.code == "ValidationException"
                && error?.message.contains("gold/b.parquet") == true)
        try FileManager.default.removeItem(at: testbed.place("gold/b.parquet"))
        #expect(try await testbed.send(finalize).finalized == true)
        try await testbed.remove()
    }

    @Test func `refuses a snapshot that was changed after its import`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("1", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet(.s3Snapshot)
        let revision = try await testbed.revision(of: dataSet)
        let details = DataExchange.RequestDetails(
            importAssetsFromS3: .init(
                assetSources: [.init(bucket: ExchangeTestbed.bucket, key: "gold/a.csv")],
                dataSetId: dataSet, revisionId: revision))
        let finalize = DataExchange.UpdateRevision(
            dataSetId: dataSet, revisionId: revision, finalized: true)
        _ = try await testbed.run(.importAssetsFromS3, details)
        try testbed.put("22", at: "gold/a.csv")
        #expect(try await testbed.refusal(of: finalize) == "ConflictException REVISION")
        _ = try await testbed.run(.importAssetsFromS3, details)
        #expect(try await testbed.refusal(of: finalize) == nil)
        try await testbed.remove()
    }

    @Test func `can be undone while nobody is entitled`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put("1", at: "gold/a.csv")
        let dataSet = try await testbed.dataSet()
        let revision = try await testbed.publish(dataSet)
        let reopened = try await testbed.send(
            DataExchange.UpdateRevision(dataSetId: dataSet, revisionId: revision, finalized: false))
        #expect(reopened.finalized == false)
        // Not what happens to lie there either.
        let seen = try await testbed.broker.pinned(bucket: ExchangeTestbed.bucket, prefix: "gold/")
        #expect(seen?.revision == nil && seen?.files == [])
        _ = try await testbed.send(
            DataExchange.UpdateRevision(dataSetId: dataSet, revisionId: revision, finalized: true))
        let again = try await testbed.broker.pinned(bucket: ExchangeTestbed.bucket, prefix: "gold/")
        #expect(again?.files.count == 1)
        try await testbed.remove()
    }
}
