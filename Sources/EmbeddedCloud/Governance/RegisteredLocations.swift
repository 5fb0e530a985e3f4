import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import LakeFormationAPI

/// The locations in S3 whose data an account has put under Lake Formation.
struct RegisteredLocations: Sendable {
    let state: StateStore

    var handlers: [Handler] { [Handler(registerResource), Handler(describeResource)] }

    @Sendable func registerResource(
        _ operation: LakeFormation.RegisterResource, _ request: Request
    ) async throws -> EmptyResponse {
        guard let location = LakeLocation(arn: operation.resourceArn) else {
            throw AWSError.lakeInvalidInput("ResourceArn must name a bucket or a prefix of one.")
        }
        // Both would leave callers that Lake Formation does not know of with access as before.
        guard operation.hybridAccessEnabled != true, operation.withFederation != true else {
            throw AWSError.lakeInvalidInput("Hybrid access and federation are not offered here.")
        }
        let account = request.account
        let info = LakeFormation.ResourceInfo(
            resourceArn: location.arn, roleArn: try role(operation, of: account).description,
            lastModified: request.time, withFederation: false, hybridAccessEnabled: false)
        try await state.change(recording: request.event) { db, state in
            guard state.governance.isAdministrator(request.caller, of: account) else {
                throw AWSError.lakeAccessDenied
            }
            guard state.governance.locations[account]?[location.arn] == nil else {
                throw AWSError.locationExists
            }
            try LocationRow(account: account, arn: location.arn, info: info.json).insert(db)
            state.governance.locations[account, default: [:]][location.arn] = info
        }
        return .init()
    }

    /// The role with which Lake Formation reads there; here the exchange reads by itself.
    private func role(
        _ operation: LakeFormation.RegisterResource, of account: AccountID
    ) throws(AWSError) -> ARN {
        switch (operation.useServiceLinkedRole ?? false, operation.roleArn) {
        case (true, nil):
            return .role(
                "aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess",
                in: account)
        case (false, let text?):
            guard let role = ARN(text), role.service == "iam", role.resource.hasPrefix("role/")
            else { throw .lakeInvalidInput("RoleArn must name a role.") }
            return role
        default:
            throw .lakeInvalidInput("Either UseServiceLinkedRole or RoleArn must be given.")
        }
    }

    @Sendable func describeResource(
        _ operation: LakeFormation.DescribeResource, _ request: Request
    ) async throws -> LakeFormation.DescribeResource.Response {
        let governance = state.current.governance
        guard governance.isAdministrator(request.caller, of: request.account) else {
            throw AWSError.lakeAccessDenied
        }
        guard let location = LakeLocation(arn: operation.resourceArn),
            let info = governance.locations[request.account]?[location.arn]
        else { throw AWSError.locationNotFound }
        return .init(resourceInfo: info)
    }
}
