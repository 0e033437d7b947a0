import Filters

/// Buckets as `--json` prints them; times in milliseconds.
struct LimitsJSON: Encodable {
    struct Window: Encodable {
        let window: String
        let rate: String
        let tokens: Int
        let capacity: Int
        /// Absent where Redis alone does not tell: for calendars by the day, week or month.
        let fullInMs: Double?
        /// When one token is there; likewise.
        let tokenInMs: Double?
    }

    struct Lease: Encodable {
        let holder: String
        let amount: Int
        let expiresInMs: Double
    }

    struct Bucket: Encodable {
        let policy: String
        let subject: String
        let windows: [Window]
        let leases: [Lease]
        let requestsInFlight: Int
    }

    let limits: [Bucket]
    /// How many there are, of which `limits` may be the scarcest.
    let found: Int
    /// Whether all were looked at.
    let isComplete: Bool

    init(_ readings: [BucketReading], found: Int? = nil, isComplete: Bool = true) {
        limits = readings.map(Bucket.init)
        self.found = found ?? readings.count
        self.isComplete = isComplete
    }
}

extension LimitsJSON.Bucket {
    init(_ reading: BucketReading) {
        policy = reading.policy
        subject = reading.subject
        windows = reading.windows.map { window in
            LimitsJSON.Window(
                window: window.name, rate: window.rate, tokens: window.tokens, capacity: window.capacity,
                fullInMs: window.full.milliseconds, tokenInMs: window.ready.milliseconds)
        }
        leases = reading.leases.map {
            LimitsJSON.Lease(
                holder: $0.holder, amount: $0.amount, expiresInMs: Double($0.remainingMicroseconds) / 1000)
        }
        requestsInFlight = reading.placesInUse
    }
}

extension BucketReading.Instant {
    fileprivate var milliseconds: Double? {
        switch self {
        case .now: 0
        case .after(let microseconds): Double(microseconds) / 1000
        case .end, .unknown: nil
        }
    }
}
