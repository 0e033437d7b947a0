import Configuration
import Filters
import GatewayCore
import HTTPWire
import Policies

/// Tells clients who ask for a version of an API that there isn't, in the path, which there are. Their requests match no
/// route, so this is looked into only when they would get a 404.
struct UnknownVersions {
    private let prefixes: [VersionedPrefix]
    /// By the route's place in the configuration.
    private var replies: [Int: Reply] = [:]

    init(_ configuration: GatewayConfiguration) {
        var prefixes: [VersionedPrefix] = []
        for (index, route) in configuration.routes.enumerated() {
            guard let versions = route.versions else { continue }
            for case .path(let prefix) in versions.rules.sources {
                if !prefixes.contains(prefix) { prefixes.append(prefix) }
                replies[index] = VersionRefusals(versions.rules).unknownPath
            }
        }
        self.prefixes = prefixes
    }

    var isEmpty: Bool { prefixes.isEmpty }

    /// - Parameter match: the route of another path, by its place in the configuration.
    func reply(to request: RequestHead, match: (Bytes) -> Int?) -> Reply? {
        let path = request.path.text
        for prefix in prefixes {
            for cut in prefix.cuts(of: path) {
                let bytes = Array(path.utf8)
                let rest = Array(bytes[..<cut.lowerBound] + bytes[cut.upperBound...])
                let route = (rest.isEmpty ? [UInt8(ascii: "/")] : rest).withUnsafeBufferPointer(match)
                if let route, let reply = replies[route] { return reply }
            }
        }
        return nil
    }
}
