import Policies
import Testing

@Suite("Outlier detection")
struct OutlierDetectionTests {
    private let second = 1_000_000

    private func detection(targets: Int, maxEjected: Double = 0.5) -> OutlierDetection {
        var settings = OutlierSettings()
        settings.failures = 3
        settings.ejectMicroseconds = 10_000_000
        settings.maxEjected = maxEjected
        return OutlierDetection(settings, count: targets)
    }

    /// Fails the target until it is ejected; for how long, or nil.
    private func eject(_ index: Int, _ detection: inout OutlierDetection, at now: Int) -> Int? {
        for _ in 0..<3 {
            if let duration = detection.failed(index, now: now) { return duration }
        }
        return nil
    }

    @Test("failures in a row eject a target for a while, a success in between does not let it come to that")
    func row() {
        var detection = detection(targets: 2)
        for _ in 0..<2 { _ = detection.failed(1, now: 0) }
        #expect(detection.ejected(now: 0) == 0)
        #expect(detection.suspects == 0b10)
        detection.succeeded(1)
        #expect(detection.suspects == 0)
        let duration = eject(1, &detection, at: 0)
        #expect(duration == 10 * second)
        #expect(detection.ejected(now: 10 * second - 1) == 0b10)
        #expect(detection.ejected(now: 10 * second) == 0)
    }

    @Test(
        "never more than the allowed share is out",
        arguments: [(1, 0.5, 0), (2, 0.5, 1), (3, 0.5, 1), (4, 0.5, 2), (10, 0.3, 3), (4, 0, 0), (3, 1, 3)])
    func share(_ targets: Int, _ maxEjected: Double, _ most: Int) {
        var detection = detection(targets: targets, maxEjected: maxEjected)
        for index in 0..<targets { _ = eject(index, &detection, at: 0) }
        #expect(detection.ejected(now: 0).nonzeroBitCount == most)
    }

    @Test("who fails again soon after is out for longer, up to ten times; who was well in between is not")
    func repeats() {
        var detection = detection(targets: 2)
        var now = 0
        for round in 1...12 {
            let duration = eject(0, &detection, at: now)
            #expect(duration == min(round, 10) * 10 * second)
            now += min(round, 10) * 10 * second
        }
        now += 100 * second
        let last = eject(0, &detection, at: now)
        #expect(last == 10 * second)
    }

    @Test("what a target does while it is out does not count")
    func whileOut() {
        var detection = detection(targets: 2)
        _ = eject(0, &detection, at: 0)
        for _ in 0..<10 { _ = detection.failed(0, now: 1) }
        #expect(detection.suspects == 0 && detection.ejected(now: 10 * second) == 0)
    }

    @Test("targets beyond the 64th, or that are none, are left alone")
    func bounds() {
        var detection = detection(targets: 70)
        let sixtyFifth = eject(64, &detection, at: 0)
        #expect(sixtyFifth == nil)
        let none = eject(70, &detection, at: 0)
        #expect(none == nil)
        let sixtyFourth = eject(63, &detection, at: 0)
        #expect(sixtyFourth != nil)
    }
}
