import ArgumentParser
import Foundation

/// Ends a command with a message on standard error and exit status 1.
func fail(_ message: String) -> ExitCode {
    FileHandle.standardError.write(Data((message.hasSuffix("\n") ? message : message + "\n").utf8))
    return .failure
}
