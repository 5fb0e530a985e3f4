import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// Athena's operations on statements that are kept by name, to be run with EXECUTE.
struct PreparedStatements: Sendable {
    static let perWorkGroupMax = 1_000
    static let pageMax = 50

    let state: StateStore

    var handlers: [Handler] {
        [Handler(create), Handler(get), Handler(list), Handler(update), Handler(delete)]
    }

    @Sendable func create(
        _ operation: Athena.CreatePreparedStatement, _ request: Request
    ) async throws -> Athena.CreatePreparedStatement.Response {
        let name = operation.statementName
        guard (1...256).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else {
            throw AWSError.athenaInvalidRequest(
                "StatementName must have 1 to 256 of the characters a-z A-Z 0-9 _ @ :")
        }
        try check(operation.queryStatement, in: operation.workGroup, request)
        let row = PreparedStatementRow(
            account: request.account, workGroup: operation.workGroup, name: name,
            statement: operation.queryStatement, description: operation.description,
            modifiedAt: request.time)
        try await state.change(recording: request.event) { db, _ in
            guard try !row.exists(db) else {
                throw AWSError.athenaInvalidRequest("Prepared statement \(name) already exists.")
            }
            let count = try PreparedStatementRow.all(in: row.workGroup, of: row.account)
                .fetchCount(db)
            guard count < Self.perWorkGroupMax else {
                throw AWSError.athenaInvalidRequest(
                    "A work group can have \(Self.perWorkGroupMax) prepared statements.")
            }
            try row.insert(db)
        }
        return .init()
    }

    @Sendable func get(
        _ operation: Athena.GetPreparedStatement, _ request: Request
    ) async throws -> Athena.GetPreparedStatement.Response {
        let row = try await state.ledger.read { db in
            try PreparedStatementRow.find(
                operation.statementName, in: operation.workGroup, of: request.account, db)
        }
        guard let row else { throw AWSError.preparedStatementNotFound(operation.statementName) }
        return .init(
            preparedStatement: .init(
                statementName: row.name, queryStatement: row.statement,
                workGroupName: row.workGroup, description: row.description,
                lastModifiedTime: row.modifiedAt))
    }

    @Sendable func list(
        _ operation: Athena.ListPreparedStatements, _ request: Request
    ) async throws -> Athena.ListPreparedStatements.Response {
        let rows = try await state.ledger.read { db in
            try PreparedStatementRow.all(in: operation.workGroup, of: request.account)
                .order(Column("name")).fetchAll(db)
        }
        guard
            let page = Page(
                of: rows, by: \.name, after: operation.nextToken,
                limit: try AthenaPage.limit(operation.maxResults, max: Self.pageMax))
        else { throw AWSError.athenaInvalidRequest("NextToken is not one that was given out.") }
        return .init(
            preparedStatements: page.items.map {
                .init(statementName: $0.name, lastModifiedTime: $0.modifiedAt)
            }, nextToken: page.nextToken)
    }

    @Sendable func update(
        _ operation: Athena.UpdatePreparedStatement, _ request: Request
    ) async throws -> Athena.UpdatePreparedStatement.Response {
        try check(operation.queryStatement, in: operation.workGroup, request)
        try await state.change(recording: request.event) { db, _ in
            guard
                var row = try PreparedStatementRow.find(
                    operation.statementName, in: operation.workGroup, of: request.account, db)
            else { throw AWSError.preparedStatementNotFound(operation.statementName) }
            row.statement = operation.queryStatement
            row.description = operation.description ?? row.description
            row.modifiedAt = request.time
            try row.update(db)
        }
        return .init()
    }

    @Sendable func delete(
        _ operation: Athena.DeletePreparedStatement, _ request: Request
    ) async throws -> Athena.DeletePreparedStatement.Response {
        try await state.change(recording: request.event) { db, _ in
            let row = try PreparedStatementRow.find(
                operation.statementName, in: operation.workGroup, of: request.account, db)
            guard let row else {
                throw AWSError.preparedStatementNotFound(operation.statementName)
            }
            try row.delete(db)
        }
        return .init()
    }

    private func check(
        _ statement: String, in workGroup: String, _ request: Request
    ) throws(AWSError) {
        guard state.current.workGroups[request.account, workGroup] != nil else {
            throw .workGroupNotFound(workGroup)
        }
        guard (1...Queries.queryBytesMax).contains(statement.utf8.count) else {
            throw .athenaInvalidRequest(
                "QueryStatement must have 1 to \(Queries.queryBytesMax) bytes.")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "@"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}

extension AWSError {
    static func preparedStatementNotFound(_ name: String) -> AWSError {
        AWSError("ResourceNotFoundException", "PreparedStatement \(name) was not found.")
    }
}

struct PreparedStatementRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "preparedStatement"
    static let migration = Migration(
        "2-prepared-statements",
        """
        CREATE TABLE preparedStatement (
            account TEXT NOT NULL,
            workGroup TEXT NOT NULL,
            name TEXT NOT NULL,
            statement TEXT NOT NULL,
            description TEXT,
            modifiedAt TEXT NOT NULL,
            PRIMARY KEY (account, workGroup, name)
        ) STRICT, WITHOUT ROWID;
        """)

    var account: AccountID
    var workGroup: String
    var name: String
    var statement: String
    var description: String?
    var modifiedAt: Date

    static func all(
        in workGroup: String, of account: AccountID
    ) -> QueryInterfaceRequest<PreparedStatementRow> {
        filter(Column("account") == account.rawValue && Column("workGroup") == workGroup)
    }

    static func find(
        _ name: String, in workGroup: String, of account: AccountID, _ db: Database
    ) throws -> PreparedStatementRow? {
        try all(in: workGroup, of: account).filter(Column("name") == name).fetchOne(db)
    }
}
