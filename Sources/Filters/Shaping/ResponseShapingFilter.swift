import GatewayCore
import HTTPWire
import Policies

/// Changes the heads that clients get, also those of cached responses and of the gateway's own replies. Being a filter, it
/// only announces itself; the work is done when there is a response.
package final class ResponseShapingFilter: RequestFilter {
    package let phase = Phase.arrive
    private let shaping: ResponseShaping
    private let names: ShapingNames
    private let fields: FieldPlan
    private let cookies: [NamePattern]
    private var scratch: [UInt8] = []
    private let kept = ByteBuilder(capacity: 64)

    package init(_ shaping: ResponseShaping, _ names: ShapingNames) {
        self.shaping = shaping
        self.names = names
        fields = FieldPlan(shaping.headers)
        cookies = (shaping.cookies.remove + shaping.cookies.set.map(\.name)).map(NamePattern.init)
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        exchange.push(self)
        return .proceed
    }

    private func isDropped(_ name: Bytes, _ value: @autoclosure () -> Bytes) -> Bool {
        if fields.drops(name) { return true }
        guard !cookies.isEmpty, name.equalsIgnoringCase("set-cookie") else { return false }
        let value = value()
        let end = value.firstIndex(of: UInt8(ascii: "=")) ?? value.count
        let cookie = value.slice(0, end).trimmed
        return cookies.contains { $0.matchesExactly(cookie) }
    }

    private func append(to exchange: Exchange, where isWanted: (Bytes) -> Bool) {
        let values = RequestValues(exchange, names)
        fields.append(to: exchange.responseLines, from: values, &scratch, where: isWanted)
        for cookie in shaping.cookies.set {
            scratch.removeAll(keepingCapacity: true)
            let outcome = cookie.value.render(into: &scratch, for: .cookie, from: values, literalIsEncoded: false)
            guard outcome.isWorthSending else { continue }
            exchange.responseLines.append("Set-Cookie: \(cookie.name)=")
            exchange.responseLines.append(scratch)
            exchange.responseLines.append("\(cookie.attributes)\r\n")
        }
    }

    private func append(renamed name: [UInt8], _ value: Bytes, to lines: ByteBuilder) {
        lines.append(name)
        lines.append(": ")
        lines.append(value)
        lines.append("\r\n")
    }
}

extension ResponseShapingFilter: ResponseShaper {
    package func shape(_ head: ResponseHead, for exchange: Exchange) {
        let section = head.fields
        exchange.responseLines.dropLines { isDropped($1, FieldLines.value(of: $0, name: $1)) }
        for index in 0..<section.count where !section.slots[index].isDropped {
            let name = section.name(index)
            if isDropped(name, section.value(index)) {
                section.slots[index].isDropped = true
            } else if fields.renames, let renamed = fields.renamed(name) {
                section.slots[index].isDropped = true
                append(renamed: renamed, section.value(index), to: exchange.responseLines)
            }
        }
        append(to: exchange) { _ in true }
    }

    package func shape(_ head: StoredHead, for exchange: Exchange) -> StoredHead {
        exchange.responseLines.dropLines { isDropped($1, FieldLines.value(of: $0, name: $1)) }
        kept.removeAll()
        FieldLines.forEach(in: head.lines) { line, name in
            if isDropped(name, FieldLines.value(of: line, name: name)) { return }
            if fields.renames, let renamed = fields.renamed(name) {
                append(renamed: renamed, FieldLines.value(of: line, name: name), to: kept)
            } else {
                kept.append(line)
            }
        }
        append(to: exchange) { _ in true }
        return StoredHead(status: head.status, lines: kept.bytes, length: head.length)
    }

    package func shape(_ reply: Reply, for exchange: Exchange) {
        exchange.responseLines.dropLines { isDropped($1, FieldLines.value(of: $0, name: $1)) }
        append(to: exchange) { !reply.says($0) }
    }
}
