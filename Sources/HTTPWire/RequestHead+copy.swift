/// For requests of the gateway's own that carry a client's fields.
extension RequestHead {
    /// Appends the client's field lines as they came, those that are not to be forwarded apart, and a `Host` if it said
    /// otherwise whom it means.
    /// - Parameter isKept: of a field, by its place.
    package func appendFields(to head: inout [UInt8], hasHost: Bool = true, where isKept: (_ index: Int) -> Bool) {
        if hasHost, fields.first(.host) == nil {
            head += "Host: ".utf8
            head += host
            head += "\r\n".utf8
        }
        for index in 0..<fields.count where !fields.slots[index].isDropped && isKept(index) {
            let slot = fields.slots[index]
            head += fields.bytes.slice(Int(slot.start), Int(slot.end) - Int(slot.start))
        }
    }
}
