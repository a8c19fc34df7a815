package import AgentModel
import BPFRuntime
import CEventABI
import EventModel
import FilePrevention
import Glibc
import LinuxSystem
import ProcessTree
import Sensors
import TextEncoding
import WorkloadModel

/// What the worker knows, asked for between two passes.
extension AgentEngine {
    /// Runs `body` on the worker's thread and returns its result.
    func onWorker<Result: Sendable>(_ body: @escaping @Sendable (EventPipeline) -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            pipeline.perform { continuation.resume(returning: body($0)) }
        }
    }

    /// Rings, as the kernel and the reader count them.
    package func rings() async -> [RingStatus] {
        await onWorker { pipeline in
            ["lifecycle", "verdict", "observation"].enumerated().map { index, name in
                let counted: [secd_stream] = pipeline.sensors.streams.lookupPerCPU(UInt32(index))
                var byKind: [String: UInt64] = [:]
                for stream in counted {
                    let kinds = unsafe withUnsafeBytes(of: stream.lost_by_kind) {
                        unsafe Array($0.bindMemory(to: UInt64.self))
                    }
                    for kind in kinds.indices where kinds[kind] > 0 {
                        byKind[RecordKind.name(kind), default: 0] += kinds[kind]
                    }
                }
                return RingStatus(
                    name: name, sizeBytes: UInt64(pipeline.ringSize(index)),
                    fillBytes: UInt64(pipeline.waiting(index)),
                    records: pipeline.handler.accounts.received(index),
                    bytes: counted.reduce(0) { $0 + $1.bytes },
                    lost: counted.reduce(0) { $0 + $1.lost }, lostByKind: byKind)
            }
        }
    }

    /// Events by kind since the start.
    package func eventCounts() async -> [(kind: String, count: UInt64)] {
        await onWorker { pipeline in
            pipeline.output.byKind.map { ($0.kind.name.description, $0.count) }.sorted { $0.0 < $1.0 }
        }
    }

    package func wakeups() async -> UInt64 { await onWorker { $0.wakeups } }

    /// How far the times of events are ahead of a wall clock that was set back, nanoseconds.
    package func clockAhead() async -> UInt64 { await onWorker { $0.context.clock.ahead(at: BootClock.now) } }

    /// The process tree's account.
    package func processStatus() async -> ProcessTreeStatus {
        await onWorker { pipeline in
            ProcessTreeStatus(
                live: pipeline.tree.live, retained: pipeline.tree.retained, evicted: pipeline.tree.evicted,
                sockets: pipeline.handler.sockets.count, bytes: UInt64(pipeline.tree.heapBytes),
                budgetBytes: UInt64(pipeline.treeBudget))
        }
    }

    /// All processes and the ancestors that are kept for them, of those that began inside the scope.
    package func processes() async -> [ProcessListing] {
        await onWorker { pipeline in
            pipeline.tree.all.filter(EngineScope.holds).map { ProcessListing($0, pipeline.context) }.sorted {
                ($0.pid, $0.startTime) < ($1.pid, $1.startTime)
            }
        }
    }

    /// All open sockets.
    package func sockets() async -> [SocketListing] {
        await onWorker { $0.handler.sockets.listings($0.context) }
    }

    /// Failures inside the programs, those that happened.
    package func programCounters() async -> [String: UInt64] {
        await onWorker { pipeline in
            var result: [String: UInt64] = [:]
            for (number, name) in Self.counterNames {
                let values: [UInt64] = pipeline.sensors.counters.lookupPerCPU(UInt32(number))
                let sum = values.reduce(0, +)
                if sum > 0 { result[name] = sum }
            }
            if let counters = pipeline.handler.files?.counters { result.merge(counters.byName) { $1 } }
            let unreadable = pipeline.handler.names.unreadable
            result["dns_unreadable"] = unreadable == 0 ? nil : unreadable
            let cut = pipeline.handler.names.cut
            result["dns_cut"] = cut == 0 ? nil : cut
            result["undecodable"] = pipeline.handler.undecodable == 0 ? nil : pipeline.handler.undecodable
            let pieces = pipeline.handler.pieces
            result["pieces_refused"] = pieces.refused == 0 ? nil : pieces.refused
            result["piece_bytes_forgotten"] = pieces.forgotten == 0 ? nil : UInt64(pieces.forgotten)
            return result
        }
    }

    private static let counterNames: [(Int32, String)] = [
        (SECD_COUNTER_SCRATCH_BUSY, "scratch_busy"), (SECD_COUNTER_NO_PROCESS, "no_process"),
        (SECD_COUNTER_STORAGE_FULL, "storage_full"), (SECD_COUNTER_ARGUMENTS_FAULT, "arguments_fault"),
        (SECD_COUNTER_PATH_FAULT, "path_fault"), (SECD_COUNTER_OUT_OF_SCOPE, "out_of_scope"),
        (SECD_COUNTER_MAP_FULL, "map_full"), (SECD_COUNTER_MAPPING_BUSY, "mapping_busy"),
        (SECD_COUNTER_PATH_TOO_LONG, "path_too_long"),
        (SECD_COUNTER_PEERS_UNTOLD, "peers_untold"),
    ]
}

