import AgentCore
import CEventABI
import EventModel
import EventReference
import Export
import Testing
import WorkloadModel

/// What journald gets of an event, and how important it is said to be.
@Suite struct JournalEncodingTests {
    private let samples = SampleEvents()

    private func sample(_ kind: EventKind) throws -> Event {
        try #require(samples.onePerKind.first { $0.kind == kind })
    }

    /// The fields of an event, without what every entry has from the writer.
    private func fields(of event: Event) -> [String: [String]] {
        var writer = JournalFieldWriter()
        let json = Array("{}".utf8)
        unsafe JournalEncoding.encode(event, samples.context, json: json.span.bytes, &writer)
        let entry = writer.finish(kind: event.kind, priority: event.priority)
        var fields: [String: [String]] = [:]
        var index = 0
        while index + 4 <= entry.count {
            let length = (0..<4).reduce(0) { $0 | Int(entry[index + $1]) << ($1 * 8) }
            let field = entry[index + 4..<index + 4 + length]
            let parts = field.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = String(decoding: parts.last ?? [], as: UTF8.self)
            fields[String(decoding: parts[0], as: UTF8.self), default: []].append(value)
            index += 4 + length
        }
        return fields
    }

    private static let ofWorkloads: Set = [
        "SECD_WORKLOAD", "SECD_WORKLOAD_KIND", "SECD_POD", "SECD_NAMESPACE", "SECD_CONTAINER", "SECD_UNIT",
    ]

    /// The fields about the workload of a process that runs in `workload`.
    private func workloadFields(_ workload: Workload?) throws -> [String: [String]] {
        var image = SampleImage(pid: 77, start: 1, binary: "/bin/x")
        image.workload = workload
        var event = try sample(.processExec)
        event.head.process = image.object(samples.context)
        return fields(of: event).filter { Self.ofWorkloads.contains($0.key) }
    }

    @Test func aContainerOfAPodHasAllNames() throws {
        let fields = fields(of: try sample(.processExec))
        #expect(
            fields.filter { Self.ofWorkloads.contains($0.key) } == [
                "SECD_WORKLOAD": ["client"], "SECD_WORKLOAD_KIND": ["container"],
                "SECD_POD": ["client-6d4cf56db6-xk2lp"], "SECD_NAMESPACE": ["shop"],
                "SECD_CONTAINER": ["client"], "SECD_UNIT": ["curl.service"],
            ])
        #expect(fields["SECD_CONTAINER_ID"] == ["4f1c9a0b7d2e6385f1c9a0b7d2e6385"])
        #expect(fields["SECD_EVENT"] == ["process_exec"] && fields["PRIORITY"] == ["6"])
        #expect(fields["SECD_EVENT_JSON"] == ["{}"])
    }

    @Test func whatIsNotKnownHasNoField() throws {
        #expect(try workloadFields(nil).isEmpty)
        var unit = Workload(kind: .unit, id: "nginx.service", name: "nginx.service", runtime: "systemd")
        unit.unit = "nginx.service"
        #expect(
            try workloadFields(unit) == [
                "SECD_WORKLOAD": ["nginx.service"], "SECD_WORKLOAD_KIND": ["unit"],
                "SECD_UNIT": ["nginx.service"],
            ])
        // Nobody has told its name yet, nor that of the pod.
        var unnamed = Workload(kind: .container, id: "4f1c", name: "", runtime: "runc")
        unnamed.pod = Pod(namespace: "", name: "", uid: "9a6b")
        #expect(
            try workloadFields(unnamed) == [
                "SECD_WORKLOAD": ["4f1c"], "SECD_WORKLOAD_KIND": ["container"],
            ])
    }

    @Test func everySampleHasItsPriority() {
        let notable: [EventKind: UInt8] = [
            .streamGap: 4, .streamStart: 5, .streamStop: 5,
        ]
        for event in samples.onePerKind where notable[event.kind] != nil {
            #expect(event.priority == notable[event.kind], "\(event.kind.name)")
        }
        let ordinary: Set<EventKind> = [.processExec, .processFork, .processLoader, .workloadNamed]
        for event in samples.onePerKind where ordinary.contains(event.kind) {
            #expect(event.priority == 6, "\(event.kind.name)")
        }
    }

    /// As wait(2) reports: code << 8, signal, 0x80 with a core.
    private static let endings: [(status: UInt32, priority: UInt8)] = [
        (0, 6), (0x100, 6), (11, 5), (0x8b, 5), (6, 5), (0x86, 5), (9, 6), (15, 6),
        // Codes that look like these signals.
        (0xb00, 6), (0x600, 6),
    ]

    @Test func aCrashIsANotice() {
        for ending in Self.endings {
            var record = secd_exit()
            record.status = ending.status
            #expect(Event.Body.exit(record).priority == ending.priority, "\(ending)")
        }
    }

    @Test func becomingRootIsANotice() {
        let changes: [(old: UInt32, new: UInt32, priority: UInt8)] = [
            (1000, 0, 5), (0, 0, 6), (0, 1000, 6), (1000, 65534, 6),
        ]
        for change in changes {
            var record = secd_credentials_change()
            record.old.euid = change.old
            record.new.euid = change.new
            #expect(Event.Body.credentials(record).priority == change.priority, "\(change)")
        }
    }

    @Test func whatFailsIsANotice() {
        for event in SECD_SOCKET_CREATED...SECD_SOCKET_SEEDED {
            var record = secd_socket()
            record.event = UInt16(event)
            let expected: UInt8 = event == SECD_SOCKET_FAILED ? 5 : 6
            #expect(Event.Body.socket(SocketEvent(record: record)).priority == expected, "\(event)")
        }
        for result: Int32 in [0, 3, -2, -13] {
            var record = secd_file()
            record.result = result
            let file = FileEvent(record: record, path: [], target: [])
            #expect(Event.Body.file(file).priority == (result < 0 ? 5 : 6), "\(result)")
        }
    }

    @Test(arguments: PolicyVerdict.allCases)
    func whatAPolicyStopsIsAWarning(verdict: PolicyVerdict) throws {
        guard case .policy(var policy) = try sample(.processLsm).body else {
            Issue.record("the sample has no policy")
            return
        }
        policy.verdict = verdict
        policy.expected = .none
        #expect(Event.Body.policy(policy).priority == (verdict == .none ? 6 : 4))
        // What others would have done makes no less of what was done.
        policy.expected = .denied
        #expect(Event.Body.policy(policy).priority == (verdict == .none ? 5 : 4))
    }
}
