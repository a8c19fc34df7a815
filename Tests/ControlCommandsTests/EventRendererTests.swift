import ControlCommands
import Testing

@Suite struct EventRendererTests {
    typealias Sample = EventSamples

    /// Compact lines of every kind: what stands behind the time.
    @Test(arguments: [
        (
            Sample.line("process_exec", Sample.actors),
            "exec     demo/web       nginx[812] → sh[901] → /usr/bin/curl -s http://10.0.0.7/"
        ),
        (
            Sample.line("process_exit", Sample.actors + #","duration_ns":"8000000","usage":{}"#),
            "exit     demo/web       curl[901] 0   8 ms"
        ),
        (
            Sample.line("process_exit", Sample.actors + #","signal":"SIGKILL""#),
            "exit     demo/web       curl[901] SIGKILL"
        ),
        (Sample.line("process_fork", Sample.actors), "fork     demo/web       curl[901]"),
        (
            Sample.line(
                "process_credentials",
                Sample.actors
                    + #","old":{"uid":1000},"new":{"uid":0},"old_cap":{},"new_cap":{"effective":["CAP_SYS_ADMIN"]},"syscall":"setuid""#
            ),
            "creds    demo/web       curl[901]   uid 1000 → 0  effective +CAP_SYS_ADMIN   setuid"
        ),
        (Sample.socket("socket_create"), "socket   demo/web       curl[901] tcp"),
        (Sample.socket("socket_bind"), "bind     demo/web       curl[901] on 10.0.0.1:1234 tcp"),
        (Sample.socket("socket_listen"), "listen   demo/web       curl[901] on 10.0.0.1:1234 tcp"),
        (
            Sample.socket("socket_connect", #""result":"established","latency_ns":"400000""#),
            "connect  demo/web       curl[901] → 10.0.0.7:80 (api.demo)   established in 0.4 ms"
        ),
        (
            Sample.socket(
                "socket_connect", #""result":"failed","error":"ECONNREFUSED","latency_ns":"90000""#),
            "connect  demo/web       curl[901] → 10.0.0.7:80 (api.demo)   failed ECONNREFUSED after 90 µs"
        ),
        (
            Sample.socket("socket_connect", #""result":"attempt""#),
            "connect  demo/web       curl[901] → 10.0.0.7:80 (api.demo)   attempt"
        ),
        (
            Sample.socket("socket_accept"),
            "accept   demo/web       curl[901] ← 10.0.0.7:80 (api.demo)   on 10.0.0.1:1234"
        ),
        (
            Sample.socket(
                "socket_close",
                #""bytes_sent":"78","bytes_received":"612","rtt_us":100,"retransmits":2,"direction":"outgoing""#
            ),
            "close    demo/web       curl[901] → 10.0.0.7:80 (api.demo)   ↑ 78 B ↓ 612 B  rtt 0.1 ms  2 retransmits"
        ),
        (
            Sample.socket("socket_handover", #""previous":"bjE6NTAwOjgxMg==""#),
            "handover demo/web       curl[901] took over 10.0.0.7:80 from pid 812"
        ),
        (
            Sample.socket("socket_datagram", #""direction":"received""#),
            "datagram demo/web       curl[901] ← 10.0.0.7:80 (api.demo)   tcp received"
        ),
        (
            Sample.line(
                "socket_listen",
                #""socket":{"family":"AF_UNIX","type":"SOCK_STREAM","path":"/run/x.sock","owner_unknown":"before_start"}"#
            ),
            "listen   n1             unknown (before_start) on /run/x.sock unix"
        ),
        (
            Sample.line(
                "socket_bind",
                #""socket":{"family":"AF_INET6","type":"SOCK_DGRAM","protocol":"IPPROTO_UDP","local":{"address":"::1","port":53}}"#
            ),
            "bind     n1             unknown on [::1]:53 udp6"
        ),
        (
            Sample.file("file_open", #""flags":"O_WRONLY|O_CREAT""#),
            "open     demo/web       curl[901]   /etc/x   O_WRONLY|O_CREAT"
        ),
        (
            Sample.file("file_create", #""flags":"O_EXCL""#),
            "create   demo/web       curl[901]   /etc/x   O_EXCL"
        ),
        (
            Sample.file("file_delete", #""error":"EACCES","result":-13"#),
            "delete   demo/web       curl[901]   /etc/x   failed EACCES"
        ),
        (
            Sample.file("file_rename", #""target":"/etc/y""#),
            "rename   demo/web       curl[901]   /etc/x → /etc/y"
        ),
        (
            Sample.file("file_link", #""target":"/etc/y""#),
            "link     demo/web       curl[901]   /etc/x → /etc/y"
        ),
        (
            Sample.file("file_chmod", #""mode":"0644""#),
            "chmod    demo/web       curl[901]   /etc/x   mode 0644"
        ),
        (
            Sample.file("file_chown", #""uid":0,"gid":4"#),
            "chown    demo/web       curl[901]   /etc/x   owner 0:4"
        ),
        (Sample.file("file_map", #""source":"kernel""#), "map      demo/web       curl[901]   /etc/x"),
        (
            Sample.line(
                "stream_start", #""version":"0.1.0","boot_id":"b1","kernel":"6.18.44""#,
                envelope: #","secd":{"stream":"5e1f","line":"1"}"#),
            "start    n1             secd 0.1.0 started   stream 5e1f  kernel 6.18.44  boot b1"
        ),
        (
            Sample.line(
                "stream_gap",
                #""cause":"ring_full","ring":"observation","cpu":1,"first":"10","last":"421","count":"412","by_kind":[{"kind":"file","count":"412"}],"from_time":"2026-11-21T03:12:09.4Z","to_time":"2026-11-21T03:12:09.6Z""#
            ),
            "gap      n1             lost 412 observations on cpu 1: ring full   03:12:09.400–03:12:09.600   file 412"
        ),
        (
            Sample.line("stream_gap", #""cause":"sink_full","count":"3","sink":"file""#),
            "gap      n1             lost 3 events for sink file: sink full"
        ),
        (
            Sample.line("stream_stop", #""reason":"SIGTERM""#, envelope: #","secd":{"stream":"5e1f"}"#),
            "stop     n1             secd stopped in order: SIGTERM   stream 5e1f"
        ),
        (
            Sample.line(
                "process_kprobe", Sample.actors + #","function_name":"tcp_connect","policy_name":"net""#),
            "kprobe   demo/web       curl[901] tcp_connect   policy net"
        ),
    ])
    func compact(json: String, expected: String) throws {
        // Words of exactly the column's width still have their gap.
        let line = try Sample.render(json)
        #expect(line.hasPrefix("12:40:01.123  "))
        let rest = line.dropFirst(14).replacing("handover  ", with: "handover ").replacing(
            "datagram  ", with: "datagram ")
        #expect(rest == expected)
    }

    @Test func wideShowsTheWholeAncestry() throws {
        #expect(
            try Sample.render(Sample.line("process_exec", Sample.actors), wide: true)
                == "12:40:01.123  exec     demo/web       systemd[1] → nginx[812] → sh[901] → /usr/bin/curl -s http://10.0.0.7/   uid 0  in /srv"
        )
        #expect(
            try Sample.render(
                Sample.socket("socket_connect", #""result":"established","creator":"bjE6NTAwOjgxMg==""#),
                wide: true)
                == "12:40:01.123  connect  demo/web       systemd[1] → nginx[812] → sh[901] → curl[901] → 10.0.0.7:80 (api.demo)   established   from 10.0.0.1:1234  creator pid 812  cookie 123"
        )
        #expect(
            try Sample.render(
                Sample.line(
                    "process_exit",
                    Sample.actors
                        + #","status":2,"core_dumped":true,"usage":{"cpu_ns":"3000000","rss_bytes":"5242880","read_bytes":"4096"}"#
                ),
                wide: true)
                == "12:40:01.123  exit     demo/web       systemd[1] → nginx[812] → sh[901] → curl[901] 2 (core dumped)   cpu 3 ms  memory 5 MiB  read 4 KiB"
        )
        #expect(
            try Sample.render(
                Sample.file(
                    "file_open", #""flags":"O_RDWR","mode":"0600","inode":{"number":"7"},"source":"user""#),
                wide: true
            )
            .hasSuffix("curl[901]   /etc/x   O_RDWR   inode 7  mode 0600  path from user"))
    }

    @Test func aChildShowsItsOwnPid() throws {
        let body = #""process":{"pid":902,"binary":"/bin/true"},"parent":{"pid":901,"binary":"/bin/sh"}"#
        #expect(
            try Sample.render(Sample.line("process_exec", body)).hasSuffix(
                "host           sh[901] → /bin/true[902]"))
    }

    @Test func suspiciousExecsStandOut() throws {
        let body =
            #""process":{"pid":9,"binary":"/memfd:x (deleted)","fileless":true,"binary_deleted":true,"argv_missing_bytes":"2048","environment_missing_bytes":"1024","binary_properties":{"setuid":0}}"#
        #expect(
            try Sample.render(Sample.line("process_exec", body))
                .hasSuffix(
                    "/memfd:x (deleted)[9]   arguments cut by 2 KiB   environment cut by 1 KiB   from memory   binary deleted   setuid 0"
                ))
    }

    @Test func colourOnlyWhereItIsOn() throws {
        let json = Sample.line("process_exit", Sample.actors + #","signal":"SIGSEGV""#)
        #expect(try Sample.render(json, color: true).contains("\u{1B}[1;31mSIGSEGV\u{1B}[0m"))
        #expect(try !Sample.render(json).contains("\u{1B}"))
    }

    @Test(
        arguments: [
            (ColorMode.auto, true, [:], true), (.auto, false, [:], false),
            (.auto, true, ["NO_COLOR": "1"], false),
            (.auto, true, ["NO_COLOR": ""], true), (.auto, true, ["TERM": "dumb"], false),
            (.never, true, [:], false),
            (.always, false, ["NO_COLOR": "1"], true),
        ] as [(ColorMode, Bool, [String: String], Bool)])
    func colourMode(mode: ColorMode, terminal: Bool, environment: [String: String], expected: Bool) {
        #expect(mode.isOn(terminal: terminal, environment: environment) == expected)
    }

    @Test func aHostileArgvDoesNotDriveTheTerminal() throws {
        let body =
            #""process":{"pid":5,"binary":"/bin/x\u001b[2J","arguments":"\u001b]0;owned\u0007 a\nb \u202egpj \u009b31m","pod":{"namespace":"a\rb","name":"\u001bc"}}"#
        let line = try Sample.render(Sample.line("process_exec", body))
        #expect(
            line.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x202E
            })
        #expect(line.contains(#"\x1b]0;owned\x07 a\nb \u{202e}gpj \x9b31m"#))
    }

    @Test func longArgumentsAreCutOnlyInCompactAndSayIt() throws {
        let body =
            #""process":{"pid":5,"binary":"/bin/x","arguments":"\#(String(repeating: "a", count: 5000))"}"#
        let json = Sample.line("process_exec", body)
        #expect(try Sample.render(json).hasSuffix("a… (+4700 characters, all with -o json)"))
        #expect(try Sample.render(json, wide: true).hasSuffix("aaaa"))
    }

    @Test func wholeTimes() throws {
        let renderer = EventRenderer(wide: false, palette: Palette(isOn: false), clock: .full)
        let line = renderer.line(for: try EventLine(parsing: Sample.line("process_fork", Sample.actors)))
        #expect(line.hasPrefix("2026-11-21T12:40:01.123456789Z  fork"))
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (10 << 20, "10 MiB"),
            (UInt64.max, "16 EiB"),
        ] as [(UInt64, String)])
    func bytes(count: UInt64, text: String) {
        #expect(Quantity.bytes(count) == text)
    }

    @Test(
        arguments: [
            (999, "999 ns"), (85_000, "85 µs"), (400_000, "0.4 ms"), (8_000_000, "8 ms"),
            (1_200_000_000, "1.2 s"),
            (184_000_000_000, "3m04s"), (18_720_000_000_000, "5h12m"), (273_600_000_000_000, "3d04h"),
        ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, text: String) {
        #expect(Quantity.duration(nanoseconds: nanoseconds) == text)
    }
}
