/// Where in the path the parameters of the matched route are, in the order of `PathPattern.parameterNames`.
///
/// Meant to be kept and filled again for each request: it has its places within itself and never allocates.
package struct PathCaptures: Sendable {
    /// A path pattern has at most so many parameters.
    package static let capacity = 16

    /// A parameter's bytes within the path, still percent-encoded; never empty.
    package struct Place: Hashable, Sendable {
        package let start: Int
        package let length: Int
        package var range: Range<Int> { start..<start + length }
    }

    package private(set) var count = 0
    private var places = InlineArray<16, (start: UInt32, length: UInt32)>(repeating: (0, 0))

    package init() {}

    /// The place of the parameter at `index`, which is below `count`.
    package subscript(index: Int) -> Place {
        Place(start: Int(places[index].start), length: Int(places[index].length))
    }

    mutating func removeAll() { count = 0 }
    mutating func removeLast() { count -= 1 }

    mutating func append(_ range: Range<Int>) {
        places[count] = (UInt32(truncatingIfNeeded: range.lowerBound), UInt32(truncatingIfNeeded: range.count))
        count += 1
    }
}
