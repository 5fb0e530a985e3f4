import AWSAPI
import DataExchangeAPI
import FoundationEssentials

/// What CreateJob asks for.
struct JobWish: Sendable {
    /// Source: AWS Data Exchange User Guide, "Service quotas".
    static let objectsPerJobMax = 100
    /// Prefixes, and keys, that one data-access asset may name.
    static let namesPerAccessMax = 100

    let task: JobTask
    let dataSet: ExchangeID
    let revision: ExchangeID?

    init(_ operation: DataExchange.CreateJob) throws(AWSError) {
        let details = operation.details
        switch operation.type {
        case .importAssetsFromS3:
            guard let details = details.importAssetsFromS3 else {
                throw .noDetails("ImportAssetsFromS3")
            }
            task = .importAssetsFromS3(try Self.objects(details.assetSources))
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .createS3DataAccessFromS3Bucket:
            guard let details = details.createS3DataAccessFromS3Bucket else {
                throw .noDetails("CreateS3DataAccessFromS3Bucket")
            }
            task = .createS3DataAccess(try Self.access(details.assetSource))
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .importAssetsFromRedshiftDataShares:
            guard let details = details.importAssetsFromRedshiftDataShares else {
                throw .noDetails("ImportAssetsFromRedshiftDataShares")
            }
            task = .importRedshiftDataShares(try Self.shares(details.assetSources))
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .exportAssetsToS3:
            guard let details = details.exportAssetsToS3 else {
                throw .noDetails("ExportAssetsToS3")
            }
            task = .exportAssets(
                try Self.destinations(details.assetDestinations),
                isEncrypted: try checkEncryption(details.encryption))
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .exportRevisionsToS3:
            guard let details = details.exportRevisionsToS3 else {
                throw .noDetails("ExportRevisionsToS3")
            }
            task = .exportRevisions(
                try Self.destinations(details.revisionDestinations),
                isEncrypted: try checkEncryption(details.encryption))
            (dataSet, revision) = (try exchangeID(details.dataSetId, "DataSetId"), nil)
        case .importAssetFromSignedUrl:
            guard let details = details.importAssetFromSignedUrl else {
                throw .noDetails("ImportAssetFromSignedUrl")
            }
            try Self.checkKey(details.assetName, "AssetName")
            task = .importUpload(
                .init(name: details.assetName, md5: try Self.md5(details.md5Hash, "Md5Hash")))
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .importAssetFromApiGatewayApi:
            guard let details = details.importAssetFromApiGatewayApi else {
                throw .noDetails("ImportAssetFromApiGatewayApi")
            }
            task = try Self.api(details)
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .importAssetsFromLakeFormationTagPolicy:
            guard let details = details.importAssetsFromLakeFormationTagPolicy else {
                throw .noDetails("ImportAssetsFromLakeFormationTagPolicy")
            }
            task = try .tagPolicies(details)
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        case .exportAssetToSignedUrl:
            guard let details = details.exportAssetToSignedUrl else {
                throw .noDetails("ExportAssetToSignedUrl")
            }
            task = .exportToURL(asset: try exchangeID(details.assetId, "AssetId"))
            (dataSet, revision) = try Self.names(details.dataSetId, details.revisionId)
        default:
            throw .validation("Type \(operation.type) is not served.")
        }
    }

