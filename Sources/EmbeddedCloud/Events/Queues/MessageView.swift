import FoundationEssentials
import SQSAPI

/// A message as one receiver asked to see it.
struct MessageView: Sendable {
    private let systemNames: Set<SQS.MessageSystemAttributeName>
    private let attributeNames: [String]

    init(asked operation: SQS.ReceiveMessage) {
        // The older member and the newer mean the same; clients send either.
        systemNames = Set(operation.messageSystemAttributeNames ?? [])
            .union((operation.attributeNames ?? []).map { .init(rawValue: $0.rawValue) })
        attributeNames = operation.messageAttributeNames ?? []
    }

    func message(_ row: MessageRow) -> SQS.Message {
        let attributes = row.attributes.asked(for: attributeNames)
        let system = systemAttributes(of: row)
        return .init(
            messageId: row.id,
            receiptHandle: ReceiptHandle(message: row.id, receipt: row.receipt ?? "").text,
            md5OfBody: row.bodyMD5, body: row.body, attributes: system.isEmpty ? nil : system,
            md5OfMessageAttributes: MessageAttribute.md5(of: attributes),
            messageAttributes: attributes.isEmpty ? nil : attributes.mapValues(\.wireValue))
    }

    private func systemAttributes(of row: MessageRow) -> [String: String] {
        var all: [SQS.MessageSystemAttributeName: String] = [
            .senderId: row.senderID,
            .sentTimestamp: milliseconds(row.sentAt),
            .approximateReceiveCount: String(row.receiveCount),
        ]
        all[.approximateFirstReceiveTimestamp] = row.firstReceivedAt.map(milliseconds)
        all[.deadLetterQueueSourceArn] = row.deadLetterSource
        let shown = systemNames.contains(.all) ? all : all.filter { systemNames.contains($0.key) }
        return Dictionary(uniqueKeysWithValues: shown.map { ($0.key.rawValue, $0.value) })
    }

    private func milliseconds(_ date: Date) -> String {
        String(Int((date.timeIntervalSince1970 * 1_000).rounded()))
    }
}
