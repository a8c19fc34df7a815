import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing
import TextEncoding

@Suite struct EventTests {
    private let context = makeContext()

    private func exit(_ change: (inout secd_exit) -> Void) throws -> JSONValue {
        var record = secd_exit()
        record.head.time_ns = 5_000_000_000
        change(&record)
        let process = SampleImage.plain().object(context)
        return try #require(
            try json(makeEvent(.processExit, process, .exit(record)), context).at("process_exit"))
    }

    @Test func theEnvelopeSaysWhereAndWhen() throws {
        let line = try json(
            makeEvent(.processExec, nil, origin: Origin(ring: 2, cpu: 0, sequence: 9, skipped: 4, line: 5)),
            context)
        #expect(line.keys == ["process_exec", "node_name", "time", "secd"])
        #expect(line.at("node_name")?.text == "node")
        #expect(line.at("time")?.text == "2023-11-14T22:13:25.000000000Z")
        #expect(
            line.at("secd")
                == .object([
                    "stream": .string("00000001"), "ring": .string("observation"), "cpu": .number("0"),
                    "seq": .string("9"),
                    "skipped": .string("4"), "line": .string("5"),
                ]))
        let own = try json(
            makeEvent(
                .streamGap, nil, .gap(StreamGap(cause: .sinkFull, count: 1)),
                origin: Origin(ring: nil, line: 1)), context)
        #expect(own.at("secd")?.keys == ["stream", "line"])
    }

    /// As wait(2) reports it: status, signal, exit code, core.
    @Test(
        arguments: [
            (UInt32(0), nil, nil, false), (1 << 8, nil, 1, false), (255 << 8, nil, 255, false),
            (9, "SIGKILL", nil, false),
            (11 | 0x80, "SIGSEGV", nil, true), (15, "SIGTERM", nil, false), (31, "SIGSYS", nil, false),
            (34, "SIGRT", nil, false), (64, "SIGRT", nil, false),
        ] as [(UInt32, String?, Int?, Bool)])
    func theStatusIsTakenApart(_ status: UInt32, _ signal: String?, _ code: Int?, _ core: Bool) throws {
        let event = try exit { $0.status = status }
        #expect(event.at("signal")?.text == signal)
        #expect(event.at("status")?.integer == code)
        #expect(event.at("core_dumped") == (core ? .bool(true) : nil))
    }

    @Test func anExitTellsLifeAndUse() throws {
        let event = try exit {
            $0.image.start_ns = 3_000_000_000
            $0.process_start_ns = 1_000_000_000
            $0.since_exec = secd_usage(
                cpu_ns: 1, read_bytes: 2, write_bytes: 3, read_chars: 4, write_chars: 5)
            $0.since_fork.cpu_ns = 6
            $0.image_rss_bytes = 7
            $0.process_rss_bytes = 8
            $0.threads = 9
        }
        #expect(event.at("duration_ns")?.text == "2000000000")
        #expect(event.at("process_duration_ns")?.text == "4000000000")
        #expect(event.at("time")?.text == "2023-11-14T22:13:25.000000000Z")
        #expect(
            event.at("usage")
                == .object([
                    "cpu_ns": .string("1"), "read_bytes": .string("2"), "write_bytes": .string("3"),
                    "read_chars": .string("4"),
                    "write_chars": .string("5"),
                ]))
        #expect(event.at("process_usage") == .object(["cpu_ns": .string("6"), "rss_bytes": .string("8")]))
        #expect(event.at("threads")?.integer == 9)
        let known = try exit { ($0.image_rss_bytes, $0.flags) = (7, SECD_EXIT_IMAGE_RSS_KNOWN) }
        #expect(known.at("usage.rss_bytes")?.text == "7")
    }

    @Test(
        arguments: [
            (UInt32(105), "setuid"), (117, "setresuid"), (126, "capset"), (UInt32.max, nil), (1, nil),
        ] as [(UInt32, String?)])
    func credentialsAreShownBeforeAndAfter(_ syscall: UInt32, _ name: String?) throws {
        var record = secd_credentials_change()
        record.old.euid = 1000
        record.new.effective = 1
        record.syscall = syscall
        let process = SampleImage.plain().object(context)
        let event = try #require(
            try json(makeEvent(.processCredentials, process, .credentials(record)), context).at(
                "process_credentials"))
        #expect(event.at("old.euid")?.integer == 1000)
        #expect(event.at("new.euid")?.integer == 0)
        #expect(event.at("old_cap") == .object([:]))
        #expect(event.at("new_cap.effective.0")?.text == "CAP_CHOWN")
        #expect(event.at("syscall")?.text == name)
        #expect(event.at("process.cap") != nil)
    }

    @Test func aStreamTellsItsBeginItsGapsAndItsEnd() throws {
        let start = StreamStart(
            version: "1", bootID: "b", kernel: "6.1", sensors: [("process", "tp_btf"), ("", "")])
        let first = try json(makeEvent(.streamStart, nil, .start(start)), context)
        #expect(
            first.at("stream_start.sensors")?.elements == [
                .object(["name": .string("process"), "mechanisms": .string("tp_btf")]), .object([:]),
            ])
        let gap = StreamGap(
            cause: .ringFull, ring: 0, cpu: 0, first: 5, last: 6, count: 2, byKind: [("exec", 2)])
        let middle = try json(makeEvent(.streamGap, nil, .gap(gap)), context)
        #expect(
            middle.at("stream_gap")
                == .object([
                    "cause": .string("ring_full"), "ring": .string("lifecycle"), "cpu": .number("0"),
                    "first": .string("5"),
                    "last": .string("6"), "count": .string("2"),
                    "by_kind": .array([.object(["kind": .string("exec"), "count": .string("2")])]),
                ]))
        let stop = StreamStop(
            reason: "SIGTERM", positions: [StreamStop.Position(ring: 1, cpu: 0, sequence: 0, skipped: 0)])
        let last = try json(makeEvent(.streamStop, nil, .stop(stop)), context)
        #expect(
            last.at("stream_stop.positions.0") == .object(["ring": .string("verdict"), "cpu": .number("0")]))
    }
}
