import AWSAPI
import BourseAPI
import EmbeddedCloud
import Foundation
import Logging
import Marketplace

extension Marketplace {
    /// The marketplace of an exchange on this machine, whose operations the cloud answers from now on.
    convenience init(serving cloud: EmbeddedCloud, in directory: DataDirectory, log: Logger) throws
    {
        try FileManager.default.createDirectory(
            at: directory.mail, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try self.init(
            at: directory.marketplace.localPath,
            of: Provider(account: cloud.account, region: cloud.region, name: cloud.name),
            in: EmbeddedClouds(cloud: cloud),
            mailbox: Mailbox { contract, message in
                try DataDirectory.writePrivate(
                    message, to: directory.url.appending(path: Mailbox.file(for: contract)))
            }, log: log, clock: { cloud.now })
        cloud.answer(Bourse.SignContract.self) { try await self.sign($0) }
        cloud.answer(Bourse.EndContract.self) { try await self.end($0) }
        cloud.answer(Bourse.SetContractRenewal.self) { try await self.setRenewal($0) }
        cloud.answer(Bourse.GetContract.self) { try await self.contract($0) }
        cloud.answer(Bourse.ListContracts.self) { try await self.contracts($0) }
    }
}

/// One machine is the whole exchange: every account that it knows is its own to act in.
private struct EmbeddedClouds: Clouds {
    let cloud: EmbeddedCloud

    func provider(for contract: Contract.ID) -> any Cloud {
        cloud.marketplace(in: cloud.account, session: "contract-\(contract)")
    }

    func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)? {
        cloud.marketplace(in: account, session: "contract-\(contract)")
    }
}
