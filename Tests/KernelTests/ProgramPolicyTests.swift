import Foundation
import Glibc
import PolicyCompiler
import PolicyModel
import Sensors
import Testing

extension KernelSuite {
    /// Probes in programs: functions of the test binary itself (Tests/CTestActivity/traced.c), its USDT probe, and
    /// the files that processes map.
    @Suite(
        "places in programs", .serialized,
        .enabled(
            if: unsafe access("/sys/bus/event_source/devices/uprobe/type", F_OK) == 0,
            "the kernel was built without uprobes"))
    struct ProgramPolicyTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// A policy on a function of the test binary.
        private func uprobe(_ function: String, _ more: String = "") -> String {
            PolicySample.policy(
                "places", "uprobes:\n- path: \(Kernel.testBinary)\n  symbols: [\(function)]\n\(more)")
        }

        private static let arguments = """
              args:
              - {index: 0, type: int64}
              - {index: 1, type: string}
              - {index: 2, type: size_t}

            """

        private func usdt(_ more: String = "") -> String {
            PolicySample.policy(
                "probes",
                "usdts:\n- path: \(Kernel.testBinary)\n  provider: activity\n  name: passed\n\(more)")
        }

        private func events(_ kind: String, _ story: Story) -> [JSON] {
            story.events.filter { $0.kind == kind }.map(\.body)
        }

        // MARK: Functions

