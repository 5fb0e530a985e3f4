import DuckDB
import Testing

@testable import QueryWorker

@Suite struct `A number as Java prints it` {
    func java(_ value: Double) -> String {
        var text: [UInt8] = []
        text.appendJava(value)
        return String(decoding: text, as: UTF8.self)
    }

    struct Row: Sendable {
        var value: Double
        var text: String
    }

    @Test(arguments: [
        Row(value: 0, text: "0.0"), Row(value: -0.0, text: "-0.0"),
        Row(value: 50, text: "50.0"), Row(value: -1.25, text: "-1.25"),
        Row(value: 0.1, text: "0.1"), Row(value: 0.001, text: "0.001"),
        Row(value: 0.000999, text: "9.99E-4"), Row(value: 1e-5, text: "1.0E-5"),
        Row(value: 9_999_999, text: "9999999.0"), Row(value: 1e7, text: "1.0E7"),
        Row(value: 123_456_789.125, text: "1.23456789125E8"),
        Row(value: 1e10, text: "1.0E10"), Row(value: 1.5e300, text: "1.5E300"),
        Row(value: 9_007_199_254_740_992, text: "9.007199254740992E15"),
        Row(value: .leastNonzeroMagnitude, text: "5.0E-324"),
        Row(value: .greatestFiniteMagnitude, text: "1.7976931348623157E308"),
        Row(value: .infinity, text: "Infinity"), Row(value: -.infinity, text: "-Infinity"),
    ])
    func `has its form`(_ row: Row) {
        #expect(java(row.value) == row.text)
    }

    @Test func `says that it is none`() {
        #expect(java(.nan) == "NaN")
    }

    @Test func `is as short as its type allows`() {
        var text: [UInt8] = []
        text.appendJava(Float(0.1))
        text.appendJava(Float(16_777_216))
        #expect(String(decoding: text, as: UTF8.self) == "0.11.6777216E7")
    }

    @Test(arguments: UInt64(1)...100)
    func `reads back as itself`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<100 {
            let value = Double(bitPattern: random.next())
            if value.isFinite { #expect(Double(java(value)) == value) }
        }
    }
}

@Suite struct `A time as text` {
    /// The engine is the judge of the calendar.
    @Test(arguments: UInt64(1)...20)
    func `agrees with the engine`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let connection = try Database().connect()
        for _ in 0..<50 {
            let milliseconds = Int.random(
                in: -62_135_596_800_000..<253_402_300_800_000,
                using: &random
            )
            var text: [UInt8] = []
            text.appendTimestamp(milliseconds: milliseconds)
            let expected = try connection.rows(
                "SELECT strftime(make_timestamp_ms($1), '%Y-%m-%d %H:%M:%S.%g')",
                [.integer(Int64(milliseconds))]
            )
            #expect(expected == [[.text(String(decoding: text, as: UTF8.self))]])
        }
    }

    struct Row: Sendable {
        var days: Int
        var text: String
    }

    @Test(arguments: [
        Row(days: 0, text: "1970-01-01"), Row(days: -1, text: "1969-12-31"),
        Row(days: 11_016, text: "2000-02-29"), Row(days: -25_508, text: "1900-03-01"),
        Row(days: -719_528, text: "0000-01-01"), Row(days: -719_529, text: "-0001-12-31"),
        Row(days: 2_932_897, text: "10000-01-01"),
    ])
    func `holds at the calendar's corners`(_ row: Row) {
        var text: [UInt8] = []
        text.appendDate(days: row.days)
        #expect(String(decoding: text, as: UTF8.self) == row.text)
    }
}

@Suite struct `A decimal as text` {
    @Test(arguments: UInt64(1)...20)
    func `agrees with the engine`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let connection = try Database().connect()
        for _ in 0..<20 {
            let width = Int.random(in: 1...38, using: &random)
            let scale = Int.random(in: 0...width, using: &random)
            let digits = (0..<width).map { _ in String(Int.random(in: 0...9, using: &random)) }
            let sign = Bool.random(using: &random) ? "-" : ""
            let unscaled = try #require(Int128(sign + digits.joined()))
            var text: [UInt8] = []
            text.appendDecimal(unscaled, scale: scale)
            let written = String(decoding: text, as: UTF8.self)
            let expected = try connection.rows(
                "SELECT CAST(CAST('\(written)' AS DECIMAL(\(width), \(scale))) AS VARCHAR)"
            )
            // The engine leaves the zero before the point away where every digit is a fraction's.
            let read = try #require(expected[0][0].text)
            let full = read.replacing(/^(-?)\./, with: { "\($0.1)0." })
            #expect(full == written)
        }
    }
}

/// SplitMix64, so that a failing run can be run again.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
