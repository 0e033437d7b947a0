import ArgumentParser
import Configuration
import Foundation
import Verification

/// `sluice verify-limits`: drives nodes and counts independently whether they admit more than they may.
struct VerifyLimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-limits",
        abstract: "Drive nodes with load and compare what they admit with what the policy allows.",
        discussion: """
            Starts nodes, a redis-server and an upstream of its own, sends them more than the policy lets pass (unevenly
            and in bursts), and counts admissions twice: by the answers, and where they reach the upstream. Every interval
            of the run is checked, not only the whole. Exit status 1 if any saw more than it may.

            Examples:
              sluice verify-limits
              sluice verify-limits --nodes 8 --policy 5000/second --duration 10s
              sluice verify-limits --nodes 3 --policy 1000/second --duration 30s --chaos --seed 7
              sluice verify-limits --policy 20/second,600/minute --subjects 50 --json
              sluice verify-limits --policy 100/minute --targets http://10.0.0.1:8080/api/users/1,http://10.0.0.2:8080 \\
                --header 'Authorization: Bearer …'
            """)

    @Option(help: "Nodes to start, from 1 to 64.")
    var nodes = 3

    @Option(help: "Rates that hold together for each subject, separated by commas.")
    var policy = "1000/second"

    @Option(help: "How many requests may come at once; absent: as many as the rate.")
    var burst: Int?

    @Option(help: "How long the load lasts, such as 30s or 2m.")
    var duration = "30s"

    @Flag(help: "Kill and stop nodes, stop Redis and have it forget its scripts meanwhile, at random instants.")
    var chaos = false

    @Option(
        help: ArgumentHelp(
            "Running nodes instead, separated by commas; the first one's path is what is asked. The bound is checked of what this command sends, so nobody else may use the limit meanwhile.",
            valueName: "urls"))
    var targets: String?

    @Option(help: ArgumentHelp("A header of each request; may be repeated.", valueName: "name: value"))
    var header: [String] = []

    @Option(
        help: "A Redis that runs, for the nodes (in a namespace of its own), or with --targets to count its commands.")
    var redis: String?

    @Option(help: "Requests per second; absent: half as many again as the policy lets pass.")
    var rate: Double?

    @Option(help: "Subjects with a bucket each, told apart by the header X-Subject.")
    var subjects = 1

    @Option(help: "Event loops of each node.")
    var workers = 1

    @Option(help: "Decides how load and faults fall; absent: a random one, which is printed.")
    var seed: UInt64?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let options = try options()
        let isQuiet = json
        let work = Task { @MainActor in
            try await VerificationRun.run(options) { line in
                if !isQuiet { FileHandle.standardError.write(Data((line + "\n").utf8)) }
            }
        }
        let interruption = Task {
            for await _ in Signals([SIGINT, SIGTERM]).stream { work.cancel() }
        }
        defer { interruption.cancel() }
        let report: VerificationReport
        do {
            report = try await work.value
        } catch is CancellationError {
            throw fail("sluice verify-limits: interrupted; everything it started has ended")
        } catch {
            throw fail("sluice verify-limits: \(error)")
        }
        print(json ? try report.json : "\n" + report.text)
        if !report.isWithinBound { throw ExitCode.failure }
    }

    private func options() throws -> VerificationOptions {
        var options = VerificationOptions()
        options.duration = try checked("--duration") { () throws(WrittenForm.Problem) in
            try WrittenForm.duration(duration)
        }
        try require((1_000_000...3_600_000_000).contains(options.duration), "--duration \(duration): expected 1s to 1h")
        let rates = policy.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        try require(!rates.isEmpty, "--policy: expected a rate such as 1000/second")
        try require(burst.map { (1...1_000_000_000).contains($0) } ?? true, "--burst: expected 1 to 1000000000")
        options.windows = try rates.map { rate in
            try checked("--policy") { () throws(WrittenForm.Problem) in
                try WrittenForm.tokenBucket(rate, burst: burst)
            }
        }
        try require((1...64).contains(nodes), "--nodes \(nodes): expected 1 to 64")
        try require((1...64).contains(workers), "--workers \(workers): expected 1 to 64")
        try require((1...1_000_000).contains(subjects), "--subjects \(subjects): expected 1 to 1000000")
        try require(rate.map { $0 > 0 && $0 <= 200_000 } ?? true, "--rate: expected more than 0 and at most 200000")
        try require(
            header.allSatisfy { $0.contains(/^[!-9;-~]+:/) && !$0.contains(where: \.isNewline) },
            "--header: expected 'Name: value'")
        options.hasChaos = chaos
        options.headers = header
        options.rate = rate
        options.subjects = subjects
        options.seed = seed ?? .random(in: 1...99_999)
        options.cluster.executable = try executable()
        options.cluster.nodes = nodes
        options.cluster.workers = workers
        options.cluster.rates = rates
        options.cluster.burst = burst
        options.cluster.redis = redis
        if let targets { try take(targets, into: &options) }
        let expected = options.effectiveRate * Double(options.duration) / 1e6
        try require(
            expected <= 2e7, "\(Int(expected)) requests are too many to keep: shorten --duration or lower --rate")
        return options
    }

    private func take(_ text: String, into options: inout VerificationOptions) throws {
        try require(!chaos, "--chaos needs nodes that it may kill: leave out --targets")
        for (index, item) in text.split(separator: ",").enumerated() {
            let written = item.trimmingCharacters(in: .whitespaces)
            guard let url = URLComponents(string: written), url.scheme == "http", let host = url.host, !host.isEmpty
            else {
                throw fail(
                    "sluice verify-limits: --targets \(written): expected a URL such as http://10.0.0.1:8080/path")
            }
            options.targets.append(LoadTarget(host: host, port: url.port ?? 80))
            let query = url.percentEncodedQuery.map { "?\($0)" } ?? ""
            if index == 0 { options.path = (url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath) + query }
        }
        try require(!options.targets.isEmpty, "--targets: expected URLs, separated by commas")
    }

    private func require(_ condition: Bool, _ message: String) throws {
        if !condition { throw fail("sluice verify-limits: \(message)") }
    }

    private func checked<Value>(_ option: String, _ body: () throws(WrittenForm.Problem) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw fail("sluice verify-limits: \(option) \(error)")
        }
    }

    /// The nodes run what verifies them.
    private func executable() throws -> String {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw fail("sluice verify-limits: cannot find this executable: /proc/self/exe is not readable")
        }
        return path
    }
}
