import AWSAPI
import Foundation
import GlueAPI
import IAMAPI
import S3API
import STSAPI
import Testing

@testable import AWSClient

@Suite struct `An operation that fails` {
    private static let quick = RetryPolicy(
        attemptsMax: 3, waitMax: .milliseconds(2), waitCeiling: .milliseconds(5))
    private static let busy = ScriptedServer.Answer(
        status: 400, body: #"{"__type":"ThrottlingException","message":"Rate exceeded"}"#)
    private static let found = ScriptedServer.Answer(body: #"{"Database":{"Name":"navs"}}"#)

    private func client(_ url: URL, _ retries: RetryPolicy = quick) throws -> AWSClient {
        AWSClient(
            endpoint: .exchange(url), account: try #require(AccountID(rawValue: "111111111111")),
            region: "eu-west-1",
            credentials: FixedCredentials(Credentials(accessKeyID: "A", secretAccessKey: "S")),
            retries: retries)
    }

    @Test(arguments: [
        ScriptedServer.Answer(status: 500, body: "oh"), .init(status: 502), .init(status: 503),
        .init(status: 504), .init(status: 429), busy,
        .init(status: 503, headers: ["retry-after": "1"]),
    ])
    func `for a while is sent again, signed for itself`(answer: ScriptedServer.Answer) async throws
    {
        let server = try await ScriptedServer([answer, answer, Self.found])
        let answer = try await client(server.url).send(Glue.GetDatabase(name: "navs"))
        #expect(answer.database?.name == "navs")
        #expect(server.asked.count == 3)
        #expect(Set(server.asked.map(\.body)).count == 1)
        for asked in server.asked {
            #expect(
                asked.headers["authorization"]?.contains("/eu-west-1/glue/aws4_request") == true)
        }
    }

    @Test func `as often as it may is told`() async throws {
        let server = try await ScriptedServer([Self.busy])
        let error = await #expect(throws: AWSError.self) {
            try await client(server.url).send(Glue.GetDatabase(name: "navs"))
        }
        #expect(error?.code == "ThrottlingException" && error?.message == "Rate exceeded")
        #expect(server.asked.count == 3)
    }

    @Test(arguments: [
        ScriptedServer.Answer(status: 400, body: #"{"__type":"EntityNotFoundException"}"#),
        .init(status: 403, body: #"{"__type":"AccessDeniedException"}"#), .init(status: 409),
        .init(status: 501),
    ])
    func `for good is told at once`(answer: ScriptedServer.Answer) async throws {
        let server = try await ScriptedServer([answer, Self.found])
        await #expect(throws: AWSError.self) {
            try await client(server.url).send(Glue.GetDatabase(name: "navs"))
        }
        #expect(server.asked.count == 1)
    }

    @Test func `once is told at once where nobody wants to wait`() async throws {
        let server = try await ScriptedServer([Self.busy, Self.found])
        await #expect(throws: AWSError.self) {
            try await client(server.url, .none).send(Glue.GetDatabase(name: "navs"))
        }
        #expect(server.asked.count == 1)
    }

    @Test func `is sent again out of a quota`() async throws {
        let server = try await ScriptedServer([Self.busy])
        let client = try client(server.url)
        for _ in 0..<60 {
            await #expect(throws: AWSError.self) {
                try await client.send(Glue.GetDatabase(name: "navs"))
            }
        }
        // Each second and third attempt costs five of five hundred.
        #expect(server.asked.count == 60 + RetryQuota.most / 5)
    }

    @Test func `for want of anybody there is unreachable`() async throws {
        let port = try await ScriptedServer([]).url
        // A server that has gone: its port answers no more.
        try await Task.sleep(for: .milliseconds(100))
        let error = await #expect(throws: AWSError.self) {
            try await client(port).send(Glue.GetDatabase(name: "navs"))
        }
        #expect(error?.code == AWSClient.unreachable)
    }

    @Test func `waits up to a bound that doubles`() {
        let policy = RetryPolicy.standard
        for attempt in 1...40 {
            let bound = min(Duration.seconds(1) * (1 << min(attempt - 1, 10)), .seconds(20))
            for _ in 0..<20 {
                #expect((.zero...bound).contains(policy.wait(after: attempt, asked: nil)))
            }
        }
        #expect(policy.wait(after: 1, asked: .seconds(7)) == .seconds(7))
        #expect(policy.wait(after: 1, asked: .seconds(3_600)) == .seconds(20))
    }

    @Test func `goes to the service's own address in its region`() throws {
        func url(_ service: AWSService, _ region: String = "eu-west-1") throws -> String {
            try Endpoint.aws.url(of: service, in: region).absoluteString
        }
        #expect(try url(.glue) == "https://glue.eu-west-1.amazonaws.com")
        #expect(try url(.s3) == "https://s3.eu-west-1.amazonaws.com")
        #expect(try url(.sts, "cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn")
        #expect(try url(.iam) == "https://iam.amazonaws.com")
        #expect(Endpoint.aws.signingRegion(of: .iam, in: "eu-west-1") == "us-east-1")
        #expect(Endpoint.aws.signingRegion(of: .glue, in: "eu-west-1") == "eu-west-1")
        let own = AWSService(
            name: "Bourse", signingName: "bourse", wire: .restJSON, invalidInputCode: "")
        #expect(throws: AWSError.self) { try url(own) }
    }
}
