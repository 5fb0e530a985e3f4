import AWSAPI
import FoundationEssentials
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// Who reads a lake's files as they lie, past the engine that hides rows and columns.
extension CloudState {
    /// Whether Lake Formation lets the caller read an object, or list a prefix, of another account's bucket.
    ///
    /// Below a location that the account has registered, its policies alone open nothing: the caller also
    /// needs a table there of which it was granted everything. Stricter than AWS, where whoever has S3 rights
    /// by a policy reads past every filter. A listing that reaches a registered location from above is refused,
    /// since keys are data.
    ///
    /// Files of no table are read by whoever has a data grant of them. Those of a table no data grant opens by
    /// itself, wherever they lie: it stands beside the filters of the contract that it is of.
    ///
    /// - Parameters:
    ///   - path: The prefix, or the object's key and a slash: whoever lists a folder asks first whether there is
    ///     an object of its name.
    ///   - isShared: Whether a data grant alone lets the caller in, and no policy of the bucket.
    func mayReadFiles(
        at path: String, in bucket: Bucket, _ caller: Caller, isShared: Bool, at now: Date
    ) -> Bool {
        let owner = bucket.account
        guard !caller.belongs(to: owner) else { return true }
        let registered = governance.locations[owner] ?? [:]
        let folders = LakeLocation.folders(above: path, in: bucket.name)
        if !isShared, !folders.contains(where: { registered[$0.arn] != nil }) {
            let beginning = ARN.s3(bucket: bucket.name.rawValue, key: path).description
            return !registered.keys.contains { "\($0)/".hasPrefix(beginning) }
        }
        let tables = folders.flatMap { folder in
            catalogue.tables(at: folder).filter { $0.catalog == owner }
        }
        if tables.contains(where: { isGrantedWhole($0, to: caller, at: now) }) { return true }
        // Files of no table are what a data grant says.
        guard tables.isEmpty else { return false }
        let isGiven = exchange.shares(of: bucket, with: caller.account, at: now).contains {
            $0.access.closeness(toFolder: path) != nil
                || $0.access.keys.contains { path.hasSameBytes(as: $0 + "/") }
        }
        return isGiven && !catalogue.hasTable(of: owner, below: path, in: bucket.name)
    }

    func isGrantedWhole(_ table: TableID, to caller: Caller, at now: Date) -> Bool {
        let columns = (catalogue[table]?.allColumns ?? []).map(\.name)
        return access(of: caller, to: table, columns: columns, at: now)?.isWhole(columns) ?? false
    }

    /// Where the files of a table are, for a caller that may have them all.
    ///
    /// - Throws: In Lake Formation's words: there is no such table, or not for this caller; something of it
    ///   is hidden from the caller; its account does not hand out files.
    func filesToLend(
        of table: TableID, to caller: Caller, at now: Date
    ) throws(AWSError) -> S3URL {
        let definition = catalogue[table]
        let columns = (definition?.allColumns ?? []).map(\.name)
        guard let definition,
            let access = access(of: caller, to: table, columns: columns, at: now)
        else { throw .lakeAccessDenied }
        guard access.isWhole(columns) else { throw .somethingHidden(of: table) }
        guard governance.settings[table.catalog]?.allowFullTableExternalDataAccess == true else {
            throw .filesNotLent(by: table.catalog)
        }
        guard let location = definition.storageDescriptor?.location,
            governance.isRegistered(location, in: table.catalog),
            let folder = S3URL(location)?.folder,
            let name = BucketName(rawValue: folder.bucket),
            storage.buckets[name]?.account == table.catalog
        else {
            throw .lakeInvalidInput(
                "The location of \(table.name) is not registered with Lake Formation in its account."
            )
        }
        return folder
    }

    /// Whether a session that was lent a table's files still has them.
    func stillLends(_ lent: LentFiles, to caller: Caller, at now: Date) -> Bool {
        guard let folder = try? filesToLend(of: lent.table, to: caller, at: now) else {
            return false
        }
        return folder.bucket == lent.folder.bucket && lent.folder.key.hasPrefix(folder.key)
    }
}

/// The files of one table that a session reads, and nothing else does it do.
struct LentFiles: Hashable, Codable, Sendable {
    var table: TableID
    /// Of the table, or a part of it.
    var folder: S3URL

    /// What the session may do.
    var policy: PolicyDocument {
        let bucket = PolicyDocument.Statement.pattern(exactly: folder.bucket)
        let key = PolicyDocument.Statement.pattern(exactly: folder.key)
        let name = key.hasSuffix("/") ? String(key.dropLast()) : key
        return PolicyDocument([
            .init(
                .allow, actions: ["s3:GetObject"],
                resources: ["arn:aws:s3:::\(bucket)/\(key)*", "arn:aws:s3:::\(bucket)/\(name)"]),
            .init(
                .allow, actions: ["s3:ListBucket"], resources: ["arn:aws:s3:::\(bucket)"],
                conditions: [.init("StringLike", "s3:prefix", ["\(key)*"])]),
            .init(
                .allow, actions: ["s3:GetBucketLocation"], resources: ["arn:aws:s3:::\(bucket)"]),
        ])
    }
}

extension LakeLocation {
    /// The folders in which keys that begin so are, from the innermost to the bucket. Those that cannot be
    /// registered, by their names, are left out.
    static func folders(above path: String, in bucket: BucketName) -> [LakeLocation] {
        var folders: [LakeLocation] = []
        var rest = "\(bucket.rawValue)/\(path)"[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            if let folder = LakeLocation(uri: "s3://\(rest)") { folders.append(folder) }
        }
        return folders
    }
}

extension AWSError {
    /// To an engine that would have to hide something of a table by itself.
    static func somethingHidden(of table: TableID) -> AWSError {
        AWSError(
            "PermissionTypeMismatchException",
            "Some rows or columns of \(table.database).\(table.name) are hidden from the requester: ask "
                + "Athena, which shows what was granted.")
    }

    fileprivate static func filesNotLent(by account: AccountID) -> AWSError {
        .accessDenied(
            .lakeFormation,
            "Account \(account) does not hand out credentials for whole tables: its data lake settings "
                + "have AllowFullTableExternalDataAccess off.")
    }
}
