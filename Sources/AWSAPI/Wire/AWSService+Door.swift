// The server's half of the four protocols: requests to operations, answers and errors to bytes.

extension AWSOperation {
    /// Reads the operation out of a request that ``OperationTable`` matched to it.
    public init(
        reading request: WireRequest, labels: [String: String]
    ) throws(AWSError) {
        do {
            try self.init(from: Self.reader(of: request, labels: labels))
        } catch {
            throw .invalidInput(
                error, of: Self.service, isDocument: !request.body.isEmpty)
        }
    }

    private static func reader(
        of request: WireRequest, labels: [String: String]
    ) throws(WireFault) -> ShapeReader {
        switch service.wire {
        case .json:
            return ShapeReader(body: try json(request.body))
        case .query:
            let items = QueryItem.parse(String(decoding: request.body, as: UTF8.self))
            return ShapeReader(body: .form(FormNode(items + QueryItem.parse(request.query))))
        case .restJSON, .restXML:
            var head = ShapeReader.Head()
            head.labels = labels
            head.query = QueryItem.parse(request.query)
            head.headers = request.headers.map { ($0.name, $0.value) }
            if case .restJSON = service.wire {
                return ShapeReader(body: try json(request.body), head: head)
            }
            if requestIsText {
                return ShapeReader(
                    body: .text(String(decoding: request.body, as: UTF8.self)), head: head)
            }
            let body = request.body.isEmpty ? nil : try XMLElement(parsing: request.body)
            return ShapeReader(body: body.map(WireNode.xml), head: head)
        }
    }

    /// An empty body stands for an empty object.
    private static func json(_ body: [UInt8]) throws(WireFault) -> WireNode {
        if body.isEmpty { return .json([:]) }
        let value: JSONValue
        do { value = try JSONValue(parsing: body) } catch { throw .notADocument("\(error)") }
        guard value.object != nil else { throw .notADocument("it must be an object") }
        return .json(value)
    }

    /// The answer's bytes.
    public static func reply(_ response: Response, requestID: String) -> WireReply {
        switch service.wire {
        case .json(let version, _):
            var writer = ShapeWriter(.json)
            writer.document(response)
            return WireReply(
                status: 200,
                headers: [
                    WireHeader("content-type", "application/x-amz-json-\(version)"),
                    WireHeader("x-amzn-requestid", requestID),
                ], body: writer.bytes)
        case .query(_, let namespace):
            var writer = ShapeWriter(.xml)
            writer.element("\(name)Response", namespace: namespace) { root in
                root.element("\(name)Result") { $0.document(response) }
                root.element("ResponseMetadata") { $0.put("RequestId", requestID) }
            }
            return WireReply(
                status: 200,
                headers: [
                    WireHeader("content-type", "text/xml"),
                    WireHeader("x-amzn-requestid", requestID),
                ], body: writer.bytes)
        case .restJSON:
            var writer = ShapeWriter(.json)
            writer.document(response)
            return rest(
                writer, type: "application/json",
                id: WireHeader("x-amzn-requestid", requestID), body: writer.bytes)
        case .restXML(let namespace):
            var content = ShapeWriter(
                .xml, defaultTimestamp: .iso8601Milliseconds, namespace: namespace)
            content.document(response)
            let id = WireHeader("x-amz-request-id", requestID)
            if responseIsText {
                return rest(content, type: "application/json", id: id, body: content.bytes)
            }
            var document = ShapeWriter(.xml)
            // Clients parse the document even when it says nothing, so a root of its own is enough.
            if content.hasBody || rootElement != nil {
                document.xmlDeclaration()
                if content.hasRoot {
                    document.raw(content.bytes)
                } else {
                    document.element(rootElement ?? "\(name)Result", namespace: namespace) {
                        $0.raw(content.bytes)
                    }
                }
            }
            return rest(content, type: "application/xml", id: id, body: document.bytes)
        }
    }

    private static func rest(
        _ writer: ShapeWriter, type: String, id: WireHeader, body: [UInt8]
    ) -> WireReply {
        let isPart = writer.head.headers.contains { $0.name == "content-range" }
        let status =
            writer.head.status != 200 ? writer.head.status : isPart ? 206 : route.status
        let hasBody = status != 204 && !body.isEmpty
        var headers = [id]
        if hasBody { headers.append(WireHeader("content-type", type)) }
        headers += writer.head.headers.map { WireHeader($0.name, $0.value) }
        return WireReply(status: status, headers: headers, body: hasBody ? body : [])
    }
}

extension AWSService {
    /// The error in the service's own form.
    ///
    /// - Parameter resource: What the request was about: S3's errors say it.
    public func reply(_ error: AWSError, requestID: String, resource: String = "") -> WireReply {
        switch wire {
        case .json(let version, _):
            var headers = [
                WireHeader("content-type", "application/x-amz-json-\(version)"),
                WireHeader("x-amzn-requestid", requestID),
            ]
            if let legacy = error.legacyQueryCode {
                headers.append(WireHeader("x-amzn-query-error", "\(legacy);Sender"))
            }
            return WireReply(
                status: error.status, headers: headers, body: error.json(typed: true))
        case .restJSON:
            return WireReply(
                status: error.status,
                headers: [
                    WireHeader("content-type", "application/json"),
                    WireHeader("x-amzn-requestid", requestID),
                    WireHeader("x-amzn-errortype", error.code),
                ], body: error.json(typed: false))
        case .query(_, let namespace):
            var writer = ShapeWriter(.xml)
            writer.element("ErrorResponse", namespace: namespace) { root in
                root.element("Error") { inner in
                    inner.put("Type", error.status < 500 ? "Sender" : "Receiver")
                    inner.put("Code", error.code)
                    inner.put("Message", error.message)
                }
                root.put("RequestId", requestID)
            }
            return WireReply(
                status: error.status,
                headers: [
                    WireHeader("content-type", "text/xml"),
                    WireHeader("x-amzn-requestid", requestID),
                ], body: writer.bytes)
        case .restXML:
            var writer = ShapeWriter(.xml)
            writer.xmlDeclaration()
            writer.element("Error") { root in
                root.put("Code", error.code)
                root.put("Message", error.message)
                for member in error.members { root.put(member.name, member.value) }
                root.put("Resource", resource)
                root.put("RequestId", requestID)
            }
            let id = WireHeader("x-amz-request-id", requestID)
            guard error.status != 304 else {
                return WireReply(status: 304, headers: [id] + error.headers)
            }
            return WireReply(
                status: error.status,
                headers: [WireHeader("content-type", "application/xml"), id] + error.headers,
                body: writer.bytes)
        }
    }
}

extension AWSError {
    /// Both spellings of the message: SDKs differ in which they read.
    fileprivate func json(typed: Bool) -> [UInt8] {
        var object: JSONObject = ["message": .string(message), "Message": .string(message)]
        if typed { object["__type"] = .string(code) }
        for member in members { object[member.name] = .string(member.value) }
        var bytes: [UInt8] = []
        JSONValue.object(object).write(to: &bytes)
        return bytes
    }
}
