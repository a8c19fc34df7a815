import EventModel
import Testing

@Suite struct KindTests {
    @Test(arguments: EventKind.allCases)
    func kindsAreFoundByTheirName(_ kind: EventKind) {
        #expect(EventKind(name: kind.name.description) == kind)
        #expect(EventKind(name: kind.name.description.uppercased()) == kind)
    }

    @Test(arguments: ["", "process", "process_exec ", "PROCESS_KPROBE"])
    func otherNamesAreNone(_ name: String) {
        #expect(EventKind(name: name) == nil)
    }

    @Test func numbersOfTetragonAreTetragons() {
        #expect(EventKind.processExec.rawValue == 1)
        #expect(EventKind.processExit.rawValue == 5)
        #expect(EventKind.allCases.allSatisfy { [1, 5].contains($0.rawValue) || $0.rawValue > 50_000 })
    }
}
