import AWSAPI
import BourseAPI
import Foundation
import Logging
import S3API
import Testing

@testable import EmbeddedCloud

/// A whole exchange in a directory of the test's own.
final class StorageCloud: Sendable {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    let root: URL
    let cloud: EmbeddedCloud
    let provider: Caller
    let subscriber: Caller

    init() async throws {
        root = FileManager.default.temporaryDirectory
            .appending(path: "exchange-\(UUID().uuidString)")
        let directory = DataDirectory(root.appending(path: "data").path())
        let account = try #require(AccountID(rawValue: "111111111111"))
        let other = try #require(AccountID(rawValue: "222222222222"))
        try EmbeddedCloud.create(
            in: directory, account: account, region: "us-east-1", name: "Provider", at: Self.now)
        cloud = try await EmbeddedCloud(
            opening: directory, queryWorker: QueryWorkerProgram(executable: "/bin/false"),
            reading: { _, _ in throw CancellationError() },
            log: Logger(label: "test"), clock: { Self.now })
        provider = Caller(
            account: account, kind: .user(name: EmbeddedCloud.administratorName), accessKeyID: "A")
        subscriber = Caller(
            account: other,
            kind: .session(role: BuiltInRole.dataSubscriber, name: "s", issuedAt: Self.now),
            accessKeyID: "B")
        _ = try await send(
            Bourse.AddAccount(accountId: "222222222222", displayName: "Subscriber"), as: provider)
    }

    deinit {
        do { try FileManager.default.removeItem(at: root) } catch { Issue.record(error) }
    }

    func call(_ caller: Caller) -> Call {
        Call(
            caller: caller,
            origin: .init(
                requestID: UUID(), sourceAddress: "127.0.0.1", userAgent: nil, endpoint: ""),
            time: Self.now)
    }

    @discardableResult
    func send<Operation: AWSOperation>(
        _ operation: Operation, as caller: Caller
    ) async throws(AWSError) -> Operation.Response {
        try await cloud.send(operation, in: call(caller))
    }

    /// The code with which an operation is refused. Nil if it is not.
    func refusal(of operation: some AWSOperation, as caller: Caller) async -> String? {
        do throws(AWSError) {
            try await send(operation, as: caller)
            return nil
        } catch {
            return error.code
        }
    }

    func put(
        _ operation: S3.PutObject, _ text: String, as caller: Caller
    ) async throws(AWSError) -> S3.PutObject.Response {
        var operation = operation
        operation.contentLength = text.utf8.count
        let upload = ObjectUpload(
            pieces: TestPieces([Array(text.utf8)]), payload: .unsigned)
        return try await cloud.exchange(operation, with: upload, in: call(caller)).response
    }

    func makeDirectory(_ name: String) throws -> String {
        let url = root.appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url.path()
    }
}

@Suite struct `A bucket of another account` {
    @Test func `is denied whatever is asked of it, and an unknown one is not there`() async throws {
        let testbed = try await StorageCloud()
        try await testbed.send(S3.CreateBucket(bucket: "results"), as: testbed.provider)
        let versions = S3.VersioningConfiguration(status: .enabled)
        let questions: [(String) -> any AWSOperation] = [
            { S3.HeadBucket(bucket: $0) }, { S3.GetBucketLocation(bucket: $0) },
            { S3.GetBucketVersioning(bucket: $0) },
            { S3.PutBucketVersioning(bucket: $0, versioningConfiguration: versions) },
            { S3.ListObjectsV2(bucket: $0) }, { S3.HeadObject(bucket: $0, key: "a") },
            { S3.GetObject(bucket: $0, key: "a") }, { S3.PutObject(bucket: $0, key: "a") },
            { S3.DeleteObject(bucket: $0, key: "a") },
        ]
        for question in questions {
            let name = type(of: question("x")).name
            let own = await testbed.refusal(of: question("results"), as: testbed.subscriber)
            #expect(own == "AccessDenied", "\(name)")
            let unknown = await testbed.refusal(of: question("nothing"), as: testbed.subscriber)
            #expect(unknown == "NoSuchBucket", "\(name)")
        }
        let listed = try await testbed.send(S3.ListBuckets(), as: testbed.subscriber)
        #expect(listed.buckets?.isEmpty == true)
        let taken = await testbed.refusal(
            of: S3.CreateBucket(bucket: "results"), as: testbed.subscriber)
        #expect(taken == "BucketAlreadyExists")
        let again = await testbed.refusal(
            of: S3.CreateBucket(bucket: "results"), as: testbed.provider)
        #expect(again == "BucketAlreadyOwnedByYou")
    }
}

