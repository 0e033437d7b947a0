import JSON
import Testing

@testable import Transcoding

@Suite("JSON requests")
struct MessageEncoderTests {
    @Test(
        "what is no value of a field is refused with the field's name",
        arguments: [
            (#"{"anInt32": 2147483648}"#, "anInt32"), (#"{"anInt32": 1.5}"#, "anInt32"),
            (#"{"anInt32": "x"}"#, "anInt32"), (#"{"anInt32": ""}"#, "anInt32"), (#"{"anInt32": true}"#, "anInt32"),
            (#"{"anInt32": " 1"}"#, "anInt32"), (#"{"anInt32": "0x10"}"#, "anInt32"),
            (#"{"anInt64": 9223372036854775808}"#, "anInt64"), (#"{"anInt64": "-9223372036854775809"}"#, "anInt64"),
            (#"{"aUint32": -1}"#, "aUint32"), (#"{"aUint64": 18446744073709551616}"#, "aUint64"),
            (#"{"aUint64": "1e20"}"#, "aUint64"), (#"{"aBool": "true"}"#, "aBool"), (#"{"aBool": 1}"#, "aBool"),
            (#"{"aString": 1}"#, "aString"), (#"{"someBytes": "a"}"#, "someBytes"),
            (#"{"someBytes": "a*=="}"#, "someBytes"), (#"{"someBytes": "YQ==YQ=="}"#, "someBytes"),
            (#"{"aDouble": 1e400}"#, "aDouble"), (#"{"aDouble": "nan"}"#, "aDouble"),
            (#"{"aDouble": "0x1p3"}"#, "aDouble"), (#"{"aFloat": 1e39}"#, "aFloat"), (#"{"aFloat": "inf"}"#, "aFloat"),
            (#"{"genre": "NOVEL"}"#, "genre"), (#"{"genre": 1.5}"#, "genre"), (#"{"genre": 2147483648}"#, "genre"),
            (#"{"nested": 1}"#, "nested"), (#"{"nested": {"aBool": 2}}"#, "nested.aBool"),
            (#"{"strings": "a"}"#, "strings"), (#"{"strings": ["a", null]}"#, "strings[1]"),
            (#"{"ints": [1, "x"]}"#, "ints[1]"), (#"{"authors": [{}, {"born": "x"}]}"#, "authors[1].born"),
            (#"{"counts": []}"#, "counts"), (#"{"counts": {"a": null}}"#, #"counts["a"]"#),
            (#"{"byId": {"x": {}}}"#, #"byId["x"]"#), (#"{"byTruth": {"1": 0}}"#, #"byTruth["1"]"#),
            (#"{"time": "2026-02-29T00:00:00Z"}"#, "time"), (#"{"time": "2026-01-01"}"#, "time"),
            (#"{"time": "2026-01-01T00:00:00"}"#, "time"), (#"{"time": "2026-01-01t00:00:00Z"}"#, "time"),
            (#"{"time": "2026-01-01T24:00:00Z"}"#, "time"), (#"{"time": "0001-01-01T00:00:00+01:00"}"#, "time"),
            (#"{"time": "2026-01-01T00:00:00.1234567891Z"}"#, "time"), (#"{"time": 1}"#, "time"),
            (#"{"span": "1"}"#, "span"), (#"{"span": "1.s"}"#, "span"), (#"{"span": "315576000001s"}"#, "span"),
            (#"{"span": "--1s"}"#, "span"), (#"{"mask": "given_name"}"#, "mask"), (#"{"structure": []}"#, "structure"),
            (#"{"list": {}}"#, "list"), (#"{"any": {"a": 1}}"#, "any"),
            (#"{"any": {"@type": "type.googleapis.com/unknown.Type"}}"#, "any"),
            (#"{"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "seconds": 1}}"#, "any"),
            (#"{"wrappedInt64": {"value": 1}}"#, "wrappedInt64"), (#"{"empty": {"a": 1}}"#, "empty"),
            (#"{"text": "a", "number": 1}"#, "number"), (#"{"anInt32": 1, "an_int32": 1}"#, "anInt32"),
        ])
    func refusals(json: String, field: String) throws {
        let failure = #expect(throws: TranscodingFailure.self) { try Fixture.encode(json) }
        #expect(failure?.field == field)
        #expect(failure?.side == .request)
    }

    @Test("a member that no field has is named; where that is wanted, it is skipped")
    func unknownMembers() throws {
        let json = #"{"nested": {"novel": {"a": [1]}, "anInt32": 7, "genre": "NOVEL"}, "genres": ["NOVEL", "POETRY"]}"#
        let failure = #expect(throws: TranscodingFailure.self) { try Fixture.encode(json) }
        #expect(failure?.description.contains("\"novel\"") == true)
        var options = TranscodingOptions()
        options.ignoresUnknownFields = true
        let bytes = try Fixture.encode(json, as: "library.v1.Everything", options)
        #expect(try Fixture.print(bytes) == #"{"nested":{"anInt32":7},"genres":["POETRY"]}"#)
    }

    @Test(
        "whole numbers are exact in every spelling",
        arguments: [
            ("9007199254740993", "9007199254740993"), (#""9223372036854775807""#, "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"), ("-9.223372036854775808e18", "-9223372036854775808"),
            ("1e3", "1000"), (#""1.50e1""#, "15"), ("12300e-2", "123"), ("-0", "0"), ("0e999999999", "0"),
        ])
    func integers(spelling: String, value: String) throws {
        let printed = try Fixture.echo(#"{"wrappedInt64": \#(spelling)}"#)
        #expect(printed == #"{"wrappedInt64":"\#(value)"}"#)
    }

    @Test("bytes are read in both alphabets, with and without padding", arguments: ["+/8=", "-_8=", "+/8", "-_8"])
    func base64(spelling: String) throws {
        #expect(try Fixture.echo(#"{"someBytes": "\#(spelling)"}"#) == #"{"someBytes":"+/8="}"#)
    }

    @Test("null is absence, but a null where a field has one")
    func null() throws {
        #expect(try Fixture.echo(#"{"anInt32": null, "nested": null, "strings": null, "counts": null}"#) == "{}")
        #expect(try Fixture.echo(#"{"value": null, "nothing": null}"#) == #"{"nothing":null,"value":null}"#)
        #expect(try Fixture.echo(#"{"values": [null, 1]}"#) == #"{"values":[null,1]}"#)
    }

    @Test("an explicit default is kept where a field has presence, and only there")
    func presence() throws {
        #expect(
            try Fixture.echo(#"{"maybe": 0, "anInt32": 0, "text": "", "empty": {}}"#)
                == #"{"maybe":0,"text":"","empty":{}}"#)
    }

    @Test("a message as deep as the bound is made, one deeper is refused")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"nested":"#, count: depth - 1) + "{}" + String(repeating: "}", count: depth - 1)
        }
        #expect(try Fixture.echo(nested(100)) == nested(100))
        #expect(throws: (any Error).self) { try Fixture.encode(nested(101)) }
    }
}
