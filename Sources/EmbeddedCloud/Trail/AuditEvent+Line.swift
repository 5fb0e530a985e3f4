import FoundationEssentials

extension AuditEvent {
    /// The rest of this event's line in the trail, after the members that chain it: from `"eventID"`
    /// to the newline.
    ///
    /// Made by the caller of ``Trail/append(_:urgency:)`` on its own time, since the place in the
    /// chain is not known until the batch is written. Equal events give equal bytes.
    func lineBody() -> [UInt8] {
        var json = TrailLineWriter()
        json.member("eventID", eventID)
        json.member("eventVersion", Self.version)
        json.member("eventTime", eventTime)
        json.member("eventSource", eventSource)
        json.member("eventName", eventName)
        json.member("awsRegion", awsRegion)
        json.member("sourceIPAddress", sourceIPAddress)
        json.member("userAgent", ifPresent: userAgent)
        json.member("requestID", ifPresent: requestID)
        json.object("userIdentity", userIdentity.write(to:))
        json.member("readOnly", readOnly)
        json.member("eventType", eventType.rawValue)
        json.member("eventCategory", eventCategory.rawValue)
        json.member("managementEvent", eventCategory == .management)
        json.member("errorCode", ifPresent: errorCode)
        json.member("errorMessage", ifPresent: errorMessage)
        json.member("requestParameters", embedding: requestParameters ?? "null")
        json.member("responseElements", embedding: responseElements ?? "null")
        if let additionalEventData {
            json.member("additionalEventData", embedding: additionalEventData)
        }
        if !resources.isEmpty {
            json.array("resources", of: resources) { resource, json in resource.write(to: &json) }
        }
        json.member("recipientAccountId", recipientAccountId)
        return json.finishedLine()
    }
}

extension AuditEvent.Resource {
    func write(to json: inout TrailLineWriter) {
        json.member("accountId", ifPresent: accountId)
        json.member("type", type)
        json.member("ARN", arn)
    }
}

extension AuditEvent.UserIdentity {
    func write(to json: inout TrailLineWriter) {
        json.member("type", type)
        json.member("principalId", ifPresent: principalId)
        json.member("arn", ifPresent: arn)
        json.member("accountId", ifPresent: accountId)
        json.member("accessKeyId", ifPresent: accessKeyId)
        json.member("userName", ifPresent: userName)
        if let sessionContext {
            json.object("sessionContext", sessionContext.write(to:))
        }
        json.member("invokedBy", ifPresent: invokedBy)
        json.member("identityProvider", ifPresent: identityProvider)
    }
}

extension AuditEvent.SessionContext {
    func write(to json: inout TrailLineWriter) {
        if let issuer {
            json.object("sessionIssuer", issuer.write(to:))
        }
        if let federatedProvider {
            json.object("webIdFederationData") { json in
                json.member("federatedProvider", federatedProvider)
            }
        }
        json.object("attributes") { json in
            if let creationDate {
                json.member("creationDate", creationDate)
            }
            // CloudTrail has a text here, not a truth value.
            json.member("mfaAuthenticated", mfaAuthenticated ? "true" : "false")
        }
    }
}

extension AuditEvent.SessionContext.Issuer {
    func write(to json: inout TrailLineWriter) {
        json.member("type", type)
        json.member("principalId", ifPresent: principalId)
        json.member("arn", ifPresent: arn)
        json.member("accountId", ifPresent: accountId)
        json.member("userName", ifPresent: userName)
    }
}
