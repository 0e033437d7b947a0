import Configuration

/// Where a node gets its configuration from, at its start and later.
package protocol ConfigurationSource: Sendable {
    /// The configuration to start with.
    /// - Throws: a sentence for the user when there is none.
    func first() async throws -> (configuration: GatewayConfiguration, origin: ConfigurationOrigin)

    /// The node has started: from now on it may be given others.
    func follow(_ node: GatewayNode) async throws

    /// Reads it anew now (SIGHUP, `POST /api/reload`).
    /// - Throws: why it was refused; the node has logged it, and the old one serves on.
    func reload() async throws

    func stop() async
}

/// A file, which is read when somebody says so.
package actor FileConfiguration: ConfigurationSource {
    private let path: String
    private let environment: [String: String]
    private var node: GatewayNode?

    package init(path: String, environment: [String: String]) {
        self.path = path
        self.environment = environment
    }

    package func first() throws -> (configuration: GatewayConfiguration, origin: ConfigurationOrigin) {
        (try GatewayConfiguration.load(path: path, environment: environment), .file(path))
    }

    package func follow(_ node: GatewayNode) { self.node = node }

    package func reload() async throws {
        try await node?.reload(from: .file(path)) { [path, environment] in
            try GatewayConfiguration.load(path: path, environment: environment)
        }
    }

    package func stop() {}
}
