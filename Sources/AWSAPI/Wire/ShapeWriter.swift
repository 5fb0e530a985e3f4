public import FoundationEssentials

/// Writes the members of a shape, straight into the bytes of the message.
public struct ShapeWriter: Sendable {
    public enum Form: Sendable {
        case json, xml, form
        /// A header or query item: the value alone, as it is.
        case text
    }

    let form: Form
    public private(set) var bytes: [UInt8] = []
    public private(set) var head = ShapeReader.Head()
    /// How dates stand where the model does not say: by protocol and place.
    let defaultTimestamp: Timestamp
    /// Of the element that is the whole body, in XML.
    private let namespace: String?
    /// True once the body has a member: an answer of headers alone has no document.
    public private(set) var hasBody = false
    /// True once a member was the body itself, in XML, and brought the root.
    private(set) var hasRoot = false
    private var isFirst = true
    private var isAudit = false
    private var path: [String] = []

    public init(_ form: Form, defaultTimestamp: Timestamp? = nil, namespace: String? = nil) {
        self.form = form
        self.defaultTimestamp = defaultTimestamp ?? (form == .json ? .epochSeconds : .iso8601)
        self.namespace = namespace
    }

    /// A whole request as one JSON object for the audit trail: what travels in path, query and headers
    /// stands among the members, and what the model calls sensitive is hidden.
    public static func audited(_ shape: some AWSShape) -> String {
        var writer = ShapeWriter(.json)
        writer.isAudit = true
        writer.document(shape)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// CloudTrail's words for what it does not show.
    public static let hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

    // MARK: Members

    /// A member that the model marks as sensitive: a secret, a token.
    public mutating func putSensitive(_ name: String, _ value: (some WireValue)?) {
        if isAudit, value != nil { put(name, Self.hidden) } else { put(name, value) }
    }

    public mutating func put(_ name: String, _ value: (some WireValue)?) {
        guard let value else { return }
        member(name) { writer in value.write(to: &writer) }
    }

    public mutating func put(_ name: String, _ date: Date?, as timestamp: Timestamp) {
        guard let date else { return }
        member(name) { writer in writer.date(date, as: timestamp) }
    }

    /// A list whose items have a name of their own in XML and forms.
    public mutating func put(_ name: String, _ items: [some WireValue]?, item: String) {
        guard let items else { return }
        member(name) { writer in writer.list(items, item: item) }
    }

    public mutating func putFlattened(_ name: String, _ items: [some WireValue]?) {
        guard let items else { return }
        switch form {
        case .json: put(name, items)
        case .xml, .text: for item in items { put(name, item) }
        case .form:
            for (place, item) in items.enumerated() { put("\(name).\(place + 1)", item) }
        }
    }

    /// The member that is the body itself: an XML document with `name` as its root.
    public mutating func payload(_ name: String, _ value: (some WireValue)?) {
        guard let value else { return }
        if isAudit { return put(name, value) }
        hasBody = true
        if form == .xml {
            hasRoot = true
            element(name, namespace: namespace) { value.write(to: &$0) }
        } else {
            value.write(to: &self)
        }
    }

    /// The member whose text is the body itself.
    public mutating func payloadText(_ name: String, _ value: String?) {
        guard let value else { return }
        if isAudit { return put(name, value) }
        hasBody = true
        hasRoot = true
        append(value)
    }

    /// An attribute of the element that was just opened. Only XML has such.
    ///
    /// - Parameter namespace: That of the name's prefix, `xsi:`.
    public mutating func attribute(
        _ name: String, _ value: some AWSEnum, namespace: String
    ) {
        guard form == .xml, bytes.last == UInt8(ascii: ">") else { return put(name, value) }
        bytes.removeLast()
        append(" xmlns:\(name.prefix { $0 != ":" })=\"\(namespace)\" \(name)=\"")
        text(value.rawValue)
        append("\">")
    }

    public mutating func label(_ name: String, _ value: String) {
        if isAudit { put(name, value) } else { head.labels[name] = value }
    }

    /// The name is in lower case.
    public mutating func header(
        _ name: String, _ value: (some WireValue)?, as timestamp: Timestamp = .httpDate
    ) {
        guard let value else { return }
        if isAudit { return put(name, value) }
        head.headers.append((name, Self.text(of: value, timestamp: timestamp)))
    }

    public mutating func sensitiveHeader(_ name: String, _ value: (some WireValue)?) {
        if isAudit { putSensitive(name, value) } else { header(name, value) }
    }

    public mutating func headers(prefix: String, _ values: [String: String]?) {
        let headers = (values ?? [:]).map { (name: prefix + $0.key.lowercased(), value: $0.value) }
        for (name, value) in headers.sorted(by: { $0.name < $1.name }) { header(name, value) }
    }

    public mutating func query(
        _ name: String, _ value: (some WireValue)?, as timestamp: Timestamp = .iso8601
    ) {
        guard let value else { return }
        if isAudit { return put(name, value) }
        head.query.append(QueryItem(name, Self.text(of: value, timestamp: timestamp)))
    }

    public mutating func queryList(_ name: String, _ values: [some WireValue]?) {
        if isAudit { return put(name, values) }
        for value in values ?? [] { query(name, value) }
    }

    public mutating func status(_ status: Int) { head.status = status }

    private static func text(of value: some WireValue, timestamp: Timestamp) -> String {
        var writer = ShapeWriter(.text, defaultTimestamp: timestamp)
        value.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: Documents

    /// The whole of a JSON object, an XML element's content, or a form.
    public mutating func document(_ shape: some AWSShape) {
        if form == .json {
            open(UInt8(ascii: "{"))
            shape.writeMembers(to: &self)
            close(UInt8(ascii: "}"))
        } else {
            shape.writeMembers(to: &self)
        }
    }

    /// An XML element around what `content` writes.
    public mutating func element(
        _ name: String, namespace: String? = nil, _ content: (inout ShapeWriter) -> Void
    ) {
        append("<")
        append(name)
        if let namespace { append(" xmlns=\"\(namespace)\"") }
        append(">")
        content(&self)
        append("</")
        append(name)
        append(">")
    }

    public mutating func xmlDeclaration() {
        append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    }

    private mutating func member(_ name: String, _ value: (inout ShapeWriter) -> Void) {
        hasBody = true
        switch form {
        case .json:
            separate()
            JSONValue.write(string: name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            value(&self)
        case .xml: element(name, value)
        case .form:
            path.append(name)
            value(&self)
            path.removeLast()
        case .text: value(&self)
        }
    }

    // MARK: Values

    /// A string: quoted in JSON, escaped in XML, encoded in a form, in a header as it is.
    public mutating func text(_ text: String) {
        switch form {
        case .json: JSONValue.write(string: text, to: &bytes)
        case .xml: bytes.append(text, replacing: Self.escape)
        case .form: formItem(text)
        case .text: append(text)
        }
    }

    /// A number or boolean.
    mutating func literal(_ text: String) {
        if form == .form { formItem(text) } else { append(text) }
    }

    mutating func date(_ date: Date, as timestamp: Timestamp) {
        let written = timestamp.text(date)
        if case .epochSeconds = timestamp { literal(written) } else { text(written) }
    }

    mutating func list(_ items: [some WireValue], item: String) {
        switch form {
        case .json:
            open(UInt8(ascii: "["))
            for value in items {
                separate()
                value.write(to: &self)
            }
            close(UInt8(ascii: "]"))
        case .xml: for value in items { element(item) { value.write(to: &$0) } }
        case .form:
            if items.isEmpty { formItem("") }
            for (place, value) in items.enumerated() {
                path += [item, String(place + 1)]
                value.write(to: &self)
                path.removeLast(2)
            }
        case .text:
            for (place, value) in items.enumerated() {
                if place > 0 { append(",") }
                value.write(to: &self)
            }
        }
    }

    mutating func map(_ values: [String: some WireValue]) {
        switch form {
        case .json:
            open(UInt8(ascii: "{"))
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                separate()
                JSONValue.write(string: name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                value.write(to: &self)
            }
            close(UInt8(ascii: "}"))
        case .xml, .text:
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                element("entry") { entry in
                    entry.element("key") { $0.text(name) }
                    entry.element("value") { value.write(to: &$0) }
                }
            }
        case .form:
            for (place, (name, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                path += ["entry", String(place + 1)]
                member("key") { $0.text(name) }
                member("value") { value.write(to: &$0) }
                path.removeLast(2)
            }
        }
    }

    private mutating func formItem(_ value: String) {
        if !bytes.isEmpty { append("&") }
        append(PercentEncoding.encode(path.joined(separator: "."), keepingSlashes: false))
        append("=")
        append(PercentEncoding.encode(value))
    }

    private mutating func separate() {
        if isFirst { isFirst = false } else { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: UInt8) {
        bytes.append(bracket)
        isFirst = true
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        isFirst = false
    }

    /// Bytes that are already in this form.
    mutating func raw(_ content: [UInt8]) { bytes.append(contentsOf: content) }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private static func escape(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "\r"): "&#13;"
        default: nil
        }
    }
}
