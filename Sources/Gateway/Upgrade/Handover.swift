import CLinux
import Configuration
import Dispatch

#if canImport(Glibc)
    import Glibc
#endif

/// Passes the listening sockets from the process that serves to the one that replaces it (`sluice run --handover PATH`).
///
/// The old one waits at a Unix socket. The new one connects, gets every listening socket (SCM_RIGHTS), makes everything else
/// ready, and has the old one accept no more; then it accepts, and the old one finishes what it has. As the sockets, with
/// the queues of connections that wait in them, are never closed, no connection is refused or reset: SO_REUSEPORT alone
/// would lose those that wait in the queue of a socket that is closed. They are not accepted from by both at once, because
/// each connection would wake both.
///
/// Messages: `<bind address>` with a descriptor, for each; `.` when all are sent; from the new one `ready`, from the old one
/// `silent`, from the new one `serving`. Whoever may write to the socket's file may do this, so it is its owner's alone.
enum Handover {
    static let end = "."
    static let ready = "ready"
    static let silent = "silent"
    static let serving = "serving"

    struct Failure: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String { "--handover \(path): \(reason)" }

        init(_ path: String, _ reason: String) { (self.path, self.reason) = (path, reason) }

        /// Of the last call.
        static func system(_ path: String, _ what: String) -> Failure {
            Failure(path, "\(what): \(String(cString: strerror(errno)))")
        }
    }

    static func address(_ path: String) throws -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard path.utf8.count < target.count else { return false }
            target.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw Failure(path, "the path is too long for a Unix socket; expected at most 107 bytes") }
        return address
    }

    static func openSocket(_ path: String) throws -> Int32 {
        // Packets: each message stays apart, and its descriptor with it.
        let descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.system(path, "socket") }
        return descriptor
    }

    static func send(_ text: String, _ descriptor: Int32 = -1, over socket: Int32) -> Bool {
        var text = text
        return text.withUTF8 { sluice_send_descriptor(socket, $0.baseAddress, $0.count, descriptor) == 0 }
    }

    /// Nil: the other side has gone, or is silent for too long.
    static func receive(from socket: Int32) -> (text: String, descriptor: Int32)? {
        var bytes = [UInt8](repeating: 0, count: 512)
        var descriptor: Int32 = -1
        let count = sluice_receive_descriptor(socket, &bytes, bytes.count, &descriptor)
        guard count > 0 else { return nil }
        return (String(decoding: bytes[..<count], as: UTF8.self), descriptor)
    }

    static func setPatience(_ socket: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }
}

/// The new process's side: the sockets of the one that serves now, and the word to it that it may go.
struct HandoverReceiver: Sendable {
    private let path: String
    private let socket: Int32

    /// - Returns: nil: nobody serves at this path.
    /// - Throws: `Handover.Failure` when somebody does, but gives nothing.
    static func connect(_ path: String) throws -> (receiver: HandoverReceiver, listeners: InheritedListeners)? {
        var address = try Handover.address(path)
        let descriptor = try Handover.openSocket(path)
        Handover.setPatience(descriptor, seconds: 10)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            defer { close(descriptor) }
            // No such file, or one that a process left behind.
            if errno == ENOENT || errno == ECONNREFUSED { return nil }
            throw Handover.Failure.system(path, "connect")
        }
        var listeners = InheritedListeners()
        while let message = Handover.receive(from: descriptor) {
            if message.text == Handover.end { return (HandoverReceiver(path: path, socket: descriptor), listeners) }
            guard message.descriptor >= 0, let address = BindAddress(handover: message.text) else { break }
            listeners.add(message.descriptor, for: address)
        }
        listeners.closeRest()
        close(descriptor)
        throw Handover.Failure(path, "the process that serves there did not hand its listeners over")
    }

    /// Has the other process accept no more; it does again if this one ends before it serves.
    /// - Throws: `Handover.Failure` when it does not answer.
    func silence() throws {
        guard Handover.send(Handover.ready, over: socket), Handover.receive(from: socket)?.text == Handover.silent
        else {
            throw Handover.Failure(path, "the process that serves there does not let go of its listeners")
        }
    }

    /// This process serves: the other one may go.
    func confirm() {
        _ = Handover.send(Handover.serving, over: socket)
        close(socket)
    }
}

