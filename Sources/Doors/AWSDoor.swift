import AWSAPI
import EmbeddedCloud
import FoundationEssentials

/// Every AWS service on one port: bytes to an operation, one call, the answer to bytes.
///
/// It decides nothing. Which service is meant, the signature's scope says; which operation, the
/// service's protocol; who asks and what comes of it, the cloud.
struct AWSDoor: Sendable {
    let cloud: EmbeddedCloud

    /// Answers a request whose body has been read.
    func reply(to request: WireRequest, origin: Call.Origin) async -> WireReply {
        let service = ServiceTable.service(of: request)
        let match = Result { () throws(AWSError) in try ServiceTable.match(request, in: service) }
        let operation = try? match.get().operation
        var caller: Caller?
        do throws(AWSError) {
            let sender = try self.caller(of: request, to: service, operation: operation)
            caller = sender
            let found = try match.get()
            let call = Call(caller: sender, origin: origin, time: cloud.now)
            return await answer(found.operation, request, labels: found.labels, call)
        } catch {
            return await refuse(
                error, service, operation: operation?.name ?? "Unknown", caller: caller, request,
                origin)
        }
    }

    /// Whoever signed. Of an operation that carries its own proof, nobody did.
    private func caller(
        of request: WireRequest, to service: AWSService, operation: (any AWSOperation.Type)?
    ) throws(AWSError) -> Caller {
        if let operation, !operation.isSigned { return cloud.anonymousCaller }
        do throws(SignatureFault) {
            let hash = SigV4.hash(request.body)
            let declared = request.headers["x-amz-content-sha256"]
            let caller = try cloud.caller(
                of: request, to: service, payloadHash: declared ?? hash)
            guard declared == nil || declared == hash || declared == SigV4.unsignedPayload else {
                throw SignatureFault.payloadMismatch
            }
            return caller
        } catch {
            throw AWSError(error, of: service)
        }
    }

    private func answer<Operation: AWSOperation>(
        _: Operation.Type, _ request: WireRequest, labels: [String: String], _ call: Call
    ) async -> WireReply {
        let operation: Operation
        do {
            operation = try Operation(reading: request, labels: labels)
        } catch {
            return await refuse(
                error, Operation.service, operation: Operation.name, caller: call.caller, request,
                call.origin)
        }
        let requestID = call.origin.requestID.uuidString
        do {
            return Operation.reply(try await cloud.send(operation, in: call), requestID: requestID)
        } catch {
            return Operation.service.reply(error, requestID: requestID, resource: request.path)
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
