import SecurityIdentity
import Testing

@Suite struct IdentityTableTests {
    private func set(_ text: String...) throws -> LabelSet {
        try LabelSet(text.compactMap { Label(parsing: $0) })
    }

    private func id(_ number: UInt32) -> NumericIdentity { NumericIdentity(rawValue: number) }

    @Test func numbersAndLabelsLeadToEachOther() throws {
        var table = IdentityTable()
        let web = try set("k8s:app=web", "k8s:zone=a")
        table.bind(id(256), web)
        #expect(table.number(of: web) == id(256))
        #expect(table.labels(of: id(256)) == web)
        #expect(try table.number(of: set("k8s:app=web")) == nil)
        #expect(table.labels(of: id(257)) == nil)
        #expect((table.count, table.labelCount) == (1, 2))
        table.unbind(id(256))
        #expect(table.number(of: web) == nil)
        #expect((table.count, table.labelCount) == (0, 0))
    }

    @Test func labelsAreKeptOnceForAllSets() throws {
        var table = IdentityTable()
        for number in 0..<1000 as Range<UInt32> {
            table.bind(id(256 + number), try set("k8s:app=\(number)", "k8s:zone=a", "k8s:tier=b"))
        }
        #expect((table.count, table.labelCount) == (1000, 1002))
        for number in 0..<999 as Range<UInt32> { table.unbind(id(256 + number)) }
        #expect((table.count, table.labelCount) == (1, 3))
        #expect(try table.labels(of: id(1255)) == set("k8s:app=999", "k8s:tier=b", "k8s:zone=a"))
    }

    @Test func aNumberGivenToOtherLabelsForgetsTheFirst() throws {
        var table = IdentityTable()
        table.bind(id(300), try set("k8s:a"))
        table.use(id(300), 2)
        table.bind(id(300), try set("k8s:b"))
        #expect(try table.number(of: set("k8s:a")) == nil)
        #expect(try table.number(of: set("k8s:b")) == id(300))
        #expect(table.users(of: id(300)) == 0)
    }

    @Test func labelsGivenAnotherNumberKeepTheirUsers() throws {
        var table = IdentityTable()
        table.bind(id(300), try set("k8s:a"))
        table.use(id(300), 2)
        table.bind(id(301), try set("k8s:a"))
        #expect(table.labels(of: id(300)) == nil)
        #expect(try table.number(of: set("k8s:a")) == id(301))
        #expect(table.users(of: id(301)) == 2)
        #expect((table.count, table.labelCount) == (1, 1))
    }

    /// Against dictionaries, with names that come and go often enough for texts to be moved together.
    @Test func itIsWhatDictionariesWouldBe() throws {
        var generator = SplitMix(state: 7)
        var table = IdentityTable()
        var expected: [UInt32: LabelSet] = [:]
        for _ in 0..<30_000 {
            let number = UInt32.random(in: 256..<1256, using: &generator)
            if Bool.random(using: &generator), expected[number] != nil {
                table.unbind(id(number))
                expected[number] = nil
            } else {
                let text = String(repeating: "x", count: Int.random(in: 0..<200, using: &generator))
                let labels = try set(
                    "k8s:app=\(UInt8.random(in: 0..<50, using: &generator))", "k8s:\(number)=\(text)")
                table.bind(id(number), labels)
                expected[number] = labels
            }
        }
        #expect(table.count == expected.count)
        for (number, labels) in expected {
            #expect(table.labels(of: id(number)) == labels)
            #expect(table.number(of: labels) == id(number))
        }
        #expect(table.labelCount == Set(expected.values.flatMap(\.labels)).count)
    }

    /// All numbers of a cluster, ten labels each; pods of them find their numbers.
    @Test func allNumbersOfAClusterFit() throws {
        var table = IdentityTable()
        func labels(_ number: UInt32) throws -> LabelSet {
            let shared = (0..<8).map {
                Label(.k8s, "shared-label-\($0)", "value-\(number % 512)-of-some-length")
            }
            return try LabelSet(
                shared + [Label(.k8s, "app", "app-\(number)"), Label(.k8s, "team", "team-\(number)")])
        }
        for number in IdentityRange.alone.numbers { table.bind(id(number), try labels(number)) }
        #expect(table.count == 65_280)
        #expect(table.labelCount == 8 * 512 + 2 * 65_280)
        for pod in 0..<10_000 as Range<UInt32> {
            let number = 256 + pod * 6
            #expect(try table.number(of: labels(number)) == id(number))
        }
    }
}
