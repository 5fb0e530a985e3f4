import AWSAPI
import Testing

@Suite struct `Values that were found lately` {
    private let values = RecentValues<Int, String>(weightMax: 10, entryWeightMax: 6)

    private func found(_ key: Int, _ value: String) -> String? {
        values.value(of: key, weighing: \.count) { value }
    }

    @Test func `are not sought again`() {
        #expect(found(1, "one") == "one")
        #expect(found(1, "two") == "one")
        #expect(values.value(of: 2) { nil } == nil)
        #expect(found(2, "two") == "two")
    }

    @Test func `are none after a change, nor what was sought before it`() {
        #expect(found(1, "one") == "one")
        values.forget()
        #expect(found(1, "two") == "two")
        let sought = values.value(of: 3) {
            values.forget()
            return "old"
        }
        #expect(sought == "old")
        #expect(found(3, "new") == "new")
    }

    @Test func `of a text's bytes are those of no other spelling`() {
        let values = RecentValues<[UInt8], String>(weightMax: 10)
        #expect(values.value(of: Array("\u{e9}".utf8)) { "composed" } == "composed")
        #expect(values.value(of: Array("e\u{301}".utf8)) { "decomposed" } == "decomposed")
    }

    @Test func `weigh no more than they may`() {
        #expect(found(1, "too heavy") == "too heavy")
        #expect(found(1, "light") == "light")
        #expect(found(2, "second") == "second")
        // The second one had no room beside the first.
        #expect(found(1, "again") == "again")
    }
}
