/// Follows the frames of a WebSocket in one direction (RFC 6455 §5.2), as far as to know where one ends: between two frames
/// another may be put.
package struct WebSocketFrames {
    /// Of the frame that is passing: bytes of its head so far, and bytes of its payload still to come.
    private var headLength = 0
    private var headNeeds = 2
    private var lengthBytes = 0
    private var payload: UInt64 = 0

    package init() {}

    package var isBetweenFrames: Bool { headLength == 0 && payload == 0 }

    package mutating func follow(_ bytes: Bytes) {
        var index = 0
        while index < bytes.count {
            if headLength == 0, payload > 0 {
                let count = min(payload, UInt64(bytes.count - index))
                payload -= count
                index += Int(count)
            } else {
                takeHead(bytes[index])
                index += 1
            }
        }
    }

    private mutating func takeHead(_ byte: UInt8) {
        headLength += 1
        switch headLength {
        case 1: headNeeds = 2
        case 2:
            let short = byte & 0x7F
            lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
            payload = lengthBytes == 0 ? UInt64(short) : 0
            headNeeds = 2 + lengthBytes + (byte & 0x80 == 0 ? 0 : 4)
        default:
            // The mask, behind the length, is of no interest here.
            if headLength <= 2 + lengthBytes { payload = payload << 8 | UInt64(byte) }
        }
        if headLength > 1, headLength == headNeeds { headLength = 0 }
    }

    /// `Close` from the server's side with code 1001, "going away" (RFC 6455 §7.4.1).
    package static let goingAway: [UInt8] = [0x88, 0x02, 0x03, 0xE9]
}
