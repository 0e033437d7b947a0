/// Values that stand in no configuration file, but are written as in one.
extension Kind {
    /// - Parameters:
    ///   - text: YAML; nothing is interpolated in it, and no file is read.
    ///   - name: what problems call it.
    static func value(of text: String, _ kind: Kind, called name: String) throws -> Value {
        let context = ReadingContext(file: name, environment: [:]) { _ in throw NoFiles() }
        var problems: [YAMLProblem] = []
        var root: ConfigurationNode?
        do { root = try YAMLReading.read(text, problems: &problems) } catch { problems.append(error) }
        for problem in problems { context.report(problem.message, hint: problem.hint, at: problem.place, path: nil) }
        let value = root.flatMap { kind.read(NodeReader(node: $0, path: nil, context: context)) }
        if let invalid = context.verdict() { throw invalid }
        guard let value else { throw InvalidConfiguration(problems: [], uncounted: 0) }
        return value
    }
}

private struct NoFiles: Error, CustomStringConvertible {
    let description = "no file can be named here"
}
