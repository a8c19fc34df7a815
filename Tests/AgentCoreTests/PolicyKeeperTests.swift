import AgentCore
import AgentModel
import Glibc
import LinuxSystem
import PolicyCompiler
import PolicyModel
import Testing

/// Files that change while the daemon runs. A question finds every change that was made before it was asked, so
/// nothing is waited for.
@Suite struct PolicyKeeperTests {
    private typealias Folder = PolicyFolder

    private static func withKeeper(
        _ paths: (Folder) -> [String] = { [$0.policies] }, manifests: (Folder) -> [String] = { _ in [] },
        settings: CheckSettings = CheckSettings(),
        before: (Folder) throws -> Void = { _ in },
        _ body: (Folder, PolicyKeeper, MemoryRuntime) async throws -> Void
    ) async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try before(folder)
        let runtime = MemoryRuntime()
        let options = folder.options {
            $0.paths = paths(folder)
            $0.manifests = manifests(folder)
            $0.settings = { settings }
        }
        let keeper = try PolicyKeeper(options, runtime: runtime, logger: Folder.logger)
        try keeper.start()
        do {
            try await body(folder, keeper, runtime)
        } catch {
            keeper.stop()
            throw error
        }
        keeper.stop()
        #expect(await keeper.statuses().isEmpty)
    }

    @Test func filesThatComeChangeAndGo() async throws {
        try await Self.withKeeper { folder, keeper, runtime in
            try folder.write("a.yaml", Folder.policy("ant"))
            #expect(await keeper.statuses().map(\.name) == ["ant"])
            try folder.write("a.yaml", Folder.policy("ant", message: "two"))
            #expect(await keeper.statuses().map(\.state) == [.enabled])
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two"])
            // As editors and package managers replace files.
            try folder.write(".a.yaml.tmp", Folder.policy("ant", message: "three"))
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two"])
            try FileTree.rename(folder.policies + "/.a.yaml.tmp", to: folder.policies + "/a.yaml")
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["three"])
            try FileTree.rename(folder.policies + "/a.yaml", to: folder.policies + "/b.yaml")
            #expect(await keeper.statuses().map(\.source) == [folder.policies + "/b.yaml"])
            try FileTree.remove(folder.policies + "/b.yaml")
            #expect(await keeper.statuses().isEmpty)
            #expect(runtime.names.isEmpty)
        }
    }

    /// A directory of manifests: policies among objects that somebody else reads.
    @Test func policiesAmongOtherObjectsLiveAsThoseOfOtherFilesDo() async throws {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: web}}\n---\n"
        let none: (Folder) -> [String] = { _ in [] }
        let all: (Folder) -> [String] = { [$0.policies] }
        try await Self.withKeeper(none, manifests: all) { folder, keeper, runtime in
            try folder.write("a.yaml", pod + Folder.policy("ant"))
            try folder.write("b.yaml", "{apiVersion: apps/v1, kind: Deployment}\n")
            try folder.write("c.yaml", "{apiVersion: v1, kind: List, items: [")
            let status = try #require(await keeper.statuses().first)
            #expect(status.name == "ant" && status.state == .enabled && status.warnings == [])
            #expect(await keeper.complaints() == [])
            try folder.write("a.yaml", pod + Folder.policy("ant", message: "two"))
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two"])
            // What is wrong with a policy is said, and it goes on as it was.
            try folder.write("a.yaml", pod + Folder.policy("ant", selectors: "- matchNothing: []"))
            #expect(await keeper.complaints().count == 1)
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two"])
            try folder.write("a.yaml", pod)
            #expect(await keeper.statuses().isEmpty)
            #expect(runtime.names.isEmpty)
        }
    }

    @Test func labelsOfTheNodeThatChangeSwitchPoliciesOnAndOff() async throws {
        try await Self.withKeeper { folder, keeper, runtime in
            let head = "\n  nodeSelector: {matchLabels: {zone: a}}"
            try folder.write("a.yaml", Folder.policy("ant", head: head))
            #expect(await keeper.statuses().map(\.state) == [.skipped])
            keeper.adopt(nodeLabels: ["zone": "a"])
            #expect(await keeper.statuses().map(\.state) == [.enabled])
            #expect(runtime.names == ["ant"])
            keeper.adopt(nodeLabels: ["zone": "b"])
            #expect(await keeper.statuses().map(\.state) == [.skipped])
            #expect(runtime.names.isEmpty)
        }
    }

    @Test func aProgramThatIsReplacedIsAttachedToAnew() async throws {
        try await Self.withKeeper { folder, keeper, runtime in
            let program = folder.state + "/program"
            try folder.write("../state/program", "old")
            try folder.write(
                "a.yaml",
                """
                apiVersion: cilium.io/v1alpha1
                kind: TracingPolicy
                metadata: {name: ant}
                spec:
                  uprobes:
                  - {path: \(program), symbols: [main]}

                """)
            #expect(await keeper.statuses().map(\.state) == [.enabled])
            #expect(runtime.replacements == 1)
            try folder.write("../state/other", "other")
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.replacements == 1)
            // As package managers do.
            try folder.write("../state/program.new", "new")
            try FileTree.rename(program + ".new", to: program)
            #expect(await keeper.statuses().map(\.state) == [.enabled])
            #expect(runtime.replacements == 2)
            try folder.write("../state/program", "newer")
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.replacements == 3)
            // Who runs the old file is still seen.
            try FileTree.remove(program)
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.replacements == 3)
        }
    }

    @Test func aProgramOfAConditionIsComparedWithTheFileThatItsLinksLeadToNow() async throws {
        try await Self.withKeeper(settings: CheckSettings(programs: NamedFiles())) {
            folder, keeper, runtime in
            let state = unsafe String(cString: try #require(unsafe realpath(folder.state, nil)))
            for name in ["first", "second"] { try folder.write("../state/\(name)", name) }
            unsafe symlink("alternative", state + "/editor")
            unsafe symlink("first", state + "/alternative")
            let selectors =
                "- matchBinaries: [{operator: NotIn, values: [\(state)/editor]}]\n"
                + "      matchActions: [{action: Sigkill}]"
            let compared = { @Sendable () -> [[String]] in
                runtime.running.map { running in
                    running.policy.binaries.map { String($0.dropFirst(state.count + 1)) }.sorted()
                }
            }
            _ = try await keeper.add(PolicyAddition(Folder.policy("api", selectors: selectors)))
            try folder.write("a.yaml", Folder.policy("file", selectors: selectors))
            #expect(await keeper.statuses().count == 2)
            #expect(compared() == [["editor", "first"], ["editor", "first"]])
            let before = runtime.replacements
            // A new version of the program: its name has not changed.
            try folder.write("../state/new", "new")
            try FileTree.rename(state + "/new", to: state + "/first")
            #expect(await keeper.statuses().count == 2)
            #expect(runtime.replacements == before)
            // As update-alternatives does, in the middle of the way.
            unsafe symlink("second", state + "/alternative.new")
            try FileTree.rename(state + "/alternative.new", to: state + "/alternative")
            #expect(await keeper.statuses().count == 2)
            #expect(compared() == [["editor", "second"], ["editor", "second"]])
            #expect(runtime.replacements == before + 1)
        }
    }

    /// The first half of a file may be a valid policy of another meaning.
    @Test func aHalfWrittenFileIsNotRead() async throws {
        try await Self.withKeeper { folder, keeper, runtime in
            try folder.write("a.yaml", Folder.policy("ant"))
            #expect(await keeper.statuses().map(\.name) == ["ant"])
            let text = Array(Folder.policy("ant", message: "two").utf8)
            do {
                let file = try OwnedFD.open(folder.policies + "/a.yaml", O_WRONLY | O_TRUNC)
                let new = try OwnedFD.open(folder.policies + "/b.yaml", O_WRONLY | O_CREAT)
                let progress = unsafe file.writeAll(Array(text[..<100]).span.bytes)
                #expect(progress.failure == nil)
                #expect(await keeper.statuses().map(\.error) == [""])
                #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["one"])
                let rest = unsafe file.writeAll(Array(text[100...]).span.bytes)
                #expect(rest.failure == nil)
                _ = consume new
            }
            for name in ["a.yaml", "b.yaml"] { try folder.awaitClosed(name) }
            #expect(await keeper.statuses().map(\.name) == ["ant", "b.yaml"])
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two"])
        }
    }

    @Test func linksAndVolumesOfKubernetes() async throws {
        try await Self.withKeeper { folder, keeper, runtime in
            let first = folder.root + "/first"
            let second = folder.root + "/second"
            for (name, message) in [("first", "1"), ("second", "2")] {
                try FileTree.makeDirectory("\(folder.root)/\(name)", permissions: 0o700)
                try folder.write("../\(name)/a.yaml", Folder.policy("ant", message: message))
            }
            unsafe symlink(first, folder.policies + "/..data")
            unsafe symlink("..data/a.yaml", folder.policies + "/a.yaml")
            #expect(await keeper.statuses().map(\.name) == ["ant"])
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["1"])
            // All files of a volume change by one rename.
            unsafe symlink(second, folder.policies + "/..data_tmp")
            try FileTree.rename(folder.policies + "/..data_tmp", to: folder.policies + "/..data")
            #expect(await keeper.statuses().count == 1)
            #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["2"])
            for path in [first, second] {
                try FileTree.remove(path + "/a.yaml")
                unsafe rmdir(path)
            }
        }
    }

    @Test func aDirectoryThatComesLaterAndASingleFile() async throws {
        try await Self.withKeeper {
            [$0.root + "/later", $0.policies + "/one.txt"]
        } _: {
            folder, keeper, runtime in
            #expect(await keeper.statuses().isEmpty)
            #expect(await keeper.complaints().count == 2)
            let later = folder.root + "/later"
            try FileTree.makeDirectory(later, permissions: 0o700)
            try folder.write("../later/a.yaml", Folder.policy("ant"))
            #expect(await keeper.statuses().map(\.name) == ["ant"])
            try folder.write("one.txt", Folder.policy("bee"))
            try folder.write("two.yaml", Folder.policy("nobody"))
            #expect(await keeper.statuses().map(\.name) == ["ant", "bee"])
            #expect(await keeper.complaints().isEmpty)
            try FileTree.remove(later + "/a.yaml")
            unsafe rmdir(later)
            #expect(await keeper.statuses().map(\.name) == ["bee"])
            #expect(runtime.names == ["bee"])
            #expect(await keeper.complaints().count == 1)
        }
    }

    @Test func changesOfTheAPIAndFilesMeetOnOneThread() async throws {
        try await Self.withKeeper { folder, keeper, runtime in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        _ = try await keeper.add(PolicyAddition(Folder.policy("api-\(number)")))
                        try await keeper.configure(
                            PolicyKey(name: "api-\(number)"), enabled: nil, mode: .monitor)
                    }
                }
                for number in 0..<40 { try folder.write("f\(number).yaml", Folder.policy("file-\(number)")) }
                try await group.waitForAll()
            }
            let statuses = await keeper.statuses()
            #expect(statuses.count == 80)
            #expect(statuses.filter { $0.mode == .monitor }.count == 40)
            #expect(statuses.allSatisfy { $0.error.isEmpty })
            #expect(runtime.names.count == 80)
            #expect(Set(statuses.map(\.id)).count == 80)
            let refused = await #expect(throws: PolicyChangeError.self) {
                try await keeper.delete(PolicyKey(name: "file-1"))
            }
            #expect(refused?.kind == .refused)
        }
    }
}
