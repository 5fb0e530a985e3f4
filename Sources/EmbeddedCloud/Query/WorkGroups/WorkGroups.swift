import AWSAPI
import AthenaAPI

/// The work groups that every account has without making them.
enum WorkGroups {
    static let primary = "primary"

    /// Where the account's results go if the query does not say.
    static func defaultOutputLocation(of account: AccountID) -> String {
        "s3://\(resultsBucket(of: account))/"
    }

    /// The bucket that onboarding makes for an account's results.
    static func resultsBucket(of account: AccountID) -> String { "athena-results-\(account)" }

    static func described(_ name: String, of account: AccountID) -> Athena.WorkGroup? {
        guard name == primary else { return nil }
        return .init(
            name: primary, state: .enabled,
            configuration: .init(
                resultConfiguration: .init(
                    outputLocation: defaultOutputLocation(of: account)),
                // Always said: some clients index it without a default.
                enforceWorkGroupConfiguration: false,
                publishCloudWatchMetricsEnabled: false, requesterPaysEnabled: false,
                engineVersion: .init(
                    selectedEngineVersion: "AUTO",
                    effectiveEngineVersion: "Athena engine version 3")))
    }
}
