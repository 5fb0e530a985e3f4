import AWSAPI

extension AWSError {
    static func glueInvalidInput(_ message: String) -> AWSError {
        AWSError("InvalidInputException", message)
    }

    /// Also where it is there and the caller may not know it: the answer tells strangers nothing.
    static func databaseNotFound(_ name: String) -> AWSError {
        AWSError("EntityNotFoundException", "Database \(name) not found.")
    }

    /// Also where it is there and the caller may not know it.
    static func tableNotFound(_ name: String) -> AWSError {
        AWSError("EntityNotFoundException", "Table \(name) not found.")
    }

    static func databaseExists(_ name: String) -> AWSError {
        AWSError("AlreadyExistsException", "Database \(name) already exists.")
    }

    static func tableExists(_ name: String) -> AWSError {
        AWSError("AlreadyExistsException", "Table \(name) already exists.")
    }

    /// Whether the catalogue or the object exists is not said.
    static func catalogueIsReadOnly(_ permission: String) -> AWSError {
        AWSError(
            "AccessDeniedException",
            "Insufficient Lake Formation permission(s): Required \(permission). Another account's "
                + "catalogue is read only.")
    }

    static let unknownNextToken = glueInvalidInput("NextToken is not one that was given out.")
}
