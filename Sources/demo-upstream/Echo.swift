import NIOHTTP1

/// The JSON that tells a client what arrived here. Headers are a list of lines, so that their order, case and
/// duplicates can be seen.
struct Echo {
    let head: HTTPRequestHead
    let bodyBytes: Int
    let port: Int

    var json: String {
        let headers = head.headers.map { Self.quoted("\($0.name): \($0.value)") }.joined(separator: ",\n    ")
        return """
            {
              "method": \(Self.quoted(head.method.rawValue)),
              "path": \(Self.quoted(head.uri)),
              "upstream_port": \(port),
              "body_bytes": \(bodyBytes),
              "headers": [
                \(headers)
              ]
            }

            """
    }

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
