import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// Word from the owner of a data set to those who receive it: that it is late, changed, about to change or to
/// end.
extension Broker {
    static let notificationCommentMax = 4_096
    static let schemaChangesMax = 100
    static let clientTokenLengths = 1...64
    /// Seconds for which a client token is known.
    static let clientTokenLifetime: TimeInterval = 86_400

    @Sendable func sendDataSetNotification(
        _ operation: DataExchange.SendDataSetNotification, _ request: Request
    ) async throws -> DataExchange.SendDataSetNotification.Response {
        let dataSet = try id(operation.dataSetId, "DataSetId")
        if let comment = operation.comment {
            try check(comment, "Comment", 1...Self.notificationCommentMax)
        }
        if let token = operation.clientToken {
            try check(token, "ClientToken", Self.clientTokenLengths)
        }
        let details = try details(of: operation, at: request.time)
        let notification = try notification(operation, details)
        try await state.change(recording: request.event) { [arns] db, state in
            let row = try state.exchange.owned(dataSet, by: request.account)
            if let token = operation.clientToken {
                try SentNotification.filter(
                    Column("sentAt") < request.time - Self.clientTokenLifetime
                ).deleteAll(db)
                let sent = SentNotification(
                    owner: request.account, clientToken: token, sentAt: request.time)
                // It was sent before: the answer is the same, and nobody is told twice.
                guard try !sent.exists(db) else { return }
                try sent.insert(db)
            }
            for grant in state.exchange.grants(of: row.id, at: request.time) {
                try ExchangeEvent.notified(
                    notification.detailType, notification.body, of: row, to: grant, arns,
                    at: request.time
                ).post(in: db)
            }
        }
        return .init()
    }

    private func notification(
        _ operation: DataExchange.SendDataSetNotification, _ details: JSONValue?
    ) throws(AWSError) -> (detailType: String, body: JSONValue) {
        var body: JSONObject = ["Type": .string(operation.type.rawValue)]
        if let comment = operation.comment { body["Comment"] = .string(comment) }
        if let details { body["Details"] = details }
        if let scope = try operation.scope.map(scope) { body["Scope"] = scope }
        let type =
            switch operation.type {
            case .dataUpdate: "Data Updated in Data Set"
            case .schemaChange: "Schema Change Planned for Data Set"
            case .dataDelay: "Data Set Update Delayed"
            case .deprecation: "Deprecation Planned for Data Set"
            default: throw .validation("Type cannot be \(operation.type).")
            }
        return (type, .object(body))
    }

    /// - Throws: `ValidationException` for those of another type, and for times that cannot be meant.
    private func details(
        of operation: DataExchange.SendDataSetNotification, at now: Date
    ) throws(AWSError) -> JSONValue? {
        let details = operation.details
        let given = [
            details?.dataUpdate != nil ? "DATA_UPDATE" : nil,
            details?.deprecation != nil ? "DEPRECATION" : nil,
            details?.schemaChange != nil ? "SCHEMA_CHANGE" : nil,
        ].compactMap(\.self)
        guard given.allSatisfy({ $0 == operation.type.rawValue }) else {
            throw .validation(
                "Details are of \(given.joined(separator: ", ")), and Type is \(operation.type).")
        }
        func text(_ time: Date) -> JSONValue { .string(Timestamp.iso8601.text(time)) }
        switch operation.type {
        case .dataUpdate:
            guard let time = details?.dataUpdate?.dataUpdatedAt else { return nil }
            guard time <= now else { throw .validation("DataUpdatedAt must be in the past.") }
            return ["DataUpdate": ["DataUpdatedAt": text(time)]]
        case .deprecation:
            guard let time = details?.deprecation?.deprecationAt, time > now else {
                throw .validation("Details must have a DeprecationAt in the future.")
            }
            return ["Deprecation": ["DeprecationAt": text(time)]]
        case .schemaChange:
            guard let change = details?.schemaChange, change.schemaChangeAt > now else {
                throw .validation("Details must have a SchemaChangeAt in the future.")
            }
            let changes = change.changes ?? []
            guard changes.count <= Self.schemaChangesMax else {
                throw .validation("There may be \(Self.schemaChangesMax) Changes.")
            }
            return [
                "SchemaChange": [
                    "SchemaChangeAt": text(change.schemaChangeAt),
                    "Changes": .array(
                        changes.map { change in
                            var object: JSONObject = [
                                "Name": .string(change.name),
                                "Type": .string(change.type.rawValue),
                            ]
                            if let text = change.description {
                                object["Description"] = .string(text)
                            }
                            return .object(object)
                        }),
                ]
            ]
        default: return nil
        }
    }

    private func scope(_ scope: DataExchange.ScopeDetails) throws(AWSError) -> JSONValue {
        func list(_ items: [String]?) -> JSONValue? {
            items.map { .array($0.map(JSONValue.string)) }
        }
        func object(_ members: [(String, JSONValue?)]) -> JSONValue {
            var object: JSONObject = [:]
            for (name, value) in members { if let value { object[name] = value } }
            return .object(object)
        }
        func text(_ text: String?) -> JSONValue? { text.map(JSONValue.string) }
        return object([
            (
                "S3DataAccesses",
                scope.s3DataAccesses.map { accesses in
                    .array(
                        accesses.map {
                            object([
                                ("KeyPrefixes", list($0.keyPrefixes)), ("Keys", list($0.keys)),
                            ])
                        })
                }
            ),
            (
                "LakeFormationTagPolicies",
                scope.lakeFormationTagPolicies.map { policies in
                    .array(
                        policies.map {
                            object([("Database", text($0.database)), ("Table", text($0.table))])
                        })
                }
            ),
            (
                "RedshiftDataShares",
                scope.redshiftDataShares.map { shares in
                    .array(
                        shares.map {
                            object([
                                ("Arn", text($0.arn)), ("Database", text($0.database)),
                                ("Schema", text($0.schema)), ("Table", text($0.table)),
                                ("View", text($0.view)), ("Function", text($0.function)),
                            ])
                        })
                }
            ),
        ])
    }
}

/// A notification that had a client token: it is sent once.
struct SentNotification: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "sentNotification"

    var owner: AccountID
    var clientToken: String
    var sentAt: Date
}
