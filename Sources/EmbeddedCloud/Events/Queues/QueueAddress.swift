import AWSAPI

/// Which queue is meant: the account that owns it, and its name there.
struct QueueAddress: Hashable, Sendable {
    let account: AccountID
    let name: String

    init(account: AccountID, name: String) {
        self.account = account
        self.name = name
    }

    /// Out of `http://HOST:PORT/<account>/<name>`. The host does not count: one exchange is reached under
    /// several.
    init?(url: String) {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let parts = url[scheme.upperBound...]
            .split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let account = AccountID(rawValue: String(parts[1])),
            !parts[2].isEmpty
        else { return nil }
        self.init(account: account, name: String(parts[2]))
    }

    /// Nil unless the ARN names a queue of this region.
    init?(arn: ARN, region: String) {
        guard arn.partition == "aws", arn.service == "sqs", arn.region == region,
            let account = AccountID(rawValue: arn.account), Self.isName(arn.resource)
        else { return nil }
        self.init(account: account, name: arn.resource)
    }

    func arn(in region: String) -> ARN {
        ARN(service: "sqs", region: region, account: account.rawValue, resource: name)
    }

    func url(at endpoint: String) -> String { "\(endpoint)/\(account)/\(name)" }

    /// 1 to 80 of the letters, digits, `-` and `_`.
    static func isName(_ text: String) -> Bool {
        (1...80).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let letter = Character(Unicode.Scalar(byte))
                return letter.isASCII && (letter.isLetter || letter.isNumber)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
    }
}
