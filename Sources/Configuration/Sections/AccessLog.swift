/// `access_log`: one line for each exchange.
package struct AccessLogSettings: Hashable, Sendable {
    package enum Destination: Hashable, Sendable {
        case stdout, stderr, off
        case file(String)
    }

    package enum Format: String, Hashable, Sendable {
        case json
    }

    package var destination = Destination.stdout
    package var format = Format.json

    static let kind = Kind<AccessLogSettings>.section("access_log", "a mapping such as { path: stdout, format: json }")
    {
        section in
        var log = AccessLogSettings()
        log.destination = section.value(
            "path", .logDestination, default: log.destination, "stdout, stderr, off, or the path of a file.")
        log.format = section.value(
            "format", .choice(["json": .json], later: ["logfmt"]), default: log.format, "How a line is written.")
        section.later("sample", "redact", "fields")
        return log
    }
}

extension Kind where Value == AccessLogSettings.Destination {
    fileprivate static var logDestination: Kind {
        let write: @Sendable (Value) -> JSON = { destination in
            switch destination {
            case .stdout: "stdout"
            case .stderr: "stderr"
            case .off: "off"
            case .file(let path): .string(path)
            }
        }
        return .scalar("stdout, stderr, off, or a path", schema: ["type": "string"], write: write) {
            text throws(ScalarProblem) in
            switch text.value {
            case "stdout": return .stdout
            case "stderr": return .stderr
            case "off": return .off
            case "": throw .expected()
            default: return .file(text.value)
            }
        }
    }
}
