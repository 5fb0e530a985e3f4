import AWSAPI
import Foundation
import GRDB
import HashTreeCollections
import LakeFormationAPI

/// LF-Tags: keys with the values that they may have. An account's principals see its tags, its data lake
/// administrators change them.
struct LFTags: Sendable {
    /// Tags of one account, values of one tag, and tags of one resource.
    ///
    /// Source: AWS Lake Formation Developer Guide, "Lake Formation tag-based access control notes and
    /// restrictions".
    static let (tagsMax, valuesMax, assignedMax) = (1_000, 1_000, 50)
    /// Values that one request may name.
    static let valuesPerRequestMax = 50

    let state: StateStore

    var handlers: [Handler] {
        [
            Handler(createLFTag), Handler(getLFTag), Handler(listLFTags), Handler(updateLFTag),
            Handler(deleteLFTag), Handler(addLFTagsToResource), Handler(removeLFTagsFromResource),
            Handler(getResourceLFTags), Handler(searchTablesByLFTags),
            Handler(searchDatabasesByLFTags),
        ]
    }

    @Sendable func createLFTag(
        _ operation: LakeFormation.CreateLFTag, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.catalog(operation.catalogId)
        let key = try Self.key(operation.tagKey)
        let values = try Self.values(operation.tagValues, "TagValues")
        try await state.change(recording: request.event) { db, state in
            try state.governance.checkAdministers(catalog, request.caller)
            let tags = state.governance.tags[catalog] ?? [:]
            guard tags[key] == nil else {
                throw AWSError.lakeInvalidInput("Tag key already exists: \(key).")
            }
            guard tags.count < Self.tagsMax else { throw AWSError.tooMany("LF-Tags", Self.tagsMax) }
            try state.governance.set(LFTagRow(catalog: catalog, key: key, values: values), in: db)
        }
        return .init()
    }

    @Sendable func getLFTag(
        _ operation: LakeFormation.GetLFTag, _ request: Request
    ) async throws -> LakeFormation.GetLFTag.Response {
        let catalog = try request.catalog(operation.catalogId)
        let (key, governance) = (try Self.key(operation.tagKey), state.current.governance)
        try governance.checkSees(catalog, request.caller)
        return .init(
            catalogId: catalog.rawValue, tagKey: key,
            tagValues: try governance.values(of: key, in: catalog))
    }

    @Sendable func listLFTags(
        _ operation: LakeFormation.ListLFTags, _ request: Request
    ) async throws -> LakeFormation.ListLFTags.Response {
        let catalog = try request.catalog(operation.catalogId)
        let governance = state.current.governance
        try governance.checkSees(catalog, request.caller)
        // Tags of other accounts are not shared.
        let tags =
            operation.resourceShareType == .foreign ? [:] : governance.tags[catalog] ?? [:]
        let page = try Page(
            of: tags.sorted { $0.key < $1.key }, by: \.key, after: operation.nextToken,
            max: operation.maxResults)
        return .init(
            lfTags: page.items.map { tag in
                .init(tagKey: tag.key, tagValues: tag.value, catalogId: catalog.rawValue)
            }, nextToken: page.nextToken)
    }

    /// A value that something is tagged with stays.
    @Sendable func updateLFTag(
        _ operation: LakeFormation.UpdateLFTag, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.catalog(operation.catalogId)
        let key = try Self.key(operation.tagKey)
        let removed = try operation.tagValuesToDelete.map {
            try Self.values($0, "TagValuesToDelete")
        }
        let added = try operation.tagValuesToAdd.map { try Self.values($0, "TagValuesToAdd") }
        guard removed != nil || added != nil, Set(removed ?? []).isDisjoint(with: added ?? [])
        else {
            throw AWSError.lakeInvalidInput(
                "TagValuesToAdd or TagValuesToDelete must be given, and no value in both.")
        }
        try await state.change(recording: request.event) { db, state in
            try state.governance.checkAdministers(catalog, request.caller)
            var values = try state.governance.values(of: key, in: catalog)
            for value in removed ?? [] {
                guard values.contains(value) else { throw AWSError.noSuchValue(value, of: key) }
                try state.checkUnnamed(key, value: value, in: catalog)
                guard !state.governance.isAssigned(key, value, in: catalog) else {
                    throw AWSError.lakeInvalidInput(
                        "Update not allowed: something is tagged \(key)=\(value). Remove the tag from it "
                            + "first.")
                }
            }
            values.removeAll { removed?.contains($0) ?? false }
            values += (added ?? []).filter { !values.contains($0) }
            guard (1...Self.valuesMax).contains(values.count) else {
                throw AWSError.lakeInvalidInput(
                    "A tag has 1 to \(Self.valuesMax) values, and this would leave \(values.count)."
                )
            }
            try state.governance.set(LFTagRow(catalog: catalog, key: key, values: values), in: db)
        }
        return .init()
    }

