extension XMLElement {
    /// Elements within each other, at most. A deeper document is refused, not recursed into.
    public static let nestingMax = 64

    /// Reads one document in UTF-8.
    ///
    /// What no AWS message uses is passed over: attributes, comments, processing instructions. A document
    /// type is refused: its entities could unfold without end, or name files.
    ///
    /// Source: Extensible Markup Language (XML) 1.0, fifth edition.
    public init(parsing bytes: [UInt8]) throws(WireFault) {
        self = try bytes.withUnsafeBufferPointer { bytes throws(WireFault) in
            var reader = XMLReader(bytes: bytes)
            return try reader.document()
        }
    }
}

private struct XMLReader {
    /// Borrowed while ``document()`` runs.
    let bytes: UnsafeBufferPointer<UInt8>
    var place = 0
    var nesting = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() throws(WireFault) -> XMLElement {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw fault("it is not UTF-8")
        }
        _ = take("\u{FEFF}")
        try skipAround()
        guard take("<") else { throw fault("an element is expected") }
        let root = try element()
        try skipAround()
        guard place == bytes.count else { throw fault("text after the document") }
        return root
    }

    private func fault(_ reason: String) -> WireFault {
        .notADocument("not XML at byte \(place): \(reason)")
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard place + length <= bytes.count,
            (0..<length).allSatisfy({ bytes[place + $0] == text.utf8Start[$0] })
        else { return false }
        place += length
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            place += 1
        }
    }

    /// What may stand before and after the root.
    private mutating func skipAround() throws(WireFault) {
        skipSpace()
        while try skipAside() { skipSpace() }
    }

    /// A comment or a processing instruction, as which the XML declaration passes.
    private mutating func skipAside() throws(WireFault) -> Bool {
        if take("<!--") {
            try skip(past: "-->")
        } else if take("<?") {
            try skip(past: "?>")
        } else {
            return false
        }
        return true
    }

    private mutating func skip(past end: StaticString) throws(WireFault) {
        while !take(end) {
            guard place < bytes.count else { throw fault("the document ends too early") }
            place += 1
        }
    }

    /// An element whose `<` has been taken.
    private mutating func element() throws(WireFault) -> XMLElement {
        guard nesting < XMLElement.nestingMax else { throw fault("nested too deeply") }
        nesting += 1
        defer { nesting -= 1 }
        let name = try name()
        let local = name.utf8.lastIndex(of: UInt8(ascii: ":")).map { name.utf8.index(after: $0) }
        var element = XMLElement(name: String(name[(local ?? name.startIndex)...]))
        skipSpace()
        while next != UInt8(ascii: ">") {
            if take("/>") { return element }
            try skipAttribute()
            skipSpace()
        }
        place += 1
        try content(of: &element)
        guard try self.name() == name else { throw fault("another element ends") }
        skipSpace()
        guard take(">") else { throw fault("the end tag does not end") }
        return element
    }

    private mutating func name() throws(WireFault) -> String {
        let start = place
        while let byte = next, Self.isNamePart(byte) { place += 1 }
        let name = String(decoding: bytes[start..<place], as: UTF8.self)
        guard let first = name.utf8.first, Self.isNameStart(first) else {
            throw fault("a name is expected")
        }
        return name
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: isNameStart(byte)
        }
    }

    private mutating func skipAttribute() throws(WireFault) {
        _ = try name()
        skipSpace()
        guard take("=") else { throw fault("an attribute has no value") }
        skipSpace()
        guard let quote = next, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw fault("a quote is expected")
        }
        repeat { place += 1 } while next != quote && next != UInt8(ascii: "<") && next != nil
        guard next == quote else { throw fault("the attribute does not end") }
        place += 1
    }

    /// Text and children, up to the name in the end tag.
    private mutating func content(of element: inout XMLElement) throws(WireFault) {
        var text: [UInt8] = []
        while let byte = next {
            if take("</") {
                // White space between children is layout, not text.
                if element.children.isEmpty { element.text = String(decoding: text, as: UTF8.self) }
                return
            }
            switch byte {
            case UInt8(ascii: "<"):
                if take("<![CDATA[") {
                    let start = place
                    try skip(past: "]]>")
                    text.append(contentsOf: bytes[start..<place - 3])
                } else if try !skipAside() {
                    place += 1
                    element.children.append(try self.element())
                }
            case UInt8(ascii: "&"):
                place += 1
                try reference(into: &text)
            case UInt8(ascii: "\r"):
                // One line's end, however written.
                place += 1
                if next != UInt8(ascii: "\n") { text.append(UInt8(ascii: "\n")) }
            case UInt8(ascii: "\n"), UInt8(ascii: "\t"), 0x20...:
                text.append(byte)
                place += 1
            default: throw fault("a control character")
            }
        }
        throw fault("the element does not end")
    }

    private mutating func reference(into text: inout [UInt8]) throws(WireFault) {
        let start = place
        while let byte = next, byte != UInt8(ascii: ";"), place - start < 8 { place += 1 }
        let name = String(decoding: bytes[start..<place], as: UTF8.self)
        guard take(";") else { throw fault("the reference does not end") }
        switch name {
        case "lt": text.append(UInt8(ascii: "<"))
        case "gt": text.append(UInt8(ascii: ">"))
        case "amp": text.append(UInt8(ascii: "&"))
        case "quot": text.append(UInt8(ascii: "\""))
        case "apos": text.append(UInt8(ascii: "'"))
        default:
            let code =
                name.hasPrefix("#x")
                ? UInt32(name.dropFirst(2), radix: 16)
                : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
            guard let code, code >= 0x20 || [0x09, 0x0A, 0x0D].contains(code),
                let scalar = Unicode.Scalar(code)
            else { throw fault("no reference of XML's") }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}
