import AWSAPI

/// What a statement asks for.
///
/// A question goes to the engine's own parser as it stands. The few others that Athena's users send are
/// known by their first words, and the SELECT inside goes the same way as a question.
enum AthenaStatement: Equatable, Sendable {
    /// A SELECT, and what is read like one.
    case question
    case explain(Question)
    case show(Shown)
    case createDatabase(name: String, comment: String?, location: String?, ifNotExists: Bool)
    case dropDatabase(name: String, ifExists: Bool, cascade: Bool)
    case dropTable(QualifiedName, ifExists: Bool, isView: Bool)
    case createView(QualifiedName, Question, orReplace: Bool)
    case createTableAs(QualifiedName, Question, [String: Property], ifNotExists: Bool)
    case createExternalTable(QualifiedName, ExternalTable, ifNotExists: Bool)
    case insert(QualifiedName, columns: [String], Question)
    case unload(Question, to: String, [String: Property])
    case repairTable(QualifiedName)
    case prepare(name: String, Question)
    case deallocate(name: String)
    case execute(name: String, parameters: [String])

    /// A SELECT inside a statement.
    struct Question: Equatable, Sendable {
        /// The statement with blanks in place of everything else, so that places in it stay what they are.
        var text: String
    }

    struct QualifiedName: Equatable, Sendable {
        var database: String?
        var name: String
        /// Bytes from the statement's start.
        var position: Int

        var written: String { database.map { "\($0).\(name)" } ?? name }
    }

    /// A table over files that are there.
    struct ExternalTable: Equatable, Sendable {
        struct Column: Equatable, Sendable {
            var name: String
            var type: String
            var comment: String?
        }

        var columns: [Column] = []
        var partitionKeys: [Column] = []
        var comment: String?
        var location: String?
        /// `parquet`, where no classes are named.
        var format: String?
        var serde: String?
        var serdeProperties: [String: String] = [:]
        var inputFormat: String?
        var outputFormat: String?
        var properties: [String: String] = [:]
    }

    enum Shown: Equatable, Sendable {
        case databases(like: String?)
        case tables(database: String?, like: String?)
        case views(database: String?, like: String?)
        case columns(QualifiedName)
        case partitions(QualifiedName)
        case creation(QualifiedName)
        case properties(QualifiedName)
        case description(QualifiedName)
    }

    /// The value of a property in `WITH (...)`.
    enum Property: Equatable, Sendable {
        case text(String)
        case list([String])
    }

    /// Athena's words for what kind of statement it is.
    ///
    /// Source: Amazon Athena API Reference, QueryExecution, `StatementType` and `SubstatementType`.
    var kind: (type: String, substatement: String) {
        switch self {
        case .question: ("DML", "SELECT")
        case .explain: ("UTILITY", "EXPLAIN")
        case .show(.databases): ("UTILITY", "SHOW_DATABASES")
        case .show(.tables): ("UTILITY", "SHOW_TABLES")
        case .show(.views): ("UTILITY", "SHOW_VIEWS")
        case .show(.columns): ("UTILITY", "SHOW_COLUMNS")
        case .show(.partitions): ("UTILITY", "SHOW_PARTITIONS")
        case .show(.creation): ("UTILITY", "SHOW_CREATE_TABLE")
        case .show(.properties): ("UTILITY", "SHOW_TBLPROPERTIES")
        case .show(.description): ("UTILITY", "DESCRIBE_TABLE")
        case .createDatabase: ("DDL", "CREATE_DATABASE")
        case .dropDatabase: ("DDL", "DROP_DATABASE")
        case .dropTable(_, _, let isView): ("DDL", isView ? "DROP_VIEW" : "DROP_TABLE")
        case .createView: ("DDL", "CREATE_VIEW")
        case .createTableAs: ("DDL", "CREATE_TABLE_AS_SELECT")
        case .createExternalTable: ("DDL", "CREATE_TABLE")
        case .insert: ("DML", "INSERT")
        case .unload: ("DML", "UNLOAD")
        case .repairTable: ("DDL", "MSCK_REPAIR_TABLE")
        case .prepare: ("UTILITY", "PREPARE")
        case .deallocate: ("UTILITY", "DEALLOCATE_PREPARE")
        // Of what was prepared it is said when it is known.
        case .execute: ("DML", "SELECT")
        }
    }

    /// What its result is called below the output location.
    func resultName(_ id: String) -> String {
        switch self {
        case .question: "\(id).csv"
        case .createTableAs: "tables/\(id)"
        case .insert, .unload: id
        default: "\(id).txt"
        }
    }
}

extension AthenaStatement {
    /// - Throws: ``QueryFault`` with the place of what is not understood.
    init(reading text: String) throws(QueryFault) {
        guard let tokens = SQLToken.all(in: text) else {
            // The engine's parser says where.
            self = .question
            return
        }
        var reader = StatementReader(text, tokens)
        self = try reader.statement()
    }
}
