import Foundation

/// Why a verification can't be carried out: a sentence for the user.
package struct VerificationFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A program of the verification: what it prints goes to a file, and it does not outlive this process.
@MainActor
final class ChildProgram {
    private let process: Process
    private let outputPath: String

    init(_ executable: String, _ arguments: [String], output: String) throws {
        outputPath = output
        process = Process()
        let guardian = "/usr/bin/setpriv"
        if FileManager.default.isExecutableFile(atPath: guardian) {
            process.executableURL = URL(fileURLWithPath: guardian)
            process.arguments = ["--pdeathsig", "KILL", "--", executable] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
        }
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try file.seekToEnd()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        let process = process
        try SpawningThread.shared.run { try process.run() }
        try file.close()
    }

    var isRunning: Bool { process.isRunning }

    /// The last lines that it printed.
    var lastWords: String {
        let text = (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(5).joined(separator: "\n")
    }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Ends it at once, and waits until it is gone.
    func kill9() async {
        signal(SIGKILL)
        while process.isRunning { try? await Task.sleep(for: .milliseconds(2)) }
    }

    /// Asks it to end, and insists when it does not.
    func terminate() async {
        signal(SIGCONT)
        signal(SIGTERM)
        for _ in 0..<500 where process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
        await kill9()
    }

    /// Where a program is, by PATH.
    static func locate(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path + ":/usr/sbin:/usr/local/bin").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A port of 127.0.0.1 that nobody listens on, below those that outgoing connections take.
    static func freePort() throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: 15_000..<32_000)
            let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard probe >= 0 else { break }
            defer { close(probe) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(probe, $0, size) == 0 }
            }
            if isBound { return port }
        }
        throw VerificationFailure("no free port on 127.0.0.1: too many sockets are open")
    }
}
