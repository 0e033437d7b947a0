import HTTPWire
import Policies

/// The response fields that tell a client where it stands: `RateLimit` and `RateLimit-Policy`
/// (draft-ietf-httpapi-ratelimit-headers), and `X-RateLimit-Limit`, `-Remaining`, `-Reset` of the tightest window.
struct RateLimitFields {
    /// `"users.consumer";q=100;w=60`, one item per window.
    private let policyItems: [UInt8]
    /// `"users.consumer"` for each window.
    private let names: [[UInt8]]
    private let capacities: [Int]

    init(_ policy: LimitPolicy) {
        let isSingle = policy.windows.count == 1
        let quoted = policy.windows.map { window in
            "\"\(Self.escaped(policy.name))\(isSingle ? "" : "." + window.name)\""
        }
        names = quoted.map { Array($0.utf8) }
        capacities = policy.windows.map(\.capacity)
        let items = zip(quoted, policy.windows).map { name, window in
            "\(name);q=\(window.count);w=\(max(window.periodMicroseconds / 1_000_000, 1))"
        }
        policyItems = Array(items.joined(separator: ", ").utf8)
    }

    /// Structured field strings hold printable ASCII (RFC 8941 §3.3.3).
    private static func escaped(_ name: String) -> String {
        String(
            decoding: name.utf8.map { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C ? $0 : 0x5F },
            as: UTF8.self)
    }

    /// - Parameter windows: the states of all windows of all limits; empty if the store could not be asked.
    static func append(
        _ limits: [RateLimitFilter.Limit], _ windows: [TakeRequest.WindowState], to lines: ByteBuilder
    ) {
        lines.append("RateLimit-Policy: ")
        for (index, limit) in limits.enumerated() {
            if index > 0 { lines.append(", ") }
            lines.append(limit.fields.policyItems)
        }
        lines.append("\r\n")
        guard !windows.isEmpty else { return }
        lines.append("RateLimit: ")
        var next = 0
        var tightest = 0
        var tightestCapacity = 1
        for limit in limits {
            for window in limit.policy.windows.indices where next < windows.count {
                let state = windows[next]
                if next > 0 { lines.append(", ") }
                lines.append(limit.fields.names[window])
                lines.append(";r=")
                lines.append(decimal: state.remaining)
                lines.append(";t=")
                lines.append(decimal: seconds(state.resetMicroseconds))
                if next == 0 || isTighter(state, windows[tightest]) {
                    tightest = next
                    tightestCapacity = limit.fields.capacities[window]
                }
                next += 1
            }
        }
        lines.append("\r\nX-RateLimit-Limit: ")
        lines.append(decimal: tightestCapacity)
        lines.append("\r\nX-RateLimit-Remaining: ")
        lines.append(decimal: windows[tightest].remaining)
        lines.append("\r\nX-RateLimit-Reset: ")
        lines.append(decimal: seconds(windows[tightest].resetMicroseconds))
        lines.append("\r\n")
    }

    /// `Retry-After` (RFC 9110 §10.2.3): when the last of the refusing windows would admit.
    static func appendRetryAfter(_ windows: [TakeRequest.WindowState], to lines: ByteBuilder) {
        let wait = windows.map(\.waitMicroseconds).max() ?? 0
        lines.append("Retry-After: ")
        lines.append(decimal: max(seconds(wait), 1))
        lines.append("\r\n")
    }

    /// The one that admits the fewest further requests; among equals the one that takes longest to recover.
    private static func isTighter(_ state: TakeRequest.WindowState, _ other: TakeRequest.WindowState) -> Bool {
        if state.remaining != other.remaining { return state.remaining < other.remaining }
        return state.resetMicroseconds > other.resetMicroseconds
    }

    private static func seconds(_ microseconds: Int) -> Int { (microseconds + 999_999) / 1_000_000 }
}
