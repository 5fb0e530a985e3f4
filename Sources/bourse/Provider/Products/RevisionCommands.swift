import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import DataExchangeAPI
import Foundation

struct RevisionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revisions",
        abstract: "What was published of a product, and which revision is read.")

    @Argument(help: "The product's id or title.")
    var product: String
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let client = try await administrator.client
        let product = try await client.product(product)
        let publications = try await client.publications(of: product)
        if administrator.json {
            return print(Bourse.ListPublications.Response(publications: publications).json)
        }
        guard !publications.isEmpty else {
            return print(
                """
                nothing of \(product.title) is published
                next: bourse publish \(product.productId)
                """)
        }
        let rows = publications.map { revision in
            [
                revision.revisionId, revision.standing.lowercased(),
                Timestamp.iso8601.text(revision.createdAt),
                revision.objects.map { "\($0) objects" } ?? "",
                revision.rows.map { "\($0) rows" } ?? "", revision.reason ?? revision.comment,
            ]
        }
        print(aligned(rows))
    }
}

/// Which revision of a product, and of which.
struct RevisionOptions: ParsableArguments {
    @Argument(help: "The product's id or title.")
    var product: String
    @Option(help: "The revision's id (default: the newest one that it can be done to).")
    var revision: String?
    @OptionGroup var administrator: AdministratorOptions

    /// - Parameter standings: Of the revisions that it can be done to.
    func find(
        _ standings: [Bourse.Publication.Standing], _ client: AWSClient
    ) async throws -> (Bourse.Product, String) {
        let product = try await client.product(product)
        if let revision { return (product, revision) }
        let found = try await client.publications(of: product).first { publication in
            standings.contains { $0.rawValue == publication.standing }
        }
        guard let found else {
            let wanted = standings.map { $0.rawValue.lowercased() }.joined(separator: " or ")
            throw CommandFailure(
                "No revision of \(product.title) is \(wanted); see: bourse revisions \(product.productId)"
            )
        }
        return (product, found.revisionId)
    }

    /// Says what is read from now on.
    func report(
        _ what: String, _ revision: String, of product: Bourse.Product, next: String,
        _ client: AWSClient
    ) async throws {
        let publications = try await client.publications(of: product)
        if administrator.json {
            return print(Bourse.ListPublications.Response(publications: publications).json)
        }
        let current = publications.first {
            $0.standing == Bourse.Publication.Standing.current.rawValue
        }
        print(
            """
            revision \(revision) of \(product.title) is \(what)
            \(current.map { "subscribers read revision \($0.revisionId)" } ?? "subscribers find nothing")
            \(next)
            """)
    }
}

struct BlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block",
        abstract:
            "Take a revision out of sight: subscribers read the one before, from the next request on."
    )

    @OptionGroup var options: RevisionOptions
    @Option(help: "Why, for whoever comes after.")
    var reason: String

    func run() async throws {
        let client = try await options.administrator.client
        let (product, revision) = try await options.find([.current], client)
        _ = try await client.send(
            Bourse.BlockRevision(
                dataSetId: product.dataSetId, revisionId: revision, reason: reason))
        try await options.report(
            "blocked", revision, of: product,
            next:
                "next, to put it back: bourse unblock \(product.productId) --revision \(revision)",
            client)
    }
}

struct UnblockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Put a blocked revision back into sight.")

    @OptionGroup var options: RevisionOptions

    func run() async throws {
        let client = try await options.administrator.client
        let (product, revision) = try await options.find([.blocked], client)
        _ = try await client.send(
            Bourse.UnblockRevision(dataSetId: product.dataSetId, revisionId: revision))
        try await options.report(
            "unblocked", revision, of: product,
            next: "next, to see all of them: bourse revisions \(product.productId)", client)
    }
}

struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a revision back for good: its pins are let go, and subscribers are told.")

    @OptionGroup var options: RevisionOptions
    @Option(help: "Why, in 10 to 512 characters: subscribers are told.")
    var reason: String

    func run() async throws {
        let client = try await options.administrator.client
        let (product, revision) = try await options.find([.current, .blocked], client)
        _ = try await client.send(
            DataExchange.RevokeRevision(
                dataSetId: product.dataSetId, revisionId: revision, revocationComment: reason))
        try await options.report(
            "revoked", revision, of: product,
            next: "next, to publish anew: bourse publish \(product.productId)", client)
    }
}

extension AWSClient {
    fileprivate func publications(
        of product: Bourse.Product
    ) async throws -> [Bourse.Publication] {
        try await send(Bourse.ListPublications(dataSetId: product.dataSetId)).publications
    }
}
