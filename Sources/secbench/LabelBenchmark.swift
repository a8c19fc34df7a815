import CBenchShims
import Foundation
import LinuxSystem

/// From a label of a pod that changes in its manifest to the policy that chooses pods by it: a real daemon, a cgroup
/// of its own that a runtime's state names, and a process in it that connects again and again.
struct LabelBenchmark: Benchmark {
    let name = "labels"
    let summary =
        "a pod's label changes in its manifest, until a policy that chooses by it acts in the container"

    func measure(quick: Bool) throws -> [Figure] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secbench-labels-\(getpid())")
        for part in ["manifests", "runc"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: part), withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let container = try Container(in: folder)
        defer { container.end() }
        try Self.write("policy.yaml", PolicyTexts.refusesConnects(0, ofPods: "web"), folder)
        try Self.write("pod.yaml", container.pod(app: "other"), folder)
        let daemon = try DaemonProcess(
            arguments: ["--manifests", folder.appending(path: "manifests").path()],
            environment: ["SECD_WORKLOADS_RUNTIME_DIRS=\(folder.appending(path: "runc").path())"])

        var times: [Double] = []
        // The first round finds everything cold, and is not counted.
        for round in 0...(quick ? 10 : 40) {
            let refused = round % 2 == 0
            let start = DispatchTime.now().uptimeNanoseconds
            try Self.write("pod.yaml", container.pod(app: refused ? "web" : "other"), folder)
            guard let change = container.next(refused: refused) else {
                throw BenchmarkError("the policy did not act within 10 seconds")
            }
            if round > 0 { times.append(Double(change &- start) / 1e6) }
            // Each change finds the daemon asleep.
            usleep(150_000)
        }
        _ = try daemon.stop()
        return [
            Figure("pod label to policy in force", median: times, "ms", bar: .atMost(50)),
            Figure(
                "the slowest of \(times.count)", times.max() ?? .nan, "ms", bar: .atMost(50),
                note:
                    "manifest renamed into its directory, until a call of the container has the other answer"),
        ]
    }

    /// Renamed into its place: a whole file, or the one before.
    private static func write(_ name: String, _ text: String, _ folder: URL) throws {
        let new = folder.appending(path: "new")
        try Data(text.utf8).write(to: new)
        let place = folder.appending(path: "manifests/\(name)")
        guard unsafe rename(new.path(), place.path()) == 0 else {
            throw BenchmarkError("cannot rename \(new.path()): errno \(errno)")
        }
    }

    /// A cgroup with a process, which a state of runc calls a container.
    private final class Container {
        private let id = "secbench-\(getpid())"
        private let cgroup: String
        private let child: Int32
        private let changes: FileHandle

        init(in folder: URL) throws {
            guard let root = CgroupMounts.ofThisProcess.workloads?.root else {
                throw BenchmarkError("no hierarchy of cgroups is mounted")
            }
            cgroup = root + "/" + id
            try FileManager.default.createDirectory(atPath: cgroup, withIntermediateDirectories: false)
            let pipe = Pipe()
            child = unsafe secd_bench_follow_connects(
                cgroup + "/cgroup.procs", pipe.fileHandleForWriting.fileDescriptor)
            changes = pipe.fileHandleForReading
            guard child > 0 else {
                _ = unsafe rmdir(cgroup)
                throw BenchmarkError("no process in \(cgroup): errno \(-child)")
            }
            let state = """
                {"id":"\(id)","init_process_pid":\(child),"created":"2026-01-01T00:00:00Z",\
                "config":{"rootfs":"/","labels":[]},"cgroup_paths":{"":"\(cgroup)"}}
                """
            let directory = folder.appending(path: "runc/\(id)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            try Data(state.utf8).write(to: directory.appending(path: "state.json"))
        }

        func pod(app: String) -> String {
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web
              namespace: bench
              labels: {app: \(app)}
              annotations: {container.secd.io/app: \(id)}
            spec:
              containers:
              - {name: app, image: "bench:1"}

            """
        }

        /// When the answers became those that are wanted (CLOCK_MONOTONIC, nanoseconds); nil after ten seconds.
        func next(refused: Bool) -> UInt64? {
            var change = secd_bench_change()
            while unsafe secd_bench_next_change(changes.fileDescriptor, 10_000, &change) == 1 {
                if (change.refused != 0) == refused { return change.time_ns }
            }
            return nil
        }

        func end() {
            kill(child, SIGKILL)
            _ = secd_bench_ended(child, 1)
            _ = unsafe rmdir(cgroup)
        }
    }
}
