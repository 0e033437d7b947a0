import Foundation

/// A blocking TCP connection that sends exactly the bytes it is given: for tests that work byte by byte.
///
/// Reads wait for `timeout` at most and then throw. It blocks its thread, so what answers it must live elsewhere: on an
/// event loop, a thread, or in another process.
package final class RawConnection {
    package let descriptor: Int32
    private var pending: [UInt8] = []
    private var isClosed = false

    /// Connects to 127.0.0.1.
    package init(port: Int, timeout: Duration = .seconds(10)) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try configure(timeout: timeout)
        var address = loopback(port: port)
        guard withSocketAddress(&address, { connect(descriptor, $0, $1) }) == 0 else {
            throw failure("connect to 127.0.0.1:\(port)")
        }
    }

    /// Takes over a connected socket.
    init(descriptor: Int32, timeout: Duration) throws {
        self.descriptor = descriptor
        try configure(timeout: timeout)
    }

    deinit {
        close()
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw failure("send") }
            sent += count
        }
    }

    /// What arrives next, at most `limit` bytes; empty at the end of the stream.
    package func read(upTo limit: Int = 65_536) throws -> [UInt8] {
        if pending.isEmpty, try !receive() { return [] }
        let bytes = Array(pending.prefix(limit))
        pending.removeFirst(bytes.count)
        return bytes
    }

    /// Exactly this many bytes.
    package func read(exactly count: Int) throws -> [UInt8] {
        while pending.count < count {
            guard try receive() else { throw TestFailure("the peer closed after \(pending.count) of \(count) bytes") }
        }
        let bytes = Array(pending.prefix(count))
        pending.removeFirst(count)
        return bytes
    }

    /// Everything up to and with the mark.
    package func read(until mark: String) throws -> [UInt8] {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            if let end = pending.firstRange(of: mark, from: max(0, searched - mark.count + 1)) {
                return try read(exactly: end)
            }
            searched = pending.count
            guard try receive() else {
                throw TestFailure("the peer closed before \(mark): \(String(decoding: pending, as: UTF8.self))")
            }
        }
    }

    /// Everything until the peer closes; a reset counts as a close.
    package func readUntilClose() throws -> [UInt8] {
        while try receive() {}
        defer { pending = [] }
        return pending
    }

    /// Whether the stream has ended and nothing is left to read.
    package func isAtEnd() throws -> Bool {
        try pending.isEmpty && !receive()
    }

    /// Sends FIN; reading goes on.
    package func closeWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        Foundation.close(descriptor)
    }

    /// Closes with RST, as a client that vanishes.
    package func reset() {
        var immediate = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &immediate, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Reads once from the socket; false at the end of the stream.
    private func receive() throws -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count < 0 && errno == ECONNRESET { return false }
        guard count >= 0 else { throw failure("read") }
        pending += bytes.prefix(count)
        return count > 0
    }

    private func configure(timeout: Duration) throws {
        guard descriptor >= 0 else { throw failure("socket") }
        let parts = timeout.components
        var time = timeval(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private func failure(_ what: String) -> TestFailure {
        if errno == EAGAIN { return TestFailure("\(what): nothing within the timeout; so far: \(pendingText)") }
        return TestFailure("\(what): \(String(cString: strerror(errno)))")
    }

    private var pendingText: String { String(decoding: pending, as: UTF8.self) }
}

extension [UInt8] {
    /// Where the first occurrence of the mark ends.
    fileprivate func firstRange(of mark: [UInt8], from start: Int) -> Int? {
        guard count >= mark.count else { return nil }
        var index = start
        while index + mark.count <= count {
            if self[index] == mark[0] && self[index..<index + mark.count].elementsEqual(mark) {
                return index + mark.count
            }
            index += 1
        }
        return nil
    }
}
