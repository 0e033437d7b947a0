extension RequestHead {
    /// Takes all query parameters of this name, compared byte by byte, out of the target.
    package func removeQueryParameters(named name: Bytes) { target.removeParameters(named: name) }

    /// The raw (still percent-encoded) value of the first query parameter of this name, compared byte by byte.
    package func queryValue(_ name: Bytes) -> Bytes? {
        let query = self.query
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == 0x26 {
            let pair = query.slice(start, index &- start)
            start = index &+ 1
            guard pair.count >= name.count, pair.slice(0, name.count).elementsEqual(name) else { continue }
            if pair.count == name.count { return pair.slice(pair.count, 0) }
            if pair[name.count] == 0x3D { return pair.slice(name.count &+ 1, pair.count &- name.count &- 1) }
        }
        return nil
    }
}
