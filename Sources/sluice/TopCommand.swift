import ArgumentParser
import Foundation
import Gateway

#if canImport(Glibc)
    import Glibc
#endif

/// `sluice top`: the cluster at a glance, live.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract:
            "Watch the cluster in the terminal: throughput, errors, latencies, limits, breakers, nodes; from Redis alone.",
        discussion: """
            q, Escape or Ctrl-C ends it; the space bar asks at once. The figures are those that nodes tell once a second
            (sluice:figures:<node>). While Redis can't be asked the last ones stay, with their age.

            Examples:
              sluice top
              sluice top --once --json | jq .cluster
            """)

    @Flag(help: "Print one page and end; needed where the output is no terminal.")
    var once = false

    @Option(help: "Seconds between two pages.")
    var interval = 2

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard (1...3600).contains(interval) else {
            throw ValidationError("--interval \(interval): expected 1 to 3600 seconds")
        }
    }

    func run() async throws {
        try await state.run("sluice top") { access in
            let first = try await TopFigures(access)
            if once || state.json || isatty(STDOUT_FILENO) == 0 { return try print(first) }
            await watch(first, access)
        }
    }

    private func print(_ figures: TopFigures) throws {
        if state.json { return try Output.write(json: TopJSON(figures)) }
        Output.write(TopPage(figures, width: 120, height: 60).text)
    }

    private enum Event: Sendable {
        case terminal(Terminal.Event)
        case told(TopFigures)
        case failed(String)
    }

    /// Redraws with each answer, key and change of size, until somebody ends it. Keys are heard while Redis is asked, and
    /// a Redis that is gone ends nothing.
    private func watch(_ first: TopFigures, _ access: SharedStateAccess) async {
        let terminal = Terminal()
        defer { terminal.restore() }
        let (events, tell) = AsyncStream.makeStream(of: Event.self)
        let tasks = [
            Task { await terminal.watch { tell.yield(.terminal($0)) } },
            Task { for await _ in Signals([SIGINT, SIGTERM, SIGHUP]).stream { tell.yield(.terminal(.closed)) } },
        ]
        defer { for task in tasks { task.cancel() } }
        var (figures, told, failure) = (first, ContinuousClock.now, String?.none)
        var asking: Task<Void, Never>? = ask(access, tell, after: .seconds(interval))
        defer { asking?.cancel() }
        Self.draw(figures, nil, on: terminal)
        for await event in events {
            switch event {
            case .terminal(.closed): return
            case .terminal(.key(let key)) where Self.ends.contains(key): return
            case .terminal(.key(UInt8(ascii: " "))):
                asking?.cancel()
                asking = ask(access, tell, after: .zero)
            case .terminal(.key): continue
            case .terminal(.resized): break
            case .told(let news):
                (figures, told, failure) = (news, .now, nil)
                asking = ask(access, tell, after: .seconds(interval))
            case .failed(let reason):
                failure = reason
                asking = ask(access, tell, after: .seconds(interval))
            }
            let age = told.duration(to: .now).components.seconds
            Self.draw(figures, failure.map { "REDIS CAN'T BE ASKED, figures of \(age)s ago: \($0)" }, on: terminal)
        }
    }

    private static let ends: Set<UInt8> = [UInt8(ascii: "q"), UInt8(ascii: "Q"), 0x1B, 3]

    private func ask(
        _ access: SharedStateAccess, _ tell: AsyncStream<Event>.Continuation, after pause: Duration
    ) -> Task<Void, Never> {
        Task {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return }
            let event: Event
            do { event = .told(try await TopFigures(access)) } catch { event = .failed("\(error)") }
            if !Task.isCancelled { tell.yield(event) }
        }
    }

    private static func draw(_ figures: TopFigures, _ remark: String?, on terminal: Terminal) {
        let size = terminal.size
        Output.write(
            Terminal.redrawing(TopPage(figures, width: size.width, height: size.height, remark: remark).text))
    }
}
