import Foundation

/// A node: `sluice run` of the executable that verifies.
@MainActor
final class NodeProcess {
    let target: LoadTarget
    private let adminPort: Int
    private let executable: String
    private let configuration: String
    private let output: String
    private let workers: Int
    private let load: VerificationLoad
    private var program: ChildProgram?

    /// - Parameter text: the configuration, but for what is this node's own.
    init(
        _ number: Int, executable: String, configuration text: String, directory: String, workers: Int,
        load: VerificationLoad
    ) throws {
        let port = try ChildProgram.freePort()
        target = LoadTarget(port: port)
        adminPort = try ChildProgram.freePort()
        configuration = "\(directory)/node\(number).yaml"
        output = "\(directory)/node\(number).log"
        self.executable = executable
        self.workers = workers
        self.load = load
        let own = """
            listeners: [{ bind: "127.0.0.1:\(port)" }]
            admin: { bind: "127.0.0.1:\(adminPort)" }
            node: { id: verify-\(number) }

            """
        try Data((own + text).utf8).write(to: URL(fileURLWithPath: configuration))
    }

    /// Starts it and waits until it is ready.
    func start() async throws {
        let program = try ChildProgram(
            executable, ["run", "--config", configuration, "--workers", "\(workers)"], output: output)
        self.program = program
        for _ in 0..<2_000 {
            guard program.isRunning else {
                throw VerificationFailure("a node ended when it was started; it printed:\n\(program.lastWords)")
            }
            if try await load.ask(LoadTarget(port: adminPort), "/readyz") == 200 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw VerificationFailure("a node was not ready within 20 seconds; it printed:\n\(program.lastWords)")
    }

    func signal(_ number: Int32) { program?.signal(number) }
    func kill9() async { await program?.kill9() }
    func terminate() async { await program?.terminate() }
}
