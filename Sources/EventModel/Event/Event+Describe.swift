import CEventABI
import TextEncoding

/// What the members `stream`, `ring` and `cpu` depend on: the stream is its context's.
private struct StreamSource: BitwiseCopyable {
    var context: UInt
    var ring: UInt32
    var cpu: UInt32

    init(_ context: EncodingContext, _ origin: Origin) {
        self.context = UInt(bitPattern: ObjectIdentifier(context))
        ring = UInt32(origin.ring ?? .max)
        cpu = origin.cpu
    }
}

extension Event {
    /// Describes the whole event, envelope included, to a visitor at the top level.
    public borrowing func describe<V: FieldVisitor & ~Copyable>(
        _ context: EncodingContext, _ visitor: inout V
    ) {
        head.describe(body, line: head.origin.line, context, &visitor)
    }
}

extension Event.Head {
    /// Describes the whole event with its envelope: the content of one JSON line, or of one
    /// `tetragon.GetEventsResponse`, with a number of its own. Of a head and a body, because to put both into an event copies them.
    public func describe<V: FieldVisitor & ~Copyable>(
        _ body: borrowing Event.Body, line: UInt64, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = EventFields
        let field = Field(kind.name, kind.rawValue, .message, "The event.")
        visitor.message(field, present: true) { describe(body: body, context, &$0) }
        context.nodeText.withBytes { visitor.string(F.nodeName, $0) }
        visitor.timestamp(F.time, time)
        context.clusterText.withBytes { visitor.string(F.clusterName, $0) }
        visitor.message(F.secd, present: true) { visitor in
            let source = StreamSource(context, origin)
            visitor.members(of: F.stream, decidedBy: source) { visitor in
                context.streamText.withBytes { visitor.string(F.stream, $0) }
                visitor.text(F.ring, origin.ring.map { Origin.name(ofRing: $0) })
                visitor.wrapped(F.cpu, origin.ring == nil ? nil : origin.cpu)
            }
            visitor.uint64(F.sequence, origin.sequence)
            visitor.uint64(F.skipped, origin.skipped)
            visitor.uint64(F.line, line)
        }
    }

    private func describe<V: FieldVisitor & ~Copyable>(
        body: borrowing Event.Body, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = EventFields
        switch body {
        case .process:
            describeActor(&visitor, .full)
        case .exit(let record):
            visitor.process(F.process, process, .standard)
            visitor.process(F.parent, process?.parent, .standard)
            describeExit(record, context, &visitor)
            visitor.ancestors(F.exitAncestors, of: process)
        case .credentials(let record):
            describeActor(&visitor, .full)
            describeCredentials(record, context, &visitor)
        case .socket(let socket):
            describeActor(&visitor, .standard)
            visitor.message(F.socket, present: true) { socket.describe(kind, context, &$0) }
        case .file(let file):
            describeActor(&visitor, .standard)
            visitor.message(F.file, present: true) { file.describe(context, &$0) }
        case .named(let events):
            describeActor(&visitor, .standard)
            visitor.uint64(F.namedEvents, events)
        case .policy(let policy): policy.describe(process, context, &visitor)
        case .loader(let loader): loader.describe(process, &visitor)
        case .throttle(let throttle): throttle.describe(&visitor)
        case .start(let start): start.describe(context, &visitor)
        case .gap(let gap): gap.describe(&visitor)
        case .stop(let stop): stop.describe(&visitor)
        }
    }

    private func describeActor<V: FieldVisitor & ~Copyable>(_ visitor: inout V, _ form: ProcessForm) {
        visitor.process(EventFields.process, process, form)
        visitor.process(EventFields.parent, process?.parent, .standard)
        visitor.ancestors(EventFields.ancestors, of: process)
    }

    private func describeExit<V: FieldVisitor & ~Copyable>(
        _ record: secd_exit, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = EventFields
        // wait(2): low seven bits are the signal, the eighth says core, the next eight the code.
        let signal = record.status & 0x7f
        visitor.text(F.signal, signal == 0 ? nil : Signal.name(signal))
        visitor.uint32(F.status, signal == 0 ? record.status >> 8 & 0xff : 0)
        visitor.timestamp(F.exitTime, context.time(record.head.time_ns))
        visitor.bool(F.coreDumped, record.status & 0x80 != 0)
        visitor.uint64(F.duration, record.head.time_ns &- record.image.start_ns)
        visitor.uint64(F.processDuration, record.head.time_ns &- record.process_start_ns)
        let imageMemory = record.flags & SECD_EXIT_IMAGE_RSS_KNOWN != 0 ? record.image_rss_bytes : 0
        visitor.message(F.usage, present: true) { Self.describe(record.since_exec, imageMemory, &$0) }
        visitor.message(F.processUsage, present: true) {
            Self.describe(record.since_fork, record.process_rss_bytes, &$0)
        }
        visitor.uint32(F.threads, record.threads)
    }

    private static func describe<V: FieldVisitor & ~Copyable>(
        _ usage: secd_usage, _ memory: UInt64, _ visitor: inout V
    ) {
        typealias F = EventFields
        visitor.uint64(F.cpuTime, usage.cpu_ns)
        visitor.uint64(F.readBytes, usage.read_bytes)
        visitor.uint64(F.writeBytes, usage.write_bytes)
        visitor.uint64(F.readChars, usage.read_chars)
        visitor.uint64(F.writeChars, usage.write_chars)
        visitor.uint64(F.peakMemory, memory)
    }

    private func describeCredentials<V: FieldVisitor & ~Copyable>(
        _ record: secd_credentials_change, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = EventFields
        visitor.message(F.old, present: true) { ProcessImage.describe(credentials: record.old, &$0) }
        visitor.message(F.new, present: true) { ProcessImage.describe(credentials: record.new, &$0) }
        visitor.message(F.oldCapabilities, present: true) {
            ProcessImage.describe(capabilities: record.old, context, &$0)
        }
        visitor.message(F.newCapabilities, present: true) {
            ProcessImage.describe(capabilities: record.new, context, &$0)
        }
        visitor.text(F.syscall, CredentialSyscall.name(record.syscall))
        visitor.wrapped(F.tid, record.tid)
    }
}
