import EventFilters
import Testing

@Suite struct CaptureRegexTests {
    /// What is captured stands in brackets.
    private func marked(_ pattern: String, _ text: String) throws -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var place = 0
        for range in try CaptureRegex(pattern).captures(in: bytes) {
            result += bytes[place..<range.lowerBound] + Array("[".utf8) + bytes[range] + Array("]".utf8)
            place = range.upperBound
        }
        return String(decoding: result + bytes[place...], as: UTF8.self)
    }

    @Test(arguments: [
        // Without groups the whole match.
        ("b", "abcb", "a[b]c[b]"), ("b+", "abbcb", "a[bb]c[b]"), ("x", "abc", "abc"), ("", "abc", "abc"),
        ("x*", "axxb", "a[xx]b"),
        // Leftmost, then the preferred alternative, as RE2 and Go.
        ("a|ab", "ab", "[a]b"), ("ab|a", "ab", "[ab]"), ("(a|ab)(c|bcd)", "abcd", "[abcd]"),
        ("a(b|bc)", "abc", "a[b]c"),
        ("a+?", "aaa", "[aaa]"), ("<.+?>", "<a><b>", "[<a><b>]"), ("<(.+?)>", "<a><b>", "<[a]><[b]>"),
        ("<(.+)>", "<a><b>", "<[a><b]>"),
        ("(?U)<(.+)>", "<a><b>", "<[a]><[b]>"), ("(a{2}?)", "aaaa", "[aaaa]"),
        ("(a{1,3}?)b", "aaab", "[aaa]b"),
        // Groups.
        ("k=(\\w+)", "k=abc x k=d", "k=[abc] x k=[d]"), ("(?:k|q)=(\\w)", "q=1", "q=[1]"),
        ("(?P<n>a)b", "ab", "[a]b"),
        ("(a)|(b)", "ab", "[ab]"), ("(a(b)c)", "abc", "[abc]"), ("(?:(a)|b)*", "ab", "[a]b"),
        ("x(a)?y", "xy xay", "xy x[a]y"),
        // Places.
        ("^(a)", "aab", "[a]ab"), ("(b)$", "bab", "ba[b]"), ("\\b(\\w)", "ab cd", "[a]b [c]d"),
        ("(?m)^(a)", "a\na", "[a]\n[a]"),
        ("(?i)pass=(\\S+)", "PASS=x", "PASS=[x]"), ("ä(ö)ü", "äöü", "ä[ö]ü"), ("(.)€", "x€", "[x]€"),
    ])
    func capturesWhatRE2Captures(_ pattern: String, _ text: String, _ expected: String) throws {
        #expect(try marked(pattern, text) == expected)
    }

    @Test func bytesThatAreNotUTF8KeepTheirPlace() throws {
        let text: [UInt8] = [0xff, 0xc3] + Array("k=".utf8) + [0xfe, 0xe2, 0x82] + Array(" x".utf8)
        #expect(try CaptureRegex("k=(\\S+)").captures(in: text) == [4..<7])
    }

    @Test func agreesWithTheMatcher() throws {
        for pattern in ["a+b", "(?:a|b)*c", "^x", "y$", "[0-9]{2,3}", "(?i)key", "\\bfoo\\b", "a.c"] {
            for text in ["", "aab", "abac", "xy", "12", "1234", "KEY", "a foo b", "afoo", "a\nc", "abc"] {
                let found = try !CaptureRegex(pattern).captures(in: Array(text.utf8)).isEmpty
                #expect(try LinearRegex(pattern).matches(text) == found, "\(pattern) \(text)")
            }
        }
    }

    /// Too expensive to finish: from there on everything is captured, so that nothing slips through.
    @Test func whatCostsTooMuchIsHiddenWhole() throws {
        let expensive = try CaptureRegex("^(?:a*b?){600}c$")
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 200_000)
        #expect(expensive.captures(in: text) == [0..<200_000])
    }

    @Test func takesTimeLinearInTheText() throws {
        let text = Array((String(repeating: "a", count: 20_000) + "!").utf8)
        #expect(try CaptureRegex("^(a+)+$").captures(in: text).isEmpty)
    }
}
