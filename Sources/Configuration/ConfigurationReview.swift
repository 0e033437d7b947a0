import Foundation

/// What can be said of a configuration on a host that is none of its nodes: whether it is valid, but for what only they
/// know, such as the environment and the files that it names.
package struct ConfigurationReview: Sendable {
    package let text: String
    /// Nil: something of it is known elsewhere only.
    package let configuration: GatewayConfiguration?
    /// What could not be judged here.
    package let elsewhere: [ConfigurationProblem]
    /// Where secrets stand in the text itself.
    package let inlineSecrets: [String]

    /// - Throws: `InvalidConfiguration` when it is wrong whatever the nodes know.
    package init(path: String, environment: [String: String]) throws(InvalidConfiguration) {
        let text = try GatewayConfiguration.readText(path)
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do throws(InvalidConfiguration) {
            let configuration = try GatewayConfiguration.parse(
                text: text, file: path, directory: directory, environment: environment)
            self.configuration = configuration
            elsewhere = []
            inlineSecrets = configuration.inlineSecrets
        } catch {
            let mistakes = error.problems.filter { $0.kind != .elsewhere }
            guard mistakes.isEmpty, error.uncounted == 0 else { throw error }
            configuration = nil
            elsewhere = error.problems
            inlineSecrets = error.inlineSecrets
        }
        self.text = text
    }

    /// The keys that a running node does not change, and that differ from another text. Compared as they are written, and where
    /// both can be read here, as what they mean.
    package func changesThatNeedARestart(
        from other: String, directory: String, environment: [String: String]
    ) -> [String] {
        let (before, after) = (Self.written(other), Self.written(text))
        let changed = ["state", "admin", "cache", "node"].filter { before[$0] != after[$0] }
        guard !changed.isEmpty, let configuration,
            let old = try? GatewayConfiguration.parse(
                text: other, file: "", directory: directory, environment: environment)
        else { return changed }
        return changed.filter { key in
            switch key {
            case "state": old.state != configuration.state
            case "admin": old.admin != configuration.admin
            case "cache": old.cache != configuration.cache
            default: old.nodeID != configuration.nodeID
            }
        }
    }

    /// Each key at the top with its value, in one form.
    private static func written(_ text: String) -> [String: String] {
        var problems: [YAMLProblem] = []
        guard let root = try? YAMLReading.read(text, problems: &problems), case .mapping(let entries) = root.content
        else { return [:] }
        return Dictionary(entries.map { ($0.key, $0.value.canonical) }) { first, _ in first }
    }
}

extension ConfigurationNode {
    /// The same for values that are written differently: the order of keys and the style do not count.
    fileprivate var canonical: String {
        switch content {
        case .empty: "~"
        case .scalar(let text, _): quotedWhole(text)
        case .list(let items): "[\(items.map(\.canonical).joined(separator: ","))]"
        case .mapping(let entries):
            "{\(entries.map { "\(quotedWhole($0.key)):\($0.value.canonical)" }.sorted().joined(separator: ","))}"
        }
    }

    private func quotedWhole(_ text: String) -> String {
        "\"\(text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\""))\""
    }
}
