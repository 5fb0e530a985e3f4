public import AWSAPI
import Crypto
public import FoundationEssentials
import GRDB
import Ledger

extension EmbeddedCloud {
    /// The name of the administrator whose key ``create(in:account:region:name:at:)`` makes.
    public static let administratorName = "bourse-admin"

    /// Makes a new exchange: folders, keys, ledger, and the administrator's key.
    ///
    /// The ledger comes last and under its own name at once, so a creation that was cut off leaves a
    /// directory that is simply not initialized yet, and can be repeated.
    ///
    /// - Throws: ``DataDirectoryFault/alreadyInitialized(_:)``, or what the file system says.
    public static func create(
        in directory: DataDirectory, account: AccountID, region: String, name: String,
        at now: Date
    ) throws {
        guard !directory.isInitialized else {
            throw DataDirectoryFault.alreadyInitialized(directory.url.localPath)
        }
        try directory.create()
        let lock = try directory.acquireLock()
        defer { withExtendedLifetime(lock) {} }

        let sealingBytes = SealingKey.makeBytes()
        guard let sealingKey = SealingKey(bytes: sealingBytes) else {
            preconditionFailure("A sealing key is 32 bytes.")
        }
        try DataDirectory.writePrivate(sealingBytes, to: directory.sealingKey)
        try DataDirectory.writePrivate(
            Array(Curve25519.Signing.PrivateKey().rawRepresentation), to: directory.trailKey)

        let secret = AccessKey.makeSecret()
        let key = AccessKeyRow(
            id: AccessKey.makeID(prefix: "AKIA"), account: account, userName: administratorName,
            sealedSecret: try sealingKey.seal(Data(secret.utf8), for: .accessKeySecret))
        let credentials = """
            [\(administratorName)]
            aws_access_key_id = \(key.id)
            aws_secret_access_key = \(secret)

            """
        try DataDirectory.writePrivate(Array(credentials.utf8), to: directory.adminCredentials)

        let unfinished = directory.ledger.localPath + ".new"
        try? FileManager.default.removeItem(atPath: unfinished)
        let ledger = try Ledger(at: unfinished, migrations: CloudState.migrations)
        try ledger.writeBlocking { db in
            try ExchangeRow(account: account, region: region, name: name, createdAt: now)
                .insert(db)
            try AccountRow(id: account, name: name, createdAt: now).insert(db)
            try key.insert(db)
        }
        try ledger.close()
        // What SQLite puts beside it has the same rights.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: unfinished)
        try FileManager.default.moveItem(atPath: unfinished, toPath: directory.ledger.localPath)
    }
}
