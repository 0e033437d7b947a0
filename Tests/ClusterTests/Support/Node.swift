import Foundation
import Synchronization
import TestSupport

/// A real `sluice run`, with its own configuration file, on free ports.
final class Node: Sendable {
    let port: Int
    let adminPort: Int
    let configurationPath: String
    private let files: TemporaryDirectory
    /// Further keys of its listener, such as `tls: {…}`.
    private let listener: String
    private let environment: [String: String]
    private let process: Mutex<ChildProcess?>

    /// Starts the node and waits until it is ready.
    /// - Parameter configuration: all but `listeners` and `admin.bind`, which are this node's own.
    ///   - further: ports to listen on besides `port`.
    init(
        _ configuration: String, name: String = "node1", adminToken: String? = nil,
        listener: String = "", zone: String? = nil, further: [Int] = [],
        environment: [String: String] = [:]
    ) async throws {
        self.listener = listener.isEmpty ? "" : ", " + listener
        files = try TemporaryDirectory("node")
        port = try freePort()
        adminPort = try freePort()
        let token = adminToken.map { ", token: \"\($0)\"" } ?? ""
        rest = """
            admin: { bind: "127.0.0.1:\(adminPort)"\(token) }
            node: { id: \(name)\(zone.map { ", zone: \($0)" } ?? "") }

            """
        configurationPath = files.file("sluice.yaml")
        self.environment = environment
        process = Mutex(nil)
        try write(configuration, further: further)
        try await start()
    }

    /// What is this node's own, besides its listeners.
    private let rest: String

    var errors: String { process.withLock { $0?.standardError ?? "" } }
    var output: String { process.withLock { $0?.standardOutput ?? "" } }
    var pid: pid_t { process.withLock { $0?.pid ?? 0 } }
    var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    /// Starts the node, which must not be running, and waits until it is ready.
    func start() async throws {
        let child = try ChildProcess(
            Executables.sluice, ["run", "--config", configurationPath, "--workers", "2"], environment: environment)
        process.withLock { $0 = child }
        try await eventually("the node is ready", within: .seconds(20)) {
            guard child.isRunning else { throw TestFailure("the node ended: \(child.standardError)") }
            return try request("/readyz", port: adminPort).status == 200
        }
    }

    func signal(_ number: Int32) { process.withLock { $0?.signal(number) } }

    /// Ends the node as a crash would.
    func kill9() async throws {
        signal(SIGKILL)
        _ = try await waitForExit()
    }

    func waitForExit(within limit: Duration = .seconds(20)) async throws -> ChildProcess.Exit {
        guard let child = process.withLock({ $0 }) else { throw TestFailure("the node was never started") }
        return try await child.waitForExit(within: limit)
    }

    /// Writes the file anew, without the node knowing.
    /// - Parameter further: ports to listen on besides `port`.
    func write(_ configuration: String, further: [Int] = []) throws {
        let binds = ([port] + further).map { "{ bind: \"127.0.0.1:\($0)\"\(listener) }" }.joined(separator: ", ")
        try files.write("sluice.yaml", "listeners: [\(binds)]\n" + rest + configuration)
    }

    /// Has the new configuration put to work, and waits until the node says that it was, or that it was refused.
    func reload(_ configuration: String, further: [Int] = []) async throws {
        try write(configuration, further: further)
        let before = count("configuration reloaded") + count("reload refused")
        signal(SIGHUP)
        try await eventually("the node has reloaded: \(errors)") {
            count("configuration reloaded") + count("reload refused") > before
        }
    }

    private func count(_ text: String) -> Int { errors.components(separatedBy: text).count - 1 }

    /// Calls the admin API as a program of this machine does.
    func api(
        _ target: String, method: String = "GET", _ body: String? = nil, headers: [String] = [],
        host: String = "localhost"
    ) throws -> RawMessage {
        let connection = try RawConnection(port: adminPort, timeout: .seconds(10))
        var lines = ["\(method) \(target) HTTP/1.1", "Host: \(host)", "Connection: close"] + headers
        if let body { lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"] }
        try connection.sendRequest(lines, body: body ?? "")
        return try connection.readResponse(to: method)
    }

    /// The Prometheus page.
    func metrics() throws -> String { try request("/metrics", port: adminPort).text }

    /// The sum of all samples of a metric whose labels contain the text.
    func metric(_ name: String, _ labels: String = "") throws -> Double {
        try metrics().split(separator: "\n")
            .filter {
                ($0.hasPrefix(name + "{") || $0.hasPrefix(name + " ")) && (labels.isEmpty || $0.contains(labels))
            }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}

/// The demo upstream in a process of its own.
final class DemoUpstream: Sendable {
    let port: Int
    private let process: Mutex<ChildProcess?>

    init() async throws {
        port = try freePort()
        process = Mutex(nil)
        try await start()
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func start() async throws {
        let child = try ChildProcess(Executables.demoUpstream, ["--port", "\(port)"])
        process.withLock { $0 = child }
        try await eventually("the demo upstream answers") { try request("/", port: port).status == 200 }
    }

    func kill9() async throws {
        guard let child = process.withLock({ $0 }) else { return }
        child.signal(SIGKILL)
        try await child.waitForExit()
    }
}
