import AWSAPI
import Testing

@Suite struct `An XML document` {
    static func parse(_ text: String) throws -> XMLElement {
        try XMLElement(parsing: Array(text.utf8))
    }

    @Test func `is read as names, text and children`() throws {
        let root = try Self.parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a comment -->
            <Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/" a="b">
              <Code>NoSuchKey</Code>
              <x:Key xmlns:x="u">a&lt;b&amp;&quot;&#x6F22;&#233; </x:Key>
              <Empty/><Empty></Empty>
            </Error>
            """)
        #expect(root.name == "Error")
        #expect(root.text == "")
        #expect(root.children.map(\.name) == ["Code", "Key", "Empty", "Empty"])
        #expect(root.child("Code")?.text == "NoSuchKey")
        #expect(root.child("Key")?.text == "a<b&\"漢é ")
        #expect(root.child("Empty")?.text == "")
    }

    @Test func `may quote its text whole`() throws {
        #expect(try Self.parse("<a>x<![CDATA[<b>&]]>y</a>").text == "x<b>&y")
    }

    @Test(arguments: [
        "", " ", "text", "<a>", "<a></b>", "<a><b></a></b>", "</a>", "<a/><b/>", "<a>&nbsp;</a>",
        "<a>\u{1}</a>", "<a b></a>", "{}", "<a", "<a>&</a>",
    ])
    func `is refused where it is not well-formed`(_ text: String) {
        #expect(throws: WireFault.self) { try Self.parse(text) }
    }

    @Test(arguments: [
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><a>b</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM \"file:///etc/hostname\"> %x;]><a>b</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/hostname\"><a>b</a>",
        "<!DOCTYPE a [<!ELEMENT a ANY>]><a>b</a>",
        "<!DOCTYPE a [<!ENTITY x \"\(String(repeating: "y", count: 1000))\">"
            + "<!ENTITY z \"&x;&x;&x;&x;&x;&x;&x;&x;&x;\">]><a>&z;</a>",
    ])
    func `has no document type`(_ text: String) {
        #expect(throws: WireFault.self) { try Self.parse(text) }
    }

    @Test func `nests to a limit`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(throws: Never.self) { try Self.parse(nested(XMLElement.nestingMax)) }
        #expect(throws: WireFault.self) { try Self.parse(nested(XMLElement.nestingMax + 1)) }
        #expect(throws: WireFault.self) { try Self.parse(nested(100_000)) }
    }

    @Test(arguments: UInt64(1)...300)
    func `of random bytes is read or refused`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = Array(
            "<?xml version=\"1.0\"?><a><b c=\"d\">e &amp; f</b><![CDATA[g]]></a>".utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            bytes[place] =
                Bool.random(using: &random)
                ? .random(in: 0...255, using: &random) : bytes.randomElement(using: &random) ?? 0
        }
        _ = try? XMLElement(parsing: bytes)
    }
}
