import Configuration
import HTTPWire
import Policies

/// What a route does with a request besides finding out who calls, in the order in which it is done. Names, and no values
/// that could be secrets.
struct RouteSteps {
    private let route: RouteSettings
    private let gateway: GatewaySettings?
    private let version: VersionSettings?
    private let arm: String?
    private let explained: Explanation.Route
    private let identity: IdentitySettings
    private let compression: CompressionRules?
    private let hasSecurityHeaders: Bool
    private let origin: Bytes?

    /// - Parameter origin: of the page that the request is made by.
    init(_ route: ExplainedRoute, _ explained: Explanation.Route, _ configuration: GatewayConfiguration, origin: Bytes?)
    {
        identity = route.settings.identity ?? configuration.identity
        compression = route.settings.compression ?? configuration.compression
        hasSecurityHeaders = (route.settings.securityHeaders ?? configuration.securityHeaders) != nil
        self.origin = origin
        self.route = route.settings
        gateway = route.gateway
        version = route.version
        arm = route.arm
        self.explained = explained
    }

    private typealias Step = Explanation.Step

    /// Before anybody is asked who calls.
    var beforeCaller: [Explanation.Step] {
        var steps: [Step] = []
        if let version {
            let told = route.versions?.toldIn.map { ", told in \($0)" } ?? ""
            steps.append(Step(phase: "version", detail: version.name + told))
        }
        if let cors = route.cors { steps.append(Step(phase: "cors", detail: text(cors))) }
        if !route.contentTypes.isEmpty {
            steps.append(Step(phase: "content", detail: "only \(route.contentTypes.joined(separator: ", "))"))
        }
        if route.addresses != nil { steps.append(Step(phase: "addresses", detail: "only some may call")) }
        if route.traffic.maintenance != nil {
            steps.append(Step(phase: "maintenance", detail: "503 for all whose address is not let through"))
        }
        return steps
    }

    private func text(_ cors: CORSRules) -> String {
        guard let origin else { return "pages of other origins may call; the request is of none" }
        let credentials = cors.allowsCredentials ? ", with credentials" : ""
        return cors.allows(origin: origin)
            ? "pages of \(origin.text) may read the response\(credentials)"
            : "pages of \(origin.text) may not read the response"
    }

    var afterCaller: [Explanation.Step] { limit + told + request + ownAnswer + cache + forwarding + response + last }

    /// What the upstream is told of the caller, before routes may change it.
    private var told: [Step] {
        let strips = identity.stripsCredential && route.authentication != nil
        let details = (strips ? ["take the credential out"] : []) + identity.headers.map { "set header \($0.name)" }
        return details.map { Step(phase: "identity", detail: $0) }
    }

    /// What is done with every response, the gateway's own too.
    private var last: [Step] {
        var steps: [Step] = []
        if let compression {
            let codings = compression.encodings.joined(separator: ", ")
            steps.append(
                Step(phase: "compress", detail: "as \(codings), if the client takes it and the body is worth it"))
        }
        if hasSecurityHeaders {
            steps.append(Step(phase: "security", detail: "fields for browsers, unless the service sets them"))
        }
        return steps
    }

    private var limit: [Step] {
        explained.limits.isEmpty
            ? [] : [Step(phase: "limit", detail: explained.limits.map(\.policy).joined(separator: ", "))]
    }

    /// A request meets what its gateway, its version and the route want, in this order.
    private var request: [Step] {
        [gateway?.request, version?.request, route.request].compactMap(\.self).flatMap(Self.steps)
    }

    private static func steps(_ shaping: RequestShaping) -> [Step] {
        var details: [String] = []
        if let method = shaping.method { details.append("method \(method)") }
        if let path = shaping.path { details.append("path \(path.template.text)\(path.rest == nil ? "" : "**")") }
        details += text(shaping.headers, "header") + text(shaping.query, "parameter")
        details += text(shaping.cookies, "cookie") + text(shaping.body)
        return details.map { Step(phase: "request", detail: $0) }
    }

    private var ownAnswer: [Step] {
        if let redirect = route.traffic.redirect {
            return [Step(phase: "redirect", detail: "\(redirect.status) to \(redirect.target)")]
        }
        return route.traffic.respond == nil ? [] : [Step(phase: "respond", detail: "with what is configured")]
    }