        @Test("each call of a function is an event with its arguments")
        func calls() throws {
            let reports = try live.run([uprobe("activity_traced", Self.arguments)])

            let story = try live.agent.run(Step("traced", 7, "seven", 20), Step("traced", -1, "", 3))

            let events = events("process_uprobe", story)
            #expect(events.count == 23)
            #expect(
                events.map { $0["args"][0]["long_arg"].int }
                    == [Int](repeating: 7, count: 20) + [Int](repeating: -1, count: 3))
            #expect(events[0]["args"][1]["string_arg"].text == "seven")
            #expect(events[0]["args"][2]["size_arg"].int == 5)
            #expect(events[0]["path"].text == Kernel.testBinary)
            #expect(events[0]["symbol"].text == "activity_traced")
            #expect(events[0]["policy_name"].text == "places")
            #expect(reports[0].hooks.map(\.mechanism) == ["uprobe"])
            #expect(live.counts()[1]?.posts == 23)
        }

        @Test("conditions are judged in the kernel")
        func conditions() throws {
            let selectors = """
                  selectors:
                  - matchArgs:
                    - {index: 0, operator: InRange, values: ["10:12"]}
                    - {index: 1, operator: Prefix, values: [wan]}

                """
            try live.run([uprobe("activity_traced", Self.arguments + selectors)])

            let story = try live.agent.run(
                Step("traced", 9, "wanted", 2), Step("traced", 10, "wanted", 4),
                Step("traced", 11, "other", 8),
                Step("traced", 12, "wants", 16))

            #expect(events("process_uprobe", story).count == 20)
        }

        @Test("text that is in no page of the process yet is read all the same")
        func freshText() throws {
            let file = try folder.script("text", "from a file")
            try live.run([uprobe("activity_traced", Self.arguments)])

            let story = try live.agent.run(Step("traced-fresh", file))

            let event = try #require(events("process_uprobe", story).first)
            #expect(event["args"][1]["string_arg"].text == "from a file")
        }

        @Test("what a function returns is told with what it was called with")
        func returns() throws {
            let text = uprobe(
                "activity_traced",
                Self.arguments + """
                      return: true
                      returnArg: {index: 0, type: int64}
                      selectors:
                      - matchReturnArgs:
                        - {index: 0, operator: GreaterThan, values: ["50"]}

                    """)
            try live.run([text])

            let story = try live.agent.run(Step("traced", 20, "a", 5), Step("traced", 30, "b", 6))

            let events = events("process_uprobe", story)
            #expect(events.count == 6)
            #expect(events.allSatisfy { $0["args"][0]["long_arg"].int == 30 })
        }

        @Test("each call of a function that calls itself returns once")
        func recursion() throws {
            let text = uprobe(
                "activity_nested",
                """
                  args:
                  - {index: 0, type: int64}
                  return: true
                  returnArg: {index: 0, type: int64}

                """)
            try live.run([text])

            let story = try live.agent.run(Step("nested", 9))

            // The innermost returns first.
            #expect(
                events("process_uprobe", story).map { $0["args"][0]["long_arg"].int } == Array(0...9))
        }

        @Test("a register is read by its name")
        func registers() throws {
            let data = "  data:\n  - {index: 0, source: pt_regs, resolve: rdi, type: int64}\n"
            try live.run([uprobe("activity_traced", data)])

            let story = try live.agent.run(Step("traced", 77, "a", 1))

            let event = try #require(events("process_uprobe", story).first)
            #expect(event["data"][0]["long_arg"].int == 77)
        }

        @Test("who calls a function is killed before it has done anything")
        func kills() throws {
            let rounds = Kernel.scaled(200)
            let reports = try live.run([
                uprobe("activity_marks", "  selectors:\n  - matchActions:\n    - action: Sigkill\n")
            ])

            var killed = 0
            var effects = 0
            for round in 0..<rounds {
                let path = folder / "made\(round)"
                if try Activity([Step("marks", path)]).wait() == .killed(signal: SIGKILL, core: false) {
                    killed += 1
                }
                if unsafe access(path, F_OK) == 0 { effects += 1 }
            }

            #expect(killed == rounds)
            #expect(effects == 0)
            #expect(reports[0].hooks.map(\.effect) == [.killBeforeEffect])
        }

        @Test("without the policy the function is as it was")
        func detaches() throws {
            func firstByte() throws -> Int {
                let activity = try Activity([Step("first-byte")])
                defer { _ = try? activity.wait() }
                return try activity.report()
            }
            try live.run([])
            let before = try firstByte()

            try live.run([uprobe("activity_traced")])
            let during = try firstByte()
            try live.run([])

            // int3
            #expect(during == 0xcc && before != 0xcc)
            #expect(try firstByte() == before)
        }

        // MARK: USDT probes

        @Test("arguments of a USDT probe are read where the compiler put them")
        func usdtArguments() throws {
            try live.run([
                usdt(
                    """
                      args:
                      - {index: 0, type: int32}
                      - {index: 1}
                      - {index: 2, type: int64}
                      - {index: 3, type: string}
                      selectors:
                      - matchArgs:
                        - {index: 0, operator: NotEqual, values: ["4"]}

                    """)
            ])

            let story = try live.agent.run(
                Step("passed", 5, "five"), Step("passed", 4, "four"), Step("passed", -6, "six"))

            let events = events("process_usdt", story)
            #expect(events.count == 2)
            #expect(events.map { $0["args"][0]["int_arg"].int } == [5, -6])
            #expect(events.map { $0["args"][1]["int_arg"].int } == [-7, -7])
            #expect(events.map { $0["args"][2]["long_arg"].int } == [-15, 18])
            #expect(events.map { $0["args"][3]["string_arg"].text } == ["five", "six"])
            #expect(events[0]["provider"].text == "activity" && events[0]["name"].text == "passed")
        }

        @Test("the program sees that its probe is watched, and that it is no longer")
        func watchers() throws {
            func watchers() throws -> Int {
                let activity = try Activity([Step("watchers")])
                defer { _ = try? activity.wait() }
                return try activity.report()
            }
            try live.run([])
            #expect(try watchers() == 0)

            try live.run([usdt()])
            #expect(try watchers() > 0)

            try live.run([])
            #expect(try watchers() == 0)
        }

        // MARK: Files

        @Test("a program that is replaced is attached to anew")
        func replacement() throws {
            let program = folder / "program"
            func copy() throws {
                try Activity.run(Step("copy", Kernel.resolved("/bin/true"), program + ".new", 0o755))
                #expect(unsafe rename(program + ".new", program) == 0)
            }
            try copy()
            let entry = try Self.entry(of: program)
            let text = PolicySample.policy(
                "places", "uprobes:\n- path: \(program)\n  addrs: [\(entry)]\n")
            try live.run([text])
            #expect(events("process_uprobe", try live.agent.run(.exec(program))).count == 1)

            try copy()
            #expect(events("process_uprobe", try live.agent.run(.exec(program))).count == 0)
            try live.run([text])

            #expect(events("process_uprobe", try live.agent.run(.exec(program))).count == 1)
        }

        /// Where a program begins to run.
        private static func entry(of path: String) throws -> UInt64 {
            guard let file = unsafe fopen(path, "re") else { throw ActivityError("\(path): \(errno)") }
            defer { unsafe fclose(file) }
            var head = [UInt8](repeating: 0, count: 32)
            let count = unsafe fread(&head, 1, head.count, file)
            try #require(count == head.count)
            return (24..<32).reversed().reduce(0) { $0 << 8 | UInt64(head[$1]) }
        }

        @Test("a program and what it loads are told, with their build ids")
        func loads() throws {
            try live.run([PolicySample.policy("loads", "loader: true")])
            let program = Kernel.resolved("/bin/true")

            let story = try live.agent.run(.exec("/bin/true"))

            let events = events("process_loader", story)
            #expect(events.first?["path"].text == program)
            let image = try ProgramReader().open(program).image
            let buildID = image.buildID()
            if !buildID.isEmpty {
                #expect(events.first?["buildid"].text == Data(buildID).base64EncodedString())
            }
            // Where it is linked dynamically: the interpreter, mapped by the kernel, and libc, mapped by that.
            if Kernel.readText("/proc/self/maps").contains("/ld-linux") {
                #expect(events.contains { $0["path"].text.contains("/ld-linux") })
                #expect(events.contains { $0["path"].text.contains("/libc.so") })
            }
            #expect(events.allSatisfy { $0["policies"][0]["name"].text == "loads" })
        }
    }
}
