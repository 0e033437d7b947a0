import Filters

/// Buckets as `--json` prints them; times in milliseconds, null where they can't be known.
struct LimitsJSON: Encodable {
    struct Window: Encodable {
        let window: String
        let rate: String
        let tokens: Int
        let capacity: Int
        let fullInMs: Double?
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
                fullInMs: window.fullMicroseconds.map { Double($0) / 1000 },
                tokenInMs: window.waitMicroseconds.map { Double($0) / 1000 })
        }
        leases = reading.leases.map {
            LimitsJSON.Lease(
                holder: $0.holder, amount: $0.amount, expiresInMs: Double($0.remainingMicroseconds) / 1000)
        }
        requestsInFlight = reading.placesInUse
    }
}
