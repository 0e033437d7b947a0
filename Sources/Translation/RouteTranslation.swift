import HTTPWire
import Transcoding

/// What a route understands besides gRPC itself. Immutable; shared by all workers.
package struct RouteTranslation: Sendable {
    /// How a JSON request is found its method.
    package enum JSONMapping: Sendable {
        /// The route's one method; the template is the route's own path, whose parameters are fields.
        case method(TranscodedMethod, PathTemplate)
        /// By the `google.api.http` annotations.
        case annotations(TranscodedService)
    }

    package struct JSON: Sendable {
        package let mapping: JSONMapping
        package let set: DescriptorSet
        package let stream: StreamFormat

        package init(mapping: JSONMapping, set: DescriptorSet, stream: StreamFormat) {
            self.mapping = mapping
            self.set = set
            self.stream = stream
        }
    }

    package let json: JSON?
    package let understandsGRPCWeb: Bool

    package init(json: JSON?, understandsGRPCWeb: Bool) {
        self.json = json
        self.understandsGRPCWeb = understandsGRPCWeb
    }
}

extension RouteTranslation.JSON {
    enum Found {
        case method(TranscodedMethod, [PathTemplate.Capture])
        case wrongMethod(allowed: [String])
        case nothing
    }

    /// A HEAD is a GET whose body is not sent.
    func find(_ request: RequestHead) -> Found {
        switch mapping {
        case .method(let method, let template):
            return template.match(request.path).map { .method(method, $0) } ?? .nothing
        case .annotations(let service):
            let name = request.isHEAD ? "GET" : request.method.text
            if let match = service.match(method: name, path: request.path) {
                return .method(match.method, match.captures)
            }
            let allowed = service.allowedMethods(path: request.path)
            return allowed.isEmpty ? .nothing : .wrongMethod(allowed: allowed)
        }
    }
}
