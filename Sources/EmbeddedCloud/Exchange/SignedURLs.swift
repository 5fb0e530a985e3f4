import AWSAPI
import FoundationEssentials
import S3API

/// Where jobs by signed URL take an upload from, and leave what is to be downloaded: a bucket of the account's own.
struct SignedURLs: Sendable {
    /// Seconds.
    static let lifetime: TimeInterval = 3_600

    let sealingKey: SealingKey
    let region: String
    let cloud: OwnCloud

    static func bucket(of account: AccountID) -> String { "data-exchange-\(account)" }

    static func exportKey(of job: JobRow) -> String { "exports/\(job.id)" }

    /// What a job is about, as long as its URL is good.
    struct Place: Sendable {
        enum Way: Sendable { case upload, download }

        var way: Way
        var bucket: String
        var key: String
        var expiresAt: Date
    }

    /// Makes the bucket, as the caller, if there is none yet.
    func makeBucket(for request: Request) async throws {
        do throws(AWSError) {
            _ = try await cloud.acting(as: request.caller, for: request.call.origin).send(
                S3.CreateBucket(
                    bucket: Self.bucket(of: request.account),
                    createBucketConfiguration: region == "us-east-1"
                        ? nil : .init(locationConstraint: .init(rawValue: region))))
        } catch {
            guard error.code == "BucketAlreadyOwnedByYou" else { throw error }
        }
    }

    /// The place's URL, signed as the caller for that one thing. Nil: the caller may not do it.
    func url(of place: Place, for request: Request) throws -> String? {
        let (method, action) =
            switch place.way {
            case .upload: ("PUT", "s3:PutObject")
            case .download: ("GET", "s3:GetObject")
            }
        let resource = ARN.s3(bucket: place.bucket, key: place.key)
        do { try request.authorize(action, resource) } catch { return nil }
        let origin = request.call.origin.endpoint
        let path = "/\(place.bucket)/\(PercentEncoding.encode(place.key, keepingSlashes: true))"
        let left = Int(place.expiresAt.timeIntervalSince(request.time))
        guard left > 0 else { return origin + path }
        // Of the bucket's bytes one object alone: whatever else the caller may do, the URL does not.
        let session = Session(
            narrowing: request.caller,
            to: PolicyDocument([
                .init(.allow, actions: [action], resources: [resource.description])
            ]), issuedAt: request.time, expiresAt: place.expiresAt)
        let host = origin.components(separatedBy: "://").last ?? origin
        let query = SigV4.presignedQuery(
            of: WireRequest(
                method: method, path: path, headers: [WireHeader("host", host)]),
            with: Credentials(
                accessKeyID: session.accessKeyID, secretAccessKey: session.secretAccessKey,
                sessionToken: try session.token(sealedBy: sealingKey)),
            service: .s3, region: region, at: request.time, lifetime: left)
        return "\(origin)\(path)?\(query)"
    }
}

extension JobRow {
    /// Nil: the job is about no URL, or it is too early for one.
    var place: SignedURLs.Place? {
        switch task {
        case .importUpload, .importAPI:
            return .init(
                way: .upload, bucket: SignedURLs.bucket(of: owner),
                key: "imports/\(id)",
                expiresAt: createdAt + SignedURLs.lifetime)
        case .exportToURL where state == .completed:
            return .init(
                way: .download, bucket: SignedURLs.bucket(of: owner),
                key: SignedURLs.exportKey(of: self),
                expiresAt: updatedAt + SignedURLs.lifetime)
        default: return nil
        }
    }
}
