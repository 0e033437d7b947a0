/// Something that goes wrong while load runs. Times are in milliseconds.
package enum Fault: Hashable, Sendable {
    /// kill -9, and a start after that time.
    case killNode(Int, down: Int)
    /// SIGSTOP, and SIGCONT after that time.
    case pauseNode(Int, time: Int)
    /// Redis forgets its scripts.
    case flushScripts
    /// Redis answers nobody (DEBUG SLEEP).
    case sleepRedis(time: Int)
    /// SIGSTOP, and SIGCONT after that time.
    case pauseRedis(time: Int)

    package enum Kind: CaseIterable, Sendable {
        case killNode, pauseNode, flushScripts, sleepRedis, pauseRedis
    }

    /// How long it lasts, without the time that a start takes.
    package var length: Int {
        switch self {
        case .killNode(_, let time), .pauseNode(_, let time), .sleepRedis(let time), .pauseRedis(let time): time
        case .flushScripts: 0
        }
    }

    /// Whether requests may be decided without Redis because of it.
    package var isOutage: Bool {
        switch self {
        case .sleepRedis, .pauseRedis: true
        case .killNode, .pauseNode, .flushScripts: false
        }
    }
}

extension Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .killNode(let node, let time): "kill -9 of node \(node + 1), started again after \(time) ms"
        case .pauseNode(let node, let time): "node \(node + 1) stopped for \(time) ms"
        case .flushScripts: "SCRIPT FLUSH"
        case .sleepRedis(let time): "DEBUG SLEEP of \(time) ms in Redis"
        case .pauseRedis(let time): "Redis stopped for \(time) ms"
        }
    }
}

/// Faults one after the other, at random instants that follow from a seed.
package struct FaultSchedule: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// Milliseconds after the load began.
        package let time: Int
        package let fault: Fault
    }

    package let entries: [Entry]

    /// By the first fault all nodes know of each other.
    package static let quietStart = 1_500
    /// Every fault is over by then, and its consequences can be seen.
    package static let quietEnd = 1_200

    /// - Parameters:
    ///   - duration: of the load, in milliseconds.
    ///   - kinds: at least one; all come in turns, in random order.
    package init(duration: Int, nodes: Int, kinds: [Fault.Kind], seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (entries, bag, time) = ([Entry](), [Fault.Kind](), Self.quietStart)
        while !kinds.isEmpty {
            if bag.isEmpty { bag = kinds.shuffled(using: &generator) }
            guard let kind = bag.popLast() else { break }
            let fault = Self.fault(kind, nodes: nodes, using: &generator)
            guard time + fault.length + Self.quietEnd <= duration else { break }
            entries.append(Entry(time: time, fault: fault))
            time += fault.length + Int.random(in: 300...1_200, using: &generator)
        }
        self.entries = entries
    }

    private static func fault(_ kind: Fault.Kind, nodes: Int, using generator: inout SeededGenerator) -> Fault {
        let node = Int.random(in: 0..<nodes, using: &generator)
        switch kind {
        case .killNode: return .killNode(node, down: .random(in: 100...800, using: &generator))
        case .pauseNode: return .pauseNode(node, time: .random(in: 50...700, using: &generator))
        case .flushScripts: return .flushScripts
        case .sleepRedis: return .sleepRedis(time: .random(in: 20...300, using: &generator))
        case .pauseRedis: return .pauseRedis(time: .random(in: 20...400, using: &generator))
        }
    }
}
