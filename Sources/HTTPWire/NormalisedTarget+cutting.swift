extension NormalisedTarget {
    /// Takes out what only the gateway is to see; what comes after this sees a target without it.
    /// - Parameters:
    ///   - range: of the path, from one slash to the next or to its end; nil: nothing.
    ///   - parameters: of the query, by their names.
    func cut(_ range: Range<Int>?, parameters: [[UInt8]]) {
        let hasParameters = !parameters.isEmpty && !query.isEmpty
        guard range != nil || hasParameters else { return }
        keepWhole()
        let path = wholePath.slice(0, wholePath.count)
        rebuild { output in
            if let range, range.upperBound <= path.count {
                output.append(path.slice(0, range.lowerBound))
                output.append(path.slice(range.upperBound, path.count &- range.upperBound))
                if output.isEmpty { output.append(0x2F) }
            } else {
                output.append(path)
            }
        } query: { output in
            appendQuery(wholeQuery, without: parameters, to: output)
        }
    }

    private func appendQuery(_ query: Bytes, without parameters: [[UInt8]], to output: ByteBuilder) {
        guard !query.isEmpty else { return }
        var isFirst = true
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == 0x26 {
            let pair = query.slice(start, index &- start)
            start = index &+ 1
            let name = pair.firstIndex(of: 0x3D).map { pair.slice(0, $0) } ?? pair
            guard !parameters.contains(where: { name.elementsEqual($0) }) else { continue }
            output.append(isFirst ? 0x3F : 0x26)
            output.append(pair)
            isFirst = false
        }
    }
}

extension RequestHead {
    /// See `NormalisedTarget.cut`.
    package func cutTarget(_ range: Range<Int>?, parameters: [[UInt8]]) { target.cut(range, parameters: parameters) }

    /// The path as the client wrote it, in normal form.
    package var clientPath: Bytes { target.wholePath }
}
