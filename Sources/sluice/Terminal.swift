import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The terminal, read key by key, on its second screen; as it was before when that ends.
final class Terminal: Sendable {
    enum Event: Sendable { case key(UInt8), resized, closed }

    struct Size: Hashable, Sendable {
        var width = 80
        var height = 24
    }

    private let before: termios?

    init() {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            before = nil
            return
        }
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        Output.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
    }

    func restore() {
        guard var before else { return }
        Output.write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// As it is now: windows are resized.
    var size: Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return Size() }
        return Size(width: Int(size.ws_col), height: Int(size.ws_row))
    }

    /// Tells of keys and of another size, until it is cancelled. Arrows and the like, which begin with an Escape, are none.
    func watch(_ tell: (Event) -> Void) async {
        var known = size
        while !Task.isCancelled {
            let now = size
            if now != known { tell(.resized) }
            known = now
            switch keys() {
            case nil: return tell(.closed)
            case let keys?: for key in keys { tell(.key(key)) }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What was typed since; nil at the end of the input.
    private func keys() -> [UInt8]? {
        var query = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard before != nil, poll(&query, 1, 0) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return bytes[0] == 0x1B && count > 1 ? [] : Array(bytes.prefix(count))
    }

    /// Home, and clear what was there: not the whole screen first, which would flicker.
    static func redrawing(_ text: String) -> String {
        "\u{1B}[H" + text.replacing("\n", with: "\u{1B}[K\n") + "\u{1B}[J"
    }
}
