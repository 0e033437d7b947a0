import Configuration
import NIOCore
import Transport

#if canImport(Glibc)
    import Glibc
#endif

/// Listening sockets that this process did not open: of the node it takes over from, or of systemd (socket activation).
///
/// Connections that wait in their queues are served whoever opened the socket, so none is lost while processes change.
struct InheritedListeners: Sendable {
    /// The configured address, or for systemd's the one the socket is bound to.
    private var descriptors: [BindAddress: [Int32]] = [:]
    /// Those of systemd may be bound to all addresses where the configuration says so in another way.
    private var isBySystemd = false

    init() {}

    /// Whether two workers may accept from one socket.
    static let areShared: Bool = {
        #if DEBUG
            false
        #else
            true
        #endif
    }()

    mutating func add(_ descriptor: Int32, for address: BindAddress) {
        descriptors[address, default: []].append(descriptor)
    }

    var isEmpty: Bool { descriptors.isEmpty }
    var addresses: [BindAddress] { descriptors.keys.sorted { "\($0)" < "\($1)" } }

    func has(_ address: BindAddress) -> Bool {
        var copy = self
        return !copy.take(address).isEmpty
    }

    /// Takes the sockets of an address out; empty if there are none.
    mutating func take(_ address: BindAddress) -> [Int32] {
        if let found = descriptors.removeValue(forKey: address) { return found }
        guard isBySystemd, ["0.0.0.0", "::"].contains(address.host) else { return [] }
        for host in ["::", "0.0.0.0"] {
            if let found = descriptors.removeValue(forKey: BindAddress(host: host, port: address.port)) { return found }
        }
        return []
    }

    /// Closes what was not taken; to be called once everything is bound.
    mutating func closeRest() {
        for descriptor in descriptors.values.joined() { close(descriptor) }
        descriptors = [:]
    }

    /// What systemd has opened (sd_listen_fds(3)); nothing if it has not started this process.
    static func ofSystemd(_ environment: [String: String]) -> InheritedListeners {
        var listeners = InheritedListeners()
        listeners.isBySystemd = true
        guard let process = environment["LISTEN_PID"].flatMap({ pid_t($0) }), process == getpid(),
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), (1...1000).contains(count)
        else { return listeners }
        for descriptor in 3..<(3 + count) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if let address = BindAddress(boundBy: descriptor) { listeners.add(descriptor, for: address) }
        }
        return listeners
    }
}

extension BindAddress {
    /// Nil: it is no TCP socket.
    fileprivate init?(boundBy descriptor: Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0 else { return nil }
        switch Int32(storage.ss_family) {
        case AF_INET, AF_INET6:
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            var port = [CChar](repeating: 0, count: 16)
            let named = withUnsafePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getnameinfo(
                        $0, size, &host, socklen_t(host.count), &port, socklen_t(port.count),
                        NI_NUMERICHOST | NI_NUMERICSERV)
                }
            }
            guard named == 0, let number = Int(Self.text(port)) else { return nil }
            self.init(host: Self.text(host), port: number)
        default: return nil
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
