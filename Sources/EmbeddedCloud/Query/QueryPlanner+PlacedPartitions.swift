import AWSAPI
import GlueAPI
import Ledger

extension QueryPlanner {
    /// Partitions of one question that lie where the catalogue says: each is looked up by itself.
    static let placedPartitionsMax = 1_000

    /// The files of a table of which some partitions lie elsewhere than their values say. Then it has those
    /// partitions that the catalogue has, as in Athena, and its folder says nothing.
    func placedFiles(
        of id: TableID, _ table: Glue.Table, _ scan: GovernedScan, for reader: AccountID,
        before publishing: ExchangeID?
    ) async throws -> TableFiles {
        let keys = (table.partitionKeys ?? []).map { $0.name.lowercased() }
        let places = try await state.ledger.read { db in try PartitionRow.locations(of: id, in: db)
        }
        let all = places.filter { $0.values.count == keys.count }.map { place in
            var values: [String: String?] = [:]
            for (key, value) in zip(keys, place.values) {
                values.updateValue(value == HivePartition.null ? nil : value, forKey: key)
            }
            return TableFiles.File(folder: place.location, values)
        }
        let wanted = try await scan.visible(scan.prune(all), by: engine)
        guard wanted.count <= Self.placedPartitionsMax else {
            throw QueryFault(
                "HIVE_EXCEEDED_PARTITION_LIMIT",
                "The question may need \(Self.placedPartitionsMax) partitions that lie in places of their own: "
                    + "say which in WHERE")
        }
        // What keys say of partitions is not what these files are in.
        let predicates = scan.prunePredicates.filter { $0.place == .file }
        var found = TableFiles(files: [], directories: [])
        for partition in wanted {
            guard let location = S3URL(partition.key) else { continue }
            var files = try await lake.files(
                at: location, of: id.catalog, for: reader, where: predicates,
                before: publishing)
            for place in files.files.indices { files.files[place].placed = partition.placed }
            found.files += files.files
            found.directories.formUnion(files.directories)
        }
        return found
    }
}

extension TableFiles.File {
    /// A partition before its files are known, to be asked for its values as they are.
    fileprivate init(folder: S3URL, _ values: [String: String?]) {
        self.init(
            path: "", identity: FileIdentity(device: 0, inode: 0, size: 0, modified: 0, changed: 0),
            key: folder.description, guarantee: .detection, placed: values)
    }
}
