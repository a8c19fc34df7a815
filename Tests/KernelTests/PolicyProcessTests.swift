import Glibc
import Testing

extension KernelSuite {
    /// Filters on the process itself: arguments, namespaces, capabilities.
    @Suite("processes of policies", .serialized) struct PolicyProcessTests {
        private var live: LivePolicies { .shared }

        /// umask(2) with one of these, with a filter each.
        private func masks(_ cases: [PolicySelectors.Case<Int>]) -> [String] {
            cases.enumerated().map { index, one in
                PolicySample.hook(
                    PolicySelectors.name(index), "sys_umask", [(0, "int")],
                    selector:
                        "{matchArgs: [{index: 0, operator: InRange, values: [\"421:424\"]}], \(one.filters)}")
            }
        }

        private func mask(_ event: CapturedEvent) -> Int { event.body["args"][0]["int_arg"].number }

        // MARK: Arguments

        @Test("matchCmdArgs compares one argument by its position; one that is not there equals nothing")
        func arguments() throws {
            let runs = [["alpha", "beta.pem"], ["alpha"], []]
            let cases: [PolicySelectors.Case<Int>] = [
                ("{index: 0, operator: Equal, values: [alpha]}", [0, 1]),
                ("{index: 0, operator: Equal, values: [alph, alphabet, beta.pem]}", []),
                ("{index: 0, operator: NotEqual, values: [alpha]}", [2]),
                ("{index: 1, operator: Equal, values: [gamma, beta.pem]}", [0]),
                ("{index: 1, operator: Prefix, values: [be]}", [0]),
                ("{index: 1, operator: Postfix, values: [.pem]}", [0]),
                ("{index: 1, operator: NotPostfix, values: [.pem]}", [1, 2]),
            ]
            try live.run(
                cases.enumerated().map { index, one in
                    PolicySample.hook(
                        PolicySelectors.name(index), "sys_exit_group", [(0, "int")],
                        selector: "matchCmdArgs: [\(one.filters)]")
                })

            let stories = try runs.map { try live.agent.run(.exec("/bin/true", ["true"] + $0)) }

            let events = stories.map { live.events($0) }
            #expect(events.map(\.count) == [1, 1, 1])
            PolicySelectors.check(cases, events.flatMap { $0 }) { event in
                stories.firstIndex { $0.pid == event.pid } ?? -1
            }
        }

        // MARK: Namespaces

        /// A kind of namespace that a process may leave.
        struct Leaving: CustomTestStringConvertible {
            var kind: String
            var file: String
            var flag: Int
            var testDescription: String { kind }
        }

        private static let leavings = [
            Leaving(kind: "Uts", file: "uts", flag: Clone.newUTS),
            Leaving(kind: "Ipc", file: "ipc", flag: Clone.newIPC),
            Leaving(kind: "Mnt", file: "mnt", flag: Clone.newMounts),
            Leaving(kind: "Net", file: "net", flag: Clone.newNet),
            // The caller itself stays.
            Leaving(kind: "PidForChildren", file: "pid_for_children", flag: Clone.newPid),
        ]

        @Test("matchNamespaces: by the number of a namespace, and by host_ns", arguments: leavings)
        func namespaces(_ leaving: Leaving) throws {
            let own = try #require(Kernel.inode("/proc/self/ns/\(leaving.file)"))
            // kthreadd never leaves the first namespaces.
            let isHost = own == Kernel.inode("/proc/2/ns/\(leaving.file)")
            let kind = "namespace: \(leaving.kind), operator:"
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchNamespaces: [{\(kind) In, values: [\"\(own)\"]}]", [421]),
                ("matchNamespaces: [{\(kind) NotIn, values: [\"\(own)\"]}]", [422]),
                ("matchNamespaces: [{\(kind) In, values: [host_ns]}]", isHost ? [421] : []),
                ("matchNamespaces: [{\(kind) NotIn, values: [host_ns]}]", isHost ? [422] : [421, 422]),
            ]
            try live.run(masks(cases))

            let story = try live.agent.run(.umask(421), Step("unshare", leaving.flag), .umask(422))

            PolicySelectors.check(cases, live.events(story), mask)
            // Whose selectors ask for namespaces, that shows them.
            #expect(live.events(story).allSatisfy { $0.body["rights"]["ns"].isPresent })
        }

        // MARK: Capabilities

        private static let kill = 1 << 5
        private static let admin = 1 << 21

        @Test("matchCapabilities: In has one of them, NotIn none, in the set that is meant")
        func capabilities() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]", [421]),
                ("matchCapabilities: [{type: Effective, operator: NotIn, values: [CAP_SYS_ADMIN]}]", [422]),
                (
                    "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN, CAP_KILL]}]",
                    [421, 422]
                ),
                ("matchCapabilities: [{type: Permitted, operator: In, values: [CAP_SYS_ADMIN]}]", [421]),
                ("matchCapabilities: [{type: Inheritable, operator: In, values: [CAP_KILL]}]", []),
                (
                    "matchCapabilities: [{type: Inheritable, operator: NotIn, values: [CAP_KILL]}]",
                    [421, 422]
                ),
            ]
            try live.run(masks(cases))

            let story = try live.agent.run(
                Step("capset", Self.kill | Self.admin), .umask(421), Step("capset", Self.kill), .umask(422))

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story), mask)
        }

        @Test(
            "capabilities over a user namespace of one's own count only where the filter says so",
            .enabled(if: Kernel.can(Step("unshare", Clone.newUser)), "needs user namespaces"))
        func capabilitiesOfNamespaces() throws {
            let admin = "type: Effective, values: [CAP_SYS_ADMIN], operator:"
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchCapabilities: [{\(admin) In}]", [421]),
                ("matchCapabilities: [{\(admin) NotIn}]", [422]),
                ("matchCapabilities: [{\(admin) In, isNamespaceCapability: true}]", [421, 422]),
                ("matchCapabilities: [{\(admin) NotIn, isNamespaceCapability: true}]", []),
            ]
            try live.run(masks(cases))

            let story = try live.agent.run(.umask(421), Step("unshare", Clone.newUser), .umask(422))

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story), mask)
        }
    }
}
