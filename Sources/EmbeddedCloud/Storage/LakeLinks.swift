import AWSAPI
import BourseAPI
import FoundationEssentials
import Glibc
import HashTreeCollections

/// The provider's own directories as buckets.
struct LakeLinks: Sendable {
    /// Objects that are counted to tell the administrator that the right directory was named.
    static let countMax = 10_000

    let objects: ObjectStore
    /// The exchange's own, which must not be served.
    let data: URL

    var handlers: [Handler] { [Handler(linkBucket)] }

    @Sendable func linkBucket(
        _ operation: Bourse.LinkBucket, _ request: Request
    ) async throws -> Bourse.LinkBucket.Response {
        guard let name = BucketName(rawValue: operation.bucket) else {
            throw AWSError.validation(
                "\(operation.bucket) cannot be a bucket's name: 3 to 63 of a-z, 0-9, dot and dash.")
        }
        let path = try await Disk.run { try Self.checked(operation.path, data: data) }
        let bucket = Bucket(
            name: name, account: request.account, linkedPath: path, createdAt: request.time)
        // Before the change: what cannot be read is not linked.
        let listing: ObjectListing
        do {
            listing = try await objects.list(
                bucket, prefix: "", delimiter: nil, from: .beginning, max: Self.countMax)
        } catch let fault as LinkFault {
            throw AWSError.validation("\(fault.path) cannot be read: \(fault.fault).")
        }
        try await objects.state.change(recording: request.event) { db, state in
            if let known = state.storage.buckets[name] {
                guard known.linkedPath == path, known.account == request.account else {
                    throw AWSError.validation("There is a bucket \(name) already.")
                }
                return
            }
            try state.storage.add(bucket, db)
        }
        return .init(
            bucket: name.rawValue, path: path, objects: listing.objects.count,
            hasMoreObjects: listing.next != nil)
    }

    /// The directory's path without symbolic links.
    private static func checked(_ path: String, data: URL) throws -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw AWSError.validation("Path must be absolute.")
        }
        guard let real = resolved(path) else {
            throw AWSError.validation("\(path): \(String(cString: strerror(errno))).")
        }
        do {
            _ = try OpenFile.directory(real)
        } catch {
            throw AWSError.validation(
                "\(path) is not a directory that the exchange can read (\(error)).")
        }
        let own = resolved(data.localPath) ?? data.localPath
        guard !(real + "/").hasPrefix(own + "/"),
            !(own + "/").hasPrefix(real == "/" ? "/" : real + "/")
        else {
            throw AWSError.validation(
                "\(path) and the exchange's data directory must not contain each other.")
        }
        return real
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
