import ArgumentParser
import Foundation

/// Says something on standard error, and goes on.
func remark(_ message: String) {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
}

/// Tells of something that does not end the command, on standard error.
func warn(_ message: String) {
    remark("warning: \(message)")
}

/// Ends a command with a message on standard error and exit status 1.
func fail(_ message: String) -> ExitCode {
    FileHandle.standardError.write(Data((message.hasSuffix("\n") ? message : message + "\n").utf8))
    return .failure
}
