import AWSAPI
import EmbeddedCloud
import FoundationEssentials
import S3API

/// Every AWS service on one port: bytes to an operation, one call, the answer to bytes.
///
/// It decides nothing. Which service is meant, the signature's scope says; which operation, the
/// service's protocol; who asks and what comes of it, the cloud.
struct AWSDoor: Sendable {
    let cloud: EmbeddedCloud

    /// Bodies of operations are documents, not data: longer ones are refused. Bytes.
    static let documentBytesMax = 4 << 20

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: Its head.
    ///   - body: Read here where it is a document, and left to the operation where it is an object.
    /// - Throws: What the connection says while the body is read.
    func reply(
        to request: WireRequest, body: RequestBytes, origin: Call.Origin
    ) async throws -> DoorReply {
        let service = ServiceTable.service(of: request)
        var request = request
        var bodyHash: String?
        // An upload is known by its head; what other operations are, their bodies may say.
        let isUpload = (try? ServiceTable.match(request, in: service))?.operation.streamsBody
        if isUpload != true {
            guard let document = try await body.collect(atMost: Self.documentBytesMax) else {
                let error = AWSError(
                    "RequestEntityTooLarge", status: 413,
                    "The body of an operation may have \(Self.documentBytesMax) bytes.")
                return DoorReply(
                    await refuse(
                        error, service, operation: "Unknown", caller: nil, request, origin))
            }
            request.body = document
            bodyHash = SigV4.hash(document)
        }
        let match = Result { () throws(AWSError) in try ServiceTable.match(request, in: service) }
        let operation = try? match.get().operation
        var caller: Caller?
        do throws(AWSError) {
            let sender = try self.sender(
                of: request, to: service, operation: operation, bodyHash: bodyHash)
            caller = sender.caller
            if let bodyHash {
                try compare(bodyHash, with: sender, of: service)
                if service == .s3 {
                    try DocumentSums.check(request.body, against: request.headers)
                }
            }
            let found = try match.get()
            let upload =
                bodyHash != nil
                ? nil
                : ObjectUpload(
                    pieces: body, payload: sender.payload, headers: request.headers)
            let call = Call(caller: sender.caller, origin: origin, time: cloud.now)
            return await answer(found.operation, request, upload, labels: found.labels, call)
        } catch {
            return DoorReply(
                await refuse(
                    error, service, operation: operation?.name ?? "Unknown", caller: caller,
                    request, origin))
        }
    }

    /// Whoever signed. Of an operation that carries its own proof, nobody did.
    private func sender(
        of request: WireRequest, to service: AWSService, operation: (any AWSOperation.Type)?,
        bodyHash: String?
    ) throws(AWSError) -> Sender {
        if let operation, !operation.isSigned {
            return Sender(caller: cloud.anonymousCaller, payload: .unsigned)
        }
        do {
            return try cloud.sender(of: request, to: service, bodyHash: bodyHash)
        } catch {
            throw AWSError(error, of: service)
        }
    }

    /// Compares a document with what was signed. An object's bytes its receiver compares.
    ///
    /// - Parameter hash: The document's.
    private func compare(
        _ hash: String, with sender: Sender, of service: AWSService
    ) throws(AWSError) {
        if case .anonymous = sender.caller.kind { return }
        switch sender.payload {
        case .hash(hash): return
        // Only S3's clients leave a body unsigned.
        case .unsigned where service == .s3: return
        case .hash, .unsigned: throw AWSError(.payloadMismatch, of: service)
        case .chunks:
            throw AWSError(
                "InvalidRequest", "The body of this operation cannot be sent in chunks.")
        }
    }

    private func answer<Operation: AWSOperation>(
        _: Operation.Type, _ request: WireRequest, _ upload: ObjectUpload?,
        labels: [String: String], _ call: Call
    ) async -> DoorReply {
        let operation: Operation
        do {
            operation = try Operation(reading: request, labels: labels)
        } catch {
            return DoorReply(
                await refuse(
                    error, Operation.service, operation: Operation.name, caller: call.caller,
                    request, call.origin))
        }
        let requestID = call.origin.requestID.uuidString
        do {
            let answer = try await cloud.exchange(operation, with: upload, in: call)
            return DoorReply(
                Operation.reply(answer.response, requestID: requestID), body: answer.body)
        } catch {
            return DoorReply(
                Operation.service.reply(error, requestID: requestID, resource: request.path))
        }
    }

    /// The refusal's bytes, once it is in the trail. Where the trail fails, that is the answer.
    func refuse(
        _ error: AWSError, _ service: AWSService, operation: String, caller: Caller?,
        _ request: WireRequest, _ origin: Call.Origin
    ) async -> WireReply {
        var error = error
        do throws(AWSError) {
            try await cloud.record(
                refused: error, of: service, operation: operation, caller: caller, origin: origin)
        } catch let unrecorded {
            error = unrecorded
        }
        return service.reply(
            error, requestID: origin.requestID.uuidString, resource: request.path)
    }
}

/// An answer's head with its document, or the object's bytes that follow it.
struct DoorReply: Sendable {
    var head: WireReply
    var body: ObjectBody?

    init(_ head: WireReply, body: ObjectBody? = nil) {
        self.head = head
        self.body = body
    }
}
