import HTTPWire

/// How tests give bytes to the parsers, and look at what came of them.
func withBytes<Result>(_ bytes: [UInt8], _ body: (Bytes) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBufferPointer { try body($0) }
}

extension RequestHead {
    func parse(_ text: String, limit: Int = 32 * 1024) -> Outcome { parse(Array(text.utf8), limit: limit) }

    func parse(_ bytes: [UInt8], limit: Int = 32 * 1024) -> Outcome { withBytes(bytes) { parse($0, limit: limit) } }

    /// The head as the upstream gets it.
    func forwarded(adding lines: String = "") -> String {
        written(forwardedCapacity(extra: lines.utf8.count)) { writer in
            withBytes(Array(lines.utf8)) { writeForwarded(to: &writer, adding: $0) }
        }
    }
}

extension ResponseHead {
    func parse(_ text: String, answersHEAD: Bool = false, limit: Int = 32 * 1024) -> Outcome {
        withBytes(Array(text.utf8)) { parse($0, answersHEAD: answersHEAD, limit: limit) }
    }

    /// The head as the client gets it.
    func forwarded(adding lines: String = "", isChunked: Bool = false, persistence: Persistence = .unsaid) -> String {
        written(forwardedCapacity(extra: lines.utf8.count)) { writer in
            withBytes(Array(lines.utf8)) {
                writeForwarded(to: &writer, adding: $0, isChunked: isChunked, persistence: persistence)
            }
        }
    }
}

/// What `write` writes into memory of exactly this capacity: one byte too many would trap.
func written(_ capacity: Int, _ write: (inout HeadWriter) -> Void) -> String {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
    defer { memory.deallocate() }
    var writer = HeadWriter(memory)
    write(&writer)
    return String(decoding: memory.prefix(writer.count), as: UTF8.self)
}

/// A request of these field lines.
func request(_ lines: String..., method: String = "POST", version: String = "HTTP/1.1") -> String {
    "\(method) / \(version)\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// SplitMix64: the same numbers for the same seed, on every run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