@Suite struct `A linked bucket` {
    @Test func `is read in place, and refuses every write even to the administrator`()
        async throws
    {
        let testbed = try await StorageCloud()
        let path = try testbed.makeDirectory("lake")
        try Data("nav".utf8).write(to: URL(filePath: path).appending(path: "nav.csv"))
        let linked = try await testbed.send(
            Bourse.LinkBucket(bucket: "lake", path: path), as: testbed.provider)
        #expect(linked.objects == 1 && !linked.hasMoreObjects)
        let again = try await testbed.send(
            Bourse.LinkBucket(bucket: "lake", path: path), as: testbed.provider)
        #expect(again.path == linked.path)

        let exchanged = try await testbed.cloud.exchange(
            S3.GetObject(bucket: "lake", key: "nav.csv"), with: nil,
            in: testbed.call(testbed.provider))
        #expect(try await exchanged.body?.collect() == "nav")
        let versioning = S3.VersioningConfiguration(status: .enabled)
        let writes: [any AWSOperation] = [
            S3.PutObject(bucket: "lake", key: "x"), S3.DeleteObject(bucket: "lake", key: "nav.csv"),
            S3.PutBucketVersioning(bucket: "lake", versioningConfiguration: versioning),
        ]
        for write in writes {
            let code = await testbed.refusal(of: write, as: testbed.provider)
            #expect(code == "AccessDenied", "\(type(of: write).name)")
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(files == ["nav.csv"])
    }

    @Test func `is made by the administrator alone, of a directory apart from the exchange's own`()
        async throws
    {
        let testbed = try await StorageCloud()
        let path = try testbed.makeDirectory("lake")
        let denied = await testbed.refusal(
            of: Bourse.LinkBucket(bucket: "lake", path: path), as: testbed.subscriber)
        #expect(denied == "AccessDeniedException")

        try FileManager.default.createSymbolicLink(
            atPath: testbed.root.appending(path: "alias").path(), withDestinationPath: "data/trail")
        let file = testbed.root.appending(path: "file")
        try Data().write(to: file)
        for wrong in [
            "relative", testbed.root.appending(path: "missing").path(), file.path(), "/",
            testbed.root.path(), testbed.root.appending(path: "data").path(),
            testbed.root.appending(path: "data/lake").path(),
            testbed.root.appending(path: "alias").path(), path + "/../data",
        ] {
            let code = await testbed.refusal(
                of: Bourse.LinkBucket(bucket: "lake", path: wrong), as: testbed.provider)
            #expect(code == "ValidationException", "\(wrong)")
        }
        let reserved = await testbed.refusal(
            of: Bourse.LinkBucket(bucket: "health", path: path), as: testbed.provider)
        #expect(reserved == "ValidationException")
    }
}

@Suite struct `An object of one's own` {
    @Test func `is put under conditions, read, and hidden by deleting it`() async throws {
        let testbed = try await StorageCloud()
        let subscriber = testbed.subscriber
        try await testbed.send(S3.CreateBucket(bucket: "results"), as: subscriber)
        try await testbed.send(
            S3.PutBucketVersioning(
                bucket: "results", versioningConfiguration: .init(status: .enabled)),
            as: subscriber)
        let first = try await testbed.put(
            S3.PutObject(bucket: "results", key: "a", ifNoneMatch: "*"), "one", as: subscriber)
        await #expect(throws: AWSError.preconditionFailed("If-None-Match")) {
            _ = try await testbed.put(
                S3.PutObject(bucket: "results", key: "a", ifNoneMatch: "*"), "two", as: subscriber)
        }
        await #expect(throws: AWSError.preconditionFailed("If-Match")) {
            _ = try await testbed.put(
                S3.PutObject(bucket: "results", key: "a", ifMatch: "\"x\""), "two", as: subscriber)
        }
        let second = try await testbed.put(
            S3.PutObject(bucket: "results", key: "a", ifMatch: first.eTag), "two", as: subscriber)
        #expect(second.versionId != first.versionId)
        let head = try await testbed.send(
            S3.HeadObject(bucket: "results", key: "a"), as: subscriber)
        #expect(head.eTag == second.eTag && head.contentLength == 3)

        try await testbed.send(S3.DeleteObject(bucket: "results", key: "a"), as: subscriber)
        let gone = await testbed.refusal(
            of: S3.GetObject(bucket: "results", key: "a"), as: subscriber)
        #expect(gone == "NoSuchKey")
        let old = try await testbed.cloud.exchange(
            S3.GetObject(bucket: "results", key: "a", versionId: first.versionId), with: nil,
            in: testbed.call(subscriber))
        #expect(try await old.body?.collect() == "one")
    }

    @Test func `is refused where the writer asks for what it would not get`() async throws {
        let testbed = try await StorageCloud()
        try await testbed.send(S3.CreateBucket(bucket: "results"), as: testbed.provider)
        let refused: [(S3.PutObject, String)] = [
            (.init(bucket: "results", key: "a", acl: .publicRead), "AccessControlListNotSupported"),
            (.init(bucket: "results", key: "a", serverSideEncryption: .awsKms), "NotImplemented"),
            (.init(bucket: "results", key: "a", tagging: "a=b"), "NotImplemented"),
            (.init(bucket: "results", key: "a", contentMD5: "zz"), "InvalidDigest"),
            (
                .init(bucket: "results", key: String(repeating: "k", count: 1_025)),
                "KeyTooLongError"
            ),
        ]
        for (operation, code) in refused {
            let error = await #expect(throws: AWSError.self) {
                _ = try await testbed.put(operation, "x", as: testbed.provider)
            }
            #expect(error?.code == code)
        }
    }
}
