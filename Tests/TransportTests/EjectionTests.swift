import GatewayCore
import Policies
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// One bad target among good ones is asked nothing for a while.
    @Suite("ejection of targets")
    struct EjectionTests {
        private let good: TestOrigin
        private let bad: TestOrigin

        init() throws {
            good = try TestOrigin { _ in .response("good") }
            bad = try TestOrigin { _ in [.text("HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n")] }
        }

        private func ejections(targets: Int, for microseconds: Int = 3_600_000_000) -> TargetEjections {
            var settings = OutlierSettings()
            settings.failures = 3
            settings.ejectMicroseconds = microseconds
            return TargetEjections(settings, targets: targets)
        }

        private func statuses(_ gateway: TestGateway, _ count: Int) throws -> [Int] {
            let client = try gateway.client()
            return try (0..<count).map { _ in
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                return try client.readResponse().status
            }
        }

        @Test("a target that answers 500 again and again is left out, the others serve all")
        func failing() async throws {
            let ejections = ejections(targets: 2)
            try await withGateway(
                to: [good.port, bad.port],
                {
                    $0.settings.balance = .roundRobin
                    $0.ejections = ejections
                }
            ) { gateway in
                let statuses = try statuses(gateway, 40)
                #expect(statuses.filter { $0 == 500 }.count == 3)
                #expect(bad.requests.count == 3 && ejections.ejections == 1 && ejections.unavailable == 0b10)
            }
        }

        @Test("a target that refuses connections is no longer tried")
        func refusing() async throws {
            let ejections = ejections(targets: 2)
            try await withGateway(
                to: [good.port, try freePort()],
                {
                    $0.settings.balance = .roundRobin
                    $0.ejections = ejections
                }
            ) { gateway in
                let statuses = try statuses(gateway, 20)
                #expect(statuses == Array(repeating: 200, count: 20))
                #expect(ejections.ejections == 1)
                let attempts = try await gateway.records().suffix(10).map(\.attempts)
                #expect(attempts == Array(repeating: 1, count: 10))
            }
        }

        @Test("it is asked again when its time is over")
        func back() async throws {
            let ejections = ejections(targets: 2, for: 300_000)
            try await withGateway(
                to: [good.port, bad.port],
                {
                    $0.settings.balance = .roundRobin
                    $0.ejections = ejections
                }
            ) { gateway in
                _ = try statuses(gateway, 6)
                #expect(ejections.ejections == 1)
                try await eventually("it is asked again") {
                    _ = try statuses(gateway, 2)
                    return bad.requests.count > 3
                }
            }
        }

        @Test("where all are out they are asked all the same")
        func all() async throws {
            var settings = OutlierSettings()
            settings.failures = 1
            settings.maxEjected = 1
            let ejections = TargetEjections(settings, targets: 2)
            try await withGateway(to: [bad.port, bad.port], { $0.ejections = ejections }) { gateway in
                let statuses = try statuses(gateway, 6)
                #expect(statuses == Array(repeating: 500, count: 6))
                #expect(ejections.unavailable == 0b11)
            }
        }

        @Test("the only target is never taken out")
        func single() async throws {
            let ejections = ejections(targets: 1)
            try await withGateway(to: [bad.port], { $0.ejections = ejections }) { gateway in
                let statuses = try statuses(gateway, 10)
                #expect(statuses == Array(repeating: 500, count: 10))
                #expect(ejections.ejections == 0)
            }
        }
    }
}
