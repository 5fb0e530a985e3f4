import AWSAPI
import FoundationEssentials

/// What the keys of exported assets look like: `${Revision.CreatedAt.Year}/${Asset.Name}`.
///
/// Source: AWS Data Exchange User Guide, "Key patterns when exporting revisions".
struct KeyPattern: Sendable {
    static let usual = "${Revision.CreatedAt}/${Asset.Name}"
    /// Source: AWS Data Exchange API Reference, `KeyPattern`. An object's key is no longer.
    static let bytesMax = 1_024

    private enum Part: Sendable {
        case text(String)
        case variable(Variable)
    }

    private enum Variable: String, Sendable {
        case assetName = "Asset.Name"
        case assetID = "Asset.Id"
        case dataSetName = "DataSet.Name"
        case dataSetID = "DataSet.Id"
        case revisionID = "Revision.Id"
        case createdAt = "Revision.CreatedAt"
        case year = "Revision.CreatedAt.Year"
        case month = "Revision.CreatedAt.Month"
        case day = "Revision.CreatedAt.Day"
        case hour = "Revision.CreatedAt.Hour"
        case minute = "Revision.CreatedAt.Minute"
        case second = "Revision.CreatedAt.Second"
    }

    private let parts: [Part]

    /// - Throws: `ValidationException` for variables that there are not, and where all assets of a revision
    ///   would have one key.
    init(_ text: String) throws(AWSError) {
        guard (1...Self.bytesMax).contains(text.utf8.count) else {
            throw .validation("KeyPattern must have 1 to \(Self.bytesMax) bytes.")
        }
        var parts: [Part] = []
        var rest = text[...]
        while let begin = rest.firstRange(of: "${") {
            if begin.lowerBound > rest.startIndex {
                parts.append(.text(String(rest[..<begin.lowerBound])))
            }
            rest = rest[begin.upperBound...]
            guard let end = rest.firstIndex(of: "}"),
                let variable = Variable(rawValue: String(rest[..<end]))
            else {
                throw .validation(
                    "KeyPattern has a variable that there is not: ${\(rest.prefix(40))")
            }
            parts.append(.variable(variable))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        let tellsAssetsApart = parts.contains { part in
            if case .variable(let variable) = part {
                return variable == .assetName || variable == .assetID
            }
            return false
        }
        guard tellsAssetsApart else {
            throw .validation("KeyPattern must have ${Asset.Name} or ${Asset.Id}.")
        }
        self.parts = parts
    }

    func key(of asset: AssetRow, in revision: RevisionRow, of dataSet: DataSetView) -> String {
        // 2024-02-18T14:32:01Z
        let time = Timestamp.iso8601.text(revision.createdAt)
        let numbers = time.split { !$0.isASCII || !$0.isNumber }.map(String.init)
        func number(_ place: Int) -> String { numbers.count > place ? numbers[place] : "" }
        return parts.map { part in
            switch part {
            case .text(let text): text
            case .variable(.assetName): asset.name
            case .variable(.assetID): asset.id.rawValue
            case .variable(.dataSetName): dataSet.source.name
            case .variable(.dataSetID): dataSet.id.rawValue
            case .variable(.revisionID): revision.id.rawValue
            case .variable(.createdAt): time
            case .variable(.year): number(0)
            case .variable(.month): number(1)
            case .variable(.day): number(2)
            case .variable(.hour): number(3)
            case .variable(.minute): number(4)
            case .variable(.second): number(5)
            }
        }.joined()
    }
}
