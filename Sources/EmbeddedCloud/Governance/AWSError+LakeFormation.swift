import AWSAPI
import LakeFormationAPI

extension AWSError {
    static func lakeInvalidInput(_ message: String) -> AWSError {
        AWSError("InvalidInputException", message)
    }

    /// Not there, or not the caller's to govern: Lake Formation's own words, which say neither.
    /// Clients match on them.
    static let lakeAccessDenied = AWSError.accessDenied(
        .lakeFormation,
        "Resource does not exist or requester is not authorized to access requested permissions.")

    /// The beginning of the message is what tells Terraform that a revoke has nothing left to do.
    static func noPermissionsRevoked(_ grantee: Grantee) -> AWSError {
        lakeInvalidInput(
            "No permissions revoked. Grantee has no permissions of those named on the resource: "
                + "\(grantee)")
    }

    static func filterNotFound(_ name: String) -> AWSError {
        AWSError("EntityNotFoundException", "Data cells filter \(name) not found.")
    }

    static func filterExists(_ name: String) -> AWSError {
        AWSError("AlreadyExistsException", "Data cells filter \(name) already exists.")
    }

    static let locationNotFound = AWSError(
        "EntityNotFoundException", "The resource is not registered.")

    static let locationExists = AWSError(
        "AlreadyExistsException", "The resource is already registered.")
}
