import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A listing` {
    /// One question: what a client asks page after page.
    struct Question {
        var prefix: String
        var delimiter: String?
        var after: String?
        var pageMax: Int

        init(about keys: [String], using random: inout StorageRandom) {
            func cut() -> String {
                let key = Array((keys.randomElement(using: &random) ?? "").unicodeScalars)
                let count = Int.random(in: 0...key.count, using: &random)
                return String(String.UnicodeScalarView(key.prefix(count)))
            }
            prefix = Bool.random(using: &random) ? "" : cut()
            delimiter = ["/", "/", nil, "a", "a/", "-", ".b"].randomElement(using: &random) ?? nil
            after = Bool.random(using: &random) ? nil : cut()
            pageMax = Int.random(in: 1...7, using: &random)
        }

        /// Objects and common prefixes in one line, as S3 defines them.
        func answer(of keys: [String]) -> [String] {
            var answer: [String] = []
            for key in keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
                let bytes = Array(key.utf8)
                guard bytes.starts(with: prefix.utf8) else { continue }
                if let after, !Array(after.utf8).lexicographicallyPrecedes(bytes) { continue }
                let rest = Data(bytes.dropFirst(prefix.utf8.count))
                var item = key
                if let delimiter, let end = rest.range(of: Data(delimiter.utf8))?.upperBound {
                    let count = prefix.utf8.count + end - rest.startIndex
                    item = String(decoding: bytes.prefix(count), as: UTF8.self) + "*"
                }
                if answer.last.map({ Array($0.utf8) }) != Array(item.utf8) { answer.append(item) }
            }
            return answer
        }

        func ask(_ objects: ObjectStore, _ bucket: Bucket) async throws -> [String] {
            try await ask { start in
                try await objects.list(
                    bucket, prefix: prefix, delimiter: delimiter, from: start, max: pageMax)
            }
        }

        /// - Parameter page: The page that begins there.
        func ask(
            _ page: (ListingStart) async throws -> ObjectListing
        ) async throws -> [String] {
            var answer: [String] = []
            var start = after.map { ListingStart.after(Array($0.utf8)) } ?? .beginning
            while true {
                let page = try await page(start)
                let items = page.objects.map(\.key) + page.commonPrefixes.map { $0 + "*" }
                #expect(items.count <= pageMax)
                answer += items.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                guard let next = page.next else { return answer }
                #expect(items.count == pageMax)
                // As it travels through a client.
                start = try #require(ListingStart(token: next.token))
            }
        }
    }

    /// Names that sort differently as characters, as words and as bytes.
    static func keys(using random: inout StorageRandom) -> [String] {
        let names = [
            "a", "b", "a.b", "a-b", "ab", "A", "é", "e\u{301}", "z z", "%", "\u{10FFFF}", ".d",
        ]
        var keys: Set<[UInt8]> = []
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let depth = Int.random(in: 1...4, using: &random)
            let key = (0..<depth).map { _ in names.randomElement(using: &random) ?? "a" }
                .joined(separator: "/")
            let bytes = Array(key.utf8)
            // A file cannot be a directory as well.
            let clashes = keys.contains {
                $0.starts(with: bytes + [47]) || bytes.starts(with: $0 + [47])
            }
            if !clashes { keys.insert(bytes) }
        }
        return keys.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The seed is the argument, so that a failure names the run that caused it.
    @Test(arguments: UInt64(1)...40)
    func `of a linked directory is that of its sorted keys, in pages of any size`(
        seed: UInt64
    ) async throws {
        var random = StorageRandom(state: seed)
        let keys = Self.keys(using: &random)
        let testbed = try StorageTestbed()
        for key in keys { try testbed.write(key) }
        for _ in 0..<20 {
            let question = Question(about: keys, using: &random)
            let answer = try await question.ask(testbed.objects, testbed.linked)
            #expect(
                answer.map { Array($0.utf8) } == question.answer(of: keys).map { Array($0.utf8) })
        }
    }

    @Test(arguments: UInt64(1)...10)
    func `of a managed bucket is that of its sorted keys, in pages of any size`(
        seed: UInt64
    ) async throws {
        var random = StorageRandom(state: seed)
        let keys = Self.keys(using: &random)
        let testbed = try StorageTestbed()
        for key in keys { try await testbed.put(key) }
        for _ in 0..<20 {
            let question = Question(about: keys, using: &random)
            let answer = try await question.ask(testbed.objects, testbed.managed)
            #expect(
                answer.map { Array($0.utf8) } == question.answer(of: keys).map { Array($0.utf8) })
        }
    }

    /// Some of the keys are one data set's, some another one's within it, and some nobody's.
    @Test(arguments: UInt64(1)...20)
    func `of published parts and the rest is that of its sorted keys, in pages of any size`(
        seed: UInt64
    ) async throws {
        var random = StorageRandom(state: seed)
        let keys = Self.keys(using: &random)
        let storage = try StorageTestbed()
        let exchange = try await ExchangeTestbed()
        // What was published is no longer there, and what is there now was not published.
        var seen: [String] = []
        let published = ["a/", "a/b/", "b", "e\u{301}"]
        for key in keys {
            let isPublished = published.contains { key.utf8.starts(with: $0.utf8) }
            if isPublished { try exchange.put(key, at: key) }
            if !isPublished || Bool.random(using: &random) { try storage.write(key) }
            seen.append(key)
        }
        for key in ["a/b/since.csv", "a/since.csv", "b-since.csv"] {
            // Where no file is in its way.
            try? storage.write(key)
        }
        let (wide, narrow) = (try await exchange.dataSet(), try await exchange.dataSet())
        try await exchange.publish(wide, prefixes: ["a/", "b", "e\u{301}"])
        let one = keys.filter { $0.utf8.starts(with: "a/".utf8) }.prefix(1)
        try await exchange.publish(narrow, prefixes: ["a/b/"], keys: Array(one))
        for _ in 0..<20 {
            let question = Question(about: keys, using: &random)
            let answer = try await question.ask { start in
                var listings: [ObjectListing] = []
                let parts = exchange.state.current.exchange.parts(
                    of: question.prefix, in: ExchangeTestbed.bucket, of: ExchangeTestbed.provider)
                for part in parts?.published ?? [] {
                    listings.append(
                        try await exchange.broker.manifests.listing(
                            part, in: ExchangeTestbed.bucket, prefix: question.prefix,
                            delimiter: question.delimiter, from: start, max: question.pageMax))
                }
                if parts?.isWhole != true {
                    listings.append(
                        try await storage.objects.list(
                            storage.linked, prefix: question.prefix,
                            delimiter: question.delimiter, from: start, max: question.pageMax,
                            without: parts?.covered ?? []))
                }
                return ObjectListing(merging: listings, max: question.pageMax)
            }
            #expect(
                answer.map { Array($0.utf8) } == question.answer(of: seen).map { Array($0.utf8) })
        }
        try await exchange.remove()
    }

    @Test func `of a directory with more names than are held at once has them all`() async throws {
        let testbed = try StorageTestbed()
        let count = 2 * NameWindow.namesMax + 1_000
        let keys = (0..<count).map { "many/\($0)" + ($0.isMultiple(of: 1_000) ? "/x" : "") }
        for key in keys.shuffled() { try testbed.write(key, "") }
        let listed = try await testbed.objects.list(testbed.linked, prefix: "many/", max: count)
        #expect(listed.map(\.key) == keys.sorted())
        let rolled = try await testbed.objects.list(
            testbed.linked, prefix: "many/", delimiter: "/", from: .beginning, max: count)
        #expect(rolled.objects.count + rolled.commonPrefixes.count == count)
        #expect(rolled.next == nil)
    }

    @Test func `has no empty directories and asks for nothing below a common prefix`() async throws
    {
        let testbed = try StorageTestbed()
        try testbed.write("full/x")
        try FileManager.default.createDirectory(
            at: testbed.linkedURL.appending(path: "empty/within"), withIntermediateDirectories: true
        )
        let listing = try await testbed.objects.list(
            testbed.linked, prefix: "", delimiter: "/", from: .beginning, max: 10)
        #expect(listing.commonPrefixes == ["full/"])
        #expect(listing.objects.isEmpty)
    }

    @Test func `of nothing at all is empty, and so is one of no keys`() async throws {
        let testbed = try StorageTestbed()
        try testbed.write("a")
        for (prefix, max) in [("nothing/here/", 10), ("", 0), ("/", 10), ("../", 10), ("a/", 10)] {
            let listing = try await testbed.objects.list(
                testbed.linked, prefix: prefix, delimiter: nil, from: .beginning, max: max)
            #expect(listing.objects.isEmpty && listing.next == nil, "\(prefix)")
        }
    }

    @Test(arguments: ["", "a", "eA", "a/8=", "/w=="])
    func `does not go on from a token that is not its own`(token: String) {
        #expect(ListingStart(token: token) == nil)
    }
}
