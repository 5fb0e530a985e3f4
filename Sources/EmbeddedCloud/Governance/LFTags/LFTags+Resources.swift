import AWSAPI
import GRDB
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// What is tagged.
extension LFTags {
    /// Entries of one page of a search.
    static let searchPageMax = 100

    @Sendable func addLFTagsToResource(
        _ operation: LakeFormation.AddLFTagsToResource, _ request: Request
    ) async throws -> LakeFormation.AddLFTagsToResource.Response {
        let failures = try await assign(
            operation.lfTags, to: operation.resource, operation.catalogId, request
        ) { tag, assigned in assigned[tag.key] = tag.value }
        return .init(failures: failures)
    }

    @Sendable func removeLFTagsFromResource(
        _ operation: LakeFormation.RemoveLFTagsFromResource, _ request: Request
    ) async throws -> LakeFormation.RemoveLFTagsFromResource.Response {
        let failures = try await assign(
            operation.lfTags, to: operation.resource, operation.catalogId, request
        ) { tag, assigned in
            guard assigned[tag.key] == tag.value else {
                throw AWSError(
                    "EntityNotFoundException", "It is not tagged \(tag.key)=\(tag.value) itself.")
            }
            assigned[tag.key] = nil
        }
        return .init(failures: failures)
    }

    /// Changes the tags that a resource was given itself. Those that cannot be are named; the others are, all
    /// of them at once.
    private func assign(
        _ pairs: [LakeFormation.LFTagPair], to resource: LakeFormation.Resource,
        _ catalogID: String?, _ request: Request,
        _ change:
            @escaping @Sendable ((key: String, value: String), inout [String: String]) throws
            -> Void
    ) async throws -> [LakeFormation.LFTagError] {
        let catalog = try request.catalog(catalogID)
        guard (1...Self.assignedMax).contains(pairs.count) else {
            throw AWSError.lakeInvalidInput("LFTags must have 1 to \(Self.assignedMax) tags.")
        }
        let resources = try Self.taggable(resource, in: catalog)
        return try await state.change(recording: request.event) { db, state in
            try state.governance.checkAdministers(catalog, request.caller)
            let resources = try resources.map { try state.found($0) }
            return try pairs.compactMap { pair -> LakeFormation.LFTagError? in
                do {
                    let tag = try state.governance.tag(pair, in: catalog)
                    // A tag changes on all of the columns, or on none.
                    let changed = try resources.map { resource in
                        var assigned = state.governance.assigned(to: resource)
                        try change(tag, &assigned)
                        guard assigned.count <= Self.assignedMax else {
                            throw AWSError.tooMany("LF-Tags on a resource", Self.assignedMax)
                        }
                        return (resource, assigned)
                    }
                    for (resource, assigned) in changed {
                        try state.governance.assign(assigned, to: resource, in: db)
                    }
                    return nil
                } catch let error as AWSError {
                    return .init(
                        lfTag: pair,
                        error: .init(errorCode: error.code, errorMessage: error.message))
                }
            }
        }
    }

    @Sendable func getResourceLFTags(
        _ operation: LakeFormation.GetResourceLFTags, _ request: Request
    ) async throws -> LakeFormation.GetResourceLFTags.Response {
        let catalog = try request.catalog(operation.catalogId)
        let state = state.current
        try state.governance.checkSees(catalog, request.caller)
        let resources = try Self.taggable(operation.resource, in: catalog).map {
            try state.found($0)
        }
        let isAssignedOnly = operation.showAssignedLFTags ?? false
        switch resources[0] {
        case .database(let id):
            return .init(lfTagOnDatabase: state.governance.tags(of: id).pairs(in: catalog))
        case .table(let id):
            let own = state.governance.assigned(to: .table(id))
            let (columns, inherited) = (
                state.governance.columnTags(of: id), state.governance.tags(of: id)
            )
            return .init(
                lfTagOnDatabase: isAssignedOnly
                    ? nil : state.governance.tags(of: id.databaseID).pairs(in: catalog),
                lfTagsOnTable: (isAssignedOnly ? own : inherited).pairs(in: catalog),
                lfTagsOnColumns: columns.listed(in: catalog))
        case .column(let id, _):
            let names = resources.compactMap { resource in
                if case .column(_, let name) = resource { name } else { nil }
            }
            let inherited = isAssignedOnly ? [:] : state.governance.tags(of: id)
            let columns = names.map { name in
                let own = state.governance.assigned(to: .column(id, name))
                return (name, inherited.merging(own) { _, own in own })
            }
            return .init(
                lfTagOnDatabase: isAssignedOnly
                    ? nil : state.governance.tags(of: id.databaseID).pairs(in: catalog),
                lfTagsOnTable: isAssignedOnly ? nil : inherited.pairs(in: catalog),
                lfTagsOnColumns: Dictionary(uniqueKeysWithValues: columns).listed(in: catalog))
        }
    }

