import QueryWorker

/// The program that runs subscribers' SQL, and the walls that it must have.
public struct QueryWorkerProgram: Sendable {
    /// Of the system's walls on this machine: without them, untrusted SQL is not run unless asked to.
    public static var isSandboxAvailable: Bool { QueryWorkerProcess.landlockABI > 0 }

    let executable: String
    let confinement: QueryWorkerConfiguration.Confinement

    /// - Parameters:
    ///   - executable: The path of the program that has the command `query-worker`.
    ///   - unsandboxed: Run SQL also where the system has no such walls: then the engine alone protects
    ///     the files.
    public init(executable: String, unsandboxed: Bool = false) {
        self.executable = executable
        confinement = unsandboxed ? .asFarAsPossible : .required
    }
}
