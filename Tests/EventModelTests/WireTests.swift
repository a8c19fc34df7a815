import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing
import TextEncoding

/// JSON and protobuf are made by two visitors from one description: what they say must be the same.
@Suite struct WireTests {
    private static let descriptions = Dictionary(
        uniqueKeysWithValues: KindDescription.all().map { ($0.kind, $0) })

    private func expectSameValues(_ event: Event, _ context: EncodingContext) throws {
        let description = try #require(Self.descriptions[event.kind])
        let message = try #require(WireMessage(event.wire(context)), "not a protobuf message")
        let body = try #require(message.message(Int(event.kind.rawValue)))
        #expect(
            Set(message.fields.keys).isSubset(
                of: Set(description.envelope.map { Int($0.number) } + [Int(event.kind.rawValue)])))
        guard case .object(var line) = try json(event, context) else { return #expect(Bool(false)) }
        let key = event.kind.name.description
        let written = try #require(line[key])
        line[key] = nil
        #expect(try body.asJSON(description.fields) == written)
        var around = message
        around.remove(Int(event.kind.rawValue))
        #expect(try around.asJSON(description.envelope) == .object(line))
    }

    @Test func samplesSayTheSameInBothEncodings() throws {
        let samples = SampleEvents()
        for event in samples.onePerKind + samples.variations { try expectSameValues(event, samples.context) }
    }

    /// Records of random bytes: any bytes are valid integers, and texts may be anything.
    @Test(arguments: 0..<24)
    func randomRecordsSayTheSameInBothEncodings(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<6 {
            let context = makeContext()
            let grandparent = randomImage(&random).object(context)
            let parent = randomImage(&random).object(context, parent: grandparent)
            let process = randomImage(&random).object(context, parent: parent)
            for kind in EventKind.allCases {
                let body = randomBody(kind, &random)
                let actor = Bool.random(using: &random) ? process : nil
                let origin = Origin(
                    ring: Bool.random(using: &random) ? UInt8.random(in: 0...3, using: &random) : nil,
                    cpu: .random(in: 0...1, using: &random),
                    sequence: .random(in: 0...(.max), using: &random),
                    skipped: .random(in: 0...1, using: &random), line: .random(in: 0...2, using: &random))
                try expectSameValues(makeEvent(kind, actor, body, origin: origin), context)
            }
        }
    }

    private func randomImage(_ random: inout SeededGenerator) -> SampleImage {
        var sample = SampleImage(pid: 1, start: 1, binary: "")
        let head = random.bytes(MemoryLayout<secd_exec>.size)
        sample.head = fill(secd_exec(), head)
        sample.head.image = secd_image(
            start_ns: .random(in: 1...(.max), using: &random), pid: .random(in: 1...(.max), using: &random),
            reserved: 0)
        if Bool.random(using: &random) { sample.head.credentials.user_ns_level %= 3 }
        sample.binary = random.text(Int.random(in: 0..<40, using: &random)).filter { $0 != 0 }
        sample.cwd = random.text(Int.random(in: 0..<20, using: &random))
        sample.filename = Bool.random(using: &random) ? sample.binary : random.text(10)
        sample.interpreter = random.text(Int.random(in: 0..<9, using: &random))
        sample.arguments = (0..<Int.random(in: 0..<5, using: &random)).map { _ in
            random.text(Int.random(in: 0..<2000, using: &random)).filter { $0 != 0 }
        }
        sample.lostArgumentBytes = Int.random(in: 0..<3, using: &random)
        sample.cgroupPath = random.text(Int.random(in: 0..<9, using: &random))
        sample.environment = Bool.random(using: &random) ? random.text(60).map { $0 == 0x20 ? 0 : $0 } : nil
        return sample
    }

    private func randomBody(_ kind: EventKind, _ random: inout SeededGenerator) -> Event.Body {
        let bytes = random.bytes(512).map { byte -> UInt8 in random.next() % 3 == 0 ? 0 : byte }
        let name = "\(kind.name)"
        switch kind {
        case .processExec, .processFork: return .process
        case .processExit: return .exit(fill(secd_exit(), bytes))
        case .processCredentials: return .credentials(fill(secd_credentials_change(), bytes))
        case _ where EventKind.ofPolicies.contains(kind):
            var policy = RandomPolicy(random: random)
            defer { random = policy.random }
            return policy.body(kind)
        case _ where name.hasPrefix("socket"):
            var record = fill(secd_socket(), bytes)
            if random.next() % 4 != 0 { record.family = [1, 2, 10].randomElement(using: &random) ?? 2 }
            record.event %= 12
            record.state %= 14
            var event = SocketEvent(
                record: record, path: random.text(Int.random(in: 0..<20, using: &random)),
                remoteName: random.text(5))
            event.user = random.text(3)
            return .socket(event)
        case _ where name.hasPrefix("file"):
            var record = fill(secd_file(), bytes)
            record.operation %= 9
            return .file(
                FileEvent(record: record, path: random.text(30), target: random.text(Int(random.next() % 9))))
        case .workloadNamed: return .named(events: random.next())
        case .streamStart:
            return .start(
                StreamStart(version: "v", bootID: "", kernel: "ü\"", sensors: [("a", ""), ("", "b")]))
        case .streamGap:
            return .gap(
                StreamGap(
                    cause: .ringFull, ring: 1, cpu: 0, first: random.next(), last: random.next() % 2,
                    count: random.next(),
                    byKind: [("x", 0), ("", 1)], sink: "s", from: UnixTime(nanoseconds: random.next()),
                    to: nil))
        default:
            return .stop(
                StreamStop(
                    reason: "\n",
                    positions: [StreamStop.Position(ring: 0, cpu: 1, sequence: random.next(), skipped: 0)]))
        }
    }

    private func fill<Record: BitwiseCopyable>(_ record: Record, _ bytes: [UInt8]) -> Record {
        var record = record
        unsafe withUnsafeMutableBytes(of: &record) { unsafe $0.copyBytes(from: bytes.prefix($0.count)) }
        return record
    }
}
