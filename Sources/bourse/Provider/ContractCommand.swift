import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import EmbeddedCloud
import Foundation

struct ContractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract", abstract: "Contracts from the CRM, and what they entitle to.",
        subcommands: [Sign.self, Renewal.self, End.self, List.self])

    struct Sign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Carry out a signed contract: grants, accounts, the welcome e-mail.",
            discussion: """
                The same contract again changes nothing and says where it stands; what failed is tried \
                again. What FILE.json holds: docs/doors/contracts.md.
                """)

        @Argument(help: "The CRM's record of the contract, as JSON.")
        var file: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try await administrator.client
            let status = try await client.send(
                Bourse.SignContract(try ContractFile(reading: file).record()))
            let settled = try await ContractProgress(of: client, printing: !administrator.json)
                .follow(status, from: 0)
            if administrator.json { printStatus(settled) }
            if settled.isWaiting {
                if administrator.json { return }
                return print(
                    "contract \(settled.contractId) waits: it is carried out on \(settled.firstDay)"
                )
            }
            try settled.refuse(unless: .active)
            if administrator.json { return }
            let directory = try administrator.data.directory.url
            let mail = settled.mailFile.map { directory.appending(path: $0).localPath } ?? "none"
            print(
                """
                contract \(settled.contractId) is active for \(settled.clientName), account \
                \(settled.accountId)
                welcome e-mail: \(mail)
                next: send it; its first command enrols the client's machine
                """)
        }
    }

    struct Renewal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a contract is renewed by itself, or ends when its term is over.")

        enum Wish: String, ExpressibleByArgument, CaseIterable { case on, off }

        @Argument(help: "The contract's Id, or the file that was signed.")
        var contract: String
        @Argument(help: "on: it is renewed; off: it ends after its last day.")
        var wish: Wish
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try await administrator.client
            let status = try await client.send(
                Bourse.SetContractRenewal(
                    contractId: try ContractFile.id(in: contract), isRenewed: wish == .on))
            if administrator.json { return printStatus(status) }
            print("contract \(status.contractId): \(status.term)")
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a contract now: take back what it granted.")

        @Argument(help: "The contract's Id, or the file that was signed.")
        var contract: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try await administrator.client
            let status = try await client.send(
                Bourse.EndContract(contractId: try ContractFile.id(in: contract)))
            let settled = try await ContractProgress(of: client, printing: !administrator.json)
                .follow(status, from: status.steps.count { $0.finishedAt != nil })
            if administrator.json { printStatus(settled) }
            try settled.refuse(unless: .ended)
            if administrator.json { return }
            print(
                """
                contract \(settled.contractId) has ended: account \(settled.accountId) reads nothing \
                under it any more
                """)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the contracts, and where each one stands.")

        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try await administrator.client
            var contracts: [Bourse.ContractStatus] = []
            var token: String?
            repeat {
                let page = try await client.send(Bourse.ListContracts(nextToken: token))
                contracts += page.contracts
                token = page.nextToken
            } while token != nil
            if administrator.json {
                for contract in contracts { printStatus(contract) }
                return
            }
            let rows = contracts.map { contract in
                [
                    contract.contractId, contract.state.rawValue.lowercased(), contract.accountId,
                    contract.clientName, contract.term,
                    contract.steps.compactMap(\.failure).last ?? "",
                ]
            }
            print(
                rows.isEmpty
                    ? "no contract yet; next: bourse contract sign FILE.json" : aligned(rows))
        }
    }
}

/// A contract as one line of JSON, in the operation's own member names.
private func printStatus(_ status: Bourse.ContractStatus) {
    print(status.json)
}

/// The CRM's record in a file.
private struct ContractFile {
    let path: String
    let json: JSONValue

    init(reading path: String) throws {
        self.path = path
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path) cannot be read.")
        }
        do { json = try JSONValue(parsing: Array(bytes)) } catch {
            throw CommandFailure("\(path) is not JSON: \(error)")
        }
    }

    func record() throws -> Bourse.ContractRecord {
        do { return try Bourse.ContractRecord(from: .json(json)) } catch {
            throw CommandFailure("\(path): \(error)")
        }
    }

    /// - Parameter argument: An Id, or a file that has one.
    static func id(in argument: String) throws -> String {
        guard FileManager.default.fileExists(atPath: argument) else { return argument }
        guard let id = try ContractFile(reading: argument).json["Id"]?.string else {
            throw CommandFailure("\(argument): Id is required.")
        }
        return id
    }
}

/// Watches a contract's steps until there is no more to wait for, and prints each one as it is done.
private struct ContractProgress {
    /// Between two looks.
    static let pause = Duration.milliseconds(50)

    let client: AWSClient
    let isPrinting: Bool

    init(of client: AWSClient, printing isPrinting: Bool) {
        self.client = client
        self.isPrinting = isPrinting
    }

    /// Steps before the place are no news.
    func follow(
        _ first: Bourse.ContractStatus, from place: Int
    ) async throws -> Bourse.ContractStatus {
        var status = first
        var printed = place
        while true {
            let done = status.steps.prefix { $0.finishedAt != nil }
            if isPrinting { for step in done.dropFirst(printed) { print(line(of: step)) } }
            fflush(nil)
            printed = max(printed, done.count)
            if status.isSettled { return status }
            try await Task.sleep(for: Self.pause)
            status = try await client.send(Bourse.GetContract(contractId: status.contractId))
        }
    }

    private func line(of step: Bourse.ContractStep) -> String {
        let took =
            if let start = step.startedAt, let end = step.finishedAt {
                String(Int((end.timeIntervalSince(start) * 1_000).rounded()))
            } else {
                ""
            }
        let blanks = String(repeating: " ", count: max(0, 6 - took.count))
        let name = step.name.padding(toLength: 22, withPad: " ", startingAt: 0)
        return "\(blanks)\(took) ms  \(name) \(step.subject)"
            + (step.outcome.map { " (\($0))" } ?? "")
    }
}

extension Bourse.ContractStatus {
    /// `until 2027-12-31, then renewed for 12 months`
    fileprivate var term: String {
        "until \(lastDay)" + (renewalMonths.map { ", then renewed for \($0) months" } ?? "")
    }

    /// Its first day is still to come.
    fileprivate var isWaiting: Bool {
        guard let begin = Timestamp.parse(firstDay + "T00:00:00Z") else { return false }
        return state == .signed && Date() < begin
    }

    /// Nothing more happens to it by itself, or not soon.
    fileprivate var isSettled: Bool {
        if isWaiting || steps.contains(where: { $0.failure != nil }) { return true }
        switch state {
        case .active, .ended: return true
        default: return false
        }
    }

    fileprivate func refuse(unless expected: Bourse.ContractState) throws {
        if state == expected { return }
        if let step = steps.first(where: { $0.failure != nil }) {
            throw CommandFailure(
                "\(step.name) \(step.subject) failed: \(step.failure ?? "") It is tried again every "
                    + "minute; mend the cause, and type the same command to try at once.")
        }
        throw CommandFailure(
            "Contract \(contractId) is \(state.rawValue.lowercased()) and stays so: new terms are signed "
                + "under another Id.")
    }
}
