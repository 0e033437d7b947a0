import GatewayCore
import HTTPWire
import Policies

/// What an exchange is hashed by, so that equal ones reach the same target. What lacks the value is spread by its address.
enum BalanceKey {
    static func of(_ exchange: Exchange, by source: BalanceMethod.HashSource) -> UInt64 {
        let fields = exchange.request.fields
        switch source {
        case .header(let name):
            var name = name.lowercased()
            if let value = name.withUTF8({ fields.first($0) }) { return StableHash.of(value) }
        case .cookie(let name):
            var name = name
            if let value = name.withUTF8({ cookie($0, in: fields) }) { return StableHash.of(value) }
        case .consumer:
            if let identity = exchange.identity { return StableHash.of(identity.consumer.utf8) }
        case .ip: break
        }
        return StableHash.of(exchange.clientAddress.bytes)
    }

    /// `name=value` pairs apart by `; ` (RFC 6265 §4.2.1).
    private static func cookie(_ name: Bytes, in fields: FieldSection) -> Bytes? {
        guard let line = fields.first(.cookie) else { return nil }
        var start = 0
        for index in 0...line.count where index == line.count || line[index] == 0x3B {
            let pair = line.slice(start, index - start).trimmed
            start = index + 1
            guard pair.count > name.count, pair[name.count] == 0x3D else { continue }
            if pair.slice(0, name.count).elementsEqual(name) {
                return pair.slice(name.count + 1, pair.count - name.count - 1)
            }
        }
        return nil
    }
}
