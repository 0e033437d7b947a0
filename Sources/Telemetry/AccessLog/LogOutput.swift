import Glibc

/// Where log lines go.
package enum LogDestination: Hashable, Sendable {
    case standardOutput
    case standardError
    /// Appended to; created where it does not exist.
    case file(String)
    /// Taken over as it is and left open.
    case descriptor(Int32)
}

/// Why an output can't be opened, for the operator.
package struct LogOutputFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String

    package var description: String { reason }
}

/// An open output. Writing to it never blocks for longer than the caller allows, whatever reads at the other end.
///
/// Standard output and error are shared with other processes, so they must not be switched to non-blocking mode.
/// Instead a pipe or terminal is asked whether it takes a page (`poll` says so only then) and is given no more than
/// that, in whole lines: writes up to PIPE_BUF are atomic, so lines of several processes never mix. A socket is
/// written with MSG_DONTWAIT. Files are written as they come.
final class LogOutput: @unchecked Sendable {
    private enum Kind {
        case file, pipe, socket
    }

    private static let pageBytes = 4096

    private let descriptor: Int32
    private let isOwned: Bool
    private let kind: Kind
    /// Whether the last write failed within a line, so that the next one must start a new line.
    private var isWithinLine = false

    init(_ destination: LogDestination) throws(LogOutputFailure) {
        switch destination {
        case .standardOutput: (descriptor, isOwned) = (STDOUT_FILENO, false)
        case .standardError: (descriptor, isOwned) = (STDERR_FILENO, false)
        case .descriptor(let descriptor): (self.descriptor, isOwned) = (descriptor, false)
        case .file(let path):
            // Non-blocking so that a named pipe without a reader is an error here and not a gateway that hangs.
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o640)
            isOwned = true
            guard descriptor >= 0 else {
                let cause = errno == ENXIO ? "it is a named pipe that nobody reads" : String(cString: strerror(errno))
                throw LogOutputFailure(reason: "the log file \"\(path)\" can't be opened for appending: \(cause)")
            }
        }
        kind = Self.kind(of: descriptor)
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    private static func kind(of descriptor: Int32) -> Kind {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .pipe }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFSOCK: return .socket
        // /dev/null and its like take everything at once.
        case S_IFCHR where isatty(descriptor) == 0: return .file
        default: return .pipe
        }
    }

    /// Writes lines until all are written, the output fails, or `mayWait` says no while the output takes nothing.
    /// Returns how many bytes were taken.
    func write(_ bytes: UnsafeRawBufferPointer, mayWait: () -> Bool) -> Int {
        if isWithinLine {
            guard kind == .file || awaitRoom(mayWait), endLine() else { return 0 }
        }
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            guard kind == .file || awaitRoom(mayWait) else { break }
            let count = writeOnce(kind == .file ? rest : Self.page(of: rest))
            if count > 0 { written += count } else if count == 0 || !Self.isTransient(errno) || !mayWait() { break }
        }
        if written > 0 { isWithinLine = bytes[written - 1] != UInt8(ascii: "\n") }
        return written
    }

    /// As many whole lines as fit into a page, or the first page of a line that doesn't.
    private static func page(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard bytes.count > pageBytes else { return bytes }
        let page = bytes[..<pageBytes]
        let end = page.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? pageBytes
        return UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }

    private func awaitRoom(_ mayWait: () -> Bool) -> Bool {
        var query = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let count = poll(&query, 1, 0)
            // With POLLERR nobody reads any more, and writing would raise SIGPIPE.
            if count > 0 { return query.revents & Int16(POLLOUT | POLLERR) == Int16(POLLOUT) }
            guard mayWait(), poll(&query, 1, 20) >= 0 || errno == EINTR else { return false }
        }
    }

    private func endLine() -> Bool {
        isWithinLine = withUnsafeBytes(of: UInt8(ascii: "\n")) { writeOnce($0) } != 1
        return !isWithinLine
    }

    private func writeOnce(_ bytes: UnsafeRawBufferPointer) -> Int {
        kind == .socket
            ? send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            : Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    }

    private static func isTransient(_ error: Int32) -> Bool {
        error == EINTR || error == EAGAIN || error == EWOULDBLOCK
    }
}
