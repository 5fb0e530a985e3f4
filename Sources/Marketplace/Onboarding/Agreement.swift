import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import Ledger

/// A contract in the marketplace's ledger: its terms, what they come to, and how far it has got.
struct Agreement: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "contract"

    enum State: String, Codable, Sendable {
        case signed, active, ending, ended
    }

    var id: Contract.ID
    var account: AccountID
    /// As JSON.
    var terms: Contract
    /// As JSON.
    var offer: Offer
    var state: State
    var signedAt: Date
    /// The last day of the term that it was renewed for. Nil: it is in its first.
    var renewedTo: CalendarDay?
    /// It is not renewed, whatever its products say.
    var endsAtTerm = false

    init(_ contract: Contract, _ offer: Offer, signedAt: Date) {
        id = contract.id
        account = contract.account
        terms = contract
        self.offer = offer
        state = .signed
        self.signedAt = signedAt
    }

    /// Whether it entitles to anything, now or once its steps are taken.
    var isInForce: Bool { state == .signed || state == .active }

    /// The last day on which the data can be read, as things stand.
    var lastDay: CalendarDay { renewedTo ?? terms.lastDay }

    /// By how many months it is renewed before its last day is over. Nil: it ends then.
    var renewalMonths: Int? { endsAtTerm ? nil : offer.renewalMonths }

    static let renewalMigration = Migration(
        "2-contracts",
        """
        ALTER TABLE contract ADD COLUMN renewedTo TEXT;
        ALTER TABLE contract ADD COLUMN endsAtTerm INTEGER NOT NULL DEFAULT 0
            CHECK (endsAtTerm IN (0, 1));
        """)

    static let migration = Migration(
        "1-contracts",
        """
        CREATE TABLE contract (
            id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 40),
            account TEXT NOT NULL CHECK (length(account) = 12),
            terms TEXT NOT NULL CHECK (json_valid(terms)),
            offer TEXT NOT NULL CHECK (json_valid(offer)),
            state TEXT NOT NULL CHECK (state IN ('signed', 'active', 'ending', 'ended')),
            signedAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE contractStep (
            contract TEXT NOT NULL REFERENCES contract(id),
            place INTEGER NOT NULL CHECK (place >= 0),
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            startedAt TEXT,
            finishedAt TEXT,
            outcome TEXT,
            failure TEXT,
            PRIMARY KEY (contract, place),
            CHECK (finishedAt IS NULL OR (startedAt IS NOT NULL AND failure IS NULL))
        ) STRICT;
        """)
}

/// One step of one contract, and what became of it.
struct StepRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "contractStep"

    var contract: Contract.ID
    var place: Int
    var action: Step.Action
    var subject: String
    var startedAt: Date?
    var finishedAt: Date?
    var outcome: String?
    /// Of the last attempt. Nil once the step is taken.
    var failure: String?

    init(_ step: Step, of contract: Contract.ID, at place: Int) {
        self.contract = contract
        self.place = place
        action = step.action
        subject = step.subject
    }

    var step: Step { Step(action, subject) }

    static func all(of contract: Contract.ID) -> QueryInterfaceRequest<StepRow> {
        filter(Column("contract") == contract.rawValue).order(Column("place"))
    }

    static func untaken(of contract: Contract.ID) -> QueryInterfaceRequest<StepRow> {
        all(of: contract).filter(Column("finishedAt") == nil)
    }
}

extension Bourse.ContractStatus {
    init(_ agreement: Agreement, _ steps: [StepRow]) {
        let isWritten = steps.contains { $0.action == .writeMail && $0.finishedAt != nil }
        self.init(
            contractId: agreement.id.rawValue, clientName: agreement.terms.clientName,
            accountId: agreement.account.rawValue,
            state: .init(rawValue: agreement.state.rawValue.uppercased()),
            firstDay: agreement.terms.firstDay.rawValue,
            lastDay: agreement.lastDay.rawValue,
            renewalMonths: agreement.isInForce ? agreement.renewalMonths : nil,
            steps: steps.map { row in
                .init(
                    name: row.step.name, subject: row.subject, startedAt: row.startedAt,
                    finishedAt: row.finishedAt, outcome: row.outcome, failure: row.failure)
            }, mailFile: isWritten ? Mailbox.file(for: agreement.id) : nil)
    }
}