    /// What was tagged with it is not any more, and what was granted by it is taken back: a tag made later
    /// under the same key is another tag. What is published by it has to be revoked before.
    @Sendable func deleteLFTag(
        _ operation: LakeFormation.DeleteLFTag, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.catalog(operation.catalogId)
        let key = try Self.key(operation.tagKey)
        try await state.change(recording: request.event) { db, state in
            try state.governance.checkAdministers(catalog, request.caller)
            _ = try state.governance.values(of: key, in: catalog)
            try state.exchange.checkUnpublished(key, value: nil, in: catalog)
            try state.governance.removeTag(key, of: catalog, in: db)
        }
        return .init()
    }

    // MARK: What they are made of

    /// As it is kept: in small letters.
    static func key(_ text: String) throws(AWSError) -> String {
        guard (1...128).contains(text.utf16.count),
            text.wholeMatch(of: #/[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*/#) != nil
        else {
            throw .lakeInvalidInput(
                "TagKey must be 1 to 128 letters, digits, spaces or _ . : / = + - @ %.")
        }
        return text.kept
    }

    /// Each once, as they are kept: in small letters.
    static func values(_ texts: [String], _ member: String) throws(AWSError) -> [String] {
        guard (1...valuesPerRequestMax).contains(texts.count) else {
            throw .lakeInvalidInput("\(member) must have 1 to \(valuesPerRequestMax) values.")
        }
        var values: [String] = []
        for text in texts {
            guard text.utf16.count <= 256,
                text.wholeMatch(of: #/[\p{L}\p{Z}\p{N}_.:*\/=+\-@%]*/#) != nil
            else {
                throw .lakeInvalidInput(
                    "\(member) must be at most 256 letters, digits, spaces or _ . : * / = + - @ % each."
                )
            }
            let value = text.kept
            if !values.contains(value) { values.append(value) }
        }
        return values
    }
}

extension String {
    /// In small letters, and in one spelling: the ledger compares bytes.
    fileprivate var kept: String { lowercased().precomposedStringWithCanonicalMapping }
}

extension GovernanceState {
    func checkAdministers(_ catalog: AccountID, _ caller: Caller) throws(AWSError) {
        guard isAdministrator(caller, of: catalog) else { throw .lakeAccessDenied }
    }

    func checkSees(_ catalog: AccountID, _ caller: Caller) throws(AWSError) {
        guard caller.belongs(to: catalog) else { throw .lakeAccessDenied }
    }

    /// - Throws: `EntityNotFoundException`.
    func values(of key: String, in catalog: AccountID) throws(AWSError) -> [String] {
        guard let values = tags[catalog]?[key] else {
            throw AWSError("EntityNotFoundException", "LF-Tag \(key) not found.")
        }
        return values
    }

    /// - Throws: `EntityNotFoundException` for a tag, or a value, that there is not.
    func checkExists(_ expression: TagExpression, in catalog: AccountID) throws(AWSError) {
        for term in expression.terms {
            let known = Set(try values(of: term.key, in: catalog))
            if let missing = term.values.first(where: { !known.contains($0) }) {
                throw .noSuchValue(missing, of: term.key)
            }
        }
    }
}

extension CloudState {
    /// - Throws: `InvalidInputException` where something is granted by the value: if it were removed and made anew,
    ///   that would be in force again.
    fileprivate func checkUnnamed(
        _ key: String, value: String, in catalog: AccountID
    ) throws(AWSError) {
        try exchange.checkUnpublished(key, value: value, in: catalog)
        let named = governance.grants.keys.lazy.flatMap(governance.tagGrants(to:)).first { grant in
            grant.tagPolicy?.names(key, value: value, in: catalog) ?? false
        }
        if let named {
            throw .lakeInvalidInput(
                "Update not allowed: something is granted to \(named.grantee) by \(key)=\(value). Revoke it "
                    + "first.")
        }
    }
}

extension ExchangeState {
    /// - Throws: `InvalidInputException` where a data set is published by the tag, or the value of it.
    fileprivate func checkUnpublished(
        _ key: String, value: String?, in catalog: AccountID
    ) throws(AWSError) {
        let revision = heldLakePermissions.first { _, permissions in
            permissions.contains { $0.policy.names(key, value: value, in: catalog) }
        }?.revision
        guard let revision else { return }
        throw .lakeInvalidInput(
            "The revision \(revision) of a data set is published by the tag \(key): revoke it first. Whoever holds "
                + "a data grant of it would have access again if the tag were made anew.")
    }
}

extension AWSError {
    static func noSuchValue(_ value: String, of key: String) -> AWSError {
        AWSError("EntityNotFoundException", "LF-Tag \(key) has no value \(value).")
    }

    static func tooMany(_ what: String, _ max: Int) -> AWSError {
        AWSError("ResourceNumberLimitExceededException", "There are at most \(max) \(what).")
    }
}
