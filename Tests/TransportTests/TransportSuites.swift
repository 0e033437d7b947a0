import TestSupport
import Testing

/// One after the other: these tests block their threads and watch the clock, and would starve each other.
@Suite("transport", .serialized, .ownThreads)
enum TransportSuites {}
