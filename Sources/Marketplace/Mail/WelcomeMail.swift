import AWSAPI
import FoundationEssentials
import Mustache

/// The one e-mail that a client gets: how to enrol, a first query for each product that runs as it is
/// printed, what to plot first, and whom to ask.
struct WelcomeMail: Sendable {
    let message: MailMessage

    /// The code works once. It is in this e-mail and nowhere else.
    init(
        _ contract: Contract, _ offer: Offer, renewing months: Int? = nil,
        from provider: Provider, at place: ServedPlace,
        code: String, codeExpiresAt: Date, at now: Date
    ) {
        let content = Content(
            contract, offer, renewing: months, provider, place, code: code,
            codeExpiresAt: codeExpiresAt)
        let domain = "\(provider.shortName).invalid"
        message = MailMessage(
            // RFC 2606 keeps .invalid for addresses that must reach nobody: the text says whom to ask.
            from: .init(
                name: provider.name, address: contract.ownerEmail ?? "data-exchange@\(domain)"),
            to: .init(name: contract.clientName, address: contract.clientEmail),
            subject: "Your data from \(provider.name): contract \(contract.id)",
            date: now, id: "contract-\(contract.id).\(Int(now.timeIntervalSince1970))@\(domain)",
            text: Self.text.render(content), html: Self.html.render(content))
    }

    private static let text = template(welcomeText)
    private static let html = template(welcomeHTML)

    private static func template(_ source: String) -> MustacheTemplate {
        do { return try MustacheTemplate(string: source) } catch {
            preconditionFailure("The welcome e-mail's template cannot be read: \(error)")
        }
    }
}

extension WelcomeMail {
    /// What the templates say, by the names under which they say it.
    private struct Content {
        let clientName: String
        let providerName: String
        let contract: String
        let firstDay: String
        let lastDay: String
        /// `, renewed by itself for 12 months each time`. Empty: it ends.
        let renewal: String
        let account: String
        let funds: String
        let enroll: String
        /// The same without our program.
        let enrollWithPython: String
        let codeExpires: String
        let profile: String
        let region: String
        let endpoint: String
        let results: String
        let products: [Product]
        let contact: String

        struct Product {
            let product: String
            let tables: [Table]
            /// Nil: nothing is said of one.
            let price: String?
        }

        struct Table {
            let table: String
            let database: String
            let command: String
            let fields: String
            let columns: String
        }

        init(
            _ contract: Contract, _ offer: Offer, renewing months: Int?, _ provider: Provider,
            _ place: ServedPlace,
            code: String, codeExpiresAt: Date
        ) {
            let profile = provider.shortName
            let results = "s3://\(contract.resultsBucket)/"
            clientName = contract.clientName
            providerName = provider.name
            self.contract = contract.id.rawValue
            firstDay = contract.firstDay.rawValue
            lastDay = contract.lastDay.rawValue
            renewal = months.map { ", renewed by itself for \($0) months each time" } ?? ""
            account = contract.account.rawValue
            funds = contract.funds.isEmpty ? "all" : contract.funds.joined(separator: ", ")
            let endpoint = place.endpoint
            let how =
                "--endpoint \(endpoint) --code \(code) --profile \(profile)"
                + (place.authorityFingerprint.map { " \\\n  --ca-fingerprint \($0)" } ?? "")
            enroll = "bourse enroll \(how)"
            // Who it comes from, the file's own hash says: the certificate is not known yet.
            let insecure = place.authorityFingerprint == nil ? "" : " --insecure"
            enrollWithPython = """
                curl\(insecure) --remote-name \(endpoint)/bourse/credentials.py
                echo "\(place.credentialsHash)  credentials.py" | sha256sum --check &&
                  python3 credentials.py enroll \(how)
                """
            codeExpires = Timestamp.iso8601.text(codeExpiresAt)
            self.profile = profile
            region = provider.region
            self.endpoint = endpoint
            self.results = results
            products = offer.products.map { product in
                Product(
                    product: product.name,
                    tables: product.tables.enumerated().map { place, table in
                        // What a product tells of itself, it tells once.
                        let said = place == 0 ? product : nil
                        let sql = said?.sampleQuery ?? SampleQuery(table).sql
                        let fields = said?.dashboardFields ?? []
                        let database = provider.linkName(
                            of: table.name.database, among: offer.databases)
                        return Table(
                            table: table.name.table, database: database,
                            command: """
                                aws athena start-query-execution --profile \(profile) \\
                                  --query-string \(sql.shellWord) \\
                                  --query-execution-context Database=\(database) \\
                                  --result-configuration OutputLocation=\(results) \\
                                  --query QueryExecutionId --output text
                                """,
                            fields: fields.isEmpty
                                ? DashboardFields(table).sentence : fields.joined(separator: ", "),
                            columns: table.shownColumns.map { "\($0.name) \($0.type)" }
                                .joined(separator: ", "))
                    }, price: product.price)
            }
            let owner = [contract.ownerName, contract.ownerEmail.map { "<\($0)>" }]
                .compactMap(\.self).joined(separator: " ")
            let others = offer.products.flatMap { $0.contacts ?? [] }
            var seen: Set<String> = []
            let people = ([owner] + others).filter { !$0.isEmpty && seen.insert($0).inserted }
            contact =
                people.isEmpty
                ? "Your contact at \(provider.name)" : people.joined(separator: ", ")
        }
    }
}
