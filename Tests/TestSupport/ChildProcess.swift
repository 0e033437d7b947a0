import Foundation
import Synchronization

/// A program started by a test: its output is captured in files, and it dies with its owner or with the test process.
package final class ChildProcess: Sendable {
    package enum Exit: Equatable, Sendable {
        case exited(Int32)
        case signaled(Int32)
    }

    package let pid: pid_t
    private let name: String
    private let files: TemporaryDirectory
    private let ended = Ended()

    /// - Parameters:
    ///   - executable: a path, or a name that is looked up in PATH.
    ///   - environment: added to this process's environment.
    ///   - input: what the child reads from its standard input.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, input: String = ""
    ) throws {
        name = executable
        files = try TemporaryDirectory("child")
        let plan = SpawnPlan(
            executable: try Self.locate(executable), arguments: arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            workingDirectory: workingDirectory, input: try files.write("stdin", input),
            output: files.file("stdout"), errorOutput: files.file("stderr"))
        pid = try Spawner.shared.spawn(plan)
        Thread.detachNewThread { [pid, ended] in ended.wait(for: pid) }
    }

    deinit {
        signal(SIGKILL)
    }

    package var standardOutput: String { Self.text(files.file("stdout")) }
    package var standardError: String { Self.text(files.file("stderr")) }
    package var isRunning: Bool { ended.exit == nil }

    /// Sends the signal if the process has not ended; a reaped process id may already be somebody else's.
    package func signal(_ number: Int32) {
        ended.ifRunning { kill(pid, number) }
    }

    /// Waits for the end of the process.
    @discardableResult
    package func waitForExit(within limit: Duration = .seconds(30)) async throws -> Exit {
        try await eventually("\(name) ends", within: limit) { ended.exit != nil }
        return ended.exit!
    }

    /// Asks with SIGTERM, and insists with SIGKILL after the time given.
    @discardableResult
    package func terminate(within limit: Duration = .seconds(10)) async throws -> Exit {
        signal(SIGTERM)
        if let exit = try? await waitForExit(within: limit) { return exit }
        signal(SIGKILL)
        return try await waitForExit(within: limit)
    }

    /// Waits until a line of either output contains the text, and returns that line.
    @discardableResult
    package func waitForLine(containing text: String, within limit: Duration = .seconds(10)) async throws -> String {
        var found: String?
        do {
            try await eventually("\(name) prints \"\(text)\"", within: limit) {
                let hadEnded = !isRunning
                let lines = (standardOutput + "\n" + standardError).split(separator: "\n")
                found = lines.first { $0.contains(text) }.map(String.init)
                return found != nil || hadEnded
            }
        } catch {
            throw TestFailure("\(error); it printed:\n\(standardOutput)\n\(standardError)")
        }
        guard let found else {
            throw TestFailure("\(name) ended before \"\(text)\":\n\(standardOutput)\n\(standardError)")
        }
        return found
    }

    /// What a finished program left behind.
    package struct Finished: Sendable {
        package let exit: Exit
        package let standardOutput: String
        package let standardError: String
    }

    /// Runs a program to its end.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, input: String = "", within limit: Duration = .seconds(30)
    ) async throws -> Finished {
        let child = try ChildProcess(
            executable, arguments, environment: environment, workingDirectory: workingDirectory, input: input)
        let exit = try await child.waitForExit(within: limit)
        return Finished(exit: exit, standardOutput: child.standardOutput, standardError: child.standardError)
    }

    private static func locate(_ executable: String) throws -> String {
        if executable.contains("/") {
            guard access(executable, X_OK) == 0 else { throw TestFailure("no executable at \(executable)") }
            return executable
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for directory in (path + ":/usr/sbin").split(separator: ":")
        where access("\(directory)/\(executable)", X_OK) == 0 {
            return "\(directory)/\(executable)"
        }
        throw TestFailure("\(executable) is not in PATH")
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// The exit status, filled in by the thread that waits for the child.
    private final class Ended: Sendable {
        private let state = Mutex<Exit?>(nil)

        var exit: Exit? { state.withLock { $0 } }

        func ifRunning(_ body: () -> Void) {
            state.withLock { if $0 == nil { body() } }
        }

        /// Waits without reaping, then reaps under the lock: so no signal can reach a recycled process id.
        func wait(for pid: pid_t) {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            state.withLock {
                var status: Int32 = 0
                waitpid(pid, &status, 0)
                let signal = status & 0x7F
                $0 = signal == 0 ? .exited((status >> 8) & 0xFF) : .signaled(signal)
            }
        }
    }
}
