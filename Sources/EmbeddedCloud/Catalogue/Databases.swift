import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// The databases of the catalogue, and links to databases of other accounts.
struct Databases: Sendable {
    /// Databases or tables in one answer.
    static let pageMax = 100

    let state: StateStore
    let region: String

    var handlers: [Handler] {
        [
            Handler(createDatabase), Handler(getDatabase), Handler(getDatabases),
            Handler(deleteDatabase), Handler(updateDatabase),
        ]
    }

    @Sendable func createDatabase(
        _ operation: Glue.CreateDatabase, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.ownCatalog(operation.catalogId, toChange: "Create Database")
        let input = operation.databaseInput
        let name = try CatalogueName.new(input.name, "DatabaseInput.Name")
        let link = try input.targetDatabase.map { try linked($0, catalog) }
        guard input.federatedDatabase == nil else {
            throw AWSError.glueInvalidInput("A federated database is not offered here.")
        }
        let id = DatabaseID(catalog: catalog, name: name)
        try await state.change(recording: request.event) { db, state in
            guard state.catalogue[id] == nil else { throw AWSError.databaseExists(name) }
            let settings = state.governance.settings[catalog]
            let definition = Glue.Database(
                name: name, description: input.description, locationUri: input.locationUri,
                parameters: input.parameters, createTime: request.time,
                createTableDefaultPermissions: input.createTableDefaultPermissions
                    ?? settings?.createTableDefaultPermissions.map(PrincipalPermissions.glue) ?? [],
                targetDatabase: link, catalogId: catalog.rawValue)
            let database = CatalogueState.Database(
                definition: definition, createdBy: request.caller.principal.description)
            try DatabaseRow(
                catalog: catalog, name: name, createdBy: database.createdBy,
                definition: definition.json
            ).insert(db)
            state.catalogue[id] = database
            try state.governance.grant(
                settings?.createDatabaseDefaultPermissions ?? [], on: .database(id),
                for: request, in: db)
        }
        return .init()
    }

    @Sendable func updateDatabase(
        _ operation: Glue.UpdateDatabase, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.ownCatalog(operation.catalogId, toChange: "Alter")
        let input = operation.databaseInput
        guard input.name.lowercased() == operation.name.lowercased() else {
            throw AWSError.glueInvalidInput("A database's name cannot be changed.")
        }
        let link = try input.targetDatabase.map { try linked($0, catalog) }
        let id = DatabaseID(catalog: catalog, name: operation.name.lowercased())
        try await state.change(recording: request.event) { db, state in
            guard var database = state.catalogue[id] else {
                throw AWSError.databaseNotFound(operation.name)
            }
            var definition = database.definition
            definition.description = input.description
            definition.locationUri = input.locationUri
            definition.parameters = input.parameters
            if let defaults = input.createTableDefaultPermissions {
                definition.createTableDefaultPermissions = defaults
            }
            guard (definition.targetDatabase == nil) == (link == nil) else {
                throw AWSError.glueInvalidInput("A database does not become a link, or a link one.")
            }
            definition.targetDatabase = link
            database.definition = definition
            try DatabaseRow(
                catalog: catalog, name: id.name, createdBy: database.createdBy,
                definition: definition.json
            ).update(db)
            state.catalogue[id] = database
            state.governance.changed()
        }
        return .init()
    }

    /// What the link names need not exist, and whether it does is not said.
    private func linked(
        _ target: Glue.DatabaseIdentifier, _ catalog: AccountID
    ) throws(AWSError) -> Glue.DatabaseIdentifier {
        let target = Glue.DatabaseIdentifier(
            catalogId: target.catalogId ?? catalog.rawValue, databaseName: target.databaseName,
            region: target.region)
        guard DatabaseID(target) != nil, target.region ?? region == region else {
            throw .glueInvalidInput(
                "TargetDatabase must name an account and a database of region \(region).")
        }
        return target
    }

    @Sendable func getDatabase(
        _ operation: Glue.GetDatabase, _ request: Request
    ) async throws -> Glue.GetDatabase.Response {
        let id = DatabaseID(
            catalog: try request.catalog(operation.catalogId), name: operation.name.lowercased())
        guard let database = state.current.database(id, seenBy: request.caller, at: request.time)
        else {
            throw AWSError.databaseNotFound(operation.name)
        }
        return .init(database: database)
    }

    @Sendable func getDatabases(
        _ operation: Glue.GetDatabases, _ request: Request
    ) async throws -> Glue.GetDatabases.Response {
        let catalog = try request.catalog(operation.catalogId)
        let state = state.current
        let own = state.databases(of: catalog, seenBy: request.caller, at: request.time)
        let databases =
            switch operation.resourceShareType {
            case nil: own
            case .foreign: state.foreignDatabases(seenBy: request.caller, at: request.time)
            case .all: own + state.foreignDatabases(seenBy: request.caller, at: request.time)
            default: [Glue.Database]()
            }
        let listed = databases.map { ("\($0.name)/\($0.catalogId ?? "")", $0) }
            .sorted { $0.0 < $1.0 }
        guard
            let page = Page(
                of: listed, by: \.0, after: operation.nextToken,
                limit: try Self.limit(operation.maxResults))
        else { throw AWSError.unknownNextToken }
        return .init(databaseList: page.items.map(\.1), nextToken: page.nextToken)
    }

    static func limit(_ asked: Int?) throws(AWSError) -> Int {
        guard let asked else { return pageMax }
        guard (1...pageMax).contains(asked) else {
            throw .glueInvalidInput("MaxResults must be 1 to \(pageMax).")
        }
        return asked
    }

    /// Takes the tables with it, and what was granted on all of them.
    @Sendable func deleteDatabase(
        _ operation: Glue.DeleteDatabase, _ request: Request
    ) async throws -> EmptyResponse {
        let id = DatabaseID(
            catalog: try request.ownCatalog(operation.catalogId, toChange: "Drop"),
            name: operation.name.lowercased())
        try await state.change(recording: request.event) { db, state in
            guard state.catalogue[id] != nil else { throw AWSError.databaseNotFound(id.name) }
            for table in state.catalogue.tables(of: id) {
                try state.governance.forget(.table(table), in: db)
            }
            try state.governance.forget(.tables(id), in: db)
            try state.governance.forget(.database(id), in: db)
            try TagRow.forget(id, in: region, db)
            try DatabaseRow.deleteOne(
                db, key: ["catalog": id.catalog.rawValue, "name": id.name])
            state.catalogue[id] = nil
        }
        return .init()
    }
}
