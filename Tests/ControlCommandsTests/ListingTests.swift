import AgentModel
import ControlCommands
import Foundation
import JSONTree
import Testing

@Suite struct ListingTests {
    private static func process(
        _ id: String, _ parent: String, _ pid: UInt32, _ binary: String, _ arguments: String = "",
        pod: String = "", alive: Bool = true
    ) -> ProcessListing {
        ProcessListing(
            execID: id, parentExecID: parent, pid: pid, uid: 0, binary: binary, arguments: arguments,
            cwd: "/",
            startTime: "2026-11-21T08:00:00Z", cgroup: "/", pod: pod, container: "", alive: alive)
    }

    private static let processes = [
        process("c", "b", 812, "/usr/sbin/nginx", "-g \"daemon off;\"", pod: "demo/web"),
        process("a", "", 1, "/lib/systemd/systemd"), process("b", "a", 77, "/usr/bin/shim", alive: false),
        process("d", "c", 813, "/usr/sbin/nginx"), process("e", "a", 90, "/usr/sbin/cron"),
    ]
    private static let socket = SocketListing(
        cookie: 1, user: "c", creator: "c", acceptor: "", ownerUnknown: "", pid: 812,
        binary: "/usr/sbin/nginx", kind: "tcp",
        state: "listen", local: "0.0.0.0:80", remote: "", remoteName: "", bytesSent: 78, bytesReceived: 2048,
        openedTime: "")

