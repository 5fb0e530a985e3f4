public import AWSAPI
import Crypto
import FoundationEssentials

/// What a sender says of a document's bytes, compared with the bytes. Of an object's, its receiver does.
public enum DocumentSums {
    /// - Parameter headers: Of the request, names in lower case.
    /// - Throws: `BadDigest` or `InvalidDigest`.
    public static func check(
        _ document: [UInt8], against headers: [WireHeader]
    ) throws(AWSError) {
        if let md5 = try contentMD5(headers["content-md5"]),
            md5 != Array(Insecure.MD5.hash(data: document))
        {
            throw AWSError(.badDigest("Content-MD5"))
        }
        for algorithm in ObjectChecksum.Algorithm.allCases {
            guard let said = headers[algorithm.headerName] else { continue }
            var maker = ChecksumMaker(algorithm)
            maker.append(document)
            guard maker.value == said else { throw AWSError(.badDigest(algorithm.rawValue)) }
        }
    }
}
