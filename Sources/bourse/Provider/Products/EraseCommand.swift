import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct EraseCommand: AsyncParsableCommand {
    /// Every file of the tables is looked into, and a dry run answers when that is done.
    static let countingMax = Duration.seconds(3_600)
    private static let pollInterval = Duration.milliseconds(200)

    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Take rows out of a product for good, and out of every revision that had them.",
        discussion: """
            Objects of a managed bucket are rewritten without the rows, each version of them. Files of a linked \
            directory are named, and waited for: replace each by renaming another file over it. Then a revision \
            without the rows is published, every one that had them is revoked, what the exchange keeps of them is \
            removed, and a signed certificate says so. The exchange goes on with it if this command is stopped, \
            or if it is started anew itself.

              bourse erase nav-history --where "fund_id = 'F001'" --reason "request 2024-17" --dry-run
            """)

    @Argument(help: "The product's id or title.")
    var product: String
    @Option(
        name: .customLong("where"), help: "True of the rows that go, as a row filter is written.")
    var expression: String
    @Option(help: "Why, in 10 to 512 characters: subscribers are told.")
    var reason: String
    @Option(help: "One of the product's tables (default: all of them).")
    var table: [String] = []
    @Flag(help: "Count the rows, and change nothing.")
    var dryRun = false
    @Flag(help: "Do not wait for the end.")
    var detach = false
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let client = try await administrator.client
        let product = try await client.product(product)
        let started = try await Waiting.showing(
            "looking for rows of \(product.title)", unless: administrator.json || !dryRun
        ) {
            try await client.send(
                Bourse.StartErasure(
                    productId: product.productId, expression: expression, reason: reason,
                    tables: table, dryRun: dryRun), within: Self.countingMax)
        }
        if dryRun || detach {
            if administrator.json { return print(started.json) }
            return print(dryRun ? started.counted(of: product) : started.summary)
        }
        let ended = try await follow(try present(started.erasureId, "the erasure's id"), client)
        print(administrator.json ? ended.json : ended.summary)
        guard ended.state == Bourse.Erasure.State.completed.rawValue else { throw ExitCode.failure }
    }

    /// Says which files are waited for, each time that they are others.
    private func follow(_ id: String, _ client: AWSClient) async throws -> Bourse.Erasure {
        try await Waiting.showing("erasing", unless: administrator.json) {
            var told: [Bourse.ErasedObject] = []
            while true {
                let now = try await client.send(Bourse.GetErasure(erasureId: id))
                if !now.isOpen { return now }
                let files = now.filesToReplace
                if !files.isEmpty, files != told, !administrator.json {
                    print(now.waiting)
                    told = files
                }
                try await Task.sleep(for: Self.pollInterval)
            }
        }
    }
}

struct ErasuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erasures",
        abstract: "What was erased, how far it has come, and the certificates of it.")

    @Argument(help: "An erasure's id (default: the last ones are listed).")
    var erasure: String?
    @Option(help: "Write the certificate there, beside it its signature (.sig) and the key (.pem).")
    var certificate: String?
    @Flag(help: "End it; what was erased stays so.")
    var cancel = false
    @OptionGroup var administrator: AdministratorOptions

    func validate() throws {
        guard erasure != nil || (certificate == nil && !cancel) else {
            throw ValidationError("Say which erasure: bourse erasures ID")
        }
    }

    func run() async throws {
        let client = try await administrator.client
        guard let erasure else { return try await list(client) }
        if cancel { _ = try await client.send(Bourse.CancelErasure(erasureId: erasure)) }
        let found = try await client.send(Bourse.GetErasure(erasureId: erasure))
        if let certificate { try write(found, to: certificate) }
        print(administrator.json ? found.json : found.summary)
    }

    private func list(_ client: AWSClient) async throws {
        let all = try await client.send(Bourse.ListErasures())
        if administrator.json { return print(all.json) }
        guard !all.erasures.isEmpty else { return print("nothing was erased") }
        print(
            aligned(
                all.erasures.map {
                    [
                        $0.erasureId ?? "", $0.state.lowercased(), $0.productId,
                        Timestamp.iso8601.text($0.startedAt), "\($0.rows) rows", $0.reason,
                    ]
                }))
    }

    private func write(_ erasure: Bourse.Erasure, to path: String) throws {
        guard let signed = erasure.certificate, let key = Data(base64Encoded: signed.publicKey),
            let signature = Data(base64Encoded: signed.signature)
        else {
            throw CommandFailure(
                "There is no certificate of an erasure that is \(erasure.state.lowercased()).")
        }
        try Data(signed.document.utf8).write(to: URL(filePath: path))
        try signature.write(to: URL(filePath: path + ".sig"))
        // SubjectPublicKeyInfo of an Ed25519 key. Source: RFC 8410, section 4.
        let prefix: [UInt8] = [
            0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
        ]
        let text = (Data(prefix) + key).base64EncodedString()
        try Data("-----BEGIN PUBLIC KEY-----\n\(text)\n-----END PUBLIC KEY-----\n".utf8)
            .write(to: URL(filePath: path + ".pem"))
    }
}