    private var cache: [Step] {
        guard route.cache != nil else { return [] }
        guard !explained.cache.isEmpty else { return [Step(phase: "cache", detail: "not for this request")] }
        let keys = explained.cache.map(\.key).joined(separator: " or ")
        return [Step(phase: "cache", detail: "looked for under \(keys)")]
    }

    private var forwarding: [Step] {
        var steps: [Step] = []
        if route.traffic.fault != nil { steps.append(Step(phase: "fault", detail: "some are delayed or refused")) }
        if let mirror = route.traffic.mirror {
            steps.append(Step(phase: "mirror", detail: "copies to \(mirror.upstream)"))
        }
        if let aggregate = route.aggregate {
            for (number, wave) in aggregate.plan.graph.waves.enumerated() {
                let parts = wave.map { Self.text(aggregate.plan.steps[$0]) }.joined(separator: "; ")
                steps.append(Step(phase: "aggregate", detail: "\(number + 1). \(parts)"))
            }
            return steps
        }
        if route.grpc.descriptors != nil { steps.append(Step(phase: "translate", detail: "JSON to gRPC, and back")) }
        if let upstream = version?.upstream ?? arm {
            steps.append(Step(phase: "forward", detail: "to \(upstream)"))
        } else if let split = route.traffic.split {
            let arms = split.arms.map {
                "\($0.upstream) (\($0.conditions == nil ? "" : "when asked, or ")weight \($0.weight))"
            }
            steps.append(Step(phase: "split", detail: arms.joined(separator: ", ")))
        } else if !route.upstream.isEmpty {
            steps.append(Step(phase: "forward", detail: "to \(route.upstream)"))
        }
        return steps
    }

    private var response: [Step] {
        let all = [route.response, version?.response, gateway?.response].compactMap(\.self)
        return all.flatMap { shaping in
            let cookies =
                shaping.cookies.remove.map { "remove cookie \($0)" }
                + shaping.cookies.set.map { "set cookie \($0.name)" }
            let details = Self.text(shaping.body) + Self.text(shaping.headers, "header") + cookies
            return details.map { Step(phase: "response", detail: $0) }
        }
    }

    private static func text(_ step: AggregationStep) -> String {
        let each = step.each == nil ? "" : " for each element, \(step.parallel) at a time"
        return
            "\(step.name): \(step.method) \(step.path.text) of \(step.upstream)\(each)\(step.isOptional ? ", optional" : "")"
    }

    private static func text(_ shaping: FieldShaping, _ noun: String) -> [String] {
        shaping.remove.map { "remove \(noun) \($0)" } + shaping.rename.map { "rename \(noun) \($0.from) to \($0.to)" }
            + shaping.set.map { "set \(noun) \($0.name)" } + shaping.add.map { "add \(noun) \($0.name)" }
    }

    private static func text(_ shaping: BodyShaping) -> [String] {
        var details: [String] = []
        if shaping.from != .json { details.append("\(shaping.from) to JSON") }
        details += shaping.steps.map(text)
        if shaping.to != .json { details.append("JSON to \(shaping.to)") }
        return details
    }

    private static func text(_ step: JSONStep) -> String {
        switch step {
        case .set(let path, _): "json: set \(path.text)"
        case .fallback(let path, _): "json: default of \(path.text)"
        case .remove(let path): "json: remove \(path.text)"
        case .rename(let path, let name): "json: rename \(path.text) to \(String(decoding: name, as: UTF8.self))"
        case .move(let from, let to): "json: move \(from.text) to \(to.text)"
        case .copy(let from, let to): "json: copy \(from.text) to \(to.text)"
        case .keep: "json: keep some members"
        case .map(let path, let steps): "json: \(steps.count) steps for each of \(path.text)"
        case .wrap(let name): "json: wrap in \(String(decoding: name, as: UTF8.self))"
        case .unwrap(let path): "json: unwrap \(path.text)"
        case .convert(let path, let kind): "json: \(path.text) as \(kind.rawValue)"
        }
    }
}
