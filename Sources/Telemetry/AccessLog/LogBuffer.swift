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

    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[..<count])
    }

    package func clear() {
        count = 0
        lineCount = 0
    }

    func endLine() {
        append(UInt8(ascii: "\n"))
        lineCount += 1
    }

    func append(_ byte: UInt8) {
        guard count < Self.capacity else { return }
        storage[count] = byte
        count += 1
    }

    /// Never overruns: callers cap what they append, so the bound is met only if they did not.
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.capacity - count, let source = bytes.baseAddress, let target = storage.baseAddress
        else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func append(_ number: Int) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var start = digits.count
            var rest = number.magnitude
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 { append(UInt8(ascii: "-")) }
            append(UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }
}
