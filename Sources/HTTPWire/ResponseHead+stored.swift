extension ResponseHead {
    /// Appends the field lines that may be kept for later clients: all but those about the connection it came by and the
    /// framing of its body (RFC 9111 §3.1).
    package func appendStorableLines(to lines: inout [UInt8]) {
        let bytes = fields.bytes
        for index in 0..<fields.count {
            let slot = fields.slots[index]
            guard !slot.isDropped, !slot.kind.isRewrittenTowardsClient, slot.kind != .contentLength else { continue }
            lines.append(contentsOf: bytes[Int(slot.start)..<Int(slot.end)])
        }
    }
}
