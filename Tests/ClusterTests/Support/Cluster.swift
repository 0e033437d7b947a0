import TestSupport
import Testing

/// All tests that start real processes. One at a time: they measure time, and load the machine.
@Suite(.serialized, .ownThreads, .timeLimit(.minutes(2)))
enum Cluster {}
