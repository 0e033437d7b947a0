import Foundation
import Synchronization

/// Ports already handed out by this process: a port is free again the moment it was probed, so none is given twice.
private let handedOut = Mutex<Set<Int>>([])

/// A TCP port on 127.0.0.1 that nobody listens on, below the range from which outgoing connections take theirs.
package func freePort() throws -> Int {
    for _ in 0..<1000 {
        let port = Int.random(in: 15_000..<32_000)
        guard handedOut.withLock({ $0.insert(port).inserted }) else { continue }
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw TestFailure("socket: \(String(cString: strerror(errno)))") }
        defer { close(probe) }
        var address = loopback(port: port)
        if withSocketAddress(&address, { bind(probe, $0, $1) }) == 0 { return port }
    }
    throw TestFailure("no free port on 127.0.0.1 after 1000 tries")
}

/// 127.0.0.1 with this port.
func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return address
}

/// Calls a socket function with the address in the shape that it wants.
func withSocketAddress<R>(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> R) -> R {
    withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
