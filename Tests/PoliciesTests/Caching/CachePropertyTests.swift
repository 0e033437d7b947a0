import Testing

@testable import Policies

@Suite("Cache rules under random input")
struct CachePropertyTests {
    private static let names = [
        "cache-control", "cdn-cache-control", "vary", "expires", "age", "date", "etag", "last-modified", "set-cookie",
        "surrogate-key", "cache-tag", "location", "content-location", "pragma", "if-none-match", "if-match", "range",
        "if-modified-since", "if-unmodified-since", "authorization", "content-encoding",
    ]

    /// Anything at all, or bytes that are near to what parsers look for.
    private func bytes(_ generator: inout Seeded) -> [UInt8] {
        let likely = Array("max-age=\"\\,; *W/09-bytesSunGMT:()?\t".utf8)
        let isAny = generator.chance(40)
        return (0..<generator.number(0...40)).map { _ in
            isAny ? UInt8(generator.number(0...255)) : generator.oneOf(likely)
        }
    }

    @Test("whatever bytes a request has, there is an answer to each question")
    func requests() {
        var generator = Seeded(seed: 21)
        for _ in 0..<4000 {
            var facts = CacheRequestFacts()
            for _ in 0..<generator.number(0...4) {
                let value = bytes(&generator)
                withText(generator.oneOf(Self.names)) { name in
                    value.withUnsafeBufferPointer { facts.add(name: name, value: $0) }
                }
            }
            facts.conclude()
            let etag = generator.chance(50) ? bytes(&generator) : []
            _ = facts.conditions.evaluate(etag: etag, lastModified: generator.chance(50) ? cacheNow : nil)
            var lifetime = CacheLifetime(fresh: generator.number(0...100) * 1_000_000)
            lifetime.staleWhileRevalidate = generator.number(0...50) * 1_000_000
            lifetime.staleIfError = generator.number(0...50) * 1_000_000
            lifetime.forbidsStale = generator.chance(30)
            lifetime.alwaysValidates = generator.chance(20)
            let age = generator.number(0...200) * 1_000_000
            let isSoft = generator.chance(20)
            let reuse = Reuse.decide(lifetime, age: age, request: facts.directives, isPurgedSoftly: isSoft)
            let isStale = age >= lifetime.fresh || isSoft
            switch reuse {
            case .fresh: #expect(!isStale && !lifetime.alwaysValidates)
            case .staleWhileRevalidating, .staleByRequest:
                #expect(isStale && !lifetime.forbidsStale && !lifetime.alwaysValidates)
            case .validate(servesOnError: true): #expect(!lifetime.forbidsStale && !lifetime.alwaysValidates)
            case .validate(servesOnError: false): break
            }
        }
    }

    @Test("whatever bytes a response has, its age, freshness and usefulness are within their bounds")
    func responses() {
        var generator = Seeded(seed: 22)
        for _ in 0..<4000 {
            var facts = CacheResponseFacts(status: generator.number(100...999), now: cacheNow)
            for _ in 0..<generator.number(0...5) {
                let value = bytes(&generator)
                withText(generator.oneOf(Self.names)) { name in
                    value.withUnsafeBufferPointer { facts.add(name: name, value: $0) }
                }
            }
            #expect(facts.initialAge(delay: generator.number(0...9)) >= 0)
            #expect(facts.tags.count <= 64 && facts.vary.names.count <= 16)
            let request = StorageRules.Request(forbidsStoring: false, hasAuthorization: generator.chance(30))
            guard let lifetime = StorageRules().decide(request, facts, now: cacheNow).lifetime else { continue }
            #expect((0...(1 << 31) * 1_000_000).contains(lifetime.fresh))
            #expect((1_000_000...30 * CacheLifetime.day).contains(lifetime.useful))
            #expect(!facts.vary.isUnknown && !facts.directives.noStore || !facts.directives.isPresent)
        }
    }

    @Test("random stored lines, references and dates are read without harm")
    func texts() {
        var generator = Seeded(seed: 23)
        for _ in 0..<4000 {
            let (left, right) = (bytes(&generator), bytes(&generator))
            _ = StoredFields.renewed(left + [0x0A], by: right + [0x0A])
            _ = StoredFields.facts(left + [0x0D, 0x0A], status: 200, now: cacheNow)
            let reference = String(decoding: left, as: UTF8.self)
            let target = InvalidationTargets.resolve(reference, scheme: "http", host: "a", path: "/b/c")
            #expect(target?.hasPrefix("/") ?? true, "\(reference)")
            _ = left.withUnsafeBufferPointer { HTTPTime.parse($0) }
            _ = TargetedDirectives.parse([left, right])
        }
    }

    @Test("a date that is told a byte wrong is another date or none, never a trap")
    func nearDates() {
        var generator = Seeded(seed: 24)
        for _ in 0..<4000 {
            var text = Array(HTTPTime.text(generator.number(0...250_000_000_000)).utf8)
            text[generator.number(0...text.count - 1)] = UInt8(generator.number(0...255))
            if generator.chance(30) { text.removeLast(generator.number(0...text.count)) }
            if let time = text.withUnsafeBufferPointer({ HTTPTime.parse($0) }) {
                let again = withText(HTTPTime.text(time)) { HTTPTime.parse($0) }
                #expect(time < 0 || again == time)
            }
        }
    }
}

@Suite("FrequencySketch")
struct FrequencySketchTests {
    @Test("it never tells less than what was recorded, up to fifteen, and seldom more")
    func estimates() {
        var (generator, sketch, counts) = (Seeded(seed: 31), FrequencySketch(capacity: 4096), [UInt64: Int]())
        for _ in 0..<6000 {
            let key = StableHash.mix(UInt64(generator.number(0...999)))
            sketch.record(key)
            counts[key, default: 0] += 1
        }
        #expect(counts.allSatisfy { sketch.estimate($0.key) >= min($0.value, 15) })
        let wrong = counts.count { sketch.estimate($0.key) > min($0.value, 15) }
        #expect(wrong < counts.count / 20)
        let strangers = (5000..<6000).count { sketch.estimate(StableHash.mix(UInt64($0))) > 0 }
        #expect(strangers < 50)
    }

    @Test("what was popular long ago gives way, and a scan makes nothing popular")
    func aging() {
        var sketch = FrequencySketch(capacity: 64)
        for _ in 0..<20 { sketch.record(StableHash.mix(1)) }
        #expect(sketch.estimate(StableHash.mix(1)) == 15)
        for key in 1000..<(1000 + UInt64(64 * 30)) { sketch.record(StableHash.mix(key)) }
        #expect(sketch.estimate(StableHash.mix(1)) < 15)
        #expect(sketch.estimate(StableHash.mix(999_999)) < 15)
    }

    @Test("any capacity will do", arguments: [-5, 0, 1, 17, 1000])
    func capacities(_ capacity: Int) {
        var sketch = FrequencySketch(capacity: capacity)
        for key in 0..<UInt64(2000) { sketch.record(key &* 0xFFFF_FFFF_FFFF) }
        #expect((0...15).contains(sketch.estimate(.max)))
    }
}