extension Bourse.Erasure {
    /// Objects that are named to a person at a time.
    private static let namedMax = 20

    fileprivate var isOpen: Bool {
        state == State.running.rawValue || state == State.waiting.rawValue
    }

    fileprivate var filesToReplace: [Bourse.ErasedObject] {
        objects.filter { $0.state == Bourse.ErasedObject.State.toReplace.rawValue }
    }

    fileprivate func counted(of product: Bourse.Product) -> String {
        var lines = [
            "\(rows) rows in \(objects.count) objects; "
                + "\(revoked.count) revisions have them and would be revoked"
        ]
        lines += named(objects)
        let files = filesToReplace.count
        if files > 0 { lines.append("\(files) of these are linked files, which you would replace") }
        lines += unexamined
        lines.append(
            objects.isEmpty && revoked.isEmpty
                ? "there is nothing to erase"
                : "nothing was changed; next, to erase them: the same without --dry-run")
        return lines.joined(separator: "\n")
    }

    fileprivate var waiting: String {
        let files = filesToReplace
        return
            (["\(files.count) linked files hold rows; rename files without them over these:"]
            + named(files)).joined(separator: "\n")
    }

    fileprivate var summary: String {
        let id = erasureId ?? ""
        var lines = ["erasure \(id) of \(productId) is \(state.lowercased())"]
        switch State(rawValue: state) {
        case .completed:
            let erased = objects.filter { $0.erasedAt != nil }
            lines += [
                "\(rows) rows are erased from \(erased.count) objects; \(revoked.count) revisions are revoked",
                published.isEmpty
                    ? "nothing was published in their place"
                    : "subscribers read "
                        + published.map { "revision \($0.revisionId)" }.joined(separator: ", "),
            ]
            lines += unexamined
            lines.append("next, for your records: bourse erasures \(id) --certificate \(id).json")
        case .waiting:
            lines.append(waiting)
            lines.append("next, to see how far it has come: bourse erasures \(id)")
        case .failed:
            lines.append(fault ?? "no reason is given")
        default:
            lines.append("next, to see how far it has come: bourse erasures \(id)")
        }
        return lines.joined(separator: "\n")
    }

    private func named(_ objects: [Bourse.ErasedObject]) -> [String] {
        let rows = objects.prefix(Self.namedMax).map {
            ["\($0.rows) rows", "s3://\($0.bucket)/\($0.key)"]
        }
        let more = objects.count - rows.count
        return (rows.isEmpty ? [] : [aligned(rows, numbers: [0])])
            + (more > 0 ? ["  and \(more) more; --json has all"] : [])
    }

    private var unexamined: [String] {
        notExamined.isEmpty
            ? []
            : [
                "not looked into, since they are no Parquet: "
                    + notExamined.prefix(Self.namedMax).joined(separator: ", ")
                    + (notExamined.count > Self.namedMax ? ", …" : "")
            ]
    }
}
