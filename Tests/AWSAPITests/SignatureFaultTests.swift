import AWSAPI
import Foundation
import GlueAPI
import LakeFormationAPI
import S3API
import STSAPI
import Testing

@Suite struct `A signature's fault is told` {
    struct Row: Sendable, CustomTestStringConvertible {
        var fault: SignatureFault
        var s3: String
        var query: String
        var json: String
        /// Of Lake Formation, which speaks REST.
        var restJSON: String

        var testDescription: String { "\(fault)" }

        init(_ fault: SignatureFault, _ s3: String, _ query: String, _ json: String) {
            self.fault = fault
            self.s3 = s3
            self.query = query
            self.json = "400 \(json)"
            restJSON = "403 \(json)"
        }
    }

    static let then = Date(timeIntervalSince1970: 1_708_266_721)

    @Test(arguments: [
        Row(
            .notSigned, "403 AccessDenied", "403 MissingAuthenticationToken",
            "MissingAuthenticationTokenException"),
        Row(
            .malformed("why"), "400 AuthorizationHeaderMalformed", "400 IncompleteSignature",
            "IncompleteSignatureException"),
        Row(
            .malformedQuery("why"), "400 AuthorizationQueryParametersError",
            "400 IncompleteSignature", "IncompleteSignatureException"),
        Row(
            .versionNotServed, "400 InvalidRequest", "400 IncompleteSignature",
            "IncompleteSignatureException"),
        Row(
            .requestExpired(at: then, now: then + 1), "403 AccessDenied",
            "403 SignatureDoesNotMatch", "InvalidSignatureException"),
        Row(
            .unknownKey, "403 InvalidAccessKeyId", "403 InvalidClientTokenId",
            "UnrecognizedClientException"),
        Row(
            .invalidToken, "400 InvalidToken", "403 InvalidClientTokenId",
            "UnrecognizedClientException"),
        Row(.expiredToken, "400 ExpiredToken", "403 ExpiredToken", "ExpiredTokenException"),
        Row(
            .wrongScope("why"), "400 AuthorizationHeaderMalformed", "403 SignatureDoesNotMatch",
            "InvalidSignatureException"),
        Row(
            .skewed(signedAt: then, now: then + 1000), "403 RequestTimeTooSkewed",
            "403 SignatureDoesNotMatch", "InvalidSignatureException"),
        Row(
            .headerNotSigned("x-amz-acl"), "403 AccessDenied", "403 SignatureDoesNotMatch",
            "InvalidSignatureException"),
        Row(
            .mismatch, "403 SignatureDoesNotMatch", "403 SignatureDoesNotMatch",
            "InvalidSignatureException"),
        Row(
            .payloadMismatch, "400 XAmzContentSHA256Mismatch", "403 SignatureDoesNotMatch",
            "InvalidSignatureException"),
    ])
    func `in each protocol's own code`(_ row: Row) {
        func told(_ service: AWSService) -> String {
            let error = AWSError(row.fault, of: service)
            return "\(error.status) \(error.code)"
        }
        #expect(told(.s3) == row.s3)
        #expect(told(.sts) == row.query)
        #expect(told(.glue) == row.json)
        #expect(told(.lakeFormation) == row.restJSON)
    }

    @Test func `with both clocks, by S3`() {
        let error = AWSError(.skewed(signedAt: Self.then, now: Self.then + 1000), of: .s3)
        #expect(
            error.members == [
                .init("RequestTime", "2024-02-18T14:32:01Z"),
                .init("ServerTime", "2024-02-18T14:48:41Z"),
                .init("MaxAllowedSkewMilliseconds", "900000"),
            ])
    }
}
