public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// Moves the end of a data grant. The receiver keeps the data set that it has: its id, its alias, its event
    /// actions. AWS does the same in its console, and has no operation for it.
    ///
    /// One that is over holds again. The end that it has already is accepted, and changes nothing.
    ///
    /// - Throws: `ResourceNotFoundException` for none of the caller's; `ValidationException` for an end that is
    ///   earlier than the one it has, or not in the future, and for a grant without an end.
    public struct ExtendDataGrant: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ExtendDataGrant"
        public static let route = Route("POST", "/bourse/v1/data-grants/{DataGrantId}/extend")

        public var dataGrantId: String
        public var endsAt: Date

        public init(dataGrantId: String, endsAt: Date) {
            self.dataGrantId = dataGrantId
            self.endsAt = endsAt
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            dataGrantId = try reader.label("DataGrantId")
            endsAt = try reader.required("EndsAt")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("DataGrantId", dataGrantId)
            writer.put("EndsAt", endsAt)
        }

        public struct Response: AWSShape {
            public var dataGrantId: String
            public var endsAt: Date

            public init(dataGrantId: String, endsAt: Date) {
                self.dataGrantId = dataGrantId
                self.endsAt = endsAt
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                dataGrantId = try reader.required("DataGrantId")
                endsAt = try reader.required("EndsAt")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("DataGrantId", dataGrantId)
                writer.put("EndsAt", endsAt)
            }
        }
    }
}
