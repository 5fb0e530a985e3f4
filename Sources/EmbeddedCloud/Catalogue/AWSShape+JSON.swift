import AWSAPI

extension AWSShape {
    /// As the ledger keeps a shape: one JSON object, in AWS's member names.
    var json: String {
        var writer = ShapeWriter(.json)
        writer.document(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    init(json: String) throws {
        try self.init(from: ShapeReader(body: .json(JSONValue(parsing: json))))
    }
}
