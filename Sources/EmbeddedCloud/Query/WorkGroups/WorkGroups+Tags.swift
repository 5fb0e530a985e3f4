import AWSAPI
import AthenaAPI
import GRDB
import Ledger

extension WorkGroups {
    /// By name. Data catalogues have none, and are asked for them too.
    @Sendable func tags(
        _ operation: Athena.ListTagsForResource, _ request: Request
    ) async throws -> Athena.ListTagsForResource.Response {
        let arn = try checked(operation.resourceARN, request, allowingCatalogues: true)
        let tags = try await state.ledger.read { db in try TagRow.tags(of: arn, db) }
        return .init(
            tags: tags.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) })
    }

    @Sendable func tag(
        _ operation: Athena.TagResource, _ request: Request
    ) async throws -> Athena.TagResource.Response {
        let arn = try checked(operation.resourceARN, request)
        try await state.change(recording: request.event) { db, _ in
            try Self.add(operation.tags, to: arn, db)
        }
        return .init()
    }

    @Sendable func untag(
        _ operation: Athena.UntagResource, _ request: Request
    ) async throws -> Athena.UntagResource.Response {
        let arn = try checked(operation.resourceARN, request)
        try await state.change(recording: request.event) { db, _ in
            try TagRow.remove(operation.tagKeys, from: arn, db)
        }
        return .init()
    }

    static func add(_ tags: [Athena.Tag], to arn: String, _ db: Database) throws {
        let named = Dictionary(
            tags.map { ($0.key ?? "", $0.value ?? "") }, uniquingKeysWith: { $1 })
        guard try TagRow.add(named, to: arn, db) else {
            throw AWSError.athenaInvalidRequest(TagRow.limits)
        }
    }

    /// The ARN of a work group that the caller's account has.
    private func checked(
        _ text: String, _ request: Request, allowingCatalogues: Bool = false
    ) throws(AWSError) -> String {
        let path = ARN(text)?.resource.split(separator: "/", maxSplits: 1).map(String.init) ?? []
        guard let arn = ARN(text), arn.service == "athena", arn.region == region,
            arn.account == request.account.rawValue, path.count == 2
        else { throw .athenaInvalidRequest("\(text) is not the ARN of a work group of yours.") }
        if allowingCatalogues, path[0] == "datacatalog" { return text }
        guard path[0] == "workgroup" else {
            throw .athenaInvalidRequest("Only work groups have tags here, not \(text).")
        }
        guard state.current.workGroups[request.account, path[1]] != nil else {
            throw .resourceNotFound("WorkGroup \(path[1]) was not found.")
        }
        return text
    }
}

extension AWSError {
    fileprivate static func resourceNotFound(_ message: String) -> AWSError {
        AWSError("ResourceNotFoundException", message)
    }
}
