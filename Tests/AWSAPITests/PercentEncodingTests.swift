import AWSAPI
import Testing

@Suite struct `AWS's percent-encoding` {
    @Test(arguments: [
        ("", ""),
        ("AZaz09-_.~", "AZaz09-_.~"),
        (" +*%/", "%20%2B%2A%25%2F"),
        ("as_of=2024-02-18", "as_of%3D2024-02-18"),
        ("é漢🜚", "%C3%A9%E6%BC%A2%F0%9F%9C%9A"),
        ("\u{0}\r\n\u{7F}", "%00%0D%0A%7F"),
        ("e\u{301}", "e%CC%81"),
    ])
    func `escapes all but the unreserved`(text: String, encoded: String) {
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(PercentEncoding.decode(encoded) == text)
    }

    @Test func `keeps slashes where they part names`() {
        #expect(PercentEncoding.encode("a b/c/", keepingSlashes: true) == "a%20b/c/")
    }

    @Test(arguments: [("%e6%bc%a2", "漢"), ("a+b", "a+b"), ("a/b é", "a/b é"), ("%2525", "%25")])
    func `is undone once, a plus being a plus`(encoded: String, text: String) {
        #expect(PercentEncoding.decode(encoded) == text)
    }

    @Test(arguments: [
        "%", "a%", "%4", "%4x", "%x4", "% 1", "%+1", "%FF", "%E6%BC", "%C0%AF", "%ED%A0%80",
    ])
    func `is refused where an escape is cut or no character comes of it`(_ encoded: String) {
        #expect(PercentEncoding.decode(encoded) == nil)
    }

    @Test(arguments: UInt64(1)...300)
    func `loses nothing`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let text = random.text(upTo: 40)
        let encoded = PercentEncoding.encode(text)
        #expect(PercentEncoding.decode(encoded).map { Array($0.utf8) } == Array(text.utf8))
        let item = "\(encoded)=\(encoded)"
        #expect(QueryItem.parse("a&\(item)&b").dropFirst().first == QueryItem(text, text))
    }
}

@Suite struct `A query` {
    @Test(arguments: [
        ("", []),
        ("&&", []),
        ("a", [QueryItem("a")]),
        ("a=", [QueryItem("a")]),
        ("=a", [QueryItem("", "a")]),
        ("a=b=c", [QueryItem("a", "b=c")]),
        ("a=1&b=2&a=3", [QueryItem("a", "1"), QueryItem("b", "2"), QueryItem("a", "3")]),
        ("a=1&\u{301}b=2", [QueryItem("a", "1"), QueryItem("\u{301}b", "2")]),
        ("pre%66ix=a%26b%3Dc%2Bd", [QueryItem("prefix", "a&b=c+d")]),
        ("a+b=c+d", [QueryItem("a b", "c d")]),
        ("a=%zz+&b=%FF", [QueryItem("a", "%zz+"), QueryItem("b", "%FF")]),
    ])
    func `is its items in order, decoded where they can be`(raw: String, items: [QueryItem]) {
        #expect(QueryItem.parse(raw) == items)
    }

    @Test func `may mean its pluses`() {
        #expect(QueryItem.parse("a=b+c", plusIsSpace: false) == [QueryItem("a", "b+c")])
    }
}
