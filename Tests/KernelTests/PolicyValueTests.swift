import Glibc
import Testing

extension KernelSuite {
    /// Filters on numbers, files and sets, and where values come from: lists, macros, fields of tracepoints.
    @Suite("values of policies", .serialized) struct PolicyValueTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        // MARK: Numbers

        @Test("Mask asks for one of some bits, InMap for one of some numbers and ranges")
        func numbers() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("operator: Mask, values: [\"0x8\"]", [8, 12]),
                ("operator: Mask, values: [\"1\", \"64\"]", [7, 64]),
                ("operator: Mask, values: [\"0x100\"]", []),
                ("operator: InMap, values: [\"7\", \"60:70\"]", [7, 64]),
                ("operator: NotInMap, values: [\"7\", \"60:70\"]", [8, 12]),
                ("operator: NotInRange, values: [\"8:63\"]", [7, 64]),
            ]
            try live.run(
                cases.enumerated().map {
                    PolicySample.hook(
                        PolicySelectors.name($0), "sys_umask", [(0, "int")],
                        selector: "matchArgs: [{index: 0, \($1.filters)}]")
                })

            let story = try live.agent.run(steps: [8, 7, 12, 64].map { .umask($0) })

            PolicySelectors.check(cases, live.events(story)) { $0.body["args"][0]["int_arg"].number }
        }

        @Test("InMap of texts: the whole text is one of them")
        func texts() throws {
            let prefix = "{index: 1, operator: Prefix, values: [\(folder.path)]}"
            let cases: [PolicySelectors.Case<String>] = [
                ("{index: 1, operator: InMap, values: [\(folder / "a"), \(folder / "bc")]}", ["a", "bc"]),
                ("{index: 1, operator: NotInMap, values: [\(folder / "a"), \(folder / "bc")]}", ["b"]),
            ]
            try live.run(
                cases.enumerated().map {
                    PolicySample.hook(
                        PolicySelectors.name($0), "sys_openat", [(0, "int"), (1, "string")],
                        selector: "matchArgs: [\(prefix), \($1.filters)]")
                })

            let story = try live.agent.run(
                steps: ["a", "b", "bc"].map {
                    .openat(Call.here, .path(folder / $0), O_RDONLY).fails(ENOENT)
                })

            PolicySelectors.check(cases, live.events(story)) {
                String($0.body["args"][1]["string_arg"].text.dropFirst(folder.path.count + 1))
            }
        }

        @Test("the sixth argument of a call is compared and shown")
        func sixthArgument() throws {
            try live.run([
                PolicySample.hook(
                    "offsets", "sys_mmap", [(3, "int"), (5, "uint64")],
                    selector: "matchArgs: [{index: 5, operator: Equal, values: [\"8192\"]}]")
            ])

            // PROT_READ, MAP_PRIVATE | MAP_FIXED, at three places of the file.
            let maps = [0, 8192, 4096].map { offset in
                Step.call(
                    9, .number(Call.mapping), 4096, 1, 0x12, .number(Call.first), .number(offset))
            }
            let story = try live.agent.run(
                steps: [.open(.path(folder / "mapped"), O_CREAT | O_RDWR)] + maps)

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(event.body["args"][0]["int_arg"].int == 0x12)
            #expect(event.body["args"][1]["size_arg"].int == 8192)
        }

        // MARK: Files

        @Test("FileType is that of the open file; a descriptor that is not open has none")
        func fileTypes() throws {
            let cases: [PolicySelectors.Case<String>] = [
                ("operator: FileType, values: [reg]", ["-"]),
                ("operator: FileType, values: [dir, fifo]", ["d", "p"]),
                ("operator: FileType, values: [chr]", ["c"]),
                ("operator: FileType, values: [socket]", ["s"]),
                ("operator: FileType, values: [blk, lnk]", []),
                ("operator: NotFileType, values: [reg, socket]", ["d", "c", "p", "absent"]),
            ]
            try live.run(
                cases.enumerated().map {
                    PolicySample.hook(
                        PolicySelectors.name($0), "sys_dup", [(0, "fd")],
                        selector: "matchArgs: [{index: 0, \($1.filters)}]")
                })

            let fifo = CallArgument.path(folder / "fifo")
            let opens: [Step] = [
                .open(.path(folder / "file"), O_CREAT | O_RDWR), .open(.path(folder.path), O_RDONLY),
                // mknod(2) with S_IFIFO
                .open("/dev/null", O_RDONLY), .call(133, fifo, .number(0o10_600), 0),
                .open(fifo, O_RDWR), .socket(0, Net.unix, Net.stream),
            ]
            let dups = (0..<5).map { Step.call(32, .number(Call.first + $0)) }
            let story = try live.agent.run(steps: opens + dups + [.call(32, 500).fails(EBADF)])

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story)) { event in
                let argument = event.body["args"][0]
                let permission = argument["file_arg"]["permission"].text
                return permission.first.map { String($0) } ?? argument["state"].text
            }
        }

        // MARK: Sets

        /// A set of the running process.
        private func ofTask(_ index: Int, _ name: String) -> String {
            "{index: \(index), type: \(name), source: current_task, resolve: cred.\(name)}"
        }

        @Test("CapabilitiesGained: what the first set has and the second has not")
        func gained() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("args: [0, 1], values: [CAP_SYS_ADMIN]", [421]),
                ("args: [0, 1], values: [CAP_SYS_ADMIN, CAP_KILL]", [421, 422]),
                ("args: [0, 1]", [421, 422]),
                ("args: [0, 1], values: [CAP_NET_RAW]", []),
                // What it may have and what it may pass on, the other way around.
                ("args: [1, 0]", []),
            ]
            try live.run(
                cases.enumerated().map { index, one in
                    PolicySample.policy(
                        PolicySelectors.name(index),
                        """
                        kprobes:
                        - call: sys_umask
                          syscall: true
                          args: [{index: 0, type: int}]
                          data: [\(ofTask(0, "cap_permitted")), \(ofTask(1, "cap_inheritable"))]
                          selectors:
                          - matchArgs: [{index: 0, operator: InRange, values: ["421:422"]}]
                            matchData: [{operator: CapabilitiesGained, \(one.filters)}]
                        """)
                })
            let (kill, admin) = (1 << 5, 1 << 21)

            // It leaves the inheritable set empty.
            let story = try live.agent.run(
                Step("capset", kill | admin), .umask(421), Step("capset", kill), .umask(422))

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story)) { $0.body["args"][0]["int_arg"].number }
        }

        // MARK: Lists and macros

        @Test("lists stand for calls and for values, macros for filters")
        func lists() throws {
            try live.run([
                PolicySample.policy(
                    "listed",
                    """
                    lists:
                    - name: masks
                      values: ["421", "422"]
                    - name: calls
                      type: syscalls
                      values: [sys_umask, sys_alarm]
                    selectorsMacros:
                      listed:
                        matchArgs: [{index: 0, operator: Equal, values: ["list:masks", "424"]}]
                    kprobes:
                    - call: "list:calls"
                      syscall: true
                      args: [{index: 0, type: int}]
                      selectors:
                      - macros: [listed]
                    """)
            ])

            // 37 is alarm(2); who ends takes his alarm along.
            let story = try live.agent.run(
                .umask(421), .umask(423), .umask(424), .call(37, 422), .call(37, 423), .call(37, 0))

            let events = live.events(story)
            #expect(events.numbers() == [421, 424, 422])
            #expect(
                events.map { $0.body["function_name"].text } == [
                    "__x64_sys_umask", "__x64_sys_umask", "__x64_sys_alarm",
                ])
        }

        // MARK: Fields

        @Test("data_loc: text of a tracepoint's record")
        func textOfRecords() throws {
            try live.run([
                PolicySample.policy(
                    "programs",
                    """
                    tracepoints:
                    - subsystem: sched
                      event: sched_process_exec
                      args: [{index: 4, type: data_loc}]
                      selectors:
                      - matchArgs: [{index: 4, operator: Equal, values: [/bin/true]}]
                      - matchArgs: [{index: 4, operator: Postfix, values: [/false]}]
                    """)
            ])

            let programs = ["/bin/true", "/bin/false", "/bin/sh"]
            let stories = try programs.map {
                try live.agent.run(.exec($0, [$0, "-c", ":"]))
            }

            let events = stories.map { live.events($0) }
            #expect(events.map(\.count) == [1, 1, 0])
            #expect(
                events.flatMap { $0 }.map { $0.body["args"][0]["string_arg"].text } == [
                    "/bin/true", "/bin/false",
                ])
            #expect(events.flatMap { $0 }.allSatisfy { $0.body["event"].text == "sched_process_exec" })
        }

        /// The file of a module that is loaded: Tests/vm/init lists what it has loaded.
        private static let module = Kernel.readText("/secd-vm/modules").split(separator: "\n").first.map {
            String($0)
        }

        @Test(
            "load_info: the name of a module that is to be loaded",
            .enabled(if: PolicyValueTests.module != nil, "needs a kernel with modules, and the file of one"))
        func modules() throws {
            let file = try #require(Self.module)
            try live.run([
                PolicySample.policy(
                    "modules",
                    """
                    kprobes:
                    - call: check_modstruct_version
                      syscall: false
                      args: [{index: 0, type: load_info}]
                    """)
            ])

            // finit_module(2): the kernel has it, and says so when it knows its name.
            let story = try live.agent.run(
                .open(.path(file), O_RDONLY), .call(313, .number(Call.first), "", 0).fails(EEXIST))

            #expect(story.status == .exited(0))
            let name = file.split(separator: "/").last.map { $0.dropLast(".ko".count) } ?? ""
            let shown = try story.only("process_kprobe").body["args"][0]["module_arg"]["name"].text
            #expect(shown == String(name).replacing("-", with: "_"))
        }
    }
}
