import HTTPWire
import Policies

/// The response fields that tell a client where it stands: `RateLimit` and `RateLimit-Policy`
/// (draft-ietf-httpapi-ratelimit-headers), and `X-RateLimit-Limit`, `-Remaining`, `-Reset` of the tightest window.
///
/// A shadow limit is not mentioned: clients can do nothing about it.
struct RateLimitFields {
    /// `"users.consumer";q=100;w=60`, one item per window, and one for the bound on concurrency; empty for a shadow limit.
    private let policyItems: [UInt8]
    /// `"users.consumer"` for each window.
    private let names: [[UInt8]]
    /// `"users.consumer.concurrency"`
    private let concurrencyName: [UInt8]
    private let capacities: [Int]

    init(_ policy: LimitPolicy) {
        let isSingle = policy.windows.count == 1
        let name = Self.escaped(policy.name)
        let quoted = policy.windows.map { "\"\(name)\(isSingle ? "" : "." + $0.name)\"" }
        names = quoted.map { Array($0.utf8) }
        concurrencyName = Array("\"\(name).concurrency\"".utf8)
        capacities = policy.windows.map(\.capacity)
        var items = zip(quoted, policy.windows).map { name, window in "\(name);q=\(window.count)\(window.widthText)" }
        if let places = policy.concurrency {
            items.append("\"\(name).concurrency\";q=\(places);qu=\"concurrent-requests\"")
        }
        policyItems = policy.isShadow ? [] : Array(items.joined(separator: ", ").utf8)
    }

    /// Structured field strings hold printable ASCII (RFC 8941 §3.3.3).
    private static func escaped(_ name: String) -> String {
        String(
            decoding: name.utf8.map { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C ? $0 : 0x5F },
            as: UTF8.self)
    }

    /// - Parameter request: decided; what it asked for each of `limits`. It has no states if the store could not be asked.
    static func append(_ limits: [RateLimitFilter.Limit], _ request: TakeRequest, to lines: ByteBuilder) {
        guard appendPolicies(limits, to: lines) else { return }
        let tightest = appendStates(limits, request, to: lines)
        guard let (state, capacity) = tightest else { return }
        lines.append("X-RateLimit-Limit: ")
        lines.append(decimal: capacity)
        lines.append("\r\nX-RateLimit-Remaining: ")
        lines.append(decimal: state.remaining)
        lines.append("\r\nX-RateLimit-Reset: ")
        lines.append(decimal: seconds(state.resetMicroseconds))
        lines.append("\r\n")
    }

    /// False if there is nothing to tell.
    private static func appendPolicies(_ limits: [RateLimitFilter.Limit], to lines: ByteBuilder) -> Bool {
        var isFirst = true
        for limit in limits where !limit.policy.isShadow {
            lines.append(isFirst ? "RateLimit-Policy: " : ", ")
            lines.append(limit.fields.policyItems)
            isFirst = false
        }
        if !isFirst { lines.append("\r\n") }
        return !isFirst
    }

    /// The tightest window, and what it holds at most; nil if no window is known.
    private static func appendStates(
        _ limits: [RateLimitFilter.Limit], _ request: TakeRequest, to lines: ByteBuilder
    ) -> (TakeRequest.WindowState, Int)? {
        var tightest: (state: TakeRequest.WindowState, capacity: Int)?
        var isFirst = true
        var next = 0
        for (limit, entry) in zip(limits, request.entries) {
            let own = next..<min(next + limit.policy.windows.count, request.windows.count)
            next = own.upperBound
            guard !limit.policy.isShadow else { continue }
            for (window, place) in own.enumerated() {
                let state = request.windows[place]
                appendItem(limit.fields.names[window], remaining: state.remaining, &isFirst, to: lines)
                lines.append(";t=")
                lines.append(decimal: seconds(state.resetMicroseconds))
                if tightest.map({ isTighter(state, $0.state) }) ?? true {
                    tightest = (state, limit.fields.capacities[window])
                }
            }
            if let places = entry.places {
                appendItem(limit.fields.concurrencyName, remaining: places.remaining, &isFirst, to: lines)
            }
        }
        if !isFirst { lines.append("\r\n") }
        return tightest.map { ($0.state, $0.capacity) }
    }

    private static func appendItem(_ name: [UInt8], remaining: Int, _ isFirst: inout Bool, to lines: ByteBuilder) {
        lines.append(isFirst ? "RateLimit: " : ", ")
        lines.append(name)
        lines.append(";r=")
        lines.append(decimal: remaining)
        isFirst = false
    }

    /// `Retry-After` (RFC 9110 §10.2.3): when the last of the refusing windows would admit. When a place under a bound on
    /// concurrency is free again nobody knows; a second is the least that can be said.
    static func appendRetryAfter(_ waitMicroseconds: Int, to lines: ByteBuilder) {
        lines.append("Retry-After: ")
        lines.append(decimal: max(seconds(waitMicroseconds), 1))
        lines.append("\r\n")
    }

    /// The one that admits the fewest further requests; among equals the one that takes longest to recover.
    private static func isTighter(_ state: TakeRequest.WindowState, _ other: TakeRequest.WindowState) -> Bool {
        if state.remaining != other.remaining { return state.remaining < other.remaining }
        return state.resetMicroseconds > other.resetMicroseconds
    }

    private static func seconds(_ microseconds: Int) -> Int { (microseconds + 999_999) / 1_000_000 }
}

extension RateWindow {
    /// `;w=60`: how long it is, in seconds. Months are not all as long, so nothing is said of them.
    fileprivate var widthText: String {
        if case .calendar(.month, _) = kind { return "" }
        return ";w=\(max(periodMicroseconds / 1_000_000, 1))"
    }
}
