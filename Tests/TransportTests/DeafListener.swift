import Foundation
import TestSupport

/// A bound port whose queue of connections is full, so that the kernel lets further ones wait.
final class DeafListener {
    let port: Int
    private let descriptor: Int32
    private var fillers: [Int32] = []

    /// - Parameter room: connections that the kernel still accepts, and nobody serves: 0 or 1.
    init(room: Int = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let length = size
        let descriptor = self.descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) + listen(descriptor, 0) + getsockname(descriptor, $0, &size)
            }
        }
        port = Int(in_port_t(bigEndian: address.sin_port))
        guard status == 0 else { throw TestFailure("listen: \(String(cString: strerror(errno)))") }
        for _ in 0..<(room == 0 ? 3 : 0) {
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let filler = socket(AF_INET, kind, 0)
            _ = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, length) }
            }
            fillers.append(filler)
        }
    }

    func close() {
        for descriptor in fillers + [descriptor] { Foundation.close(descriptor) }
        fillers = []
    }
}

extension RawConnection {
    /// Reads to the end; whether that was a reset, not a regular close.
    func endsInReset() throws -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == ECONNRESET { return true }
            guard count >= 0 else { throw TestFailure("recv: \(String(cString: strerror(errno)))") }
            if count == 0 { return false }
        }
    }
}
