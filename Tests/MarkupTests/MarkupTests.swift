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
