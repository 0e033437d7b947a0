/// Why a head is refused. The connection is closed after it: what follows can't be told apart from an attack.
package enum HeadFault: UInt8, Sendable, Error {
    case requestLine, method, target, version, pathEncoding, pathAboveRoot
    case bareLineFeed, bareCarriageReturn, fieldName, foldedLine, controlByte
    case missingHost, severalHosts, badHost, hostMismatch
    case contentLength, severalContentLengths, lengthAndEncoding, encodingInHTTP10, encodingNotChunked
    case unsupportedEncoding, unsupportedMethod, unsupportedVersion
    case tooManyFields, headTooLarge, targetTooLong
    case statusLine, chunkSize, chunkFraming, trailerField

    /// The status that tells a client; towards an upstream any fault is a 502.
    package var status: Int {
        switch self {
        case .tooManyFields, .headTooLarge: 431
        case .targetTooLong: 414
        case .unsupportedEncoding, .unsupportedMethod: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// What was wrong and what was expected, for the reply's `detail` and the log.
    package var detail: StaticString {
        switch self {
        case .requestLine: "The request line must be: method, one space, target, one space, HTTP version."
        case .method: "The method must be a token (RFC 9110, section 9.1)."
        case .target: "The request target holds a byte that no URI may hold."
        case .version: "The HTTP version is malformed."
        case .pathEncoding: "The path holds a malformed or forbidden percent-encoding."
        case .pathAboveRoot: "The path climbs above its root with \"..\"."
        case .bareLineFeed: "A line of the head ends without a carriage return."
        case .bareCarriageReturn: "A carriage return stands without its line feed."
        case .fieldName: "A header field name must be a token directly followed by a colon."
        case .foldedLine: "A header field is continued on a further line, which HTTP/1.1 no longer allows."
        case .controlByte: "A header field value holds a control character."
        case .missingHost: "An HTTP/1.1 request must have a Host field."
        case .severalHosts: "The request has more than one Host field."
        case .badHost: "The Host field is malformed."
        case .hostMismatch: "The Host field differs from the authority in the request target."
        case .contentLength: "Content-Length must be one decimal number."
        case .severalContentLengths: "The message has more than one Content-Length."
        case .lengthAndEncoding: "The message has both Content-Length and Transfer-Encoding."
        case .encodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding."
        case .encodingNotChunked: "The last Transfer-Encoding must be chunked, once."
        case .unsupportedEncoding: "No Transfer-Encoding but chunked is supported."
        case .unsupportedMethod: "The CONNECT method is not supported."
        case .unsupportedVersion: "Only HTTP/1.0 and HTTP/1.1 are spoken here."
        case .tooManyFields: "The request has too many header fields."
        case .headTooLarge: "The request head is larger than this gateway accepts."
        case .targetTooLong: "The request target is longer than this gateway accepts."
        case .statusLine: "The status line is malformed."
        case .chunkSize: "A chunk size is malformed."
        case .chunkFraming: "A chunk is not framed as its size says."
        case .trailerField: "The trailer section is malformed or too large."
        }
    }
}
