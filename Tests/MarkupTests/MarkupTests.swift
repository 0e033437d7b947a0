import Markup
import Testing

private func convert(
    _ text: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> [UInt8]
) throws -> String {
    String(decoding: try Array(text.utf8).withUnsafeBufferPointer(body), as: UTF8.self)
}

@Suite("Forms as JSON")
struct FormTextTests {
    @Test(
        "fields are members, and repeated ones arrays",
        arguments: [
            ("", "{}"), ("a=1&b=two+words", "{\"a\":\"1\",\"b\":\"two words\"}"), ("a=1&a=2", "{\"a\":[\"1\",\"2\"]}"),
            ("a[]=1", "{\"a\":[\"1\"]}"), ("n%C3%A9=%22%0A", "{\"né\":\"\\\"\\u000a\"}"),
            ("a&&b=", "{\"a\":\"\",\"b\":\"\"}"),
        ])
    func fields(form: String, json: String) throws {
        #expect(try convert(form) { try FormText.json($0) } == json)
    }

    @Test("what is no form is refused", arguments: ["a=%", "a=%4", "a=%zz", "%ff=1"])
    func malformed(form: String) {
        #expect(throws: MarkupFailure.self) { try convert(form) { try FormText.json($0) } }
    }
}

@Suite("XML and JSON")
struct XMLTests {
    @Test(
        "elements, attributes and text",
        arguments: [
            ("<a/>", "{\"a\":null}"), ("<a>x &amp; y</a>", "{\"a\":\"x & y\"}"),
            (
                "<?xml version=\"1.0\"?><o id=\"7\"><n>1</n><i>a</i><i>b</i></o>",
                "{\"o\":{\"@id\":\"7\",\"n\":\"1\",\"i\":[\"a\",\"b\"]}}"
            ),
            ("<o>\n  <n>1</n>\n</o>", "{\"o\":{\"n\":\"1\"}}"),
            ("<o k=\"v\">text</o>", "{\"o\":{\"@k\":\"v\",\"#text\":\"text\"}}"),
            ("<o><![CDATA[<b>]]></o>", "{\"o\":\"<b>\"}"),
            ("<x:o xmlns:x=\"urn:x\"><x:n/></x:o>", "{\"x:o\":{\"x:n\":null}}"),
            ("<o><!-- c --><n>é</n></o>", "{\"o\":{\"n\":\"é\"}}"),
        ])
    func reading(xml: String, json: String) throws {
        #expect(try convert(xml) { try XMLText.json($0) } == json)
    }

    @Test(
        "no document type, no entity, nothing malformed",
        arguments: [
            "", "<a>", "<a></b>", "text", "<a>&unknown;</a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><l>&b;</l>",
            String(repeating: "<a>", count: 5000) + String(repeating: "</a>", count: 5000),
        ])
    func refused(xml: String) {
        #expect(throws: MarkupFailure.self) { try convert(xml) { try XMLText.json($0) } }
    }

    @Test("what would keep a parser busy, or hide from the look before it, is refused at once")
    func survey() {
        func reason(_ xml: [UInt8]) -> String? {
            #expect(throws: MarkupFailure.self) {
                _ = try xml.withUnsafeBufferPointer { bytes throws(MarkupFailure) in try XMLText.json(bytes) }
            }?.description
        }
        let attributes = (0..<100_000).map { "a\($0)='>'" }.joined(separator: " ")
        #expect(reason(Array("<a \(attributes)/>".utf8)) == "has an element with more than 256 attributes")
        #expect(
            reason(Array("<r><!-- ' --><a \(attributes)/></r>".utf8)) == "has an element with more than 256 attributes")
        let nested = (0..<200).map { "<a xmlns:a\($0)='x' xmlns:b\($0) = 'y'>" }.joined()
        #expect(reason(Array(nested.utf8)) == "has more than 256 namespaces in scope")
        let encoding = "is in an encoding that is not accepted; expected UTF-8"
        #expect(reason([0xFE, 0xFF] + "<a/>".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }) == encoding)
        #expect(reason(Array("<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a+AD4-<a/>".utf8)) == encoding)
        // `<a/>` in EBCDIC.
        #expect(reason([0x4C, 0x81, 0x61, 0x6E]) == "is not well-formed XML, at line 1")
    }

    @Test("what only looks like attributes is none, and namespaces count where they hold")
    func harmless() throws {
        let signs = String(repeating: "= ' \" <", count: 300)
        for xml in [
            "<a><!--\(signs)--><![CDATA[\(signs)]]><?pi \(signs)?></a>",
            "<?xml version='1.0' encoding='ISO-8859-1'?><a b='\(String(repeating: "=", count: 300))'/>",
            "<a>\(String(repeating: "<p:b xmlns:p='x'/><p:c xmlns:p='x'>=</p:c>", count: 300))</a>",
        ] {
            _ = try convert(xml) { try XMLText.json($0) }
        }
    }

    @Test(
        "and back",
        arguments: [
            ("{\"a\":null}", "<a/>"),
            (
                "{\"o\":{\"@id\":7,\"n\":1.50,\"i\":[\"a\",\"b<\"],\"e\":[]}}",
                "<o id=\"7\"><n>1.50</n><i>a</i><i>b&lt;</i></o>"
            ),
            ("{\"b\":1,\"a\":true}", "<root><b>1</b><a>true</a></root>"),
            ("[1,2]", "<root><item>1</item><item>2</item></root>"),
            ("{\"a b\":{\"1x\":\"\"}}", "<a_b><_1x/></a_b>"),
            ("{\"o\":{\"#text\":\"t\",\"@k\":\"\\\"v\\n\"}}", "<o k=\"&quot;v&#10;\">t</o>"),
            ("{\"m\":[[1,2],[3]]}", "<root><m><item>1</item><item>2</item></m><m><item>3</item></m></root>"),
        ])
    func writing(json: String, xml: String) throws {
        let text = try convert(json) { try XMLWriter.xml($0) }
        #expect(text == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + xml)
        // What comes out is XML.
        _ = try convert(text) { try XMLText.json($0) }
    }
}
