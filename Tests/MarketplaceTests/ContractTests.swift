import AWSAPI
import BourseAPI
import Testing

@testable import Marketplace

@Suite struct `A contract is read from the CRM's record` {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fault: ContractFault
        var change: @Sendable (inout Bourse.ContractRecord) -> Void

        init(
            _ description: String, _ fault: ContractFault,
            _ change: @escaping @Sendable (inout Bourse.ContractRecord) -> Void
        ) {
            testDescription = description
            self.fault = fault
            self.change = change
        }
    }

    @Test(arguments: [
        Row("no id", .id) { $0.id = "" },
        Row("an id that leaves its folder", .id) { $0.id = "../C1" },
        Row("an id of 41 bytes", .id) { $0.id = String(repeating: "C", count: 41) },
        Row("no name", .clientName) { $0.clientName = "" },
        Row("a name that begins a header", .clientName) { $0.clientName = "A\r\nBcc: x@y.example" },
        Row("a name that turns the writing", .clientName) { $0.clientName = "A\u{202E}B" },
        Row("eleven digits", .account) { $0.awsAccountId = "22222222222" },
        Row("an ARN", .account) { $0.awsAccountId = "arn:aws:iam::222222222222:root" },
        Row("the exchange's own account", .ownAccount(ProviderInMemory.account)) {
            $0.awsAccountId = "111111111111"
        },
        Row("no product", .noProducts) { $0.products = "" },
        Row("a product without a name", .noProducts) { $0.products = "ESG Insights; " },
        Row("a product twice", .productTwice("ESG Insights")) {
            $0.products = "ESG Insights; ESG Insights"
        },
        Row("an address without a domain", .email(member: "Client_Email")) {
            $0.clientEmail = "data@localhost"
        },
        Row("two addresses", .email(member: "Client_Email")) {
            $0.clientEmail = "a@b.example,c@d.example"
        },
        Row("an address that ends its bracket", .email(member: "Owner_Email")) {
            $0.ownerEmail = "a@b.example>"
        },
        Row("an owner on two lines", .ownerName) { $0.ownerName = "A\nB" },
        Row("a month of 30 days", .day(member: "Start_Date")) { $0.startDate = "2027-04-31" },
        Row("a time", .day(member: "End_Date")) { $0.endDate = "2027-12-31T00:00:00Z" },
        Row("an end before the start", .endsBeforeStart) { $0.endDate = "2026-12-31" },
        Row("a fund that ends its literal", .fund("F001' OR '1'='1")) {
            $0.funds = ["F001' OR '1'='1"]
        },
        Row("a fund without a name", .fund("")) { $0.funds = [""] },
        Row("a fund twice", .fundTwice("F001")) { $0.funds = ["F001", "F001"] },
        Row("1001 funds", .tooManyFunds(1_001)) { $0.funds = (1...1_001).map { "F\($0)" } },
    ])
    func `and refused by the first rule that it breaks`(_ row: Row) {
        var record = Bourse.ContractRecord.example()
        row.change(&record)
        #expect(throws: row.fault) {
            try Contract(record, provider: ProviderInMemory.account)
        }
    }

    @Test func `whose lists are cleaned`() throws {
        let contract = try Contract(
            .example(products: " NAV History ;ESG Insights", funds: ["F002", "F001"]),
            provider: ProviderInMemory.account)
        #expect(contract.products == ["NAV History", "ESG Insights"])
        #expect(contract.funds == ["F001", "F002"])
    }

    @Test(arguments: [
        (#"{"Id": "C1"}"#, "Client_Name is required."),
        (
            #"{"Id": "C1", "Client_Name": "A", "Funds_c": ["F001"]}"#,
            "Funds_c is not known here, or stands there twice."
        ),
        (
            #"{"Id": "C1", "Id": "C2"}"#, "Id is not known here, or stands there twice."
        ),
    ])
    func `in which nothing is overlooked`(json: String, expected: String) throws {
        let json = try JSONValue(parsing: json)
        let fault = #expect(throws: WireFault.self) {
            try Bourse.ContractRecord(from: .json(json))
        }
        #expect(fault?.description == expected)
    }

    @Test func `and comes back as it was sent`() throws {
        let record = Bourse.ContractRecord.example()
        var writer = ShapeWriter(.json)
        writer.document(record)
        let json = try JSONValue(parsing: writer.bytes)
        #expect(try Bourse.ContractRecord(from: .json(json)) == record)
        #expect(json["Funds__c"]?.array == ["F001", "F002"])
    }

    @Test func `whose people the trail does not name`() {
        let audited = ShapeWriter.audited(Bourse.SignContract(.example()))
        #expect(!audited.contains("data@meridian.example"))
        #expect(audited.contains("Meridian Pension Fund"))
    }
}
