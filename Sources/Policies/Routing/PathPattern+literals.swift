/// Literal segments are compared byte by byte with normalised paths (RFC 3986, 6.2.2), so one that is not in normal form
/// could never match: such a route is refused with the spelling that works, instead of being silently dead.
extension PathPattern {
    static func checkLiteral(_ piece: Substring) throws(Malformed) {
        let bytes = Array(piece.utf8)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                try checkTriplet(bytes[index...].prefix(3))
                index += 3
            case UInt8(ascii: "?"):
                throw Malformed(reason: "a path ends before \"?\"; conditions on the query are written under \"query\"")
            case UInt8(ascii: "#"):
                throw Malformed(reason: "a path has no \"#\": a fragment never reaches the server")
            case UInt8(ascii: "*"):
                throw Malformed(
                    reason: "\"\(piece)\": write {name} for one segment, or \"**\" as the last segment for all below")
            case let byte where isPathCharacter(byte):
                index += 1
            default:
                let character = piece.first { $0.utf8.contains(bytes[index]) } ?? " "
                throw Malformed(
                    reason: "\"\(character)\" comes percent-encoded in a path; write \(percentEncoded(character))")
            }
        }
    }

    private static func checkTriplet(_ triplet: ArraySlice<UInt8>) throws(Malformed) {
        let text = String(decoding: triplet, as: UTF8.self)
        let digits = triplet.dropFirst().compactMap(hexadecimalDigit)
        guard digits.count == 2 else {
            throw Malformed(reason: "\"%\" is followed by two hexadecimal digits; write %25 for the character itself")
        }
        let byte = digits[0] << 4 | digits[1]
        guard !isUnreserved(byte) else {
            throw Malformed(
                reason: "\(text) is decoded before a request is matched; write \"\(Unicode.Scalar(byte))\" instead")
        }
        guard text == percentEncoded(byte) else {
            throw Malformed(
                reason: "percent-encoding is compared in upper case; write \(percentEncoded(byte)), not \(text)")
        }
    }

    /// RFC 3986, 3.3: pchar without percent-encoding.
    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || "!$&'()*+,;=:@".utf8.contains(byte)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func percentEncoded(_ character: Character) -> String {
        character.utf8.map(percentEncoded).joined()
    }

    private static func percentEncoded(_ byte: UInt8) -> String {
        "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
