import AgentCore
import CBenchShims
import CEventABI
import EventModel
import Foundation

/// Records of short processes from memory, through decoding, tree and encoding, into nothing and into
/// a file: what user space costs per event.
struct ReplayBenchmark: Benchmark {
    let name = "replay"
    let summary = "fork + exec + exit records from memory to JSON lines, all fields, one thread"

    func measure(quick: Bool) throws -> [Figure] {
        let processes = quick ? 50_000 : 400_000
        let sink = WritingConsumer(path: "/dev/shm/secbench-\(getpid()).json")
        defer { sink.remove() }
        let replay = EventReplay(nodeName: "bench", lines: sink)
        var records = SyntheticProcesses()
        run(replay, &records, processes / 10)
        var perEvent: [Double] = []
        var userSpace: [Double] = []
        var allocations: [Double] = []
        for _ in 0..<10 {
            let eventsBefore = replay.events
            let allocationsBefore = secd_bench_allocations()
            let writtenBefore = sink.writing
            let start = Self.threadNanoseconds
            run(replay, &records, processes / 10)
            let events = Double(replay.events - eventsBefore)
            let took = Self.threadNanoseconds - start
            perEvent.append(Double(took) / events / 1000)
            userSpace.append(Double(took - (sink.writing - writtenBefore)) / events / 1000)
            allocations.append(Double(secd_bench_allocations() - allocationsBefore) / events)
        }
        let resident = Double(Self.residentKilobytes) / 1024
        let median = Figure(
            "ring to file, per event", median: perEvent, "µs", bar: nil,
            note: "exec and exit lines, write(2) included")
        return [
            Figure(
                "ring to file, user space alone, per event", median: userSpace, "µs", bar: .atMost(2),
                note: "without what the kernel needs for write(2)"),
            median,
            Figure("events per second on one core", 1e6 / median.value, "/s", bar: .atLeast(500_000)),
            Figure("allocations per event", median: allocations, "", bar: .atMost(0)),
            Figure(
                "images left after \(processes + processes / 10) processes", Double(replay.images), "",
                bar: nil),
            Figure("resident memory of the benchmark afterwards", resident, "MiB", bar: nil),
            Figure("undecodable", Double(replay.undecodable), "", bar: .atMost(0)),
        ]
    }

    private func run(_ replay: EventReplay, _ records: inout SyntheticProcesses, _ count: Int) {
        var index = 0
        while index < count {
            // A pass under load takes some hundred records.
            for _ in 0..<64 {
                records.next { replay.handle($0) }
                index += 1
            }
            replay.endPass(horizon: records.time)
        }
    }

    /// CPU time of this thread.
    static var threadNanoseconds: UInt64 { secd_bench_thread_nanoseconds() }

    static var residentKilobytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}

/// Writes batches into a file of bounded size, as the file sink does, on the caller's thread.
final class WritingConsumer: EventConsumer, @unchecked Sendable {
    private let path: String
    private let descriptor: Int32
    private var written = 0
    /// CPU time of the kernel's part, nanoseconds.
    private(set) var writing: UInt64 = 0

    init(path: String) {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }

    func deliver(_ batch: consuming EventBatch) -> EventBatch {
        let start = ReplayBenchmark.threadNanoseconds
        unsafe batch.bytes.withUnsafeBytes { unsafe _ = write(descriptor, $0.baseAddress, $0.count) }
        writing += ReplayBenchmark.threadNanoseconds - start
        written += batch.bytes.count
        if written > 64 << 20 {
            ftruncate(descriptor, 0)
            lseek(descriptor, 0, SEEK_SET)
            written = 0
        }
        batch.removeAll()
        return batch
    }

    func remove() {
        close(descriptor)
        unsafe unlink(path)
    }
}

/// Records of processes as the kernel writes them: fork, exec with typical strings, exit.
struct SyntheticProcesses {
    private(set) var time: UInt64 = 1_000_000_000_000
    private var sequence: UInt64 = 0
    private var pid: UInt32 = 10_000
    private var fork = secd_fork()
    private var exit = secd_exit()
    private var exec: [UInt8]
    private let shell: secd_image

    private static let strings = [
        "/usr/bin/true", "/home/user/project", "/bin/true", "true\0--with\0some arguments\0/of/a/path\0",
    ]

    init() {
        shell = secd_image(start_ns: 1000, pid: 1, reserved: 0)
        var head = secd_exec()
        head.binary.length = UInt16(Self.strings[0].utf8.count)
        head.cwd.length = UInt16(Self.strings[1].utf8.count)
        head.filename_length = UInt16(Self.strings[2].utf8.count)
        head.arguments_length = UInt16(Self.strings[3].utf8.count)
        head.arguments_total = UInt32(Self.strings[3].utf8.count)
        head.credentials.permitted = 0x1ff_ffff_ffff
        head.credentials.effective = 0x1ff_ffff_ffff
        head.credentials.bounding = 0x1ff_ffff_ffff
        head.namespaces = secd_namespaces(
            uts: 1, ipc: 2, mnt: 3, pid: 4, pid_for_children: 4, net: 5, time: 6, time_for_children: 6,
            cgroup: 7, user: 8)
        head.flags = SECD_IMAGE_EXECVE
        head.binary_inode.number = 4711
        head.binary_inode.links = 1
        head.cgroup_id = 1
        exec = unsafe withUnsafeBytes(of: &head) { unsafe Array($0) } + Self.strings.joined().utf8
    }

    /// Gives the three records of one process.
    mutating func next(_ body: (RawSpan) -> Void) {
        pid = pid == 4_000_000 ? 10_000 : pid + 1
        time += 300_000
        let forked = secd_image(start_ns: time, pid: pid, reserved: 0)
        fork.head = head(SECD_KIND_FORK, MemoryLayout<secd_fork>.size)
        fork.image = forked
        fork.parent = shell
        fork.flags = SECD_IMAGE_CLONE
        fork.clone_start_ns = time
        unsafe withUnsafeBytes(of: &fork) { unsafe body(RawSpan(_unsafeBytes: $0)) }

        time += 300_000
        let image = secd_image(start_ns: time, pid: pid, reserved: 0)
        let execHead = head(SECD_KIND_EXEC, exec.count)
        unsafe exec.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: execHead, toByteOffset: 0, as: secd_record.self)
            unsafe bytes.storeBytes(of: image, toByteOffset: 32, as: secd_image.self)
            unsafe bytes.storeBytes(of: shell, toByteOffset: 48, as: secd_image.self)
            unsafe bytes.storeBytes(of: forked, toByteOffset: 64, as: secd_image.self)
        }
        unsafe exec.withUnsafeBytes { unsafe body(RawSpan(_unsafeBytes: $0)) }

        time += 300_000
        exit.head = head(SECD_KIND_EXIT, MemoryLayout<secd_exit>.size)
        exit.image = image
        exit.parent = shell
        exit.since_exec.cpu_ns = 500_000
        exit.since_fork.cpu_ns = 700_000
        exit.threads = 1
        unsafe withUnsafeBytes(of: &exit) { unsafe body(RawSpan(_unsafeBytes: $0)) }
    }

    private mutating func head(_ kind: Int32, _ size: Int) -> secd_record {
        sequence += 1
        return secd_record(
            size: UInt32(size), kind: UInt16(kind), ring: UInt8(SECD_RING_LIFECYCLE),
            version: UInt8(SECD_ABI_VERSION),
            sequence: sequence, time_ns: time, cpu: 0, reserved: 0)
    }
}
