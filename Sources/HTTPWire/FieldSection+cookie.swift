extension FieldSection {
    /// The value of the first cookie of this name: `name=value` pairs, apart by `; ` (RFC 6265 §4.2.1). Names have a case.
    package func cookie(_ name: Bytes) -> Bytes? {
        for index in 0..<count where slots[index].kind == .cookie {
            if let value = Self.cookie(name, in: value(index)) { return value }
        }
        return nil
    }

    /// The same, without quotes around it.
    package func cookieValue(_ name: Bytes) -> Bytes? {
        guard let value = cookie(name) else { return nil }
        let isQuoted = value.count >= 2 && value[0] == 0x22 && value[value.count &- 1] == 0x22
        return isQuoted ? value.slice(1, value.count &- 2) : value
    }

    private static func cookie(_ name: Bytes, in line: Bytes) -> Bytes? {
        var start = 0
        for index in 0...line.count where index == line.count || line[index] == 0x3B {
            let pair = line.slice(start, index &- start).trimmed
            start = index &+ 1
            guard pair.count > name.count, pair[name.count] == 0x3D, pair.slice(0, name.count).elementsEqual(name)
            else { continue }
            return pair.slice(name.count &+ 1, pair.count &- name.count &- 1)
        }
        return nil
    }
}
