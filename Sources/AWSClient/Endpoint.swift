import AWSAPI
public import Foundation

/// Where a service's operations are sent to.
public enum Endpoint: Sendable, CustomStringConvertible {
    /// One address for all services: another exchange.
    case exchange(URL)
    /// AWS itself, in the region of the client.
    case aws

    /// - Throws: `EndpointUnreachable` for what AWS does not have.
    func url(of service: AWSService, in region: String) throws(AWSError) -> URL {
        switch self {
        case .exchange(let url): return url
        case .aws:
            let place =
                Self.isGlobal(service)
                ? service.endpointPrefix : "\(service.endpointPrefix).\(region)"
            guard service.signingName != "bourse",
                let url = URL(string: "https://\(place).\(Self.domain(of: region))")
            else {
                throw AWSError(
                    AWSClient.unreachable, status: 503,
                    "AWS has no service \(service.name); it is an exchange's own.")
            }
            return url
        }
    }

    /// In which region what goes there is signed.
    func signingRegion(of service: AWSService, in region: String) -> String {
        if case .aws = self, Self.isGlobal(service) { return "us-east-1" }
        return region
    }

    /// Source: AWS General Reference, "Service endpoints and quotas".
    private static func isGlobal(_ service: AWSService) -> Bool { service.signingName == "iam" }

    private static func domain(of region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }

    public var description: String {
        switch self {
        case .exchange(let url): url.absoluteString
        case .aws: "AWS"
        }
    }
}
