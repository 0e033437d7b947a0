import GatewayCore
import HTTPWire
import Policies

#if canImport(Glibc)
    import Glibc
#endif

/// A version as a route serves it.
package struct ServedVersion {
    let version: RouteVersion
    /// What every answer of it says: that it is deprecated, when it ends, what to read.
    let lines: [UInt8]
    /// From when on requests are refused, in seconds since 1970; nil: never.
    let endsAt: Int?

    package init(version: RouteVersion, lines: [UInt8], endsAt: Int?) {
        self.version = version
        self.lines = lines
        self.endsAt = endsAt
    }
}

/// Finds out which version of an API a request is about, and tells the client what there is to know of it.
///
/// The path and the parameter that name it are the gateway's: they are taken out, and what comes after this filter sees a
/// request without them. Header fields stay. First of all filters, so that also refusals say that a version ends.
package final class VersionFilter: RequestFilter {
    package let phase = Phase.arrive
    private let rules: VersionRules
    private let versions: [ServedVersion]
    private let placement: (version: Int, cut: Range<Int>)?
    private let parameters: [[UInt8]]
    private let varyLine: [UInt8]
    private let refusals: VersionRefusals

    /// - Parameter placement: what the path of this plan names by itself, and where.
    package init(
        _ rules: VersionRules, versions: [ServedVersion], placement: (version: Int, cut: Range<Int>)?
    ) {
        self.rules = rules
        self.versions = versions
        self.placement = placement
        parameters = rules.sources.compactMap { if case .query(let name) = $0 { Array(name.utf8) } else { nil } }
        let names = rules.decidingFields(inPath: placement != nil)
        varyLine = names.isEmpty ? [] : Array("Vary: \(names.joined(separator: ", "))\r\n".utf8)
        refusals = VersionRefusals(rules)
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        let request = exchange.request
        let choice = rules.choose(
            pathVersion: placement?.version, HeadFields(fields: request.fields),
            queryValue: { name in
                var name = name
                return name.withUTF8 { request.queryValue($0) }
            })
        if !varyLine.isEmpty { exchange.responseLines.append(varyLine) }
        switch choice {
        case .version(let index):
            let served = versions[index]
            request.cutTarget(placement?.cut, parameters: parameters)
            exchange.version = served.version
            exchange.responseLines.append(served.lines)
            guard let end = served.endsAt, time(nil) >= end else { return .proceed }
            return .reply(refusals.gone)
        case .unknown(let source): return .reply(refusals.unknown(source))
        case .unnamed: return .reply(refusals.unnamed)
        }
    }
}

/// What is answered where a version can't be served; all of them list those that can.
package struct VersionRefusals {
    let gone: Reply
    let unnamed: Reply
    package let unknownPath: Reply
    private let unacceptable: Reply
    private let unknown: Reply

    package init(_ rules: VersionRules) {
        let list = rules.names.map { JSONText.quoted($0) }.joined(separator: ",")
        let known = rules.names.joined(separator: ", ")
        func reply(_ status: Int, _ kind: String, _ title: String, _ detail: String) -> Reply {
            let members = "\"detail\":\(JSONText.quoted(detail)),\"versions\":[\(list)]"
            return Reply(status: status, kind: kind, title: title, members: Array(members.utf8))
        }
        let unknown = "This API has no such version; it has \(known)."
        self.unknown = reply(400, "unknown-version", "Unknown version", unknown)
        unknownPath = reply(404, "unknown-version", "Unknown version", unknown)
        unacceptable = reply(406, "unknown-version", "Unknown version", unknown)
        unnamed = reply(
            400, "version-needed", "Version needed", "A request has to name the version it means; there are \(known).")
        gone = reply(
            410, "version-gone", "Version gone", "This version of the API is no longer served; there are \(known).")
    }

    func unknown(_ source: VersionRules.Source) -> Reply {
        switch source {
        case .path: unknownPath
        case .accept: unacceptable
        case .header, .query: unknown
        }
    }
}

/// A request head as version rules read it.
private struct HeadFields: FieldSource {
    let fields: FieldSection

    func hasHeader(named name: Bytes, where isWanted: (Bytes) -> Bool) -> Bool {
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) {
            if isWanted(fields.value(index)) { return true }
        }
        return false
    }
}
