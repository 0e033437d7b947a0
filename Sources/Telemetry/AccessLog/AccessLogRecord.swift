/// What the access log says of one exchange. Bytes are borrowed from wherever they lie, for the length of one call of
/// `AccessLog.write`; empty bytes and texts mean "not known" and are left out of the line.
package struct AccessLogRecord {
    package static var noBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// When the exchange ended, since 1970.
    package var wallMicroseconds = 0
    package var requestID = noBytes
    package var clientAddress = noBytes
    package var method = noBytes
    package var host = noBytes
    package var path = noBytes
    /// Without its secrets.
    package var query = noBytes
    package var userAgent = noBytes
    package var referer = noBytes
    /// Further fields of the request, as the rules ask for them.
    package var headers: [(name: String, value: UnsafeRawBufferPointer)] = []
    package var isHTTP2 = false
    package var traceID = noBytes
    package var attempts = 0
    package var status = 0
    package var route = ""
    package var version = ""
    package var upstream = ""
    package var consumer = ""
    package var bytesIn = 0
    package var bytesOut = 0
    package var durationMicroseconds = 0
    /// Nil where nothing was forwarded.
    package var upstreamMicroseconds: Int?
    /// What the gateway itself took; nil where there was no answer.
    package var ownMicroseconds: Int?
    /// Nil where no limit applied.
    package var limit: LimitDecision?
    /// Nil where no cache took part.
    package var cache: CacheOutcome?
    /// A constant word for what went wrong (`connect_timeout`); empty where nothing did.
    package var error = ""

    package init() {}
}
