import Foundation

/// The one thread that starts child processes, and never ends before the tests do.
///
/// Linux delivers a child's parent-death signal when the *thread* that spawned it ends; threads of Swift's pool come and
/// go, so children spawned from them would be killed in the middle of a test.
final class Spawner: @unchecked Sendable {
    static let shared = Spawner()

    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []

    private init() {
        Thread.detachNewThread { [unowned self] in
            while true {
                condition.lock()
                while jobs.isEmpty { condition.wait() }
                let job = jobs.removeFirst()
                condition.unlock()
                job()
            }
        }
    }

    /// Runs posix_spawn on the spawning thread; answers the child's process id.
    func spawn(_ plan: SpawnPlan) throws -> pid_t {
        let answer = Answer()
        condition.lock()
        jobs.append {
            answer.result = Result { try plan.run() }
            answer.ready.signal()
        }
        condition.signal()
        condition.unlock()
        answer.ready.wait()
        return try answer.result!.get()
    }

    private final class Answer: @unchecked Sendable {
        let ready = DispatchSemaphore(value: 0)
        var result: Result<pid_t, any Error>?
    }
}

/// What to start and where its standard streams go.
struct SpawnPlan: Sendable {
    var executable: String
    var arguments: [String]
    var environment: [String: String]
    var workingDirectory: String?
    var input: String
    var output: String
    var errorOutput: String

    /// Starts the child with default signal handling, and with SIGKILL for it when this process ends in whatever way.
    func run() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let create = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, create, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errorOutput, create, 0o600)
        try Self.closeOthers(&actions)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // env: Glibc's own way to set the directory is not visible to Swift.
        let directory = workingDirectory.map { ["/usr/bin/env", "--chdir=\($0)"] } ?? []
        let command = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] + directory + [executable] + arguments
        var argv = command.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, command[0], &actions, &attributes, &argv, &envp)
        guard status == 0 else { throw TestFailure("cannot start \(executable): \(String(cString: strerror(status)))") }
        return pid
    }

    /// A socket that leaks into a child stays open after the test has closed it, so that its peer hears nothing of that.
    /// SwiftNIO's sockets are not marked as closed on exec. glibc's function for it is not visible to Swift.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) throws {
        typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
            throw TestFailure("posix_spawn_file_actions_addclosefrom_np is missing; it came with glibc 2.34")
        }
        _ = unsafeBitCast(symbol, to: AddCloseFrom.self)(&actions, STDERR_FILENO + 1)
    }
}
