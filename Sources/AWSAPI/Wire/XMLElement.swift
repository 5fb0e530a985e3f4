import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// An element of a small XML document: its name without prefix, its text, its child elements.
public struct XMLElement: Equatable, Sendable {
    public var name: String
    public var text = ""
    public var children: [XMLElement] = []

    /// Elements within each other, at most.
    public static let nestingMax = 64

    public init(name: String) { self.name = name }

    public init(parsing bytes: [UInt8]) throws(WireFault) {
        let parser = XMLParser(data: Data(bytes))
        let builder = Builder()
        parser.shouldResolveExternalEntities = false
        parser.delegate = builder
        guard parser.parse(), !builder.refused, let root = builder.root else {
            throw .notADocument("it is not well-formed XML")
        }
        self = root
    }

    public func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    private final class Builder: NSObject, XMLParserDelegate {
        var root: XMLElement?
        var refused = false
        private var open: [XMLElement] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
            qualifiedName: String?, attributes: [String: String]
        ) {
            guard open.count < XMLElement.nestingMax else {
                refused = true
                return parser.abortParsing()
            }
            let local = name.split(separator: ":").last.map(String.init) ?? name
            open.append(XMLElement(name: local))
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            if !open.isEmpty { open[open.count - 1].text += text }
        }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
            qualifiedName: String?
        ) {
            guard var ended = open.popLast() else { return }
            // White space between child elements is layout, not text.
            if !ended.children.isEmpty { ended.text = "" }
            if open.isEmpty { root = ended } else { open[open.count - 1].children.append(ended) }
        }

        // A document type may define entities that unfold without end; no AWS request has one.
        func parser(
            _ parser: XMLParser, foundInternalEntityDeclarationWithName name: String, value: String?
        ) {
            refused = true
            parser.abortParsing()
        }
    }
}
