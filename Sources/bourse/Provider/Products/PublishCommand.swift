import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import DataExchangeAPI
import Foundation

struct PublishCommand: AsyncParsableCommand {
    /// Reading a hundred thousand footers takes minutes.
    static let finalizingMax = Duration.seconds(3_600)
    static let jobMax = Duration.seconds(300)

    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish what lies in a product's part of the lake now, whole and at once.",
        discussion: """
            The files are pinned where they lie, checked against the product's expectations, and become what \
            subscribers read. Where something does not hold, it is said what, and nothing changes.
            """)

    @Argument(help: "The product's id or title.")
    var product: String
    @Option(help: "What the subscribers are told of the revision.")
    var comment = ""
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let client = try await administrator.client
        let product = try await client.product(product)
        let revision = try present(
            try await client.send(
                DataExchange.CreateRevision(dataSetId: product.dataSetId, comment: comment)
            ).id, "the revision's id")
        do {
            try await addAssets(of: product, to: revision, client)
            try await Waiting.showing(unless: administrator.json) {
                await client.progress(of: revision, of: product)
            } until: {
                _ = try await client.send(
                    DataExchange.UpdateRevision(
                        dataSetId: product.dataSetId, revisionId: revision, finalized: true),
                    within: Self.finalizingMax)
            }
        } catch {
            // A draft that nobody will ask for again; where no answer came, it may be published by now.
            if (error as? AWSError)?.code != AWSClient.unreachable {
                _ = try? await client.send(
                    DataExchange.DeleteRevision(
                        dataSetId: product.dataSetId, revisionId: revision))
            }
            throw error
        }
        let changes = try await client.send(
            Bourse.CompareRevisions(dataSetId: product.dataSetId, revisionId: revision))
        if administrator.json { return print(changes.json) }
        print(changes.page(of: product))
        print(
            "next, should it prove bad: bourse block \(product.productId) --reason \"…\"")
    }

    private func addAssets(
        of product: Bourse.Product, to revision: String, _ client: AWSClient
    ) async throws {
        let created = try await client.send(
            DataExchange.CreateJob(
                details: .init(
                    createS3DataAccessFromS3Bucket: .init(
                        assetSource: .init(
                            bucket: product.bucket, keyPrefixes: product.keyPrefixes),
                        dataSetId: product.dataSetId, revisionId: revision)),
                type: .createS3DataAccessFromS3Bucket))
        let job = try present(created.id, "the job's id")
        _ = try await client.send(DataExchange.StartJob(jobId: job))
        let deadline = ContinuousClock.now + Self.jobMax
        while ContinuousClock.now < deadline {
            let found = try await client.send(DataExchange.GetJob(jobId: job))
            switch found.state {
            case .completed: return
            case .waiting, .inProgress: try await Task.sleep(for: .milliseconds(50))
            default:
                throw CommandFailure(
                    "The job \(job) ended: \(found.errors?.first?.message ?? "no reason is given")")
            }
        }
        throw CommandFailure("The job \(job) does not end; see: aws dataexchange get-job")
    }
}

extension AWSClient {
    fileprivate func progress(of revision: String, of product: Bourse.Product) async -> String {
        let publications = try? await send(
            Bourse.ListPublications(dataSetId: product.dataSetId))
        let draft = publications?.publications.first { $0.revisionId == revision }
        guard let done = draft?.filesDone, let total = draft?.filesTotal, done < total else {
            return "checking \(product.title)"
        }
        return "pinning \(product.title), \(done) of \(total) files"
    }
}

extension Bourse.RevisionChanges {
    fileprivate func page(of product: Bourse.Product) -> String {
        let published = "\(product.title) is published as revision \(revision.revisionId)"
        if product.live { return "\(published)\nit is live: subscribers read what lies there" }
        var lines = [published, aligned(table)]
        lines +=
            columnsAdded.isEmpty || previous == nil
            ? [] : ["columns that are new: \(columnsAdded.joined(separator: ", "))"]
        lines +=
            columnsRemoved.isEmpty
            ? [] : ["columns that are gone: \(columnsRemoved.joined(separator: ", "))"]
        lines.append("files hold by \(Self.guarantee(revision.guarantee))")
        return lines.joined(separator: "\n")
    }

    private var table: [[String]] {
        func change(_ now: Int?, _ then: Int??) -> String {
            guard let now, case .some(.some(let then)) = then else { return "" }
            return now == then ? "as before" : "\(now > then ? "+" : "")\(now - then)"
        }
        let objects =
            previous == nil ? "" : "\(added) new, \(changed) changed, \(removed) gone"
        return [
            ["objects", "\(revision.objects ?? 0)", objects],
            ["rows", "\(revision.rows ?? 0)", change(revision.rows, previous?.rows)],
            ["bytes", "\(revision.bytes ?? 0)", change(revision.bytes, previous?.bytes)],
        ]
    }

    private static func guarantee(_ guarantee: String?) -> String {
        switch guarantee {
        case "VERSION": "their versions: the bucket never changes one"
        case "REFLINK": "clones: nothing that is written to a file reaches them"
        case "HARD_LINK":
            "hard links: replaced or deleted, a file stays readable; one that is written in place is refused from "
                + "then on, so replace files by renaming"
        default:
            "detection alone: a file that is changed or deleted is refused from then on, so leave them as they are"
        }
    }
}
