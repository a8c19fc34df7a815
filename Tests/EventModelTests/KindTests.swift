import EventModel
import Testing

@Suite struct KindTests {
    @Test(arguments: EventKind.allCases)
    func kindsAreFoundByTheirName(_ kind: EventKind) {
        #expect(EventKind(name: kind.name.description) == kind)
        #expect(EventKind(name: kind.name.description.uppercased()) == kind)
    }

    @Test(arguments: ["", "process", "process_exec ", "PROCESS_DNS"])
    func otherNamesAreNone(_ name: String) {
        #expect(EventKind(name: name) == nil)
    }

    @Test func numbersOfTetragonAreTetragons() {
        #expect(EventKind.processExec.rawValue == 1)
        #expect(EventKind.processExit.rawValue == 5)
        #expect(EventKind.ofPolicies.map(\.rawValue) == [9, 10, 11, 12, 27, 28, 29])
        let tetragons = [.processExec, .processExit] + EventKind.ofPolicies
        #expect(EventKind.allCases.allSatisfy { tetragons.contains($0) || $0.rawValue > 50_000 })
    }
}
