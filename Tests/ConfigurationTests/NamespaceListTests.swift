import Configuration
import Testing

@Suite struct NamespaceListTests {
    @Test(
        arguments: [
            ([], "shop", false), ([], "", false), (["shop"], "shop", true), (["shop"], "web", false),
            (["shop"], "", false), (["*"], "shop", true), (["*"], "", true), (["-"], "", true),
            (["-"], "shop", false), (["*", "!kube-system"], "kube-system", false),
            (["!kube-system", "*"], "shop", true), (["*", "!-"], "", false),
            (["!shop", "shop"], "shop", false),
        ] as [([String], String, Bool)])
    func whoIsMeant(_ entries: [String], _ namespace: String, _ expected: Bool) {
        #expect(NamespaceList(entries).holds(namespace) == expected)
    }

    @Test func withoutAnyoneItIsEmpty() {
        #expect(NamespaceList([]).isEmpty && NamespaceList(["!shop"]).isEmpty)
        #expect(!NamespaceList(["-"]).isEmpty && !NamespaceList(["*", "!shop"]).isEmpty)
    }

    @Test(arguments: ["", "!", "!*", "Shop", "a b", "a,b", "ä", String(repeating: "a", count: 64)])
    func whatIsNoNamespace(_ entry: String) {
        #expect(NamespaceList.problem(of: entry) != nil)
        // In a variable the comma parts entries, and empty ones are none.
        if entry.isEmpty || entry.contains(",") { return }
        #expect(throws: ConfigurationError.self) {
            try AgentConfiguration.load(
                environment: ["SECD_WORKLOADS_HOOK_FAIL_CLOSED": entry + ",*"], source: nil)
        }
    }

    @Test func theSettingTakesAList() throws {
        let configuration = try AgentConfiguration.load(
            environment: ["SECD_WORKLOADS_HOOK_FAIL_CLOSED": "*,!kube-system,-"], source: nil)
        #expect(configuration.workloads.hookFailClosed == ["*", "!kube-system", "-"])
    }

    /// The daemon answers runtimes by it (NRI), from the next container on.
    @Test func aReloadTakesItOver() throws {
        let configuration = try AgentConfiguration.load(environment: [:], source: nil)
        #expect(configuration.workloads.nriSocket == "/run/nri/nri.sock")
        let new = try AgentConfiguration.load(
            environment: ["SECD_WORKLOADS_HOOK_FAIL_CLOSED": "shop", "SECD_WORKLOADS_NRI": ""], source: nil)
        let change = configuration.change(to: new)
        #expect(change.adopted == ["workloads.hook-fail-closed"])
        #expect(change.postponed == ["workloads.nri"])
        #expect(change.configuration.workloads.hookFailClosed == ["shop"])
        #expect(new.workloads.nriSocket.isEmpty)
    }
}
