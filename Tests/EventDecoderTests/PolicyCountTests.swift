import CEventABI
import EventDecoder
import EventModel
import PolicyModel
import Testing

/// Records of calls that are counted instead of told.
@Suite struct PolicyCountTests {
    /// Rule 0 counts by the second column, rule 1 tells, rule 2 does both.
    private static let catalogue: PolicyCatalogue = {
        let shape = EventShape(arguments: [.init(column: 0, label: "file"), .init(column: 1, label: "mask")])
        let rules: [PolicyCatalogue.Rule] = (0..<3).map { (index: Int) -> PolicyCatalogue.Rule in
            let counting = PolicyCounting(
                counter: UInt32(70 + index), columns: [1], interval: 5_000_000_000, posts: index == 2)
            return PolicyCatalogue.Rule(
                rule: PolicyRule(policy: "p\(index)", action: index == 1 ? .post : .count), shape: 0,
                counting: index == 1 ? nil : counting)
        }
        let hook = PolicyCatalogue.Hook(
            hook: PolicyHook(.function("f"), mechanism: "kprobe", effect: .observe),
            columns: [
                Column(source: .argument(0), type: .string), Column(source: .argument(1), type: .int),
            ], shapes: [shape], rules: rules)
        return PolicyCatalogue(generation: 5, hooks: [1: hook]) { values in
            var sum: UInt64 = 0
            for value in values { sum &+= value.number }
            return (UInt64(values.count), sum)
        }
    }()

    private static func read(
        rules: Set<Int>
    ) -> (counted: (keys: [PolicyCount], isTold: Bool)?, event: PolicyEvent?) {
        var record = PolicyRecordBytes()
        record.sets[0] = rules
        record.add(0, SECD_POLICY_VALUE_TEXT, Array("/a".utf8))
        record.add(1, SECD_POLICY_VALUE_NUMBER, number: 18)
        let bytes = record.bytes
        guard let view = unsafe RecordView(bytes.span.bytes) else { return (nil, nil) }
        return (catalogue.counted(view), catalogue.event(view))
    }

    @Test func aRecordOfCountsAloneBringsAKeyAndIsNoEvent() throws {
        let found = Self.read(rules: [0])
        let counted = try #require(found.counted)
        #expect(!counted.isTold && found.event == nil)
        #expect(counted.keys.map(\.key) == [PolicyCountKey(counter: 70, values: (1, 18))])
        #expect(counted.keys[0].interval == 5_000_000_000)
        #expect(counted.keys[0].event.arguments.map(\.label) == ["mask"])
        #expect(counted.keys[0].event.action == .count)
        #expect(counted.keys[0].event.matches.map(\.rule.policy) == ["p0"])
    }

    @Test func whatOthersTellStaysAnEventWithoutTheOneThatCounts() {
        let found = Self.read(rules: [0, 1])
        #expect(found.counted?.keys.count == 1 && found.counted?.isTold == true)
        #expect(found.event?.matches.map(\.rule.policy) == ["p1"])
    }

    @Test func postBesideCountTellsEachCall() {
        let found = Self.read(rules: [2])
        #expect(found.counted?.keys.map(\.key.counter) == [72] && found.counted?.isTold == true)
        #expect(found.event?.matches.map(\.rule.policy) == ["p2"])
    }

    @Test func aGenerationNamesItsCountingRules() {
        #expect(Self.catalogue.counted.map(\.key.counter).sorted() == [70, 72])
        #expect(Self.catalogue.counted.allSatisfy { $0.event.arguments.isEmpty })
    }
}
