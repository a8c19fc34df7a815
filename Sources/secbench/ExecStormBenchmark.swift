import CBPFShims
import CBenchShims
import Foundation

/// posix_spawn of /bin/true as fast as it goes, with and without a daemon that exports every field.
struct ExecStormBenchmark: Benchmark {
    let name = "exec-storm"
    let summary = "posix_spawn of /bin/true, against no agent, interleaved rounds"
    private static let warmUp: Int32 = 300

    func measure(quick: Bool) throws -> [Figure] {
        let rounds = quick ? 5 : 15
        let count = quick ? 300 : 1000
        var single: [Double] = []
        var double: [Double] = []
        var cpu: [Double] = []
        var kernel = KernelCost()
        var execs = 0
        var exits = 0
        var twice = 0
        var gaps = 0
        _ = unsafe secd_bench_spawn("/bin/true", 200)
        for _ in 0..<rounds {
            let bare = unsafe Double(secd_bench_spawn("/bin/true", Int32(count)))
            let bareTwice = Self.twice(count)
            let daemon = try DaemonProcess()
            // It gives its code back after the start, and runs for weeks: the first use of each page is no part of a
            // process's price.
            _ = unsafe secd_bench_spawn("/bin/true", Self.warmUp)
            daemon.settle()
            let before = daemon.cpuNanoseconds
            let watched = unsafe Double(secd_bench_spawn("/bin/true", Int32(count)))
            // Beyond the longest sleep of its reader.
            usleep(300_000)
            cpu.append(Double(daemon.cpuNanoseconds - before) / Double(count) / 1000)
            let watchedTwice = Self.twice(count)
            kernel.add(daemon, count)
            let lines = try daemon.stop()
            let mine = Self.count(lines)
            execs += mine.execs
            exits += mine.exits
            twice += mine.twice
            gaps += mine.gaps
            single.append(watched / bare)
            double.append(watchedTwice / bareTwice)
        }
        let expected = rounds * (Int(Self.warmUp) + count * 3 + kernel.spawnsPerRound)
        return [
            Figure("one storm, ratio to no agent", median: single, "×", bar: .atMost(1.05)),
            Figure("two storms, ratio to no agent", median: double, "×", bar: .atMost(1.10)),
            Figure("CPU of secd per process", median: cpu, "µs", bar: .atMost(12)),
            Figure(
                "kernel cost of fork + exec + exit", median: kernel.samples, "µs", bar: .atMost(4),
                note: "kernel.bpf_stats_enabled, other processes included"),
            Figure(
                "execs missing", Double(abs(expected - execs)), "", bar: .atMost(0),
                note: "\(execs) of \(expected)"),
            Figure("exits missing", Double(abs(expected - exits)), "", bar: .atMost(0)),
            Figure("execs and exits told twice", Double(twice), "", bar: .atMost(0)),
            Figure("gaps", Double(gaps), "", bar: .atMost(0)),
        ]
    }

    /// Two storms at once, one a thread; the longer one counts.
    private static func twice(_ count: Int) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        DispatchQueue.concurrentPerform(iterations: 2) { _ in
            _ = unsafe secd_bench_spawn("/bin/true", Int32(count))
        }
        return Double(DispatchTime.now().uptimeNanoseconds - start)
    }

    /// Execs and exits of /bin/true, each exec id once, and how many lines there were too many.
    private static func count(_ lines: [Data]) -> (execs: Int, exits: Int, twice: Int, gaps: Int) {
        var execs: Set<Substring> = []
        var exits: Set<Substring> = []
        var result = (execs: 0, exits: 0, twice: 0, gaps: 0)
        for line in lines {
            let text = String(decoding: line.prefix(600), as: UTF8.self)
            if text.hasPrefix("{\"stream_gap\"") { result.gaps += 1 }
            guard
                text.contains("\"binary\":\"/usr/bin/true\"") || text.contains("\"binary\":\"/bin/true\""),
                let id = text.firstRange(of: "\"exec_id\":\"").map({
                    text[$0.upperBound...].prefix { $0 != "\"" }
                })
            else { continue }
            if text.hasPrefix("{\"process_exec\""), !execs.insert(id).inserted { result.twice += 1 }
            if text.hasPrefix("{\"process_exit\""), !exits.insert(id).inserted { result.twice += 1 }
        }
        result.execs = execs.count
        result.exits = exits.count
        return result
    }
}

/// What the kernel's own statistics say about the programs of a daemon.
struct KernelCost {
    var samples: [Double] = []
    var spawnsPerRound = 0

    /// Runs a short storm with statistics on and adds the cost of one process.
    mutating func add(_ daemon: DaemonProcess, _ count: Int) {
        spawnsPerRound = 300
        Self.setStatistics(true)
        let before = Self.total()
        _ = unsafe secd_bench_spawn("/bin/true", Int32(spawnsPerRound))
        let after = Self.total()
        Self.setStatistics(false)
        samples.append(Double(after - before) / Double(spawnsPerRound) / 1000)
    }

    static func setStatistics(_ on: Bool) {
        try? (on ? "1" : "0").write(
            toFile: "/proc/sys/kernel/bpf_stats_enabled", atomically: false, encoding: .ascii)
    }

    /// Nanoseconds of all programs in the kernel, by fdinfo of the daemon's descriptors: bpftool is
    /// not needed.
    private static func total() -> UInt64 {
        secd_all_programs_nanoseconds()
    }
}
