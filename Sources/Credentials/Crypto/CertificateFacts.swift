import COpenSSL

/// What a certificate says of whom it is for (RFC 5280): its subject and its alternative names.
package struct CertificateFacts: Hashable, Sendable {
    /// In the form of RFC 4514, all in ASCII: `CN=client,O=Example`.
    package let subject: String
    /// DNS names, in lower case and perhaps with a wildcard as leftmost label.
    package let hostNames: [String]
    /// All alternative names as text: DNS names, mail addresses, URIs, IP addresses.
    package let names: [String]

    /// - Parameter der: one certificate.
    package init(der: [UInt8]) throws(CredentialError) {
        let certificate: OpaquePointer? = der.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return d2i_X509(nil, &next, bytes.count)
        }
        ERR_clear_error()
        guard let certificate else { throw CredentialError("the certificate is damaged; expected DER") }
        defer { X509_free(certificate) }
        self.init(of: certificate)
    }

    /// - Parameter pem: a certificate, which others may follow.
    package init(pem: [UInt8]) throws(CredentialError) {
        let certificate = try PEM.certificate(pem)
        defer { X509_free(certificate) }
        self.init(of: certificate)
    }

    private init(of certificate: OpaquePointer) {
        subject = Self.text(of: X509_get_subject_name(certificate))
        let alternatives = Self.alternatives(of: certificate)
        names = alternatives.map(\.text)
        var hosts = alternatives.filter { $0.kind == GEN_DNS }.map { $0.text.lowercased() }
        // RFC 6125 §6.4.4: the common name counts only where there is no alternative name.
        if alternatives.isEmpty, let common = Self.commonName(in: subject) { hosts = [common.lowercased()] }
        hostNames = hosts
    }

    /// The value of `CN` in a subject; nil if there is none.
    package var commonName: String? { Self.commonName(in: subject) }

    private static func commonName(in subject: String) -> String? {
        DistinguishedName.value(of: "CN", in: subject)
    }

    /// XN_FLAG_RFC2253 of openssl/x509.h, which is too much of a macro for Swift.
    private static let textFlags: UInt = 0x317 | 1 << 16 | 1 << 20 | 1 << 24

    private static func text(of name: OpaquePointer?) -> String {
        guard let name, let output = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(output) }
        guard X509_NAME_print_ex(output, name, 0, textFlags) >= 0 else { return "" }
        return String(decoding: content(of: output).prefix(4096), as: UTF8.self)
    }

    private static func content(of output: OpaquePointer) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = BIO_read(output, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(Int(max(count, 0))))
    }

    private static func alternatives(of certificate: OpaquePointer) -> [(kind: Int32, text: String)] {
        guard let list = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(list)
        defer { GENERAL_NAMES_free(stack) }
        var found: [(kind: Int32, text: String)] = []
        for index in 0..<min(OPENSSL_sk_num(stack), 100) {
            guard let item = OPENSSL_sk_value(stack, index) else { continue }
            var kind: Int32 = 0
            let value = GENERAL_NAME_get0_value(item.assumingMemoryBound(to: GENERAL_NAME.self), &kind)
            guard [GEN_DNS, GEN_EMAIL, GEN_URI, GEN_IPADD].contains(kind), let value else { continue }
            let string = value.assumingMemoryBound(to: ASN1_STRING.self)
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
            if let text = kind == GEN_IPADD ? address(bytes) : plainText(bytes) { found.append((kind, text)) }
        }
        return found
    }

    /// Nil for anything that could be read differently elsewhere, above all text with NUL in it.
    private static func plainText(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard !bytes.isEmpty, bytes.count <= 1024, bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        switch bytes.count {
        case 4: bytes.map { String($0) }.joined(separator: ".")
        case 16:
            stride(from: 0, to: 16, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
                .joined(separator: ":")
        default: nil
        }
    }
}

extension CertificateFacts {
    /// The field lines by which an upstream is told of a client's certificate: `Client-Cert` with the whole of it (RFC 9440
    /// §2.2), and its subject and names in words.
    package static func fieldLines(der: [UInt8], facts: CertificateFacts) -> [UInt8] {
        var encoded = [UInt8](repeating: 0, count: (der.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&encoded, der, Int32(clamping: der.count))
        var lines = Array("Client-Cert: :".utf8)
        lines += encoded.prefix(Int(max(count, 0)))
        lines += Array(":\r\nX-Client-Cert-Subject: \(facts.subject)\r\n".utf8)
        if !facts.names.isEmpty { lines += Array("X-Client-Cert-SAN: \(facts.names.joined(separator: ", "))\r\n".utf8) }
        return lines
    }
}
