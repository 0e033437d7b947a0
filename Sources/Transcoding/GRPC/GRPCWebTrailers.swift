/// The trailers of a gRPC-Web answer: a last frame of the body, written as HTTP/1.1 header lines in lower case
/// (gRPC-Web protocol differences).
package enum GRPCWebTrailers {
    package typealias Field = (name: [UInt8], value: [UInt8])

    package static func frame(_ fields: some Sequence<Field>) -> GRPCFrame {
        var content: [UInt8] = []
        for field in fields {
            content += field.name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            content += ": ".utf8
            // A line break in a value would begin a field of someone else's choice.
            content += field.value.filter { $0 != 0x0D && $0 != 0x0A && $0 != 0 }
            content += "\r\n".utf8
        }
        return GRPCFrame(flags: 0x80, content: content)
    }

    /// Nil where a line is no field.
    package static func parse(_ content: [UInt8]) -> [Field]? {
        var fields: [Field] = []
        for line in content.split(separator: 0x0A) {
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.isEmpty { continue }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return nil }
            let value = line[colon...].dropFirst().drop { $0 == 0x20 || $0 == 0x09 }
            fields.append((Array(line[..<colon]), Array(value)))
        }
        return fields
    }
}
