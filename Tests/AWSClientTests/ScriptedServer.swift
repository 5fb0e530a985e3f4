import AWSAPI
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A server on the loopback that says what it was told to, one answer after the other, and remembers what it
/// was asked.
final class ScriptedServer: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body = ""
        var headers: [String: String] = [:]
    }

    struct Asked: Sendable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: String
    }

    let url: URL
    private let script: Script
    private let running: Task<Void, any Error>

    private final class Script: Sendable {
        let answers: Mutex<[Answer]>
        let asked = Mutex<[Asked]>([])

        init(_ answers: [Answer]) { self.answers = Mutex(answers.reversed()) }

        /// The last answer is given again and again.
        func next(_ asked: Asked) -> Answer {
            self.asked.withLock { $0.append(asked) }
            return answers.withLock { $0.count > 1 ? $0.removeLast() : $0.last ?? Answer() }
        }
    }

    init(_ answers: [Answer]) async throws {
        let script = Script(answers)
        self.script = script
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                let body = try await request.body.collect(upTo: 1 << 20)
                var headers: [String: String] = [:]
                for field in request.headers { headers[field.name.canonicalName] = field.value }
                let answer = script.next(
                    Asked(
                        method: request.method.rawValue, path: request.uri.path, headers: headers,
                        body: String(buffer: body)))
                var fields = HTTPFields()
                for (name, value) in answer.headers {
                    if let name = HTTPField.Name(name) { fields[name] = value }
                }
                return Response(
                    status: .init(code: answer.status), headers: fields,
                    body: .init(byteBuffer: ByteBuffer(string: answer.body)))
            },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        running = Task { try await application.run() }
        var found = ports.makeAsyncIterator()
        guard let number = await found.next(), let url = URL(string: "http://127.0.0.1:\(number)")
        else { throw CancellationError() }
        self.url = url
    }

    deinit { running.cancel() }

    var asked: [Asked] { script.asked.withLock { $0 } }
}
