import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// Athena's operations on work groups.
struct WorkGroups: Sendable {
    static let perAccountMax = 1_000
    static let pageMax = 50
    /// Bytes: the least limit that Athena takes.
    static let scanLimitMin = 10_000_000

    let state: StateStore
    let region: String

    var handlers: [Handler] {
        [
            Handler(get, on: { arn($0.workGroup, $1) }),
            Handler(list), Handler(create, on: { arn($0.name, $1) }),
            Handler(update, on: { arn($0.workGroup, $1) }),
            Handler(delete, on: { arn($0.workGroup, $1) }),
            Handler(tags, on: { operation, call in ARN(operation.resourceARN) ?? arn("", call) }),
            Handler(tag, on: { operation, call in ARN(operation.resourceARN) ?? arn("", call) }),
            Handler(untag, on: { operation, call in ARN(operation.resourceARN) ?? arn("", call) }),
        ]
    }

    func arn(_ name: String, _ call: Call) -> ARN {
        ARN(
            service: "athena", region: region, account: call.caller.account.rawValue,
            resource: "workgroup/\(name)")
    }

    @Sendable func get(
        _ operation: Athena.GetWorkGroup, _ request: Request
    ) async throws -> Athena.GetWorkGroup.Response {
        guard let group = state.current.workGroups[request.account, operation.workGroup] else {
            throw AWSError.workGroupNotFound(operation.workGroup)
        }
        return .init(workGroup: group.described)
    }

    @Sendable func list(
        _ operation: Athena.ListWorkGroups, _ request: Request
    ) async throws -> Athena.ListWorkGroups.Response {
        guard
            let page = Page(
                of: state.current.workGroups.all(of: request.account), by: \.name,
                after: operation.nextToken,
                limit: try AthenaPage.limit(operation.maxResults, max: Self.pageMax))
        else { throw AWSError.athenaInvalidRequest("NextToken is not one that was given out.") }
        return .init(workGroups: page.items.map(\.summary), nextToken: page.nextToken)
    }

    @Sendable func create(
        _ operation: Athena.CreateWorkGroup, _ request: Request
    ) async throws -> Athena.CreateWorkGroup.Response {
        guard Self.isName(operation.name) else {
            throw AWSError.athenaInvalidRequest(
                "Name must have 1 to 128 of the characters a-z A-Z 0-9 . _ -")
        }
        let given = operation.configuration
        var configuration = Athena.WorkGroupConfiguration(
            resultConfiguration: given?.resultConfiguration,
            managedQueryResultsConfiguration: given?.managedQueryResultsConfiguration,
            enforceWorkGroupConfiguration: given?.enforceWorkGroupConfiguration ?? true,
            publishCloudWatchMetricsEnabled: given?.publishCloudWatchMetricsEnabled ?? false,
            bytesScannedCutoffPerQuery: given?.bytesScannedCutoffPerQuery,
            requesterPaysEnabled: given?.requesterPaysEnabled ?? false)
        try Self.check(&configuration)
        let group = WorkGroup(
            name: operation.name, description: operation.description,
            configuration: configuration, createdAt: request.time)
        let arn = arn(group.name, request.call)
        try await state.change(recording: request.event) { db, state in
            guard state.workGroups[request.account, group.name] == nil else {
                throw AWSError.athenaInvalidRequest("WorkGroup \(group.name) is already created")
            }
            guard state.workGroups.all(of: request.account).count < Self.perAccountMax else {
                throw AWSError.athenaInvalidRequest(
                    "An account can have \(Self.perAccountMax) work groups.")
            }
            try WorkGroupRow(group, of: request.account, at: request.time).insert(db)
            try Self.add(operation.tags ?? [], to: arn.description, db)
            state.workGroups[request.account, group.name] = group
        }
        return .init()
    }

    @Sendable func update(
        _ operation: Athena.UpdateWorkGroup, _ request: Request
    ) async throws -> Athena.UpdateWorkGroup.Response {
        try await state.change(recording: request.event) { db, state in
            guard var group = state.workGroups[request.account, operation.workGroup] else {
                throw AWSError.workGroupNotFound(operation.workGroup)
            }
            if let description = operation.description { group.description = description }
            if let state = operation.state { group.isEnabled = state == .enabled }
            if let updates = operation.configurationUpdates {
                group.configuration.apply(updates)
                try Self.check(&group.configuration)
            }
            group.createdAt = group.createdAt ?? request.time
            try WorkGroupRow(group, of: request.account, at: request.time).save(db)
            state.workGroups[request.account, group.name] = group
        }
        return .init()
    }

