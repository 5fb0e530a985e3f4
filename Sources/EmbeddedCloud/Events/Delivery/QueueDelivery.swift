import AWSAPI
import FoundationEssentials
import GRDB
import Ledger

/// Delivery to the exchange's own queues. The message comes and the delivery goes in one transaction.
struct QueueDelivery: Sendable {
    /// Who messages of the bus are from.
    static let senderID = "events.amazonaws.com"

    let state: StateStore
    let region: String
    let clock: WaitingClock
    let arrivals: Bell<Int>

    /// - Throws: ``DeliveryFailure`` if the queue cannot take it, and what the ledger says.
    @Sendable func attempt(_ delivery: DeliveryRow) async throws {
        try await state.ledger.write { db in
            try put(delivery.body, into: delivery.targetArn, in: db)
            try delivery.delete(db)
        }
    }

    /// Puts a message into a queue of the exchange.
    func put(
        _ body: String, attributes: [String: MessageAttribute] = [:], into arn: String,
        in db: Database
    ) throws {
        guard let arn = ARN(arn), let address = QueueAddress(arn: arn, region: region),
            let queue = state.current.queues[address]
        else { throw DeliveryFailure(.noResource, "The queue does not exist.") }
        let message = MessageRow(
            to: queue, body: body, attributes: attributes, from: Self.senderID, at: clock.now())
        guard message.size <= queue.maximumMessageSize else {
            throw DeliveryFailure(
                .clientError, "The message is longer than \(queue.maximumMessageSize) bytes.")
        }
        if let fault = MessageRow.contentFault(in: body) {
            throw DeliveryFailure(.clientError, fault)
        }
        try message.post(in: db, ringing: arrivals)
    }
}
