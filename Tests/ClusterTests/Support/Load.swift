import Foundation
import Synchronization
import TestSupport

/// Clients that send one request after the other until they are stopped, each on a thread and a connection of its own.
final class Load: Sendable {
    struct Outcome: Sendable {
        /// 0 where no response came.
        var status = 0
        var error = ""
        var isDegraded = false
        var duration = Duration.zero
        var ended = ContinuousClock.now
    }

    private struct State {
        var isStopped = false
        var running = 0
        var outcomes: [Outcome] = []
    }

    private let state = Mutex(State())
    private let port: Int
    private let target: String
    private let headers: [String]

    init(port: Int, _ target: String, _ headers: [String] = [], clients: Int = 4, pause: Duration = .milliseconds(2)) {
        self.port = port
        self.target = target
        self.headers = headers
        state.withLock { $0.running = clients }
        for _ in 0..<clients {
            Thread.detachNewThread { [self] in
                run(pause)
                state.withLock { $0.running -= 1 }
            }
        }
    }

    var outcomes: [Outcome] { state.withLock { $0.outcomes } }

    /// Waits until that many more requests have ended.
    func more(_ count: Int) async throws {
        let wanted = outcomes.count + count
        try await eventually("\(count) more requests have ended", within: .seconds(30)) { outcomes.count >= wanted }
    }

    /// Ends the load; returns what came of all requests.
    func stop() async throws -> [Outcome] {
        state.withLock { $0.isStopped = true }
        try await eventually("all clients have ended", within: .seconds(30)) { state.withLock { $0.running == 0 } }
        return outcomes
    }

    private func run(_ pause: Duration) {
        var connection: RawConnection?
        while !state.withLock({ $0.isStopped }) {
            let started = ContinuousClock.now
            var outcome = Outcome()
            do {
                let open = try connection ?? RawConnection(port: port, timeout: .seconds(10))
                connection = open
                let response = try open.exchange(target, headers)
                outcome.status = response.status
                outcome.isDegraded = response["Sluice-Degraded"] == "rate-limit"
                if response["Connection"]?.lowercased() == "close" { connection = nil }
            } catch {
                outcome.error = "\(error)"
                connection = nil
            }
            outcome.ended = .now
            outcome.duration = outcome.ended - started
            state.withLock { $0.outcomes.append(outcome) }
            Thread.sleep(forTimeInterval: pause / .seconds(1))
        }
    }
}

extension [Load.Outcome] {
    /// How often each status came; 0 stands for no response.
    var statuses: [Int: Int] { reduce(into: [:]) { $0[$1.status, default: 0] += 1 } }

    var errors: [String] { filter { $0.status == 0 }.map(\.error) }

    var slowest: Duration { map(\.duration).max() ?? .zero }

    /// The duration that this share of the requests did not exceed.
    func percentile(_ share: Double) -> Duration {
        let sorted = map(\.duration).sorted()
        return sorted.isEmpty ? .zero : sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
