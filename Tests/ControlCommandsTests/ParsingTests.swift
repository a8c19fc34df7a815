import ControlCommands
import JSONTree
import Testing

@Suite struct JSONParsingTests {
    @Test func readsWhatProtojsonWrites() throws {
        let value = try JSONScanner.parse(
            Array(
                #" {"a":"x\"\\\/\n\u00e9\ud83d\ude00","n":-1.5e3,"b":true,"l":[1,{"k":null}],"big":"18446744073709551615"} "#
                    .utf8
            ).span)
        #expect(value["a"].text == "x\"\\/\né😀")
        #expect(value["n"].text == "-1.5e3")
        #expect(value["b"].isTrue)
        #expect(value["l"].elements.count == 2)
        #expect(value["big"].unsigned == .max)
        #expect(!value["none"]["deeper"].exists)
    }

    @Test(arguments: [
        "", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "{\"a\":01}", "{\"a\":1.}", "{\"a\":+1}", "nul",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"", "{} {}", "{\"a\":\"\u{1}\"}",
        String(repeating: "[", count: 100_000),
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try JSONScanner.parse(Array(text.utf8).span) }
    }

    @Test func loneSurrogatesAndBrokenUTF8AreRepaired() throws {
        #expect(try JSONScanner.parse(Array(#""\ud800x""#.utf8).span).text == "\u{FFFD}x")
        #expect(try JSONScanner.parse([0x22, 0xFF, 0x22].span).text == "\u{FFFD}")
    }

    @Test func aLineNeedsAnEvent() {
        for text in ["{}", "[]", "1", #"{"node_name":"n1"}"#, #"{"secd":{"line":"1"}}"#] {
            #expect(throws: JSONError.self) { try EventLine(parsing: text) }
            #expect(throws: JSONError.self) { try LineFacts(scanning: text) }
        }
    }

    /// Lines with bytes changed, removed and doubled must never trap.
    @Test func mutatedLinesNeverCrash() {
        var random = SplitMix(state: 42)
        let samples = [
            EventSamples.socket("socket_close", #""bytes_sent":"78""#),
            EventSamples.line("process_exec", EventSamples.actors),
            EventSamples.line(
                "stream_gap",
                #""cause":"ring_full","ring":"observation","cpu":1,"first":"10","last":"421","count":"412""#,
                envelope: #","secd":{"stream":"a","line":"9","ring":"x","cpu":0,"seq":"7","skipped":"1"}"#),
            EventSamples.line(
                "stream_stop", #""positions":[{"ring":"x","cpu":0,"seq":"18446744073709551615"}]"#,
                envelope: #","secd":{"stream":"a","line":"10"}"#),
        ].map { Array($0.utf8) }
        let renderer = EventRenderer(wide: true, palette: Palette(isOn: true), clock: .timeOfDay { _ in 0 })
        var verifier = LogVerifier()
        for round in 0..<20_000 {
            var line = samples[round % samples.count]
            for _ in 0...Int(random.next() % 4) {
                guard !line.isEmpty else { break }
                let at = Int(random.next() % UInt64(line.count))
                switch random.next() % 5 {
                case 0: line[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: line.remove(at: at)
                case 2: line.insert(UInt8(ascii: "9"), at: at)
                case 3: line.removeSubrange(at...)
                default: line.insert(contentsOf: line[at...].prefix(20), at: at)
                }
            }
            if let event = try? EventLine(parsing: line.span) { _ = renderer.line(for: event) }
            verifier.take(line.span, number: UInt64(round), file: "x")
        }
        _ = VerifyText(palette: Palette(isOn: false)).lines(verifier.report())
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite struct TimestampTests {
    static let now: Int64 = 1_795_248_000_000_000_000  // 2026-11-21T08:00:00Z

    @Test(
        arguments: [
            ("2026-11-21T08:00:00Z", 0), ("2026-11-21T08:00:00.5Z", 500_000_000),
            ("2026-11-21T10:00:00+02:00", 0),
            ("2026-11-21 08:00:01z", 1_000_000_000), ("2026-11-21T08:00:00.123456789999Z", 123_456_789),
        ] as [(String, Int64)])
    func rfc3339(text: String, offset: Int64) {
        #expect(Timestamp.parse(text) == Self.now + offset)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z", "2026-11-21T08:00:00",
        "x026-11-21T08:00:00Z", "2026-11-21T08:00:00Zx",
    ])
    func refuses(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test func roundTrip() {
        #expect(Timestamp.rfc3339(Self.now + 7) == "2026-11-21T08:00:00.000000007Z")
        #expect(Timestamp.parse("1969-12-31T23:59:59Z") == -1_000_000_000)
        #expect(Timestamp.rfc3339(-1) == "1969-12-31T23:59:59.999999999Z")
    }

    @Test(
        arguments: [
            ("now", 0), ("-1h", -3600), ("10m", -600), ("1h30m", -5400), ("2d ago", -172_800), ("90s", -90),
            ("2026-11-21T07:00:00Z", -3600), ("2026-11-21", -8 * 3600 - 3600), ("2026-11-21 08:00", -3600),
            ("2026-11-21 08:00:30", -3570),
        ] as [(String, Int64)])
    func bounds(text: String, seconds: Int64) {
        // A zone one hour ahead of UTC.
        #expect(Timestamp.parseBound(text, now: Self.now) { _ in 3600 } == Self.now + seconds * 1_000_000_000)
    }

    @Test(arguments: ["", "-", "h", "1", "1x", "yesterday", "-1h-", "99999999999999999999s", "2026-11-21 8"])
    func refusesBounds(text: String) {
        #expect(Timestamp.parseBound(text, now: Self.now) { _ in 0 } == nil)
    }

    @Test func window() {
        let window = TimeWindow(since: 10, until: 20)
        #expect(
            !window.contains(9) && window.contains(10) && window.contains(20) && !window.contains(21)
                && window.contains(nil))
    }
}
