import NIOSSL

/// What is told of a connection to Redis whose encryption failed.
enum TLSFailure {
    /// The library's reason, and what to do about it; nil for errors that are not its own.
    static func reason(of error: any Error) -> String? {
        switch error {
        case NIOSSLError.handshakeFailed(let reason):
            "the TLS handshake failed (\(reason)); check that the port speaks TLS and that state.tls.ca is its CA"
        case NIOSSLError.uncleanShutdown: "the server closed the connection without ending TLS"
        case let error as NIOSSLExtraError:
            "\(error.description); the certificate must be valid for what state.redis or state.tls.server_name names"
        default: nil
        }
    }
}
