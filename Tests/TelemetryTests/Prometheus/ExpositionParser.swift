/// Reads the text exposition format 0.0.4 back, strictly enough to notice what Prometheus would refuse.
struct ExpositionParser {
    struct Malformed: Error {
        let line: String
        let reason: String
    }

    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(line: "", reason: "no newline at the end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("#") { try readComment(line) } else { try readSample(line) }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func readComment(_ line: String) throws {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count == 4 else { throw Malformed(line: line, reason: "a comment of fewer than four words") }
        guard words[1] == "TYPE" else { return }
        guard types.updateValue(words[3], forKey: words[2]) == nil else {
            throw Malformed(line: line, reason: "a second TYPE")
        }
    }

    private mutating func readSample(_ line: String) throws {
        var rest = Substring(line)
        let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" })
        rest.removeFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" { labels = try readLabels(&rest, line) }
        guard rest.first == " ", let value = Double(rest.dropFirst()) else {
            throw Malformed(line: line, reason: "no value")
        }
        let families =
            [name] + ["_bucket", "_sum", "_count"].filter(name.hasSuffix).map { String(name.dropLast($0.count)) }
        guard families.contains(where: { types[$0] != nil }) else {
            throw Malformed(line: line, reason: "no TYPE before it")
        }
        guard !samples.contains(where: { $0.name == name && $0.labels == labels }) else {
            throw Malformed(line: line, reason: "a second sample of the same series")
        }
        samples.append(Sample(name: name, labels: labels, value: value))
    }

    private func readLabels(_ rest: inout Substring, _ line: String) throws -> [String: String] {
        var labels: [String: String] = [:]
        repeat {
            rest.removeFirst()
            let name = String(rest.prefix { $0 != "=" })
            rest.removeFirst(name.count + 1)
            guard rest.popFirst() == "\"" else { throw Malformed(line: line, reason: "no quote") }
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                guard character == "\\" else { value.append(character); continue }
                switch rest.popFirst() {
                case "n": value.append("\n")
                case "\\": value.append("\\")
                case "\"": value.append("\"")
                default: throw Malformed(line: line, reason: "an unknown escape")
                }
            }
            guard labels.updateValue(value, forKey: name) == nil else {
                throw Malformed(line: line, reason: "a label twice")
            }
        } while rest.first == ","
        guard rest.popFirst() == "}" else { throw Malformed(line: line, reason: "no closing brace") }
        return labels
    }
}
