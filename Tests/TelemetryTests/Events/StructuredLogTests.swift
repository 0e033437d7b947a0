import Foundation
import Synchronization
import Testing

@testable import Telemetry

@Suite("Structured log")
struct StructuredLogTests {
    private static let noon = 1_770_120_000_000_000

    @Test("logfmt lines are readable and quote what needs it")
    func logfmt() throws {
        let text = try written(.logfmt) { log in
            log.info(
                "configuration reloaded",
                ["routes": 12, "file": "sluice.yaml", "by": "a \"b\"\n", "new": true, "none": ""])
        }
        #expect(
            text == "time=2026-02-03T12:00:00.000Z level=info message=\"configuration reloaded\" routes=12 "
                + "file=sluice.yaml by=\"a \\\"b\\\"\\n\" new=true none=\"\"\n")
    }

    @Test("JSON lines parse, whatever the metadata holds")
    func json() throws {
        let text = try written(.json) { log in
            log.error("redis lost", ["host": "a\u{1}\"\\\n", "port": 6379, "tls": false, "ke\"y": "\(1 + 1)"])
            log.debug("too fine")
        }
        let line = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(line["level"] as? String == "error")
        #expect(line["message"] as? String == "redis lost")
        #expect(line["host"] as? String == "a\u{1}\"\\\n")
        #expect(line["port"] as? Int == 6379)
        #expect(line["tls"] as? Bool == false)
        #expect(line["ke\"y"] as? String == "2")
    }

    @Test("a message that repeats is written five times in ten seconds, then with the number left out")
    func repeats() throws {
        let clock = Atomic<Int>(Self.noon)
        let path = temporaryPath()
        defer { unlink(path) }
        let log = try StructuredLog(.file(path)) { clock.load(ordering: .relaxed) }
        func lose() { log.warning("redis lost") }
        for _ in 0..<100 { lose() }
        log.info("another message")
        clock.add(10_000_000, ordering: .relaxed)
        for _ in 0..<2 { lose() }
        let written = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(written.count == 5 + 1 + 2)
        #expect(written[6].hasSuffix("suppressed=95"))
        #expect(!written[7].contains("suppressed"))
        #expect(log.linesDropped == 0)
    }

    @Test("a clock that steps back does not silence a message")
    func clockStepsBack() {
        var limit = RepeatLimit()
        for _ in 0..<RepeatLimit.linesPerWindow { #expect(limit.admit(message: 1, now: 1_000_000_000) == 0) }
        #expect(limit.admit(message: 1, now: 1_000_000_000) == nil)
        #expect(limit.admit(message: 1, now: 5) == 1)
    }

    @Test("an output that takes nothing blocks nobody; lines are counted as dropped")
    func blocked() throws {
        let pipe = Pipe()
        let clock = Atomic<Int>(Self.noon)
        let log = try StructuredLog(.descriptor(pipe.writeEnd), format: .json) {
            clock.add(10_000_000, ordering: .relaxed).newValue
        }
        let text = LogValue.string(String(repeating: "x", count: 500))
        for _ in 0..<1000 { log.info("much to say", ["a": text, "b": text]) }
        #expect(log.linesDropped > 0)
        pipe.closeWriteEnd()
        let taken = lines(of: pipe.readAll())
        #expect(taken.count + log.linesDropped == 1000)
        #expect(taken.allSatisfy(isWhole))
        pipe.closeReadEnd()
    }

    @Test("lines of several threads stay whole")
    func threads() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let clock = Atomic<Int>(Self.noon)
        let log = try StructuredLog(.file(path), format: .json) { clock.add(10_000_000, ordering: .relaxed).newValue }
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<200 { log.info("tick", ["task": .integer(task), "number": .integer(number)]) }
                }
            }
        }
        let written = lines(of: Array(try Data(contentsOf: URL(filePath: path))))
        #expect(written.count == 1600)
        #expect(written.allSatisfy(isWhole))
    }

    private func written(_ format: StructuredLog.Format, _ body: (StructuredLog) -> Void) throws -> String {
        let path = temporaryPath()
        defer { unlink(path) }
        body(try StructuredLog(.file(path), format: format) { Self.noon })
        return try String(contentsOfFile: path, encoding: .utf8)
    }
}
