import Foundation
import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promise 5: nodes that think it is another day.
    @Suite("Promise 5: only Redis' clock counts")
    struct Promise5OneClockTests {
        /// Preloaded, it moves the calendar's clock of a process by so many seconds; clocks that only count are left alone.
        private static let skew = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdlib.h>
            #include <sys/time.h>
            #include <time.h>
            static long skew(void) { const char *text = getenv("TEST_CLOCK_SKEW"); return text ? atol(text) : 0; }
            int clock_gettime(clockid_t clock, struct timespec *time) {
                int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
                int result = real(clock, time);
                if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += skew();
                return result;
            }
            int gettimeofday(struct timeval *restrict time, void *restrict zone) {
                int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
                int result = real(time, zone);
                if (!result) time->tv_sec += skew();
                return result;
            }
            time_t time(time_t *out) {
                time_t (*real)(time_t *) = dlsym(RTLD_NEXT, "time");
                time_t now = real(NULL) + skew();
                if (out) *out = now;
                return now;
            }
            """

        private static let day = 86_400

        private let files: TemporaryDirectory
        private let redis: RedisServer
        private let upstream: DemoUpstream
        private let nodes: [Node]

        init() async throws {
            files = try TemporaryDirectory("skew")
            let source = try files.write("skew.c", Self.skew)
            let library = files.file("skew.so")
            let compiled = try await ChildProcess.run("clang", ["-shared", "-fPIC", "-o", library, source, "-ldl"])
            guard compiled.exit == .exited(0) else { throw TestFailure("clang: \(compiled.standardError)") }
            let redis = try await RedisServer()
            let upstream = try await DemoUpstream()
            var nodes: [Node] = []
            for (index, days) in [-2, 0, 2].enumerated() {
                let environment = ["LD_PRELOAD": library, "TEST_CLOCK_SKEW": "\(days * Self.day)"]
                nodes.append(
                    try await Node(
                        Self.configuration(redis, upstream), name: "node\(index)", environment: environment))
            }
            (self.redis, self.upstream, self.nodes) = (redis, upstream, nodes)
        }

        private static func configuration(_ redis: RedisServer, _ upstream: DemoUpstream) -> String {
            """
            access_log: { path: off }
            drain: 1s
            state: { redis: "\(redis.url)", timeout: 2s }
            upstreams: { app: { targets: ["\(upstream.url)"] } }
            routes:
              - { name: bucket, match: { path: "/bucket" }, limit: { per: route, rates: [60/hour] }, upstream: app }
              - name: sliding
                match: { path: "/sliding" }
                limit: { per: route, rates: [{ rate: 60/hour, window: sliding }] }
                upstream: app
              - name: calendar
                match: { path: "/calendar" }
                limit: { per: route, rates: [{ rate: 60/month, window: calendar }] }
                upstream: app
            """
        }

        private func admitted(_ path: String, of requests: Int) throws -> Int {
            let connections = try nodes.map { try RawConnection(port: $0.port) }
            return try (0..<requests).count { number in
                let response = try connections[number % connections.count].exchange(path)
                try #require([200, 429].contains(response.status), "\(response.head)")
                #expect(response["Sluice-Degraded"] == nil)
                return response.status == 200
            }
        }

        private func date(inDays days: Int) -> String {
            Date(timeIntervalSinceNow: Double(days * Self.day)).ISO8601Format(.iso8601.year().month().day())
        }

        @Test(
            "nodes four days apart admit one quota together, of every kind of window",
            arguments: ["bucket", "sliding", "calendar"])
        func oneQuota(_ kind: String) async throws {
            // Else this test would show nothing.
            for (node, days) in zip(nodes, [-2, 0, 2]) {
                #expect(node.errors.contains("time=\(date(inDays: days))"), "\(node.errors)")
            }
            let started = ContinuousClock.now
            let count = try admitted("/\(kind)", of: 120)
            let minutes = Int((ContinuousClock.now - started) / .seconds(60)) + 1
            #expect(count >= 60 && count <= 60 + (kind == "bucket" ? minutes : 0), "\(count)")
        }

        @Test("what Redis holds is dated by Redis, whoever wrote it")
        func dates() async throws {
            let before = try await time()
            for node in nodes {
                _ = try request("/bucket", port: node.port)
                let updated = try await redis.cli("HGET", "sluice:bucket:{bucket.route:all}", "hour.updated")
                // A bucket counts from when its latest token was whole, less than a minute ago.
                #expect((before - 60_000_000...(try await time())).contains(Int(updated) ?? 0), "\(updated)")
            }
            for seen in try await redis.cli("ZRANGE", "sluice:nodes", "0", "-1", "WITHSCORES").split(separator: "\n") {
                guard let score = Double(seen), score > 1e12 else { continue }
                #expect(abs(score - Double(before)) < 60e6, "\(seen)")
            }
        }

        /// Microseconds of Redis' clock.
        private func time() async throws -> Int {
            let parts = try await redis.cli("TIME").split(separator: "\n").compactMap { Int($0) }
            try #require(parts.count == 2)
            return parts[0] * 1_000_000 + parts[1]
        }
    }
}