    @Test func tree() {
        let text = ProcessTreeText(
            processes: Self.processes, sockets: [Self.socket], palette: Palette(isOn: false))
        #expect(
            text.lines() == [
                "systemd[1]",
                "├─ shim[77]   exited",
                "│  └─ nginx[812] -g \"daemon off;\"   demo/web",
                "│     │    tcp listen 0.0.0.0:80",
                "│     └─ nginx[813]",
                "└─ cron[90]",
            ])
        #expect(
            text.lines(pid: 813) == [
                "systemd[1]", "└─ shim[77]   exited", "   └─ nginx[812] -g \"daemon off;\"   demo/web",
                "      │    tcp listen 0.0.0.0:80", "      └─ nginx[813]",
            ])
        #expect(!text.contains(pid: 77))
    }

    /// Processes that ended a moment ago are kept for late records; nobody alive descends from them.
    @Test func endedProcessesAreNoPartOfTheTree() {
        var ended = Self.process("x", "a", 99, "/usr/bin/true")
        ended.alive = false
        let texts = [false, true].map {
            ProcessTreeText(
                processes: Self.processes + [ended], sockets: [], palette: Palette(isOn: false), all: $0)
        }
        #expect(texts[0].lines().count == 5)
        #expect(texts[1].lines().last == "└─ true[99]   exited")
    }

    @Test func socketsThatLookAlikeAreOneLine() throws {
        var nameless = Self.socket
        (nameless.kind, nameless.state, nameless.local) = ("unix", "established", "")
        nameless.bytesReceived = 0
        var unbound = Self.socket
        (unbound.state, unbound.local) = ("close", "0.0.0.0:0")
        (unbound.bytesSent, unbound.bytesReceived) = (0, 0)
        let sockets = [nameless, unbound, nameless, nameless]
        let tree = ProcessTreeText(
            processes: [Self.process("c", "", 812, "/usr/sbin/nginx")], sockets: sockets,
            palette: Palette(isOn: false))
        #expect(
            tree.lines() == ["nginx[812]", "     unix established ×3", "     tcp unconnected"])
        #expect(
            try Listing.text(SocketRow.rows(sockets), as: .table, Palette(isOn: false)) == """
                kind  state        local  remote   sent  received  process
                unix  established  -              234 B         -  nginx[812] ×3
                tcp   unconnected  -                  -         -  nginx[812]
                """)
    }

    @Test func narrowTerminals() {
        let columns = [Column("mechanism"), Column("n", right: true), Column("without it")]
        let rows = [
            ["fentry", "1", "tracepoints of system calls; io_uring is not seen"], ["kprobes", "22", ""],
        ]
        let palette = Palette(isOn: false)
        #expect(
            Listing.table(columns, rows, palette, width: 40) == """
                mechanism   n  without it
                fentry      1  tracepoints of system ca…
                kprobes    22
                """)
        #expect(
            Listing.table(columns, rows, palette, width: 40, .wrap) == """
                mechanism   n  without it
                fentry      1  tracepoints of system
                               calls; io_uring is not
                               seen
                kprobes    22
                """)
        #expect(Listing.table(columns, rows, palette, width: 80).hasSuffix("is not seen\nkprobes    22"))
        // A word is broken only where it is longer than words are.
        let path = "/a/path/of/thirty/letters/here" + "/and/more"
        #expect(
            Listing.table([Column("a")], [["tp_btf/sched_process_exec"], [path]], palette, width: 4, .wrap)
                == "a\ntp_btf/sched_process_exec\n\(path.prefix(30))\n\(path.dropFirst(30))")
        let tree = ProcessTreeText(
            processes: Self.processes, sockets: [], palette: palette, width: 34)
        #expect(tree.lines()[2] == "│  └─ nginx[812] -g \"d…   demo/web")
    }

    @Test func aRingInTheTreeEnds() {
        let ring = [
            Self.process("a", "b", 1, "/a"), Self.process("b", "a", 2, "/b"), Self.process("c", "c", 3, "/c"),
        ]
        let text = ProcessTreeText(processes: ring, sockets: [], palette: Palette(isOn: false))
        #expect(text.lines() == ["c[3]"])
        _ = text.lines(pid: 1)
    }

    @Test func tables() throws {
        let palette = Palette(isOn: false)
        #expect(
            try Listing.text(SocketRow.rows([Self.socket]), as: .table, palette) == """
                kind  state   local       remote  sent  received  process
                tcp   listen  0.0.0.0:80          78 B     2 KiB  nginx[812]
                """)
        #expect(
            try Listing.text(
                [
                    MechanismListing(
                        mechanism: "BPF LSM", available: false, reason: "EPERM", usedBy: "prevention",
                        without: "kill")
                ],
                as: .table, palette) == """
                    mechanism  here        used by     without it
                    BPF LSM    no (EPERM)  prevention  kill
                    """)
        let rows = ProcessRow.rows(Self.processes, all: false)
        #expect(rows.map { $0.row[0] + "<" + $0.row[1] } == ["1<-", "90<1", "812<77", "813<812"])
        let json = try Listing.json([Self.socket])
        #expect(
            try JSONDecoder().decode([SocketListing].self, from: Data(json.utf8)).first?.local == "0.0.0.0:80"
        )
    }

    @Test func status() {
        let status = AgentStatus(
            version: "0.1.0", nodeName: "n1", kernel: "6.18", cpus: 2, pid: 7, uptimeSeconds: 11_520,
            stream: "5e1f", bootID: "b",
            problems: ["file sink: disk full since 08:00"], notes: ["policy has no effect"],
            sensors: [
                SensorStatus(
                    name: "process", enabled: true, mechanisms: ["exec": "tp_btf"], blindSpots: ["x"])
            ],
            rings: [
                RingStatus(
                    name: "lifecycle", sizeBytes: 1 << 20, fillBytes: 0, records: 1200, bytes: 4096, lost: 3,
                    lostByKind: ["exec": 3])
            ],
            sinks: [
                SinkStatus(
                    name: "file", target: "/l", state: "disk full", events: 5, bytes: 10, lost: 1,
                    queueBytes: 0, queueLimitBytes: 1024,
                    details: ["rotations": 2])
            ], subscribers: [],
            processes: ProcessTreeStatus(
                live: 1, retained: 2, evicted: 3, sockets: 4, bytes: 5, budgetBytes: 6),
            memory: MemoryStatus(
                residentBytes: 3 << 20, ownBytes: 1 << 20, ringBytes: 1 << 20, kernelBytes: 2 << 20),
            programCounters: ["a": 0, "b": 9])
        let lines = StatusText(status, palette: Palette(isOn: false)).lines
        #expect(lines[0] == "secd 0.1.0 on n1, kernel 6.18, 2 cpus, pid 7, up 3h12m: 1 problem")
        #expect(lines[1...2] == ["  file sink: disk full since 08:00", "  policy has no effect"])
        let text = lines.joined(separator: "\n")
        #expect(text.contains("lifecycle  1 MiB      0 B    1,200  4 KiB  3 (exec 3)"))
        #expect(text.contains("disk full, rotations 2"))
        #expect(text.contains("kernel programs  b 9"))
        #expect(
            text.contains(
                "memory     1 MiB resident, 3 MiB with the rings (1 MiB, mapped twice), 2 MiB in the kernel"))
    }

    @Test func top() throws {
        var counts = TopCounts()
        for (kind, more) in [
            ("socket_connect", #""result":"attempt""#), ("socket_connect", #""result":"failed""#),
            ("socket_close", #""bytes_sent":"1000","bytes_received":"24""#),
        ] {
            counts.add(try EventLine(parsing: EventSamples.socket(kind, more)))
        }
        for _ in 0..<3 {
            counts.add(try EventLine(parsing: EventSamples.line("process_exec", EventSamples.actors)))
        }
        counts.add(try EventLine(parsing: EventSamples.line("process_exit", EventSamples.actors)))
        #expect(counts.events == 6)
        #expect(
            counts.rows(limit: 5) == [
                ["3", "0", "0", "0", "0", "0 B", "demo/web", "/bin/sh"],
                ["0", "1", "1", "0", "0", "1 KiB", "demo/web", "/usr/bin/curl"],
            ])
    }

    @Test func hostileNamesInTablesAreEscaped() {
        #expect(Listing.table([Column("a")], [["\u{1B}[2J\n"]], Palette(isOn: false)) == "a\n\\x1b[2J\\n")
    }

    @Test func exactJSONText() throws {
        let text = #"{"a":"x\u0001\"\\\n","b":[1,-2.5,true,null],"c":{}}"#
        #expect(try JSONScanner.parse(Array(text.utf8).span).json == text)
    }
}
