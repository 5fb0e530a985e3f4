import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import LakeFormationAPI
import Ledger

/// Credentials for the files of a table, for engines that read Parquet themselves: to whomever the table was
/// granted as a whole.
///
/// They are the caller's own identity and read one folder. Whether the table is still granted is asked again
/// at each use, and what ends the caller's session ends them.
struct LentCredentials: Sendable {
    /// Seconds that a caller may ask for.
    static let lifetimes = 900...21_600
    static let lifetimeDefault = 3_600

    let state: StateStore
    let sealingKey: SealingKey
    let region: String

    var handlers: [Handler] {
        [Handler(forTable), Handler(forPartition), Handler(forLocation)]
    }

    @Sendable func forTable(
        _ operation: LakeFormation.GetTemporaryGlueTableCredentials, _ request: Request
    ) async throws -> LakeFormation.GetTemporaryGlueTableCredentials.Response {
        try checkReadsOnly(operation.permissions)
        let table = try table(operation.tableArn)
        var folder = try state.current.filesToLend(
            of: table, to: request.caller, at: request.time)
        if let path = operation.s3Path {
            guard let part = S3URL(path)?.folder, folder.holds(part) else {
                throw AWSError.lakeInvalidInput("S3Path must lie in the table: \(folder).")
            }
            folder = part
        }
        let session = try session(
            lending: LentFiles(table: table, folder: folder), for: operation.durationSeconds,
            request)
        return .init(
            accessKeyId: session.accessKeyID, secretAccessKey: session.secretAccessKey,
            sessionToken: try session.token(sealedBy: sealingKey), expiration: session.expiresAt,
            vendedS3Path: [folder.description])
    }

    @Sendable func forPartition(
        _ operation: LakeFormation.GetTemporaryGluePartitionCredentials, _ request: Request
    ) async throws -> LakeFormation.GetTemporaryGluePartitionCredentials.Response {
        try checkReadsOnly(operation.permissions)
        let table = try table(operation.tableArn)
        let whole = try state.current.filesToLend(
            of: table, to: request.caller, at: request.time)
        let key = PartitionRow.key(operation.partition.values)
        let partition = try await state.ledger.read { db in
            try PartitionRow.partition(key, of: table, in: db)
        }
        guard let partition else {
            throw AWSError("EntityNotFoundException", "The table has no such partition.")
        }
        guard let folder = partition.storageDescriptor?.folder, whole.holds(folder)
        else {
            throw AWSError.lakeInvalidInput("The partition does not lie in the table: \(whole).")
        }
        let session = try session(
            lending: LentFiles(table: table, folder: folder), for: operation.durationSeconds,
            request)
        return .init(
            accessKeyId: session.accessKeyID, secretAccessKey: session.secretAccessKey,
            sessionToken: try session.token(sealedBy: sealingKey), expiration: session.expiresAt)
    }

    /// By a table's location in place of its name.
    @Sendable func forLocation(
        _ operation: LakeFormation.GetTemporaryDataLocationCredentials, _ request: Request
    ) async throws -> LakeFormation.GetTemporaryDataLocationCredentials.Response {
        guard operation.credentialsScope ?? .read == .read else {
            throw AWSError.lakeInvalidInput(
                "CredentialsScope must be READ: files are lent to be read.")
        }
        guard let locations = operation.dataLocations, locations.count == 1,
            let asked = S3URL(locations[0])?.folder, let bucket = BucketName(rawValue: asked.bucket)
        else { throw AWSError.lakeInvalidInput("DataLocations must name one location in S3.") }
        let current = state.current
        let tables = LakeLocation.folders(above: asked.key, in: bucket).flatMap {
            current.catalogue.tables(at: $0)
        }
        var refusal = AWSError.lakeAccessDenied
        for table in tables {
            do throws(AWSError) {
                _ = try current.filesToLend(of: table, to: request.caller, at: request.time)
            } catch {
                if error.code == "PermissionTypeMismatchException" { refusal = error }
                continue
            }
            let session = try session(
                lending: LentFiles(table: table, folder: asked), for: operation.durationSeconds,
                request)
            return .init(
                credentials: .init(
                    accessKeyId: session.accessKeyID, secretAccessKey: session.secretAccessKey,
                    sessionToken: try session.token(sealedBy: sealingKey),
                    expiration: session.expiresAt),
                accessibleDataLocations: [asked.description], credentialsScope: .read)
        }
        throw refusal
    }

    private func session(
        lending files: LentFiles, for seconds: Int?, _ request: Request
    ) throws(AWSError) -> Session {
        try request.authorize(
            "lakeformation:GetDataAccess",
            ARN(
                service: "lakeformation", region: region, account: request.account.rawValue,
                resource: "*"))
        let seconds = seconds ?? Self.lifetimeDefault
        guard Self.lifetimes.contains(seconds) else {
            throw .lakeInvalidInput(
                "DurationSeconds must be \(Self.lifetimes.lowerBound) to "
                    + "\(Self.lifetimes.upperBound).")
        }
        return Session(
            lending: files, to: request.caller, issuedAt: request.time,
            expiresAt: request.time + TimeInterval(seconds))
    }

    private func checkReadsOnly(_ permissions: [LakeFormation.Permission]?) throws(AWSError) {
        guard permissions?.allSatisfy({ $0 == .select }) ?? true else {
            throw .lakeInvalidInput("Permissions may be SELECT: files are lent to be read.")
        }
    }

    /// `arn:aws:glue:us-east-1:111111111111:table/DATABASE/TABLE`
    private func table(_ text: String) throws(AWSError) -> TableID {
        let parts = ARN(text)?.resource.split(separator: "/", omittingEmptySubsequences: false)
        guard let arn = ARN(text), arn.service == "glue", arn.region == region,
            let account = AccountID(rawValue: arn.account), let parts, parts.count == 3,
            parts[0] == "table"
        else { throw .lakeInvalidInput("TableArn must be the ARN of a table in \(region).") }
        return TableID(
            catalog: account, database: parts[1].lowercased(), name: parts[2].lowercased())
    }
}

extension S3URL {
    /// Whether all that is below the other one is below this one.
    fileprivate func holds(_ other: S3URL) -> Bool {
        bucket == other.bucket && other.key.hasPrefix(folder.key)
    }
}
