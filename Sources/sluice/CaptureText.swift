import Foundation
import JSON

/// A captured exchange as people read it: a line about it, then both messages as they would look on the wire.
enum CaptureText {
    static func write(_ exchange: JSONObject, asJSON: Bool) {
        if asJSON {
            Output.write(String(decoding: JSONWriter.write(.object(exchange)), as: UTF8.self) + "\n")
        } else {
            Output.write(text(exchange) + "\n")
        }
    }

    static func text(_ exchange: JSONObject) -> String {
        func text(_ name: String) -> String { Table.harmless(exchange[name]?.scalarText ?? "") }
        let status = text("status") == "0" ? "no answer" : text("status")
        var facts = ["\(status) in \(text("duration_ms"))ms", "client \(text("client"))"]
        for name in ["consumer", "upstream", "error", "id"] where !text(name).isEmpty {
            facts.append("\(name) \(text(name))")
        }
        let time = Date(timeIntervalSince1970: Double(exchange["time_ms"]?.number?.integer ?? 0) / 1000)
        var lines = [
            "\(time.formatted(.iso8601.time(includingFractionalSeconds: true)))  " + facts.joined(separator: ", ")
        ]
        lines.append("> \(text("method")) \(text("url")) \(text("protocol"))")
        lines += message(exchange["request"]?.object, ">")
        lines.append("< \(status)")
        lines += message(exchange["response"]?.object, "<")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func message(_ message: JSONObject?, _ mark: String) -> [String] {
        var lines = (message?["headers"]?.array ?? []).compactMap(\.string).map { "\(mark) \(Table.harmless($0))" }
        if message?["headers_cut"] == .bool(true) { lines.append("\(mark) (further fields are left out)") }
        guard let body = message?["body"]?.object, let length = body["bytes"]?.number?.integer, length > 0 else {
            return lines
        }
        lines.append(mark)
        if let text = body["text"]?.string {
            // Lines stay lines; whatever else could command the terminal does not.
            lines += text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
                line.split(separator: "\t", omittingEmptySubsequences: false).map { Table.harmless(String($0)) }
                    .joined(separator: "\t")
            }
        } else {
            lines.append("(no text; base64) " + (body["base64"]?.string ?? ""))
        }
        if body["cut"] == .bool(true) { lines.append("(cut; \(length) bytes in all)") }
        return lines
    }
}
