import AgentCore
import AgentModel
import Glibc
import LinuxSystem
import PolicyModel
import Testing

/// What is wanted, what runs, and what a restart finds.
@Suite struct PolicyStoreTests {
    private typealias Folder = PolicyFolder

    @Test func filesAndTheAPITogether() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        try folder.write("b.yaml", Folder.policy("bee"))
        try folder.write("a.yml", Folder.policy("ant"))
        try folder.write(".hidden.yaml", Folder.policy("hidden"))
        try folder.write("readme.txt", "no policy")
        let store = folder.store(runtime)
        #expect(runtime.names == ["ant", "bee"])

        let added = try store.add(PolicyAddition(Folder.policy("cat"), source: "cat.yaml"))
        #expect(added == [PolicyKey(name: "cat")])
        #expect(runtime.names == ["cat", "ant", "bee"])
        let statuses = store.statuses
        #expect(statuses.map(\.name) == ["cat", "ant", "bee"])
        #expect(statuses.map(\.domain) == ["grpc", "static", "static"])
        #expect(
            statuses.map(\.source) == [
                "API (cat.yaml)", folder.policies + "/a.yml", folder.policies + "/b.yaml",
            ])
        #expect(statuses.allSatisfy { $0.state == .enabled && $0.error.isEmpty && $0.mode == .enforce })
        #expect(Set(statuses.map(\.id)).count == 3)
        #expect(statuses[0].hooks.map(\.point) == ["sys_openat"])
        #expect(statuses[0].hooks.map(\.effect) == ["prevent"])
        #expect(statuses[0].counters.post == 5 && statuses[0].counters.enforced == 1)
        #expect(statuses[0].kernelBytes == 100)

        try store.delete(PolicyKey(name: "cat"))
        #expect(runtime.names == ["ant", "bee"])
        #expect(store.statuses.map(\.name) == ["ant", "bee"])
    }

    @Test func whatRunsCanBeMadeAgain() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        try folder.write("a.yaml", Folder.policy("ant"))
        let store = folder.store(runtime)
        store.refresh(nil)
        #expect(runtime.replacements == 1)
        let ids = store.statuses.map(\.id)

        store.renew()
        #expect(runtime.replacements == 2)
        #expect(runtime.names == ["ant"])
        #expect(store.statuses.map(\.id) == ids)
    }

    @Test func aRestartFindsTheSame() throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("a.yaml", Folder.policy("ant"))
        let first = folder.store(MemoryRuntime())
        _ = try first.add(PolicyAddition(Folder.policy("bee"), source: "bee.yaml"))
        _ = try first.add(PolicyAddition(Folder.policy("cat")))
        try first.configure(PolicyKey(name: "ant"), enabled: nil, mode: .monitor)
        try first.configure(PolicyKey(name: "bee"), enabled: false, mode: nil)
        try first.delete(PolicyKey(name: "cat"))

        let names = try FileTree.names(in: folder.kept).sorted()
        #expect(names == ["bee.yaml", "overrides.json"])
        for name in names {
            #expect(try FileStatus(path: "\(folder.kept)/\(name)").permissions == 0o600)
        }
        // As an interrupted change leaves it.
        try FileTree.rename("\(folder.policies)/a.yaml", to: "\(folder.policies)/z.yaml")
        let unfinished = try OwnedFD.open("\(folder.kept)/.new-0", O_WRONLY | O_CREAT)
        _ = consume unfinished

        let runtime = MemoryRuntime()
        let second = folder.store(runtime)
        #expect(runtime.names == ["ant"])
        #expect(runtime.running.map(\.policy.mode) == [.monitor])
        let statuses = second.statuses
        #expect(statuses.map(\.name) == ["bee", "ant"])
        #expect(statuses.map(\.state) == [.disabled, .enabled])
        #expect(statuses.map(\.enabled) == [false, true])
        #expect(statuses[0].source == "API (bee.yaml)")
        #expect(try FileTree.names(in: folder.kept).sorted() == ["bee.yaml", "overrides.json"])
        try second.configure(PolicyKey(name: "bee"), enabled: true, mode: nil)
        #expect(runtime.names == ["bee", "ant"])
    }

    @Test func aBrokenFileLeavesTheVersionBefore() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        try folder.write("a.yaml", Folder.policy("ant"))
        let store = folder.store(runtime)
        let id = store.statuses[0].id
        try folder.write("a.yaml", Folder.policy("ant").replacing("Equal", with: "Equals"))
        store.refresh([folder.policies + "/a.yaml"])
        #expect(runtime.names == ["ant"] && runtime.replacements == 1)
        let broken = store.statuses
        #expect(broken.map(\.state) == [.enabled])
        #expect(broken[0].error.hasPrefix("the text before goes on: \(folder.policies)/a.yaml:13:"))
        #expect(broken[0].error.contains(": error: spec.kprobes[0].selectors[0].matchArgs[0].operator:"))
        #expect(store.complaints.count == 1)

        try folder.write("a.yaml", Folder.policy("ant", message: "two"))
        store.refresh([folder.policies + "/a.yaml"])
        #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two"])
        #expect(store.statuses.map(\.error) == [""])
        #expect(store.statuses.map(\.id) == [id])

        // A new file that is broken: its name is told, nothing of it runs.
        try folder.write("b.yaml", Folder.policy("bee").replacing("Equal", with: "Equals"))
        try folder.write("c.yaml", "no: policy\n")
        store.refresh(nil)
        #expect(runtime.names == ["ant"])
        #expect(store.statuses.map(\.name) == ["ant", "bee", "c.yaml"])
        #expect(store.statuses.map(\.state) == [.enabled, .loadError, .loadError])

        try FileTree.remove(folder.policies + "/a.yaml")
        store.refresh([folder.policies + "/a.yaml"])
        #expect(runtime.names.isEmpty)
    }

    @Test func theFirstOfANameCounts() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        try folder.write("b.yaml", Folder.policy("same", message: "b"))
        let store = folder.store(runtime)
        let taken = #expect(throws: PolicyChangeError.self) {
            _ = try store.add(PolicyAddition(Folder.policy("same")))
        }
        #expect(taken?.kind == .alreadyExists)
        #expect(taken?.description == "there is a policy same already, in \(folder.policies)/b.yaml")
        let foreign = #expect(throws: PolicyChangeError.self) { try store.delete(PolicyKey(name: "same")) }
        #expect(foreign?.kind == .refused)

        // The same after a restart: the order of paths decides, not the order of events.
        try folder.write("a.yaml", Folder.policy("same", message: "a"))
        store.refresh([folder.policies + "/a.yaml"])
        #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["a"])
        let statuses = store.statuses
        #expect(statuses.map(\.state) == [.enabled, .loadError])
        #expect(statuses[1].error == "there is a policy same already, from \(folder.policies)/a.yaml")
        let other = MemoryRuntime()
        _ = folder.store(other)
        #expect(other.running.map(\.policy.hooks[0].event.message) == ["a"])

        _ = try store.add(PolicyAddition(Folder.policy("new", message: "1")))
        let again = #expect(throws: PolicyChangeError.self) {
            _ = try store.add(PolicyAddition(Folder.policy("new", message: "2")))
        }
        #expect(again?.kind == .alreadyExists)
        _ = try store.add(PolicyAddition(Folder.policy("new", message: "2"), replaces: true))
        #expect(runtime.running.first?.policy.hooks[0].event.message == "2")
    }

    @Test func severalInOneTextAreAddedTogetherOrNotAtAll() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let store = folder.store(runtime)
        let both = Folder.policy("one") + "---\n" + Folder.policy("two")
        #expect(try store.add(PolicyAddition(both)).map(\.name) == ["one", "two"])
        #expect(runtime.replacements == 1)
        // Lines keep their numbers, also in what is kept.
        let lines = runtime.running.map(\.policy.hooks[0].place.line)
        #expect(lines == [7, 7 + 15])
        let after = MemoryRuntime()
        _ = folder.store(after)
        #expect(after.running.map(\.policy.hooks[0].place.line) == lines)

        runtime.refuse(message: "bad", because: "the verifier says no")
        let refused = #expect(throws: PolicyChangeError.self) {
            _ = try store.add(
                PolicyAddition(
                    Folder.policy("three") + "---\n" + Folder.policy("four", message: "bad"), source: "x.yaml"
                ))
        }
        #expect(refused?.kind == .refused)
        #expect(refused?.description == "x.yaml:22:5: error: the verifier says no")
        #expect(runtime.names == ["one", "two"])
        #expect(try FileTree.names(in: folder.kept).sorted() == ["one.yaml", "overrides.json", "two.yaml"])
    }
}
