import AWSAPI
import DuckDB
import GlueAPI
import Testing

@testable import EmbeddedCloud

@Suite struct `An inferred table` {
    @Test(
        arguments: [
            (.integer, .bigint, .bigint), (.tinyint, .utinyint, .smallint),
            (.uinteger, .integer, .bigint), (.ubigint, .bigint, .decimal(width: 20, scale: 0)),
            (.float, .double, .double), (.float, .bigint, .double),
            (
                .decimal(width: 9, scale: 2), .decimal(width: 12, scale: 4),
                .decimal(width: 12, scale: 4)
            ),
            (.decimal(width: 38, scale: 0), .decimal(width: 38, scale: 9), .double),
            (.decimal(width: 9, scale: 2), .bigint, .decimal(width: 21, scale: 2)),
            (.date, .timestampNS, .timestamp), (.timestampTZ, .timestamp, .timestamp),
            (.varchar, .integer, .varchar), (.boolean, .integer, .varchar),

            (.list(.integer), .list(.bigint), .list(.bigint)),
            (.list(.integer), .integer, .varchar),
            (
                .map(key: .varchar, value: .float), .map(key: .varchar, value: .double),
                .map(key: .varchar, value: .double)
            ),
            (
                .structure([.init(name: "a", type: .integer), .init(name: "b", type: .date)]),
                .structure([.init(name: "c", type: .blob), .init(name: "A", type: .bigint)]),
                .structure([
                    .init(name: "a", type: .bigint), .init(name: "b", type: .date),
                    .init(name: "c", type: .blob),
                ])
            ),
        ] as [(LogicalType, LogicalType, LogicalType)])
    func `reads two types as one`(_ one: LogicalType, _ two: LogicalType, _ both: LogicalType) {
        #expect(one.common(with: two) == both)
        // Whichever file comes first: fields of structures have the first one's order.
        if case .structure = both { return }
        #expect(two.common(with: one) == both)
        #expect(both.common(with: one) == both)
    }

    @Test(arguments: [
        (["2024-02-29", "0001-01-01"], "date"), (["2023-02-29"], "string"), ([], "string"),
        (["0", "-1", "2147483647"], "int"), (["2147483648"], "bigint"), (["1", "007"], "string"),
        (["-0"], "string"), (["1", ""], "string"), (["9223372036854775808"], "string"),
    ])
    func `gives a partition key the type of its values`(_ values: [String], _ type: String) {
        #expect(PartitionLayout.type(of: Set(values)) == type)
    }

    @Test(arguments: [
        ["t/a=1/f", "t/f"], ["t/a=1/b=1/f", "t/b=1/a=1/f"], ["t/a=1/a=2/f"],
        ["t/a=1/f", "t/b=1/f"],
    ])
    func `is not made of folders that no query reads as one`(_ files: [String]) {
        let refusal = #expect(throws: AWSError.self) {
            _ = try PartitionLayout(of: files, below: "t/")
        }
        #expect(refusal?.code == "ValidationException")
    }

    @Test func `has no keys out of the folders above it`() throws {
        let layout = try PartitionLayout(
            of: ["y=1/t/D=2024-01-01/x/f", "y=1/t/D=2024-01-02/f"], below: "y=1/t/")
        #expect(layout.keys.map(\.name) == ["d"] && layout.keys.map(\.type) == ["date"])
    }

    @Test(arguments: [2, 3, 10, 999, 1_000, 1_001, 2_500])
    func `is read from files that are evenly spread`(_ count: Int) {
        let files = Array(0..<count)
        let some = TableInference.sample(of: files, max: 10)
        #expect(some.count == min(count, 10) && Set(some).count == some.count)
        #expect(some.first == 0 && some.last == count - 1 && some == some.sorted())
    }

    @Test(arguments: [
        ("gold/ESG-Insights/", "esg_insights"), ("", "a_bucket"), ("nav/year=2024/", "nav"),
        ("gold/été/", "_t_"),
    ])
    func `is called after its folder`(_ prefix: String, _ name: String) {
        #expect(TableInference.name(after: S3URL(bucket: "a-bucket", key: prefix)) == name)
    }
}
