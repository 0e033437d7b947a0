import Foundation
import Synchronization

/// A real redis-server on a free port, without persistence, that ends with its owner.
package final class RedisServer: Sendable {
    package let port: Int
    private let arguments: [String]
    private let directory: TemporaryDirectory
    private let process: Mutex<ChildProcess?>

    /// Starts the server and waits until it answers.
    /// - Parameter arguments: added to the command line, such as `["--requirepass", "secret"]`.
    package init(arguments: [String] = []) async throws {
        directory = try TemporaryDirectory("redis")
        port = try freePort()
        self.arguments =
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory.path]
            + arguments
        process = Mutex(nil)
        try await start()
    }

    /// `redis://127.0.0.1:<port>`
    package var url: String { "redis://127.0.0.1:\(port)" }

    /// Ends the server in an orderly way.
    package func stop() async throws {
        guard let running = process.withLock({ $0 }) else { return }
        running.signal(SIGCONT)
        try await running.terminate()
        process.withLock { $0 = nil }
    }

    /// Ends the server as a crash would.
    package func kill9() async throws {
        guard let running = process.withLock({ $0 }) else { return }
        running.signal(SIGKILL)
        try await running.waitForExit()
        process.withLock { $0 = nil }
    }

    /// Stops the server's process from running: connections stay open, and nothing is answered.
    package func pause() { process.withLock { $0?.signal(SIGSTOP) } }

    /// Lets a paused server run on.
    package func resume() { process.withLock { $0?.signal(SIGCONT) } }

    /// Ends the server if it runs, and starts an empty one on the same port.
    package func restart() async throws {
        try await kill9()
        try await start()
    }

    /// Starts the server on its port; it must not be running.
    package func start() async throws {
        let child = try ChildProcess("redis-server", arguments, workingDirectory: directory.path)
        process.withLock { $0 = child }
        try await eventually("redis-server answers on port \(port): \(child.standardOutput)") {
            guard child.isRunning else { throw TestFailure("redis-server ended: \(child.standardOutput)") }
            let connection = try RawConnection(port: port, timeout: .seconds(1))
            try connection.send("PING\r\n")
            let answer = try connection.read(until: "\r\n")
            return answer.starts(with: "+PONG".utf8) || answer.starts(with: "-NOAUTH".utf8)
        }
    }

    /// Runs `redis-cli` against this server, and returns what it printed.
    @discardableResult
    package func cli(_ arguments: String...) async throws -> String {
        let finished = try await ChildProcess.run("redis-cli", ["-p", "\(port)"] + arguments)
        guard finished.exit == .exited(0) else {
            throw TestFailure("redis-cli \(arguments): \(finished.standardOutput)\(finished.standardError)")
        }
        return finished.standardOutput.trimmingCharacters(in: .newlines)
    }
}
