import NIOCore
import RedisClient

/// `sluice verify-limits`: starts nodes or takes running ones, drives load through them while things fail, counts what was
/// admitted, and judges it.
@MainActor
package struct VerificationRun {
    private let options: VerificationOptions
    private let announce: (String) -> Void
    private let load: VerificationLoad

    /// - Parameter announce: is told what happens, line by line.
    package static func run(
        _ options: VerificationOptions, announce: @escaping (String) -> Void
    ) async throws -> VerificationReport {
        let load = try await VerificationLoad(options.load)
        let run = VerificationRun(options: options, announce: announce, load: load)
        do {
            let report = try await run.run()
            try await load.shutDown()
            return report
        } catch {
            try? await load.shutDown()
            throw error
        }
    }

    private func run() async throws -> VerificationReport {
        guard options.targets.isEmpty else {
            try await checkTargets()
            return try await measure(options.targets, cluster: nil, redis: options.cluster.redis)
        }
        announce("starting \(options.cluster.nodes) nodes\(options.cluster.redis == nil ? " and a redis-server" : "")")
        let cluster = try await VerifiedCluster(options.cluster, load: load)
        do {
            let report = try await measure(cluster.targets, cluster: cluster, redis: cluster.redisURL)
            await cluster.shutDown()
            return report
        } catch {
            await cluster.shutDown()
            throw error
        }
    }

    private func checkTargets() async throws {
        for target in options.targets {
            let place = "http://\(target.host):\(target.port)\(options.path)"
            switch try await load.ask(target, options.path, options.headers) {
            case nil: throw VerificationFailure("cannot reach \(place): check the address, and that the node runs")
            case 401, 403: throw VerificationFailure("\(place) refuses the caller: give credentials with --header")
            case 404, 405:
                throw VerificationFailure("\(place) has no route for GET: name the limited route's path in --targets")
            default: break
            }
        }
    }

    private func measure(
        _ targets: [LoadTarget], cluster: VerifiedCluster?, redis url: String?
    ) async throws -> VerificationReport {
        let statistics = try await statistics(of: url)
        let before = if let statistics { try await RedisFigures.read(statistics) } else { RedisFigures?.none }
        announce(
            "\(Int(options.effectiveRate)) requests per second for \(options.duration / 1_000_000) s, seed \(options.seed)"
        )
        try await load.start(targets, comparesDirectly: cluster != nil)
        let started = VerificationLoad.now
        var faults: [FaultSchedule.Entry] = []
        if let cluster { faults = try await undergo(cluster, since: started) }
        try await sleep(until: started + options.duration)
        let observation = try await load.stop()
        let figures = await figures(of: statistics, since: before)
        try? await statistics?.close()
        let verdict = Verdict(
            observation, options.quotas, nodes: options.nodeCount, starts: cluster?.starts ?? [:])
        return VerificationReport(options, observation, verdict, faults: faults, redis: figures)
    }

    /// Nil: not to be had; what was counted at the nodes is worth reporting all the same.
    private func figures(of client: RedisClient?, since before: RedisFigures?) async -> RedisFigures? {
        guard let client, let before else { return nil }
        do {
            return try await RedisFigures.read(client) - before
        } catch {
            announce("Redis does not tell how many commands it had: \(error)")
            return nil
        }
    }

    /// Nil: nobody said where Redis is, or it is no single server.
    private func statistics(of url: String?) async throws -> RedisClient? {
        guard let url, var settings = try? RedisSettings(url: url) else { return nil }
        settings.timeout = .seconds(5)
        do {
            return try await RedisClient.connect(settings, on: load.eventLoop)
        } catch {
            throw VerificationFailure("cannot reach the Redis of --redis: \(error)")
        }
    }

    /// Brings the faults about, each at its time; returns those that came to pass.
    private func undergo(_ cluster: VerifiedCluster, since started: Int) async throws -> [FaultSchedule.Entry] {
        guard options.hasChaos else { return [] }
        let schedule = FaultSchedule(
            duration: options.duration / 1000, nodes: options.nodeCount, kinds: cluster.possibleFaults,
            seed: options.seed)
        var past: [FaultSchedule.Entry] = []
        for entry in schedule.entries {
            try await sleep(until: started + entry.time * 1000)
            let now = (VerificationLoad.now - started) / 1000
            // A node's start may have taken longer than was foreseen.
            guard now + entry.fault.length + FaultSchedule.quietEnd <= options.duration / 1000 else { break }
            announce("\(Figures.seconds(now * 1000)) s  \(entry.fault)")
            try await cluster.undergo(entry.fault)
            past.append(FaultSchedule.Entry(time: now, fault: entry.fault))
        }
        return past
    }

    private func sleep(until instant: Int) async throws {
        let left = instant - VerificationLoad.now
        if left > 0 { try await Task.sleep(for: .microseconds(left)) }
    }
}
