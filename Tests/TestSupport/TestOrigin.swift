import Foundation
import Synchronization

/// An HTTP/1.1 origin that a test scripts: it records each request byte by byte and answers with what the test says.
///
/// It runs on threads of its own and never repairs what it is told to send.
package final class TestOrigin: Sendable {
    /// One thing done to the connection in answer to a request.
    package enum Step: Sendable {
        case send([UInt8])
        case text(String)
        case pause(Duration)
        /// Waits until the peer closes or the origin stops: an origin that never answers.
        case hang
        case close
        case reset
    }

    /// A request as it arrived.
    package struct Request: Sendable {
        package let message: RawMessage
        /// 1 for the first connection that the origin accepted; tells whether connections are reused.
        package let connection: Int

        package init(message: RawMessage, connection: Int) {
            self.message = message
            self.connection = connection
        }
    }

    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var isStopped = false
        var accepted = 0
        var open: Set<Int32> = []
        var requests: [Request] = []
    }

    /// An origin that answers each whole request with the steps returned for it.
    package convenience init(_ answer: @escaping @Sendable (Request) -> [Step]) throws {
        try self.init(connection: { connection, number, record in
            while true {
                let request = Request(message: try connection.readRequest(), connection: number)
                record(request)
                for step in answer(request) {
                    guard try connection.perform(step) else { return }
                }
            }
        })
    }

    /// An origin whose script drives each connection itself; it is given the connection, its number, and the recorder.
    /// An error that it throws ends the connection.
    package init(
        connection script: @escaping @Sendable (RawConnection, Int, (Request) -> Void) throws -> Void
    ) throws {
        let listener = try Self.listen()
        self.listener = listener.descriptor
        self.port = listener.port
        Thread.detachNewThread { [weak self] in
            // Closed by the thread that polls it: its number may be given out again at once.
            defer { close(listener.descriptor) }
            while let descriptor = Self.accept(on: listener.descriptor), let self {
                self.serve(descriptor, script)
            }
        }
    }

    deinit {
        stop()
    }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { state.withLock { $0.requests } }
    package var acceptedConnections: Int { state.withLock { $0.accepted } }
    package var openConnections: Int { state.withLock { $0.open.count } }

    /// Stops listening and ends all connections.
    package func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    private static func listen() throws -> (descriptor: Int32, port: Int) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let listener = socket(AF_INET, kind, 0)
        var address = loopback(port: 0)
        guard withSocketAddress(&address, { bind(listener, $0, $1) }) == 0, Foundation.listen(listener, 256) == 0 else {
            throw TestFailure("listen: \(String(cString: strerror(errno)))")
        }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withSocketAddress(&address) { pointer, _ in getsockname(listener, pointer, &size) }
        return (listener, Int(in_port_t(bigEndian: address.sin_port)))
    }

    /// The next connection; nil once the listener is shut down.
    private static func accept(on listener: Int32) -> Int32? {
        while true {
            var readable = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            poll(&readable, 1, -1)
            let descriptor = Foundation.accept(listener, nil, nil)
            if descriptor >= 0 { return descriptor }
            guard [EAGAIN, EINTR, ECONNABORTED].contains(errno) else { return nil }
        }
    }

    private func serve(
        _ descriptor: Int32, _ script: @escaping @Sendable (RawConnection, Int, (Request) -> Void) throws -> Void
    ) {
        let number: Int? = state.withLock { state in
            guard !state.isStopped else { return nil }
            state.open.insert(descriptor)
            state.accepted += 1
            return state.accepted
        }
        guard let number else {
            close(descriptor)
            return
        }
        Thread.detachNewThread { [weak self] in
            guard let connection = try? RawConnection(descriptor: descriptor, timeout: .seconds(60)) else { return }
            try? script(connection, number) { request in self?.state.withLock { $0.requests.append(request) } }
            // The descriptor leaves the table before it is closed: its number may be given out again at once.
            if let self {
                self.state.withLock {
                    $0.open.remove(descriptor)
                    connection.close()
                }
            } else {
                connection.close()
            }
        }
    }
}

extension [TestOrigin.Step] {
    /// A whole answer with a Content-Length.
    package static func response(
        _ body: String = "", status: String = "200 OK", headers: [(String, String)] = []
    ) -> [TestOrigin.Step] {
        let fields = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        return [.text("HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")]
    }
}

extension RawConnection {
    /// False when the connection is over.
    fileprivate func perform(_ step: TestOrigin.Step) throws -> Bool {
        switch step {
        case .send(let bytes): try send(bytes)
        case .text(let text): try send(text)
        case .pause(let duration): Thread.sleep(forTimeInterval: duration / .seconds(1))
        case .hang:
            _ = try readUntilClose()
            return false
        case .close: return false
        case .reset:
            reset()
            return false
        }
        return true
    }
}
