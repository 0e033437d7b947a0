import HTTPWire

extension Exchange {
    /// Takes out the cookies that the upstream would get, the client's own or what a filter has made of them, and calls
    /// `body` with each pair and its name: whoever changes cookies writes one line of those that go on.
    package func takeCookies(_ body: (_ pair: Bytes, _ name: Bytes) -> Void) {
        let fields = request.fields
        for index in 0..<fields.count where fields.slots[index].kind == .cookie && !fields.slots[index].isDropped {
            fields.slots[index].isDropped = true
            CookieText.forEachPair(of: fields.value(index), body)
        }
        FieldLines.forEach(in: requestLines.bytes) { line, name in
            if name.equalsIgnoringCase("cookie") {
                CookieText.forEachPair(of: FieldLines.value(of: line, name: name), body)
            }
        }
        requestLines.dropLines { _, name in name.equalsIgnoringCase("cookie") }
    }
}
