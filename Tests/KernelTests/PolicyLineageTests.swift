import Glibc
import Testing

extension KernelSuite {
    /// Filters on who is above a process, and on who descends from one.
    @Suite("lineage of policies", .serialized) struct PolicyLineageTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// Three shells, each a program of its own and started by the one before. They end with 65, 66
        /// and 67, the last of them first.
        private func shells() throws -> [Step] {
            for name in ["top", "middle", "low"] { _ = try folder.copy("/bin/sh", as: name) }
            let (top, middle, low) = (folder / "top", folder / "middle", folder / "low")
            return [
                .exec(top, ["top", "-c", "\(middle) -c '\(low) -c \"exit 67\"; exit 66'; exit 65"])
            ]
        }

        /// Ends of the shells, with a filter that holds for certain.
        private func ends(_ index: Int, _ filter: String) -> String {
            PolicySample.hook(
                PolicySelectors.name(index), "sys_exit_group", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: InRange, values: [\"65:67\"]}], \(filter), "
                    + "onUnknown: mismatch}")
        }

        @Test("binaries of the process, its parent, those above it and those below it")
        func binaries() throws {
            let (top, middle, low) = (folder / "top", folder / "middle", folder / "low")
            // Where nobody may see what PID 1 runs, nobody knows who does not descend from a program.
            let outside = Kernel.exists("/proc/1/exe") ? [65] : []
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchBinaries: [{operator: In, values: [\(middle)]}]", [66]),
                ("matchBinaries: [{operator: In, values: [\(top)], followChildren: true}]", [67, 66, 65]),
                ("matchBinaries: [{operator: In, values: [\(middle)], followChildren: true}]", [67, 66]),
                ("matchBinaries: [{operator: NotIn, values: [\(middle)], followChildren: true}]", outside),
                ("matchParentBinaries: [{operator: In, values: [\(top)]}]", [66]),
                ("matchParentBinaries: [{operator: NotIn, values: [\(top)]}]", [67, 65]),
                ("matchParentBinaries: [{operator: Postfix, values: [/middle]}]", [67]),
                ("matchParentBinaries: [{operator: In, values: [\(top)], followChildren: true}]", [67, 66]),
                ("matchParentBinaries: [{operator: NotIn, values: [\(top)], followChildren: true}]", outside),
                ("matchAncestorBinaries: [{operator: In, values: [\(top)]}]", [67, 66]),
                ("matchAncestorBinaries: [{operator: NotIn, values: [\(top)]}]", outside),
                ("matchAncestorBinaries: [{operator: Postfix, values: [/middle]}]", [67]),
                ("matchAncestorBinaries: [{operator: In, values: [\(low)]}]", []),
                ("matchAncestorBinaries: [{operator: In, values: [\(Kernel.testBinary)]}]", [67, 66, 65]),
            ]
            let steps = try shells()
            try live.run(cases.enumerated().map { ends($0, $1.filters) })

            let events = try live.events(ofAll: steps)

            PolicySelectors.check(cases, events) { $0.body["args"][0]["int_arg"].number }
            #expect(events.count == 3)
        }

        /// umask(2) with one of these, with a filter; nobody else calls it so.
        private func masks(_ name: String, _ filter: String) -> String {
            PolicySample.hook(
                name, "sys_umask", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: InRange, values: [\"421:424\"]}], \(filter)}")
        }

        @Test("followForks: the children of a process and theirs, also those that are older than the policy")
        func forks() throws {
            let family = try Activity([.report, .fork, .report, .wait, .umask(421), .fork, .umask(422)])
            let (parent, child) = (try family.report(), try family.report())
            try live.run([
                masks("family", "matchPIDs: [{operator: In, values: [\(parent)], followForks: true}]"),
                masks("child", "matchPIDs: [{operator: In, values: [\(child)]}]"),
                masks("parent", "matchPIDs: [{operator: In, values: [\(parent)]}]"),
                masks("others", "matchPIDs: [{operator: NotIn, values: [\(parent)], followForks: true}]"),
            ])
            let mark = live.agent.capture.count

            family.release()
            #expect(try family.wait() == .exited(0))
            // It comes later in the stream than everything before it.
            _ = try live.agent.run(.umask(423))

            let events = live.events(from: mark)
            #expect(events.matched(by: "family").numbers() == [421, 422])
            #expect(events.matched(by: "child").numbers() == [421])
            #expect(events.matched(by: "parent").isEmpty)
            #expect(events.matched(by: "others").numbers() == [423])
            #expect(events.allSatisfy { !$0.body["uncertain"].bool })
        }

        @Test("isNamespacePID: the number that a process has in its own pid namespace")
        func numbersInNamespaces() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchPIDs: [{operator: In, values: [1], isNamespacePID: true}]", [423]),
                ("matchPIDs: [{operator: In, values: [2], isNamespacePID: true}]", [424]),
                ("matchPIDs: [{operator: NotIn, values: [1, 2], isNamespacePID: true}]", [421, 422]),
                ("matchPIDs: [{operator: In, values: [1, 2]}]", []),
            ]
            try live.run(cases.enumerated().map { masks(PolicySelectors.name($0), $1.filters) })

            let events = try live.events(ofAll: [
                .umask(421), Step("unshare", Clone.newPid), .umask(422), .fork, .umask(423), .fork,
                .umask(424),
            ])

            PolicySelectors.check(cases, events) { $0.body["args"][0]["int_arg"].number }
        }
    }
}
