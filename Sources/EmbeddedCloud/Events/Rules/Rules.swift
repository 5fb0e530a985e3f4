import AWSAPI
import EventBridgeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// EventBridge's rules: which events of its own bus an account wants to hear of.
struct Rules: Sendable {
    let state: StateStore
    let region: String

    var handlers: [Handler] {
        [
            Handler(putRule, on: { resource($0.name, $1) }),
            Handler(describeRule, on: { resource($0.name, $1) }),
            Handler(listRules),
            Handler(enableRule, on: { resource($0.name, $1) }),
            Handler(disableRule, on: { resource($0.name, $1) }),
            Handler(deleteRule, on: { resource($0.name, $1) }),
            Handler(testEventPattern),
        ]
    }

    private func resource(_ name: String, _ call: Call) -> ARN {
        EventBus(of: call.caller.account).arn(ofRule: name, in: region)
    }

    /// Replaces the whole of a rule that exists; its targets stay.
    @Sendable func putRule(
        _ operation: EventBridge.PutRule, _ request: Request
    ) async throws -> EventBridge.PutRule.Response {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        guard Self.isName(operation.name) else {
            throw AWSError.validation(
                "A rule's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        }
        guard operation.scheduleExpression == nil else {
            throw AWSError.validation("Rules on a schedule are not served here.")
        }
        guard operation.tags?.isEmpty ?? true else {
            throw AWSError.validation("Tags of rules are not served here.")
        }
        guard let text = operation.eventPattern else {
            throw AWSError.validation(
                "Parameter(s) EventPattern or ScheduleExpression must be specified.")
        }
        let state = operation.state ?? .enabled
        guard state == .enabled || state == .disabled else {
            throw AWSError.validation("A rule's state is ENABLED or DISABLED.")
        }
        let pattern = try Self.pattern(text)
        let row = RuleRow(
            account: bus.account, busName: bus.name, name: operation.name, eventPattern: text,
            isEnabled: state == .enabled, description: operation.description,
            roleArn: operation.roleArn)
        try await self.state.change(recording: request.event) { db, state in
            let old = state.rules[bus, row.name]
            guard old != nil || state.rules.rules(of: bus).count < EventLimits.rulesPerBusMax else {
                throw AWSError.eventLimitExceeded
            }
            try row.save(db)
            state.rules[bus, row.name] = Rule(
                row: row, pattern: pattern, targets: old?.targets ?? [:])
        }
        return .init(ruleArn: bus.arn(ofRule: row.name, in: region).description)
    }

    @Sendable func describeRule(
        _ operation: EventBridge.DescribeRule, _ request: Request
    ) async throws -> EventBridge.DescribeRule.Response {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        let row = try state.current.rule(operation.name, on: bus).row
        return .init(
            name: row.name, arn: bus.arn(ofRule: row.name, in: region).description,
            eventPattern: row.eventPattern, state: row.state, description: row.description,
            roleArn: row.roleArn, eventBusName: bus.name, createdBy: bus.account.rawValue)
    }

    @Sendable func listRules(
        _ operation: EventBridge.ListRules, _ request: Request
    ) async throws -> EventBridge.ListRules.Response {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        let limit = operation.limit ?? 100
        guard (1...100).contains(limit) else {
            throw AWSError.validation("Limit must be 1 to 100.")
        }
        // The token is the last name shown.
        let rules = state.current.rules.rules(of: bus).values.map(\.row)
            .filter { $0.name.hasPrefix(operation.namePrefix ?? "") }
            .filter { $0.name > operation.nextToken ?? "" }
            .sorted { $0.name < $1.name }
        let shown = rules.prefix(limit)
        return .init(
            rules: shown.map { row in
                .init(
                    name: row.name, arn: bus.arn(ofRule: row.name, in: region).description,
                    eventPattern: row.eventPattern, state: row.state, description: row.description,
                    roleArn: row.roleArn, eventBusName: bus.name)
            },
            nextToken: rules.count > shown.count ? shown.last?.name : nil)
    }

    @Sendable func enableRule(
        _ operation: EventBridge.EnableRule, _ request: Request
    ) async throws -> EmptyResponse {
        try await setEnabled(true, operation.name, on: operation.eventBusName, request)
    }

    @Sendable func disableRule(
        _ operation: EventBridge.DisableRule, _ request: Request
    ) async throws -> EmptyResponse {
        try await setEnabled(false, operation.name, on: operation.eventBusName, request)
    }

    private func setEnabled(
        _ isEnabled: Bool, _ name: String, on busName: String?, _ request: Request
    ) async throws -> EmptyResponse {
        let bus = try EventBus(named: busName, of: request.account, region: region)
        try await state.change(recording: request.event) { db, state in
            var rule = try state.rule(name, on: bus)
            rule.row.isEnabled = isEnabled
            try rule.row.update(db)
            state.rules[bus, name] = rule
        }
        return EmptyResponse()
    }

    /// A rule that does not exist is as good as deleted.
    @Sendable func deleteRule(
        _ operation: EventBridge.DeleteRule, _ request: Request
    ) async throws -> EmptyResponse {
        let bus = try EventBus(named: operation.eventBusName, of: request.account, region: region)
        try await state.change(recording: request.event) { db, state in
            guard let rule = state.rules[bus, operation.name] else { return }
            guard rule.targets.isEmpty else {
                throw AWSError.validation("Rule can't be deleted since it has targets.")
            }
            try rule.row.delete(db)
            state.rules[bus, operation.name] = nil
        }
        return EmptyResponse()
    }

    @Sendable func testEventPattern(
        _ operation: EventBridge.TestEventPattern, _ request: Request
    ) async throws -> EventBridge.TestEventPattern.Response {
        let pattern = try Self.pattern(operation.eventPattern)
        let required = ["id", "account", "source", "time", "region", "resources", "detail-type"]
        guard let event = try? JSONValue(parsing: operation.event),
            required.allSatisfy({ event[$0] != nil })
        else {
            throw AWSError.validation(
                "Parameter Event is not valid. Reason: it must be a JSON object with the fields "
                    + required.joined(separator: ", "))
        }
        return .init(result: pattern.matches(event))
    }

    private static func pattern(_ text: String) throws(AWSError) -> EventPattern {
        do {
            return try EventPattern(parsing: text)
        } catch {
            throw .invalidEventPattern(error)
        }
    }

    /// Of a rule or a target.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return character.isASCII && (character.isLetter || character.isNumber)
                    || "._-".contains(character)
            }
    }
}

extension RuleRow {
    fileprivate var state: EventBridge.RuleState { isEnabled ? .enabled : .disabled }
}

extension CloudState {
    func rule(_ name: String, on bus: EventBus) throws(AWSError) -> Rule {
        guard let rule = rules[bus, name] else { throw .ruleDoesNotExist(name, on: bus) }
        return rule
    }
}
