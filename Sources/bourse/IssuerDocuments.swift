import AsyncHTTPClient
import EmbeddedCloud
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// Reads what OpenID Connect issuers publish: over HTTPS, never redirected, and not for long.
enum IssuerDocuments {
    static let timeout = TimeAmount.seconds(10)

    /// - Throws: Where the file that `SSL_CERT_FILE` names cannot be read.
    static var reader: DocumentReader {
        get throws {
            // Said at the start, though nobody may ever ask. Reading hundreds of them waits until then.
            if let authorities, !FileManager.default.isReadableFile(atPath: authorities) {
                throw CommandFailure("SSL_CERT_FILE is \(authorities), which cannot be read.")
            }
            return { url, bytesMax in
                let response = try await client.get().execute(
                    HTTPClientRequest(url: url.absoluteString), timeout: timeout)
                guard response.status == .ok else {
                    throw CommandFailure("\(url) answered \(response.status.code).")
                }
                return Array(try await response.body.collect(upTo: bytesMax).readableBytesView)
            }
        }
    }

    /// The path of the certificates that are trusted. Nil: the system's.
    private static var authorities: String? {
        ProcessInfo.processInfo.environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// One for the process, never shut down. It trusts the system's authorities, or those of the file that
    /// `SSL_CERT_FILE` names, as programs with OpenSSL do.
    private static let client = Result {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        if let file = authorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            } catch {
                throw CommandFailure("SSL_CERT_FILE is \(file), which holds no certificates (PEM).")
            }
            configuration.tlsConfiguration = tls
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
