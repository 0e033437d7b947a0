/// `${VAR}` and `${VAR:-default}` in a value, replaced after the YAML is parsed, so that no value can add YAML.
///
/// As in a shell the default also serves when the variable is empty. `$${` stands for a literal `${`.
enum Interpolation {
    enum Problem: Error, Hashable {
        case unset(String)
        case malformed
    }

    static func expand(_ text: String, environment: [String: String]) throws(Problem) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else { throw .malformed }
                result += try value(of: rest.dropFirst(2)[..<end], environment: environment)
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private static func value(of reference: Substring, environment: [String: String]) throws(Problem) -> String {
        let name = reference.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = reference[name.endIndex...]
        guard let first = name.first, !first.isNumber, rest.isEmpty || rest.hasPrefix(":-") else { throw .malformed }
        let value = environment[String(name)]
        guard rest.isEmpty else { return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(rest.dropFirst(2)) }
        guard let value else { throw .unset(String(name)) }
        return value
    }
}
