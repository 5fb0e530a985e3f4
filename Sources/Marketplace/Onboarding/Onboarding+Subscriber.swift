import AWSAPI
import GlueAPI
import S3API

// The client's side, where the exchange acts in the client's account.

extension Onboarding {
    func subscriber(of contract: Contract) throws(AWSError) -> any Cloud {
        guard let cloud = clouds.subscriber(contract.account, for: contract.id) else {
            throw .accountNotHeld(contract.account)
        }
        return cloud
    }

    /// The provider's database under a name of the client's own.
    func linkDatabase(
        _ database: String, of agreement: Agreement
    ) async throws(AWSError) -> String? {
        let cloud = try subscriber(of: agreement.terms)
        let name = provider.linkName(of: database, among: agreement.offer.databases)
        do {
            _ = try await cloud.send(
                Glue.CreateDatabase(
                    databaseInput: .init(
                        name: name,
                        targetDatabase: .init(
                            catalogId: provider.account.rawValue, databaseName: database))))
        } catch let refusal where refusal.code == "AlreadyExistsException" {
            let target = try await cloud.send(Glue.GetDatabase(name: name)).database?.targetDatabase
            guard target?.catalogId == provider.account.rawValue, target?.databaseName == database
            else { throw AWSError.otherDatabase(name, in: agreement.account) }
        }
        return name
    }

    func createBucket(
        _ name: String, for contract: Contract
    ) async throws(AWSError) -> String? {
        let cloud = try subscriber(of: contract)
        // us-east-1 is said by saying nothing.
        let place: S3.CreateBucketConfiguration? =
            cloud.region == "us-east-1"
            ? nil : .init(locationConstraint: .init(rawValue: cloud.region))
        do {
            _ = try await cloud.send(
                S3.CreateBucket(bucket: name, createBucketConfiguration: place))
            return nil
        } catch let refusal where refusal.code == "BucketAlreadyOwnedByYou" {
            return "was there"
        }
    }
}
