internal import FoundationEssentials
internal import Glibc

/// Frames on one end of a socket pair, with blocking calls.
///
/// A frame is two lengths (of head and body, four bytes each, network order), then head and body.
struct FrameChannel {
    let descriptor: Int32
    let frameBytes: Int
    let end: End

    enum End {
        /// Nonblocking, and kept from SIGPIPE.
        case exchange
        /// Only `read` and `write`: the filter refuses the calls that are for sockets.
        case worker
    }

    enum Fault: Error {
        /// The other end is gone, at a frame's beginning or in its middle.
        case closed
        case timedOut
        case tooLarge(Int)
        case malformed(String)
        case system(Int32)
    }

    func send(_ head: some Encodable, _ body: [UInt8] = [], by deadline: Deadline) throws {
        let head = try [UInt8](JSONEncoder().encode(head))
        let total = head.count + body.count
        guard total <= frameBytes else { throw Fault.tooLarge(total) }
        let lengths = [UInt32(head.count), UInt32(body.count)].flatMap { length in
            withUnsafeBytes(of: length.bigEndian) { [UInt8]($0) }
        }
        try write(lengths + head, by: deadline)
        try write(body, by: deadline)
    }

    /// - Throws: ``Fault/closed`` when the other end closed, also between frames.
    func receive(by deadline: Deadline) throws -> Frame {
        let lengths = try read(8, by: deadline)
        func length(at offset: Int) -> Int {
            lengths[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        let (head, body) = (length(at: 0), length(at: 4))
        guard head + body <= frameBytes else { throw Fault.tooLarge(head + body) }
        return Frame(head: try read(head, by: deadline), body: try read(body, by: deadline))
    }

    static func decode<Head: Decodable>(_ head: [UInt8], as: Head.Type) throws -> Head {
        do {
            return try JSONDecoder().decode(Head.self, from: Data(head))
        } catch {
            throw Fault.malformed("The head is no \(Head.self).")
        }
    }
}

/// When to stop waiting. Nil: never.
typealias Deadline = ContinuousClock.Instant?

// MARK: - Bytes

extension FrameChannel {
    private func read(_ count: Int, by deadline: Deadline) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                try wait(for: POLLIN, by: deadline)
                let step = Glibc.read(descriptor, buffer.baseAddress! + filled, count - filled)
                if step == 0 { throw Fault.closed }
                if step > 0 { filled += step } else { try tolerate(errno) }
            }
        }
    }

    private func write(_ bytes: [UInt8], by deadline: Deadline) throws {
        try bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                try wait(for: POLLOUT, by: deadline)
                let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                let step =
                    switch end {
                    case .exchange:
                        Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                    case .worker:
                        Glibc.write(descriptor, rest.baseAddress, rest.count)
                    }
                if step >= 0 { written += step } else { try tolerate(errno) }
            }
        }
    }

    private func wait(for event: Int32, by deadline: Deadline) throws {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let ready = poll(&entry, 1, milliseconds(until: deadline))
            if ready > 0 { return }
            if ready == 0 { throw Fault.timedOut }
            try tolerate(errno)
        }
    }

    /// -1, which waits for ever, without a deadline.
    private func milliseconds(until deadline: Deadline) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
        return Int32(left.rounded(.up).clamped(to: 0...Double(Int32.max)))
    }

    private func tolerate(_ error: Int32) throws {
        switch error {
        case EINTR, EAGAIN: return
        case EPIPE, ECONNRESET: throw Fault.closed
        default: throw Fault.system(error)
        }
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
