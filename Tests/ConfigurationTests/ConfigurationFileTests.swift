import Foundation
import Testing

@testable import Configuration

@Suite("Configuration files on disk")
struct ConfigurationFileTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func load(_ path: String) throws -> GatewayConfiguration {
        try GatewayConfiguration.load(path: path, environment: [:])
    }

    @Test("secrets are read relative to the file, without the newline at their end")
    func secrets() throws {
        try withDirectory { directory in
            let secret = String(repeating: "k", count: 40)
            try "\(secret)\n".write(toFile: directory + "/jwt.key", atomically: true, encoding: .utf8)
            let text = smallest + "authenticators: { a: { jwt: { secret: file:jwt.key } } }\n"
            try text.write(toFile: directory + "/gateway.yaml", atomically: true, encoding: .utf8)
            guard case .jwt(let jwt) = try load(directory + "/gateway.yaml").authenticators["a"] else {
                Issue.record("expected a jwt authenticator")
                return
            }
            #expect(jwt.keys.map(\.material) == [.secret(Secret(secret))])
        }
    }

    @Test("a file that is not there is told")
    func missing() {
        #expect {
            try load("/nowhere/gateway.yaml")
        } throws: { error in
            "\(error)" == "/nowhere/gateway.yaml:1:1: cannot read the configuration: No such file or directory"
        }
    }

    @Test("a directory is no configuration")
    func directory() throws {
        try withDirectory { directory in
            #expect { try load(directory) } throws: { error in "\(error)".contains("cannot read the configuration") }
        }
    }

    @Test("bytes that are no UTF-8 are told with their place")
    func encoding() throws {
        try withDirectory { directory in
            let path = directory + "/gateway.yaml"
            try Data(Array("é: 1\nab".utf8) + [0xFF, 0x20]).write(to: URL(fileURLWithPath: path))
            #expect { try load(path) } throws: { error in
                "\(error)" == "\(path):2:3: the file is not UTF-8 text"
            }
        }
    }
}
