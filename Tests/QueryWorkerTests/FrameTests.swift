import Glibc
import Testing

@testable import QueryWorker

@Suite struct `A frame` {
    /// Both ends of a socket, closed when the test is over.
    final class Ends {
        let exchange: FrameChannel
        let worker: FrameChannel

        init(frameBytes: Int = 1_000) {
            var ends: [Int32] = [-1, -1]
            let made = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
            precondition(made == 0, "There is no socket.")
            exchange = FrameChannel(descriptor: ends[0], frameBytes: frameBytes, end: .exchange)
            worker = FrameChannel(descriptor: ends[1], frameBytes: 1_000_000, end: .worker)
        }

        func hangUp() { shutdown(worker.descriptor, Int32(SHUT_RDWR)) }

        deinit {
            close(exchange.descriptor)
            close(worker.descriptor)
        }
    }

    let soon = ContinuousClock.now + .seconds(10)

    @Test(arguments: [0, 1, 900])
    func `arrives as it was sent`(bodyBytes: Int) throws {
        let ends = Ends()
        let body = (0..<bodyBytes).map { UInt8(truncatingIfNeeded: $0) }
        try ends.worker.send("head", body, by: nil)
        let frame = try ends.exchange.receive(by: soon)
        #expect(try FrameChannel.decode(frame.head, as: String.self) == "head")
        #expect(frame.body == body)
    }

    @Test func `is refused at its first bytes when it is too large`() throws {
        let ends = Ends()
        try ends.worker.send("head", [UInt8](repeating: 0, count: 1_000), by: nil)
        let fault = #expect(throws: FrameChannel.Fault.self) {
            try ends.exchange.receive(by: soon)
        }
        guard case .tooLarge(1_006) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test func `of four gigabytes is refused like any other`() throws {
        let ends = Ends()
        let lengths = [UInt8](repeating: 0xFF, count: 8)
        #expect(write(ends.worker.descriptor, lengths, 8) == 8)
        #expect(throws: FrameChannel.Fault.self) { try ends.exchange.receive(by: soon) }
    }

    @Test func `that is too large is not sent`() throws {
        let ends = Ends()
        #expect(throws: FrameChannel.Fault.self) {
            try ends.exchange.send("head", [UInt8](repeating: 0, count: 1_000), by: soon)
        }
    }

    @Test(arguments: 0..<17)
    func `cut anywhere is an end, not a frame`(bytes: Int) throws {
        let whole: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 5] + Array("1234".utf8) + Array("56789".utf8)
        let ends = Ends()
        #expect(write(ends.worker.descriptor, whole, bytes) == bytes)
        ends.hangUp()
        let fault = #expect(throws: FrameChannel.Fault.self) {
            try ends.exchange.receive(by: soon)
        }
        guard case .closed = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test func `is not waited for past its time`() throws {
        let ends = Ends()
        let fault = #expect(throws: FrameChannel.Fault.self) {
            try ends.exchange.receive(by: .now + .milliseconds(20))
        }
        guard case .timedOut = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test func `to nobody is an error and no signal`() throws {
        let ends = Ends()
        ends.hangUp()
        #expect(throws: FrameChannel.Fault.self) { try ends.exchange.send("head", by: soon) }
    }

    @Test func `with another head than expected is malformed`() {
        #expect(throws: FrameChannel.Fault.self) {
            try FrameChannel.decode(Array("{}".utf8), as: Reply.self)
        }
    }
}
