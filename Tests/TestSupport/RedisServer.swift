import Foundation
import Synchronization

/// A real redis-server on a free port, without persistence, that ends with its owner.
package final class RedisServer: Sendable {
    package let port: Int
    /// Where it answers in clear; the same as `port` without TLS.
    let plainPort: Int
    private let arguments: [String]
    private let directory: TemporaryDirectory
    private let process: Mutex<ChildProcess?>
    private let isEncrypted: Bool

    /// Starts the server and waits until it answers.
    /// - Parameters:
    ///   - arguments: added to the command line, such as `["--requirepass", "secret"]`.
    ///   - certificates: the server speaks TLS on `port`, with these.
    package init(arguments: [String] = [], tls certificates: TestCertificates? = nil) async throws {
        directory = try TemporaryDirectory("redis")
        port = try freePort()
        isEncrypted = certificates != nil
        plainPort = isEncrypted ? try freePort() : port
        var encryption: [String] = []
        if let certificates { encryption = ["--tls-port", "\(port)"] + certificates.serverArguments }
        self.arguments =
            ["--port", "\(plainPort)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
            + ["--dir", directory.path] + encryption + arguments
        process = Mutex(nil)
        try await start()
    }

    /// Starts a sentinel; it rewrites its file.
    init(sentinelFile file: String) async throws {
        directory = try TemporaryDirectory("sentinel")
        port = try freePort()
        plainPort = port
        isEncrypted = false
        arguments = [file, "--sentinel", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", directory.path]
        process = Mutex(nil)
        try await start()
    }

    package var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    /// `redis://127.0.0.1:<port>`, or `rediss://`.
    package var url: String { "\(isEncrypted ? "rediss" : "redis")://127.0.0.1:\(port)" }

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

    /// The environment variable `REDIS_SERVER` names another executable: another version, or Valkey.
    private static let executable = ProcessInfo.processInfo.environment["REDIS_SERVER"] ?? "redis-server"

    /// Starts the server on its port; it must not be running.
    package func start() async throws {
        let child = try ChildProcess(Self.executable, arguments, workingDirectory: directory.path)
        process.withLock { $0 = child }
        try await eventually("redis-server answers on port \(plainPort): \(child.standardOutput)") {
            guard child.isRunning else { throw TestFailure("redis-server ended: \(child.standardOutput)") }
            let connection = try RawConnection(port: plainPort, timeout: .seconds(1))
            try connection.send("PING\r\n")
            let answer = try connection.read(until: "\r\n")
            return answer.starts(with: "+PONG".utf8) || answer.starts(with: "-NOAUTH".utf8)
        }
    }

    /// Runs `redis-cli` against this server, and returns what it printed.
    @discardableResult
    package func cli(_ arguments: String...) async throws -> String { try await cli(arguments) }

    @discardableResult
    package func cli(_ arguments: [String]) async throws -> String {
        let finished = try await ChildProcess.run("redis-cli", ["-p", "\(plainPort)"] + arguments)
        guard finished.exit == .exited(0) else {
            throw TestFailure("redis-cli \(arguments): \(finished.standardOutput)\(finished.standardError)")
        }
        return finished.standardOutput.trimmingCharacters(in: .newlines)
    }
}
