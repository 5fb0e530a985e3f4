/// Where welcome e-mails are put, for whoever sends them on.
public struct Mailbox: Sendable {
    /// Keeps a message under its contract's name, whole or not at all, readable by its owner alone: it
    /// says a code that opens an account. One that is there is replaced.
    public let keep: @Sendable (_ contract: Contract.ID, _ message: [UInt8]) throws -> Void

    public init(
        keep: @escaping @Sendable (_ contract: Contract.ID, _ message: [UInt8]) throws -> Void
    ) {
        self.keep = keep
    }

    /// The message's place in the exchange's data directory.
    public static func file(for contract: Contract.ID) -> String { "mail/\(contract).eml" }
}
