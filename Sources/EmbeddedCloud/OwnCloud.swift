import AWSAPI
import AthenaAPI
import FoundationEssentials
import Synchronization

/// The cloud as a room inside it sees it: what a room needs of another one it asks for as its caller would,
/// by an operation, and so is authorized and recorded as the caller is.
final class OwnCloud: Sendable {
    private struct Reference: Sendable { weak let cloud: EmbeddedCloud? }

    private let reference = Mutex(Reference(cloud: nil))

    /// Once the cloud is whole.
    func connect(_ cloud: EmbeddedCloud) {
        reference.withLock { $0 = Reference(cloud: cloud) }
    }

    /// - Parameter origin: Of the request that this is done for. Nil: it is long answered, and Athena goes on by
    ///   itself.
    func acting(as caller: Caller, for origin: Call.Origin? = nil) throws(AWSError) -> any Cloud {
        guard let cloud = reference.withLock({ $0.cloud }) else {
            throw .internalFailure(.athena)
        }
        let athena = "athena.amazonaws.com"
        return EmbeddedAccount(
            cloud, as: caller,
            for: origin
                ?? Call.Origin(
                    requestID: UUID(), sourceAddress: athena, userAgent: athena, endpoint: ""))
    }
}
