import Glibc

/// What the operating system says about this process. Reads a few files of /proc: for the scrape, not for a request.
package struct ProcessMetrics: Sendable {
    package var residentBytes: Int
    package var cpuMicroseconds: Int
    package var openDescriptors: Int

    package init(residentBytes: Int, cpuMicroseconds: Int, openDescriptors: Int) {
        self.residentBytes = residentBytes
        self.cpuMicroseconds = cpuMicroseconds
        self.openDescriptors = openDescriptors
    }

    package static func read() -> ProcessMetrics {
        ProcessMetrics(
            residentBytes: readResidentBytes(), cpuMicroseconds: readCPU(), openDescriptors: countDescriptors())
    }

    /// The second field of statm is the number of resident pages.
    private static func readResidentBytes() -> Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let fields = bytes.prefix(max(count, 0)).split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func readCPU() -> Int {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + usage.ru_utime.tv_usec
            + usage.ru_stime.tv_usec
    }

    /// Entries of /proc/self/fd but `.`, `..` and the descriptor that reads them.
    private static func countDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return max(count - 3, 0)
    }
}
