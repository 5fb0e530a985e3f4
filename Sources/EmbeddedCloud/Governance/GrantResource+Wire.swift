import AWSAPI
import LakeFormationAPI

extension GrantResource {
    /// What Lake Formation calls every table of a database, where it wants a name.
    static let allTables = "ALL_TABLES"

    /// - Parameter catalog: Whose catalogue it is where the resource does not say.
    /// - Throws: `InvalidInputException` unless it is one resource of a kind that is offered.
    init(_ resource: LakeFormation.Resource, in catalog: AccountID) throws(AWSError) {
        guard resource.lfTag == nil, resource.lfTagExpression == nil else {
            throw .lakeInvalidInput(
                "Nothing is granted on LF-Tags and named expressions themselves here: data lake "
                    + "administrators make and assign tags. Name an LFTagPolicy with its Expression."
            )
        }
        var found: [GrantResource] = []
        if let named = resource.lfTagPolicy { found.append(try Self.tagged(named, in: catalog)) }
        if let named = resource.catalog {
            found.append(.init(subject: .catalog(try Self.account(named.id, or: catalog))))
        }
        if let named = resource.database {
            let owner = try Self.account(named.catalogId, or: catalog)
            found.append(
                .init(subject: .database(.init(catalog: owner, name: named.name.lowercased()))))
        }
        if let named = resource.table { found.append(try Self.table(named, in: catalog)) }
        if let named = resource.tableWithColumns {
            found.append(try Self.columns(named, in: catalog))
        }
        if let named = resource.dataLocation {
            let owner = try Self.account(named.catalogId, or: catalog)
            guard let location = LakeLocation(arn: named.resourceArn) else {
                throw .lakeInvalidInput("ResourceArn must name a bucket or a prefix of one.")
            }
            found.append(.init(subject: .location(owner, location.arn)))
        }
        if let named = resource.dataCellsFilter {
            found.append(try Self.filter(named, in: catalog))
        }
        guard found.count == 1 else {
            throw .lakeInvalidInput("Resource must be exactly one resource.")
        }
        self = found[0]
    }

    private static func account(
        _ id: String?, or catalog: AccountID
    ) throws(AWSError) -> AccountID {
        guard let id else { return catalog }
        guard let account = AccountID(rawValue: id) else {
            throw .lakeInvalidInput("A catalogue's id is the twelve digits of an account.")
        }
        return account
    }

    private static func tagged(
        _ named: LakeFormation.LFTagPolicyResource, in catalog: AccountID
    ) throws(AWSError) -> GrantResource {
        guard let kind = TagPolicy.Kind(rawValue: named.resourceType.rawValue),
            let expression = named.expression, named.expressionName == nil
        else {
            throw .lakeInvalidInput(
                "An LFTagPolicy has a ResourceType, which is DATABASE or TABLE, and an Expression.")
        }
        return .init(
            subject: .tagged(
                TagPolicy(
                    catalog: try account(named.catalogId, or: catalog), kind: kind,
                    expression: try TagExpression(expression.map { ($0.tagKey, $0.tagValues) }))))
    }

    private static func table(
        _ named: LakeFormation.TableResource, in catalog: AccountID
    ) throws(AWSError) -> GrantResource {
        let database = DatabaseID(
            catalog: try account(named.catalogId, or: catalog),
            name: named.databaseName.lowercased())
        switch (named.name, named.tableWildcard) {
        case (nil, _?), (allTables, _?): return .init(subject: .tables(database))
        case (let name?, nil): return .init(subject: .table(database.table(name.lowercased())))
        default:
            throw .lakeInvalidInput("A table is named either by Name or by TableWildcard.")
        }
    }

    /// Every column is the whole table: so it is kept, and so it is found again.
    private static func columns(
        _ named: LakeFormation.TableWithColumnsResource, in catalog: AccountID
    ) throws(AWSError) -> GrantResource {
        let database = DatabaseID(
            catalog: try account(named.catalogId, or: catalog),
            name: named.databaseName.lowercased())
        guard let selection = ColumnSelection(named.columnNames, named.columnWildcard) else {
            throw .lakeInvalidInput(
                "Columns are named either by ColumnNames or by ColumnWildcard.")
        }
        if named.name == allTables, selection == .all { return .init(subject: .tables(database)) }
        return .init(
            subject: .table(database.table(named.name.lowercased())),
            part: selection == .all ? .whole : .columns(selection))
    }

