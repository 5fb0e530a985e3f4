import AWSAPI
import GlueAPI
import HashTreeCollections

/// What an explanation is asked of.
enum ExplainedResource: CustomStringConvertible {
    case table(TableID, Glue.Table)
    case database(DatabaseID)
    /// An object, or what lies under a prefix; an empty key for the whole bucket.
    case objects(Bucket, key: String)
    /// As its owner has it.
    case dataSet(DataSetRow)

    /// - Parameters:
    ///   - text: `database.table`, `database`, `s3://bucket/key`, a data set's id, or the ARN of one of them.
    ///   - exchange: In whose catalogue names are looked up.
    ///   - reader: In whose catalogue they are looked up next, where links count.
    /// - Throws: `ResourceNotFoundException`, `ValidationException`.
    init(
        _ text: String, in current: CloudState, exchange: AccountID, reader: AccountID
    ) throws(AWSError) {
        if let url = S3URL(text) {
            self = try Self.objects(url, current)
        } else if text.hasPrefix("arn:") {
            self = try Self.named(text, current)
        } else if let found = Self.dataSet(text, current) {
            self = found
        } else if current.catalogue[DatabaseID(catalog: exchange, name: text.lowercased())] != nil {
            self = .database(DatabaseID(catalog: exchange, name: text.lowercased()))
        } else {
            self = try Self.catalogued(text, current, exchange, reader)
        }
    }

    private static func objects(
        _ url: S3URL, _ current: CloudState
    ) throws(AWSError) -> ExplainedResource {
        guard let bucket = BucketName(rawValue: url.bucket).flatMap({ current.storage.buckets[$0] })
        else { throw .nothingToExplain("There is no bucket \(url.bucket); see: aws s3 ls") }
        return .objects(bucket, key: url.key)
    }

    private static func dataSet(_ id: String, _ current: CloudState) -> ExplainedResource? {
        guard let id = ExchangeID(rawValue: id) else { return nil }
        if let row = current.exchange.dataSets[id] { return .dataSet(row) }
        return current.exchange.grants.values.first { $0.entitledDataSet == id }
            .flatMap { current.exchange.dataSets[$0.sourceDataSet] }.map(dataSet)
    }

    private static func catalogued(
        _ text: String, _ current: CloudState, _ exchange: AccountID, _ reader: AccountID
    ) throws(AWSError) -> ExplainedResource {
        let parts = text.lowercased().split(separator: ".", maxSplits: 1).map(String.init)
        guard let name = parts.first else { throw .noResource(text) }
        let own = DatabaseID(catalog: reader, name: name)
        guard parts.count == 2 else {
            if let database = current.catalogue.following(own) { return .database(database) }
            throw .noResource(text)
        }
        for account in [exchange, reader] {
            if let (id, table) = current.catalogue.resolve(
                database: name, table: parts[1], for: account)
            {
                return .table(id, table)
            }
        }
        let database = DatabaseID(catalog: exchange, name: name)
        guard current.catalogue[database] != nil || current.catalogue[own] != nil else {
            throw .nothingToExplain(
                "There is no database \(name); see: aws glue get-databases")
        }
        throw .nothingToExplain(
            "There is no table \(parts[1]) in \(name); see: aws glue get-tables --database-name "
                + name)
    }

    private static func named(
        _ text: String, _ current: CloudState
    ) throws(AWSError) -> ExplainedResource {
        guard let arn = ARN(text) else { throw .noResource(text) }
        let parts = arn.resource.split(separator: "/").map(String.init)
        let catalog = AccountID(rawValue: arn.account)
        switch (arn.service, parts.first, parts.count) {
        case ("s3", _?, _):
            guard let url = S3URL("s3://" + arn.resource) else { throw .noResource(text) }
            return try objects(url, current)
        case ("glue", "database", 2):
            let id = catalog.map { DatabaseID(catalog: $0, name: parts[1].lowercased()) }
            if let id, current.catalogue[id] != nil { return .database(id) }
        case ("glue", "table", 3):
            let id = catalog.map {
                DatabaseID(catalog: $0, name: parts[1].lowercased()).table(parts[2].lowercased())
            }
            if let id, let table = current.catalogue[id] { return .table(id, table) }
        case ("dataexchange", "data-sets", 2...):
            if let found = dataSet(parts[1], current) { return found }
        default: throw .noResource(text)
        }
        throw .nothingToExplain("There is nothing that is called \(text).")
    }

    var description: String {
        switch self {
        case .table(let id, _): "\(id.database).\(id.name)"
        case .database(let id): id.name
        case .objects(let bucket, let key): "\(S3URL(bucket: bucket.name.rawValue, key: key))"
        case .dataSet(let row): row.id.rawValue
        }
    }
}

extension AWSError {
    fileprivate static func nothingToExplain(_ message: String) -> AWSError {
        AWSError("ResourceNotFoundException", status: 404, message)
    }

    fileprivate static func noResource(_ text: String) -> AWSError {
        validation(
            "\(text) names nothing here. Resource is DATABASE.TABLE, DATABASE, s3://BUCKET/PREFIX, a data "
                + "set's id, or the ARN of one of them.")
    }
}