    @Sendable func delete(
        _ operation: Athena.DeleteWorkGroup, _ request: Request
    ) async throws -> Athena.DeleteWorkGroup.Response {
        let name = operation.workGroup
        guard WorkGroup.builtIn(name, of: request.account) == nil else {
            throw AWSError.athenaInvalidRequest("WorkGroup \(name) cannot be deleted.")
        }
        let arn = arn(name, request.call).description
        try await state.change(recording: request.event) { db, state in
            guard let group = state.workGroups[request.account, name] else {
                throw AWSError.workGroupNotFound(name)
            }
            let queries = QueryExecution.filter(
                Column("account") == request.account.rawValue && Column("workGroup") == name)
            guard try operation.recursiveDeleteOption == true || queries.isEmpty(db) else {
                throw AWSError.athenaInvalidRequest(
                    "WorkGroup \(name) is not empty: say RecursiveDeleteOption.")
            }
            try WorkGroupRow(group, of: request.account, at: request.time).delete(db)
            try TagRow.forget(arn, db)
            state.workGroups[request.account, name] = nil
        }
        return .init()
    }

    private static func isName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                Sessions.isSessionNameByte(byte)
                    && ![UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "@")].contains(byte)
            }
    }

    private static func check(_ configuration: inout Athena.WorkGroupConfiguration) throws(AWSError)
    {
        if let limit = configuration.bytesScannedCutoffPerQuery, limit < scanLimitMin {
            throw .athenaInvalidRequest(
                "BytesScannedCutoffPerQuery must be at least \(scanLimitMin).")
        }
        let results = configuration.resultConfiguration
        if let location = results?.outputLocation, S3URL(location) == nil {
            throw .athenaInvalidRequest("\(location) is not a valid S3 path.")
        }
        guard results?.encryptionConfiguration == nil else {
            throw .athenaInvalidRequest(
                "Results are encrypted as their volume is: leave EncryptionConfiguration out.")
        }
        if configuration.managedQueryResultsConfiguration?.enabled == true {
            guard results?.outputLocation == nil else {
                throw .athenaInvalidRequest(
                    "Results are managed or have an OutputLocation, not both.")
            }
            configuration.enforceWorkGroupConfiguration = true
        }
        configuration.engineVersion = WorkGroup.engineVersion
    }
}

extension Athena.WorkGroupConfiguration {
    fileprivate mutating func apply(_ updates: Athena.WorkGroupConfigurationUpdates) {
        if let enforced = updates.enforceWorkGroupConfiguration {
            enforceWorkGroupConfiguration = enforced
        }
        if let results = updates.resultConfigurationUpdates {
            if results.removeOutputLocation == true { resultConfiguration?.outputLocation = nil }
            if let location = results.outputLocation {
                var own = resultConfiguration ?? .init()
                own.outputLocation = location
                resultConfiguration = own
            }
        }
        if let enabled = updates.managedQueryResultsConfigurationUpdates?.enabled {
            managedQueryResultsConfiguration = .init(enabled: enabled)
        }
        if updates.removeBytesScannedCutoffPerQuery == true { bytesScannedCutoffPerQuery = nil }
        if let limit = updates.bytesScannedCutoffPerQuery { bytesScannedCutoffPerQuery = limit }
        if let publishes = updates.publishCloudWatchMetricsEnabled {
            publishCloudWatchMetricsEnabled = publishes
        }
        if let requesterPays = updates.requesterPaysEnabled { requesterPaysEnabled = requesterPays }
    }
}

/// How many of a list Athena gives at once.
enum AthenaPage {
    static func limit(_ asked: Int?, max: Int) throws(AWSError) -> Int {
        let limit = asked ?? max
        guard (1...max).contains(limit) else {
            throw .athenaInvalidRequest("MaxResults must be 1 to \(max).")
        }
        return limit
    }
}
