import ArgumentParser
import Foundation
import JSON

#if canImport(Glibc)
    import Glibc
#endif

/// `sluice capture start`: makes a rule, and shows what comes until it has ended.
struct CaptureStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Begin to capture a route on all nodes, and show what is captured until the end.",
        discussion: """
            Ctrl-C ends the capture, and nodes forget it. What is shown comes from the nodes that --admin names; the first of
            them tells the others of its cluster. With --json each exchange is a line.

            Examples:
              sluice capture users --status errors
              sluice capture start users --method POST --bodies request --bytes 16KiB --for 10m
              sluice capture start users --exchanges 100 --detach
            """)

    @Argument(help: "The route's name.")
    var route: String

    @Option(help: "Only requests of this method.")
    var method: String?

    @Option(help: ArgumentHelp("Only errors (5xx and failures), or a class: 2xx, 3xx, 4xx, 5xx.", valueName: "class"))
    var status: String?

    @Option(help: "Whose bodies: both, request, response or none.")
    var bodies = "both"

    @Option(name: .customLong("for"), help: "How long at most: 90s, 10m; an hour at most.")
    var time = "5m"

    @Option(help: "How much of each body: bytes, or 16KiB; 64KiB at most.")
    var bytes = "4KiB"

    @Option(help: "How many exchanges, of each node; 100 at most.")
    var exchanges = 10

    @Flag(help: "Print the capture's id and end; the capture goes on.")
    var detach = false

    @OptionGroup var options: AdminOptions

    private static let choices = [
        "both": ["request", "response"], "request": ["request"], "response": ["response"], "none": [],
    ]

    func validate() throws {
        guard Self.choices[bodies] != nil else {
            throw ValidationError("--bodies \(bodies): expected both, request, response or none")
        }
        guard Self.size(bytes) != nil else {
            throw ValidationError("--bytes \(bytes): expected a size such as 4096 or 16KiB, at most 64KiB")
        }
    }

    func run() async throws {
        let rule: JSONObject
        do {
            rule = try await options.call(options.first, "POST", "/api/capture", order)
        } catch {
            throw fail("sluice capture: \(error)")
        }
        let id = rule["id"]?.string ?? ""
        if detach {
            if options.json {
                return Output.write(String(decoding: JSONWriter.write(.object(rule)), as: UTF8.self) + "\n")
            }
            return Output.write("\(id)\n")
        }
        let others = rule["cluster"] == .bool(true) ? "all nodes capture, each for itself" : "only this node captures"
        remark(
            "capture \(id) of \(route) for \(time), up to \(exchanges) exchanges; \(others); Ctrl-C ends it")
        try await follow(id)
    }

    private var order: JSONValue {
        var members: [(String, JSONValue)] = [
            ("route", .string(route)), ("for", .string(time)), ("exchanges", .integer(exchanges)),
            ("bytes", .integer(Self.size(bytes) ?? 0)),
            ("bodies", .array((Self.choices[bodies] ?? []).map { .string($0) })),
        ]
        if let method { members.append(("method", .string(method.uppercased()))) }
        if let status { members.append(("status", .string(status.lowercased()))) }
        return JSONValue(members: members)
    }

    /// Shows what comes until the rule ends on all nodes asked, or a signal says so.
    private func follow(_ id: String) async throws {
        let signals = Signals([SIGINT, SIGTERM])
        let ended = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await show(id)
                return true
            }
            group.addTask {
                for await _ in signals.stream { return false }
                return false
            }
            let ended = try await group.next() ?? true
            group.cancelAll()
            return ended
        }
        guard !ended else { return }
        _ = try? await options.call(options.first, "DELETE", "/api/capture/\(id)")
        remark("capture \(id) was ended")
    }

    private func show(_ id: String) async throws {
        var pages = options.admin.map { CapturePages(id: id, node: $0, options: options) }
        while true {
            var isActive = false
            for index in pages.indices {
                do {
                    for exchange in try await pages[index].next() { CaptureText.write(exchange, asJSON: options.json) }
                    isActive = isActive || pages[index].isActive
                } catch {
                    throw fail("sluice capture: \(error)")
                }
            }
            guard isActive else { return }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Nil for what is no size, or more than can be asked for.
    static func size(_ text: String) -> Int? {
        let isKibibytes = text.hasSuffix("KiB")
        guard let number = Int(isKibibytes ? String(text.dropLast(3)) : text), (1...65_536).contains(number) else {
            return nil
        }
        let bytes = isKibibytes ? number * 1024 : number
        return bytes <= 65_536 ? bytes : nil
    }
}

/// What one node has captured by a rule, page by page.
struct CapturePages {
    let id: String
    let node: String
    let options: AdminOptions
    private var after = 0
    /// Whether more may come than was there when it was last asked.
    private(set) var isActive = true
    private(set) var rule: JSONObject?

    init(id: String, node: String, options: AdminOptions) {
        (self.id, self.node, self.options) = (id, node, options)
    }

    /// All that is new.
    mutating func next() async throws -> [JSONObject] {
        var exchanges: [JSONObject] = []
        while true {
            let answer = try await options.call(node, "GET", "/api/capture/\(id)?after=\(after)")
            exchanges += (answer["exchanges"]?.array ?? []).compactMap(\.object)
            after = answer["next"]?.number?.integer ?? after
            rule = answer["capture"]?.object
            isActive = rule?["state"]?.string == "active"
            guard answer["more"] == .bool(true) else { return exchanges }
        }
    }
}