    private static func api(
        _ details: DataExchange.ImportAssetFromApiGatewayApiRequestDetails
    ) throws(AWSError) -> JobTask {
        guard details.apiId.wholeMatch(of: #/[A-Za-z0-9]{1,64}/#) != nil,
            (1...128).contains(details.stage.utf8.count), details.protocolType == .rest
        else {
            throw .validation(
                "ApiId must be letters and digits, Stage 1 to 128 bytes, and ProtocolType REST.")
        }
        guard details.apiKey == nil else {
            throw .validation("ApiKey is not served: callers sign their requests.")
        }
        try checkKey(details.apiName, "ApiName")
        return .importAPI(
            .init(
                id: details.apiId, name: details.apiName, stage: details.stage,
                description: details.apiDescription),
            .init(
                name: "openapi",
                md5: try md5(details.apiSpecificationMd5Hash, "ApiSpecificationMd5Hash")))
    }

    private static func md5(_ text: String, _ member: String) throws(AWSError) -> String {
        guard let bytes = Data(base64Encoded: text), bytes.count == 16 else {
            throw .validation("\(member) must be an MD5 in Base64, of 24 characters.")
        }
        return text
    }

    private static func names(
        _ dataSet: String, _ revision: String
    ) throws(AWSError) -> (ExchangeID, ExchangeID) {
        (try exchangeID(dataSet, "DataSetId"), try exchangeID(revision, "RevisionId"))
    }

    private static func objects(
        _ sources: [DataExchange.AssetSourceEntry]
    ) throws(AWSError) -> [JobTask.ObjectName] {
        try checkCount(sources, "AssetSources")
        for source in sources { try checkKey(source.key, "Key") }
        guard Set(sources.map { Array($0.key.utf8) }).count == sources.count else {
            throw .validation("AssetSources must not name a key twice: assets are named by it.")
        }
        return sources.map { .init(bucket: $0.bucket, key: $0.key) }
    }

    private static func access(
        _ source: DataExchange.S3DataAccessAssetSourceEntry
    ) throws(AWSError) -> S3Access {
        guard source.kmsKeysToGrant == nil else {
            throw .validation("KmsKeysToGrant is not served: there are no KMS keys here.")
        }
        let (prefixes, keys) = (source.keyPrefixes ?? [], source.keys ?? [])
        guard prefixes.count <= namesPerAccessMax, keys.count <= namesPerAccessMax else {
            throw .validation("KeyPrefixes and Keys may have \(namesPerAccessMax) entries each.")
        }
        for prefix in prefixes { try checkKey(prefix, "A key prefix") }
        for key in keys { try checkKey(key, "A key") }
        return S3Access(
            bucket: source.bucket, keyPrefixes: prefixes.sortedBytes, keys: keys.sortedBytes)
    }

    /// `arn:aws:redshift:us-east-1:111111111111:datashare:NAMESPACE/NAME`
    private static func shares(
        _ sources: [DataExchange.RedshiftDataShareAssetSourceEntry]
    ) throws(AWSError) -> [String] {
        // Source: AWS Data Exchange User Guide, "Service quotas": one share in a revision.
        guard sources.count == 1 else {
            throw .validation("AssetSources must have one data share.")
        }
        let text = sources[0].dataShareArn
        guard let arn = ARN(text), arn.service == "redshift",
            arn.resource.hasPrefix("datashare:"), arn.resource.contains("/")
        else { throw .validation("DataShareArn must be the ARN of a Redshift data share.") }
        return [text]
    }

    private static func destinations(
        _ given: [DataExchange.AssetDestinationEntry]
    ) throws(AWSError) -> [JobTask.AssetDestination] {
        try checkCount(given, "AssetDestinations")
        var destinations: [JobTask.AssetDestination] = []
        for entry in given {
            if let key = entry.key { try checkKey(key, "Key") }
            destinations.append(
                .init(
                    asset: try exchangeID(entry.assetId, "AssetId"), bucket: entry.bucket,
                    key: entry.key))
        }
        return destinations
    }

    private static func destinations(
        _ given: [DataExchange.RevisionDestinationEntry]
    ) throws(AWSError) -> [JobTask.RevisionDestination] {
        // Source: AWS Data Exchange API Reference, `RevisionDestinations`.
        guard (1...5).contains(given.count) else {
            throw .validation("RevisionDestinations must have 1 to 5 entries.")
        }
        var destinations: [JobTask.RevisionDestination] = []
        for entry in given {
            if let pattern = entry.keyPattern { _ = try KeyPattern(pattern) }
            destinations.append(
                .init(
                    revision: try exchangeID(entry.revisionId, "RevisionId"), bucket: entry.bucket,
                    keyPattern: entry.keyPattern))
        }
        return destinations
    }

    private static func checkCount(
        _ entries: [some Any], _ member: String
    ) throws(AWSError) {
        guard (1...objectsPerJobMax).contains(entries.count) else {
            throw .validation("\(member) must have 1 to \(objectsPerJobMax) entries.")
        }
    }

    private static func checkKey(_ key: String, _ member: String) throws(AWSError) {
        guard (1...1_024).contains(key.utf8.count) else {
            throw .validation("\(member) must have 1 to 1024 bytes.")
        }
    }
}

/// - Returns: Whether S3's own encryption is asked for by name.
/// - Throws: `ValidationException` for a key of one's own.
@discardableResult
func checkEncryption(
    _ encryption: DataExchange.ExportServerSideEncryption?
) throws(AWSError) -> Bool {
    guard let encryption else { return false }
    guard encryption.type == .aes256, encryption.kmsKeyArn == nil else {
        throw .validation("Encryption must be AES256: there are no KMS keys here.")
    }
    return true
}

extension [String] {
    /// Each once, in the order of their bytes. To Swift, two spellings of a letter are the same text.
    fileprivate var sortedBytes: [String] {
        Set(map { [UInt8]($0.utf8) }).sorted { $0.precedes($1) }
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

extension AWSError {
    fileprivate static func noDetails(_ member: String) -> AWSError {
        .validation("Details must have \(member), and nothing else.")
    }
}

extension JobTask {
    /// Whether it takes assets out, which whoever may see them may do.
    var isExport: Bool {
        switch self {
        case .exportAssets, .exportRevisions, .exportToURL: true
        case .importAssetsFromS3, .createS3DataAccess, .importRedshiftDataShares, .importUpload,
            .importAPI, .importTagPolicies:
            false
        }
    }

    /// Nil where the job has one.
    var revisions: [ExchangeID]? {
        if case .exportRevisions(let destinations, _) = self {
            destinations.map(\.revision)
        } else {
            nil
        }
    }

    var assetKind: AssetKind {
        switch self {
        case .importAssetsFromS3, .exportAssets, .exportRevisions, .importUpload, .exportToURL:
            .s3Snapshot
        case .createS3DataAccess: .s3DataAccess
        case .importRedshiftDataShares: .redshiftDataShare
        case .importAPI: .api
        case .importTagPolicies: .lakePermission
        }
    }

    var type: DataExchange.TypeValue {
        switch self {
        case .importAssetsFromS3: .importAssetsFromS3
        case .createS3DataAccess: .createS3DataAccessFromS3Bucket
        case .importRedshiftDataShares: .importAssetsFromRedshiftDataShares
        case .exportAssets: .exportAssetsToS3
        case .exportRevisions: .exportRevisionsToS3
        case .importUpload: .importAssetFromSignedUrl
        case .importAPI: .importAssetFromApiGatewayApi
        case .importTagPolicies: .importAssetsFromLakeFormationTagPolicy
        case .exportToURL: .exportAssetToSignedUrl
        }
    }

    /// As the model's `LimitName` has it.
    var concurrencyLimit: String {
        switch self {
        case .importAssetsFromS3:
            "Concurrent in progress jobs to import assets from Amazon S3"
        case .createS3DataAccess:
            "Concurrent in progress jobs to create Amazon S3 data access assets from S3 buckets"
        case .importRedshiftDataShares:
            "Concurrent in progress jobs to import assets from Amazon Redshift datashares"
        case .exportAssets: "Concurrent in progress jobs to export assets to Amazon S3"
        case .exportRevisions: "Concurrent in progress jobs to export revisions to Amazon S3"
        case .importUpload: "Concurrent in progress jobs to import assets from a signed URL"
        case .importAPI: "Concurrent in progress jobs to import assets from an API Gateway API"
        case .exportToURL: "Concurrent in progress jobs to export assets to a signed URL"
        case .importTagPolicies:
            "Concurrent in progress jobs to import assets from an AWS Lake Formation tag policy"
        }
    }
}

extension JobRow {
    /// - Parameter url: Of its place.
    func details(_ url: String? = nil) -> DataExchange.ResponseDetails {
        let (dataSet, revision) = (dataSet.rawValue, revision?.rawValue ?? "")
        func encryption(_ isEncrypted: Bool) -> DataExchange.ExportServerSideEncryption? {
            isEncrypted ? .init(type: .aes256) : nil
        }
        switch task {
        case .importAssetsFromS3(let names):
            return .init(
                importAssetsFromS3: .init(
                    assetSources: names.map { .init(bucket: $0.bucket, key: $0.key) },
                    dataSetId: dataSet, revisionId: revision))
        case .createS3DataAccess(let access):
            return .init(
                createS3DataAccessFromS3Bucket: .init(
                    assetSource: .init(
                        bucket: access.bucket,
                        keyPrefixes: access.keyPrefixes.isEmpty ? nil : access.keyPrefixes,
                        keys: access.keys.isEmpty ? nil : access.keys),
                    dataSetId: dataSet, revisionId: revision))
        case .importRedshiftDataShares(let arns):
            return .init(
                importAssetsFromRedshiftDataShares: .init(
                    assetSources: arns.map { .init(dataShareArn: $0) }, dataSetId: dataSet,
                    revisionId: revision))
        case .exportAssets(let destinations, let isEncrypted):
            return .init(
                exportAssetsToS3: .init(
                    assetDestinations: destinations.map {
                        .init(assetId: $0.asset.rawValue, bucket: $0.bucket, key: $0.key)
                    }, dataSetId: dataSet, revisionId: revision,
                    encryption: encryption(isEncrypted)))
        case .exportRevisions(let destinations, let isEncrypted):
            return .init(
                exportRevisionsToS3: .init(
                    dataSetId: dataSet,
                    revisionDestinations: destinations.map {
                        .init(
                            bucket: $0.bucket, revisionId: $0.revision.rawValue,
                            keyPattern: $0.keyPattern)
                    }, encryption: encryption(isEncrypted)))
        case .importUpload(let upload):
            return .init(
                importAssetFromSignedUrl: .init(
                    assetName: upload.name, dataSetId: dataSet, revisionId: revision,
                    md5Hash: upload.md5, signedUrl: url,
                    signedUrlExpiresAt: url.flatMap { _ in place?.expiresAt }))
        case .importAPI(let api, let upload):
            return .init(
                importAssetFromApiGatewayApi: .init(
                    apiId: api.id, apiName: api.name, apiSpecificationMd5Hash: upload.md5,
                    apiSpecificationUploadUrl: url ?? "",
                    apiSpecificationUploadUrlExpiresAt: createdAt + SignedURLs.lifetime,
                    dataSetId: dataSet, protocolType: .rest, revisionId: revision,
                    stage: api.stage, apiDescription: api.description))
        case .importTagPolicies(let permissions):
            return .init(
                importAssetsFromLakeFormationTagPolicy: permissions.details(dataSet, revision))
        case .exportToURL(let asset):
            return .init(
                exportAssetToSignedUrl: .init(
                    assetId: asset.rawValue, dataSetId: dataSet, revisionId: revision,
                    signedUrl: url, signedUrlExpiresAt: url.flatMap { _ in place?.expiresAt }))
        }
    }
}
