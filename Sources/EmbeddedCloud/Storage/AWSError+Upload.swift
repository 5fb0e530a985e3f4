import AWSAPI
import S3API

extension AWSError {
    init(_ fault: UploadFault) {
        switch fault {
        case .incomplete, .frames(.lengthMismatch):
            self.init(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header"
            )
        case .noLength:
            self.init(
                "MissingContentLength", status: 411,
                "You must provide the Content-Length HTTP header.")
        case .frames(.malformed):
            self.init(
                "InvalidRequest", "The body is not framed as aws-chunked: a chunk is malformed.")
        case .frames(.malformedTrailer), .missingTrailer:
            self.init(
                "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform "
                    + "to our published schema.")
        case .frames(.signatureMismatch): self.init(SignatureFault.mismatch, of: .s3)
        case .tooLarge:
            self.init(
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed object size of "
                    + "\(UploadFault.objectBytesMax) bytes.")
        case .payloadMismatch: self.init(SignatureFault.payloadMismatch, of: .s3)
        case .badDigest(let name):
            self.init(
                "BadDigest", "The \(name) you specified did not match the calculated checksum.")
        }
    }
}

extension Request {
    /// The bytes to store.
    ///
    /// - Parameter contentLength: As the request says it. Frames say their own.
    func upload(contentLength: Int?) throws(AWSError) -> ObjectUpload {
        guard let upload else { throw AWSError(.incomplete) }
        if case .chunks = upload.payload { return upload }
        guard let contentLength else { throw AWSError(.noLength) }
        guard contentLength <= UploadFault.objectBytesMax else { throw AWSError(.tooLarge) }
        return upload
    }
}
