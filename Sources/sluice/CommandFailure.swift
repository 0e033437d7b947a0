import ArgumentParser

#if canImport(Glibc)
    import Glibc
#endif

/// Ends a command with a message on standard error and exit status 1.
func fail(_ message: String) -> ExitCode {
    var text = message
    if !text.hasSuffix("\n") { text += "\n" }
    fputs(text, stderr)
    return .failure
}
