import GatewayCore
import HTTPWire
import Policies

/// Says what the cache did: `Cache-Status` (RFC 9211), and `X-Cache` for those who look for one word.
enum CacheStatusField {
    /// Why a request went to the origin (RFC 9211 §2.2).
    enum Forward: String {
        case bypass, method, request, stale, miss
        case uriMiss = "uri-miss"
        case varyMiss = "vary-miss"
        case partial
    }

    static func appendHit(
        _ lifetime: CacheLifetime, age: Int, isStale: Bool, detail: String? = nil, to lines: ByteBuilder
    ) {
        lines.append("Age: ")
        lines.append(decimal: age / 1_000_000)
        lines.append("\r\nCache-Status: sluice; hit; ttl=")
        let left = (lifetime.fresh - age) / 1_000_000
        // Negative once stale (RFC 9211 §2.4), also if a purge made it so before its time.
        lines.append(decimal: isStale ? min(left, -1) : left)
        appendDetail(detail, to: lines)
        lines.append(isStale ? "\r\nX-Cache: STALE\r\n" : "\r\nX-Cache: HIT\r\n")
    }

    /// Stored, and the origin said that it still is good: no hit, since it was asked (RFC 9211 §2.1).
    static func appendValidated(_ forward: Forward, _ lifetime: CacheLifetime, age: Int, to lines: ByteBuilder) {
        lines.append("Age: ")
        lines.append(decimal: age / 1_000_000)
        lines.append("\r\nCache-Status: sluice; fwd=")
        lines.append(forward.rawValue)
        lines.append("; fwd-status=304; ttl=")
        lines.append(decimal: (lifetime.fresh - age) / 1_000_000)
        lines.append("\r\nX-Cache: REVALIDATED\r\n")
    }

    static func appendForward(
        _ forward: Forward, status: Int? = nil, isStored: Bool = false, isCollapsed: Bool = false,
        detail: String? = nil, to lines: ByteBuilder
    ) {
        lines.append("Cache-Status: sluice; fwd=")
        lines.append(forward.rawValue)
        if let status {
            lines.append("; fwd-status=")
            lines.append(decimal: status)
        }
        if isStored { lines.append("; stored") }
        if isCollapsed { lines.append("; collapsed") }
        appendDetail(detail, to: lines)
        switch forward {
        case .bypass, .method: lines.append("\r\nX-Cache: BYPASS\r\n")
        case .request, .stale, .miss, .uriMiss, .varyMiss, .partial: lines.append("\r\nX-Cache: MISS\r\n")
        }
    }

    private static func appendDetail(_ detail: String?, to lines: ByteBuilder) {
        guard let detail else { return }
        lines.append("; detail=")
        lines.append(detail)
    }
}
