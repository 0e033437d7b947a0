import NIOSSL

/// Which of the files for TLS can't be used, and why: a sentence for the user.
package struct UnusableTLS: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    static func reading<Value>(_ what: String, _ body: () throws -> Value) throws(UnusableTLS) -> Value {
        do {
            return try body()
        } catch {
            throw UnusableTLS("\(what) cannot be used: \(error); expected PEM")
        }
    }

    /// At least one certificate.
    static func certificates(_ pem: [UInt8], _ what: String) throws(UnusableTLS) -> [NIOSSLCertificate] {
        let certificates = try reading(what) { try NIOSSLCertificate.fromPEMBytes(pem) }
        guard !certificates.isEmpty else { throw UnusableTLS("\(what) holds no certificate in PEM") }
        return certificates
    }
}
