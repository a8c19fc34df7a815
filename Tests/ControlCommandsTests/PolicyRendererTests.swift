import ControlCommands
import Testing

/// Lines of what policies saw and did.
@Suite struct PolicyRendererTests {
    typealias Sample = EventSamples

    private static func line(_ kind: String, _ fields: String) -> String {
        Sample.line(kind, Sample.actors + "," + fields)
    }

    @Test(arguments: [
        (
            line(
                "process_kprobe",
                #""function_name":"security_file_open","args":[{"file_arg":{"path":"/etc/shadow"}},{"int_arg":4}],"return":{"int_arg":-1},"action":"KPROBE_ACTION_OVERRIDE","policy_name":"shadow","policies":[{"name":"shadow"}],"verdict":"denied","error":"EPERM""#
            ),
            "kprobe   demo/web       curl[901] security_file_open /etc/shadow 4 = -1   policy shadow   denied EPERM"
        ),
        (
            line(
                "process_lsm",
                #""function_name":"file_open","policy_name":"a","policies":[{"name":"a"},{"name":"b"},{"name":"a"},{"name":"c"}],"verdict":"killed","message":"Keys are read""#
            ),
            "lsm      demo/web       curl[901] file_open   Keys are read   policy a +2   killed"
        ),
        (
            line(
                "process_kprobe",
                #""function_name":"f","policy_name":"a","verdict":"none","would_be":"denied","error":"EACCES","uncertain":true,"held_back":"17""#
            ),
            "kprobe   demo/web       curl[901] f   policy a   would be denied EACCES   uncertain   17 events held back"
        ),
        (
            line(
                "process_tracepoint",
                #""subsys":"raw","event":"tcp_reset","policy_name":"a","verdict":"none","process_is":"tracked""#
            ),
            "tracepoint demo/web       curl[901] raw/tcp_reset   policy a   its socket, by TrackSock"
        ),
        (
            line(
                "process_tracepoint",
                #""subsys":"raw","event":"tcp_reset","policy_name":"a","verdict":"none","process_is":"interrupted""#
            ),
            "tracepoint demo/web       curl[901] raw/tcp_reset   policy a   interrupted, not its doing"
        ),
        (
            line(
                "process_uprobe",
                #""path":"/bin/sh","symbol":"main","policy_name":"a","action":"KPROBE_ACTION_POST","verdict":"none","count":"412","interval_ns":"1000000000""#
            ),
            "uprobe   demo/web       curl[901] /bin/sh main   policy a   412 calls in 1 s"
        ),
        (
            line("process_uprobe", #""path":"/bin/sh","offset":"4672","policy_name":"a","verdict":"none""#),
            "uprobe   demo/web       curl[901] /bin/sh +0x1240   policy a"
        ),
        (
            line("process_usdt", #""path":"/bin/p","provider":"pg","name":"query","policy_name":"a""#),
            "usdt     demo/web       curl[901] /bin/p pg query   policy a"
        ),
        (
            line("process_loader", #""path":"/lib/x.so","buildid":"AQID","policies":[{"name":"a"}]"#),
            "loader   demo/web       curl[901] /lib/x.so   policy a"
        ),
        (
            Sample.line(
                "process_throttle",
                #""type":"THROTTLE_STOP","policy_name":"a","hook":"sys_read","held_back":"1200""#),
            "throttle n1             policy a at sys_read: events are sent again   1,200 events held back"
        ),
        (
            Sample.line(
                "process_throttle", #""type":"THROTTLE_START","policy_name":"a","hook":"sys_read""#),
            "throttle n1             policy a at sys_read: events are held back"
        ),
        // Tetragon's own lines tell the action alone, and limit cgroups.
        (
            line(
                "process_tracepoint",
                #""subsys":"syscalls","event":"sys_enter_openat","args":[{"size_arg":"9"}],"policy_name":"a","action":"KPROBE_ACTION_SIGKILL""#
            ),
            "tracepoint demo/web       curl[901] syscalls/sys_enter_openat 9   policy a   sigkill"
        ),
        (
            Sample.line("process_throttle", #""type":"THROTTLE_START","cgroup":"web.service""#),
            "throttle n1             web.service: events are held back"
        ),
    ])
    func compact(json: String, expected: String) throws {
        // Words of at least the column's width still have their gap.
        let line = try Sample.render(json).replacing("tracepoint  ", with: "tracepoint ")
            .replacing("throttle  n1", with: "throttle n1")
        #expect(line.dropFirst(14) == expected)
    }

    @Test(arguments: [
        (#"{"string_arg":"a b"}"#, "a b"), (#"{"int_arg":0,"label":"fd"}"#, "fd=0"),
        (#"{"bytes_arg":"R0VUIC8="}"#, #""GET /""#), (#"{"bytes_arg":"AP8="}"#, "2 B"),
        (#"{"truncated_bytes_arg":{"bytes_arg":"R0VU","orig_size":"9"}}"#, #""GET"…"#),
        (
            #"{"sock_arg":{"family":"AF_INET6","saddr":"::1","sport":1,"daddr":"::2","dport":80}}"#,
            "[::1]:1 → [::2]:80"
        ),
        (#"{"sockaddr_arg":{"family":"AF_INET","addr":"192.0.2.8","port":53}}"#, "192.0.2.8:53"),
        (#"{"capability_arg":{"value":21,"name":"CAP_SYS_ADMIN"}}"#, "CAP_SYS_ADMIN"),
        (#"{"process_credentials_arg":{"uid":1000,"euid":0}}"#, "uid 1000 euid 0"),
        (#"{"error_arg":{"Message":"no page"}}"#, "(no page)"),
        (
            #"{"bpf_map_arg":{"MapType":"BPF_MAP_TYPE_HASH","KeySize":4}}"#,
            "MapType BPF_MAP_TYPE_HASH, KeySize 4"
        ),
        (#"{"string_arg":"","state":"unreadable"}"#, "(unreadable)"),
        (#"{"sock_arg":{},"state":"absent","label":"peer"}"#, "peer=(absent)"),
        (#"{"string_arg":"abc","state":"truncated"}"#, "abc…"), ("{}", "?"),
    ])
    func arguments(json: String, expected: String) throws {
        let line = try Sample.render(Self.line("process_kprobe", #""function_name":"f","args":[\#(json)]"#))
        #expect(line.hasSuffix("curl[901] f " + expected))
    }

    @Test func hashesAreShownWhereTheyAreAskedFor() throws {
        let json = Self.line(
            "process_lsm", #""function_name":"file_open","policy_name":"a","file_hash":"sha256:00ff""#)
        let tetragon = Self.line("process_lsm", #""function_name":"file_open","ima_hash":"sha1:11""#)
        #expect(try Sample.render(json).hasSuffix("file_open   policy a"))
        #expect(try Sample.render(json, wide: true).hasSuffix("file_open   policy a   sha256:00ff"))
        #expect(try Sample.lines(json, hashes: true)[0].hasSuffix("file_open   policy a   sha256:00ff"))
        #expect(try Sample.lines(tetragon, hashes: true)[0].hasSuffix("file_open   sha1:11"))
    }

    @Test func wideShowsHowItIsKnown() throws {
        let fields =
            #""function_name":"sys_openat","args":[{"path_arg":{"path":"/etc/x"},"source":"user"}],"policy_name":"a","policies":[{"name":"a"},{"name":"b","unknown":["matchArgs[0]"]}],"verdict":"killed","mechanism":"tracepoint","effect":"kill-before-return""#
        #expect(
            try Sample.render(Self.line("process_kprobe", fields), wide: true).hasSuffix(
                "curl[901] sys_openat /etc/x   policies a, b   killed   tracepoint (kill-before-return)  "
                    + "not decided: matchArgs[0]  path from user"))
    }

    /// Of the kernel with and without a module; of a program with names, without, and without anything.
    private static let stacks = line(
        "process_kprobe",
        #""function_name":"f","kernel_stack_trace":[{"offset":"27","symbol":"do_sys_openat2"},{"address":"18446744071578845184","offset":"288","symbol":"nft_do_chain","module":"nf_tables"}],"user_stack_trace":[{"address":"2130711092","offset":"48","symbol":"fopen64","module":"/usr/lib/libc.so.6"},{"symbol":"main"},{"offset":"4672","module":"/opt/a\nb"},{"address":"4096"},{}]"#
    )

    @Test func stackTracesStandBelowTheirEvent() throws {
        let expected = [
            "    Kernel:", "      do_sys_openat2+0x1b",
            "      0xffffffff81000000: nft_do_chain+0x120 (nf_tables)",
            "    User space:", "      0x7f001234: fopen64+0x30 (/usr/lib/libc.so.6)", "      main+0x0",
            #"      /opt/a\nb+0x1240"#, "      0x1000: unknown", "      unknown",
        ]
        #expect(try Array(Sample.lines(Self.stacks, stacks: true).dropFirst()) == expected)
        #expect(try Array(Sample.lines(Self.stacks, wide: true).dropFirst()) == expected)
        #expect(try Sample.lines(Self.stacks).count == 1)
        // An event without stacks has no lines below it.
        let plain = Self.line("process_kprobe", #""function_name":"f""#)
        #expect(try Sample.lines(plain, stacks: true) == Sample.lines(plain))
    }

    @Test func stackTracesAreColoured() throws {
        let lines = try Sample.lines(Self.stacks, stacks: true, color: true)
        #expect(lines.contains("      \u{1B}[1mdo_sys_openat2\u{1B}[0m+0x1b"))
    }

    @Test func aLongArgumentIsCutAndSaysSo() throws {
        let long = String(repeating: "a", count: 1000)
        let json = Self.line("process_kprobe", #""function_name":"f","args":[{"string_arg":"\#(long)"}]"#)
        #expect(try Sample.render(json).hasSuffix("a… (+700 characters, all with -o json)"))
        #expect(try Sample.render(json, wide: true).hasSuffix("aaaa"))
    }
}
