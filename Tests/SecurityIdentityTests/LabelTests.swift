import SecurityIdentity
import Testing

@Suite struct LabelTests {
    @Test(arguments: [
        ("k8s:app=web", "k8s", "app", "web"),
        ("app=web", "unspec", "app", "web"),
        ("app", "unspec", "app", ""),
        ("reserved:host", "reserved", "host", ""),
        (":app=web", "unspec", "app", "web"),
        ("k8s:app=", "k8s", "app", ""),
        ("url=http://x:80/", "unspec", "url", "http://x:80/"),
        ("cidr:10.0.0.0/8", "cidr", "10.0.0.0/8", ""),
        ("k8s:io.cilium/x=a=b", "k8s", "io.cilium/x", "a=b"),
    ])
    func isReadAsItIsWritten(text: String, source: String, key: String, value: String) throws {
        let label = try #require(Label(parsing: text))
        #expect(label == Label(LabelSource(rawValue: source), key, value))
    }

    @Test(arguments: ["", "=x", "k8s:", "k8s:=x"])
    func withoutAKeyThereIsNoLabel(text: String) {
        #expect(Label(parsing: text) == nil)
    }

    @Test func selectorsWithoutASourceMeanAnySource() throws {
        let selector = try #require(Label(parsing: "app=web", standard: .any))
        #expect(selector.source == .any)
        #expect(selector.selects(Label(.k8s, "app", "web")))
        #expect(selector.selects(Label(.container, "app", "web")))
        #expect(!selector.selects(Label(.k8s, "app", "db")))
        #expect(!Label(.k8s, "app", "web").selects(Label(.container, "app", "web")))
    }

    @Test func theKeyOfASetIsTheSameInWhateverOrderItsLabelsCome() throws {
        let labels = [
            Label(.k8s, "zone", "a"), Label(.k8s, "app", "web"),
            Label(.k8s, "io.kubernetes.pod.namespace", "shop"),
        ]
        let key = "k8s:app=web;k8s:io.kubernetes.pod.namespace=shop;k8s:zone=a;"
        #expect(try LabelSet(labels).key == key)
        #expect(try LabelSet(labels.reversed()).key == key)
        #expect(try LabelSet(key: key.utf8) == LabelSet(labels))
    }

    @Test func ofTwoLabelsWithOneKeyTheLastCounts() throws {
        let set = try LabelSet([Label(.k8s, "app", "a"), Label(.container, "app", "b")])
        #expect(set.labels == [Label(.container, "app", "b")])
    }

    /// Labels of containers may hold anything: no two sets may have one text.
    @Test func whatWouldPartLabelsIsEscaped() throws {
        let set = try LabelSet([
            Label(.container, "a=b;", "c;d%\n"), Label(.container, "ü", "=;"),
        ])
        #expect(set.key == "container:a%3Db%3B=c%3Bd%25%0A;container:ü==%3B;")
        #expect(try LabelSet(key: set.keyBytes) == set)
        let other = try LabelSet([Label(.container, "a", "b;container:c=d")])
        #expect(try other != LabelSet([Label(.container, "a", "b"), Label(.container, "c", "d")]))
        #expect(try LabelSet(key: other.keyBytes) == other)
    }

    @Test(arguments: [
        "k8s:app=web", "app=web;", ":app=web;", "k8s:=x;", "k8s:a=%3;", "k8s:a=%zz;", ";", "k8s:a=b;;",
    ])
    func otherTextsAreNoSets(text: String) {
        #expect(throws: LabelSet.Fault.self) { try LabelSet(key: text.utf8) }
    }

    @Test func bytesThatAreNoTextAreNoSet() {
        #expect(throws: LabelSet.Fault.self) { try LabelSet(key: Array("k8s:a=".utf8) + [0xff, 0x3b]) }
        for length in 0..<400 {
            var generator = SplitMix(state: UInt64(length))
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            if let set = try? LabelSet(key: bytes) { #expect(set.keyBytes.count >= set.labels.count * 4) }
        }
    }

    @Test func anEmptySetHasAnEmptyKey() throws {
        #expect(try LabelSet([]).key.isEmpty)
        #expect(try LabelSet(key: [UInt8]()).labels.isEmpty)
    }

    @Test func tooManyOrTooLongIsRefused() throws {
        let many = (0...LabelSet.mostLabels).map { Label(.k8s, "k\($0)") }
        #expect(throws: LabelSet.Fault.tooMany(513)) { try LabelSet(many) }
        #expect(try LabelSet(many.dropLast()).labels.count == 512)
        let long = Label(.k8s, "k", String(repeating: "x", count: LabelSet.longestText))
        #expect(throws: LabelSet.Fault.tooLong(LabelSet.longestText + 7)) { try LabelSet([long]) }
    }
}

/// Numbers that are the same each time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
