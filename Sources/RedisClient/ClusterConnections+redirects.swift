import NIOCore

/// Commands that the node which was asked did not answer.
extension ClusterConnections {
    /// Passes a command on; false if its error is to be told to the caller.
    func redirect(
        _ slot: PendingCommands.Slot, _ redirect: RedisRedirect, from source: RedisConnection
    ) -> Bool {
        guard var command = slot.command, command.redirects < RedirectedCommands.mostRedirects, !isFull else {
            return false
        }
        command.isRepeated = true
        // Loaded or not on the node before says nothing about the next.
        command.isReloaded = false
        let target: RedisAddress
        switch redirect {
        case .moved(let number, let address):
            target = address.resolved(by: source)
            command.isAsking = false
            command.redirects += 1
            map.move(number, to: target)
            attachOwners()
            refreshSoon()
        case .ask(_, let address):
            target = address.resolved(by: source)
            command.isAsking = true
            command.redirects += 1
        // The keys that are missing are on their way: asked again after a pause, until the deadline.
        case .tryAgain: target = source.address
        case .clusterDown:
            refreshSoon()
            return false
        }
        counted.redirects += 1
        var redirected = slot
        redirected.command = command
        let next = RedirectedCommands.Command(slot: redirected, target: target)
        if redirect == .tryAgain || !connection(to: target).sendAgain(redirected) { wait(next) }
        return true
    }

    private func wait(_ command: RedirectedCommands.Command) {
        guard waiting.append(command) else {
            counted.lost += 1
            command.slot.completion?(.failure(.overloaded))
            return
        }
        guard waiting.count == 1 else { return }
        scheduleForwarding()
    }

    private func scheduleForwarding() {
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { [self] in
            let now = RedisConnection.nowMicroseconds
            var left = waiting.takeAll()
            left.removeAll { command in
                guard command.slot.deadlineMicroseconds > now else {
                    counted.timeouts += 1
                    command.slot.completion?(.failure(.timeout))
                    return true
                }
                return connection(to: command.target).sendAgain(command.slot)
            }
            waiting.putBack(left)
            if waiting.count > 0 { scheduleForwarding() }
        }
    }

    func failWaiting(_ error: RedisError) {
        for command in waiting.takeAll() {
            counted.lost += 1
            command.slot.completion?(.failure(error))
        }
    }
}

/// Commands on their way to a node that does not take them yet.
struct RedirectedCommands {
    struct Command {
        let slot: PendingCommands.Slot
        let target: RedisAddress
    }

    /// A slot that moves while its node fails over takes two or three; more is a cluster that disagrees with itself.
    static let mostRedirects = 5
    private static let limit = 4_096
    private var commands: [Command] = []

    var count: Int { commands.count }

    /// False: there are too many.
    mutating func append(_ command: Command) -> Bool {
        guard commands.count < Self.limit else { return false }
        commands.append(command)
        return true
    }

    mutating func takeAll() -> [Command] {
        defer { commands = [] }
        return commands
    }

    /// Puts commands before those that have come since they were taken.
    mutating func putBack(_ older: [Command]) {
        commands.insert(contentsOf: older, at: 0)
    }
}

extension RedisAddress {
    /// A node that does not know its own host leaves it out.
    fileprivate func resolved(by source: RedisConnection) -> RedisAddress {
        host.isEmpty || host == "?" ? RedisAddress(host: source.address.host, port: port) : self
    }
}
