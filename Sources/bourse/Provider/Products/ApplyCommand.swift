import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import DataExchangeAPI
import Foundation

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the products those that a file says.",
        discussion: """
            What would change is shown first. Applied again, nothing changes. A product that the file does not \
            have stays. What the file holds: docs/doors/products.md.
            """)

    @Argument(help: "The products, as YAML.")
    var file: String
    @Flag(help: "Show what would change, and change nothing.")
    var dryRun = false
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let wanted = try ProductsFile(reading: file).products
        let client = try await administrator.client
        let known = try await client.send(Bourse.ListProducts()).products
        let changes = wanted.map { product in
            let known = known.first { $0.productId == product.productId }
            var product = product
            product.dataSetId = known?.dataSetId ?? ""
            return ProductChange(wanted: product, known: known)
        }
        let others = known.map(\.productId)
            .filter { id in !wanted.contains { $0.productId == id } }
        if !administrator.json {
            for change in changes { print(change.summary) }
            for id in others { print("  \(id) is not in the file, and stays") }
        }
        var made: [Bourse.Product] = []
        if !dryRun {
            let dataSets = try await client.ownDataSets()
            for change in changes {
                made.append(
                    change.isNone
                        ? change.wanted : try await change.make(client, among: dataSets))
            }
        }
        if administrator.json { return try report(changes, made) }
        let count = changes.count { !$0.isNone }
        if dryRun { return print("\(count) of \(changes.count) products would change") }
        print(
            """
            \(count) of \(changes.count) products changed
            next, to publish one: bourse publish \(wanted.first?.productId ?? "PRODUCT")
            """)
    }

    private func report(_ changes: [ProductChange], _ made: [Bourse.Product]) throws {
        let products = changes.enumerated().map { place, change in
            JSONValue.object([
                "ProductId": .string(change.wanted.productId),
                "Action": .string(dryRun && !change.isNone ? "DRY_RUN" : change.action),
                "Changes": .array(change.differences.map(JSONValue.string)),
                "DataSetId": .string(
                    made.indices.contains(place) ? made[place].dataSetId : change.wanted.dataSetId),
            ])
        }
        print(JSONValue.array(products).text)
    }
}

extension AWSClient {
    /// The account's own data sets.
    func ownDataSets() async throws -> [DataExchange.DataSetEntry] {
        var found: [DataExchange.DataSetEntry] = []
        var token: String?
        repeat {
            let page = try await send(DataExchange.ListDataSets(nextToken: token, origin: "OWNED"))
            found += page.dataSets ?? []
            token = page.nextToken
        } while token != nil
        return found
    }

    /// The product of that id or title.
    func product(_ name: String) async throws -> Bourse.Product {
        let products = try await send(Bourse.ListProducts()).products
        if let product = products.first(where: { $0.productId == name }) { return product }
        let titled = products.filter { $0.title == name }
        guard let product = titled.first, titled.count == 1 else {
            let known = products.map(\.productId).joined(separator: ", ")
            throw CommandFailure(
                "There is no product \(name). "
                    + (known.isEmpty
                        ? "Say which there are in a file: bourse apply products.yaml"
                        : "There are: \(known)"))
        }
        return product
    }
}
