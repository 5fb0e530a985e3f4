import AWSAPI
import FoundationEssentials
import SQSAPI

/// A queue's attributes as the wire has them: text under SQS's names.
///
/// Source: Amazon Simple Queue Service API Reference, CreateQueue, "Attributes".
extension QueueRow {
    private static let numbers:
        [(
            name: SQS.QueueAttributeName, place: any WritableKeyPath<QueueRow, Int> & Sendable,
            range: ClosedRange<Int>
        )] = [
            (.visibilityTimeout, \.visibilityTimeout, MessageLimits.visibilitySeconds),
            (.delaySeconds, \.delaySeconds, MessageLimits.delaySeconds),
            (
                .receiveMessageWaitTimeSeconds, \.receiveMessageWaitTimeSeconds,
                MessageLimits.waitSeconds
            ),
            (.messageRetentionPeriod, \.messageRetentionPeriod, 60...1_209_600),
            (.maximumMessageSize, \.maximumMessageSize, 1_024...MessageLimits.bytesMax),
        ]

    /// Sets what is given and leaves the rest.
    ///
    /// - Throws: ``AWSError/invalidAttributeName(_:)`` for what SQS has not or what is not served here,
    ///   ``AWSError/invalidAttributeValue(_:_:)``.
    mutating func set(
        _ attributes: [String: String], region: String, among queues: QueuesState
    ) throws(AWSError) {
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            try set(SQS.QueueAttributeName(rawValue: name), value, region: region, among: queues)
        }
    }

    private mutating func set(
        _ name: SQS.QueueAttributeName, _ value: String, region: String, among queues: QueuesState
    ) throws(AWSError) {
        if let number = Self.numbers.first(where: { $0.name == name }) {
            guard let parsed = Int(value), number.range.contains(parsed) else {
                throw .invalidAttributeValue(
                    name.rawValue,
                    "Must be an integer from \(number.range.lowerBound) to "
                        + "\(number.range.upperBound).")
            }
            self[keyPath: number.place] = parsed
            return
        }
        switch name {
        case .policy: policy = try Self.policy(value)
        case .redrivePolicy: try setRedrivePolicy(value, region: region, among: queues)
        case .sqsManagedSseEnabled:
            // The volume encrypts what it encrypts; a queue cannot promise more than that.
            guard value == "false" else {
                throw .invalidAttributeValue(name.rawValue, "Encryption at rest is the volume's.")
            }
        case .fifoQueue:
            guard value == "false" else { throw .fifoRefused }
        default: throw .invalidAttributeName(name.rawValue)
        }
    }

    /// An empty text takes the policy away, as in AWS.
    ///
    /// A policy is kept for those who ask for it. As nobody but the owner's account reaches a queue here,
    /// what it allows makes no difference; what it denies would, so a denial is refused, not overlooked.
    private static func policy(_ text: String) throws(AWSError) -> String? {
        if text.isEmpty { return nil }
        guard let document = try? JSONValue(parsing: text), let statements = document["Statement"]
        else { throw .invalidAttributeValue("Policy", "It is not a policy document.") }
        for statement in statements.array ?? [statements]
        where statement["Effect"]?.string != "Allow" {
            throw .invalidAttributeValue("Policy", "Only statements that allow are served.")
        }
        return text
    }

    private mutating func setRedrivePolicy(
        _ text: String, region: String, among queues: QueuesState
    ) throws(AWSError) {
        if text.isEmpty {
            (deadLetterQueue, maxReceiveCount) = (nil, nil)
            return
        }
        // The count comes as a number or as text: clients send both.
        guard let document = try? JSONValue(parsing: text),
            let target = document["deadLetterTargetArn"]?.string.flatMap({ ARN($0) }),
            let count = document["maxReceiveCount"]?.int
                ?? document["maxReceiveCount"]?.string.flatMap({ Int($0) }),
            (1...1_000).contains(count)
        else {
            throw .redrivePolicyRefused(
                text, "It must name a deadLetterTargetArn, and a maxReceiveCount from 1 to 1000.")
        }
        guard let address = QueueAddress(arn: target, region: region), address.account == account,
            queues[address] != nil
        else { throw .redrivePolicyRefused(text, "Dead letter target does not exist.") }
        guard address.name != name else {
            throw .redrivePolicyRefused(text, "A queue cannot be its own dead letter target.")
        }
        (deadLetterQueue, maxReceiveCount) = (address.name, count)
    }

    // MARK: Text

    /// Every attribute but the counts of messages, which only the ledger knows.
    func attributes(region: String) -> [SQS.QueueAttributeName: String] {
        var all: [SQS.QueueAttributeName: String] = [
            .queueArn: address.arn(in: region).description,
            .createdTimestamp: String(Int(createdAt.timeIntervalSince1970)),
            .lastModifiedTimestamp: String(Int(modifiedAt.timeIntervalSince1970)),
            .sqsManagedSseEnabled: "false",
        ]
        for number in Self.numbers { all[number.name] = String(self[keyPath: number.place]) }
        all[.policy] = policy
        if let deadLetterAddress, let maxReceiveCount {
            let redrive: JSONValue = [
                "deadLetterTargetArn": .string(deadLetterAddress.arn(in: region).description),
                "maxReceiveCount": .number(String(maxReceiveCount)),
            ]
            all[.redrivePolicy] = redrive.text
        }
        return all
    }

    var deadLetterAddress: QueueAddress? {
        deadLetterQueue.map { QueueAddress(account: account, name: $0) }
    }
}

extension AWSError {
    static let fifoRefused = invalidAttributeValue(
        "FifoQueue", "FIFO queues are not served here; a standard queue's name has no .fifo.")

    fileprivate static func redrivePolicyRefused(_ text: String, _ reason: String) -> AWSError {
        .invalidQueueParameter(text, for: "RedrivePolicy", reason)
    }
}
