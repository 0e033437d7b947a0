import Configuration
import Policies
import Transcoding
import Translation

/// What routes to gRPC services understand besides gRPC.
extension Snapshot {
    /// By the routes' places.
    /// - Throws: `SnapshotFailure` for descriptors or methods that can't be used.
    static func translations(
        of configuration: GatewayConfiguration
    ) throws(SnapshotFailure) -> [Int: RouteTranslation] {
        var translations: [Int: RouteTranslation] = [:]
        for (index, route) in configuration.routes.enumerated() {
            do throws(DescriptorFailure) {
                translations[index] = try translation(of: route, configuration)
            } catch {
                throw SnapshotFailure(
                    place: "routes[\(index)].grpc", reason: "\(route.grpc.descriptorsPath): \(error.description)")
            }
        }
        return translations
    }

    private static func translation(
        of route: RouteSettings, _ configuration: GatewayConfiguration
    ) throws(DescriptorFailure) -> RouteTranslation? {
        // gRPC-Web reaches services that speak HTTP/2 only: what speaks HTTP/1.1 may understand gRPC-Web itself.
        let isHTTP2 =
            !route.upstreams.isEmpty
            && route.upstreams.allSatisfy {
                configuration.upstreams[$0]?.targets.allSatisfy { $0.speaks != .http1 } ?? false
            }
        let json = try json(of: route)
        guard json != nil || (isHTTP2 && route.grpc.web) else { return nil }
        return RouteTranslation(json: json, understandsGRPCWeb: route.grpc.web)
    }

    private static func json(of route: RouteSettings) throws(DescriptorFailure) -> RouteTranslation.JSON? {
        guard let descriptors = route.grpc.descriptors else { return nil }
        let set = try DescriptorSet(descriptors)
        var options = TranscodingOptions()
        options.ignoresUnknownQuery = route.grpc.unknownQuery == .ignore
        let mapping: RouteTranslation.JSONMapping
        if let name = route.grpc.method {
            let method = try TranscodedMethod(
                name, parameters: route.rule.path.parameterNames, in: set, options: options)
            mapping = .method(method, try PathTemplate(parsing: route.rule.path.text))
        } else {
            mapping = .annotations(try TranscodedService(set, options: options))
        }
        return RouteTranslation.JSON(
            mapping: mapping, set: set, stream: route.grpc.streaming == .newlines ? .lines : .events)
    }
}
