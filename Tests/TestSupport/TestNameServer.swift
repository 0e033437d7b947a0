import Foundation
import Synchronization

/// A name server on loopback that knows what a test tells it, and can be told to fail or to be silent.
package final class TestNameServer: Sendable {
    package enum Record: Sendable {
        case address(String)
        /// Of a service: its port and the name of its host.
        case service(port: Int, host: String, priority: Int = 0, weight: Int = 1)
    }

    package enum Manner: Sendable { case answers, fails, isSilent }

    private struct State {
        var records: [String: [Record]] = [:]
        var timeToLive = 1
        var manner = Manner.answers
        var questions = 0
        var isStopped = false
    }

    package let port: Int
    private let descriptor: Int32
    private let state = Mutex(State())

    package init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port: 0)
        guard withSocketAddress(&address, { bind(descriptor, $0, $1) }) == 0 else { throw TestFailure("bind") }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withSocketAddress(&address) { pointer, _ in getsockname(descriptor, pointer, &size) }
        port = Int(in_port_t(bigEndian: address.sin_port))
        self.descriptor = descriptor
        var time = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        Thread.detachNewThread { [weak self] in
            defer { close(descriptor) }
            while let server = self, !server.state.withLock({ $0.isStopped }) { server.serve() }
        }
    }

    deinit { state.withLock { $0.isStopped = true } }

    /// Questions that have come so far.
    package var questions: Int { state.withLock { $0.questions } }

    package func set(_ name: String, _ records: [Record], timeToLive: Int = 1) {
        state.withLock {
            $0.records[name] = records
            $0.timeToLive = timeToLive
        }
    }

    package func become(_ manner: Manner) { state.withLock { $0.manner = manner } }

    private func serve() {
        var bytes = [UInt8](repeating: 0, count: 1024)
        var peer = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withSocketAddress(&peer) { pointer, _ in
            recvfrom(descriptor, &bytes, bytes.count, 0, pointer, &size)
        }
        guard count > 12, let answer = answer(Array(bytes.prefix(count))) else { return }
        _ = withSocketAddress(&peer) { pointer, length in
            sendto(descriptor, answer, answer.count, 0, pointer, length)
        }
    }

    private func answer(_ message: [UInt8]) -> [UInt8]? {
        var (labels, place): ([String], Int) = ([], 12)
        while place < message.count, message[place] > 0 {
            let end = min(place + 1 + Int(message[place]), message.count)
            labels.append(String(decoding: message[place + 1..<end], as: UTF8.self))
            place = end
        }
        guard place + 5 <= message.count else { return nil }
        let question = message[12..<place + 5]
        let isService = message[place + 2] == 33
        let isAddress = message[place + 2] == 1
        let (records, life, manner) = state.withLock { state in
            state.questions += 1
            return (state.records[labels.joined(separator: ".").lowercased()], state.timeToLive, state.manner)
        }
        if case .isSilent = manner { return nil }
        var code: UInt8 = records == nil ? 3 : 0
        if case .fails = manner { code = 2 }
        let fitting = code == 0 ? (records ?? []).filter { $0.isService ? isService : isAddress } : []
        var bytes: [UInt8] = Array(message[0..<2])
        bytes += [0x81, 0x80 | code, 0, 1, 0, UInt8(fitting.count), 0, 0, 0, 0]
        bytes += Array(question)
        for record in fitting {
            bytes += [0xC0, 12, 0, record.isService ? 33 : 1, 0, 1, 0, 0, UInt8(life >> 8), UInt8(life & 0xFF)]
            bytes += [0, UInt8(record.data.count)] + record.data
        }
        return bytes
    }
}

extension TestNameServer.Record {
    fileprivate var isService: Bool { if case .service = self { true } else { false } }

    fileprivate var data: [UInt8] {
        switch self {
        case .address(let text): return text.split(separator: ".").compactMap { UInt8($0) }
        case .service(let port, let host, let priority, let weight):
            var bytes: [UInt8] = [0, UInt8(priority), 0, UInt8(weight), UInt8(port >> 8), UInt8(port & 0xFF)]
            for label in host.split(separator: ".") {
                bytes.append(UInt8(label.utf8.count))
                bytes += Array(label.utf8)
            }
            return bytes + [0]
        }
    }
}
