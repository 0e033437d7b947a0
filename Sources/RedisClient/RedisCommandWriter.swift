import NIOCore

/// Writes commands in RESP straight into an output buffer, without a `String` or array between.
package struct RedisCommandWriter {
    package private(set) var buffer = ByteBuffer()
    /// Arguments that the begun command still lacks.
    package private(set) var missing = 0

    package init() {}

    /// Begins a command of this many words (its name counts).
    package mutating func begin(words count: Int) {
        precondition(missing == 0, "the command before lacks \(missing) words")
        missing = count
        writeHeader(UInt8(ascii: "*"), count)
    }

    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @_disfavoredOverload
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        missing -= 1
        writeHeader(UInt8(ascii: "$"), bytes.count)
        buffer.writeBytes(bytes)
        writeLineEnd()
    }

    /// A word of `count` bytes which `body` fills in completely.
    package mutating func append(count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        missing -= 1
        writeHeader(UInt8(ascii: "$"), count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { memory in
            body(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
            return count
        }
        writeLineEnd()
    }

    package mutating func append(_ number: Int) {
        missing -= 1
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { memory in
            let start = Self.writeDigits(of: number, into: memory)
            writeHeader(UInt8(ascii: "$"), memory.count - start)
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: memory[start...]))
        }
        writeLineEnd()
    }

    /// Words that were encoded beforehand by `encoding`.
    package mutating func append(_ encoded: Encoded) {
        missing -= encoded.words
        buffer.writeBytes(encoded.bytes)
    }

    /// Words in RESP, made once and appended often.
    package struct Encoded: Hashable, Sendable {
        fileprivate let bytes: [UInt8]
        package let words: Int
    }

    package static func encoding(_ words: [String]) -> Encoded {
        var writer = RedisCommandWriter()
        writer.missing = words.count
        for word in words { writer.append(word) }
        return Encoded(bytes: Array(writer.buffer.readableBytesView), words: words.count)
    }

    /// Takes all that was written, and goes on with an empty buffer of about the size that was needed.
    mutating func take() -> ByteBuffer {
        let taken = buffer
        buffer = ByteBufferAllocator().buffer(capacity: min(max(taken.readableBytes, 512), 65_536))
        return taken
    }

    /// Whole commands that were written elsewhere.
    mutating func appendCommands(_ commands: ByteBuffer) {
        buffer.writeImmutableBuffer(commands)
    }

    /// Words written apart from any command, for one that is begun when they are known.
    mutating func words(_ count: Int, _ write: (inout RedisCommandWriter) -> Void) -> ByteBuffer {
        buffer.clear()
        missing = count
        write(&self)
        precondition(missing == 0, "\(missing) words were not written")
        return buffer
    }

    /// Words that `words` has written.
    mutating func append(_ words: ByteBuffer, count: Int) {
        missing -= count
        buffer.writeImmutableBuffer(words)
    }

    private mutating func writeHeader(_ mark: UInt8, _ count: Int) {
        withUnsafeTemporaryAllocation(byteCount: 23, alignment: 1) { memory in
            memory[22] = UInt8(ascii: "\n")
            memory[21] = UInt8(ascii: "\r")
            let start = Self.writeDigits(of: count, into: UnsafeMutableRawBufferPointer(rebasing: memory[1..<21])) + 1
            memory[start - 1] = mark
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: memory[(start - 1)...]))
        }
    }

    private mutating func writeLineEnd() {
        buffer.writeInteger(UInt16(0x0D0A))
    }

    /// Writes the number so that it ends where the memory (20 bytes) ends; answers where it starts.
    private static func writeDigits(of number: Int, into memory: UnsafeMutableRawBufferPointer) -> Int {
        var start = memory.count
        var rest = number.magnitude
        repeat {
            start -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            memory[start] = UInt8(ascii: "0") + UInt8(digit)
            rest = quotient
        } while rest > 0
        if number < 0 {
            start -= 1
            memory[start] = UInt8(ascii: "-")
        }
        return start
    }
}

extension ByteBuffer {
    /// The first of the words that stand here in RESP.
    var firstWord: ByteBuffer? {
        let bytes = readableBytesView
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\r")) else { return nil }
        let length = bytes[(bytes.startIndex + 1)..<end].reduce(0) { $0 * 10 + Int($1) - 0x30 }
        return getSlice(at: end + 2, length: length)
    }
}
