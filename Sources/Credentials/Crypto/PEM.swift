import COpenSSL

/// Reads keys from PEM text (RFC 7468) and says, where it can't, what the text is and what it should be.
enum PEM {
    /// Generous for a key or a certificate with its chain; keeps a wrong file name from being read whole.
    static let maximumBytes = 256 * 1024

    /// The public key of a `PUBLIC KEY` or of the first `CERTIFICATE`; the caller frees it.
    static func publicKey(_ text: [UInt8]) throws(CredentialError) -> OpaquePointer {
        switch try label(of: text) {
        case "PUBLIC KEY":
            return try read(text, "public key") { PEM_read_bio_PUBKEY($0, nil, refusePassphrase, nil) }
        case "CERTIFICATE":
            return try read(text, "certificate") { source in
                guard let certificate = PEM_read_bio_X509(source, nil, refusePassphrase, nil) else { return nil }
                defer { X509_free(certificate) }
                return X509_get_pubkey(certificate)
            }
        case "RSA PUBLIC KEY":
            throw CredentialError(
                "expected a PEM `PUBLIC KEY` or `CERTIFICATE`, found the older `RSA PUBLIC KEY`: "
                    + "convert it with `openssl rsa -RSAPublicKey_in -in KEY -pubout`")
        case let label where label.hasSuffix("PRIVATE KEY"):
            throw CredentialError(
                "expected a PEM `PUBLIC KEY` or `CERTIFICATE`, found a private key, which verifying does not need: "
                    + "extract the public one with `openssl pkey -in KEY -pubout`")
        case let label:
            throw CredentialError("expected a PEM `PUBLIC KEY` or `CERTIFICATE`, found `\(label)`")
        }
    }

    /// The first `CERTIFICATE`; the caller frees it.
    static func certificate(_ text: [UInt8]) throws(CredentialError) -> OpaquePointer {
        try read(text, "certificate") { PEM_read_bio_X509($0, nil, refusePassphrase, nil) }
    }

    /// An unencrypted private key (PKCS#8, or the older forms for RSA and EC); the caller frees it.
    static func privateKey(_ text: [UInt8]) throws(CredentialError) -> OpaquePointer {
        switch try label(of: text) {
        case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "EC PARAMETERS":
            return try read(text, "private key") { PEM_read_bio_PrivateKey($0, nil, refusePassphrase, nil) }
        case "ENCRYPTED PRIVATE KEY":
            throw CredentialError("the private key is encrypted; decrypt it with `openssl pkey -in KEY -out PLAIN`")
        case let label:
            throw CredentialError("expected a PEM `PRIVATE KEY`, found `\(label)`")
        }
    }

    /// libcrypto would ask for a passphrase on the terminal; a gateway must never wait for one.
    private static let refusePassphrase:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, _, _, _ in -1 }

    private static func read(
        _ text: [UInt8], _ kind: String, _ body: (OpaquePointer) -> OpaquePointer?
    ) throws(CredentialError) -> OpaquePointer {
        let key: OpaquePointer? = text.withUnsafeBytes { bytes in
            guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(source) }
            return body(source)
        }
        ERR_clear_error()
        guard let key else {
            throw CredentialError("the PEM \(kind) can't be read: it is damaged, encrypted, or of an unknown type")
        }
        return key
    }

    /// What the first `-----BEGIN …-----` line names.
    private static func label(of text: [UInt8]) throws(CredentialError) -> String {
        guard text.count <= maximumBytes else { throw CredentialError("expected a PEM key, found over 256 KiB") }
        let begin = Array("-----BEGIN ".utf8)
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) where line.starts(with: begin) {
            let rest = line.dropFirst(begin.count).prefix { $0 != UInt8(ascii: "-") }
            if let label = String(validating: rest.prefix(40), as: UTF8.self) { return label }
        }
        throw CredentialError(
            "expected a PEM key that starts with `-----BEGIN PUBLIC KEY-----` or the like, found none")
    }
}
