/// What one reading of a configuration shares: the outside world it may look at, and the problems found so far.
final class ReadingContext {
    let file: String
    let environment: [String: String]
    /// Reads a file that the configuration names; the path is as written.
    private let readFile: (String) throws -> [UInt8]
    private var files: [String: [UInt8]] = [:]

    /// Absent while the JSON Schema is drawn from the readers.
    private(set) var problems: [ConfigurationProblem] = []
    /// Where secrets stand in the text itself.
    private(set) var inlineSecrets: [String] = []
    private var uncounted = 0
    private var suggestionsLeft = 200
    private static let mostProblems = 10_000

    private var definitions: [Namespace: Definitions] = [:]
    private var references: [Reference] = []
    private var claims: [Claim: NodeReader] = [:]
    private var places: [NotedPart: NodeReader] = [:]

    init(file: String, environment: [String: String], readFile: @escaping (String) throws -> [UInt8]) {
        self.file = file
        self.environment = environment
        self.readFile = readFile
    }

    /// What a file holds; aliases may name the same one very often.
    func content(ofFile path: String) throws -> [UInt8] {
        if let known = files[path] { return known }
        let content = try readFile(path)
        files[path] = content
        return content
    }

    /// How many there are so far, to see whether a reading added any.
    var problemCount: Int { problems.count + uncounted }

    func report(
        _ message: String, hint: String? = nil, kind: ConfigurationProblem.Kind = .invalid, at place: Place,
        path: NodePath?
    ) {
        guard problems.count < Self.mostProblems else { return uncounted += 1 }
        problems.append(
            ConfigurationProblem(
                kind: kind, file: file, line: place.line, column: place.column, path: path?.text ?? "",
                message: message, hint: hint))
    }

    func noteInlineSecret(at reader: NodeReader) {
        // Nobody reads more of them.
        guard inlineSecrets.count < 100 else { return }
        inlineSecrets.append("\(file):\(reader.node.place.line): \(reader.path?.text ?? "")")
    }

    /// `did you mean "…"?`, while there is patience for it: with thousands of mistakes nobody reads them.
    func suggestion(for name: String, among candidates: some Sequence<String>) -> String? {
        guard suggestionsLeft > 0 else { return nil }
        suggestionsLeft -= 1
        return NearestName.of(name, among: candidates).map { "did you mean \(quoted($0))?" }
    }

    private func suggestion(for reader: NodeReader, among candidates: [String]) -> String? {
        // The name nearest to what a variable holds would give that away.
        reader.isInterpolated ? nil : suggestion(for: reader.written, among: candidates)
    }

    /// All problems by place; one that aliases repeat at its one place is told once. Nil: the configuration is valid.
    func verdict() -> InvalidConfiguration? {
        var seen: Set<[String]> = []
        let unique = problems.filter { seen.insert(["\($0.line):\($0.column)", $0.message]).inserted }
        guard !unique.isEmpty else { return nil }
        let sorted = unique.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }
        return InvalidConfiguration(
            problems: sorted.map(\.element), uncounted: uncounted, inlineSecrets: inlineSecrets)
    }
}

// MARK: Names that must exist, and names that must be unique

/// What names can refer to.
enum Namespace: String {
    case upstreams, authenticators, plans, routes

    var noun: String {
        switch self {
        case .upstreams: "upstream"
        case .authenticators: "authenticator"
        case .plans: "plan"
        case .routes: "route"
        }
    }

    var article: String { self == .plans || self == .routes ? "a" : "an" }
}

extension ReadingContext {
    fileprivate struct Reference {
        let namespace: Namespace
        let name: String
        let reader: NodeReader
    }

    fileprivate struct Definitions {
        var names: Set<String> = []
        /// In the order of the file, so that suggestions are the same each time.
        var inOrder: [String] = []

        mutating func add(_ name: String) {
            if names.insert(name).inserted { inOrder.append(name) }
        }
    }

    /// A value that only one thing may have, such as a route's name.
    fileprivate struct Claim: Hashable {
        let noun: String
        let value: String
    }

    func define(_ name: String, in namespace: Namespace) {
        definitions[namespace, default: Definitions()].add(name)
    }

    func refer(to name: String, in namespace: Namespace, at reader: NodeReader) {
        references.append(Reference(namespace: namespace, name: name, reader: reader))
    }

    /// Reports a value that something before it has already; `isShown`: the message may show it.
    func claim(_ value: String, asThe noun: String, isShown: Bool = true, at reader: NodeReader) {
        guard let first = claims.updateValue(reader, forKey: Claim(noun: noun, value: value)) else { return }
        claims[Claim(noun: noun, value: value)] = first
        let owner = "\(first.path?.text ?? ""), line \(first.node.place.line)"
        let subject = isShown ? "the \(noun) \(quoted(reader.written))" : "this \(noun)"
        reader.report("\(subject) is taken already by \(owner)", hint: "make it unique")
    }

    /// Lets go of the readers, which hold the context and the whole file: otherwise neither would ever be freed.
    func end() {
        references = []
        claims = [:]
        places = [:]
    }

    /// Keeps where a part stands, to judge it when all is read.
    func note(_ reader: NodeReader, as part: NotedPart) { places[part] = reader }
    func place(_ part: NotedPart) -> NodeReader? { places[part] }

    /// To be called when everything is read: reports the references to what does not exist.
    func checkReferences() {
        for reference in references {
            let known = definitions[reference.namespace] ?? Definitions()
            guard !known.names.contains(reference.name) else { continue }
            let hint =
                known.inOrder.isEmpty
                ? "no \(reference.namespace.rawValue) are configured"
                : suggestion(for: reference.reader, among: known.inOrder)
                    ?? "known: \(known.inOrder.prefix(5).joined(separator: ", "))"
            let name = quoted(reference.reader.written)
            reference.reader.report("there is no \(reference.namespace.noun) \(name)", hint: hint)
        }
    }
}
