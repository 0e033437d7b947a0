import HTTPWire
import NIOCore
import NIOPosix

/// Calls the admin API of a node, as commands do.
package struct AdminClient {
    package let host: String
    package let port: Int
    private let token: String?

    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter url: `http://127.0.0.1:9901`.
    package init(_ url: String, token: String?) throws(Problem) {
        var rest = url.hasPrefix("http://") ? url.dropFirst(7) : url[...]
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]),
            (1...65535).contains(port), !rest.contains("/")
        else { throw Problem(description: "\(url): expected an address such as http://127.0.0.1:9901") }
        host = String(rest[..<colon])
        self.port = port
        self.token = token
    }

    /// - Returns: the status and the body.
    package func post(_ path: String, json body: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        try await call("POST", path, json: body)
    }

    /// - Parameter body: empty where the operation takes none.
    /// - Returns: the status and the body.
    package func call(
        _ method: String, _ path: String, json body: [UInt8] = []
    ) async throws -> (status: Int, body: [UInt8]) {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\n\(authorization)Content-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        let answer = try await exchange(Array(head.utf8) + body)
        let parsed = ResponseHead()
        guard
            case .complete(let length) = answer.withUnsafeBufferPointer({
                parsed.parse($0, answersHEAD: false, limit: $0.count + 1)
            })
        else { throw Problem(description: "\(host):\(port) did not answer as an admin API does") }
        return (parsed.status, Array(answer[length...]))
    }

    /// All that comes until the node closes the connection.
    private func exchange(_ request: [UInt8]) async throws -> [UInt8] {
        let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(3))
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
                }
        } catch {
            throw Problem(description: "no node answers at \(host):\(port): \(error)")
        }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: request))
            var answer: [UInt8] = []
            for try await bytes in inbound {
                answer += bytes.readableBytesView
                guard answer.count <= 16 << 20 else { throw Problem(description: "the answer is longer than 16MiB") }
            }
            return answer
        }
    }
}
