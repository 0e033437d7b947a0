/// Reading a configuration from text, and from a file.
extension GatewayConfiguration {
    /// Reads a configuration that is already in memory.
    ///
    /// - Parameters:
    ///   - file: what problems call it.
    ///   - readFile: reads a file that the configuration names (`file:PATH`); gets the path as written.
    package static func parse(
        text: String, file: String, environment: [String: String], readFile: @escaping (String) throws -> [UInt8]
    ) throws(InvalidConfiguration) -> GatewayConfiguration {
        let context = ReadingContext(file: file, environment: environment, readFile: readFile)
        defer { context.end() }
        let configuration = read(text, context)
        if let invalid = context.verdict() { throw invalid }
        guard var configuration else {
            context.report("the configuration cannot be read", at: Place(line: 1, column: 1), path: nil)
            throw context.verdict() ?? InvalidConfiguration(problems: [], uncounted: 0)
        }
        configuration.text = Secret(text)
        configuration.inlineSecrets = context.inlineSecrets
        return configuration
    }

    private static func read(_ text: String, _ context: ReadingContext) -> GatewayConfiguration? {
        guard text.utf8.count <= YAMLReading.maximumBytes else {
            context.report("the configuration is larger than 16MiB", at: Place(line: 1, column: 1), path: nil)
            return nil
        }
        var yamlProblems: [YAMLProblem] = []
        var root: ConfigurationNode?
        do {
            root = try YAMLReading.read(text, problems: &yamlProblems)
        } catch {
            yamlProblems.append(error)
        }
        for problem in yamlProblems {
            context.report(problem.message, hint: problem.hint, at: problem.place, path: nil)
        }
        guard let root else {
            if yamlProblems.isEmpty { reportEmpty(context) }
            return nil
        }
        let configuration = kind.read(NodeReader(node: root, path: nil, context: context))
        context.checkReferences()
        return configuration
    }

    private static func reportEmpty(_ context: ReadingContext) {
        context.report(
            "the configuration is empty", hint: "the smallest has upstreams and routes",
            at: Place(line: 1, column: 1), path: nil)
    }
}
