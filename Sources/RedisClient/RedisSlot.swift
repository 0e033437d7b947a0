/// One of the 16,384 parts that the keys of a Redis Cluster are divided into.
package struct RedisSlot: Hashable, Sendable {
    package static let count = 16_384
    package let number: UInt16

    package init?(number: UInt16) {
        guard number < Self.count else { return nil }
        self.number = number
    }

    /// The slot of a key: of what stands between its first `{` and the next `}`, if that is anything, else of all of it.
    package init(of key: UnsafeRawBufferPointer) {
        var part = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            part = key[(open + 1)..<close]
        }
        var crc: UInt16 = 0
        for byte in part { crc = crc << 8 ^ Self.table[Int(crc >> 8 ^ UInt16(byte))] }
        number = crc & 0x3FFF
    }

    package init(of key: String) {
        var key = key
        self = key.withUTF8 { RedisSlot(of: UnsafeRawBufferPointer($0)) }
    }

    /// CRC-16/XMODEM, as the specification of Redis Cluster has it.
    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
}
