import Glibc
import Synchronization

/// What became of the access log's lines.
package struct AccessLogStatistics: Hashable, Sendable {
    package var linesWritten: Int
    package var linesDropped: Int

    package init(linesWritten: Int = 0, linesDropped: Int = 0) {
        self.linesWritten = linesWritten
        self.linesDropped = linesDropped
    }
}

/// The process' end of the access log: takes full buffers from workers and writes them on a thread of its own.
///
/// A worker only ever swaps its buffer under a lock held for a few instructions. When 4 MiB wait because the output is
/// slow or stuck, further buffers are dropped and their lines counted: the log may have gaps, requests never wait.
package final class AccessLogSink: Sendable {
    /// 64 buffers of 64 KiB, the one being written included.
    package static let maximumQueuedBytes = 4 * 1024 * 1024
    private static let maximumBuffers = maximumQueuedBytes / LogBuffer.capacity
    private static let maximumSpareBuffers = 8

    private struct State {
        var queue: [LogBuffer] = []
        var spares: [LogBuffer] = []
        var isWriting = false
        var isClosing = false
        var nextOutput: LogOutput?
        var statistics = AccessLogStatistics()
    }

    private enum Step {
        case write(LogBuffer)
        case sleep
        case stop
    }

    private let destination: LogDestination
    private let state: Mutex<State>
    private let waitingBuffers = Atomic<Int>(0)
    /// By the monotonic clock in milliseconds; until then the writer may wait for its output.
    private let writingEnd = Atomic<Int>(Int.max)
    private let work = Semaphore()
    private let finished = Semaphore()

    package init(_ destination: LogDestination) throws(LogOutputFailure) {
        let output = try LogOutput(destination)
        self.destination = destination
        self.state = Mutex(State())
        state.withLock { $0.nextOutput = output }
        guard Self.startThread(running: self) else {
            throw LogOutputFailure(
                reason: "the access log's thread can't be started: \(String(cString: strerror(errno)))")
        }
    }

    package var statistics: AccessLogStatistics {
        state.withLock { $0.statistics }
    }

    /// Whether the output has not kept up with what was handed over.
    package var isBehind: Bool { waitingBuffers.load(ordering: .relaxed) > 1 }

    /// Takes a filled buffer and returns an empty one; the caller gives up the first. Never blocks.
    package func exchange(_ filled: LogBuffer) -> LogBuffer {
        let spare = state.withLock { state -> LogBuffer? in
            let pending = state.queue.count + (state.isWriting ? 1 : 0)
            guard !state.isClosing, pending < Self.maximumBuffers else {
                state.statistics.linesDropped += filled.lineCount
                filled.clear()
                return filled
            }
            state.queue.append(filled)
            return state.spares.popLast()
        }
        if spare === filled { return filled }
        waitingBuffers.add(1, ordering: .relaxed)
        work.signal()
        return spare ?? LogBuffer()
    }

    /// Opens the destination again, after its file was renamed (SIGHUP). Buffers handed over from now on go to the new
    /// file. Where it can't be opened, the old one is kept and the reason thrown.
    package func reopen() throws(LogOutputFailure) {
        let output = try LogOutput(destination)
        state.withLock { $0.nextOutput = output }
    }

    /// Writes what was handed over, for at most `milliseconds`, and ends the thread; what is left then is counted as
    /// dropped. Buffers that come later are dropped as well. Returns whether every line was written.
    @discardableResult
    package func close(withinMilliseconds milliseconds: Int) -> Bool {
        let wasClosing = state.withLock { state in
            defer { state.isClosing = true }
            return state.isClosing
        }
        guard !wasClosing else { return statistics.linesDropped == 0 }
        writingEnd.store(Self.monotonicMilliseconds + milliseconds, ordering: .releasing)
        work.signal()
        // A file on a dead disk or mount may hold the thread beyond any bound; then it is left behind.
        guard finished.wait(milliseconds: milliseconds + 250) else { return false }
        return statistics.linesDropped == 0
    }
}

extension AccessLogSink {
    private static var monotonicMilliseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private static func startThread(running sink: AccessLogSink) -> Bool {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(sink)
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<AccessLogSink>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard failure == 0 else {
            context.release()
            errno = failure
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func run() {
        // Signals are for the main thread; and a reader that went away must give EPIPE here, not end the process.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        var output: LogOutput?
        while true {
            switch nextStep(&output) {
            case .write(let buffer): write(buffer, to: output)
            case .sleep: work.wait()
            case .stop:
                finished.signal()
                return
            }
        }
    }

    private func nextStep(_ output: inout LogOutput?) -> Step {
        state.withLock { state in
            if let next = state.nextOutput {
                output = next
                state.nextOutput = nil
            }
            guard !state.queue.isEmpty else { return state.isClosing ? .stop : .sleep }
            state.isWriting = true
            return .write(state.queue.removeFirst())
        }
    }

    private func write(_ buffer: LogBuffer, to output: LogOutput?) {
        let mayWait = { Self.monotonicMilliseconds < self.writingEnd.load(ordering: .acquiring) }
        let written = output?.write(buffer.bytes, mayWait: mayWait) ?? 0
        let isDone = written == buffer.count
        let whole = isDone ? buffer.lineCount : buffer.bytes[..<written].count { $0 == UInt8(ascii: "\n") }
        let lost = buffer.lineCount - whole
        buffer.clear()
        waitingBuffers.subtract(1, ordering: .relaxed)
        state.withLock { state in
            state.isWriting = false
            state.statistics.linesWritten += whole
            state.statistics.linesDropped += lost
            if state.spares.count < Self.maximumSpareBuffers { state.spares.append(buffer) }
        }
    }
}
