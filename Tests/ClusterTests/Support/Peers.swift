import Foundation
import TestSupport

/// Programs over libraries that no one here wrote, in `Tests/Peers`; scripts/test installs what they need.
enum Peers {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Debian's own: the packages are its.
    private static let python = "/usr/bin/python3"

    static func path(_ script: String) -> String { tests.appending(path: "Peers/" + script).path }

    static func run(_ script: String, _ arguments: String...) async throws -> ChildProcess.Finished {
        try await ChildProcess.run(python, [tests.appending(path: "Peers/" + script).path] + arguments)
    }

    static func start(_ script: String, _ arguments: String...) throws -> ChildProcess {
        try ChildProcess(python, [tests.appending(path: "Peers/" + script).path] + arguments)
    }

    /// A serialized descriptor set of the services in `library.proto` beside it.
    static let libraryDescriptors = tests.appending(path: "TranscodingTests/Fixtures/library.pb").path
}

/// The gRPC services of `grpc_service.py`, by grpcio.
final class GRPCService: Sendable {
    let port: Int
    private let process: ChildProcess

    init() async throws {
        process = try Peers.start("grpc_service.py", Peers.libraryDescriptors)
        let line = try await process.waitForLine(containing: "listening", within: .seconds(30))
        port = Int(line.split(separator: " ").last ?? "") ?? 0
    }

    var url: String { "grpc://127.0.0.1:\(port)" }
}
