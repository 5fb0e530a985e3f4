import FoundationEssentials

/// Under which conditions a reader wants the object.
///
/// Source: RFC 9110, 13.2.2, "Precedence of Preconditions".
struct ObjectConditions: Equatable, Sendable {
    enum Failure: Equatable, Sendable {
        /// It is not the object that the reader means.
        case preconditionFailed
        /// It is the one that the reader has.
        case notModified
    }

    var ifMatch: String?
    var ifNoneMatch: String?
    var ifModifiedSince: Date?
    var ifUnmodifiedSince: Date?

    /// Nil where the reader is to have it.
    func failure(for etag: String, lastModified: Date) -> Failure? {
        // Headers say whole seconds.
        let modified = lastModified.timeIntervalSince1970.rounded(.down)
        if let ifMatch {
            guard Self.names(ifMatch, etag) else { return .preconditionFailed }
        } else if let ifUnmodifiedSince, modified > ifUnmodifiedSince.timeIntervalSince1970 {
            return .preconditionFailed
        }
        if let ifNoneMatch {
            return Self.names(ifNoneMatch, etag) ? .notModified : nil
        }
        if let ifModifiedSince, modified <= ifModifiedSince.timeIntervalSince1970 {
            return .notModified
        }
        return nil
    }

    /// Whether a list of ETags, or `*`, names this one. Clients send them with quotes and without.
    static func names(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").contains { item in
            var item = item.drop { $0 == " " }
            if item.hasPrefix("W/") { item = item.dropFirst(2) }
            let text = item.filter { $0 != "\"" && $0 != " " }
            return text == "*" || text == etag.filter { $0 != "\"" }
        }
    }
}
