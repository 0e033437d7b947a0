import CLinux
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A body that is kept to be sent again and again, to any number of clients at once.
package enum StoredBody: Sendable {
    case memory(ByteBuffer)
    /// A part of a file of memory, which the kernel sends without copying it.
    case file(BodyFile, Range<Int>)

    /// Bytes from which on a file is worth its two system calls; below, copying is faster.
    package static let fileThreshold = 128 << 10

    /// Keeps a body as is best for its size.
    package init(_ body: ByteBuffer) {
        if body.readableBytes >= Self.fileThreshold, let file = BodyFile(body) {
            self = .file(file, 0..<body.readableBytes)
        } else {
            self = .memory(body)
        }
    }

    package var count: Int {
        switch self {
        case .memory(let buffer): buffer.readableBytes
        case .file(_, let range): range.count
        }
    }

    /// A part of it, which must lie within.
    package func part(_ range: Range<Int>) -> StoredBody {
        switch self {
        case .memory(let buffer):
            .memory(buffer.getSlice(at: buffer.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer())
        case .file(let file, let whole):
            .file(file, (whole.lowerBound + range.lowerBound)..<(whole.lowerBound + range.upperBound))
        }
    }

    /// Its bytes, copied if need be.
    package var buffer: ByteBuffer {
        switch self {
        case .memory(let buffer): buffer
        case .file(let file, let range): file.read(range)
        }
    }
}

/// Bytes in a file without a name, in memory. Closed when nobody holds it any more.
package final class BodyFile: Sendable {
    let descriptor: CInt
    private static let openCount = Atomic<Int>(0)
    /// Descriptors are for connections first.
    private static let mostOpen = 2048

    /// Nil if the system gives none, or too many are open.
    init?(_ body: ByteBuffer) {
        guard Self.openCount.load(ordering: .relaxed) < Self.mostOpen else { return nil }
        let descriptor = sluice_memory_file()
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        Self.openCount.add(1, ordering: .relaxed)
        guard write(body) else { return nil }
    }

    deinit {
        close(descriptor)
        Self.openCount.subtract(1, ordering: .relaxed)
    }

    private func write(_ body: ByteBuffer) -> Bool {
        body.withUnsafeReadableBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = pwrite(
                    descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, off_t(written))
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }

    /// What lies in the range; less, if the system fails.
    func read(_ range: Range<Int>) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: range.count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { memory in
            var got = 0
            while got < range.count {
                let count = pread(
                    descriptor, memory.baseAddress?.advanced(by: got), range.count - got,
                    off_t(range.lowerBound + got))
                guard count > 0 else { break }
                got += count
            }
            return got
        }
        return buffer
    }

    /// The range, to be written to a channel; `sent` is to be told when that has ended, however it ended.
    ///
    /// Each has a handle of its own, since NIO lets a handle be used by one write at a time; the descriptor stays ours.
    package func region(_ range: Range<Int>) -> (region: FileRegion, sent: @Sendable () -> Void) {
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        let region = FileRegion(fileHandle: handle, readerIndex: range.lowerBound, endIndex: range.upperBound)
        // Holds the file as long as the kernel may be asked for it.
        return (region, { [self] in withExtendedLifetime(self) { _ = try? handle.takeDescriptorOwnership() } })
    }
}
