import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import LakeFormationAPI

/// The locations in S3 whose data an account has put under Lake Formation.
struct RegisteredLocations: Sendable {
    let state: StateStore

    static let pageMax = 1_000

    var handlers: [Handler] {
        [
            Handler(registerResource), Handler(describeResource), Handler(updateResource),
            Handler(deregisterResource), Handler(listResources),
        ]
    }

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

    /// Names another role.
    @Sendable func updateResource(
        _ operation: LakeFormation.UpdateResource, _ request: Request
    ) async throws -> EmptyResponse {
        guard operation.hybridAccessEnabled != true, operation.withFederation != true else {
            throw AWSError.lakeInvalidInput("Hybrid access and federation are not offered here.")
        }
        guard let role = ARN(operation.roleArn), role.service == "iam",
            role.resource.hasPrefix("role/")
        else { throw AWSError.lakeInvalidInput("RoleArn must name a role.") }
        try await change(operation.resourceArn, request) { info, db, _ in
            info.roleArn = role.description
            info.lastModified = request.time
            try LocationRow(
                account: request.account, arn: info.resourceArn ?? "", info: info.json
            ).update(db)
        }
        return .init()
    }

    @Sendable func deregisterResource(
        _ operation: LakeFormation.DeregisterResource, _ request: Request
    ) async throws -> EmptyResponse {
        try await change(operation.resourceArn, request) { info, db, state in
            let arn = info.resourceArn ?? ""
            try LocationRow(account: request.account, arn: arn, info: info.json).delete(db)
            state.governance.locations[request.account]?[arn] = nil
            state.governance.changed()
        }
        return .init()
    }

    private func change(
        _ arn: String, _ request: Request,
        _ body:
            @escaping @Sendable (
                inout LakeFormation.ResourceInfo, Database, inout CloudState
            ) throws -> Void
    ) async throws {
        try await state.change(recording: request.event) { db, state in
            guard state.governance.isAdministrator(request.caller, of: request.account) else {
                throw AWSError.lakeAccessDenied
            }
            guard let location = LakeLocation(arn: arn),
                var info = state.governance.locations[request.account]?[location.arn]
            else { throw AWSError.locationNotFound }
            try body(&info, db, &state)
            if state.governance.locations[request.account]?[location.arn] != nil {
                state.governance.locations[request.account]?[location.arn] = info
            }
        }
    }

    /// By ARN.
    @Sendable func listResources(
        _ operation: LakeFormation.ListResources, _ request: Request
    ) async throws -> LakeFormation.ListResources.Response {
        let governance = state.current.governance
        guard governance.isAdministrator(request.caller, of: request.account) else {
            throw AWSError.lakeAccessDenied
        }
        guard operation.filterConditionList?.isEmpty ?? true else {
            throw AWSError.lakeInvalidInput("FilterConditionList is not offered here.")
        }
        let all = (governance.locations[request.account] ?? [:]).sorted { $0.key < $1.key }
        let page = try Page(
            of: all, by: { $0.key }, after: operation.nextToken, max: operation.maxResults,
            upTo: Self.pageMax)
        return .init(resourceInfoList: page.items.map(\.value), nextToken: page.nextToken)
    }
}
