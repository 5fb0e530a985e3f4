import AWSAPI
import GRDB
import HashTreeCollections
import LakeFormationAPI

/// Who administers an account's lake, and what its new databases and tables come with.
///
/// An account begins as Lake Formation alone governs it: what is made comes with no grants. (In AWS
/// it begins with everything open to IAM_ALLOWED_PRINCIPALS, and grants mean nothing until that is
/// undone.)
struct DataLakeSettings: Sendable {
    static let administratorsMax = 30

    let state: StateStore
    /// The exchange's own: its administrator is a user, other accounts have their built-in role.
    let exchangeAccount: AccountID

    var handlers: [Handler] {
        [
            Handler(getDataLakeSettings), Handler(putDataLakeSettings),
            Handler(getDataLakePrincipal),
        ]
    }

    /// Whoever asks, as grants name it.
    @Sendable func getDataLakePrincipal(
        _ operation: LakeFormation.GetDataLakePrincipal, _ request: Request
    ) async throws -> LakeFormation.GetDataLakePrincipal.Response {
        .init(identity: request.caller.principal.description)
    }

    @Sendable func getDataLakeSettings(
        _ operation: LakeFormation.GetDataLakeSettings, _ request: Request
    ) async throws -> LakeFormation.GetDataLakeSettings.Response {
        let account = try own(operation.catalogId, of: request)
        let settings = state.current.governance.settings[account]
        return .init(dataLakeSettings: settings ?? initial(account))
    }

    private func initial(_ account: AccountID) -> LakeFormation.DataLakeSettings {
        let administrator =
            account == exchangeAccount
            ? ARN(
                service: "iam", account: account.rawValue,
                resource: "user/\(EmbeddedCloud.administratorName)")
            : ARN.role(BuiltInRole.dataSubscriber, in: account)
        return .init(
            dataLakeAdmins: [.init(dataLakePrincipalIdentifier: administrator.description)],
            readOnlyAdmins: [], createDatabaseDefaultPermissions: [],
            createTableDefaultPermissions: [], parameters: [:], trustedResourceOwners: [],
            allowExternalDataFiltering: false, allowFullTableExternalDataAccess: false,
            externalDataFilteringAllowList: [], authorizedSessionTagValueList: [])
    }

    /// Replaces everything: what is left out is empty afterwards.
    @Sendable func putDataLakeSettings(
        _ operation: LakeFormation.PutDataLakeSettings, _ request: Request
    ) async throws -> EmptyResponse {
        let account = try own(operation.catalogId, of: request)
        let settings = try checked(operation.dataLakeSettings)
        try await state.change(recording: request.event) { db, state in
            try DataLakeSettingsRow(account: account, settings: settings.json).save(db)
            state.governance.settings[account] = settings
        }
        return .init()
    }

    private func checked(
        _ given: LakeFormation.DataLakeSettings
    ) throws(AWSError) -> LakeFormation.DataLakeSettings {
        let admins = (given.dataLakeAdmins ?? []) + (given.readOnlyAdmins ?? [])
        guard admins.count <= Self.administratorsMax else {
            throw .lakeInvalidInput(
                "There may be at most \(Self.administratorsMax) administrators.")
        }
        for admin in admins {
            guard case .identity = try Grantee(naming: admin) else {
                throw .lakeInvalidInput("An administrator is a role or a user, by its ARN.")
            }
        }
        for entry in (given.createDatabaseDefaultPermissions ?? [])
            + (given.createTableDefaultPermissions ?? [])
        {
            _ = try Grantee(naming: entry.principal)
        }
        return .init(
            dataLakeAdmins: given.dataLakeAdmins ?? [], readOnlyAdmins: given.readOnlyAdmins ?? [],
            createDatabaseDefaultPermissions: given.createDatabaseDefaultPermissions ?? [],
            createTableDefaultPermissions: given.createTableDefaultPermissions ?? [],
            parameters: given.parameters ?? [:],
            trustedResourceOwners: given.trustedResourceOwners ?? [],
            allowExternalDataFiltering: given.allowExternalDataFiltering ?? false,
            allowFullTableExternalDataAccess: given.allowFullTableExternalDataAccess ?? false,
            externalDataFilteringAllowList: given.externalDataFilteringAllowList ?? [],
            authorizedSessionTagValueList: given.authorizedSessionTagValueList ?? [])
    }

    private func own(_ catalog: String?, of request: Request) throws(AWSError) -> AccountID {
        guard catalog ?? request.account.rawValue == request.account.rawValue else {
            throw .lakeAccessDenied
        }
        return request.account
    }
}

extension Grantee {
    /// - Throws: `InvalidInputException` if the identifier is none that the exchange knows.
    init(naming principal: LakeFormation.DataLakePrincipal?) throws(AWSError) {
        let identifier = principal?.dataLakePrincipalIdentifier ?? ""
        guard let grantee = Grantee(identifier) else {
            throw .lakeInvalidInput(
                "Invalid principal, \(identifier): a principal is an account's twelve digits, the ARN "
                    + "of a role or a user, ACCOUNT:IAMPrincipals or IAM_ALLOWED_PRINCIPALS.")
        }
        self = grantee
    }
}
