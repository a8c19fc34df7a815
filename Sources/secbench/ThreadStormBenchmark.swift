import CBenchShims
import Foundation

/// Threads that start and end, one after another.
struct ThreadStormBenchmark: Benchmark {
    let name = "thread-storm"
    let summary = "threads that do nothing, against no agent, on one core"

    /// Nanoseconds of the same number of threads.
    private struct Sample {
        /// Of the storm's process, work inside the kernel included.
        var cpu: Double
        /// From start to end: longer where others run on the core, too.
        var duration: Double
    }

    func measure(quick: Bool) throws -> [Figure] {
        let count: Int32 = quick ? 5000 : 20_000
        let storm = { try Self.storm(count) }
        try StormRound.warmUp(storm)
        var rounds: [StormRound<Sample>] = []
        var gaps = 0
        for _ in 0..<(quick ? 5 : 15) {
            rounds.append(
                try StormRound(storm) { lines in
                    gaps += lines.count { $0.starts(with: Data("{\"stream_gap\"".utf8)) }
                })
        }
        let each = rounds.flatMap(\.bare).map { $0.cpu / Double(count) / 1000 }
        return [
            Figure(
                "threads, CPU time, ratio to no agent", median: rounds.map { $0.ratio(\.cpu) }, "×",
                bar: .atMost(1.05)),
            Figure(
                "threads, duration, ratio to no agent", median: rounds.map { $0.ratio(\.duration) }, "×",
                bar: nil, note: "as the CPU time, where nothing else runs"),
            Figure("a thread without an agent, CPU time", median: each, "µs", bar: nil),
            Figure("gaps", Double(gaps), "", bar: .atMost(0)),
        ]
    }

    private static func storm(_ count: Int32) throws -> Sample {
        var cpu: UInt64 = 0
        let duration = unsafe secd_bench_threads(count, &cpu)
        guard duration > 0 else { throw BenchmarkError("no thread could be started") }
        return Sample(cpu: Double(cpu), duration: Double(duration))
    }
}
