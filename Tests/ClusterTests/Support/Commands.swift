import Foundation
import TestSupport

/// Runs `sluice` with arguments to its end, as an operator does on any host.
func sluice(_ arguments: String..., environment: [String: String] = [:]) async throws -> ChildProcess.Finished {
    try await ChildProcess.run(Executables.sluice, arguments, environment: environment)
}

extension ChildProcess.Finished {
    /// What a command with `--json` printed; throws when that is no JSON object.
    var json: [String: Any] {
        get throws {
            let value = try JSONSerialization.jsonObject(with: Data(standardOutput.utf8))
            guard let object = value as? [String: Any] else { throw TestFailure("no object: \(standardOutput)") }
            return object
        }
    }

    func objects(_ name: String) throws -> [[String: Any]] { try json[name] as? [[String: Any]] ?? [] }
}
