import TestSupport
import Testing

/// Tests that start up to six servers each: one after the other, since all of them at once would take the machine from
/// the tests beside them.
@Suite("topologies", .serialized, .ownThreads)
enum Topologies {}
