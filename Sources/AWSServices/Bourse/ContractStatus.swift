public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// Where a contract stands: its state, and every step of the work that it asks for.
    public struct ContractStatus: AWSShape, Equatable {
        public var contractId: String
        public var clientName: String
        public var accountId: String
        public var state: ContractState
        /// `2026-01-31`: before it, the steps wait.
        public var firstDay: String
        /// Of the term that it is in. After it, the contract ends by itself, unless it is renewed before.
        public var lastDay: String
        /// By how many months it is renewed then. Nil: it ends.
        public var renewalMonths: Int?
        /// In the order in which they are taken.
        public var steps: [ContractStep]
        /// The welcome e-mail, from the exchange's data directory on. Nil until it is written.
        public var mailFile: String?

        public init(
            contractId: String, clientName: String, accountId: String, state: ContractState,
            firstDay: String, lastDay: String, renewalMonths: Int? = nil, steps: [ContractStep],
            mailFile: String? = nil
        ) {
            self.contractId = contractId
            self.clientName = clientName
            self.accountId = accountId
            self.state = state
            self.firstDay = firstDay
            self.lastDay = lastDay
            self.renewalMonths = renewalMonths
            self.steps = steps
            self.mailFile = mailFile
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            contractId = try reader.required("ContractId")
            clientName = try reader.required("ClientName")
            accountId = try reader.required("AccountId")
            state = try reader.required("State")
            firstDay = try reader.required("FirstDay")
            lastDay = try reader.required("LastDay")
            renewalMonths = try reader.optional("RenewalMonths")
            steps = try reader.required("Steps")
            mailFile = try reader.optional("MailFile")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("ContractId", contractId)
            writer.put("ClientName", clientName)
            writer.put("AccountId", accountId)
            writer.put("State", state)
            writer.put("FirstDay", firstDay)
            writer.put("LastDay", lastDay)
            writer.put("RenewalMonths", renewalMonths)
            writer.put("Steps", steps)
            writer.put("MailFile", mailFile)
        }
    }

    public struct ContractState: AWSEnum {
        /// Signed, and its steps under way. Before its first day it waits.
        public static let signed = ContractState(rawValue: "SIGNED")
        /// All that it entitles to is granted, and the client was told.
        public static let active = ContractState(rawValue: "ACTIVE")
        /// Over, and what it granted is being taken back.
        public static let ending = ContractState(rawValue: "ENDING")
        public static let ended = ContractState(rawValue: "ENDED")
        public static let known: [ContractState] = [.signed, .active, .ending, .ended]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public struct ContractStep: AWSShape, Equatable {
        /// The operation that the step sends: `GrantPermissions`.
        public var name: String
        /// What it is about: `nomura_data_products.nav_history`.
        public var subject: String
        public var startedAt: Date?
        /// Nil: still to be done.
        public var finishedAt: Date?
        /// What came of it, where its name does not say all.
        public var outcome: String?
        /// Why the last attempt failed. It is tried again within a minute, and when it is signed again.
        public var failure: String?

        public init(
            name: String, subject: String, startedAt: Date? = nil, finishedAt: Date? = nil,
            outcome: String? = nil, failure: String? = nil
        ) {
            self.name = name
            self.subject = subject
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.outcome = outcome
            self.failure = failure
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            name = try reader.required("Name")
            subject = try reader.required("Subject")
            startedAt = try reader.optional("StartedAt")
            finishedAt = try reader.optional("FinishedAt")
            outcome = try reader.optional("Outcome")
            failure = try reader.optional("Failure")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Name", name)
            writer.put("Subject", subject)
            writer.put("StartedAt", startedAt)
            writer.put("FinishedAt", finishedAt)
            writer.put("Outcome", outcome)
            writer.put("Failure", failure)
        }
    }
}
