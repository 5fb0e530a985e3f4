import AWSAPI
import DataExchangeAPI

extension AWSError {
    /// As `ResourceType` says it.
    enum ExchangeResource: String, Sendable {
        case dataSet = "DATA_SET"
        case revision = "REVISION"
        case asset = "ASSET"
        case job = "JOB"
        case dataGrant = "DATA_GRANT"
        case eventAction = "EVENT_ACTION"

        fileprivate var noun: String {
            switch self {
            case .dataSet: "data set"
            case .revision: "revision"
            case .asset: "asset"
            case .job: "job"
            case .dataGrant: "data grant"
            case .eventAction: "event action"
            }
        }
    }

    /// Also what a stranger is told of a thing that is there.
    static func exchangeNotFound(_ resource: ExchangeResource, _ id: String) -> AWSError {
        AWSError(
            "ResourceNotFoundException", status: 404, "There is no \(resource.noun) \(id).",
            members: [
                Member("ResourceId", id), Member("ResourceType", resource.rawValue),
            ])
    }

    /// The thing is there, but its state does not allow that.
    static func exchangeConflict(
        _ resource: ExchangeResource, _ id: ExchangeID, _ message: String
    ) -> AWSError {
        AWSError(
            "ConflictException", status: 409, message,
            members: [
                Member("ResourceId", id.rawValue), Member("ResourceType", resource.rawValue),
            ])
    }

    /// - Parameter name: One of the model's `LimitName`s.
    static func exchangeLimit(_ name: String, _ value: Int) -> AWSError {
        AWSError(
            "ServiceLimitExceededException", status: 402, "\(name): \(value) at most.",
            members: [Member("LimitName", name), Member("LimitValue", String(value))])
    }

    static let onlyProviderPublishes = AWSError.accessDenied(
        .dataExchange, "Only the exchange's own account publishes and grants data sets here.")
}
