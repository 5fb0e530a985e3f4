import DuckDB
import Testing

@testable import QueryWorker

@Suite struct `An error's message` {
    static var configuration: QueryWorkerConfiguration {
        var configuration = QueryWorkerConfiguration(
            readablePaths: ["/lake/gold", "/lake/gold/nav/fund=F002/it's.parquet"],
            stagingDirectory: "/staging/a"
        )
        configuration.limits.messageBytes = 64
        return configuration
    }

    struct Row: Sendable {
        var message: String
        var shown: String
    }

    @Test(arguments: [
        Row(message: "No path here", shown: "No path here"),
        Row(message: "no \"/lake/gold/nav/x y.parquet\": gone", shown: "no \"[file]\": gone"),
        Row(message: "no '/lake/gold' at all", shown: "no '[file]' at all"),
        Row(message: "no /lake/gold/nav/fund=F1 x\nsorry", shown: "no [file]\nsorry"),
        Row(
            message: "no '/lake/gold/nav/fund=F002/it's.parquet' or '/staging/a/q.csv'",
            shown: "no '[file]' or '[file]'"
        ),
        Row(message: "no /etc/passwd", shown: "no /etc/passwd"),
    ])
    func `hides the lake's paths`(_ row: Row) {
        #expect(ErrorMessage(for: Self.configuration).hidingPaths(row.message) == row.shown)
    }

    @Test func `is cut between characters`() {
        let error = DuckDBError(
            kind: .conversion,
            message: "x" + String(repeating: "ü", count: 60)
        )
        let message = ErrorMessage(for: Self.configuration).refusal(of: error, position: 3).message
        #expect(message == "x" + String(repeating: "ü", count: 30) + "…")
        #expect(message.utf8.count <= 64)
    }
}

@Suite struct `An error's position` {
    let ran = #"{"a":{"query_location":7,"v":"\"query_location\":9"},"b":[{"query_location":30}]}"#
    let user = #"{"a":{"query_location":2,"v":"\"query_location\":9"},"b":[{"query_location":5}]}"#

    @Test func `is that of the same node in the user's text`() {
        #expect(ErrorPosition.inUserText(of: 30, ran: ran, user: user) == 5)
        #expect(ErrorPosition.inUserText(of: 7, ran: ran, user: user) == 2)
    }

    @Test func `is unknown where there is no such node`() {
        #expect(ErrorPosition.inUserText(of: 9, ran: ran, user: user) == nil)
        #expect(ErrorPosition.inUserText(of: 7, ran: ran, user: "{}") == nil)
        let ours = user.replacing("\"query_location\":2", with: "\"query_location\":\(UInt64.max)")
        #expect(ErrorPosition.inUserText(of: 7, ran: ran, user: ours) == nil)
    }

    @Test(arguments: UInt64(1)...50)
    func `is looked for in cut trees without harm`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let cut = String(ran.prefix(Int.random(in: 0...ran.count, using: &random)))
        _ = ErrorPosition.inUserText(of: 7, ran: cut, user: cut)
    }
}
