import AWSAPI
import BourseAPI
import FoundationEssentials
import GlueAPI

/// Tables proposed from what lies in a bucket.
struct TableInference: Sendable {
    /// Files whose footers are read, of more.
    static let footersMax = 1_000
    private static let pageMax = 1_000

    let objects: ObjectStore
    let footers = FooterReader()

    var handlers: [Handler] { [Handler(inferTable)] }

    @Sendable func inferTable(
        _ operation: Bourse.InferTable, _ request: Request
    ) async throws -> Bourse.InferredTable {
        let place = S3URL(bucket: operation.bucket, key: operation.prefix).folder
        guard let bucket = objects.bucket(named: place.bucket), bucket.account == request.account
        else { throw AWSError.noSuchBucket(operation.bucket) }
        try request.authorize("s3:ListBucket", .s3(bucket: place.bucket))
        try request.authorize("s3:GetObject", .s3(bucket: place.bucket, key: place.key + "*"))
        let name = try CatalogueName.new(
            operation.tableName ?? Self.name(after: place), "TableName")
        let listed = try await refusing { try await list(bucket, at: place) }
        return try await infer(name, from: listed, at: place)
    }

    private func infer(
        _ name: String, from listed: [StoredObject], at place: S3URL
    ) async throws -> Bourse.InferredTable {
        var skipped = SkipList()
        let data = listed.filter { TableFiles.isData(key: $0.key, size: $0.size) }
        let parquet = await footers.parquet(among: data)
        let known = Set(parquet.map(\.key))
        for file in listed where !known.contains(file.key) {
            let isData = TableFiles.isData(key: file.key, size: file.size)
            skipped.add(file.key, isData ? .otherFormat : .hidden)
        }
        let layout = try PartitionLayout(of: parquet.map(\.key), below: place.key)
        var union = SchemaUnion()
        var (rows, read) = (0, 0)
        for file in Self.sample(of: parquet) {
            try Task.checkCancellation()
            guard let footer = try await footers.footer(of: file) else {
                skipped.add(file.key, .unreadable)
                continue
            }
            union.add(footer)
            rows += footer.rows
            read += 1
        }
        guard read > 0 else { throw AWSError.noParquet(at: place, skipped.all) }
        let (columns, differences) = union.table(besides: layout.keys.map(\.name))
        let storage = Glue.StorageDescriptor(
            columns: columns, location: place.description, inputFormat: TableFormat.parquet.input,
            outputFormat: TableFormat.parquet.output,
            serdeInfo: .init(serializationLibrary: TableFormat.parquet.serde))
        return .init(
            tableInput: .init(
                name: name, storageDescriptor: storage, partitionKeys: layout.keys,
                tableType: "EXTERNAL_TABLE",
                parameters: ["EXTERNAL": "TRUE", "classification": "parquet"]),
            files: parquet.count, bytes: parquet.reduce(0) { $0 + $1.size }, filesRead: read,
            rows: rows, skipped: skipped.all, differences: differences)
    }

    private func list(_ bucket: Bucket, at place: S3URL) async throws -> [StoredObject] {
        var found: [StoredObject] = []
        while true {
            let page = try await objects.list(
                bucket, prefix: place.key, after: found.last?.key, max: Self.pageMax)
            found += page
            guard page.count == Self.pageMax else { return found }
            guard found.count < LakeReader.liveFilesMax else {
                throw AWSError.validation(
                    "There are more than \(LakeReader.liveFilesMax) files below \(place). Name a folder "
                        + "with fewer.")
            }
        }
    }

    /// All of them, or some that are evenly spread, the first and the last among them.
    static func sample<File>(of files: [File], max: Int = footersMax) -> [File] {
        guard files.count > max else { return files }
        return (0..<max).map { files[$0 * (files.count - 1) / (max - 1)] }
    }

    /// `gold/ESG-Insights/year=2024/` is called `esg_insights`.
    static func name(after place: S3URL) -> String {
        let folders = ([place.bucket] + place.key.split(separator: "/").map(String.init))
            .filter { !$0.contains("=") }
        let name = (folders.last ?? place.bucket).lowercased()
        return String(
            name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}

/// What lies beside the files of a table, by the reason for which it says nothing of it.
private struct SkipList {
    enum Reason: String, CaseIterable {
        case hidden = "not data: its name begins with a dot or an underscore, or it is empty"
        case otherFormat = "not Parquet: while it lies there, queries of the table fail"
        case unreadable =
            "Parquet without a footer that can be read: while it lies there, queries of the table fail"
    }

    private var files: [Reason: (count: Int, first: String)] = [:]

    mutating func add(_ key: String, _ reason: Reason) {
        files[reason, default: (0, key)].count += 1
    }

    var all: [Bourse.SkippedFiles] {
        Reason.allCases.compactMap { reason in
            files[reason].map {
                .init(reason: reason.rawValue, files: $0.count, example: $0.first)
            }
        }
    }
}

extension AWSError {
    fileprivate static func noParquet(
        at place: S3URL, _ skipped: [Bourse.SkippedFiles]
    ) -> AWSError {
        let others = skipped.map { "\($0.files) are \($0.reason) (\($0.example))" }
        return validation(
            "There is no Parquet file to read below \(place): "
                + (others.isEmpty ? "there is nothing" : others.joined(separator: "; "))
                + ". Name the folder that has the table's files.")
    }
}
