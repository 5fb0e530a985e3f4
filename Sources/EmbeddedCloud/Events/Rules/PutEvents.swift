import AWSAPI
import EventBridgeAPI
import FoundationEssentials

/// EventBridge's PutEvents: events that an account puts on its own bus.
struct PutEvents: Sendable {
    let state: StateStore
    let region: String

    var handlers: [Handler] {
        [
            Handler(
                putEvents, on: { _, call in EventBus(of: call.caller.account).arn(in: region) })
        ]
    }

    /// Each entry for itself: some may be put and others refused, and the answer is a success.
    @Sendable func putEvents(
        _ operation: EventBridge.PutEvents, _ request: Request
    ) async throws -> EventBridge.PutEvents.Response {
        guard (1...EventLimits.entriesMax).contains(operation.entries.count) else {
            throw AWSError.validation(
                "Entries must have 1 to \(EventLimits.entriesMax) members.")
        }
        guard operation.endpointId == nil else {
            throw AWSError.validation("Global endpoints are not served here.")
        }
        guard operation.entries.reduce(0, { $0 + $1.size }) <= EventLimits.entryBytesMax else {
            throw AWSError.validation(
                "Total size of the entries in the request is over the limit.")
        }
        let results = operation.entries.map { entry in
            Result { () throws(AWSError) in
                try BusEvent(entry, of: request, region: region)
            }
        }
        let events = results.compactMap { try? $0.get() }
        if !events.isEmpty {
            try await state.change(recording: request.event) { db, _ in
                for event in events { try event.post(in: db) }
            }
        }
        let entries = results.map { result -> EventBridge.PutEventsResultEntry in
            switch result {
            case .success(let event): .init(eventId: event.id.uuidString.lowercased())
            case .failure(let error): .init(errorCode: error.code, errorMessage: error.message)
            }
        }
        return .init(failedEntryCount: results.count - events.count, entries: entries)
    }
}

extension EventBridge.PutEventsRequestEntry {
    /// UTF-8 bytes, as the limit counts them.
    ///
    /// Source: Amazon EventBridge User Guide, "Calculating PutEvents event entry size".
    fileprivate var size: Int {
        let texts = [source, detailType, detail].compactMap { $0 } + (resources ?? [])
        return texts.reduce(time == nil ? 0 : 14) { $0 + $1.utf8.count }
    }
}

extension BusEvent {
    /// - Throws: What the answer's entry says; the code is EventBridge's `ErrorCode`.
    fileprivate init(
        _ entry: EventBridge.PutEventsRequestEntry, of request: Request, region: String
    ) throws(AWSError) {
        let source = try Self.required(entry.source, "Source")
        let detailType = try Self.required(entry.detailType, "DetailType")
        let detailText = try Self.required(entry.detail, "Detail")
        guard detailType.utf8.count <= EventLimits.detailTypeBytesMax else {
            throw .invalidArgument(
                "DetailType", "It has more than \(EventLimits.detailTypeBytesMax) bytes.")
        }
        guard !source.hasPrefix("aws.") else {
            throw AWSError(
                "NotAuthorizedForSourceException", "Not authorized for the source.")
        }
        guard entry.traceHeader == nil else {
            throw .invalidArgument("TraceHeader", "It is not served here.")
        }
        let bus: EventBus
        do {
            bus = try EventBus(named: entry.eventBusName, of: request.account, region: region)
        } catch {
            throw .invalidArgument("EventBusName", error.message)
        }
        guard let detail = try? JSONValue(parsing: detailText), detail.object != nil else {
            throw AWSError("MalformedDetail", "Detail is malformed.")
        }
        self.init(
            account: bus.account, bus: bus.name, source: source, detailType: detailType,
            resources: entry.resources ?? [], detail: detail, time: entry.time ?? request.time)
    }

    private static func required(
        _ value: String?, _ name: String
    ) throws(AWSError) -> String {
        guard let value, !value.isEmpty else {
            throw .invalidArgument(name, "\(name) is a required argument.")
        }
        return value
    }
}

extension AWSError {
    fileprivate static func invalidArgument(_ name: String, _ reason: String) -> AWSError {
        AWSError("InvalidArgument", "Parameter \(name) is not valid. Reason: \(reason)")
    }
}
