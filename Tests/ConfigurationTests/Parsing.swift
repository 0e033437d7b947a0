@testable import Configuration

/// The smallest useful file: one upstream, one route.
let smallest = """
    upstreams:
      users: { targets: ["http://127.0.0.1:9001"] }
    routes:
      - { name: users, match: { path: /users/** }, upstream: users }

    """

func parse(
    _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
) throws -> GatewayConfiguration {
    struct Missing: Error, CustomStringConvertible { let description = "No such file or directory" }
    return try GatewayConfiguration.parse(text: text, file: "gateway.yaml", environment: environment) { path in
        guard let file = files[path] else { throw Missing() }
        return Array(file.utf8)
    }
}

/// The problems of a text; empty when it is valid.
func problems(
    _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
) -> [ConfigurationProblem] {
    do {
        _ = try parse(text, environment: environment, files: files)
        return []
    } catch {
        return (error as? InvalidConfiguration)?.problems ?? []
    }
}

func descriptions(
    _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
) -> [String] {
    problems(text, environment: environment, files: files).map(\.description)
}
