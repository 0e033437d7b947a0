import NIOCore

/// One event loop's way to Redis, whatever the topology: what stores hold. Confined to its event loop, as its
/// connections are, and with their promises (`RedisConnection`); it must be closed to be let go of.
package final class RedisLink {
    package let eventLoop: any EventLoop
    package let settings: RedisSettings
    private let way: Way
    /// Where a command is written whose slot is read from it.
    private var scratch = RedisCommandWriter()

    private enum Way {
        /// A single server, or the master that sentinels name.
        case connection(RedisConnection)
        case cluster(ClusterConnections)
    }

    package init(_ settings: RedisSettings, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.settings = settings
        way =
            if case .cluster = settings.topology {
                .cluster(ClusterConnections(settings, on: eventLoop))
            } else {
                .connection(RedisConnection(settings, on: eventLoop))
            }
    }

    /// Whether keys are spread over servers by their slots, so that a script's keys must be of one.
    package var isClustered: Bool { if case .cluster = way { true } else { false } }

    /// Whether a command sent now would go out, to whichever server.
    package var isReady: Bool {
        switch way {
        case .connection(let connection): connection.isReady
        case .cluster(let cluster): cluster.isReady
        }
    }

    /// Commands without an answer.
    package var pendingCommands: Int {
        switch way {
        case .connection(let connection): connection.pendingCommands
        case .cluster(let cluster): cluster.pendingCommands
        }
    }

    package var counters: RedisCounters {
        switch way {
        case .connection(let connection): connection.counters
        case .cluster(let cluster): cluster.counters
        }
    }

    /// Called on the loop at each change; a cluster is connected when all of its slots can be reached.
    package var onChange: ((RedisConnection.Change) -> Void)? {
        get {
            switch way {
            case .connection(let connection): connection.onChange
            case .cluster(let cluster): cluster.onChange
            }
        }
        set {
            switch way {
            case .connection(let connection): connection.onChange = newValue
            case .cluster(let cluster): cluster.onChange = newValue
            }
        }
    }

    /// The connections to all masters: one, unless clustered. For what concerns all keys, such as `SCAN`.
    package var masters: [RedisConnection] {
        switch way {
        case .connection(let connection): [connection]
        case .cluster(let cluster): cluster.owners
        }
    }

    /// Begins to connect.
    package func start() {
        eventLoop.preconditionInEventLoop()
        switch way {
        case .connection(let connection): connection.start()
        case .cluster(let cluster): cluster.start()
        }
    }

    /// Ends all connections for good; what is pending fails.
    package func close() {
        eventLoop.preconditionInEventLoop()
        switch way {
        case .connection(let connection): connection.close()
        case .cluster(let cluster): cluster.close()
        }
    }

    /// Makes a script callable; it is loaded whenever a connection is made. To be called once for each script.
    package func register(_ script: RedisScript) -> RedisScriptID {
        switch way {
        case .connection(let connection): connection.register(script)
        case .cluster(let cluster): cluster.register(script)
        }
    }

    /// Sends one command, as `RedisConnection.send` does.
    /// - Parameter slot: of the command's keys, if it has any; looked at only when clustered.
    package func send(
        slot: RedisSlot? = nil, _ write: (inout RedisCommandWriter) -> Void,
        completion: @escaping RedisConnection.Completion
    ) {
        switch way {
        case .connection(let connection): connection.send(write, completion: completion)
        case .cluster(let cluster):
            guard let connection = cluster.connection(for: slot) else { return cluster.refuse(completion) }
            connection.send(write, completion: completion)
        }
    }

    /// Calls a script, as `RedisConnection.call` does.
    /// - Parameter slot: of the keys; nil: found out from the first key, when clustered.
    package func call(
        _ id: RedisScriptID, slot: RedisSlot? = nil, keys: Int, arguments: Int,
        _ write: (inout RedisCommandWriter) -> Void, completion: @escaping RedisConnection.Completion
    ) {
        switch way {
        case .connection(let connection):
            connection.call(id, keys: keys, arguments: arguments, write, completion: completion)
        case .cluster(let cluster):
            guard let slot else {
                return callUnrouted(cluster, id, keys: keys, arguments: arguments, write, completion: completion)
            }
            guard let connection = cluster.connection(for: slot) else { return cluster.refuse(completion) }
            connection.call(id, keys: keys, arguments: arguments, write, completion: completion)
        }
    }

    /// The words are written aside, so that their first key is known before a connection is chosen.
    private func callUnrouted(
        _ cluster: ClusterConnections, _ id: RedisScriptID, keys: Int, arguments: Int,
        _ write: (inout RedisCommandWriter) -> Void, completion: @escaping RedisConnection.Completion
    ) {
        let words = scratch.words(keys + arguments, write)
        let slot = keys > 0 ? words.firstWord.map { $0.withUnsafeReadableBytes { RedisSlot(of: $0) } } : nil
        guard let connection = cluster.connection(for: slot) else { return cluster.refuse(completion) }
        connection.call(id, keys: keys, arguments: arguments) { writer in
            writer.append(words, count: keys + arguments)
        } completion: {
            completion($0)
        }
    }
}
