import NIOCore

/// Asks the sentinels for the master, and listens to them for a failover.
///
/// A failover is noticed in four ways, the first of which decides: a sentinel publishes it, the old master's connection
/// breaks, a command that writes is refused by what has become a replica, or the role of the server is checked on
/// connecting. Until one of them happens an old master that is cut off from the sentinels still serves: what is written
/// to it then is lost, as with every asynchronous replication.
final class SentinelLocator: RedisLocator {
    let wantsMaster = true
    var onMove: ((RedisAddress) -> Void)?

    private let master: String
    private let settings: RedisSettings
    private let eventLoop: any EventLoop
    /// The one that answered last comes first.
    private var sentinels: [RedisAddress]
    private var asked: RedisConnection?
    private var watch: RedisSubscription?
    private var isClosed = false

    private typealias Completion = (Result<RedisAddress, RedisError>) -> Void

    init(_ sentinels: RedisTopology.Sentinels, settings: RedisSettings, on eventLoop: any EventLoop) {
        self.sentinels = sentinels.addresses
        self.eventLoop = eventLoop
        master = sentinels.master
        var own = settings
        own.username = sentinels.username
        own.password = sentinels.password
        own.database = 0
        own.timeout = settings.connectTimeout
        self.settings = own
    }

    func locate(_ completion: @escaping (Result<RedisAddress, RedisError>) -> Void) {
        startWatch()
        ask(0, reasons: [], completion)
    }

    func close() {
        isClosed = true
        asked?.close()
        asked = nil
        watch?.close()
        watch = nil
    }

    // MARK: Asking

    private func ask(_ index: Int, reasons: [String], _ completion: @escaping Completion) {
        guard index < sentinels.count else {
            return completion(.failure(.connection("no sentinel names a master: \(reasons.joined(separator: "; "))")))
        }
        let address = sentinels[index]
        query(address) { [self] result in
            guard !isClosed else { return }
            switch result {
            case .success(let found):
                sentinels.swapAt(0, index)
                completion(.success(found))
            case .failure(let error):
                ask(index + 1, reasons: reasons + ["\(address): \(error)"], completion)
            }
        }
    }

    /// One sentinel's answer, over a connection of its own that ends with it.
    private func query(_ address: RedisAddress, _ completion: @escaping Completion) {
        var settings = settings
        settings.topology = .single
        settings.host = address.host
        settings.port = address.port
        let connection = RedisConnection(settings, on: eventLoop)
        asked = connection
        connection.onChange = { [self] change in
            connection.onChange = nil
            switch change {
            case .connected: askForMaster(connection, completion)
            case .lost(let error), .unreachable(let error, _):
                connection.close()
                completion(.failure(error))
            case .closed: break
            }
        }
        connection.start()
    }

    private func askForMaster(_ connection: RedisConnection, _ completion: @escaping Completion) {
        connection.send { writer in
            writer.begin(words: 3)
            writer.append("SENTINEL")
            writer.append("GET-MASTER-ADDR-BY-NAME")
            writer.append(master)
        } completion: { [self] result in
            let found = result.flatMap { reply -> Result<RedisAddress, RedisError> in
                guard let host = reply[0]?.text, let port = reply[1].flatMap({ Int($0.text) }) else {
                    return .failure(.connection("it knows no master named \(master)"))
                }
                return .success(RedisAddress(host: host, port: port))
            }
            connection.close()
            completion(found)
        }
    }

    // MARK: Listening

    private func startWatch() {
        guard watch == nil, !isClosed else { return }
        var settings = settings
        settings.topology = .cluster(seeds: sentinels)
        let watch = RedisSubscription(settings, channels: ["+switch-master"], on: eventLoop)
        self.watch = watch
        watch.onMessage = { [weak self] _, payload in self?.noticeSwitch(String(decoding: payload, as: UTF8.self)) }
        watch.start()
    }

    /// `<master name> <old host> <old port> <new host> <new port>`
    private func noticeSwitch(_ message: String) {
        let words = message.split(separator: " ")
        guard words.count == 5, words[0] == master, let port = Int(words[4]) else { return }
        onMove?(RedisAddress(host: String(words[3]), port: port))
    }
}
