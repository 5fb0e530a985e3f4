public import AWSAPI

extension Bourse {
    /// Makes a directory of the provider's a bucket, in place: it is read where it is and never written.
    ///
    /// The same link again changes nothing.
    ///
    /// - Throws: `ValidationException` for a name that no bucket can have or that is taken, and for a path
    ///   that is not a readable directory apart from the exchange's own; `AccessDeniedException` for anyone
    ///   but the provider's administrator.
    public struct LinkBucket: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "LinkBucket"
        public static let route = Route("POST", "/bourse/v1/lake/links", status: 201)

        public var bucket: String
        /// Absolute, on the exchange's machine.
        public var path: String

        public init(bucket: String, path: String) {
            self.bucket = bucket
            self.path = path
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            bucket = try reader.required("Bucket")
            path = try reader.required("Path")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Bucket", bucket)
            writer.put("Path", path)
        }

        public struct Response: AWSShape {
            public var bucket: String
            /// The directory, without symbolic links.
            public var path: String
            /// Counted, up to a limit.
            public var objects: Int
            /// There are more than were counted.
            public var hasMoreObjects: Bool

            public init(bucket: String, path: String, objects: Int, hasMoreObjects: Bool) {
                self.bucket = bucket
                self.path = path
                self.objects = objects
                self.hasMoreObjects = hasMoreObjects
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                bucket = try reader.required("Bucket")
                path = try reader.required("Path")
                objects = try reader.required("Objects")
                hasMoreObjects = try reader.required("HasMoreObjects")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Bucket", bucket)
                writer.put("Path", path)
                writer.put("Objects", objects)
                writer.put("HasMoreObjects", hasMoreObjects)
            }
        }
    }
}
