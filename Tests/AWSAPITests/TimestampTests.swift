import AWSAPI
import FoundationEssentials
import Testing

@Suite struct `A timestamp` {
    struct Row: Sendable, CustomTestStringConvertible {
        var seconds: Double
        var epoch: String
        var iso: String
        var milliseconds: String
        var http: String

        var testDescription: String { epoch }

        init(
            _ seconds: Double, _ epoch: String, _ iso: String, _ milliseconds: String,
            _ http: String
        ) {
            self.seconds = seconds
            self.epoch = epoch
            self.iso = iso
            self.milliseconds = milliseconds
            self.http = http
        }
    }

    @Test(arguments: [
        Row(
            0, "0", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z",
            "Thu, 01 Jan 1970 00:00:00 GMT"),
        Row(
            1_708_266_721, "1708266721", "2024-02-18T14:32:01Z", "2024-02-18T14:32:01.000Z",
            "Sun, 18 Feb 2024 14:32:01 GMT"),
        Row(
            1_708_266_721.123, "1708266721.123", "2024-02-18T14:32:01Z",
            "2024-02-18T14:32:01.123Z", "Sun, 18 Feb 2024 14:32:01 GMT"),
        // Leap days, and the century that has none.
        Row(
            1_709_164_800, "1709164800", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z",
            "Thu, 29 Feb 2024 00:00:00 GMT"),
        Row(
            951_868_799, "951868799", "2000-02-29T23:59:59Z", "2000-02-29T23:59:59.000Z",
            "Tue, 29 Feb 2000 23:59:59 GMT"),
        Row(
            4_107_542_400, "4107542400", "2100-03-01T00:00:00Z", "2100-03-01T00:00:00.000Z",
            "Mon, 01 Mar 2100 00:00:00 GMT"),
        // Rounding: the nearest millisecond where there are any, else the second that has begun.
        Row(
            1.9994, "1.999", "1970-01-01T00:00:01Z", "1970-01-01T00:00:01.999Z",
            "Thu, 01 Jan 1970 00:00:01 GMT"),
        Row(
            1.9995, "2", "1970-01-01T00:00:01Z", "1970-01-01T00:00:02.000Z",
            "Thu, 01 Jan 1970 00:00:01 GMT"),
        Row(
            1_704_067_199.9999, "1704067200", "2023-12-31T23:59:59Z", "2024-01-01T00:00:00.000Z",
            "Sun, 31 Dec 2023 23:59:59 GMT"),
        // Before 1970.
        Row(
            -0.25, "-0.25", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.750Z",
            "Wed, 31 Dec 1969 23:59:59 GMT"),
        Row(
            -1, "-1", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z",
            "Wed, 31 Dec 1969 23:59:59 GMT"),
        Row(
            -2_208_988_800, "-2208988800", "1900-01-01T00:00:00Z", "1900-01-01T00:00:00.000Z",
            "Mon, 01 Jan 1900 00:00:00 GMT"),
        // The ends of what four digits hold, and beyond.
        Row(
            -62_135_596_800, "-62135596800", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z",
            "Mon, 01 Jan 0001 00:00:00 GMT"),
        Row(
            253_402_300_799, "253402300799", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z",
            "Fri, 31 Dec 9999 23:59:59 GMT"),
        Row(
            1e300, "253402300799", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z",
            "Fri, 31 Dec 9999 23:59:59 GMT"),
        Row(
            -.infinity, "-62135596800", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z",
            "Mon, 01 Jan 0001 00:00:00 GMT"),
    ])
    func `is written in each form`(_ row: Row) {
        let date = Date(timeIntervalSince1970: row.seconds)
        #expect(Timestamp.epochSeconds.text(date) == row.epoch)
        #expect(Timestamp.iso8601.text(date) == row.iso)
        #expect(Timestamp.iso8601Milliseconds.text(date) == row.milliseconds)
        #expect(Timestamp.httpDate.text(date) == row.http)
    }

    @Test(
        arguments: [
            ("2024-02-18T14:32:01Z", 1_708_266_721),
            ("2024-02-18T14:32:01.5Z", 1_708_266_721.5),
            ("2024-02-18T14:32:01.123456Z", 1_708_266_721.123456),
            ("2024-02-18T14:32:01.123456789123Z", 1_708_266_721.123456789),
            ("2024-02-18T15:32:01+01:00", 1_708_266_721),
            ("2024-02-18T09:02:01-05:30", 1_708_266_721),
            ("1969-12-31T23:59:59.750Z", -0.25),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("Sun, 18 Feb 2024 14:32:01 GMT", 1_708_266_721),
            ("1708266721", 1_708_266_721),
            ("1708266721.123", 1_708_266_721.123),
            ("1.708266721E9", 1_708_266_721),
            ("-1", -1),
        ] as [(String, Double)])
    func `is read in any form`(text: String, seconds: Double) {
        #expect(Timestamp.parse(text) == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: [
        "", " ", "now", "2024-02-18", "2024-02-18T14:32:01", "2024-02-18 14:32:01Z",
        "2024-02-18T14:32Z", "2024-2-18T14:32:01Z", "2024-02-18T14:32:01.Z",
        "x2024-02-18T14:32:01Z",
        "2024-02-18T14:32:01Zx", "2024-02-18T14:32:01+0100", "2024-02-18T14:32:01+01",
        "2024-02-18T14:32:01+24:00", "+024-02-18T14:32:01Z", "2024-02-18T14:32:0\u{301}Z",
        // Days and seconds that are none.
        "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-04-31T00:00:00Z",
        "2024-02-18T24:00:00Z", "2024-02-18T14:60:00Z", "2024-02-18T14:32:60Z",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-00:01",
        // Other HTTP dates: RFC 9110 has clients send none of them.
        "Sun, 18 Feb 2024 14:32:01 UTC", "Sunday, 18-Feb-24 14:32:01 GMT",
        "Sun Feb 18 14:32:01 2024", "Sun, 18 Foo 2024 14:32:01 GMT",
        "Sun, 30 Feb 2024 14:32:01 GMT", "漢字, 18 Feb 2024 14:32:01 GMT",
        // Numbers that no form can say again.
        "nan", "inf", "-infinity", "1e300", "253402300800", "-62135596801",
    ])
    func `is refused`(_ text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test(arguments: UInt64(1)...500)
    func `is the same when written and read again`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let second = Int.random(in: -62_135_596_800...253_402_300_799, using: &random)
        let date = Date(timeIntervalSince1970: Double(second))
        for form in [Timestamp.epochSeconds, .iso8601, .iso8601Milliseconds, .httpDate] {
            #expect(Timestamp.parse(form.text(date)) == date, "\(form)")
        }
        let fine = Date(timeIntervalSince1970: Double(second % 10_000_000_000) + 0.123)
        for form in [Timestamp.epochSeconds, .iso8601Milliseconds] {
            let text = form.text(fine)
            #expect(Timestamp.parse(text).map(form.text) == text)
        }
    }

    @Test(arguments: UInt64(1)...300)
    func `of random text is read or refused`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var text = Array("2024-02-18T14:32:01.123+01:00".unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: text.indices, using: &random)
            text[place] = random.text(upTo: 3).unicodeScalars.first ?? "9"
        }
        let written = String(String.UnicodeScalarView(text))
        guard let date = Timestamp.parse(written) else { return }
        #expect(Timestamp.parse(Timestamp.iso8601Milliseconds.text(date)) == date)
    }
}
