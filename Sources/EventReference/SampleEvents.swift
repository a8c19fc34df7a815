import CEventABI
public import EventModel
import TextEncoding

/// One event of every kind with fixed times, and some more that show what one cannot show alone.
public struct SampleEvents {
    let processes = SampleProcesses()

    public init() {}

    /// What the samples are encoded with.
    public var context: EncodingContext { processes.context }

    /// Records that each sample accounts for: three that gave no event, and itself.
    private static let recordsPerLine: UInt64 = 4

    /// One event of every kind, in the order of `EventKind`: the golden lines. Numbered as a log is, so that
    /// `secctl verify` finds them complete.
    public var onePerKind: [Event] {
        var taken: [UInt8: UInt64] = [:]
        return EventKind.allCases.enumerated().map { index, kind in
            var event = sample(of: kind)
            event.origin.line = UInt64(index) + 1
            if let ring = event.origin.ring {
                taken[ring, default: 0] += Self.recordsPerLine
                event.origin.sequence = taken[ring, default: 0]
            }
            return event
        }
    }

    /// The ring that a kind's records come by; nil for what the daemon itself says.
    private static func ring(of kind: EventKind) -> UInt8? {
        switch kind {
        case .processExec, .processFork, .processExit, .processCredentials: UInt8(SECD_RING_LIFECYCLE)
        case .processThrottle, .streamStart, .streamGap, .streamStop, .workloadNamed: nil
        case .processKprobe, .processTracepoint, .processUprobe, .processLsm, .processUsdt:
            UInt8(SECD_RING_VERDICT)
        default: UInt8(SECD_RING_OBSERVATION)
        }
    }

    /// Records of a ring up to its last golden line.
    private static func records(of ring: Int32) -> UInt64 {
        UInt64(EventKind.allCases.count { self.ring(of: $0) == UInt8(ring) }) * recordsPerLine
    }

    /// Events whose content differs from the first of their kind, and events that say nothing.
    public var variations: [Event] {
        let odd = processes.odd
        var events = [
            event(.processExec, odd, .process), event(.processFork, nil, .process),
            event(.processExit, odd, .exit(exit(status: 3 << 8))),
            event(.processExit, nil, .exit(secd_exit())),
            event(.processCredentials, nil, .credentials(secd_credentials_change())),
            event(.socketConnect, nil, .socket(SocketEvent(record: secd_socket()))),
            event(.socketClose, processes.initial, .socket(unixSocket())),
            event(.fileOpen, nil, .file(FileEvent(record: secd_file(), path: [], target: []))),
            event(.fileRename, odd, .file(strangeFile())),
            event(.streamGap, nil, .gap(sinkGap())),
            event(.streamStart, nil, .start(StreamStart(version: "", bootID: "", kernel: "", sensors: []))),
            event(.streamStop, nil, .stop(StreamStop(reason: "", positions: []))),
        ]
        for (index, variation) in policyVariations.enumerated() {
            events.append(event(variation.kind, index == 0 ? odd : nil, variation.body))
        }
        for index in events.indices where events[index].process == nil {
            events[index].origin = Origin(ring: nil)
        }
        return events
    }

    private func event(_ kind: EventKind, _ process: ProcessObject?, _ body: Event.Body) -> Event {
        var origin = Origin(ring: Self.ring(of: kind), line: 1)
        if origin.ring != nil {
            origin.cpu = 2
            origin.sequence = Self.recordsPerLine
            origin.skipped = Self.recordsPerLine - 1
        }
        return Event(
            kind: kind, time: context.time(SampleProcesses.now), process: process, body: body, origin: origin)
    }

    private func sample(of kind: EventKind) -> Event {
        let actor = processes.actor
        switch kind {
        case .processExec, .processFork: return event(kind, actor, .process)
        case .processExit: return event(kind, actor, .exit(exit(status: 11 | 0x80)))
        case .processCredentials: return event(kind, actor, .credentials(credentials()))
        case .socketCreate, .socketBind, .socketListen, .socketConnect, .socketAccept, .socketClose,
            .socketHandover,
            .socketDatagram:
            return event(kind, actor, .socket(socket(kind)))
        case .fileOpen, .fileCreate, .fileDelete, .fileRename, .fileLink, .fileChmod, .fileChown, .fileMap:
            return event(kind, actor, .file(file(kind)))
        case .processKprobe, .processTracepoint, .processLoader, .processUprobe, .processLsm, .processUsdt:
            return event(kind, actor, policyBody(kind))
        case .processThrottle: return event(kind, nil, policyBody(kind))
        case .streamStart, .streamGap, .streamStop: return event(kind, nil, streamBody(kind))
        case .workloadNamed: return event(kind, actor, .named(events: 3))
        }
    }

    private func exit(status: UInt32) -> secd_exit {
        var record = secd_exit()
        record.head.time_ns = SampleProcesses.now + 2 * SampleProcesses.second
        record.image = processes.actor.key
        record.process_start_ns = processes.actor.image.head.process_start_ns
        record.since_exec = secd_usage(
            cpu_ns: 12_345_678, read_bytes: 4096, write_bytes: 512, read_chars: 70_000, write_chars: 900)
        record.since_fork = secd_usage(
            cpu_ns: 12_400_000, read_bytes: 4096, write_bytes: 512, read_chars: 70_010, write_chars: 900)
        record.image_rss_bytes = 9_437_184
        record.process_rss_bytes = 9_437_184
        record.status = status
        record.flags = SECD_EXIT_IMAGE_RSS_KNOWN
        record.threads = 2
        return record
    }

    private func credentials() -> secd_credentials_change {
        var record = secd_credentials_change()
        record.image = processes.actor.key
        record.old = SampleProcesses.raised
        record.new = SampleProcesses.user
        record.new.securebits = 0xff
        record.tid = 4243
        record.syscall = 117
        return record
    }

    private func streamBody(_ kind: EventKind) -> Event.Body {
        switch kind {
        case .streamStart:
            .start(
                StreamStart(
                    version: "1.0.0", bootID: "5f0c1f0e-6b0b-4d4e-9a53-9a1d6a9f3c11", kernel: "6.12.0",
                    sensors: [("process", "tp_btf fentry"), ("socket", "fentry cgroup")]))
        case .streamGap:
            .gap(
                StreamGap(
                    cause: .ringFull, ring: UInt8(SECD_RING_OBSERVATION), cpu: 1, first: 11, last: 13,
                    count: 3,
                    byKind: [("socket", 2), ("file", 1)], from: context.time(SampleProcesses.now - 5_000_000),
                    to: context.time(SampleProcesses.now)))
        default:
            .stop(
                StreamStop(
                    reason: "SIGTERM",
                    positions: [
                        StreamStop.Position(
                            ring: UInt8(SECD_RING_LIFECYCLE), cpu: 2,
                            sequence: Self.records(of: SECD_RING_LIFECYCLE) + 2, skipped: 2),
                        StreamStop.Position(
                            ring: UInt8(SECD_RING_VERDICT), cpu: 2,
                            sequence: Self.records(of: SECD_RING_VERDICT), skipped: 0),
                        // The records before those of the gap gave no event.
                        StreamStop.Position(
                            ring: UInt8(SECD_RING_OBSERVATION), cpu: 1, sequence: 13, skipped: 10),
                        StreamStop.Position(
                            ring: UInt8(SECD_RING_OBSERVATION), cpu: 2,
                            sequence: Self.records(of: SECD_RING_OBSERVATION), skipped: 0),
                    ]))
        }
    }

    private func sinkGap() -> StreamGap {
        StreamGap(cause: .sinkFull, count: 7, sink: "file")
    }
}