    @Sendable func searchTablesByLFTags(
        _ operation: LakeFormation.SearchTablesByLFTags, _ request: Request
    ) async throws -> LakeFormation.SearchTablesByLFTags.Response {
        let (catalog, policy) = try policy(
            .tables, operation.expression, operation.catalogId, request)
        let state = state.current
        let found = state.catalogue.databases(of: catalog)
            .filter { state.governance.tagged[$0] != nil }
            .flatMap { state.catalogue.tables(of: $0) }
            .filter { state.governance.columns(of: $0, meantBy: policy) != nil }
            .map { (key: "\($0.database)/\($0.name)", id: $0) }.sorted { $0.key < $1.key }
        let page = try Page(
            of: found, by: \.key, after: operation.nextToken, max: operation.maxResults,
            upTo: Self.searchPageMax)
        return .init(
            nextToken: page.nextToken,
            tableList: page.items.map { _, id in
                .init(
                    table: .init(
                        databaseName: id.database, catalogId: catalog.rawValue, name: id.name),
                    lfTagOnDatabase: state.governance.tags(of: id.databaseID).pairs(in: catalog),
                    lfTagsOnTable: state.governance.tags(of: id).pairs(in: catalog),
                    lfTagsOnColumns: state.governance.columnTags(of: id).listed(in: catalog))
            })
    }

    @Sendable func searchDatabasesByLFTags(
        _ operation: LakeFormation.SearchDatabasesByLFTags, _ request: Request
    ) async throws -> LakeFormation.SearchDatabasesByLFTags.Response {
        let (catalog, policy) = try policy(
            .databases, operation.expression, operation.catalogId, request)
        let state = state.current
        let found = state.catalogue.databases(of: catalog)
            .filter { state.governance.isMeant($0, by: policy) }.sorted { $0.name < $1.name }
        let page = try Page(
            of: found, by: \.name, after: operation.nextToken, max: operation.maxResults,
            upTo: Self.searchPageMax)
        return .init(
            nextToken: page.nextToken,
            databaseList: page.items.map { id in
                .init(
                    database: .init(name: id.name, catalogId: catalog.rawValue),
                    lfTags: state.governance.tags(of: id).pairs(in: catalog))
            })
    }

    private func policy(
        _ kind: TagPolicy.Kind, _ expression: [LakeFormation.LFTag], _ catalogID: String?,
        _ request: Request
    ) throws -> (AccountID, TagPolicy) {
        let catalog = try request.catalog(catalogID)
        let expression = try TagExpression(expression.map { ($0.tagKey, $0.tagValues) })
        try state.current.governance.checkSees(catalog, request.caller)
        return (catalog, TagPolicy(catalog: catalog, kind: kind, expression: expression))
    }

    /// The database, the table or the columns that are named: at least one, and all of a kind.
    private static func taggable(
        _ resource: LakeFormation.Resource, in catalog: AccountID
    ) throws(AWSError) -> [TaggableResource] {
        let named = try GrantResource(resource, in: catalog)
        guard named.subject.catalog == catalog else {
            throw .lakeInvalidInput("A tag and what is tagged are of one catalogue.")
        }
        switch (named.subject, named.part) {
        case (.database(let id), _): return [.database(id)]
        case (.table(let id), .whole) where resource.table != nil: return [.table(id)]
        case (.table(let id), .columns(.only(let names))):
            return names.sorted().map { .column(id, $0) }
        default:
            throw .lakeInvalidInput(
                "What is tagged is a Database, a Table by its Name, or a TableWithColumns by its "
                    + "ColumnNames.")
        }
    }
}

extension CloudState {
    /// The resource, spelt as the catalogue spells it.
    ///
    /// - Throws: `EntityNotFoundException`.
    fileprivate func found(_ resource: TaggableResource) throws(AWSError) -> TaggableResource {
        switch resource {
        case .database(let id):
            guard catalogue[id] != nil else { throw .databaseNotFound(id.name) }
            return resource
        case .table(let id):
            guard catalogue[id] != nil else { throw .tableNotFound(id.name) }
            return resource
        case .column(let id, let name):
            guard let table = catalogue[id] else { throw .tableNotFound(id.name) }
            let names = table.allColumns.map { $0.name.lowercased() }
            guard let column = names.first(where: { $0 == name }) else {
                throw AWSError("EntityNotFoundException", "Column \(name) not found.")
            }
            return .column(id, column)
        }
    }
}

extension GovernanceState {
    /// A tag of the catalogue's with one of its values.
    ///
    /// - Throws: `InvalidInputException`, `EntityNotFoundException`.
    fileprivate func tag(
        _ pair: LakeFormation.LFTagPair, in catalog: AccountID
    ) throws(AWSError) -> (key: String, value: String) {
        let values = try LFTags.values(pair.tagValues, "TagValues")
        guard values.count == 1, pair.catalogId ?? catalog.rawValue == catalog.rawValue else {
            throw .lakeInvalidInput(
                "A resource has one value of a tag, and the tag is of its own catalogue.")
        }
        let key = try LFTags.key(pair.tagKey)
        guard try self.values(of: key, in: catalog).contains(values[0]) else {
            throw .noSuchValue(values[0], of: key)
        }
        return (key, values[0])
    }

    fileprivate func columnTags(of table: TableID) -> [String: [String: String]] {
        tagged[table.databaseID]?.tables[table.name]?.columns ?? [:]
    }
}

extension [String: String] {
    /// Nil for none.
    fileprivate func pairs(in catalog: AccountID) -> [LakeFormation.LFTagPair]? {
        guard !isEmpty else { return nil }
        return sorted { $0.key < $1.key }.map { tag in
            .init(tagKey: tag.key, tagValues: [tag.value], catalogId: catalog.rawValue)
        }
    }
}

extension [String: [String: String]] {
    /// Nil for none.
    fileprivate func listed(in catalog: AccountID) -> [LakeFormation.ColumnLFTag]? {
        let columns = filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        guard !columns.isEmpty else { return nil }
        return columns.map { .init(name: $0.key, lfTags: $0.value.pairs(in: catalog)) }
    }
}
