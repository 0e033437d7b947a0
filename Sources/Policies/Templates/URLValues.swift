/// Values of templates that know nothing of a request but where it goes: its path, query and host.
package struct URLValues: TemplateValues {
    private let path: UnsafeBufferPointer<UInt8>
    private let query: UnsafeBufferPointer<UInt8>
    private let host: UnsafeBufferPointer<UInt8>

    /// - Parameter path: normalised, as the route was matched by.
    package init(
        path: UnsafeBufferPointer<UInt8>, query: UnsafeBufferPointer<UInt8> = .init(start: nil, count: 0),
        host: UnsafeBufferPointer<UInt8> = .init(start: nil, count: 0)
    ) {
        self.path = path
        self.query = query
        self.host = host
    }

    /// Whether a reference is to something that it has.
    package static func has(_ reference: RequestReference) -> Bool {
        switch reference {
        case .segment, .rest, .path, .query, .host: true
        default: false
        }
    }

    package func withValue(
        of reference: RequestReference, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void
    ) {
        switch reference {
        case .segment(let index): if let segment = PathText.segment(index, of: path) { body(segment, .percent) }
        case .rest(let index): if let rest = PathText.rest(from: index, of: path) { body(rest, .percent) }
        case .path: body(path, .percent)
        case .query(var name):
            if let value = name.withUTF8({ QueryText.value(of: $0, in: query) }) { body(value, .form) }
        case .host: if !host.isEmpty { body(host, .plain) }
        default: return
        }
    }
}

/// Segments of a path.
package enum PathText {
    /// A segment of a path, counted from 0; nil if the path has no such, or an empty one.
    package static func segment(
        _ wanted: Int, of path: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8>? {
        guard let start = start(of: wanted, in: path) else { return nil }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end &+= 1 }
        return end > start ? UnsafeBufferPointer(rebasing: path[start..<end]) : nil
    }

    /// All of a path from a segment on; nil if the path ends before it.
    package static func rest(
        from wanted: Int, of path: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8>? {
        start(of: wanted, in: path).map { UnsafeBufferPointer(rebasing: path[$0...]) }
    }

    private static func start(of wanted: Int, in path: UnsafeBufferPointer<UInt8>) -> Int? {
        var slashes = 0
        for index in 0..<path.count where path[index] == UInt8(ascii: "/") {
            if slashes == wanted { return index &+ 1 }
            slashes &+= 1
        }
        return nil
    }
}

/// Parameters of a query (`a=1&b=2`) by their names.
package enum QueryText {
    /// Whether the encoded name is this one.
    package static func isName(_ encoded: UnsafeBufferPointer<UInt8>, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        if encoded.count == name.count { return encoded.elementsEqual(name) }
        guard encoded.count > name.count, encoded.contains(UInt8(ascii: "%")) else { return false }
        var decoded: [UInt8] = []
        PercentText.appendDecoded(encoded, to: &decoded, plusIsSpace: true)
        return decoded.elementsEqual(name)
    }

    /// Of the first parameter of this name, whose own spelling may be encoded.
    package static func value(
        of name: UnsafeBufferPointer<UInt8>, in query: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8>? {
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == UInt8(ascii: "&") {
            let pair = UnsafeBufferPointer(rebasing: query[start..<index])
            start = index &+ 1
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            guard isName(UnsafeBufferPointer(rebasing: pair[..<equals]), name) else { continue }
            return UnsafeBufferPointer(rebasing: equals < pair.count ? pair[(equals + 1)...] : pair[equals...])
        }
        return nil
    }
}
