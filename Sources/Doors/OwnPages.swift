import AWSAPI
import HTTPTypes
import Hummingbird
import NIOCore

/// What the exchange says on its own account, to anyone who asks: that it is ready, and what a client needs
/// before it has a key.
public struct OwnPages: Sendable {
    /// The certificate of the exchange's own authority.
    public static let authorityPath = "/bourse/ca.pem"
    /// A `credential_process` for machines without this program.
    public static let credentialsPath = "/bourse/credentials.py"

    private let pages: [String: (type: String, content: [UInt8])]

    /// - Parameter authorityPEM: Nil: there is no authority.
    init(authorityPEM: String?) {
        var pages: [String: (type: String, content: [UInt8])] = [
            "/health": ("text/plain; charset=utf-8", Array("ok\n".utf8)),
            Self.credentialsPath: ("text/x-python; charset=utf-8", Self.credentials),
        ]
        if let authorityPEM {
            pages[Self.authorityPath] = ("application/x-pem-file", Array(authorityPEM.utf8))
        }
        self.pages = pages
    }

    private static let credentials = PackageResources.credentials_py

    /// SHA-256 in hex of what is served under ``credentialsPath``: the welcome e-mail says it.
    public static var credentialsHash: String { SigV4.hash(credentials) }

    /// Nil for a path that is not one of these, and for a method that is not reading.
    func response(to request: Request, path: String) -> Response? {
        guard request.method == .get || request.method == .head, let page = pages[path] else {
            return nil
        }
        var fields = HTTPFields()
        fields[.contentType] = page.type
        fields[.contentLength] = String(page.content.count)
        return Response(
            status: .ok, headers: fields,
            body: request.method == .head
                ? .init() : .init(byteBuffer: ByteBuffer(bytes: page.content)))
    }
}
