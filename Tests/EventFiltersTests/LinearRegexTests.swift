import EventFilters
import Testing

@Suite struct LinearRegexTests {
    @Test(arguments: [
        ("", "", true), ("", "x", true), ("^$", "", true), ("^$", "x", false), ("abc", "xabcx", true),
        ("abc", "abxabc", true), ("aab", "aaab", true), ("^abc", "xabc", false), ("abc$", "abcabc", true),
        ("abc$", "abcd", false),
        ("^/usr/bin/curl$", "/usr/bin/curl", true), ("^/usr/bin/curl$", "/usr/bin/curlx", false),
        ("a.c", "abc", true), ("a.c", "a\nc", false), ("(?s)a.c", "a\nc", true), ("^.{3}$", "äöü", true),
        ("a|b", "xb", true), ("^(a|bc)*$", "abcabc", true), ("^(a|bc)*$", "abcab", false),
        ("^(?:a|)$", "", true),
        ("^a?$", "aa", false), ("^a+$", "aaa", true), ("^a{2,3}$", "a", false), ("^a{2,3}$", "aaa", true),
        ("^a{2,3}$", "aaaa", false), ("^a{2}$", "aa", true), ("^a{2,}$", "aaaaa", true),
        ("a{,2}", "a{,2}", true), ("x{", "x{", true), ("^a{0}$", "", true),
        ("^a*?b$", "aab", true), ("[abc]+$", "xxc", true), ("^[^abc]$", "a", false), ("^[^abc]$", "d", true),
        ("^[]a]$", "]", true), ("^[a-]$", "-", true), ("^[a\\-z]$", "-", true), ("^[a-c-e]$", "-", true),
        ("[[:digit:]]", "a5", true), ("^[[:^alpha:]]$", "a", false),
        ("^\\d+$", "123", true), ("^\\D$", "1", false), ("^[\\d\\s]+$", "1 2", true), ("^[^\\D]$", "5", true),
        ("\\w-\\w", "a-b", true),
        ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false), ("\\Bfoo", "afoo", true),
        ("\\Afoo\\z", "foo", true),
        ("(?i)CURL", "/usr/bin/curl", true), ("(?i:c)URL", "CURL", true), ("(?i:c)URL", "curl", false),
        ("(?i)[a-c]+$", "ABC", true), ("(?i)ä", "Ä", true),
        ("(?m)^b$", "a\nb\nc", true), ("^b$", "a\nb\nc", false), ("(?P<n>a)b", "ab", true),
        ("(?<n>a)b", "ab", true), ("(?i)a(?-i)b", "AB", false),
        ("\\.", "a", false), ("\\x41\\x{42}", "AB", true), ("\\Qa.b\\E", "a.b", true),
        ("\\Qa.b\\E", "axb", false), ("\\Qa.", "a.", true),
        ("a\\/b", "a/b", true), ("[", "", false), ("🦊+$", "🦊🦊", true),
    ])
    func matchesAsRE2(_ pattern: String, _ text: String, _ expected: Bool) throws {
        if pattern == "[" {
            #expect(throws: FilterError.self) { try LinearRegex(pattern) }
            return
        }
        #expect(try LinearRegex(pattern).matches(text) == expected)
    }

    @Test(arguments: [
        ("(", 0), (")", 0), ("a)", 1), ("*", 0), ("a**", 2), ("a|*", 2), ("[a", 0), ("[b-a]", 1), ("a\\", 1),
        ("\\k", 0),
        ("(?=a)", 2), ("(?P<n", 4), ("{2}", 0), ("a{3,2}", 1), ("a{1001}", 1), ("\\pL", 0), ("[[:foo:]]", 1),
        ("\\xZZ", 0), ("(?i", 3),
    ])
    func refusesWithAPosition(_ pattern: String, _ position: Int) {
        let error = #expect(throws: FilterError.self) { try LinearRegex(pattern) }
        #expect(error?.position == position, "\(error?.description ?? "")")
    }

    @Test func takesTimeLinearInTheText() throws {
        let text = String(repeating: "a", count: 5_000) + "!"
        // A backtracking matcher would need years for these: that the test ends is the proof.
        #expect(try LinearRegex("^(a+)+$").matches(text) == false)
        #expect(try LinearRegex("(a|a)*$b").matches(text) == false)
        #expect(try LinearRegex("(a+a+)+y").matches(text) == false)
    }

    @Test func boundsPatterns() {
        #expect(throws: FilterError.self) { try LinearRegex(String(repeating: "a", count: 5_000)) }
        #expect(throws: FilterError.self) {
            try LinearRegex(String(repeating: "(", count: 2_000) + String(repeating: ")", count: 2_000))
        }
        #expect(throws: FilterError.self) { try LinearRegex("((a{1000}){1000}){1000}") }
        #expect(throws: FilterError.self) { try LinearRegex("(((){1000}){1000}){1000}") }
    }

    /// A text that costs too much counts as not matching instead of stalling the worker.
    @Test func boundsMatching() throws {
        let expensive = try LinearRegex("^" + String(repeating: "(a*b?)", count: 600) + "c$")
        #expect(expensive.matches(String(repeating: "ab", count: 100_000)) == false)
    }
}
