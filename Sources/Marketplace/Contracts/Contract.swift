public import AWSAPI
import BourseAPI
import FoundationEssentials

/// A contract that can be carried out: who may read which products, of which funds, from when until when.
public struct Contract: Codable, Equatable, Sendable {
    public struct ID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
        public let rawValue: String

        /// Nil unless it has 1 to 40 letters, digits, dashes or underscores of ASCII: it becomes part of
        /// the names of filters, grants, sessions and files.
        public init?(rawValue: String) {
            guard (1...40).contains(rawValue.utf8.count),
                rawValue.utf8.allSatisfy({ $0.isNameByte })
            else { return nil }
            self.rawValue = rawValue
        }

        public var description: String { rawValue }
    }

    public let id: ID
    public let clientName: String
    public let clientEmail: String
    public let account: AccountID
    /// Names, without repetition, in the order of the record. Never empty.
    public let products: [String]
    public let firstDay: CalendarDay
    /// The last day on which the data can be read.
    public let lastDay: CalendarDay
    /// Sorted, without repetition. Empty: every fund.
    public let funds: [String]
    /// Who looks after the client. Nil where the CRM does not say.
    public let ownerName: String?
    public let ownerEmail: String?
}

/// Why a record is not a contract, in the order in which it is checked.
public enum ContractFault: Error, Equatable, Sendable {
    case id
    case clientName
    case account
    case ownAccount(AccountID)
    case noProducts
    case productTwice(String)
    case email(member: String)
    case ownerName
    case day(member: String)
    case endsBeforeStart
    case fund(String)
    case fundTwice(String)
    case tooManyFunds(Int)
}

extension Contract {
    /// Funds that one contract may name: of the longest ids some fifty fit one row filter.
    public static let fundsMax = 1_000
    static let fundBytesMax = 32

    /// Whether it is over is not asked here: it may have been signed long ago.
    init(_ record: Bourse.ContractRecord, provider: AccountID) throws(ContractFault) {
        guard let id = ID(rawValue: record.id) else { throw .id }
        guard record.clientName.isPlainLine(bytesMax: 128) else { throw .clientName }
        guard let account = AccountID(rawValue: record.awsAccountId) else { throw .account }
        guard account != provider else { throw .ownAccount(account) }

        let products = record.products.split(separator: ";").map { $0.trimmingBlanks }
        guard !products.isEmpty, products.allSatisfy({ !$0.isEmpty }) else { throw .noProducts }
        if let twice = products.firstRepeated { throw .productTwice(twice) }

        guard record.clientEmail.isMailAddress else { throw .email(member: "Client_Email") }
        if let owner = record.ownerEmail, !owner.isMailAddress {
            throw .email(member: "Owner_Email")
        }
        if let owner = record.ownerName, !owner.isPlainLine(bytesMax: 128) { throw .ownerName }

        guard let firstDay = CalendarDay(rawValue: record.startDate) else {
            throw .day(member: "Start_Date")
        }
        guard let lastDay = CalendarDay(rawValue: record.endDate) else {
            throw .day(member: "End_Date")
        }
        guard firstDay.begin <= lastDay.begin else { throw .endsBeforeStart }

        for fund in record.funds
        where fund.isEmpty || fund.utf8.count > Self.fundBytesMax
            || !fund.utf8.allSatisfy({ $0.isNameByte || $0 == UInt8(ascii: ".") })
        {
            throw .fund(fund)
        }
        if let twice = record.funds.firstRepeated { throw .fundTwice(twice) }
        guard record.funds.count <= Self.fundsMax else { throw .tooManyFunds(record.funds.count) }

        self.init(
            id: id, clientName: record.clientName, clientEmail: record.clientEmail,
            account: account, products: products, firstDay: firstDay, lastDay: lastDay,
            funds: record.funds.sorted(), ownerName: record.ownerName,
            ownerEmail: record.ownerEmail)
    }
}

extension ContractFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .id: "Id must have 1 to 40 letters, digits, dashes or underscores."
        case .clientName: "Client_Name must be one line of 1 to 128 bytes."
        case .account: "AWS_Account_ID__c must be twelve digits."
        case .ownAccount(let account): "AWS_Account_ID__c \(account) is the exchange's own account."
        case .noProducts:
            "ADX_Data_Products__c must name a product, or several with ; between them."
        case .productTwice(let name): "ADX_Data_Products__c names \(name) twice."
        case .email(let member): "\(member) must be an e-mail address, such as data@example.com."
        case .ownerName: "Owner_Name must be one line of 1 to 128 bytes."
        case .day(let member): "\(member) must be a day, such as 2026-01-31."
        case .endsBeforeStart: "End_Date is before Start_Date."
        case .fund(let fund):
            "Funds__c: \(fund.debugDescription) is not a fund's id: 1 to \(Contract.fundBytesMax) letters, "
                + "digits, dashes, underscores or dots."
        case .fundTwice(let fund): "Funds__c names \(fund) twice."
        case .tooManyFunds(let count):
            "Funds__c names \(count) funds; a contract can name \(Contract.fundsMax). An empty list "
                + "means every fund."
        }
    }
}

extension UInt8 {
    /// Letters, digits, dash and underscore of ASCII.
    fileprivate var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension String {
    /// Whether it can stand in a header of an e-mail: one line, nothing that steers a terminal.
    fileprivate func isPlainLine(bytesMax: Int) -> Bool {
        (1...bytesMax).contains(utf8.count)
            && unicodeScalars.allSatisfy {
                switch $0.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            } && trimmingBlanks == self
    }

    /// The addresses that mail systems agree on: no quotes, no comments, a domain with a dot.
    ///
    /// Source: RFC 5321, 4.1.2 (`Dot-string`, `Domain`), 4.5.3.1 (lengths).
    fileprivate var isMailAddress: Bool {
        let sides = split(separator: "@", omittingEmptySubsequences: false)
        guard sides.count == 2, utf8.count <= 254, sides[0].utf8.count <= 64 else { return false }
        let locals = sides[0].split(separator: ".", omittingEmptySubsequences: false)
        let labels = sides[1].split(separator: ".", omittingEmptySubsequences: false)
        return locals.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { $0.isNameByte || "!#$%&'*+/=?^`{|}~".utf8.contains($0) }
        } && labels.count > 1
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { $0.isNameByte && $0 != UInt8(ascii: "_") }
            }
    }
}

extension StringProtocol {
    fileprivate var trimmingBlanks: String {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

extension [String] {
    fileprivate var firstRepeated: String? {
        var seen: Set<String> = []
        return first { !seen.insert($0).inserted }
    }
}
