import Configuration
import NIOCore
import Policies
import Telemetry
import Transport

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps the names of targets looked up: each again when its records' time is over. What was found last stays in force while
/// nobody can tell, or the name is said not to exist.
actor NameWatch {
    struct Name: Hashable, Sendable {
        let host: String
        let kind: NameLookup.Kind
    }

    private let log: StructuredLog
    private let onChange: @Sendable () async -> Void
    private var found: [Name: [ResolvedName.Place]] = [:]
    private var tried: Set<Name> = []
    private var tasks: [Name: Task<Void, Never>] = [:]
    private var settings = NameSettings()

    /// - Parameter onChange: called when a name stands for something else than before.
    init(log: StructuredLog, onChange: @escaping @Sendable () async -> Void) {
        self.log = log
        self.onChange = onChange
    }

    /// What is known.
    var places: [Name: [ResolvedName.Place]] { found }

    /// These names from now on.
    func watch(_ names: Set<Name>, _ settings: NameSettings, on loop: any EventLoop) {
        let isChanged = settings != self.settings
        self.settings = settings
        for (name, task) in tasks where isChanged || !names.contains(name) {
            task.cancel()
            tasks[name] = nil
        }
        found = found.filter { names.contains($0.key) }
        for name in names where tasks[name] == nil {
            tasks[name] = Task { [weak self] in await self?.keep(name, settings, on: loop) }
        }
    }

    func stop() {
        for task in tasks.values { task.cancel() }
        tasks = [:]
    }

    /// Waits until each name was looked up once, so that the first requests find targets; not for long.
    func settle(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end, !Set(tasks.keys).isSubset(of: tried) {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func keep(_ name: Name, _ settings: NameSettings, on loop: any EventLoop) async {
        var pace = NamePace()
        var isFailing = false
        while !Task.isCancelled {
            // Read each time: the files change when a container moves to another network.
            let resolver = ResolverSettings(settings)
            let server = NameServer(resolver, on: loop)
            let pause: Int
            do {
                let lookup = NameLookup(resolver) { try await server.ask($0) }
                guard let answer = try await lookup.look(name.host, name.kind) else { throw NoSuchName() }
                pause = pace.answered(timeToLive: answer.timeToLive, resolver)
                isFailing = false
                await take(answer.places, of: name)
            } catch {
                pause = pace.failed()
                if !isFailing, !Task.isCancelled { warn(name, error) }
                isFailing = true
                tried.insert(name)
            }
            try? await Task.sleep(for: .microseconds(pause))
        }
    }

    private func take(_ places: [ResolvedName.Place], of name: Name) async {
        guard !Task.isCancelled else { return }
        let isChanged = found[name] != places
        found[name] = places
        if isChanged { await onChange() }
        tried.insert(name)
    }

    private func warn(_ name: Name, _ error: any Error) {
        let reason = error is NoSuchName ? "the name servers say that there is no such name" : "no name server answers"
        log.warning(
            "name not found",
            ["name": .string(name.host), "reason": .string(reason), "known": .integer(found[name]?.count ?? 0)])
    }

    private struct NoSuchName: Error {}
}

extension ResolverSettings {
    /// Whom the configuration names, or the system.
    fileprivate init(_ settings: NameSettings) {
        self.init()
        read(resolvConf: Self.text("/etc/resolv.conf"))
        read(hosts: Self.text("/etc/hosts"))
        if !settings.servers.isEmpty {
            servers = settings.servers.compactMap { server in
                IPAddress(server.host).map { Server(address: $0, port: server.port) }
            }
        }
        timeoutMicroseconds = settings.timeoutMicroseconds
        shortestLifeMicroseconds = settings.minimumTTLMicroseconds
        longestLifeMicroseconds = max(settings.maximumTTLMicroseconds, settings.minimumTTLMicroseconds)
    }

    /// Of a small file; empty if it can't be read.
    private static func text(_ path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
