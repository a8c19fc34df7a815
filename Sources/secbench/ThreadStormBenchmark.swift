import CBenchShims
import Foundation

/// Threads that start and end, one after another.
struct ThreadStormBenchmark: Benchmark {
    let name = "thread-storm"
    let summary = "threads that do nothing, against no agent, on one core"

    func measure(quick: Bool) throws -> [Figure] {
        let count: Int32 = quick ? 5000 : 20_000
        let storm = { () throws -> Double in
            let nanoseconds = secd_bench_threads(count)
            guard nanoseconds > 0 else { throw BenchmarkError("no thread could be started") }
            return Double(nanoseconds)
        }
        try StormRound.warmUp(storm)
        var ratios: [Double] = []
        var each: [Double] = []
        var gaps = 0
        for _ in 0..<(quick ? 3 : 15) {
            let round = try StormRound(storm) { lines in
                gaps += lines.count { $0.starts(with: Data("{\"stream_gap\"".utf8)) }
            }
            ratios.append(round.ratio { $0 })
            each.append(StormRound.mean(round.bare) { $0 } / Double(count) / 1000)
        }
        return [
            Figure("threads, ratio to no agent", median: ratios, "×", bar: .atMost(1.05)),
            Figure("a thread without an agent", median: each, "µs", bar: nil),
            Figure("gaps", Double(gaps), "", bar: .atMost(0)),
        ]
    }
}
