import Testing

@testable import Transcoding

@Suite("JSON responses")
struct MessagePrinterTests {
    @Test("defaults, original names and enum numbers are printed where the options say so")
    func options() throws {
        var options = TranscodingOptions()
        options.printsDefaults = true
        let author = try Fixture.print([], as: "library.v1.Author", options)
        #expect(author == #"{"givenName":""}"#)
        #expect(
            try Fixture.print([], as: "library.v1.Book", options)
                == #"{"name":"","title":"","tags":[],"genre":"GENRE_UNSPECIFIED","pages":"0"}"#)
        options.printsOriginalNames = true
        options.printsEnumsAsNumbers = true
        #expect(
            try Fixture.print([0x28, 0x02], as: "library.v1.Book", options)
                == #"{"name":"","title":"","tags":[],"genre":2,"pages":"0"}"#)
        #expect(try Fixture.print([], as: "library.v1.Author", options) == #"{"given_name":""}"#)
    }

    @Test("fields that the descriptor doesn't know are left out, groups and wrong wire types included")
    func unknownFields() throws {
        // 1: "a", 99: varint, 98: group { 1: varint }, 2 as a varint.
        let wire: [UInt8] = [0x0A, 1, 0x61, 0x98, 0x06, 5, 0x93, 0x06, 0x08, 1, 0x94, 0x06, 0x10, 7]
        #expect(try Fixture.print(wire, as: "library.v1.Book") == #"{"name":"a"}"#)
    }

    @Test("the last scalar counts, messages in parts merge, the last member of a oneof stays")
    func merges() throws {
        let twice =
            try Fixture.encode(#"{"anInt32":1,"nested":{"anInt32":1,"strings":["a"]},"text":"a"}"#)
            + Fixture.encode(#"{"anInt32":2,"nested":{"aBool":true,"strings":["b"]},"number":3}"#)
        #expect(
            try Fixture.print(twice)
                == #"{"anInt32":2,"nested":{"anInt32":1,"aBool":true,"strings":["a","b"]},"number":3}"#)
    }

    @Test("lists are read packed or not, whatever the descriptor says")
    func packing() throws {
        // ints (22) unpacked, sints (23) packed.
        #expect(try Fixture.print([0xB0, 0x01, 1, 0xB0, 0x01, 2]) == #"{"ints":[1,2]}"#)
        #expect(try Fixture.print([0xBA, 0x01, 2, 1, 2]) == #"{"sints":["-1","1"]}"#)
    }

    @Test("the last entry of a map key counts, and what it lacks is the default")
    func maps() throws {
        let wire: [UInt8] = [
            0xFA, 0x01, 5, 0x0A, 1, 0x61, 0x10, 1, 0xFA, 0x01, 5, 0x0A, 1, 0x61, 0x10, 2, 0xFA, 0x01, 0,
        ]
        #expect(try Fixture.print(wire) == #"{"counts":{"a":2,"":0}}"#)
        #expect(try Fixture.print([0x82, 0x02, 2, 0x08, 5]) == #"{"byId":{"5":{}}}"#)
    }

    @Test(
        "what is no message is the service's failure",
        arguments: [
            [0x08], [0x0A, 5, 0x61], [0x0F], [0x00, 0x00], [0x0B], [0x0C], [0x72, 1, 0xFF], [0x72, 2, 0xC0, 0x80],
            [0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], [0x09, 1, 2],
            // Time out of range; duration with parts of different signs; field mask that JSON can't spell.
            [0x9A, 0x03, 7, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [0xA2, 0x03, 13, 0x08, 1, 0x10]
                + [UInt8](repeating: 0xFF, count: 9) + [0x01],
            [0xAA, 0x03, 5, 0x0A, 3, 0x61, 0x5F, 0x5F],
        ] as [[UInt8]])
    func malformed(wire: [UInt8]) {
        let failure = #expect(throws: TranscodingFailure.self) { try Fixture.print(wire) }
        #expect(failure?.side == .response)
    }

    @Test("floating numbers print their shortest digits")
    func floating() throws {
        #expect(
            try Fixture.echo(#"{"aDouble":0.1,"aFloat":0.1,"doubles":[1.0,1e21,-0.0,"NaN","-Infinity"]}"#)
                == #"{"aDouble":0.1,"aFloat":0.1,"doubles":[1,1e+21,-0,"NaN","-Infinity"]}"#)
    }

    @Test("times print no digits of a second, three, six or nine")
    func times() throws {
        let json =
            #"{"times":["2026-01-01T00:00:00Z","2026-01-01T00:00:00.5Z","2026-01-01T00:00:00.000010Z","2026-01-01T02:00:00.000000001+02:00"]}"#
        #expect(
            try Fixture.echo(json)
                == #"{"times":["2026-01-01T00:00:00Z","2026-01-01T00:00:00.500Z","2026-01-01T00:00:00.000010Z","2026-01-01T00:00:00.000000001Z"]}"#
        )
    }

    @Test("a message nested deeper than the bound is refused")
    func depth() throws {
        var wire: [UInt8] = []
        for _ in 0..<120 {
            var writer = WireWriter()
            writer.appendTag(17, .bytes)
            writer.appendPrefixed(wire)
            wire = writer.bytes
        }
        #expect(throws: TranscodingFailure.self) { try Fixture.print(wire) }
    }
}
