import Foundation

/// A pipe to use as an output: left unread it blocks, as a stuck log collector would.
final class Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    func closeReadEnd() { close(readEnd) }
    func closeWriteEnd() { close(writeEnd) }

    /// Reads on a thread of its own: sinks under test block the few threads that tasks share.
    func startReading() -> PipeReader {
        let reader = PipeReader()
        Thread { reader.finish(self.readAll()) }.start()
        return reader
    }

    /// Everything until the write end is closed.
    func readAll() -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(readEnd, &chunk, chunk.count)
            guard count > 0 else { return all }
            all += chunk.prefix(count)
        }
    }
}

/// What a reading thread got, once it is done.
final class PipeReader: Sendable {
    private let bytes: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation

    init() {
        (bytes, continuation) = AsyncStream.makeStream()
    }

    func finish(_ taken: [UInt8]) {
        continuation.yield(taken)
        continuation.finish()
    }

    func taken() async -> [UInt8] {
        await bytes.first { _ in true } ?? []
    }
}

func isWhole(_ line: some Collection<UInt8>) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(line))) is [String: Any]
}

func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString).log").path
}

func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    bytes.split(separator: 0x0A)
}
