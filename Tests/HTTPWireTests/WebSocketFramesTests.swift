import Testing

@testable import HTTPWire

@Suite("The frames of a WebSocket (RFC 6455 §5.2)")
struct WebSocketFramesTests {
    private func frame(_ length: Int, masked: Bool) -> [UInt8] {
        let mask: UInt8 = masked ? 0x80 : 0
        var head: [UInt8] = [0x82]
        switch length {
        case ..<126: head.append(mask | UInt8(length))
        case ..<65536: head += [mask | 126, UInt8(length >> 8), UInt8(length & 255)]
        default: head += [mask | 127] + stride(from: 56, through: 0, by: -8).map { UInt8(length >> $0 & 255) }
        }
        return head + (masked ? [1, 2, 3, 4] : []) + [UInt8](repeating: 0x88, count: length)
    }

    @Test("their ends are found, however the bytes are cut")
    func ends() {
        for _ in 0..<200 {
            var bytes: [UInt8] = []
            var ends: Set<Int> = [0]
            for _ in 0..<5 {
                bytes += frame([0, 1, 125, 126, 300, 65535, 65536].randomElement() ?? 0, masked: .random())
                ends.insert(bytes.count)
            }
            var frames = WebSocketFrames()
            var offset = 0
            while offset < bytes.count {
                let next = min(offset + Int.random(in: 1...5000), bytes.count)
                bytes[offset..<next].withUnsafeBufferPointer { frames.follow($0) }
                offset = next
                #expect(frames.isBetweenFrames == ends.contains(offset))
            }
        }
    }

    @Test("lengths that no frame has do no harm")
    func extremes() {
        var frames = WebSocketFrames()
        let bytes = [0x82, 0x7F] + [UInt8](repeating: 0xFF, count: 5000)
        bytes.withUnsafeBufferPointer { frames.follow($0) }
        #expect(!frames.isBetweenFrames)
    }
}