extension BindAddress {
    fileprivate init?(handover text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        self.init(host: String(text[..<colon]), port: port)
    }
}

/// The serving process's side: waits for a successor.
final class HandoverOffer: Sendable {
    private let path: String
    private let socket: Int32
    /// Device and number of the file, which a successor will have replaced by its own.
    private let file: (UInt, UInt)

    /// What is done on the way, in this order; `resume` in place of `taken` if the successor fails.
    struct Steps: Sendable {
        /// Descriptors that are closed afterwards.
        let listeners: @Sendable () async -> [(address: BindAddress, descriptor: Int32)]
        /// Accepts no more.
        let fallSilent: @Sendable () async -> Void
        let resume: @Sendable () async -> Void
        /// The successor serves.
        let taken: @Sendable () async -> Void
    }

    init(path: String, steps: Steps) throws {
        self.path = path
        socket = try Handover.openSocket(path)
        do {
            file = try Self.bind(socket, path)
        } catch {
            close(socket)
            throw error
        }
        let socket = self.socket
        // It blocks, for as long as the process serves.
        DispatchQueue(label: "sluice.handover").async { Self.wait(at: socket, steps) }
    }

    /// Put in place under another name first, so that there is never a moment without one.
    private static func bind(_ socket: Int32, _ path: String) throws -> (UInt, UInt) {
        let draft = "\(path).\(getpid())"
        var address = try Handover.address(draft)
        unlink(draft)
        // The file gets the socket's mode, so that it is never open to others.
        fchmod(socket, 0o600)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Handover.Failure.system(path, "bind") }
        var status = stat()
        guard listen(socket, 1) == 0, rename(draft, path) == 0, stat(path, &status) == 0 else {
            defer { unlink(draft) }
            throw Handover.Failure.system(path, "the socket could not be put in place")
        }
        return (UInt(status.st_dev), UInt(status.st_ino))
    }

    private static func wait(at socket: Int32, _ steps: Steps) {
        while true {
            let peer = accept(socket, nil, nil)
            guard peer >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            defer { close(peer) }
            if handOver(to: peer, steps) { return }
        }
    }

    /// - Returns: whether the successor serves.
    private static func handOver(to peer: Int32, _ steps: Steps) -> Bool {
        // A configuration of ten thousand routes and a slow Redis take their time, in which this process serves.
        Handover.setPatience(peer, seconds: 60)
        guard give(blocking(steps.listeners), to: peer), Handover.receive(from: peer)?.text == Handover.ready else {
            return false
        }
        blocking(steps.fallSilent)
        // Now nobody accepts.
        Handover.setPatience(peer, seconds: 5)
        guard Handover.send(Handover.silent, over: peer), Handover.receive(from: peer)?.text == Handover.serving else {
            blocking(steps.resume)
            return false
        }
        blocking(steps.taken)
        return true
    }

    private static func give(_ listeners: [(address: BindAddress, descriptor: Int32)], to peer: Int32) -> Bool {
        defer { for listener in listeners { close(listener.descriptor) } }
        for listener in listeners {
            let text = "\(listener.address.host):\(listener.address.port)"
            guard Handover.send(text, listener.descriptor, over: peer) else { return false }
        }
        return Handover.send(Handover.end, over: peer)
    }

    @discardableResult
    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let done = DispatchSemaphore(value: 0)
        let box = Box<Value>()
        Task.detached {
            box.value = await body()
            done.signal()
        }
        done.wait()
        return box.value!
    }

    /// Written before the semaphore is signalled, and read after.
    private final class Box<Value>: @unchecked Sendable { var value: Value? }

    /// No successor is waited for any more.
    /// - Parameter isSucceeded: the file is left to the successor, which puts its own in this one's place: removed now, it could
    ///   be the successor's already.
    func withdraw(isSucceeded: Bool) {
        var status = stat()
        if !isSucceeded, stat(path, &status) == 0, (UInt(status.st_dev), UInt(status.st_ino)) == file { unlink(path) }
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }
}
