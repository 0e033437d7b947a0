import GatewayCore
import NIOCore
import Policies

/// A connection, as far as it holds bytes for somebody who is slow.
protocol BufferHolder: AnyObject {
    var account: BufferAccount { get set }
    /// In bytes, now.
    var heldBytes: Int { get }
    /// Whether its peer should be given no more has changed.
    func holdingBackChanged()
}

/// What is known of the bytes that a connection holds.
struct BufferAccount {
    /// As of the last measurement.
    fileprivate(set) var held = 0
    /// Written or read since.
    fileprivate var unseen = 0
    /// Memory is scarce, and this connection holds some of it.
    fileprivate(set) var isHeldBack = false
}

/// The bytes that a worker's connections hold, as part of the node's memory.
///
/// A connection whose peers keep up holds nothing after each turn, so it would be waste to count each byte in and out.
/// Instead a connection is measured when so much has passed through it that it could matter, and from then on every
/// 100 ms while it holds anything. Of each connection up to `grain` bytes may go unseen.
final class HeldBuffers {
    static let grain = 16 * 1024
    private static let ticksPerSweep = 10

    let memory: BufferMemory
    private var watched: [ObjectIdentifier: any BufferHolder] = [:]
    private var ticks = 0

    init(_ memory: BufferMemory) { self.memory = memory }

    /// So many bytes have passed; costs an addition, mostly.
    @inline(__always)
    func passed(_ bytes: Int, through holder: some BufferHolder) {
        holder.account.unseen &+= bytes
        if holder.account.unseen >= Self.grain { measure(holder) }
    }

    /// Takes stock of one connection.
    func measure(_ holder: some BufferHolder) {
        holder.account.unseen = 0
        let (before, held) = (holder.account.held, holder.heldBytes)
        holder.account.held = held
        if held != before {
            memory.add(held - before)
            if before == 0 { watched[ObjectIdentifier(holder)] = holder }
            if held == 0 { watched[ObjectIdentifier(holder)] = nil }
        }
        let isHeldBack = held > 0 && memory.pressure.holdsReads
        guard isHeldBack != holder.account.isHeldBack else { return }
        holder.account.isHeldBack = isHeldBack
        holder.holdingBackChanged()
    }

    /// The connection is gone, with what it held.
    func forget(_ holder: some BufferHolder) {
        guard holder.account.held > 0 else { return }
        memory.add(-holder.account.held)
        holder.account = BufferAccount()
        watched[ObjectIdentifier(holder)] = nil
    }

    func tick() {
        memory.report()
        ticks &+= 1
        guard ticks.isMultiple(of: Self.ticksPerSweep), !watched.isEmpty else { return }
        for holder in Array(watched.values) where holder.account.held > 0 { measure(holder) }
    }
}

extension Channel {
    /// Bytes that were written and that the socket has not taken yet.
    var unsentBytes: Int { (try? syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }
}
