import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// Listening sockets by their descriptors, which unlike channels can be given to another process.
package enum ListeningSocket {
    /// Connections that wait to be accepted.
    static let backlog: Int32 = 1024

    /// Bound to an address that others may share (`SO_REUSEPORT`); it does not listen yet.
    /// - Throws: `IOError` in the system's words, or that the host has no address.
    static func bind(host: String, port: Int) throws -> Int32 {
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        do {
            for option in [SO_REUSEADDR, SO_REUSEPORT] {
                var isOn: Int32 = 1
                let size = socklen_t(MemoryLayout<Int32>.size)
                guard setsockopt(descriptor, SOL_SOCKET, option, &isOn, size) == 0 else {
                    throw IOError(errnoCode: errno, reason: "setsockopt")
                }
            }
            let result = address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
            guard result == 0 else { throw IOError(errnoCode: errno, reason: "bind") }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Another descriptor of the same socket, which is not passed on to children.
    /// - Throws: `IOError` when this process may not have more.
    package static func duplicate(_ descriptor: Int32) throws -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw IOError(errnoCode: errno, reason: "fcntl") }
        return copy
    }
}
