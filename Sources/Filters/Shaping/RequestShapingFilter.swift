import GatewayCore
import HTTPWire
import Policies

/// Changes what the upstream is told: method, path, query, cookies and header fields. The body, if it is to change, is for
/// `ReshapingService`.
///
/// The client's own request stays what routes, limits, caches and logs know; only what is sent on differs. Fields that stay
/// are copied as ever.
package final class RequestShapingFilter: RequestFilter {
    package let phase = Phase.transformRequest
    private let shaping: RequestShaping
    private let names: ShapingNames
    private let fields: FieldPlan
    private let queryRemovals: [NamePattern]
    private let cookieRemovals: [NamePattern]
    private var text: [UInt8] = []
    private let method: [UInt8]?

    package init(_ shaping: RequestShaping, _ names: ShapingNames) {
        self.shaping = shaping
        self.names = names
        fields = FieldPlan(shaping.headers)
        queryRemovals = (shaping.query.remove + shaping.query.set.map(\.name)).map(NamePattern.init)
        cookieRemovals = (shaping.cookies.remove + shaping.cookies.set.map(\.name)).map(NamePattern.init)
        method = shaping.method.map { Array($0.utf8) }
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        let values = RequestValues(exchange, names)
        if let refusal = rewriteLine(exchange, values) { return .reply(refusal) }
        if !shaping.cookies.isEmpty { shapeCookies(exchange, values) }
        if !shaping.headers.isEmpty { shapeFields(exchange, values) }
        return .proceed
    }

    // MARK: The request line

    private func rewriteLine(_ exchange: Exchange, _ values: RequestValues) -> Reply? {
        let request = exchange.request
        if shaping.path == nil, shaping.query.isEmpty {
            if let method { method.withUnsafeBufferPointer { request.rewrite(method: $0, target: nil) } }
            return nil
        }
        text.removeAll(keepingCapacity: true)
        let target = request.forwardedTarget
        let mark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        if let path = shaping.path {
            if let refusal = appendPath(path, exchange, values) { return refusal }
        } else {
            text.append(contentsOf: target.slice(0, mark))
        }
        let query = target.slice(min(mark + 1, target.count), max(target.count - mark - 1, 0))
        appendQuery(query, values)
        guard text.count <= Self.mostTargetBytes else { return Self.tooLong }
        text.withUnsafeBufferPointer { target in
            if let method {
                method.withUnsafeBufferPointer { request.rewrite(method: $0, target: target) }
            } else {
                request.rewrite(method: nil, target: target)
            }
        }
        return nil
    }

    private static let mostTargetBytes = 16 << 10
    private static let tooLong = Reply(
        status: 414, kind: "target-too-long", title: "URI Too Long",
        detail: "The target that this route makes of the request is too long.")

    /// Every value stays within its segment, and none may leave it empty or make a dot segment of it.
    private func appendPath(_ path: PathRewriting, _ exchange: Exchange, _ values: RequestValues) -> Reply? {
        let outcome = path.template.render(into: &text, for: .path, from: values)
        guard outcome.missing == 0 else { return Self.missing(path.template, values) }
        if !path.template.references.isEmpty, PercentText.hasDotSegment(text) {
            return .badRequest("A value that this route puts into the upstream's path would lead elsewhere.")
        }
        if let rest = path.rest {
            values.withValue(of: rest) { rest, _ in
                text.append(UInt8(ascii: "/"))
                text.append(contentsOf: rest)
            }
        }
        if text.isEmpty { text.append(UInt8(ascii: "/")) }
        return nil
    }

    private static func missing(_ template: Template<RequestReference>, _ values: RequestValues) -> Reply {
        .badRequest("The request lacks a value that this route needs for the upstream's path: \(template.text).")
    }

    private func appendQuery(_ query: Bytes, _ values: RequestValues) {
        var mark = UInt8(ascii: "?")
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == UInt8(ascii: "&") {
            let pair = query.slice(start, index &- start)
            start = index &+ 1
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            let name = pair.slice(0, equals)
            if queryRemovals.contains(where: { $0.matchesEncoded(name) }) { continue }
            text.append(mark)
            mark = UInt8(ascii: "&")
            let renaming = shaping.query.rename.first { NamePattern($0.from).matchesEncoded(name) }
            if let renaming { append(encoded: renaming.to) } else { text.append(contentsOf: name) }
            text.append(contentsOf: pair.slice(equals, pair.count &- equals))
        }
        for change in shaping.query.set + shaping.query.add {
            let length = text.count
            text.append(mark)
            append(encoded: change.name)
            text.append(UInt8(ascii: "="))
            if change.value.render(into: &text, for: .query, from: values, literalIsEncoded: false).isWorthSending {
                mark = UInt8(ascii: "&")
            } else {
                text.removeSubrange(length...)
            }
        }
    }

    private func append(encoded name: String) {
        var name = name
        name.withUTF8 { PercentText.append($0, to: &text, keeping: PercentText.isUnreserved) }
    }

    // MARK: Cookies

    private func shapeCookies(_ exchange: Exchange, _ values: RequestValues) {
        text.removeAll(keepingCapacity: true)
        exchange.takeCookies { pair, name in
            if cookieRemovals.contains(where: { $0.matchesExactly(name) }) { return }
            if !text.isEmpty { text.append(contentsOf: "; ".utf8) }
            if let renaming = shaping.cookies.rename.first(where: { name.elementsEqual($0.from.utf8) }) {
                text.append(contentsOf: renaming.to.utf8)
                text.append(contentsOf: pair.slice(name.count, pair.count &- name.count))
            } else {
                text.append(contentsOf: pair)
            }
        }
        for change in shaping.cookies.set {
            let length = text.count
            if !text.isEmpty { text.append(contentsOf: "; ".utf8) }
            text.append(contentsOf: change.name.utf8)
            text.append(UInt8(ascii: "="))
            if !change.value.render(into: &text, for: .cookie, from: values, literalIsEncoded: false).isWorthSending {
                text.removeSubrange(length...)
            }
        }
        guard !text.isEmpty else { return }
        exchange.requestLines.append("Cookie: ")
        exchange.requestLines.append(text)
        exchange.requestLines.append("\r\n")
    }

    // MARK: Fields

    private func shapeFields(_ exchange: Exchange, _ values: RequestValues) {
        let section = exchange.request.fields
        let lines = exchange.requestLines
        lines.dropLines { _, name in fields.drops(name) }
        for index in 0..<section.count where !section.slots[index].isDropped {
            let name = section.name(index)
            if fields.drops(name) {
                section.slots[index].isDropped = true
            } else if let renamed = fields.renamed(name) {
                section.slots[index].isDropped = true
                renamed.withUnsafeBufferPointer { lines.append($0) }
                lines.append(": ")
                lines.append(section.value(index))
                lines.append("\r\n")
            }
        }
        fields.append(to: lines, from: values, &text) { _ in true }
    }
}
