import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import HashTreeCollections
import LakeFormationAPI

/// Data sets of Lake Formation permissions: who holds a data grant of one is granted what its newest
/// published revision says, as long as it holds it.
///
/// Nothing is written down for it. What an account holds is looked up when it asks, so that it begins with
/// the acceptance and ends by the clock.
extension ExchangeState {
    /// A data grant that is held, and what its data set opens now.
    struct LakeEntitlement: Sendable {
        var grant: DataGrantRow
        /// Of the revision that opens it.
        var publication: Int
        var permissions: [LakePermission]
    }

    func lakeEntitlements(of account: AccountID, at now: Date) -> [LakeEntitlement] {
        lakeDataGrants(to: account).compactMap { grant in
            guard grant.holds(at: now), let open = opened[grant.sourceDataSet] else { return nil }
            return LakeEntitlement(
                grant: grant, publication: open.publication,
                permissions: open.opening.lakePermissions)
        }
    }

    /// As Lake Formation would list it.
    func lakeGrants(heldBy account: AccountID, at now: Date) -> [Grant] {
        lakeEntitlements(of: account, at: now).flatMap(\.grants)
    }

    /// Of all accounts.
    func lakeGrants(at now: Date) -> [Grant] {
        lakeReceivers.flatMap { lakeGrants(heldBy: $0, at: now) }
    }
}

extension ExchangeState.LakeEntitlement {
    /// Of the owner's catalogue, and of no other.
    var grants: [Grant] {
        permissions.filter { $0.policy.catalog == grant.sender }.map { permission in
            Grant(
                grantee: .account(grant.receiver),
                resource: GrantResource(subject: .tagged(permission.policy)),
                permissions: permission.permissions, grantable: [], grantor: grant.sender,
                updatedAt: grant.acceptedAt ?? grant.createdAt,
                updatedBy: Broker.servicePrincipal, dataGrant: grant.id)
        }
    }
}

// MARK: - The role that grants

extension Broker {
    /// Who has to trust the service, for the service to grant in its name.
    static let servicePrincipal = "dataexchange.amazonaws.com"

    /// Whether the caller may hand over the role, and the role lets the service act for it.
    ///
    /// - Throws: `AccessDeniedException`, `ValidationException`.
    func check(_ permissions: [LakePermission], _ request: Request) throws(AWSError) {
        for text in Set(permissions.map(\.role)) {
            guard let arn = ARN(text), let role = RoleID(arn), role.account == request.account
            else {
                throw .validation(
                    "RoleArn must be the ARN of a role of account \(request.account).")
            }
            try request.authorize("iam:PassRole", arn)
            guard state.current.identity.trustsBroker(role) else {
                throw .validation(
                    "The role \(role.name) is not there, or its trust policy does not let "
                        + "\(Self.servicePrincipal) assume it.")
            }
        }
    }
}

extension IdentityState {
    /// Whether the role, one of the exchange's own account, lets the service act for it.
    fileprivate func trustsBroker(_ role: RoleID) -> Bool {
        let access = Access(
            by: .service(Broker.servicePrincipal), action: "sts:AssumeRole", resource: role.arn,
            owner: role.account)
        guard let trust = trustPolicy(of: role, exchange: role.account),
            case .allow = decide(access, under: Policies(identity: [], trust: trust))
        else { return false }
        return true
    }
}

extension CloudState {
    /// Whether the role still lets the service act for it and may grant it, and the tags that it names are there.
    ///
    /// - Throws: ``JobFault``.
    func check(_ permission: LakePermission) throws {
        do throws(AWSError) {
            try governance.checkExists(
                permission.policy.expression, in: permission.policy.catalog)
        } catch {
            throw JobFault(code: .resourceNotFound, message: error.message)
        }
        guard let role = ARN(permission.role).flatMap({ RoleID($0) }), identity.trustsBroker(role)
        else {
            throw JobFault(
                code: .accessDenied,
                message: "\(permission.role) does not let \(Broker.servicePrincipal) assume it.")
        }
        let admins = governance.settings[permission.policy.catalog]?.dataLakeAdmins ?? []
        let isAdmin = admins.contains { $0.dataLakePrincipalIdentifier == permission.role }
        let held = Grantee(permission.role).flatMap {
            governance.held($0, GrantResource(subject: .tagged(permission.policy)))
        }
        let mayGrant = permission.permissions.allSatisfy { held?.allowsGranting($0) ?? false }
        guard isAdmin || mayGrant else {
            throw JobFault(
                code: .accessDenied,
                message: "\(permission.role) may not grant "
                    + "\(permission.rights.map(\.rawValue).joined(separator: ", ")) on "
                    + "\(permission.policy): make it a data lake administrator, or grant it that with "
                    + "the grant option.")
        }
    }
}

