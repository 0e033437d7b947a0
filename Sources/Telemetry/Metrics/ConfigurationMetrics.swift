/// Which configuration a node runs, and whether it took the last one it was given.
package struct ConfigurationMetrics: Sendable {
    /// `file`, `redis` or `disk`.
    package let origin: String
    /// Its number in Redis; of a file the digest, so that nodes which differ in this label run different configurations.
    package let revision: String
    package let digest: String
    /// Since 1970.
    package let sinceMicroseconds: Int
    package let isLastReloadRefused: Bool
    package let accepted: Int
    package let refused: Int

    package init(
        origin: String, revision: String, digest: String, sinceMicroseconds: Int, isLastReloadRefused: Bool,
        accepted: Int, refused: Int
    ) {
        self.origin = origin
        self.revision = revision
        self.digest = digest
        self.sinceMicroseconds = sinceMicroseconds
        self.isLastReloadRefused = isLastReloadRefused
        self.accepted = accepted
        self.refused = refused
    }

    func render(_ writer: inout PrometheusWriter) {
        writer.begin("sluice_config_revision_info", .gauge, "The configuration that is served; always 1.")
        writer.sample([("origin", origin), ("revision", revision), ("digest", digest)], 1)
        writer.begin("sluice_config_last_reload_success", .gauge, "Whether the last configuration was taken.")
        writer.sample(isLastReloadRefused ? 0 : 1)
        writer.begin("sluice_config_loaded_timestamp_seconds", .gauge, "When the configuration was put to work.")
        writer.sample(seconds: sinceMicroseconds)
        writer.begin("sluice_config_reloads_total", .counter, "Configurations given to the running node, by result.")
        writer.sample([("result", "accepted")], accepted)
        writer.sample([("result", "refused")], refused)
    }
}
