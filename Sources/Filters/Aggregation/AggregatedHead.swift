import GatewayCore
import HTTPWire
import Policies

/// Writes the head of the answer that is made of the steps' answers.
struct AggregatedHead {
    let plan: AggregationPlan

    struct Timing {
        let step: String
        let microseconds: Int
    }

    /// As HTTP/1.1 text, blank line included.
    /// - Parameter missing: steps that have not delivered all they should have.
    func write(_ values: AggregationValues, length: Int, missing: [String], timings: [Timing]) -> [UInt8] {
        var head = Array("HTTP/1.1 \(plan.status) \(StatusReason.of(plan.status))\r\n".utf8)
        head += "Date: \(HTTPTime.text(WallClock.seconds()))\r\n".utf8
        if !isSet("content-type") { head += "Content-Type: application/json\r\n".utf8 }
        for field in plan.headers where missing.isEmpty || field.name.lowercased() != "cache-control" {
            field.appendLine(to: &head, from: values)
        }
        if !missing.isEmpty {
            head += "Sluice-Partial: \(missing.joined(separator: ", "))\r\n".utf8
            // What is missing now may be there for the next who asks.
            head += "Cache-Control: no-store\r\n".utf8
        }
        if plan.showsTiming, !timings.isEmpty {
            head += "Server-Timing: \(timings.map(\.text).joined(separator: ", "))\r\n".utf8
        }
        head += "Content-Length: \(length)\r\n\r\n".utf8
        return head
    }

    private func isSet(_ name: String) -> Bool { plan.headers.contains { $0.name.lowercased() == name } }
}

extension AggregatedHead.Timing {
    /// W3C Server-Timing: milliseconds.
    fileprivate var text: String { "\(step);dur=\(microseconds / 1000).\(microseconds % 1000 / 100)" }
}
