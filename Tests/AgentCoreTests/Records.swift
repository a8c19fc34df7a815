import AgentCore
import CEventABI
import EventDecoder
import EventModel
import EventReference
import Synchronization
import TestSupport
import Testing
import WorkloadModel

/// Records as the kernel's programs write them, each with the next number of its ring and CPU.
struct Records {
    private var sequences: [Int: UInt64] = [:]
    private var now: UInt64 = 1_000_000_000
    /// The last image of each process.
    private var images: [UInt32: secd_image] = [:]

    /// The head of the next record.
    mutating func head(_ kind: Int32, ring: Int32 = SECD_RING_LIFECYCLE, cpu: UInt32 = 0) -> secd_record {
        let key = Int(ring) << 32 | Int(cpu)
        sequences[key, default: 0] += 1
        now += 1_000_000
        return secd_record(
            size: 0, kind: UInt16(kind), ring: UInt8(ring), version: UInt8(SECD_ABI_VERSION),
            sequence: sequences[key] ?? 0, time_ns: now, cpu: cpu, reserved: 0)
    }

    /// An exec of a process of its own.
    /// - Parameters:
    ///   - mounts: inode of its mount namespace; 0 = not known.
    ///   - parent: a process that has executed before; nil = nobody knows it.
    mutating func exec(
        _ pid: UInt32, _ binary: String = "/bin/true", cpu: UInt32 = 0, cgroup: UInt64 = 0, flags: UInt32 = 0,
        mounts: UInt32 = 0, parent: UInt32? = nil
    ) -> [UInt8] {
        let head = head(SECD_KIND_EXEC, cpu: cpu)
        var image = SampleImage(pid: pid, start: head.time_ns, binary: binary)
        image.head.head = head
        image.head.cgroup_id = cgroup
        image.head.flags |= flags
        image.head.namespaces.mnt = mounts
        image.head.parent = parent.flatMap { images[$0] } ?? secd_image()
        images[pid] = image.head.image
        return image.record
    }

    /// A cgroup comes or goes.
    mutating func cgroup(_ id: UInt64, _ path: String, _ change: Int32 = SECD_CGROUP_MADE) -> [UInt8] {
        var record = secd_cgroup()
        record.head = head(SECD_KIND_CGROUP)
        record.head.size = UInt32(MemoryLayout<secd_cgroup>.size + path.utf8.count)
        record.id = id
        record.change = UInt32(change)
        record.path_length = UInt32(path.utf8.count)
        return unsafe withUnsafeBytes(of: &record) { unsafe Array($0) } + Array(path.utf8)
    }

    /// A piece of an environment.
    mutating func environment(
        of image: secd_image, at offset: Int, _ bytes: [UInt8], flags: UInt32 = 0
    ) -> [UInt8] {
        var piece = secd_piece()
        piece.head = head(SECD_KIND_ENVIRONMENT, ring: SECD_RING_OBSERVATION)
        piece.head.size = UInt32(MemoryLayout<secd_piece>.size + bytes.count)
        piece.image = image
        piece.offset = UInt32(offset)
        piece.length = UInt32(bytes.count)
        piece.flags = flags
        return unsafe withUnsafeBytes(of: &piece) { unsafe Array($0) } + bytes
    }

    /// A record of a kind that gives no event.
    mutating func test(cpu: UInt32 = 0) -> [UInt8] { bytes(head(SECD_KIND_TEST, cpu: cpu), []) }

    /// A whole head with some bytes behind it.
    mutating func damaged(_ kind: Int32, ring: Int32 = SECD_RING_LIFECYCLE, behind count: Int) -> [UInt8] {
        bytes(head(kind, ring: ring), Array(repeating: 0xee, count: count))
    }

    private func bytes(_ head: secd_record, _ rest: [UInt8]) -> [UInt8] {
        var head = head
        head.size = UInt32(MemoryLayout<secd_record>.size + rest.count)
        return unsafe withUnsafeBytes(of: &head) { unsafe Array($0) } + rest
    }
}

/// Records through everything behind the rings, and the lines that they give.
struct Replay {
    private let lines = Lines()
    private let replay: EventReplay

    init(_ settings: EventSettings = EventSettings()) {
        replay = EventReplay(nodeName: "node", lines: lines, settings: settings)
    }

    var undecodable: UInt64 { replay.undecodable }

    /// From now on events wait for names; `asked` has the cgroups without one.
    func waitForNames(_ nanoseconds: UInt64 = 60_000_000_000) {
        replay.waitForNames(nanoseconds) { [asked] id, path in asked.withLock { $0.append("\(id) \(path)") } }
    }

    private let asked = Shared<[String]>([])
    var questions: [String] { asked.withLock { $0 } }

    /// From now on events wait for identities, too.
    func waitForIdentities() {
        replay.waitForIdentities(
            ask: { [known, numbered] changed in
                known.withLock { known in for (id, record) in changed { known[id] = record } }
                numbered.withLock { $0.formUnion(changed.map(\.id)) }
            },
            forget: { [numbered] id in _ = numbered.withLock { $0.remove(id) } })
    }

    private let known = Shared<[UInt64: WorkloadRecord]>([:])
    private let numbered = Shared<Set<UInt64>>([])
    /// Cgroups whose workloads hold a number.
    var holders: Set<UInt64> { numbered.withLock { $0 } }

    /// Somebody gives what runs in a cgroup a number, and the worker has not heard of it yet.
    func number(_ cgroup: UInt64, as identity: UInt32) {
        known.withLock { $0 }[cgroup]?.identify(as: identity)
    }

    /// Somebody gives what runs in cgroups a number.
    func identify(_ cgroups: UInt64..., as identity: UInt32) {
        let known = known.withLock { $0 }
        for cgroup in cgroups { known[cgroup]?.identify(as: identity) }
        replay.identified(cgroups)
    }

    func name(_ workload: Workload, cgroup: UInt64 = 0) {
        replay.name(CgroupTable.Assignment(workload, cgroupID: cgroup))
    }

    func giveUp(_ cgroup: UInt64, isEarly: Bool = false) { replay.giveUp(cgroup, unlessAskedAgain: isEarly) }
    func timePasses(until now: UInt64 = .max) { replay.releaseOverdue(now) }

    func add(_ catalogue: PolicyCatalogue) { replay.add(catalogue) }

    func take(_ records: [UInt8]...) {
        for record in records { unsafe replay.handle(record.span.bytes) }
    }

    /// The lines so far, each valid by the schema.
    func events(sourceLocation: SourceLocation = #_sourceLocation) throws -> [JSONValue] {
        replay.endPass(horizon: 0)
        return try lines.all.map {
            #expect(EventSchema.problems(ofLine: $0) == [], sourceLocation: sourceLocation)
            return try JSONValue($0)
        }
    }
}

/// A value that closures and their maker share.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result {
        value.withLock(body)
    }
}

private final class Lines: EventConsumer {
    private let bytes = Mutex<[UInt8]>([])

    var all: [String] {
        bytes.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n").map(String.init)
    }

    func deliver(_ batch: consuming EventBatch) -> EventBatch {
        let text = batch.bytes
        bytes.withLock { $0 += text }
        batch.removeAll()
        return batch
    }
}

extension JSONValue {
    /// The event's kind: the key that stands beside the envelope.
    var kind: String { keys.subtracting(["node_name", "cluster_name", "time", "secd"]).first ?? "" }

    /// A number of 64 bits, which stands as text; 0 where it is absent.
    func number(_ path: String) -> UInt64 {
        at(path).flatMap { $0.text.flatMap(UInt64.init) ?? $0.integer.map(UInt64.init) } ?? 0
    }
}
