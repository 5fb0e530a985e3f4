// The client's half of the four protocols: operations to requests, bytes to answers and errors.

extension AWSOperation {
    /// The request, unsigned and without its Host.
    public var request: WireRequest {
        var writer: ShapeWriter
        switch Self.service.wire {
        case .json(let version, let prefix):
            writer = ShapeWriter(.json)
            writer.document(self)
            return WireRequest(
                method: "POST", path: "/",
                headers: [
                    WireHeader("content-type", "application/x-amz-json-\(version)"),
                    WireHeader("x-amz-target", "\(prefix).\(Self.name)"),
                ], body: writer.bytes)
        case .query(let version, _):
            writer = ShapeWriter(.form)
            writer.put("Action", Self.name)
            writer.put("Version", version)
            writer.document(self)
            return WireRequest(
                method: "POST", path: "/",
                headers: [
                    WireHeader(
                        "content-type", "application/x-www-form-urlencoded; charset=utf-8")
                ], body: writer.bytes)
        case .restJSON:
            writer = ShapeWriter(.json)
            writer.document(self)
        case .restXML(let namespace):
            writer = ShapeWriter(
                .xml, defaultTimestamp: .iso8601Milliseconds, namespace: namespace)
            writer.document(self)
        }
        let target = Self.route.target(labels: writer.head.labels, query: writer.head.query)
        let sides = target.split(separator: "?", maxSplits: 1)
        var headers = writer.head.headers.map { WireHeader($0.name, $0.value) }
        if writer.hasBody, case .restJSON = Self.service.wire {
            headers.append(WireHeader("content-type", "application/json"))
        }
        return WireRequest(
            method: Self.route.method, path: String(sides[0]),
            query: sides.count > 1 ? String(sides[1]) : "", headers: headers,
            body: writer.hasBody ? writer.bytes : [])
    }

    /// Reads the answer.
    ///
    /// - Throws: The service's error, or `UnreadableAnswer` where the bytes are neither.
    public static func response(from reply: WireReply) throws(AWSError) -> Response {
        guard reply.status < 300 else { throw AWSError(reading: reply, from: service) }
        do {
            var head = ShapeReader.Head()
            head.headers = reply.headers.map { ($0.name, $0.value) }
            head.status = reply.status
            return try Response(from: ShapeReader(body: try body(of: reply), head: head))
        } catch {
            throw AWSError("UnreadableAnswer", status: 502, "\(service.name) \(name): \(error)")
        }
    }

    private static func body(of reply: WireReply) throws(WireFault) -> WireNode? {
        if reply.body.isEmpty { return nil }
        switch service.wire {
        case .json, .restJSON:
            do { return .json(try JSONValue(parsing: reply.body)) } catch {
                throw .notADocument("\(error)")
            }
        case .restXML:
            if responseIsText { return .text(String(decoding: reply.body, as: UTF8.self)) }
            return .xml(try XMLElement(parsing: reply.body))
        case .query:
            let root = try XMLElement(parsing: reply.body)
            return root.child("\(name)Result").map(WireNode.xml)
        }
    }
}

extension AWSError {
    /// The error in an answer of the service, or one that quotes what came instead.
    public init(reading reply: WireReply, from service: AWSService) {
        self.init(
            "HTTP\(reply.status)", status: reply.status,
            String(decoding: reply.body.prefix(300), as: UTF8.self))
        switch service.wire {
        case .json, .restJSON:
            let body = try? JSONValue(parsing: reply.body)
            let code =
                reply.headers["x-amzn-errortype"] ?? body?["__type"]?.string
                ?? body?["code"]?.string ?? code
            // `Code:url` in a header, `namespace#Code` in a body.
            let name = code.prefix { $0 != ":" }
            self.code = String(name.split(separator: "#").last ?? name)
            legacyQueryCode = reply.headers["x-amzn-query-error"]
                .map { String($0.prefix { $0 != ";" }) }
            message = body?["message"]?.string ?? body?["Message"]?.string ?? message
            members = (body?.object?.members ?? []).compactMap { member in
                guard !["__type", "code", "message", "Message"].contains(member.name),
                    let text = member.value.string
                else { return nil }
                return Member(member.name, text)
            }
        case .query, .restXML:
            guard let root = try? XMLElement(parsing: reply.body) else { return }
            let error = root.child("Error") ?? root
            code = error.child("Code")?.text ?? code
            message = error.child("Message")?.text ?? message
            let envelope = ["Type", "Code", "Message", "Resource", "RequestId", "HostId"]
            members = error.children.filter { !envelope.contains($0.name) }
                .map { Member($0.name, $0.text) }
        }
    }
}
