import AWSAPI

extension AWSError {
    /// Ours and Data Exchange's word for bad input.
    static func validation(_ message: String) -> AWSError {
        AWSError("ValidationException", message)
    }

    /// Unknown, used or expired: a stranger is not told which.
    static let enrolmentRefused = AWSError(
        "EnrolmentRefusedException", status: 403,
        "The code is not valid. Ask the provider for a new one: bourse account add.")

    static func stsValidation(_ message: String) -> AWSError {
        AWSError("ValidationError", message)
    }

    static func invalidIdentityToken(_ message: String) -> AWSError {
        AWSError("InvalidIdentityToken", message)
    }
}
