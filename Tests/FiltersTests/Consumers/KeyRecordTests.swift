import GatewayCore
import Policies
import Testing

@testable import Filters

@Suite("Keys as Redis holds them")
struct KeyRecordTests {
    @Test("what is written is read again")
    func roundTrip() throws {
        var record = KeyRecord(consumer: "acme")
        (record.plan, record.name, record.scopes) = ("gold", "ci of acme", ["a", "b"])
        (record.created, record.expires) = (5, 1_798_761_600)
        record.addresses = [try NetworkRange("10.0.0.0/8"), try NetworkRange("2001:db8::/32")]
        for record in [record, KeyRecord(consumer: "acme")] {
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: record.words.count, by: 2) {
                fields[record.words[index]] = record.words[index + 1]
            }
            #expect(KeyRecord(fields: fields) == record)
        }
    }

    @Test("a key without a consumer, or with an address that is none, is good for nothing")
    func malformed() {
        #expect(KeyRecord(fields: [:]) == nil)
        #expect(KeyRecord(fields: ["consumer": ""]) == nil)
        #expect(KeyRecord(fields: ["consumer": "acme", "addresses": "10.0.0.1/8"]) == nil)
        #expect(KeyRecord(fields: ["consumer": "acme", "addresses": "everywhere"]) == nil)
    }

    @Test("empty scopes are none, and absent ones the consumer's")
    func scopes() {
        #expect(KeyRecord(fields: ["consumer": "acme", "scopes": ""])?.scopes == [])
        #expect(KeyRecord(fields: ["consumer": "acme"])?.scopes == .some(nil))
    }

    @Test("a configured consumer goes before the one in Redis, and the key's own terms before both")
    func grants() throws {
        var stored = ConsumerRecord(id: "acme")
        (stored.plan, stored.scopes) = ("silver", ["stored"])
        let nobody = try ConsumerDirectory([])
        let configured = try ConsumerDirectory([.init(id: "acme", plan: nil, scopes: ["configured"], keys: [])])
        let key = SharedKey(record: KeyRecord(consumer: "acme"), ends: nil, consumer: stored)
        #expect(key.grant(beside: nobody)?.identity.plan == "silver")
        #expect(key.grant(beside: nobody)?.identity.scopes == ["stored"])
        #expect(key.grant(beside: configured)?.identity.plan == nil)
        #expect(key.grant(beside: configured)?.identity.scopes == ["configured"])
        let orphan = SharedKey(record: KeyRecord(consumer: "acme"), ends: nil, consumer: nil)
        #expect(orphan.grant(beside: nobody) == nil)
        #expect(orphan.grant(beside: configured) != nil)
        var record = KeyRecord(consumer: "acme")
        (record.plan, record.scopes) = ("own", ["own"])
        let own = SharedKey(record: record, ends: nil, consumer: stored)
        #expect(own.grant(beside: configured)?.identity.plan == "own")
        #expect(own.grant(beside: configured)?.identity.scopes == ["own"])
    }
}
