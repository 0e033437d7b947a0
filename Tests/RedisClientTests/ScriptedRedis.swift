import TestSupport

/// A server that speaks RESP and answers each command with the bytes that a test returns for it.
final class ScriptedRedis: Sendable {
    private let origin: TestOrigin

    /// - Parameter answer: the words of a command, and the number of its connection; nil closes the connection.
    ///   The commands of the handshake never reach it.
    init(_ answer: @escaping @Sendable ([String], Int) -> String?) throws {
        origin = try TestOrigin(connection: { connection, number, _ in
            while true {
                let words = try connection.readCommand()
                let isHandshake = words[0] == "CLIENT" || words == ["PING"]
                guard let reply = isHandshake ? "+OK\r\n" : answer(words, number) else { return }
                try connection.send(reply)
            }
        })
    }

    var port: Int { origin.port }
    var connections: Int { origin.acceptedConnections }
    func stop() { origin.stop() }
}

extension RawConnection {
    /// Reads one command as a client sends it.
    func readCommand() throws -> [String] {
        let count = Int(try readLine().dropFirst()) ?? 0
        return try (0..<count).map { _ in
            let length = Int(try readLine().dropFirst()) ?? 0
            return String(decoding: try read(exactly: length + 2).dropLast(2), as: UTF8.self)
        }
    }

    private func readLine() throws -> String {
        String(decoding: try read(until: "\r\n").dropLast(2), as: UTF8.self)
    }
}
