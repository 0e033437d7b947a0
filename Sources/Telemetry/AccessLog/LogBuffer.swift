/// Bytes of whole log lines on their way to an output: filled by one owner, then handed over, written, and reused.
///
/// Sendable though mutable, because exactly one side holds it at any time: a worker while filling it, the queue, or the
/// writer thread. Whoever hands it over must not touch it again.
package final class LogBuffer: @unchecked Sendable {
    package static let capacity = 64 * 1024
    /// From here on a buffer is handed over; what remains holds any one line.
    package static let fullMark = 32 * 1024

    private let storage: UnsafeMutableRawBufferPointer
    package private(set) var count = 0
    package private(set) var lineCount = 0

    package init() {
        storage = .allocate(byteCount: Self.capacity, alignment: 16)
    }

    deinit {
        storage.deallocate()
    }

    /// Adds one line, whose bytes `write` appends; the newline is added here.
    func addLine(_ write: (inout LineBytes) -> Void) {
        var line = LineBytes(to: UnsafeMutableRawBufferPointer(rebasing: storage[count...]))
        write(&line)
        line.append(UInt8(ascii: "\n"))
        count += line.count
        lineCount += 1
    }

    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[..<count])
    }

    package func clear() {
        count = 0
        lineCount = 0
    }
}
