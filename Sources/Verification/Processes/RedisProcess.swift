import Foundation
import NIOCore
import RedisClient

/// A redis-server of the verification's own, without persistence.
@MainActor
final class RedisProcess {
    let port: Int
    private let program: ChildProgram

    init(directory: String) async throws {
        guard let executable = ChildProgram.locate("redis-server") else {
            throw VerificationFailure(
                "redis-server is not in PATH; install it (apt-get install redis-server), or name a running Redis with --redis"
            )
        }
        port = try ChildProgram.freePort()
        var arguments = ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        arguments += ["--dir", directory]
        // Before version 7 DEBUG was always on, and the option unknown.
        if try await Self.version(executable, directory) >= 7 { arguments += ["--enable-debug-command", "local"] }
        program = try ChildProgram(executable, arguments, output: "\(directory)/redis.log")
    }

    var url: String { "redis://127.0.0.1:\(port)" }

    func signal(_ number: Int32) { program.signal(number) }
    func terminate() async { await program.terminate() }

    /// A connection to it, as soon as it answers.
    func connect(on eventLoop: any EventLoop) async throws -> RedisClient {
        var settings = RedisSettings(port: port)
        settings.timeout = .seconds(5)
        for _ in 0..<1_000 {
            guard program.isRunning else { break }
            if let client = try? await RedisClient.connect(settings, on: eventLoop) { return client }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw VerificationFailure("redis-server did not start; it printed:\n\(program.lastWords)")
    }

    private static func version(_ executable: String, _ directory: String) async throws -> Int {
        let program = try ChildProgram(executable, ["--version"], output: "\(directory)/redis-version.log")
        for _ in 0..<500 where program.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        let digits = program.lastWords.components(separatedBy: "v=").last?.prefix { $0.isNumber } ?? ""
        return Int(digits) ?? 7
    }
}
