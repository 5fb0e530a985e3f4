import AWSAPI
import FoundationEssentials

/// One e-mail in two forms that say the same, plain text and HTML.
///
/// Source: RFC 5322; RFC 2045 to 2047 for what is not ASCII; RFC 2046, 5.1.4 (`multipart/alternative`).
struct MailMessage: Sendable {
    struct Address: Sendable {
        var name: String
        /// Checked before: it stands in the header as it is.
        var address: String
    }

    var from: Address
    var to: Address
    var subject: String
    var date: Date
    /// Unique for ever, without the angle brackets.
    var id: String
    var text: String
    var html: String

    /// As it is sent, its lines ended by CR and LF.
    var bytes: [UInt8] {
        let head = [
            "From: \(from.header)", "To: \(to.header)", "Subject: \(subject.headerText)",
            "Date: \(date.mailDate)", "Message-ID: <\(id)>", "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"\(Self.boundary)\"", "",
        ]
        let lines =
            head + ["--\(Self.boundary)"] + part("text/plain", text)
            + ["--\(Self.boundary)"] + part("text/html", html) + ["--\(Self.boundary)--", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    /// Never a line of ours: quoted-printable has no `=_`, and plain lines begin otherwise.
    private static let boundary = "=_bourse"
    /// Without the end of line.
    static let lineBytesMax = 998

    private func part(_ type: String, _ content: String) -> [String] {
        let lines = content.split(separator: "\n", omittingEmptySubsequences: false)
        let isPlain = lines.allSatisfy { line in
            line.utf8.count <= Self.lineBytesMax && line.utf8.allSatisfy { (32...126).contains($0) }
                && !line.hasPrefix("--=")
        }
        return [
            "Content-Type: \(type); charset=utf-8",
            "Content-Transfer-Encoding: \(isPlain ? "7bit" : "quoted-printable")", "",
        ] + (isPlain ? lines.map(String.init) : lines.flatMap(quotedPrintable))
    }

    /// Lines of at most 76 bytes, with `=` at the end of those that go on.
    private func quotedPrintable(_ line: Substring) -> [String] {
        var lines: [String] = []
        var current = ""
        let bytes = Array(line.utf8)
        for (place, byte) in bytes.enumerated() {
            let isBlankAtEnd = byte == UInt8(ascii: " ") && place == bytes.count - 1
            let isPlain = (32...126).contains(byte) && byte != UInt8(ascii: "=") && !isBlankAtEnd
            let piece = isPlain ? String(UnicodeScalar(byte)) : "=" + [byte].hex.uppercased()
            if current.utf8.count + piece.utf8.count > 75 {
                lines.append(current + "=")
                current = ""
            }
            current += piece
        }
        return lines + [current]
    }
}

extension MailMessage.Address {
    fileprivate var header: String {
        guard name.utf8.allSatisfy({ (32...126).contains($0) }) else {
            return "\(name.headerText)\r\n <\(address)>"
        }
        let escaped = name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
        return "\"\(String(escaped))\" <\(address)>"
    }
}

extension String {
    /// In words of RFC 2047 where it is not ASCII, on lines of their own: a word may have 75 bytes, and a
    /// line with one 76, the header's name among them.
    fileprivate var headerText: String {
        if utf8.allSatisfy({ (32...126).contains($0) }) { return self }
        var words: [String] = []
        var current = ""
        for character in self {
            if current.utf8.count + String(character).utf8.count > 36 {
                words.append(current)
                current = ""
            }
            current.append(character)
        }
        return (words + [current])
            .map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }
            .joined(separator: "\r\n ")
    }
}

extension Date {
    /// `Sun, 18 Feb 2024 14:32:01 +0000`: HTTP's form, with the zone that e-mail must write.
    fileprivate var mailDate: String {
        String(Timestamp.httpDate.text(self).dropLast("GMT".count)) + "+0000"
    }
}