// MARK: - On the wire

extension JobTask {
    /// - Throws: `ValidationException`.
    static func tagPolicies(
        _ details: DataExchange.ImportAssetsFromLakeFormationTagPolicyRequestDetails
    ) throws(AWSError) -> JobTask {
        guard let catalog = AccountID(rawValue: details.catalogId) else {
            throw .validation("CatalogId must be the twelve digits of an account.")
        }
        var permissions: [LakePermission] = []
        func add(
            _ kind: TagPolicy.Kind, _ expression: [DataExchange.LFTag], _ granted: [String],
            of offered: [String]
        ) throws(AWSError) {
            guard !granted.isEmpty, Set(granted).isSubset(of: offered) else {
                throw .validation(
                    "Permissions of a \(kind.rawValue) policy must be among: "
                        + "\(offered.joined(separator: ", ")).")
            }
            let terms: TagExpression
            do throws(AWSError) {
                terms = try TagExpression(expression.map { ($0.tagKey, $0.tagValues) })
            } catch {
                throw .validation(error.message)
            }
            let permission = LakePermission(
                policy: TagPolicy(catalog: catalog, kind: kind, expression: terms),
                rights: Set(granted).sorted().compactMap(LakePermission.Right.init),
                role: details.roleArn)
            guard permission.assetName.utf8.count <= LakePermission.assetNameMax else {
                throw .validation(
                    "An expression has \(LakePermission.assetNameMax) bytes at most, as its asset "
                        + "is named by it.")
            }
            permissions.append(permission)
        }
        if let database = details.database {
            try add(
                .databases, database.expression, database.permissions.map(\.rawValue),
                of: ["DESCRIBE"])
        }
        if let table = details.table {
            try add(
                .tables, table.expression, table.permissions.map(\.rawValue),
                of: ["DESCRIBE", "SELECT"])
        }
        guard !permissions.isEmpty else {
            throw .validation("Details must have Database, Table, or both.")
        }
        return .importTagPolicies(permissions)
    }
}

extension [LakePermission] {
    /// As the job was asked for.
    func details(
        _ dataSet: String, _ revision: String
    ) -> DataExchange.ImportAssetsFromLakeFormationTagPolicyResponseDetails {
        var details = DataExchange.ImportAssetsFromLakeFormationTagPolicyResponseDetails(
            catalogId: first?.policy.catalog.rawValue ?? "", roleArn: first?.role ?? "",
            dataSetId: dataSet, revisionId: revision)
        for permission in self {
            let names = permission.rights.map(\.rawValue)
            switch permission.policy.kind {
            case .databases:
                details.database = .init(
                    expression: permission.policy.expression.tags,
                    permissions: names.map { .init(rawValue: $0) })
            case .tables:
                details.table = .init(
                    expression: permission.policy.expression.tags,
                    permissions: names.map { .init(rawValue: $0) })
            }
        }
        return details
    }
}

extension LakePermission {
    /// Bytes of an asset's name.
    static let assetNameMax = 1_024

    /// `TABLE product=esg`; as the ledger writes the expression, where others could read alike.
    var assetName: String {
        let words = policy.expression.terms.flatMap { [$0.key] + $0.values }
        let isPlain = words.allSatisfy { $0.wholeMatch(of: #/[\p{L}\p{N}_.:\/+\-@%]+/#) != nil }
        return "\(policy.kind.rawValue) "
            + (isPlain ? "\(policy.expression)" : policy.expression.text)
    }

    var asset: DataExchange.LakeFormationDataPermissionAsset {
        let tags = policy.expression.tags
        let resource: DataExchange.LFResourceDetails =
            switch policy.kind {
            case .databases: .init(database: .init(expression: tags))
            case .tables: .init(table: .init(expression: tags))
            }
        return .init(
            lakeFormationDataPermissionDetails: .init(
                lfTagPolicy: .init(
                    catalogId: policy.catalog.rawValue,
                    resourceType: .init(rawValue: policy.kind.rawValue),
                    resourceDetails: resource)),
            lakeFormationDataPermissionType: .lfTagPolicy,
            permissions: rights.map { .init(rawValue: $0.rawValue) }, roleArn: role)
    }
}

extension TagExpression {
    fileprivate var tags: [DataExchange.LFTag] {
        terms.map { .init(tagKey: $0.key, tagValues: $0.values) }
    }
}
