/// One log line while it is written: a position in the free part of a buffer. A value on the stack, so that appending
/// needs none of the exclusivity checks that a class's properties have (they were two thirds of a line's cost).
struct LineBytes {
    private let storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(to storage: UnsafeMutableRawBufferPointer) {
        self.storage = storage
    }

    mutating func append(_ byte: UInt8) {
        guard count < storage.count else { return }
        storage[count] = byte
        count += 1
    }

    /// Never overruns: callers cap what they append, so the bound is met only if they did not.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= storage.count - count, let source = bytes.baseAddress, let target = storage.baseAddress
        else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ number: Int) {
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
