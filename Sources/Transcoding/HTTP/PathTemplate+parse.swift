/// Reading templates, once, when the configuration is loaded.
extension PathTemplate {
    private static let maximumSegments = 64

    package init(parsing text: String) throws(DescriptorFailure) {
        var parser = Parser(text: text, rest: Substring(text).utf8)
        try parser.parse()
        segments = parser.segments
        variables = parser.variables
        verb = parser.verb
    }

    private struct Parser {
        let text: String
        var rest: Substring.UTF8View
        var segments: [Segment] = []
        var variables: [Variable] = []
        var verb: [UInt8]?

        mutating func parse() throws(DescriptorFailure) {
            guard take("/") else { throw failure("must begin with \"/\"") }
            repeat { try parseSegment() } while take("/")
            if take(":") {
                let verb = takeLiteral(isVerb: true)
                guard !verb.isEmpty else { throw failure("has nothing behind \":\"") }
                self.verb = verb
            }
            guard rest.isEmpty else { throw failure("has something that is no segment near its end") }
            guard !segments.dropLast().contains(.rest) else {
                throw failure("may have \"**\" only as its last segment")
            }
            guard Set(variables.map(\.fieldPath)).count == variables.count else {
                throw failure("names a field twice")
            }
        }

        private mutating func parseSegment(inVariable: Bool = false) throws(DescriptorFailure) {
            guard segments.count < maximumSegments else { throw failure("has more than \(maximumSegments) segments") }
            if take("*") {
                segments.append(take("*") ? .rest : .one)
            } else if !inVariable, take("{") {
                try parseVariable()
            } else {
                let literal = takeLiteral(isVerb: false)
                guard !literal.isEmpty, let decoded = PercentCoding.decode(literal) else {
                    throw failure("has an empty segment or a wrong percent-encoding")
                }
                segments.append(.literal(decoded))
            }
        }

        private mutating func parseVariable() throws(DescriptorFailure) {
            let start = segments.count
            var name: [UInt8] = []
            while let byte = rest.first, byte != UInt8(ascii: "="), byte != UInt8(ascii: "}") {
                name.append(byte)
                rest.removeFirst()
            }
            guard !name.isEmpty else { throw failure("has a variable without a field") }
            if take("=") {
                repeat { try parseSegment(inVariable: true) } while take("/")
            } else {
                segments.append(.one)
            }
            guard take("}") else { throw failure("has a variable without its \"}\"") }
            variables.append(
                Variable(fieldPath: String(decoding: name, as: UTF8.self), segments: start..<segments.count))
        }

        /// A literal ends at what has a meaning of its own; a `:` begins the verb only in the last segment.
        private mutating func takeLiteral(isVerb: Bool) -> [UInt8] {
            var literal: [UInt8] = []
            while let byte = rest.first, !"/{}*=?#".utf8.contains(byte) {
                if byte == UInt8(ascii: ":"), isVerb || !rest.contains(UInt8(ascii: "/")) { break }
                literal.append(byte)
                rest.removeFirst()
            }
            return literal
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        private func failure(_ reason: String) -> DescriptorFailure {
            DescriptorFailure("the path template \"\(text)\" \(reason); expected e.g. /v1/{name=shelves/*}/books:list")
        }
    }
}
