import AgentCore
import CEventABI
import EventDecoder
import PolicyCompiler
import PolicyModel
import TestSupport
import Testing

/// Records of the policy engine through everything behind the rings, by the words of a policy file.
@Suite struct PolicyRecordTests {
    private static let text = """
        apiVersion: cilium.io/v1alpha1
        kind: TracingPolicy
        metadata: {name: secrets}
        spec:
          kprobes:
          - call: sys_openat
            syscall: true
            message: A secret is opened
            tags: [secrets]
            args:
            - {index: 0, type: int}
            - {index: 1, type: string, label: file}
            selectors:
            - matchArgs:
              - {index: 1, operator: Prefix, values: [/etc/]}
              matchNamespaces:
              - {namespace: Net, operator: NotIn, values: [host_ns]}
              matchActions:
              - {action: Sigkill}
        """
    private static let name = "secrets"
    private static let hook: UInt32 = 9

    private func catalogue() throws -> PolicyCatalogue {
        var batch = PolicyBatch()
        batch.add(file: "secrets.yaml", bytes: Array(Self.text.utf8))
        #expect(!batch.hasErrors)
        let policies = batch.policies
        return PolicyCatalogue(
            generation: 3, tables: try GenerationBuilder.build(policies), policies: policies,
            placed: [
                PlacedHook(
                    number: Self.hook, point: .syscall("openat"), mechanism: "tracepoint/sys_enter_openat",
                    effect: .killBeforeEffect)
            ])
    }

    /// A call by a process, with the path that it passed.
    private func record(_ records: inout Records, of pid: UInt32, at start: UInt64, generation: UInt32 = 3)
        -> [UInt8]
    {
        var fixed = secd_policy_event()
        fixed.head = records.head(SECD_KIND_POLICY, ring: SECD_RING_VERDICT)
        fixed.image = secd_image(start_ns: start, pid: pid, reserved: 0)
        fixed.generation = generation
        fixed.hook = Self.hook
        fixed.tid = pid
        fixed.flags = SECD_POLICY_EVENT_KILLED
        fixed.summary = (1, 1, 1, 0)
        fixed.values = 2
        let path = Array("/etc/shadow".utf8)
        let words: [UInt64] = [1, 1, 1]
        let offset = MemoryLayout<secd_policy_event>.size + 8 * words.count + 2 * 24
        let values = [
            secd_policy_value(
                column: 0, state: 0, kind: UInt8(SECD_POLICY_VALUE_NUMBER), length: 0, number: 0xffff_ff9c,
                offset: 0, path_flags: 0, root: 0),
            secd_policy_value(
                column: 1, state: UInt8(SECD_POLICY_VALUE_TRUNCATED), kind: UInt8(SECD_POLICY_VALUE_TEXT),
                length: UInt32(path.count), number: 0, offset: UInt32(offset), path_flags: 0, root: 0),
        ]
        fixed.head.size = UInt32(offset + path.count)
        return Self.raw(fixed) + words.flatMap { Self.raw($0) } + values.flatMap { Self.raw($0) } + path
    }

    private static func raw<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
        unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    }

    @Test func aCallGivesTheEventOfItsPolicy() throws {
        var records = Records()
        let replay = Replay()
        replay.add(try catalogue())
        let exec = records.exec(100, "/bin/cat")
        replay.take(exec)
        // The image begins with its exec.
        let start = unsafe exec.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        }
        replay.take(record(&records, of: 100, at: start))

        let events = try replay.events()
        #expect(events.map(\.kind) == ["process_exec", "process_kprobe"])
        let kprobe = try #require(events[1]["process_kprobe"])
        #expect(kprobe.at("process.binary")?.text == "/bin/cat")
        #expect(kprobe["function_name"]?.text == "__x64_sys_openat")
        #expect(kprobe.at("args.0.int_arg")?.integer == -100)
        #expect(kprobe.at("args.1.string_arg")?.text == "/etc/shadow")
        #expect(kprobe.at("args.1.label")?.text == "file")
        #expect(kprobe.at("args.1.state")?.text == "truncated")
        #expect(kprobe["policy_name"]?.text == Self.name)
        #expect(kprobe["message"]?.text == "A secret is opened")
        #expect(kprobe.at("tags.0")?.text == "secrets")
        #expect(kprobe["action"]?.text == "KPROBE_ACTION_SIGKILL")
        #expect(kprobe["verdict"]?.text == "killed")
        #expect(kprobe["mechanism"]?.text == "tracepoint/sys_enter_openat")
        #expect(kprobe["effect"]?.text == "kill-before-effect")
        #expect(kprobe.at("policies.0.mode")?.text == "enforce")
        // The prefix of a path that was cut short could not be decided.
        #expect(kprobe.at("policies.0.unknown.0")?.text == "matchArgs[0]")
        // The policy asks for a namespace, so its events show them.
        #expect(kprobe["rights"] != nil)
        #expect(events[1].at("secd.ring")?.text == "verdict")
        #expect(replay.undecodable == 0)
    }

    /// A generation that nobody announced is a gap at its place, not a guess.
    @Test func anUnknownGenerationIsAGap() throws {
        var records = Records()
        let replay = Replay()
        replay.add(try catalogue())
        replay.take(record(&records, of: 100, at: 1, generation: 4), record(&records, of: 100, at: 1))

        let events = try replay.events()
        #expect(events.map(\.kind) == ["stream_gap", "process_kprobe"])
        #expect(events[0].at("stream_gap.cause")?.text == "undecodable")
        #expect(events[0].at("stream_gap.ring")?.text == "verdict")
        #expect(events[1].at("process_kprobe.process") == nil)
        #expect(replay.undecodable == 1)
    }
}
