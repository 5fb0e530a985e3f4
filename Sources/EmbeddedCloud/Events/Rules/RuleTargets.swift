import AWSAPI
import EventBridgeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// Where a rule's events go: queues of the rule's own account.
struct RuleTargets: Sendable {
    let state: StateStore
    let region: String

    var handlers: [Handler] {
        [
            Handler(putTargets, on: { resource($0.rule, $1) }),
            Handler(removeTargets, on: { resource($0.rule, $1) }),
            Handler(listTargetsByRule, on: { resource($0.rule, $1) }),
        ]
    }

    private func resource(_ rule: String, _ call: Call) -> ARN {
        EventBus(of: call.caller.account).arn(ofRule: rule, in: region)
    }

    /// Each target for itself: some may be put and others refused.
    @Sendable func putTargets(
        _ operation: EventBridge.PutTargets, _ request: Request
    ) async throws -> EventBridge.PutTargets.Response {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        guard (1...EventLimits.targetsPerCallMax).contains(operation.targets.count) else {
            throw AWSError.validation(
                "Targets must have 1 to \(EventLimits.targetsPerCallMax) entries.")
        }
        guard Set(operation.targets.map(\.id)).count == operation.targets.count else {
            throw AWSError.validation("Duplicated target id in the request.")
        }
        let region = region
        let failures = try await state.change(recording: request.event) { db, state in
            var rule = try state.rule(operation.rule, on: bus)
            var failures: [EventBridge.PutTargetsResultEntry] = []
            for target in operation.targets {
                do throws(AWSError) {
                    rule.targets[target.id] = try TargetRow(target, of: rule.row, region: region)
                } catch {
                    failures.append(
                        .init(
                            targetId: target.id, errorCode: error.code,
                            errorMessage: error.message))
                }
            }
            guard rule.targets.count <= EventLimits.targetsPerRuleMax else {
                throw AWSError.eventLimitExceeded
            }
            for target in operation.targets { try rule.targets[target.id]?.save(db) }
            state.rules[bus, operation.rule] = rule
            return failures
        }
        return .init(failedEntryCount: failures.count, failedEntries: failures)
    }

    /// A target that is not there is as good as removed.
    @Sendable func removeTargets(
        _ operation: EventBridge.RemoveTargets, _ request: Request
    ) async throws -> EventBridge.RemoveTargets.Response {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        try await state.change(recording: request.event) { db, state in
            var rule = try state.rule(operation.rule, on: bus)
            for id in operation.ids {
                try rule.targets.removeValue(forKey: id)?.delete(db)
            }
            state.rules[bus, operation.rule] = rule
        }
        return .init(failedEntryCount: 0, failedEntries: [])
    }

    /// All at once: a rule has at most five.
    @Sendable func listTargetsByRule(
        _ operation: EventBridge.ListTargetsByRule, _ request: Request
    ) async throws -> EventBridge.ListTargetsByRule.Response {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        let rule = try state.current.rule(operation.rule, on: bus)
        return .init(targets: rule.targets.values.sorted { $0.id < $1.id }.map(\.target))
    }
}

extension TargetRow {
    /// - Throws: What the entry of a failed target says.
    fileprivate init(
        _ target: EventBridge.Target, of rule: RuleRow, region: String
    ) throws(AWSError) {
        guard Rules.isName(target.id) else {
            throw .validation("A target's id has 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        }
        try Self.checkQueue(target.arn, as: "Arn", of: rule, region: region)
        if let arn = target.deadLetterConfig?.arn {
            try Self.checkQueue(arn, as: "DeadLetterConfig.Arn", of: rule, region: region)
        }
        try Self.refuseUnserved(target)
        try Self.checkInput(target)
        let (attempts, age) = (
            target.retryPolicy?.maximumRetryAttempts, target.retryPolicy?.maximumEventAgeInSeconds
        )
        guard attempts.map(EventLimits.retryAttempts.contains) ?? true else {
            throw .validation("MaximumRetryAttempts must be 0 to 185.")
        }
        guard age.map(EventLimits.eventAgeSeconds.contains) ?? true else {
            throw .validation("MaximumEventAgeInSeconds must be 60 to 86400.")
        }
        self.init(
            account: rule.account, busName: rule.busName, rule: rule.name, id: target.id,
            arn: target.arn, roleArn: target.roleArn, input: target.input,
            inputPath: target.inputPath, maximumRetryAttempts: attempts,
            maximumEventAgeInSeconds: age, deadLetterArn: target.deadLetterConfig?.arn)
    }

    /// The queue need not exist yet. Another account's is refused whether it does or not: nobody can
    /// allow it.
    private static func checkQueue(
        _ text: String, as member: String, of rule: RuleRow, region: String
    ) throws(AWSError) {
        guard let arn = ARN(text), let queue = QueueAddress(arn: arn, region: region) else {
            throw .validation(
                "Parameter \(text.prefix(200)) is not valid. Reason: \(member) must name an SQS queue in "
                    + "\(region); other targets are not served here.")
        }
        guard queue.account == rule.account else {
            throw AWSError(
                "AccessDeniedException",
                "\(member) \(text) is not a queue of account \(rule.account).")
        }
    }

    private static func refuseUnserved(_ target: EventBridge.Target) throws(AWSError) {
        let isServed =
            target.inputTransformer == nil && target.kinesisParameters == nil
            && target.runCommandParameters == nil && target.ecsParameters == nil
            && target.batchParameters == nil && target.sqsParameters == nil
            && target.httpParameters == nil && target.redshiftDataParameters == nil
            && target.sageMakerPipelineParameters == nil && target.appSyncParameters == nil
        guard isServed else {
            throw .validation(
                "Of a target, only Id, Arn, RoleArn, Input, InputPath, RetryPolicy and "
                    + "DeadLetterConfig are served here.")
        }
    }

    private static func checkInput(_ target: EventBridge.Target) throws(AWSError) {
        guard target.input == nil || target.inputPath == nil else {
            throw .validation("Only one of Input, InputPath, or InputTransformer must be provided.")
        }
        if let input = target.input {
            guard input.utf8.count <= EventLimits.inputBytesMax,
                (try? JSONValue(parsing: input)) != nil
            else {
                throw .validation(
                    "Parameter Input is not valid. Reason: it must be JSON of at most "
                        + "\(EventLimits.inputBytesMax) bytes.")
            }
        }
        if let path = target.inputPath {
            guard path.utf8.count <= EventLimits.inputPathBytesMax, EventPath(path) != nil else {
                throw .validation(
                    "Parameter InputPath is not valid. Reason: it must be a path such as "
                        + "$.detail.name or $.resources[0].")
            }
        }
    }

    fileprivate var target: EventBridge.Target {
        let hasPolicy = maximumRetryAttempts != nil || maximumEventAgeInSeconds != nil
        return .init(
            id: id, arn: arn, roleArn: roleArn, input: input, inputPath: inputPath,
            deadLetterConfig: deadLetterArn.map { .init(arn: $0) },
            retryPolicy: hasPolicy
                ? .init(
                    maximumRetryAttempts: maximumRetryAttempts,
                    maximumEventAgeInSeconds: maximumEventAgeInSeconds) : nil)
    }
}
