import HTTPWire
import Policies

/// What an exchange is hashed by, so that equal ones reach the same target. What lacks the value is spread by its address.
package enum BalanceKey {
    package static func of(_ exchange: Exchange, by source: BalanceMethod.HashSource) -> UInt64 {
        let fields = exchange.request.fields
        switch source {
        case .header(let name):
            var name = name.lowercased()
            if let value = name.withUTF8({ fields.first($0) }) { return StableHash.of(value) }
        case .cookie(let name):
            var name = name
            if let value = name.withUTF8({ fields.cookie($0) }) { return StableHash.of(value) }
        case .consumer:
            if let identity = exchange.identity { return StableHash.of(identity.consumer.utf8) }
        case .ip: break
        }
        return StableHash.of(exchange.clientAddress.bytes)
    }
}
