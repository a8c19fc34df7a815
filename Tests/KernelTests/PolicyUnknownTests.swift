import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// Conditions that cannot be decided, and what selectors do then.
    @Suite("unknown values of policies", .serialized) struct PolicyUnknownTests {
        private var live: LivePolicies { .shared }

        /// openat(2) of one process, by the name that it passes.
        private func opens(_ name: String, by pid: Int, _ filter: String, _ more: String = "") -> String {
            PolicySample.hook(
                name, "sys_openat", [(0, "int"), (1, "string")],
                selector:
                    "{matchPIDs: [{operator: In, values: [\(pid)]}], "
                    + "matchArgs: [{index: 1, \(filter)}]\(more)}")
        }

        /// A name where no memory is.
        private static let unreadable: Step = .call(257, .number(Call.here), 16, 0).fails(EFAULT)
        private static let somewhere = "operator: Prefix, values: [/nowhere]"

        /// Conditions of an event's policies that could not be decided.
        private func unknown(_ event: CapturedEvent) -> [[String]] {
            event.body["policies"].array.map { $0["unknown"].strings }
        }

        @Test("who only looks is told of what could not be read, unless onUnknown is mismatch")
        func looks() throws {
            let story = try live.run([Self.unreadable]) { pid in
                [
                    opens("default", by: pid, Self.somewhere),
                    opens("match", by: pid, Self.somewhere, ", onUnknown: match"),
                    opens("mismatch", by: pid, Self.somewhere, ", onUnknown: mismatch"),
                ]
            }

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(event.body["policies"].array.map { $0["name"].text } == ["default", "match"])
            #expect(event.body["uncertain"].bool)
            #expect(unknown(event) == [["matchArgs[0]"], ["matchArgs[0]"]])
            #expect(event.body["args"][1]["state"].text == "unreadable")
            #expect(live.counts()[3] == nil)
        }

        /// What a policy that kills says of unknown conditions, and what it does about one.
        struct Killing: CustomTestStringConvertible {
            var spec = ""
            var selector = ""
            var kills: Bool
            var events: Int
            var testDescription: String { "\(spec) \(selector)" }
        }

        @Test(
            "who enforces does it, reports or leaves it: by onUnknown, else by the policy's unknown",
            arguments: [
                Killing(kills: false, events: 1), Killing(spec: "unknown: allow", kills: false, events: 1),
                Killing(spec: "unknown: deny", kills: true, events: 1),
                Killing(selector: "onUnknown: match", kills: true, events: 1),
                Killing(spec: "unknown: deny", selector: "onUnknown: report", kills: false, events: 1),
                Killing(spec: "unknown: deny", selector: "onUnknown: mismatch", kills: false, events: 0),
            ])
        func enforces(_ killing: Killing) throws {
            // Names in a program's memory are no ground for killing, unless the policy accepts that.
            let spec = ["degraded: true", killing.spec].filter { !$0.isEmpty }.map { "  \($0)\n" }.joined()
            let more = killing.selector.isEmpty ? "" : ", " + killing.selector

            let story = try live.run([Self.unreadable, .exit(7)]) { pid in
                [
                    opens("kills", by: pid, Self.somewhere, ", matchActions: [{action: Sigkill}]\(more)")
                        .replacing("spec:\n", with: "spec:\n\(spec)")
                ]
            }

            #expect(story.status == (killing.kills ? .killed(signal: SIGKILL, core: false) : .exited(7)))
            let events = live.events(story)
            #expect(events.count == killing.events)
            #expect(
                events.allSatisfy { $0.body["verdict"].text == (killing.kills ? "killed" : "none") })
            #expect(events.allSatisfy { $0.body["uncertain"].bool && unknown($0) == [["matchArgs[0]"]] })
        }

        @Test("of a text that is too long its beginning is known, and its end is not")
        func truncated() throws {
            let name = "/" + String(repeating: "a", count: 5000)
            let story = try live.run(
                [.openat(Call.here, .path(name), O_RDONLY).fails(ENAMETOOLONG)]
            ) { pid in
                [
                    opens("begins", by: pid, "operator: Prefix, values: [/aaaa]"),
                    opens("begins-otherwise", by: pid, "operator: Prefix, values: [/aab]"),
                    opens("equals", by: pid, "operator: Equal, values: [/aaaa]"),
                    opens("equals-not", by: pid, "operator: NotEqual, values: [/aaaa]"),
                    opens("ends", by: pid, "operator: Postfix, values: [z]"),
                    opens(
                        "ends-for-certain", by: pid, "operator: Postfix, values: [z]",
                        ", onUnknown: mismatch"),
                ]
            }

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(
                event.body["policies"].array.map { $0["name"].text } == ["begins", "equals-not", "ends"])
            #expect(unknown(event) == [[], [], ["matchArgs[0]"]])
            #expect(event.body["args"][1]["state"].text == "truncated")
            #expect(event.body["args"][1]["string_arg"].text == String(name.prefix(4095)))
        }
    }
}
