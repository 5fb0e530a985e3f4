import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A reader's wish` {
    struct RangeRow: Sendable, CustomTestStringConvertible {
        var header: String
        var size = 10
        /// Nil: the header is as good as none.
        var asked: Bool = true
        /// Nil: not satisfiable.
        var expected: Range<Int>?

        var testDescription: String { "\(header) of \(size)" }
    }

    @Test(arguments: [
        RangeRow(header: "bytes=0-0", expected: 0..<1),
        RangeRow(header: "bytes=2-4", expected: 2..<5),
        RangeRow(header: "bytes=2-", expected: 2..<10),
        RangeRow(header: "bytes=9-9", expected: 9..<10),
        RangeRow(header: "bytes=0-262143", expected: 0..<10),
        RangeRow(header: "bytes=0-99999999999999999999", expected: 0..<10),
        RangeRow(header: "bytes=10-", expected: nil),
        RangeRow(header: "bytes=10-20", expected: nil),
        RangeRow(header: "bytes=99999999999999999999-", expected: nil),
        RangeRow(header: "bytes=-3", expected: 7..<10),
        RangeRow(header: "bytes=-262144", expected: 0..<10),
        RangeRow(header: "bytes=-0", expected: nil),
        RangeRow(header: "bytes=0-", size: 0, expected: nil),
        RangeRow(header: "bytes=-5", size: 0, expected: nil),
        RangeRow(header: "bytes=4-2", asked: false),
        RangeRow(header: "bytes=0-1,4-5", asked: false),
        RangeRow(header: "bytes=-", asked: false),
        RangeRow(header: "bytes=a-b", asked: false),
        RangeRow(header: "bytes=+1-2", asked: false),
        RangeRow(header: "rows=0-1", asked: false),
        RangeRow(header: "", asked: false),
    ])
    func `for a range is met as far as there are bytes`(_ row: RangeRow) {
        let range = ByteRange(row.header)
        #expect((range != nil) == row.asked)
        #expect(range?.within(row.size) == row.expected)
    }

    struct ConditionRow: Sendable, CustomTestStringConvertible {
        var name: String
        var conditions: ObjectConditions
        var expected: ObjectConditions.Failure?

        var testDescription: String { name }
    }

    static let modified = Date(timeIntervalSince1970: 1_800_000_000.75)
    static let earlier = Date(timeIntervalSince1970: 1_799_999_999)
    static let same = Date(timeIntervalSince1970: 1_800_000_000)

    @Test(arguments: [
        ConditionRow(name: "none", conditions: .init()),
        ConditionRow(name: "this one", conditions: .init(ifMatch: "\"abc\"")),
        ConditionRow(name: "this one, without quotes", conditions: .init(ifMatch: "abc")),
        ConditionRow(name: "one of these", conditions: .init(ifMatch: "\"x\", \"abc\"")),
        ConditionRow(name: "any", conditions: .init(ifMatch: "*")),
        ConditionRow(
            name: "another one", conditions: .init(ifMatch: "\"x\""),
            expected: .preconditionFailed),
        ConditionRow(
            name: "not this one", conditions: .init(ifNoneMatch: "W/\"abc\""),
            expected: .notModified),
        ConditionRow(name: "not another one", conditions: .init(ifNoneMatch: "\"x\"")),
        ConditionRow(
            name: "newer", conditions: .init(ifModifiedSince: same), expected: .notModified),
        ConditionRow(name: "newer than before", conditions: .init(ifModifiedSince: earlier)),
        ConditionRow(
            name: "no newer than before", conditions: .init(ifUnmodifiedSince: earlier),
            expected: .preconditionFailed),
        ConditionRow(name: "no newer", conditions: .init(ifUnmodifiedSince: same)),
        ConditionRow(
            name: "this one, whatever its age",
            conditions: .init(ifMatch: "\"abc\"", ifUnmodifiedSince: earlier)),
        ConditionRow(
            name: "not another one, whatever its age",
            conditions: .init(ifNoneMatch: "\"x\"", ifModifiedSince: same)),
        ConditionRow(
            name: "not this one, though newer",
            conditions: .init(ifNoneMatch: "\"abc\"", ifModifiedSince: earlier),
            expected: .notModified),
    ])
    func `for a certain object is checked in HTTP's order`(_ row: ConditionRow) {
        #expect(
            row.conditions.failure(for: "\"abc\"", lastModified: Self.modified) == row.expected)
    }
}

@Suite struct `A bucket's name` {
    @Test(arguments: [
        "abc", "nomura-data-lake", "a.b.c", "1st", "v10", String(repeating: "a", count: 63),
    ])
    func `may be`(name: String) {
        #expect(BucketName(rawValue: name)?.rawValue == name)
    }

    @Test(arguments: [
        "", "ab", String(repeating: "a", count: 64), "Abc", "a_b", "-abc", "abc-", ".abc", "a..b",
        "a/b", "192.168.5.4", "xn--abc", "abc-s3alias", "ünder", "a\u{301}bc", "health", "metrics",
        "hooks", "bourse", "iceberg", "delta-sharing", "tags",
    ])
    func `may not be`(name: String) {
        #expect(BucketName(rawValue: name) == nil)
    }
}
