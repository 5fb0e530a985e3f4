import AWSAPI

extension AWSError {
    /// The exchange's disk is full: nothing was changed, and what is there is still read.
    static func noSpace(of service: AWSService) -> AWSError {
        AWSError(
            "ServiceUnavailable", status: 503,
            "The exchange's disk is full, so \(service.name) changes nothing. Try again later.")
    }
}
