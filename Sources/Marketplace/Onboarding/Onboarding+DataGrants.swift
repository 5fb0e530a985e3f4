import AWSAPI
import BourseAPI
import DataExchangeAPI
import FoundationEssentials

// Products: one data grant each, from the provider to the client.

extension Onboarding {
    func createDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        if let made = try await dataGrant(product, of: agreement, cloud) { return made.id }
        guard let offered = agreement.offer.products.first(where: { $0.name == product }) else {
            preconditionFailure("A step about a product names one of the contract's.")
        }
        let contract = agreement.terms
        let grant = try await cloud.send(
            DataExchange.CreateDataGrant(
                name: contract.dataGrantName(of: product), grantDistributionScope: .none,
                receiverPrincipal: contract.account.rawValue, sourceDataSetId: offered.dataSet,
                endsAt: agreement.lastDay.end))
        return grant.id
    }

    func acceptDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        guard let grant = try await dataGrant(product, of: agreement, cloud) else {
            throw AWSError.grantIsGone(agreement.terms.dataGrantName(of: product))
        }
        if grant.acceptanceState == .accepted { return "was accepted" }
        let accepted = try await subscriber(of: agreement.terms).send(
            DataExchange.AcceptDataGrant(dataGrantArn: grant.arn))
        return accepted.dataSetId
    }

    /// For the term that the contract is in.
    func extendDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        // Somebody took it back by hand, and did not mean to give it again.
        guard let grant = try await dataGrant(product, of: agreement, cloud) else {
            return "was gone"
        }
        let end = agreement.lastDay.end
        if let endsAt = grant.endsAt, endsAt < end {
            _ = try await cloud.send(Bourse.ExtendDataGrant(dataGrantId: grant.id, endsAt: end))
        }
        return "until \(agreement.lastDay)"
    }

    func deleteDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        guard let grant = try await dataGrant(product, of: agreement, cloud) else {
            return "was gone"
        }
        do {
            _ = try await cloud.send(DataExchange.DeleteDataGrant(dataGrantId: grant.id))
            return nil
        } catch let refusal where refusal.code == "ResourceNotFoundException" {
            return "was gone"
        }
    }

    /// The grant of this contract, by its name: the answer that said its id may have been lost.
    private func dataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> DataExchange.DataGrantSummaryEntry? {
        let name = agreement.terms.dataGrantName(of: product)
        let receiver = agreement.account.rawValue
        var token: String?
        repeat {
            let page = try await cloud.send(DataExchange.ListDataGrants(nextToken: token))
            let found = page.dataGrantSummaries?.first {
                $0.name == name && $0.receiverPrincipal == receiver
            }
            if let found { return found }
            token = page.nextToken
        } while token != nil
        return nil
    }
}
