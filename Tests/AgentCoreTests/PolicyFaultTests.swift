import AgentCore
import AgentModel
import Glibc
import LinuxSystem
import PolicyModel
import Testing

/// Policies that cannot run, disks that are full, and policies that must not run.
@Suite struct PolicyFaultTests {
    private typealias Folder = PolicyFolder

    @Test func whatCannotRunDoesNotKeepOthersFromRunning() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        runtime.refuse(message: "bad", because: "the verifier says no")
        try folder.write("a.yaml", Folder.policy("ant"))
        try folder.write("b.yaml", Folder.policy("bee", message: "bad"))
        let store = folder.store(runtime)
        #expect(runtime.names == ["ant"])
        #expect(store.statuses.map(\.state) == [.enabled, .loadError])
        #expect(store.statuses[1].error == "\(folder.policies)/b.yaml:7:5: error: the verifier says no")

        // A version that cannot run: the one before goes on.
        try folder.write("a.yaml", Folder.policy("ant", message: "bad"))
        store.refresh([folder.policies + "/a.yaml"])
        #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["one"])
        let status = store.statuses[0]
        #expect(status.state == .enabled)
        #expect(
            status.error
                == "the text before goes on: \(folder.policies)/a.yaml:7:5: error: the verifier says no")

        runtime.refuseAll(because: "the map is full")
        try folder.write("c.yaml", Folder.policy("cat"))
        store.refresh(nil)
        #expect(runtime.names == ["ant"])
        #expect(store.statuses.map(\.name) == ["ant", "bee", "cat"])
        #expect(store.statuses[2].error == "the map is full")
        let refused = #expect(throws: PolicyChangeError.self) {
            _ = try store.add(PolicyAddition(Folder.policy("dog")))
        }
        #expect(refused == PolicyChangeError(.unavailable, "the map is full"))
        #expect(store.statuses.count == 3)
        runtime.refuseAll(because: nil)
        store.refresh(nil)
        #expect(runtime.names == ["ant", "cat"])
    }

    @Test func withoutAnEngineEveryPolicySaysSo() throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("a.yaml", Folder.policy("ant"))
        let store = PolicyStore(
            folder.options(), runtime: NoPolicyRuntime("this version has no policy engine"),
            logger: Folder.logger)
        store.start()
        let reason = "nothing is observed or enforced by it: this version has no policy engine"
        #expect(store.statuses.map(\.state) == [.loadError])
        #expect(store.statuses.map(\.error) == [reason])
        #expect(store.complaints == ["policy ant: \(reason)"])
        for number in 1...6 { try folder.write("b\(number).yaml", Folder.policy("bee-\(number)")) }
        store.refresh(nil)
        #expect(
            store.complaints == ["policies ant, bee-1, bee-2, bee-3, bee-4 and 2 more: \(reason)"])
        let refused = #expect(throws: PolicyChangeError.self) {
            _ = try store.add(PolicyAddition(Folder.policy("bee")))
        }
        #expect(refused == PolicyChangeError(.unavailable, reason))
        let kept = try FileTree.names(in: folder.kept)
        #expect(kept == [])
    }

    @Test func whatCannotBeKeptIsNotRun() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let store = folder.store(runtime)
        _ = try store.add(PolicyAddition(Folder.policy("kept")))
        // /dev/full as a disk without space: the file that would be written is a link to it. The link is not
        // followed, which is an error of the same kind.
        try FileTree.remove(folder.kept + "/overrides.json")
        unsafe symlink("/dev/full", folder.kept + "/.new-0")
        let full = #expect(throws: PolicyChangeError.self) {
            _ = try store.add(PolicyAddition(Folder.policy("lost")))
        }
        #expect(full?.kind == .unavailable)
        #expect(
            full?.description.hasPrefix("nothing was changed: cannot keep policies in \(folder.kept): ")
                == true)
        #expect(runtime.names == ["kept"])
        #expect(store.statuses.map(\.name) == ["kept"])
        #expect(try FileTree.names(in: folder.kept).contains("lost.yaml") == false)

        let gone = folder.store(runtime) { $0.stateDirectory = "/proc/no-such" }
        let unwritable = #expect(throws: PolicyChangeError.self) {
            _ = try gone.add(PolicyAddition(Folder.policy("lost")))
        }
        #expect(unwritable?.kind == .unavailable)
    }

    @Test func damagedOverridesAreSaid() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let store = folder.store(MemoryRuntime())
        _ = try store.add(PolicyAddition(Folder.policy("kept")))
        let file = try OwnedFD.open(folder.kept + "/overrides.json", O_WRONLY | O_TRUNC)
        let progress = unsafe file.writeAll(Array("[{".utf8).span.bytes)
        #expect(progress.failure == nil)
        let runtime = MemoryRuntime()
        let again = folder.store(runtime)
        #expect(runtime.names == ["kept"])
        #expect(
            again.complaints == [
                "\(folder.kept)/overrides.json is damaged: which policies are disabled or only monitor is forgotten"
            ])
    }

    @Test(arguments: [
        ("- matchActions: [{action: Sigkill}]", true),
        (
            "- matchPIDs: [{operator: In, values: [1]}]\n      matchActions: [{action: Signal, argSig: 15}]",
            true
        ),
        (
            "- matchBinaries: [{operator: In, values: [/usr/sbin/secd]}]\n      matchActions: [{action: KillTree}]",
            true
        ),
        ("- matchActions: [{action: Signal, argSig: 17}]", false),
        ("- matchActions: [{action: Post}]", false),
        ("- matchPIDs: [{operator: NotIn, values: [1, 42]}]\n      matchActions: [{action: Sigkill}]", false),
        (
            "- matchBinaries: [{operator: In, values: [/usr/bin/curl]}]\n      matchActions: [{action: Sigkill}]",
            false
        ),
        (
            "- matchArgs: [{index: 1, operator: Equal, values: [/x]}]\n      matchActions: [{action: Sigkill}]",
            false
        ),
        // The first selector that matches decides.
        (
            "- matchPIDs: [{operator: In, values: [1, 42]}]\n      matchActions: [{action: NoPost}]\n"
                + "    - matchActions: [{action: Sigkill}]", false
        ),
    ])
    func whatWouldEndTheDaemonOrTheFirstProcessIsRefused(selectors: String, isRefused: Bool) throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let store = folder.store(runtime) { $0.guardian = Self.guardian }
        let addition = PolicyAddition(Folder.policy("p", selectors: selectors), source: "p.yaml")
        guard isRefused else {
            _ = try store.add(addition)
            #expect(runtime.names == ["p"])
            return
        }
        let refused = #expect(throws: PolicyChangeError.self) { _ = try store.add(addition) }
        #expect(refused?.kind == .refused)
        #expect(
            refused?.description.hasPrefix("p.yaml:13:7: error: spec.kprobes[0].selectors[0]: would end the ")
                == true, "\(refused?.description ?? "")")
        #expect(runtime.names.isEmpty)

        _ = try store.add(
            PolicyAddition(Folder.policy("p", selectors: selectors), source: "p.yaml", isForced: true))
        #expect(runtime.names == ["p"])
        let restarted = MemoryRuntime()
        _ = folder.store(restarted) { $0.guardian = Self.guardian }
        #expect(restarted.names == ["p"])
    }

    /// What only monitors ends nobody; what shall then enforce is judged again.
    @Test func theGuardJudgesTheModeInForce() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let store = folder.store(runtime) { $0.guardian = Self.guardian }
        var addition = PolicyAddition(Folder.policy("p", selectors: "- matchActions: [{action: Sigkill}]"))
        addition.mode = .monitor
        _ = try store.add(addition)
        #expect(store.statuses.map(\.mode) == [.monitor])
        let refused = #expect(throws: PolicyChangeError.self) {
            try store.configure(PolicyKey(name: "p"), enabled: nil, mode: .enforce)
        }
        #expect(refused?.kind == .refused)
        #expect(runtime.running.map(\.policy.mode) == [.monitor])
    }

    @Test func whatOnlyObservesHasNothingToEnforce() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let store = folder.store(MemoryRuntime())
        _ = try store.add(PolicyAddition(Folder.policy("p", selectors: "- matchActions: [{action: Post}]")))
        #expect(store.statuses.map(\.mode) == [.monitorOnly])
        let refused = #expect(throws: PolicyChangeError.self) {
            try store.configure(PolicyKey(name: "p"), enabled: nil, mode: .enforce)
        }
        #expect(refused?.description == "policy p only observes: it has nothing to enforce")
        let missing = #expect(throws: PolicyChangeError.self) {
            try store.configure(PolicyKey(name: "q"), enabled: true, mode: nil)
        }
        #expect(missing == PolicyChangeError(.notFound, "there is no policy q"))
    }

    @Test func policiesOfOtherNodesAreSkipped() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let head = "\n  nodeSelector:\n    matchLabels: {kubernetes.io/hostname: db1}"
        try folder.write("a.yaml", Folder.policy("ant", head: head))
        let here = folder.store(runtime) { $0.nodeLabels = ["kubernetes.io/hostname": "db1"] }
        #expect(here.statuses.map(\.state) == [.enabled])
        let nothing = MemoryRuntime()
        let there = folder.store(nothing) { $0.nodeLabels = ["kubernetes.io/hostname": "web1"] }
        #expect(there.statuses.map(\.state) == [.skipped])
        #expect(there.complaints.isEmpty)
        #expect(nothing.names.isEmpty)
    }

    private static let guardian = PolicyGuard([
        PolicyGuard.Subject("the daemon itself", facts(42, "/usr/sbin/secd")),
        PolicyGuard.Subject("the first process", facts(1, "/sbin/init")),
    ])

    private static func facts(_ pid: UInt32, _ binary: String) -> ProcessFacts {
        ProcessFacts(
            identity: ProcessIdentity(
                binary: .present(Array(binary.utf8)), pid: pid, namespacePID: pid))
    }
}
