/// Which bytes may stand where in HTTP: one table of flags, read by index, so that a check costs one load.
package enum CharacterClass {
    /// `tchar` of RFC 9110 §5.6.2: field names and methods.
    static let token: UInt8 = 1
    /// Bytes of a path that need no rewriting: `pchar` of RFC 3986 §3.3 without `%`, and `/`.
    static let path: UInt8 = 2
    /// Bytes allowed in a host with port, RFC 9110 §7.2 (reg-name, IP literal).
    static let host: UInt8 = 4
    /// `unreserved` of RFC 3986 §2.3: percent-encoding them changes nothing, so it is undone.
    static let unreserved: UInt8 = 8

    /// Read-only after initialisation; never freed.
    nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        table.initialize(repeating: 0, count: 256)
        let alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        func mark(_ flag: UInt8, _ characters: String) { for byte in characters.utf8 { table[Int(byte)] |= flag } }
        mark(token, "!#$%&'*+-.^_`|~" + alphanumeric)
        mark(path, "/-._~!$&'()*+,;=:@" + alphanumeric)
        mark(host, "-._~!$&'()*+,;=:[]%" + alphanumeric)
        mark(unreserved, "-._~" + alphanumeric)
        return UnsafePointer(table)
    }()

    /// Whether all bytes are `tchar` and there is at least one.
    package static func isToken(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { table[Int($0)] & token != 0 }
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x37
        case 0x61...0x66: byte &- 0x57
        default: nil
        }
    }
}
