import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why an account may see something, or may not, rule by rule.",
        discussion: """
            The rules are those of a request of the account's own, in their order; with them, what they come \
            to, and the policies and grants behind it. It changes nothing.
            """)

    @Argument(help: "The subscriber's AWS account: twelve digits.")
    var id: String
    @Argument(
        help: "DATABASE.TABLE, DATABASE, s3://BUCKET/PREFIX, a data set's id, or an ARN of these.")
    var resource: String
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let answer = try await administrator.client.send(
            Bourse.ExplainAccess(accountId: id, resource: resource))
        if administrator.json { return print(try answer.document.text) }
        print(answer.summary)
        print()
        print(
            aligned(
                answer.rules.enumerated().map { number, rule in
                    ["\(number + 1)", rule.effect.rawValue.lowercased(), rule.name, rule.reason]
                }, numbers: [0]))
        if let table = answer.table { printSection("what may be read", table.lines) }
        for policy in answer.identityPolicies {
            printSection("policy of the role data-subscriber", try indented(policy))
        }
        if let policy = answer.bucketPolicy {
            printSection("policy of the bucket", try indented(policy))
        }
        for policy in answer.grantPolicies {
            printSection("policy that a data grant comes to", try indented(policy))
        }
        if !answer.permissions.isEmpty {
            printSection(
                "permissions, as Lake Formation lists them",
                try answer.permissions.map(oneLine).joined(separator: "\n"))
        }
        if !answer.dataCellsFilters.isEmpty {
            printSection(
                "data cells filters",
                try answer.dataCellsFilters.map(oneLine).joined(separator: "\n"))
        }
        if answer.table != nil {
            print()
            print(
                "next, to see the rows: bourse preview --as \(id) \"SELECT * FROM "
                    + "\(answer.resource.split(separator: ".").last ?? "") LIMIT 5\"")
        }
    }

    private func printSection(_ title: String, _ text: String) {
        print("\n\(title)\n\(text)")
    }

    private func indented(_ json: String) throws -> String {
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8))
        let data = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }

    private func oneLine(_ shape: some AWSShape) throws -> String { "  " + shape.json }
}

extension AWSShape {
    /// In AWS's member names.
    var json: String {
        var writer = ShapeWriter(.json, defaultTimestamp: .iso8601Milliseconds)
        writer.document(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension Bourse.AccessExplanation {
    /// One document, the policies in it as JSON and not as text.
    fileprivate var document: JSONValue {
        get throws {
            guard var object = try JSONValue(parsing: json).object else { return .null }
            object["IdentityPolicies"] = .array(
                try identityPolicies.map { try JSONValue(parsing: $0) })
            object["BucketPolicy"] = try bucketPolicy.map { try JSONValue(parsing: $0) }
            object["GrantPolicies"] = .array(try grantPolicies.map { try JSONValue(parsing: $0) })
            return .object(object)
        }
    }
}

extension Bourse.ReadableTable {
    fileprivate var lines: String {
        let shown = columns.map { column in
            [
                column.name, column.type,
                column.visibleWhere.map { "in the rows where \($0), else NULL" } ?? "",
            ]
        }
        let hidden = hiddenColumns.map { [$0, "", "not shown"] }
        return aligned(shown + hidden) + "\n  rows: \(rowFilter ?? "all")"
    }
}
