/// Many short byte strings in one array, so that comparing with any of them follows no pointer and retains nothing.
struct ByteArena: Sendable {
    struct Piece: Sendable {
        let start: Int32
        let length: Int32
    }

    private var bytes: [UInt8] = []

    mutating func add(_ text: String) -> Piece {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return Piece(start: Int32(start), length: Int32(bytes.count - start))
    }

    func with<Result>(_ piece: Piece, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { all in
            body(UnsafeBufferPointer(rebasing: all[Int(piece.start)..<Int(piece.start) + Int(piece.length)]))
        }
    }

    func equals(_ piece: Piece, _ other: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count == Int(piece.length) else { return false }
        return bytes.withUnsafeBufferPointer { all in
            for offset in 0..<range.count where all[Int(piece.start) + offset] != other[range.lowerBound + offset] {
                return false
            }
            return true
        }
    }

    /// The same without regard to ASCII case; the piece is in lower case.
    func equalsIgnoringCase(_ piece: Piece, _ other: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count == Int(piece.length) else { return false }
        return bytes.withUnsafeBufferPointer { all in
            for offset in 0..<range.count
            where all[Int(piece.start) + offset] != lowerCased(other[range.lowerBound + offset]) {
                return false
            }
            return true
        }
    }
}

/// ASCII only: host names and field names have no other letters.
@inline(__always)
func lowerCased(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }
