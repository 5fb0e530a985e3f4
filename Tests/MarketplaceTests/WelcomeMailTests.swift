import AWSAPI
import BourseAPI
import Foundation
import Testing

@testable import Marketplace

@Suite struct `The welcome e-mail` {
    static func message(
        client: String = "Meridian Pension Fund", owner: (String, String)? = nil
    ) async throws -> String {
        var record = Bourse.ContractRecord.example(client: client)
        record.ownerName = owner?.0
        record.ownerEmail = owner?.1
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(record)
        try await marketplace.work()
        return try #require(testbed.mail["C-2027-001"])
    }

    @Test func `has the headers of RFC 5322 and two forms of one text`() async throws {
        let message = try await Self.message()
        let head = try #require(message.components(separatedBy: "\r\n\r\n").first)
        #expect(
            head.components(separatedBy: "\r\n") == [
                "From: \"Nomura Asset Management\" <data-exchange@nomura.invalid>",
                "To: \"Meridian Pension Fund\" <data@meridian.example>",
                "Subject: Your data from Nomura Asset Management: contract C-2027-001",
                "Date: Fri, 15 Jan 2027 08:00:00 +0000",
                "Message-ID: <contract-C-2027-001.1800000000@nomura.invalid>",
                "MIME-Version: 1.0",
                "Content-Type: multipart/alternative; boundary=\"=_bourse\"",
            ])
        #expect(message.components(separatedBy: "\r\n--=_bourse").count == 4)
        #expect(message.hasSuffix("\r\n--=_bourse--\r\n"))
        #expect(!message.replacing("\r\n", with: "").contains("\n"))
    }

    @Test func `says the commands to type`() async throws {
        let text = try await Self.message().replacing("\r\n", with: "\n")
        #expect(
            text.contains(
                "\nbourse enroll --endpoint http://127.0.0.1:9400 --code CODE2 --profile nomura\n"))
        #expect(
            text.contains(
                """

                ESG Insights: table esg_insights of external_nomura_data

                aws athena start-query-execution --profile nomura \\
                  --query-string 'SELECT fund_id, updated_at, esg_score, environmental_rating \
                FROM esg_insights ORDER BY updated_at DESC, fund_id LIMIT 10' \\
                  --query-execution-context Database=external_nomura_data \\
                  --result-configuration OutputLocation=s3://athena-results-222222222222/ \\
                  --query QueryExecutionId --output text

                For a first dashboard: esg_score over updated_at, for each fund_id, split by \
                environmental_rating.

                """))
        #expect(text.contains("NAV History: table nav_history of external_nomura_data\n"))
        #expect(text.contains("\nFunds: F001, F002\n"))
    }

    @Test func `escapes in HTML what the CRM says`() async throws {
        let message = try await Self.message(client: "<b>A & B</b>")
        #expect(message.contains("<p>Dear &lt;b&gt;A &amp; B&lt;/b&gt;,</p>"))
        #expect(message.contains("\r\nDear <b>A & B</b>,\r\n"))
    }

    @Test func `is ASCII on the wire whatever it says`() async throws {
        let message = try await Self.message(
            client: "野村アセットマネジメント株式会社・年金運用部・第二課", owner: ("Zoë Müller", "zoe@nomura.example"))
        #expect(message.utf8.allSatisfy { $0 < 128 })
        #expect(
            message.components(separatedBy: "\r\n")
                .allSatisfy { $0.utf8.count <= 76 || !$0.contains("=?") })
        #expect(message.contains("Content-Transfer-Encoding: quoted-printable"))
        #expect(message.contains("\r\nFrom: ") || message.hasPrefix("From: "))
        #expect(message.contains("<zoe@nomura.example>"))
    }

    struct QueryRow: Sendable {
        var columns: [(String, String)]
        var partitionKeys: [String] = []
        var sql: String
        var fields: String
    }

    @Test(arguments: [
        QueryRow(
            columns: [("fund_id", "string"), ("nav_date", "date"), ("nav", "decimal(18,4)")],
            sql: "SELECT fund_id, nav_date, nav FROM t ORDER BY nav_date DESC, fund_id LIMIT 10",
            fields: "nav over nav_date, for each fund_id"),
        QueryRow(
            columns: [("index_id", "varchar(20)"), ("close", "double"), ("as_of", "string")],
            partitionKeys: ["as_of"],
            sql: "SELECT index_id, as_of, close FROM t ORDER BY as_of DESC, index_id LIMIT 10",
            fields: "close over as_of, for each index_id"),
        QueryRow(
            columns: [("order", "int"), ("Größe \"x\"", "bigint")],
            sql: #"SELECT "order", "Größe ""x""" FROM t LIMIT 10"#,
            fields: #"order, Größe "x""#),
        QueryRow(
            columns: [("body", "binary")], sql: "SELECT * FROM t LIMIT 10",
            fields: "the number of rows"),
    ])
    func `chooses fields by their types`(_ row: QueryRow) {
        let table = OfferedTable(
            name: TableName(database: "d", table: "t"),
            columns: row.columns.map { .init(name: $0.0, type: $0.1) },
            partitionKeys: row.partitionKeys)
        #expect(SampleQuery(table).sql == row.sql)
        #expect(DashboardFields(table).sentence == row.fields)
    }

    @Test func `quotes what a shell would read`() {
        #expect("it's $HOME".shellWord == #"'it'\''s $HOME'"#)
    }

    @Test(arguments: [
        ("Nomura Asset Management", "nomura"), ("  Zoë & Co", "zo"), ("野村", "provider"),
        ("", "provider"), ("A/B Capital", "ab"),
    ])
    func `names the provider in one word`(name: String, expected: String) {
        let provider = Provider(
            account: ProviderInMemory.account, region: "us-east-1", name: name)
        #expect(provider.shortName == expected)
    }
}
