/// `fault` of a route: what is done to its requests to see how clients and the gateway take it.
package struct FaultSettings: Sendable {
    package var delayMicroseconds = 0
    /// 0…1, as the other.
    package var delayShare = 0.0
    package var abortStatus = 503
    package var abortShare = 0.0
    /// Nil: all requests.
    package var conditions: RequestConditionSettings?

    static let kind = Kind<FaultSettings>.section(
        "fault", "faults such as { delay: { time: 200ms, share: 10% }, abort: { status: 503, share: 1% } }"
    ) { section in
        var fault = FaultSettings()
        if let delay = section.optional("delay", .delay, "Requests that are forwarded late.") {
            (fault.delayMicroseconds, fault.delayShare) = (delay.microseconds, delay.share)
        }
        if let abort = section.optional("abort", .abort, "Requests that are answered with an error.") {
            (fault.abortStatus, fault.abortShare) = (abort.status, abort.share)
        }
        fault.conditions = section.optional(
            "when", RequestConditionSettings.kind, "Which requests may be hit; absent: all.")
        if !section.has("delay"), !section.has("abort") {
            section.reader.report("a fault is a delay, an abort, or both", hint: "add delay: { time: 200ms }")
        }
        return fault
    }
}

private struct Delay: Sendable {
    let microseconds: Int
    let share: Double
}

private struct Abort: Sendable {
    let status: Int
    let share: Double
}

extension Kind where Value == Delay {
    fileprivate static var delay: Kind {
        .section("fault_delay", "a delay such as { time: 200ms, share: 10% }") { section in
            let time = section.required("time", .duration(1_000...600_000_000), "How long requests wait.")
            let share = section.value("share", .percent, default: 1, "The share of requests that waits.")
            return time.map { Delay(microseconds: $0, share: share) }
        }
    }
}

extension Kind where Value == Abort {
    fileprivate static var abort: Kind {
        .section("fault_abort", "an error such as { status: 503, share: 1% }") { section in
            let status = section.value("status", .integer(400...599), default: 503, "What is answered.")
            let share = section.value("share", .percent, default: 1, "The share of requests that is answered so.")
            return Abort(status: status, share: share)
        }
    }
}
