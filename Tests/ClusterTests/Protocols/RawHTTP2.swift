import Foundation
import TestSupport

/// HTTP/2 by hand: frames as an honest library would never send them.
final class RawHTTP2 {
    let connection: RawConnection

    struct Frame {
        var type: UInt8
        var flags: UInt8
        var stream: Int
        var payload: [UInt8]
    }

    /// `GET / HTTP/2` with `:authority: a`, by the static table of HPACK (RFC 7541).
    static let get: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x01, 0x61]

    init(port: Int) throws {
        connection = try RawConnection(port: port)
        try connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        try send(type: 4, stream: 0)
    }

    static func frame(type: UInt8, flags: UInt8 = 0, stream: Int, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        let head: [UInt8] = [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
        return head + [24, 16, 8, 0].map { UInt8(stream >> $0 & 255) } + payload
    }

    func send(type: UInt8, flags: UInt8 = 0, stream: Int, _ payload: [UInt8] = []) throws {
        try connection.send(Self.frame(type: type, flags: flags, stream: stream, payload))
    }

    func read() throws -> Frame {
        let head = try connection.read(exactly: 9)
        let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        let stream = head[5...8].reduce(0) { $0 << 8 | Int($1) }
        return Frame(type: head[3], flags: head[4], stream: stream, payload: try connection.read(exactly: length))
    }

    /// The next frame of this type; others are passed over.
    func read(type: UInt8) throws -> Frame {
        while true {
            let frame = try read()
            if frame.type == type { return frame }
        }
    }

    /// The code of the GOAWAY that ends the connection.
    func goAwayCode() throws -> Int {
        let payload = try read(type: 7).payload
        return payload[4..<8].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The code of the next RST_STREAM.
    func resetCode() throws -> Int { try read(type: 3).payload.reduce(0) { $0 << 8 | Int($1) } }
}
