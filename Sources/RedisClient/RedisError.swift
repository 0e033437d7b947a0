/// Why a command has no reply, or why a connection was given up.
package enum RedisError: Error, Hashable, Sendable {
    /// The command's deadline passed. Whether Redis executed it, now or later, is unknown.
    case timeout
    /// There is no usable connection: the command was not sent, or its connection broke before the reply.
    case disconnected
    /// Too much is waiting for Redis already; the command was not sent.
    case overloaded
    /// The connection was closed by its owner.
    case closed
    /// Redis answered with an error; its text, which starts with a code such as `WRONGTYPE`.
    case server(String)
    /// What arrived is not RESP.
    case protocolViolation(String)
    /// A reply grew over what is accepted.
    case replyTooLarge(limit: Int)
    /// The connection could not be opened, or broke; the system's reason.
    case connection(String)
    /// The oldest command has had no answer for so long that the connection was given up.
    case stalled
    /// A reply of another shape than the command promises; what was expected.
    case unexpectedReply(String)
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timeout: "Redis did not answer within the deadline; check its load (SLOWLOG GET) or raise state.timeout"
        case .disconnected: "there is no connection to Redis at the moment; it is retried in the background"
        case .overloaded: "too many commands are waiting for Redis already; this one was not sent"
        case .closed: "the connection to Redis was closed, since this node is stopping"
        case .server(let text): "Redis answered with an error: \(text)\(Self.advice(for: text))"
        case .protocolViolation(let reason):
            "what answered does not speak the Redis protocol (\(reason)); check the port"
        case .replyTooLarge(let limit): "a reply of Redis is larger than the accepted \(limit) bytes"
        case .connection(let reason): "cannot reach Redis: \(reason)"
        case .stalled: "Redis has not answered anything for a long time; the connection is opened anew"
        case .unexpectedReply(let expected): "Redis answered in an unexpected form; expected \(expected)"
        }
    }

    /// What to do about the error replies that a wrong configuration leads to.
    private static func advice(for text: String) -> String {
        switch text.prefix(while: { $0 != " " }) {
        case "WRONGPASS", "NOAUTH": "; check the user and the password in state.redis"
        case "NOPERM": "; give this user the needed commands and keys (ACL SETUSER)"
        case "LOADING": "; it is still loading its data and will be retried"
        default: ""
        }
    }
}
