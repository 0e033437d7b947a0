/// How the messages of a server's stream stand in an HTTP body: printed JSON has no line breaks, so a line holds one.
package enum StreamFormat: Hashable, Sendable {
    /// `application/x-ndjson`: a message a line; a failure is a last line `{"error":{…}}`.
    case lines
    /// `text/event-stream`: a message an event; a failure is an event named `error`.
    case events

    package var contentType: String {
        switch self {
        case .lines: "application/x-ndjson"
        case .events: "text/event-stream"
        }
    }

    package func message(_ json: some Collection<UInt8>) -> [UInt8] {
        switch self {
        case .lines: Array(json) + Array("\n".utf8)
        case .events: Array("data: ".utf8) + json + Array("\n\n".utf8)
        }
    }

    /// The end of a stream that failed after its head was sent, when no status can tell.
    package func failure(_ object: some Collection<UInt8>) -> [UInt8] {
        switch self {
        case .lines: Array("{\"error\":".utf8) + object + Array("}\n".utf8)
        case .events: Array("event: error\ndata: ".utf8) + object + Array("\n\n".utf8)
        }
    }
}
