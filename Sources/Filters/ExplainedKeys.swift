import GatewayCore
import HTTPWire

/// What of a request's keys operators are told.
extension LimitSubject {
    /// As keys in Redis hold it.
    package func stored(of exchange: Exchange) -> String {
        let key = ByteBuilder(capacity: 64)
        withBytes(of: exchange) { SubjectKey().append($0, to: key) }
        return String(decoding: key.bytes, as: UTF8.self)
    }
}

extension CacheRoute {
    /// Whether the request is one whose answer may come from the cache.
    package func isAsked(by request: RequestHead) -> Bool {
        guard request.body == .none, !bypass.matches(request) else { return false }
        return request.isHEAD ? usesHEAD : usesGET && request.method.equals("GET")
    }

    /// The primary key of the exchange's request.
    package func storedKey(of exchange: Exchange) -> [UInt8] {
        let builder = ByteBuilder(capacity: 256)
        CacheKeyWriter(key).write(exchange, to: builder)
        return Array(builder.bytes)
    }
}
