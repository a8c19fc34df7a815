import ControlCommands
import PolicyCompiler
import PolicyModel
import Testing

/// Events read back as calls, and what policies say to them.
@Suite struct CallExplanationTests {
    private static func policies(_ hook: String) throws -> [CheckedPolicy] {
        let text = """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: p
            spec:
            \(hook)
            """
        var batch = PolicyBatch()
        batch.add(file: "p.yaml", bytes: Array(text.utf8))
        try #require(!batch.hasErrors)
        return batch.policies
    }

    private static func lines(_ hook: String, _ event: String) throws -> [String] {
        let call = try #require(RecordedCall(try EventLine(parsing: event)))
        return CallExplanation.all(call, try policies(hook)).flatMap { $0.lines(Palette(isOn: false)) }
    }

    private static let opens = """
          kprobes:
          - call: sys_openat
            args:
            - {index: 0, type: int}
            - {index: 1, type: string}
            selectors:
            - matchBinaries:
              - {operator: In, values: [/usr/bin/cat]}
              matchArgs:
              - {index: 1, operator: Prefix, values: [/etc/]}
              matchActions: [{action: Sigkill}]
            - label: rest
              matchCapabilities:
              - {operator: In, values: [CAP_SYS_ADMIN]}
        """

    @Test func everySelectorWithEveryCondition() throws {
        let event = #"""
            {"process_kprobe":{"process":{"pid":7,"binary":"/usr/bin/less","arguments":"x"},"parent":{"pid":1,"binary":"/sbin/init"},"function_name":"__x64_sys_openat","args":[{"int_arg":-100},{"string_arg":"/etc/passwd"}],"policy_name":"p"},"time":"2026-11-21T08:00:00Z"}
            """#
        #expect(
            try Self.lines(Self.opens, event) == [
                "p.yaml: policy p, spec.kprobes[0] at sys_openat: selector 1 decides, though not everything is known",
                "  selector 0 (line 12) fails", "    matchBinaries[0]  line 13  fails",
                "    matchArgs[0]      line 15  holds", "  selector 1 rest (line 17) unknown",
                "    matchCapabilities[0]  line 19  unknown",
            ])
        let known = event.replacing("/usr/bin/less", with: "/usr/bin/cat")
        let lines = try Self.lines(Self.opens, known)
        #expect(lines[0] == "p.yaml: policy p, spec.kprobes[0] at sys_openat: selector 0 decides: Sigkill")
        #expect(lines[1] == "  selector 0 (line 12) matches")
    }

    @Test func noSelectorAndNoEntry() throws {
        let event = #"""
            {"process_kprobe":{"process":{"pid":7,"binary":"/bin/x","cap":{"effective":["CAP_CHOWN"]}},"function_name":"sys_openat","args":[{"int_arg":3},{"error_arg":{"Message":"fault"}}]}}
            """#
        let call = try #require(RecordedCall(try EventLine(parsing: event)))
        let found = CallExplanation.all(call, try Self.policies(Self.opens))
        #expect(found.map(\.isMatch) == [false])
        #expect(
            found[0].lines(Palette(isOn: false)) == [
                "p.yaml: policy p, spec.kprobes[0] at sys_openat: no selector matches",
                "  selector 0 (line 12) fails", "    matchBinaries[0]  line 13  fails",
                "    matchArgs[0]      line 15  unknown", "  selector 1 rest (line 17) fails",
                "    matchCapabilities[0]  line 19  fails",
            ])
        let other = #"{"process_kprobe":{"process":{"pid":7},"function_name":"tcp_connect","args":[]}}"#
        let elsewhere = try #require(RecordedCall(try EventLine(parsing: other)))
        #expect(CallExplanation.all(elsewhere, try Self.policies(Self.opens)).isEmpty)
        let exec = #"{"process_exec":{"process":{"pid":7}}}"#
        #expect(RecordedCall(try EventLine(parsing: exec)) == nil)
    }

    private static let connects = """
          kprobes:
          - call: tcp_connect
            syscall: false
            return: true
            args:
            - {index: 0, type: sock}
            returnArg: {index: 0, type: int}
            selectors:
            - matchArgs:
              - {index: 0, operator: DAddr, values: [10.0.0.0/8]}
              - {index: 0, operator: DPort, values: ["443"]}
              - {index: 0, operator: Family, values: [AF_INET]}
              - {index: 0, operator: SAddr, values: [192.168.0.1]}
              matchReturnArgs:
              - {index: 0, operator: Equal, values: ["-111"]}
        """

    @Test func socketsAndReturnValues() throws {
        let event = #"""
            {"process_kprobe":{"process":{"pid":7},"function_name":"tcp_connect","args":[{"sock_arg":{"family":"AF_INET","protocol":"IPPROTO_TCP","daddr":"10.1.2.3","dport":443}}],"return":{"int_arg":-111}}}
            """#
        #expect(
            try Self.lines(Self.connects, event) == [
                "p.yaml: policy p, spec.kprobes[0] at tcp_connect: no selector matches",
                "  selector 0 (line 14) fails", "    matchArgs[0]        line 15  holds",
                "    matchArgs[1]        line 16  holds", "    matchArgs[2]        line 17  holds",
                "    matchArgs[3]        line 18  fails", "    matchReturnArgs[0]  line 20  holds",
            ])
    }

    private static let files = """
          lsmhooks:
          - hook: file_open
            args:
            - {index: 0, type: file}
            selectors:
            - matchArgs:
              - {index: 0, operator: Postfix, values: [.pem]}
              - {index: 0, operator: FileType, values: [reg]}
              matchAncestorBinaries:
              - {operator: In, values: [/usr/sbin/sshd]}
        """

    @Test func filesAndAncestors() throws {
        let event = #"""
            {"process_lsm":{"process":{"pid":7,"exec_id":"c"},"parent":{"pid":5,"exec_id":"b","binary":"/usr/bin/bash"},"ancestors":[{"pid":2,"exec_id":"a","binary":"/usr/sbin/sshd"}],"function_name":"file_open","args":[{"file_arg":{"path":"/k.pem","permission":"-rw-------"}}]}}
            """#
        #expect(
            try Self.lines(Self.files, event)[0]
                == "p.yaml: policy p, spec.lsmhooks[0] at lsm:file_open: selector 0 decides")
        // Who is above is known up to the first process only.
        let unknown = try Self.lines(Self.files, event.replacing("/usr/sbin/sshd", with: "/usr/bin/tmux"))
        #expect(unknown.contains("    matchAncestorBinaries[0]  line 15  unknown"))
        let pipe = try Self.lines(Self.files, event.replacing("-rw-------", with: "prw-------"))
        #expect(pipe.contains("    matchArgs[1]              line 13  fails"))
    }
}
