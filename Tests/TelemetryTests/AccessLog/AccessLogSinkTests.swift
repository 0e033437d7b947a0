import Foundation
import Testing

@testable import Telemetry

@Suite("Access log sink")
struct AccessLogSinkTests {
    @Test("lines of several workers all arrive in the file, none torn")
    func severalWorkers() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let sink = try AccessLogSink(.file(path))
        await withTaskGroup { group in
            for worker in 0..<4 { group.addTask { writeLines(1000, "worker-\(worker)", to: sink) } }
        }
        #expect(sink.close(withinMilliseconds: 10_000))
        let written = lines(of: Array(try Data(contentsOf: URL(filePath: path))))
        #expect(written.count == 4000)
        #expect(written.allSatisfy(isWhole))
        #expect(sink.statistics == AccessLogStatistics(linesWritten: 4000, linesDropped: 0))
    }

    @Test("a pipe that nobody reads never blocks a worker; what does not fit is dropped and counted")
    func blockedPipe() throws {
        let pipe = Pipe()
        let sink = try AccessLogSink(.descriptor(pipe.writeEnd))
        let total = 60_000
        writeLines(total, "worker", to: sink)
        let before = sink.statistics
        // 60,000 lines are about twice what queue and pipe hold.
        #expect(before.linesDropped > 0)
        let start = ContinuousClock.now
        #expect(!sink.close(withinMilliseconds: 50))
        #expect(ContinuousClock.now - start < .seconds(5))
        let after = sink.statistics
        #expect(after.linesWritten + after.linesDropped == total)
        #expect(after.linesWritten > 0)
        pipe.closeWriteEnd()
        let taken = lines(of: pipe.readAll())
        #expect(taken.count == after.linesWritten)
        #expect(taken.allSatisfy(isWhole))
        pipe.closeReadEnd()
    }

    @Test("a slow reader gets every line that was not dropped, whole")
    func slowReader() async throws {
        let pipe = Pipe()
        let sink = try AccessLogSink(.descriptor(pipe.writeEnd))
        let reader = pipe.startReading()
        writeLines(40_000, "worker", to: sink)
        sink.close(withinMilliseconds: 20_000)
        pipe.closeWriteEnd()
        let statistics = sink.statistics
        let whole = lines(of: await reader.taken())
        #expect(whole.count == statistics.linesWritten)
        #expect(statistics.linesWritten + statistics.linesDropped == 40_000)
        #expect(whole.allSatisfy(isWhole))
        pipe.closeReadEnd()
    }

    @Test("two processes' worth of sinks share one pipe without mixing lines")
    func sharedPipe() async throws {
        let pipe = Pipe()
        let reader = pipe.startReading()
        let sinks = try [AccessLogSink(.descriptor(pipe.writeEnd)), AccessLogSink(.descriptor(pipe.writeEnd))]
        await withTaskGroup { group in
            for (number, sink) in sinks.enumerated() {
                group.addTask {
                    writeLines(5000, "node-\(number)", to: sink)
                    sink.close(withinMilliseconds: 20_000)
                }
            }
        }
        pipe.closeWriteEnd()
        let whole = lines(of: await reader.taken())
        #expect(whole.count == 10_000)
        #expect(whole.allSatisfy(isWhole))
        pipe.closeReadEnd()
    }

    @Test("a reader that went away costs lines, not the process")
    func brokenPipe() throws {
        let pipe = Pipe()
        let sink = try AccessLogSink(.descriptor(pipe.writeEnd))
        pipe.closeReadEnd()
        writeLines(1000, "worker", to: sink)
        #expect(!sink.close(withinMilliseconds: 5000))
        #expect(sink.statistics == AccessLogStatistics(linesWritten: 0, linesDropped: 1000))
        pipe.closeWriteEnd()
    }

    @Test("after a rename and reopen, lines go to a new file, and none is lost")
    func reopening() throws {
        let path = temporaryPath()
        let rotated = path + ".1"
        defer { for path in [path, rotated] { unlink(path) } }
        let sink = try AccessLogSink(.file(path))
        writeLines(10, "before", to: sink)
        rename(path, rotated)
        try sink.reopen()
        writeLines(10, "after", to: sink)
        #expect(sink.close(withinMilliseconds: 5000))
        let old = try Data(contentsOf: URL(filePath: rotated))
        let new = try Data(contentsOf: URL(filePath: path))
        #expect(lines(of: Array(old + new)).count == 20)
        #expect(String(decoding: new, as: UTF8.self).contains("after"))
        #expect(!String(decoding: old, as: UTF8.self).contains("after"))
    }

    @Test("a file that can't be opened is refused with its reason, at the start and at a reopen")
    func unopenable() throws {
        let error = #expect(throws: LogOutputFailure.self) { try AccessLogSink(.file("/nonexistent/access.log")) }
        #expect(error?.reason.contains("No such file or directory") == true)
        let fifo = temporaryPath()
        defer { unlink(fifo) }
        #expect(mkfifo(fifo, 0o600) == 0)
        let unread = #expect(throws: LogOutputFailure.self) { try AccessLogSink(.file(fifo)) }
        #expect(unread?.reason.contains("nobody reads") == true)
    }

    @Test("a full disk costs lines, and is counted", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func fullDisk() throws {
        let sink = try AccessLogSink(.file("/dev/full"))
        writeLines(100, "worker", to: sink)
        #expect(!sink.close(withinMilliseconds: 5000))
        #expect(sink.statistics == AccessLogStatistics(linesWritten: 0, linesDropped: 100))
    }

    @Test("after close, lines are counted as dropped and a second close returns at once")
    func afterClose() throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let sink = try AccessLogSink(.file(path))
        #expect(sink.close(withinMilliseconds: 5000))
        writeLines(3, "late", to: sink)
        #expect(!sink.close(withinMilliseconds: 5000))
        #expect(sink.statistics.linesDropped == 3)
    }
}

/// What a worker would write, with its final flush.
private func writeLines(_ count: Int, _ consumer: String, to sink: AccessLogSink) {
    let log = AccessLog(sink: sink)
    var record = AccessLogRecord()
    record.consumer = consumer
    record.route = "users"
    "/api/users/\u{1F600}".withBytes { path in
        record.path = path
        for number in 0..<count {
            record.durationMicroseconds = number
            log.write(record)
            if number % 500 == 0 { log.flush() }
        }
    }
    log.close()
}
