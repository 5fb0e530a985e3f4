import AWSAPI
import GRDB
import GlueAPI
import Ledger

/// The tags of databases and tables. Nothing is decided by them.
struct CatalogueTags: Sendable {
    let state: StateStore

    var handlers: [Handler] { [Handler(get), Handler(tag), Handler(untag)] }

    @Sendable func get(
        _ operation: Glue.GetTags, _ request: Request
    ) async throws -> Glue.GetTags.Response {
        let arn = operation.resourceArn
        try check(arn, request)
        return .init(tags: try await state.ledger.read { db in try TagRow.tags(of: arn, db) })
    }

    @Sendable func tag(
        _ operation: Glue.TagResource, _ request: Request
    ) async throws -> Glue.TagResource.Response {
        let arn = operation.resourceArn
        try check(arn, request)
        try await state.change(recording: request.event) { db, _ in
            guard try TagRow.add(operation.tagsToAdd, to: arn, db) else {
                throw AWSError.glueInvalidInput(TagRow.limits)
            }
        }
        return .init()
    }

    @Sendable func untag(
        _ operation: Glue.UntagResource, _ request: Request
    ) async throws -> Glue.UntagResource.Response {
        let arn = operation.resourceArn
        try check(arn, request)
        try await state.change(recording: request.event) { db, _ in
            try TagRow.remove(operation.tagsToRemove, from: arn, db)
        }
        return .init()
    }

    /// `arn:aws:glue:REGION:ACCOUNT:database/NAME` or `…:table/DATABASE/NAME`, of the caller's own catalogue.
    private func check(_ text: String, _ request: Request) throws(AWSError) {
        let state = state.current.catalogue
        let path = ARN(text)?.resource.split(separator: "/").map(String.init) ?? []
        guard let arn = ARN(text), arn.service == "glue",
            arn.account == request.account.rawValue
        else { throw .glueInvalidInput("\(text) is not the ARN of a database or table of yours.") }
        switch (path.first, path.count) {
        case ("database", 2):
            guard state[DatabaseID(catalog: request.account, name: path[1])] != nil else {
                throw .databaseNotFound(path[1])
            }
        case ("table", 3):
            guard state[DatabaseID(catalog: request.account, name: path[1]).table(path[2])] != nil
            else { throw .tableNotFound(path[2]) }
        default:
            throw .glueInvalidInput("Only databases and tables have tags here, not \(text).")
        }
    }
}

extension TagRow {
    /// What is made later under the same name begins without.
    static func forget(_ table: TableID, in region: String, _ db: Database) throws {
        try forget(arn(table.databaseID, region, "table/", "/\(table.name)"), db)
    }

    /// With those of its tables.
    static func forget(_ database: DatabaseID, in region: String, _ db: Database) throws {
        try forget(arn(database, region, "database/", ""), db)
        let tables = arn(database, region, "table/", "/")
        try filter(Column("resource") > tables && Column("resource") < tables + "\u{10FFFF}")
            .deleteAll(db)
    }

    private static func arn(
        _ database: DatabaseID, _ region: String, _ kind: String, _ rest: String
    ) -> String {
        ARN(
            service: "glue", region: region, account: database.catalog.rawValue,
            resource: kind + database.name + rest
        ).description
    }
}
