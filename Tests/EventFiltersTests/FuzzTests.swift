import EventFilters
import EventModel
import TestSupport
import Testing

/// Filters and lines come from strangers: whatever they contain, the answer is a value or a
/// `FilterError`, and it comes soon. The seed is fixed, so that a failure repeats.
@Suite struct FuzzTests {
    private static let rounds = 20_000

    /// Texts made of pieces that mean something to the reader, mutated.
    private func each(of seeds: [String], pieces: [String], _ body: (String) throws -> Void) rethrows {
        var random = SeededGenerator(seed: 0x5ecd)
        for round in 0..<Self.rounds {
            var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes.insert(.random(in: 0...255, using: &random), at: place)
                case 1 where place < bytes.count: bytes.remove(at: place)
                case 2 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
                case 3: bytes.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: place)
                default:
                    let end = Int.random(in: place...bytes.count, using: &random)
                    bytes.insert(
                        contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
                }
            }
            if round % 50 == 0 { bytes = (0..<40).map { _ in .random(in: 0...255, using: &random) } }
            try body(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Every failure is a `FilterError` with a place inside the text.
    private func checked(_ text: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as FilterError {
            let position = try #require(error.position)
            #expect((0...max(text.unicodeScalars.count, text.utf8.count)).contains(position))
            #expect(!error.description.isEmpty)
        }
    }

    @Test func regularExpressions() throws {
        try each(
            of: [
                "^/usr/(bin|sbin)/[a-z]+$", "(?i)a{2,3}b*?", "[^[:alpha:]\\d-z]+\\b",
                "(?P<n>x|y)\\x{41}\\Q.\\E",
            ],
            pieces: [
                "(", ")", "[", "]", "{9}", "{1000}", "*", "?", "|", "\\", "(?", "[[:", "-", "^", "$", "\\x",
                "(?i)",
            ]
        ) { text in
            try checked(text) {
                _ = try LinearRegex(text).matches("/usr/bin/curl aaabbb {x|y} 🦊")
            }
        }
    }

    @Test func selectors() throws {
        try each(
            of: ["app=web,tier!=back", "env in (a, b),!debug", "x notin (a,b),n>5", "example.com/a==b"],
            pieces: [",", "(", ")", "!", "=", " in ", "notin", "/", ">", " "]
        ) { text in
            try checked(text) { _ = try LabelSelector(text).matches(["app": "web", "env": "a", "n": "7"]) }
        }
    }

    @Test func expressions() throws {
        let event = try event()
        try each(
            of: [
                "process_exec.process.pid > 5 && process_exec.process.binary.startsWith('/usr')",
                "process_exec.ancestors.exists(a, a.pid == 1) ? 1 + 2 == 3 : [1,2].map(x, x * 2) == [2, 4]",
                "cidr('10.0.0.0/8').containsIP('10.1.2.3') || {'a': 1u}['a'] in [0x1, 2.5e3]",
                "has(process_exec.process.pod) && size('\\u00e4') == -1 % 2",
            ],
            pieces: [
                "(", ")", "[", "]", "{", "}", "&&", "||", "!", "-", "==", "'", "\"", ".", "?", ":", ",",
                "process_exec", "ip(", "a", "9",
                ".all(x, ", ".map(y, y", "in", "e", "u", "\\",
            ]
        ) { text in
            try checked(text) { _ = try CELProgram(text).evaluate(event) }
        }
    }

    @Test func lines() throws {
        let seeds = [execLine, exitLine]
        try each(
            of: seeds,
            pieces: ["{", "}", "[", "]", "\"", "\\", "\\u", ":", ",", "null", "-", "1e999", "\\ud800"]
        ) { text in
            do {
                let event = try JSONEvent(text.utf8)
                _ = try EventFilter(
                    filter {
                        $0.podRegex = ["web"]
                        $0.labels = ["app"]
                        $0.pidSet = [3]
                    }
                ).matches(event)
            } catch let error as FilterError {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func addresses() {
        each(
            of: ["10.0.0.1", "fe80::1", "::ffff:1.2.3.4", "2001:db8::/32", "1:2:3:4:5:6:7:8"],
            pieces: [":", "::", ".", "/", "0", "f"]
        ) {
            if let address = IPAddress($0) {
                #expect(IPAddress(address.text) == address)
            }
            if let network = IPNetwork($0) {
                #expect(IPNetwork(network.text) == network && network.contains(network.masked.address))
            }
        }
    }
}
