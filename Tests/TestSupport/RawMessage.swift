import Foundation

/// An HTTP/1.1 message as it came over the wire: its exact bytes, and its parts taken apart without any leniency.
package struct RawMessage: Sendable {
    /// Everything that was read for it, byte by byte.
    package fileprivate(set) var bytes: [UInt8] = []
    package fileprivate(set) var startLine = ""
    package fileprivate(set) var headers: [(name: String, value: String)] = []
    /// The content, with any chunked framing taken off.
    package fileprivate(set) var body: [UInt8] = []
    package fileprivate(set) var trailers: [(name: String, value: String)] = []

    /// The parts of the start line: method, target, version; or version, status, reason.
    package var startParts: [String] {
        startLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    }
    package var method: String { startParts.first ?? "" }
    package var target: String { startParts.count > 1 ? startParts[1] : "" }
    package var status: Int { startParts.count > 1 ? Int(startParts[1]) ?? 0 : 0 }
    package var text: String { String(decoding: body, as: UTF8.self) }
    /// Start line and header section as text.
    package var head: String {
        String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")[0]
    }

    /// The first value of a header, by its name in any case.
    package subscript(name: String) -> String? { values(name).first }

    /// All values of a header, in order.
    package func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

extension RawConnection {
    /// Reads one response; `method` is the request's, since an answer to HEAD has no body.
    package func readResponse(to method: String = "GET") throws -> RawMessage {
        var message = try readHead()
        let status = message.status
        if method == "HEAD" || status == 204 || status == 304 || (100..<200).contains(status) { return message }
        if try !readFramedBody(&message) {
            message.body = try readUntilClose()
            message.bytes += message.body
        }
        return message
    }

    /// Reads one request.
    package func readRequest() throws -> RawMessage {
        var message = try readHead()
        _ = try readFramedBody(&message)
        return message
    }

    /// Reads a start line and its headers, and leaves the body unread.
    package func readHead() throws -> RawMessage {
        var message = RawMessage()
        message.bytes = try read(until: "\r\n\r\n")
        let lines = String(decoding: message.bytes.dropLast(4), as: UTF8.self).components(separatedBy: "\r\n")
        message.startLine = lines[0]
        message.headers = try lines.dropFirst().map(Self.field)
        return message
    }

    /// Sends a request of these lines, each ended by CRLF, and the empty line.
    package func sendRequest(_ lines: [String], body: String = "") throws {
        try send(lines.map { $0 + "\r\n" }.joined() + "\r\n" + body)
    }

    /// False when the message says nothing of its length.
    private func readFramedBody(_ message: inout RawMessage) throws -> Bool {
        if message["Transfer-Encoding"]?.lowercased().hasSuffix("chunked") == true {
            try readChunks(&message)
            return true
        }
        guard let length = message["Content-Length"] else { return false }
        guard let count = Int(length) else { throw TestFailure("Content-Length: \(length)") }
        message.body = try read(exactly: count)
        message.bytes += message.body
        return true
    }

    private func readChunks(_ message: inout RawMessage) throws {
        while true {
            let line = try read(until: "\r\n")
            message.bytes += line
            let size = String(decoding: line.dropLast(2), as: UTF8.self).split(separator: ";").first ?? ""
            guard let count = Int(size, radix: 16) else { throw TestFailure("chunk size line: \(size)") }
            if count == 0 { break }
            let chunk = try read(exactly: count + 2)
            guard chunk.suffix(2) == [13, 10] else { throw TestFailure("a chunk does not end with CRLF") }
            message.bytes += chunk
            message.body += chunk.dropLast(2)
        }
        while true {
            let line = try read(until: "\r\n")
            message.bytes += line
            if line.count == 2 { return }
            message.trailers.append(try Self.field(String(decoding: line.dropLast(2), as: UTF8.self)))
        }
    }

    private static func field(_ line: String) throws -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: ":") else { throw TestFailure("no colon in header line: \(line)") }
        let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        return (String(line[..<colon]), value)
    }
}