    private static func filter(
        _ named: LakeFormation.DataCellsFilterResource, in catalog: AccountID
    ) throws(AWSError) -> GrantResource {
        guard let database = named.databaseName, let table = named.tableName, let name = named.name
        else {
            throw .lakeInvalidInput("A filter is named by DatabaseName, TableName and Name.")
        }
        let id = TableID(
            catalog: try account(named.tableCatalogId, or: catalog),
            database: database.lowercased(), name: table.lowercased())
        return .init(subject: .table(id), part: .filter(name))
    }
}

extension ColumnSelection {
    /// Nil unless it is exactly one of a list and a wildcard. An empty list counts as none: clients
    /// send it.
    init?(_ names: [String]?, _ wildcard: LakeFormation.ColumnWildcard?) {
        let names = names ?? []
        switch (names.isEmpty, wildcard) {
        case (false, nil): self = .only(Set(names.map { $0.lowercased() }))
        case (true, let wildcard?):
            self = .except(Set((wildcard.excludedColumnNames ?? []).map { $0.lowercased() }))
        case (true, nil), (false, _?): return nil
        }
    }
}

extension Grant {
    /// As Lake Formation lists it: SELECT on a whole table stands apart from the rest, as SELECT on
    /// all of its columns.
    var listed: [LakeFormation.PrincipalResourcePermissions] {
        var rest = permissions
        var entries: [LakeFormation.PrincipalResourcePermissions] = []
        if let columns = allColumns, rest.remove(.select) != nil {
            entries.append(entry(columns, [.select]))
        }
        if !rest.isEmpty { entries.insert(entry(resource.wire, rest), at: 0) }
        return entries
    }

    /// Nil where SELECT does not mean every column of a table.
    private var allColumns: LakeFormation.Resource? {
        guard resource.part == .whole else { return nil }
        let (database, name): (DatabaseID, String)
        switch resource.subject {
        case .table(let id): (database, name) = (id.databaseID, id.name)
        case .tables(let id): (database, name) = (id, GrantResource.allTables)
        case .catalog, .database, .location, .tagged: return nil
        }
        return .init(
            tableWithColumns: .init(
                databaseName: database.name, name: name, catalogId: database.catalog.rawValue,
                columnWildcard: .init()))
    }

    private func entry(
        _ resource: LakeFormation.Resource, _ permissions: Set<LakeFormation.Permission>
    ) -> LakeFormation.PrincipalResourcePermissions {
        func sorted(_ set: Set<LakeFormation.Permission>) -> [LakeFormation.Permission] {
            set.sorted { $0.rawValue < $1.rawValue }
        }
        return .init(
            principal: .init(dataLakePrincipalIdentifier: grantee.description), resource: resource,
            permissions: sorted(permissions),
            permissionsWithGrantOption: sorted(permissions.intersection(grantable)),
            lastUpdated: updatedAt, lastUpdatedBy: updatedBy)
    }
}

extension GrantResource {
    var wire: LakeFormation.Resource {
        switch (subject, part) {
        case (.catalog(let account), _): .init(catalog: .init(id: account.rawValue))
        case (.database(let id), _):
            .init(database: .init(name: id.name, catalogId: id.catalog.rawValue))
        case (.tables(let id), _):
            .init(
                table: .init(
                    databaseName: id.name, catalogId: id.catalog.rawValue, name: Self.allTables,
                    tableWildcard: .init()))
        case (.table(let id), .whole):
            .init(
                table: .init(
                    databaseName: id.database, catalogId: id.catalog.rawValue, name: id.name))
        case (.table(let id), .columns(let selection)):
            .init(tableWithColumns: selection.wire(of: id))
        case (.table(let id), .filter(let name)):
            .init(
                dataCellsFilter: .init(
                    tableCatalogId: id.catalog.rawValue, databaseName: id.database,
                    tableName: id.name, name: name))
        case (.location(let account, let arn), _):
            .init(dataLocation: .init(resourceArn: arn, catalogId: account.rawValue))
        case (.tagged(let policy), _):
            .init(
                lfTagPolicy: .init(
                    resourceType: .init(rawValue: policy.kind.rawValue),
                    catalogId: policy.catalog.rawValue,
                    expression: policy.expression.terms.map {
                        .init(tagKey: $0.key, tagValues: $0.values)
                    }))
        }
    }
}

extension ColumnSelection {
    fileprivate func wire(of table: TableID) -> LakeFormation.TableWithColumnsResource {
        var wire = LakeFormation.TableWithColumnsResource(
            databaseName: table.database, name: table.name, catalogId: table.catalog.rawValue)
        switch self {
        case .only(let names): wire.columnNames = names.sorted()
        case .except(let names): wire.columnWildcard = .init(excludedColumnNames: names.sorted())
        }
        return wire
    }
}
