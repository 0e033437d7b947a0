import TestSupport

/// What reaches a Redis, as `MONITOR` tells it: one line for each command, in order.
final class Monitor {
    private let redis: RedisServer
    private let connection: RawConnection
    private var marks = 0

    init(_ redis: RedisServer) throws {
        self.redis = redis
        connection = try RawConnection(port: redis.port)
        try connection.send("MONITOR\r\n")
        _ = try connection.read(until: "+OK\r\n")
    }

    /// The commands of clients since the last call; those that scripts gave are left out.
    func commands() async throws -> [String] {
        marks += 1
        let mark = "end-\(marks)"
        try await redis.cli("ECHO", mark)
        let text = String(decoding: try connection.read(until: "\"\(mark)\"\r\n"), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).map(String.init)
            .filter { !$0.contains(" lua] ") && !$0.contains(mark) }
    }
}
