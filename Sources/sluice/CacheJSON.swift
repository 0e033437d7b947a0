import Filters

/// Stored responses as `--json` prints them; times in milliseconds.
struct CacheJSON: Encodable {
    struct Response: Encodable {
        let key: String
        let variant: String
        let status: Int
        let bytes: Int
        let ageMs: Double
        let freshMs: Double
        let isStale: Bool
        let expiresInMs: Int
        let tags: [String]
        let headers: [String]
    }

    let responses: [Response]
    /// How many there are, of which `responses` may be the first.
    let found: Int
    /// Whether all were looked at.
    let isComplete: Bool

    init(_ readings: [CacheInRedis.Reading], found: Int? = nil, isComplete: Bool = true) {
        responses = readings.map(Response.init)
        self.found = found ?? readings.count
        self.isComplete = isComplete
    }
}

extension CacheJSON.Response {
    init(_ reading: CacheInRedis.Reading) {
        key = reading.key
        variant = reading.variant
        status = reading.status
        bytes = reading.bytes
        ageMs = Double(reading.age) / 1000
        freshMs = Double(reading.fresh) / 1000
        isStale = reading.isStale
        expiresInMs = max(0, reading.expiry)
        tags = reading.tags
        headers = reading.headers.split(separator: "\r\n").map(String.init)
    }
}
