import Foundation
import GatewayCore
import JSON
import NIOCore

/// What was captured of one request and its response. Bodies are shown as they were, heads without credentials.
struct CapturedExchange: Sendable {
    /// Among those of its rule, from 1.
    var sequence = 0
    var wallMicroseconds = 0
    var id = ""
    var client = ""
    var method = ""
    var url = ""
    var isHTTP2 = false
    var request = CapturedMessage()
    var response = CapturedMessage()
    var record = ExchangeRecord()
    var durationMicroseconds = 0
    var upstream = ""
    var consumer = ""
    var trace = ""

    var size: Int { request.size + response.size + url.utf8.count + 512 }
}

/// The head's fields and what was kept of the body, of a request or of a response.
struct CapturedMessage: Sendable {
    /// Bytes of fields that are kept; what comes behind is left out.
    static let mostFieldBytes = 8 << 10

    private(set) var fields: [String] = []
    private(set) var fieldBytes = 0
    private(set) var leavesOutFields = false
    /// Nil: bodies of this side are not captured.
    var body: CapturedBody?

    var size: Int { fieldBytes + (body?.bytes.count ?? 0) }

    /// - Parameter shown: what of a field may be seen.
    mutating func add(_ added: [TappedField], _ shown: (TappedField) -> String) {
        for field in added {
            let line = "\(field.name): \(shown(field))"
            guard fieldBytes + line.utf8.count <= Self.mostFieldBytes else { return leavesOutFields = true }
            fieldBytes += line.utf8.count
            fields.append(line)
        }
    }
}

/// The first bytes of a body.
struct CapturedBody: Sendable {
    let limit: Int
    private(set) var bytes: [UInt8] = []
    /// Of all that has passed.
    private(set) var length = 0

    init(limit: Int) { self.limit = limit }

    var room: Int { limit - bytes.count }

    /// - Parameter whole: how long it is; more than `piece` if the rest was not read.
    mutating func append(_ piece: ByteBuffer, of whole: Int? = nil) {
        length += whole ?? piece.readableBytes
        bytes += piece.readableBytesView.prefix(room)
    }

    var isCut: Bool { length > bytes.count }

    /// Nil where it is no UTF-8; a character that the limit has cut is left out.
    var text: String? {
        for cut in 0...(isCut ? min(3, bytes.count) : 0) {
            if let text = String(validating: bytes.dropLast(cut), as: UTF8.self) { return text }
        }
        return nil
    }
}

extension CapturedExchange {
    var json: JSONValue {
        func text(_ value: String) -> JSONValue { value.isEmpty ? .null : .string(value) }
        func milliseconds(_ value: Int?) -> JSONValue { value.map { .decimal(Double($0) / 1000) }.orNull }
        return [
            "sequence": .integer(sequence), "time_ms": .integer(wallMicroseconds / 1000), "id": text(id),
            "client": text(client), "consumer": text(consumer), "upstream": text(upstream), "trace": text(trace),
            "protocol": isHTTP2 ? "HTTP/2" : "HTTP/1.1", "method": .string(method), "url": .string(url),
            "status": .integer(record.status), "error": (record.failure?.label).map { .string($0) }.orNull,
            "duration_ms": milliseconds(durationMicroseconds), "upstream_ms": milliseconds(record.upstreamMicroseconds),
            "request": request.json, "response": response.json,
        ]
    }
}

extension CapturedMessage {
    fileprivate var json: JSONValue {
        [
            "headers": .array(fields.map { .string($0) }), "headers_cut": .bool(leavesOutFields),
            "body": (body?.json).orNull,
        ]
    }
}

extension CapturedBody {
    fileprivate var json: JSONValue {
        var members: [(String, JSONValue)] = [("bytes", .integer(length)), ("cut", .bool(isCut))]
        if let text {
            members.append(("text", .string(text)))
        } else {
            members.append(("base64", .string(Data(bytes).base64EncodedString())))
        }
        return JSONValue(members: members)
    }
}
