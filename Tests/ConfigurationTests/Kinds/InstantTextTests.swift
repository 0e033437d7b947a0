import Testing

@testable import Configuration

@Suite("Points in time as text")
struct InstantTextTests {
    @Test(
        "days and times of RFC 3339 are seconds since 1970",
        arguments: [
            ("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2027-01-01", 1_798_761_600),
            ("2027-01-01T00:00:00Z", 1_798_761_600), ("2027-01-01t12:30:05z", 1_798_806_605),
            ("2027-01-01T01:00:00+01:00", 1_798_761_600), ("2026-12-31T19:00:00-05:00", 1_798_761_600),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ])
    func read(_ text: String, _ seconds: Int) {
        #expect(InstantText.read(text) == seconds)
        #expect(InstantText.read(InstantText.write(seconds)) == seconds)
    }

    @Test(
        "everything else is none",
        arguments: [
            "", "2027", "2027-1-1", "2027-13-01", "2027-02-29", "2027-04-31", "2027-00-10", "2027-01-00", "1969-12-31",
            "2027-01-01T", "2027-01-01T24:00:00Z", "2027-01-01T12:60:00Z", "2027-01-01T12:00:00",
            "2027-01-01 12:00:00Z",
            "2027-01-01T12:00:00+1:00", "2027-01-01T12:00:00+24:00", "+027-01-01", "2027-01-01T12:00:00.5Z",
            "٢٠٢٧-٠١-٠١",
        ])
    func refused(_ text: String) { #expect(InstantText.read(text) == nil) }

    @Test("each day reads as it was written")
    func everyDay() {
        for day in stride(from: 0, to: 120_000, by: 13) {
            let text = InstantText.write(day * 86_400)
            #expect(text.utf8.count == 10 && InstantText.read(text) == day * 86_400, "\(text)")
        }
        #expect(InstantText.write(1_798_806_605) == "2027-01-01T12:30:05Z")
    }
}
