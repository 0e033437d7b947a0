import Foundation
import TestSupport

/// Where the programs under test are: as scripts/test says, else beside the test bundle, where `swift build` puts them.
enum Executables {
    static let sluice = path("SLUICE_BIN", "sluice")
    static let demoUpstream = path("DEMO_UPSTREAM_BIN", "demo-upstream")

    private static func path(_ variable: String, _ name: String) -> String {
        if let given = ProcessInfo.processInfo.environment[variable], !given.isEmpty { return given }
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name).path
    }
}
