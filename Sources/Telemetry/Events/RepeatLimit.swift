/// Keeps a message that repeats (Redis is gone, an upstream refuses) from filling the log: the first five within ten
/// seconds are written, the rest are counted, and the next one written says how many were not.
struct RepeatLimit {
    static let linesPerWindow = 5
    static let windowMicroseconds = 10_000_000
    /// Messages are constants of the program, so there are far fewer.
    private static let maximumMessages = 1024

    private struct Window {
        var start: Int
        var lines = 0
        var suppressed = 0
    }

    private var windows: [UInt: Window] = [:]

    /// Nil: write nothing. Otherwise write, and mention so many lines that were suppressed before.
    mutating func admit(message: UInt, now: Int) -> Int? {
        var window = windows[message] ?? Window(start: now)
        let suppressed = window.suppressed
        // A wall clock may step back; that must not silence a message until it has caught up.
        if now - window.start >= Self.windowMicroseconds || now < window.start { window = Window(start: now) }
        guard window.lines < Self.linesPerWindow else {
            windows[message]?.suppressed += 1
            return nil
        }
        window.lines += 1
        window.suppressed = 0
        if windows[message] != nil || windows.count < Self.maximumMessages { windows[message] = window }
        return suppressed
    }
}
