import JSON

/// A token in compact form taken apart (RFC 7515 section 7.1): `header.payload.signature`, nothing decoded yet.
struct CompactToken {
    static let maximumBytes = 16 * 1024

    let header: UnsafeRawBufferPointer
    let payload: UnsafeRawBufferPointer
    let signature: UnsafeRawBufferPointer
    /// What the signature is over: header, dot and payload as they were sent.
    let signedBytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) throws(JWTFailure) {
        guard bytes.count <= Self.maximumBytes else { throw .tooLarge }
        let dot = UInt8(ascii: ".")
        guard let first = bytes.firstIndex(of: dot),
            let second = bytes[(first + 1)...].firstIndex(of: dot),
            !bytes[(second + 1)...].contains(dot)
        else { throw .malformed }
        header = UnsafeRawBufferPointer(rebasing: bytes[..<first])
        payload = UnsafeRawBufferPointer(rebasing: bytes[(first + 1)..<second])
        signature = UnsafeRawBufferPointer(rebasing: bytes[(second + 1)...])
        signedBytes = UnsafeRawBufferPointer(rebasing: bytes[..<second])
    }
}

/// The part of a JOSE header that decides how a token is verified.
struct TokenHeader {
    let algorithm: JWTAlgorithm
    let keyID: String?
    /// In lower case and without `application/`, as RFC 7515 section 4.1.9 has it compared.
    let type: String?

    /// A key or the address of one within the header (`jwk`, `jku`, `x5c`, `x5u`) is never looked at: whoever made
    /// the token chose it (RFC 8725 section 3.10).
    init(_ encoded: UnsafeRawBufferPointer) throws(JWTFailure) {
        let object = try TokenHeader.object(encoded)
        guard let name = object["alg"]?.string else { throw .malformed }
        guard let algorithm = JWTAlgorithm(name: name) else { throw .unsupportedAlgorithm }
        self.algorithm = algorithm
        // RFC 7515 section 4.1.11: what `crit` lists must be understood, and no extension is. RFC 7797's unencoded
        // payload would have the signature cover other bytes than those decoded here.
        guard object["crit"] == nil, object["b64"] == nil || object["b64"] == .bool(true) else {
            throw .unsupportedExtension
        }
        type = try object["typ"].map { value throws(JWTFailure) in
            guard let text = value.string?.lowercased() else { throw .malformed }
            return Self.bareType(text)
        }
        guard let keyID = object["kid"] else {
            self.keyID = nil
            return
        }
        guard let text = keyID.string else { throw .malformed }
        self.keyID = text
    }

    static func bareType(_ text: String) -> String {
        text.hasPrefix("application/") ? String(text.dropFirst("application/".count)) : text
    }

    /// A base64url part of a token that must hold a JSON object.
    static func object(_ encoded: UnsafeRawBufferPointer) throws(JWTFailure) -> JSONObject {
        guard let bytes = Base64URL.decode(encoded),
            let value = try? JSONReader.read(bytes),
            let object = value.object
        else { throw .malformed }
        return object
    }
}
