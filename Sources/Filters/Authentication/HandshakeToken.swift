import HTTPWire

/// Where the handshake of a WebSocket carries a token: a browser can't give it an `Authorization` field.
package struct HandshakeToken: Sendable {
    /// A query parameter, or the subprotocol in front of the token (`Sec-WebSocket-Protocol: bearer, TOKEN`); nil: not there.
    private let query: [UInt8]?
    private let subprotocol: [UInt8]?

    package init(query: String? = nil, subprotocol: String? = nil) {
        self.query = query.map { Array($0.utf8) }
        self.subprotocol = subprotocol.map { Array($0.utf8) }
    }

    func token(in request: RequestHead) -> Bytes? {
        guard query != nil || subprotocol != nil, request.upgrade?.equalsIgnoringCase("websocket") == true else {
            return nil
        }
        if let query, let token = query.withUnsafeBufferPointer({ request.queryValue($0) }) { return token }
        return subprotocol.flatMap { Self.token(behind: $0, request.fields) }
    }

    /// The subprotocol stays, since the service has to choose it.
    func strip(_ request: RequestHead) {
        guard let query else { return }
        query.withUnsafeBufferPointer { request.removeQueryParameters(named: $0) }
    }

    private static func token(behind name: [UInt8], _ fields: FieldSection) -> Bytes? {
        var isNext = false
        var found: Bytes?
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase("sec-websocket-protocol") {
            fields.value(index).forEachListElement { element in
                if isNext, found == nil { found = element }
                isNext = element.elementsEqual(name)
            }
        }
        return found
    }
}
