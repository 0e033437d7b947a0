import GatewayCore
import HTTPWire

/// How many tokens a request takes from each window of a limit.
package enum RequestCost: Hashable, Sendable {
    case fixed(Int)
    /// A header's whole number; the name in lower case.
    ///
    /// - `absent`: what a request without the header costs.
    /// - `maximum`: what greater numbers count as.
    case header([UInt8], absent: Int, maximum: Int)

    /// Nil if the header does not hold one whole number of at least 1. It must not be 0: who sets it could dodge the limit.
    func tokens(of request: RequestHead) -> Int? {
        switch self {
        case .fixed(let tokens): tokens
        case .header(let name, let absent, let maximum):
            name.withUnsafeBufferPointer { Self.read($0, of: request.fields, absent, maximum) }
        }
    }

    private static func read(_ name: Bytes, of fields: FieldSection, _ absent: Int, _ maximum: Int) -> Int? {
        var cost = absent
        var isFound = false
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) {
            // Of two values, one may be the client's and one the proxy's: neither can be believed.
            guard !isFound, let number = number(fields.value(index), atMost: maximum) else { return nil }
            cost = number
            isFound = true
        }
        return cost
    }

    private static func number(_ digits: Bytes, atMost maximum: Int) -> Int? {
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            // Far from any overflow, however long it goes on.
            number = min(number * 10 + Int(digit - 0x30), maximum)
        }
        return number > 0 ? number : nil
    }

    /// The answer to a request whose cost can't be read; nil where it always can.
    var unreadable: Reply? {
        guard case .header(let name, _, _) = self else { return nil }
        return Reply(
            status: 400, kind: "unreadable-cost", title: "Unreadable cost",
            detail: "The header \(String(decoding: name, as: UTF8.self)) says what the request costs; "
                + "it must be there once at most, and hold a whole number of at least 1.")
    }
}
