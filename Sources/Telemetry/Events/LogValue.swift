/// How grave an event of the process is.
package enum LogLevel: Int, CaseIterable, Comparable, Sendable {
    case debug, info, warning, error

    package var label: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// A variable of an event: messages are constant, what varies is metadata.
package enum LogValue: Hashable, Sendable {
    case string(String)
    case integer(Int)
    case bool(Bool)
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}
