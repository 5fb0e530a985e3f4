import AWSAPI
import FoundationEssentials

/// The name of a database or a table, as the catalogue keeps it: in lower case.
enum CatalogueName {
    /// UTF-8 bytes.
    static let bytesMax = 255

    /// The name to keep.
    ///
    /// - Parameter what: The member that the message names: `DatabaseInput.Name`.
    /// - Throws: `InvalidInputException` if it is empty, too long, or holds a control character.
    static func new(_ text: String, _ what: String) throws(AWSError) -> String {
        guard !text.isEmpty, text.utf8.count <= bytesMax,
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw .glueInvalidInput(
                "\(what) must have 1 to \(bytesMax) bytes and no control characters.")
        }
        return text.lowercased()
    }
}
