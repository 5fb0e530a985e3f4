import AWSAPI
import FoundationEssentials

extension AuditEvent {
    /// What the trail says of a query's access to data, before its answer is there: Lake Formation's
    /// `GetDataAccess`, with the principal, the tables and what they consist of.
    init(
        dataAccessOf execution: QueryExecution, _ plan: QueryPlanner.Plan, region: String,
        at time: Date
    ) {
        self.init(
            eventID: UUID(), eventTime: time, eventSource: "lakeformation.amazonaws.com",
            eventName: "GetDataAccess", awsRegion: region,
            sourceIPAddress: "athena.amazonaws.com",
            userIdentity: UserIdentity(of: execution.caller), readOnly: true,
            recipientAccountId: execution.account.rawValue)
        userIdentity.invokedBy = "athena.amazonaws.com"
        eventCategory = .data
        resources = Set(plan.tables).map { table in
            let arn = ARN(
                service: "glue", region: region, account: table.catalog.rawValue,
                resource: "table/\(table.database)/\(table.name)")
            return Resource(
                type: "AWS::Glue::Table", arn: arn.description, accountId: table.catalog.rawValue)
        }.sorted { $0.arn < $1.arn }
        additionalEventData =
            JSONValue.object([
                "queryExecutionId": .string(execution.id),
                "files": .number(String(plan.files.count)),
                "bytes": .number(String(plan.scannedBytes)),
            ]).text
    }
}
