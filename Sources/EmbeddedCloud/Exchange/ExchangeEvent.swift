import AWSAPI
import FoundationEssentials

/// What buses are told of the exchange. Detail types are spelt as in the service's list of events.
///
/// Source: AWS Data Exchange User Guide, "Amazon EventBridge events for AWS Data Exchange".
enum ExchangeEvent {
    private static let source = "aws.dataexchange"
    /// The tag of a data set that says of which product it is.
    static let productTag = "bourse:product"

    /// To a receiver, under the id that the data set has for it.
    static func published(
        _ revision: RevisionRow, of dataSet: DataSetRow, to grant: DataGrantRow, at now: Date
    ) -> BusEvent {
        let type =
            switch dataSet.assetKind {
            case .s3Snapshot: "Revision Published To Data Set"
            case .s3DataAccess: "Revision Published to S3 Data Access Data Set(s)"
            case .redshiftDataShare: "Revision Published To Redshift Data Shares Data Set"
            case .api: "Revision Published To API Gateway API Data Set"
            case .lakePermission:
                "Revision Published To Lake Formation Data Permission Data Set"
            }
        return BusEvent(
            account: grant.receiver, source: source, detailType: type,
            resources: [grant.entitledDataSet.rawValue],
            detail: .object(detail(revision, of: dataSet, grant)), time: now)
    }

    static func revoked(
        _ revision: RevisionRow, of dataSet: DataSetRow, to grant: DataGrantRow, at now: Date
    ) -> BusEvent {
        let type =
            switch dataSet.assetKind {
            case .s3Snapshot, .redshiftDataShare, .api, .lakePermission: "Revision Revoked"
            case .s3DataAccess: "Revision Revoked from S3 Data Access Data Set(s)"
            }
        var detail = detail(revision, of: dataSet, grant)
        detail["RevocationComment"] = .string(revision.revocationComment ?? "")
        return BusEvent(
            account: grant.receiver, source: source, detailType: type,
            resources: [grant.entitledDataSet.rawValue], detail: .object(detail), time: now)
    }

    private static func detail(
        _ revision: RevisionRow, of dataSet: DataSetRow, _ grant: DataGrantRow
    ) -> JSONObject {
        [
            "RevisionIds": [.string(revision.id.rawValue)],
            "Revisions": [
                ["Id": .string(revision.id.rawValue), "Comment": .string(revision.comment)]
            ],
            "DataSets": [names(grant.entitledDataSet, dataSet)],
        ]
    }

    /// To the provider itself, in its own words.
    static func ownPublication(
        _ revision: RevisionRow, of dataSet: DataSetRow, to grants: [DataGrantRow],
        from source: String, _ arns: ExchangeARNs, at now: Date
    ) -> BusEvent {
        let subscribers = Set(grants.map(\.receiver.rawValue)).sorted()
        return BusEvent(
            account: dataSet.owner, source: source, detailType: "DataSetRevisionPublished",
            resources: [arns.dataSet(dataSet.id, in: dataSet.owner)],
            detail: [
                "productId": .string(dataSet.tags[productTag] ?? dataSet.id.rawValue),
                "revisionId": .string(revision.id.rawValue),
                "timestamp": .string(Timestamp.iso8601Milliseconds.text(now)),
                "subscribers": .array(subscribers.map(JSONValue.string)),
                "dataSize": .number(String(revision.bytes ?? 0)),
            ], time: now)
    }

    /// What the owner of a data set has to say, to a receiver.
    static func notified(
        _ type: String, _ notification: JSONValue, of dataSet: DataSetRow, to grant: DataGrantRow,
        _ arns: ExchangeARNs, at now: Date
    ) -> BusEvent {
        BusEvent(
            account: grant.receiver, source: source, detailType: type,
            resources: [arns.dataSetInEvents(grant.entitledDataSet)],
            detail: [
                "DataSet": [
                    "Id": .string(grant.entitledDataSet.rawValue), "Name": .string(dataSet.name),
                    "AssetType": .string(dataSet.assetKind.rawValue),
                ],
                "Notification": notification,
            ], time: now)
    }

    /// To the owner, who knows the data set by its own id.
    static func accepted(
        _ grant: DataGrantRow, of dataSet: DataSetRow, _ arns: ExchangeARNs, at now: Date
    ) -> BusEvent {
        grantEvent("Data Grant Accepted", grant, dataSet.id, dataSet, to: grant.sender, arns, now)
    }

    /// To the receiver, whether it had accepted or not.
    static func grantExtended(
        _ grant: DataGrantRow, of dataSet: DataSetRow, _ arns: ExchangeARNs, at now: Date
    ) -> BusEvent {
        grantEvent(
            "Data Grant Extended", grant, grant.entitledDataSet, dataSet, to: grant.receiver, arns,
            now)
    }

    /// To the receiver, whether it had accepted or not.
    static func grantRevoked(
        _ grant: DataGrantRow, of dataSet: DataSetRow, _ arns: ExchangeARNs, at now: Date
    ) -> BusEvent {
        grantEvent(
            "Data Grant Revoked", grant, grant.entitledDataSet, dataSet, to: grant.receiver, arns,
            now)
    }

    private static func grantEvent(
        _ type: String, _ grant: DataGrantRow, _ id: ExchangeID, _ dataSet: DataSetRow,
        to account: AccountID, _ arns: ExchangeARNs, _ now: Date
    ) -> BusEvent {
        BusEvent(
            account: account, source: source, detailType: type,
            resources: [arns.dataSetInEvents(id)],
            detail: [
                "DataSets": [names(id, dataSet)],
                "DataGrant": [
                    "Arn": .string(arns.dataGrant(grant.id, from: grant.sender)),
                    "Name": .string(grant.name),
                ],
            ], time: now)
    }

    private static func names(_ id: ExchangeID, _ dataSet: DataSetRow) -> JSONValue {
        ["Id": .string(id.rawValue), "Name": .string(dataSet.name)]
    }
}
