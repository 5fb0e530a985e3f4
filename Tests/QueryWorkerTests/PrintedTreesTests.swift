import Testing

@testable import QueryWorker

@Suite("What was printed lately")
struct PrintedTreesTests {
    @Test("is found by the tree's bytes, and a very large one is not kept")
    func found() {
        var trees = PrintedTrees()
        let composed = [UInt8]("\u{e9}".utf8)
        let decomposed = [UInt8]("e\u{301}".utf8)
        trees.keep(.init(sql: "SELECT 1", tree: "{}"), of: composed)
        #expect(trees[composed]?.sql == "SELECT 1")
        #expect(trees[decomposed] == nil)
        let large = [UInt8](repeating: 0, count: PrintedTrees.entryBytesMax + 1)
        trees.keep(.init(sql: "", tree: ""), of: large)
        #expect(trees[large] == nil)
    }

    @Test("never weighs more than it may")
    func bounded() {
        var trees = PrintedTrees()
        let text = String(repeating: "x", count: PrintedTrees.entryBytesMax - 8)
        let fitting = PrintedTrees.bytesMax / PrintedTrees.entryBytesMax
        for number in 0...fitting {
            let name = [UInt8](repeating: UInt8(number), count: 8)
            trees.keep(.init(sql: text, tree: ""), of: name)
        }
        #expect(trees[[UInt8](repeating: 0, count: 8)] == nil)
        #expect(trees[[UInt8](repeating: UInt8(fitting), count: 8)] != nil)
    }
}
