import AWSAPI
import BourseAPI
import Foundation
import Logging
import Synchronization

@testable import Marketplace

/// A marketplace on a ledger of its own, which can be closed and opened again as often as a test likes.
final class MarketplaceTestbed: Sendable {
    static let place = ServedPlace(
        endpoint: "http://127.0.0.1:9400", authorityFingerprint: nil, credentialsHash: "c0de")
    /// 2027-01-15T08:00:00Z
    static let start = Date(timeIntervalSince1970: 1_800_000_000)

    let clouds: ProviderInMemory
    private let accounts: any Clouds
    private let provider: Provider
    private let directory: URL
    private let time: Mutex<Date>
    private let mails = Mutex<[String: String]>([:])
    private let opened: Mutex<Marketplace?> = Mutex(nil)

    /// - Parameters:
    ///   - accounts: In which the marketplace acts. Nil: `clouds` itself.
    ///   - start: What the time is.
    init(
        _ clouds: ProviderInMemory = ProviderInMemory(), acting accounts: (any Clouds)? = nil,
        for provider: Provider = provider, at start: Date = start
    ) throws {
        self.clouds = clouds
        self.accounts = accounts ?? clouds
        self.provider = provider
        time = Mutex(start)
        directory = FileManager.default.temporaryDirectory.appending(
            path: "marketplace-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// The e-mails kept, by contract.
    var mail: [String: String] { mails.withLock { $0 } }

    func advance(to day: String) throws {
        guard let date = Timestamp.parse(day + "T00:00:00Z") else {
            throw AWSError("NoDay", day)
        }
        time.withLock { $0 = date }
    }

    /// As it is after a start of the process: what was not in the ledger is gone.
    func reopened() throws -> Marketplace {
        try opened.withLock { opened in
            try opened?.close()
            let marketplace = try Marketplace(
                at: directory.appending(path: "marketplace.db").path(percentEncoded: false),
                of: provider, in: accounts,
                mailbox: Mailbox { [self] contract, message in
                    mails.withLock {
                        $0[contract.rawValue] = String(decoding: message, as: UTF8.self)
                    }
                },
                log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                clock: { [self] in time.withLock { $0 } })
            opened = marketplace
            return marketplace
        }
    }

    static let provider = Provider(
        account: ProviderInMemory.account, region: "us-east-1", name: "Nomura Asset Management")

    /// Every byte that the marketplace has on its disk.
    var ledgerBytes: Data {
        get throws {
            try FileManager.default.contentsOfDirectory(
                at: directory, includingPropertiesForKeys: nil
            ).reduce(into: Data()) { $0 += try Data(contentsOf: $1) }
        }
    }
}

extension Marketplace {
    /// What is due, as the server does it.
    func work() async throws { try await takeDueSteps(servedAt: MarketplaceTestbed.place) }

    func sign(_ record: Bourse.ContractRecord) async throws -> Bourse.ContractStatus {
        try await sign(Bourse.SignContract(record))
    }
}

extension Bourse.ContractRecord {
    static func example(
        id: String = "C-2027-001", client: String = "Meridian Pension Fund",
        account: String = "222222222222", products: String = "ESG Insights;NAV History",
        email: String = "data@meridian.example", from first: String = "2027-01-01",
        until last: String = "2027-12-31", funds: [String] = ["F001", "F002"]
    ) -> Self {
        Self(
            id: id, clientName: client, awsAccountId: account, products: products,
            clientEmail: email, startDate: first, endDate: last, funds: funds)
    }
}
