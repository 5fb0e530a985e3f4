import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A page of a result` {
    private func page(_ text: String, from start: Int = 0, max: Int = 10) throws -> QueryResultPage
    {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "page-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try QueryResultPage(of: file.path(), from: start, rowsMax: max)
    }

    @Test func `has whole rows, and tells where the next one begins`() throws {
        let text = "\"a\",\"b\"\n\"1\",\n\"x\"\"y\",\"\"\n"
        let first = try page(text, max: 2)
        #expect(first.rows == [["a", "b"], ["1", nil]])
        let second = try page(text, from: try #require(first.next), max: 2)
        #expect(second.rows == [["x\"y", ""]])
        #expect(second.next == nil)
    }

    @Test func `has a row that is longer than a page`() throws {
        let long = String(repeating: "x", count: 3 * QueryResultPage.bytesMax)
        let first = try page("\"\(long)\"\n\"y\"\n")
        #expect(first.rows.first == [long])
        #expect(try page("").rows.isEmpty)
    }

    /// The file is an object of the caller's own bucket, who may have put another one there.
    @Test(arguments: [("\"a\"\n", 400), ("\"a\"\n", Int.max), ("\"never ends", 0)])
    func `is refused of a file that no worker wrote`(text: String, start: Int) {
        #expect(throws: QueryResultPage.Unreadable.self) { try page(text, from: start) }
    }

    @Test func `never takes more memory than a row may`() throws {
        let text = String(repeating: "x", count: QueryResultPage.rowBytesMax + 1_000)
        #expect(throws: QueryResultPage.Unreadable.self) { try page("\"" + text) }
    }
}
