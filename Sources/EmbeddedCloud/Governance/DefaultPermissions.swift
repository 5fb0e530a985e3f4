import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import LakeFormationAPI

/// The grants that a new database or table comes with. They are copied when it is made: changing
/// the defaults later touches nothing that exists.
extension GovernanceState {
    /// - Parameter defaults: Of the account's settings, or of the table's database.
    /// - Throws: `InvalidInputException` if one of them names nobody.
    mutating func grant(
        _ defaults: [LakeFormation.PrincipalPermissions], on subject: GrantSubject,
        for request: Request, in db: Database
    ) throws {
        for entry in defaults where !(entry.permissions ?? []).isEmpty {
            try add(
                Grant(
                    grantee: try Grantee(naming: entry.principal),
                    resource: GrantResource(subject: subject),
                    permissions: Set(entry.permissions ?? []), grantable: [],
                    grantor: subject.catalog, updatedAt: request.time,
                    updatedBy: request.caller.principal.description),
                in: db)
        }
    }
}

/// Glue and Lake Formation have the same structure twice.
enum PrincipalPermissions {
    static func glue(
        _ defaults: [LakeFormation.PrincipalPermissions]
    ) -> [Glue.PrincipalPermissions] {
        defaults.map { entry in
            Glue.PrincipalPermissions(
                principal: .init(
                    dataLakePrincipalIdentifier: entry.principal?.dataLakePrincipalIdentifier),
                permissions: entry.permissions?.map { Glue.Permission(rawValue: $0.rawValue) })
        }
    }

    static func lake(_ entry: Glue.PrincipalPermissions) -> LakeFormation.PrincipalPermissions {
        LakeFormation.PrincipalPermissions(
            principal: .init(
                dataLakePrincipalIdentifier: entry.principal?.dataLakePrincipalIdentifier),
            permissions: entry.permissions?.map { LakeFormation.Permission(rawValue: $0.rawValue) })
    }
}
