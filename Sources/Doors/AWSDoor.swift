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
        var upload: ObjectUpload?
        if let match = try? ServiceTable.match(request, in: service), match.operation.streamsBody {
            upload = ObjectUpload(
                pieces: body, payloadHash: request.headers["x-amz-content-sha256"] ?? "")
        } else {
            guard let document = try await body.collect(atMost: Self.documentBytesMax) else {
                let error = AWSError(
                    "RequestEntityTooLarge", status: 413,
                    "The body of an operation may have \(Self.documentBytesMax) bytes.")
                return DoorReply(
                    await refuse(
                        error, service, operation: "Unknown", caller: nil, request, origin))
            }
            request.body = document
        }
        return await reply(to: request, of: service, upload: upload, origin: origin)
    }

    private func reply(
        to request: WireRequest, of service: AWSService, upload: ObjectUpload?,
        origin: Call.Origin
    ) async -> DoorReply {
        let match = Result { () throws(AWSError) in try ServiceTable.match(request, in: service) }
        let operation = try? match.get().operation
        var caller: Caller?
        do throws(AWSError) {
            let sender = try self.caller(
                of: request, to: service, operation: operation, isStreamed: upload != nil)
            caller = sender
            let found = try match.get()
            let call = Call(caller: sender, origin: origin, time: cloud.now)
            return await answer(
                found.operation, request, upload, labels: found.labels, call)
        } catch {
            return DoorReply(
                await refuse(
                    error, service, operation: operation?.name ?? "Unknown", caller: caller,
                    request, origin))
        }
    }

    /// Whoever signed. Of an operation that carries its own proof, nobody did.
    ///
    /// - Parameter isStreamed: The body is still to come, and its receiver compares it with the hash that
    ///   was signed.
    private func caller(
        of request: WireRequest, to service: AWSService, operation: (any AWSOperation.Type)?,
        isStreamed: Bool
    ) throws(AWSError) -> Caller {
        if let operation, !operation.isSigned { return cloud.anonymousCaller }
        do throws(SignatureFault) {
            let declared = request.headers["x-amz-content-sha256"]
            // What is not signed at all is refused for that, further down.
            let isSigned = request.headers["authorization"] != nil
            guard !isStreamed || !isSigned || declared != nil else {
                throw SignatureFault.malformed("The x-amz-content-sha256 header is required.")
            }
            let hash = isStreamed ? "" : SigV4.hash(request.body)
            let caller = try cloud.caller(
                of: request, to: service, payloadHash: declared ?? hash)
            // Only S3's clients leave a body unsigned.
            let mayBeUnsigned = service == .s3 && declared == SigV4.unsignedPayload
            guard isStreamed || declared == nil || declared == hash || mayBeUnsigned else {
                throw SignatureFault.payloadMismatch
            }
            return caller
        } catch {
            throw AWSError(error, of: service)
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
