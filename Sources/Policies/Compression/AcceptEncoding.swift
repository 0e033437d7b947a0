/// Which coding a client takes (RFC 9110 §12.5.3).
package enum AcceptEncoding {
    /// The place of the coding that the client likes best; among equals the first of `offered`. Nil: it is to be sent as it
    /// is.
    /// - Parameter offered: names in lower case.
    package static func choose(_ field: UnsafeBufferPointer<UInt8>, offered: [[UInt8]]) -> Int? {
        var weights = [Int?](repeating: nil, count: offered.count)
        var anyWeight: Int?
        for element in field.split(separator: UInt8(ascii: ",")) {
            let parts = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            let name = trimmed(parts[0]).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
            let weight = weight(parts.dropFirst().first.map { trimmed($0) } ?? [])
            if name == [UInt8(ascii: "*")] {
                anyWeight = weight
            } else if let index = offered.firstIndex(of: name == Array("x-gzip".utf8) ? Array("gzip".utf8) : name) {
                weights[index] = weight
            }
        }
        var best: (index: Int, weight: Int)?
        for index in offered.indices {
            let weight = weights[index] ?? anyWeight ?? 0
            if weight > best?.weight ?? 0 { best = (index, weight) }
        }
        return best?.index
    }

    /// In thousandths; what is no weight counts as none at all, so that nothing is sent that was not clearly asked for.
    private static func weight(_ parameter: [UInt8]) -> Int {
        guard !parameter.isEmpty else { return 1000 }
        guard parameter.count >= 3, parameter[0] | 0x20 == UInt8(ascii: "q"), parameter[1] == UInt8(ascii: "=") else {
            return 0
        }
        return QualityValue.thousandths(parameter.dropFirst(2)) ?? 0
    }

    private static func trimmed(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        Array(bytes.filter { $0 != 0x20 && $0 != 0x09 })
    }
}