extension FileCounters {
    /// Those that are not 0.
    fileprivate var byName: [String: UInt64] {
        let all = [
            "fanotify_asked": asked, "fanotify_refused": refused, "fanotify_unjudged": unjudged,
            "fanotify_overflows": overflows, "fanotify_untaken": untaken, "fanotify_stuck": stuck,
        ]
        return all.filter { $0.value > 0 }
    }
}

extension ProcessListing {
    /// A row from a process image.
    init(_ process: ProcessObject, _ context: EncodingContext) {
        let image = process.image
        func text(_ range: Range<Int>) -> String { String(decoding: image.tail[range], as: UTF8.self) }
        // Where /proc does not tell the executable, the kernel's short name is better than nothing.
        let comm = unsafe withUnsafeBytes(of: image.head.comm) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        var time = OutputBuffer(capacity: 64)
        time.append(rfc3339: context.time(image.head.image.start_ns))
        self.init(
            execID: String(decoding: process.execID, as: UTF8.self),
            parentExecID: String(decoding: process.parent?.execID ?? [], as: UTF8.self),
            pid: image.head.image.pid,
            uid: image.head.credentials.euid,
            binary: image.binaryRange.isEmpty ? comm : text(image.binaryRange),
            arguments: image.tetragonArguments,
            cwd: text(image.cwdRange), startTime: String(decoding: time.copyToArray(), as: UTF8.self),
            cgroup: String(decoding: image.cgroupPath, as: UTF8.self),
            pod: image.workload?.workload.pod.map { "\($0.namespace)/\($0.name)" } ?? "",
            container: String(decoding: image.containerID, as: UTF8.self),
            alive: process.state == .alive)
        workload = image.workload.map { WorkloadListing($0.workload) }
    }
}

extension AgentEngine {
    /// Memory of the process and of its kernel objects.
    /// - Parameter policies: what the engine of policies has in the kernel, bytes.
    package func memory(policies: UInt64 = 0) async -> MemoryStatus {
        let resident = ResidentMemory(
            smaps: String(decoding: ProcfsImage.read("/proc/self/smaps", limit: 16 << 20), as: UTF8.self))
        return await onWorker { pipeline in
            MemoryStatus(
                residentBytes: resident.all, ownBytes: resident.all - resident.kernelMaps,
                ringBytes: (0..<3).reduce(0) { $0 + UInt64(pipeline.ringSize($1)) },
                kernelBytes: pipeline.sensors.kernelBytes + policies)
        }
    }
}

/// Resident pages of a process by what they are, from one look, so that the figures fit each other.
package struct ResidentMemory: Sendable {
    /// Bytes, of all mappings.
    package var all: UInt64 = 0
    /// Of which mapped BPF maps: the rings, and counters.
    package var kernelMaps: UInt64 = 0

    /// - Parameter text: /proc/PID/smaps: a line `7f00-7f01 rw-s 0 00:0e 9 anon_inode:bpf-map` for each mapping,
    ///   and behind it `Rss: 4 kB` among others.
    package init(smaps text: String) {
        var isKernelMap = false
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            guard let first = words.first else { continue }
            if first.last != UInt8(ascii: ":") {
                // The mapping's own line; all others begin with a word and a colon.
                isKernelMap = words.last.map { $0.elementsEqual("anon_inode:bpf-map".utf8) } ?? false
            } else if words.count > 1, first.elementsEqual("Rss:".utf8) {
                let bytes = (UInt64(String(decoding: words[1], as: UTF8.self)) ?? 0) * 1024
                all += bytes
                if isKernelMap { kernelMaps += bytes }
            }
        }
    }
}
