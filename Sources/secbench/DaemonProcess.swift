import AgentCore
import CBenchShims
import Foundation

/// A real `secd` beside this program, with private directories and an export file.
final class DaemonProcess {
    let folder: URL
    let pid: Int32
    private var hasEnded = false
    /// When its first line was written.
    private var began = DispatchTime.now()
    var exportFile: URL { folder.appending(path: "events.json") }

    /// Starts it and waits until its first line is written. It does not outlive this thread.
    init(arguments: [String] = [], environment: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "secbench-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let binary = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
            .appending(path: "secd")
        let words =
            [
                binary.path(),
                "--socket", folder.appending(path: "secd.sock").path(), "--state-dir",
                folder.appending(path: "state").path(),
                "--pin-dir", folder.appending(path: "pins").path(), "--export-file",
                folder.appending(path: "events.json").path(), "--log-level", "warning",
            ] + arguments
        // One file, however long: lines are counted in it.
        let variables =
            [
                "SECD_CONFIG=", "SECD_EXPORT_FILE_MAX_SIZE=0", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            ] + environment
        pid = Self.start(words, variables)
        guard pid > 0 else { throw BenchmarkError("cannot start secd: errno \(-pid)") }
        guard writes("{\"stream_start\"") else { throw BenchmarkError("secd did not start") }
        began = DispatchTime.now()
    }

    /// A benchmark that failed leaves none behind.
    deinit {
        if pid > 0, isRunning { terminate() }
    }

    private static func start(_ words: [String], _ variables: [String]) -> Int32 {
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        var environment = unsafe variables.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe arguments.indices { unsafe free(arguments[index]) }
            for index in unsafe environment.indices { unsafe free(environment[index]) }
        }
        return unsafe secd_bench_start(words[0], &arguments, &environment)
    }

    private var isRunning: Bool {
        if !hasEnded { hasEnded = secd_bench_ended(pid, 0) != 0 }
        return !hasEnded
    }

    /// Ends it in order, and returns when it has ended.
    private func terminate() {
        guard isRunning else { return }
        kill(pid, SIGTERM)
        _ = secd_bench_ended(pid, 1)
        hasEnded = true
    }

    /// Waits until the beginning of the file contains `text`; false after 15 seconds, or when it has ended.
    func writes(_ text: String) -> Bool {
        let wanted = Data(text.utf8)
        let deadline = Date().addingTimeInterval(15)
        while true {
            if let file = try? FileHandle(forReadingFrom: exportFile) {
                defer { try? file.close() }
                if let head = try? file.read(upToCount: 1 << 20), head.range(of: wanted) != nil {
                    return true
                }
            }
            guard Date() < deadline, isRunning else { return false }
            usleep(1000)
        }
    }

    /// Waits until its start is over, in which it reads more often, and it has caught up: it uses less than a fiftieth of
    /// a core. At most twelve seconds.
    func settle() {
        let start = began.uptimeNanoseconds + ReadingPace.startTime
        while DispatchTime.now().uptimeNanoseconds < start { usleep(10_000) }
        for _ in 0..<100 {
            let before = cpuNanoseconds
            usleep(100_000)
            if cpuNanoseconds - before < 2_000_000 { return }
        }
    }

    /// Ends it in order and returns the lines of its newest file.
    func stop() throws -> [Data] {
        terminate()
        let data = try Data(contentsOf: exportFile, options: .mappedIfSafe)
        try? FileManager.default.removeItem(at: folder)
        return data.split(separator: UInt8(ascii: "\n"))
    }

    /// Ends it in order.
    func end() throws {
        terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    /// CPU time of all its threads, those that ended included, nanoseconds.
    var cpuNanoseconds: UInt64 { secd_process_cpu(pid) }

    /// Resident memory, the mapped rings and counters apart, bytes.
    var residentBytes: UInt64 {
        let memory = ResidentMemory(
            smaps: (try? String(contentsOfFile: "/proc/\(pid)/smaps", encoding: .utf8)) ?? "")
        return memory.all - memory.kernelMaps
    }

    /// What the kernel charges for the maps and programs that the daemon holds, bytes.
    var kernelBytes: UInt64 {
        let folder = "/proc/\(pid)/fdinfo"
        var seen: Set<Substring> = []
        var sum: UInt64 = 0
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else {
                continue
            }
            let lines = text.split(separator: "\n")
            guard let identity = lines.first(where: { $0.hasPrefix("map_id") || $0.hasPrefix("prog_id") }),
                let charge = lines.first(where: { $0.hasPrefix("memlock") }), seen.insert(identity).inserted
            else { continue }
            sum += Self.number(charge)
        }
        return sum
    }

    private static func number(_ line: Substring) -> UInt64 {
        UInt64(line.filter(\.isNumber)) ?? 0
    }

    /// Voluntary context switches of the threads that live: wakeups. Those of a thread go when it ends.
    var wakeups: UInt64 {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.reduce(0) { sum, task in
            let text =
                (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/status", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") } ?? ""
            return sum + (UInt64(line.filter(\.isNumber)) ?? 0)
        }
    }
}
