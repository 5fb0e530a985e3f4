import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A linked directory` {
    let testbed: StorageTestbed

    init() throws {
        testbed = try StorageTestbed()
        try testbed.write("gold/nav.txt", "inside")
        try Data("secret".utf8).write(to: testbed.root.appending(path: "outside.txt"))
    }

    /// Keys that no file of the directory has, however the names are read.
    @Test(arguments: [
        "../outside.txt", "gold/../../outside.txt", "gold/../gold/nav.txt", "./gold/nav.txt",
        "gold//nav.txt", "/gold/nav.txt", "gold/nav.txt/", "gold", "gold/", "gold/nav.txt/x",
        "gold/nav.txt\0", "gold/nav\0.txt", "", ".", "..",
        String(repeating: "a/", count: 600) + "x", String(repeating: "n", count: 300),
    ])
    func `has no object under`(key: String) async throws {
        #expect(try await testbed.objects.head(key, in: testbed.linked) == nil)
    }

    @Test func `does not follow symbolic links, wherever they lead`() async throws {
        let links = [
            "file": "../outside.txt", "absolute": "/etc/passwd", "up": "..", "root": "/",
            "inner": "gold/nav.txt", "loop": ".",
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: testbed.linkedURL.appending(path: name).path(),
                withDestinationPath: target)
        }
        for key in [
            "file", "absolute", "inner", "up/outside.txt", "root/etc/passwd", "loop/gold/nav.txt",
        ] {
            #expect(try await testbed.objects.head(key, in: testbed.linked) == nil, "\(key)")
        }
        let keys = try await testbed.objects.list(testbed.linked, max: 100).map(\.key)
        #expect(keys == ["gold/nav.txt"])
    }

    @Test func `does not follow a link that takes a directory's place`() async throws {
        let object = try #require(
            try await testbed.objects.head("gold/nav.txt", in: testbed.linked))
        try FileManager.default.moveItem(
            at: testbed.linkedURL.appending(path: "gold"),
            to: testbed.root.appending(path: "moved"))
        try FileManager.default.createSymbolicLink(
            atPath: testbed.linkedURL.appending(path: "gold").path(),
            withDestinationPath: "../moved")
        await #expect(throws: ObjectChanged.self) {
            _ = try await testbed.objects.body(of: object)
        }
    }

    @Test func `shows regular files only, and does not wait for a pipe's other end`() async throws {
        let path = testbed.linkedURL.appending(path: "pipe").path()
        #expect(mkfifo(path, 0o600) == 0)
        #expect(try await testbed.objects.head("pipe", in: testbed.linked) == nil)
        #expect(
            try await testbed.objects.list(testbed.linked, max: 100).map(\.key) == ["gold/nav.txt"])
    }

    @Test func `says that it cannot be read, rather than look empty`() async throws {
        try FileManager.default.removeItem(at: testbed.linkedURL)
        await #expect(throws: LinkFault.self) {
            _ = try await testbed.objects.list(testbed.linked, max: 1)
        }
        await #expect(throws: LinkFault.self) {
            _ = try await testbed.objects.head("gold/nav.txt", in: testbed.linked)
        }
    }

    @Test func `gives each state of a file another ETag`() async throws {
        let before = try #require(
            try await testbed.objects.head("gold/nav.txt", in: testbed.linked))
        #expect(try await testbed.objects.stillIs(before))
        // The same size, in place: only the times differ.
        try testbed.overwrite("gold/nav.txt", "INSIDE")
        let after = try #require(
            try await testbed.objects.head("gold/nav.txt", in: testbed.linked))
        #expect(before.etag != after.etag)
        #expect(before.size == after.size)
        #expect(try await !testbed.objects.stillIs(before))
        #expect(after.etag.wholeMatch(of: /"[0-9a-f]{32}-1"/) != nil)
    }
}

@Suite struct `An object's body` {
    let testbed: StorageTestbed

    init() throws { testbed = try StorageTestbed() }

    @Test(arguments: [0..<1, 0..<600_000, 100..<101, 262_143..<262_145, 599_999..<600_000, 5..<5])
    func `is the bytes of its range`(range: Range<Int>) async throws {
        let text = String((0..<600_000).map { Character(UnicodeScalar(97 + UInt8($0 % 26))) })
        try testbed.write("big", text)
        let object = try #require(try await testbed.objects.head("big", in: testbed.linked))
        let body = try await testbed.objects.body(of: object, range: range)
        #expect(body.count == range.count)
        #expect(try await body.collect() == String(Array(text)[range]))
    }

    @Test func `is refused once the file has changed`() async throws {
        try testbed.write("a", "one")
        let object = try #require(try await testbed.objects.head("a", in: testbed.linked))
        try testbed.overwrite("a", "two")
        await #expect(throws: ObjectChanged.self) {
            _ = try await testbed.objects.body(of: object)
        }
    }

    /// Of what changes while it is read, the last piece never comes.
    @Test(arguments: ["in place", "truncated", "replaced", "removed"])
    func `is cut off where the file changes while it is read`(change: String) async throws {
        let size = 3 * ObjectBody.pieceBytesMax
        try testbed.write("a", String(repeating: "x", count: size))
        let object = try #require(try await testbed.objects.head("a", in: testbed.linked))
        var pieces = try await testbed.objects.body(of: object).makeAsyncIterator()
        var count = try await pieces.next()?.count ?? 0
        switch change {
        case "in place": try testbed.overwrite("a", "y")
        case "truncated": try testbed.overwrite("a", "", truncating: true)
        case "replaced": try testbed.write("a", String(repeating: "y", count: size))
        default: try FileManager.default.removeItem(at: testbed.linkedURL.appending(path: "a"))
        }
        await #expect(throws: ObjectChanged.self) {
            while let piece = try await pieces.next() { count += piece.count }
        }
        #expect(count < size)
    }

    @Test func `of an empty object has no pieces`() async throws {
        try testbed.write("empty", "")
        let object = try #require(try await testbed.objects.head("empty", in: testbed.linked))
        #expect(try await testbed.objects.body(of: object).collect() == "")
    }
}

extension StorageTestbed {
    /// Writes into the file as it stands, at its start.
    func overwrite(_ key: String, _ text: String, truncating: Bool = false) throws {
        let file = try FileHandle(forUpdating: linkedURL.appending(path: key))
        if truncating { try file.truncate(atOffset: 0) }
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}
