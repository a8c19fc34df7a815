import CBenchShims
import Foundation

/// TCP connections over loopback, at a rate and as fast as they go.
struct SocketStormBenchmark: Benchmark {
    let name = "socket-storm"
    let summary = "TCP connections over loopback, against no agent, on one core"
    /// A connection opens and closes two sockets.
    private static let connectionsPerSecond: Int32 = 5000

    /// Nanoseconds of the same number of connections.
    private struct Sample {
        /// At the rate, pauses included: longer only where the machine does not keep up.
        var paced: Double
        /// At the rate, CPU time inside the calls, which never wait: what a connection takes.
        var inCalls: Double
        /// As fast as they go.
        var free: Double
        /// Likewise, CPU time.
        var freeCPU: Double
    }

    func measure(quick: Bool) throws -> [Figure] {
        let count: Int32 = quick ? 2000 : 10_000
        let storm = { try Self.storm(count) }
        try StormRound.warmUp(storm)
        var rounds: [StormRound<Sample>] = []
        var counts = SocketCounts()
        for _ in 0..<(quick ? 3 : 7) {
            rounds.append(
                try StormRound(storm) { lines in
                    // Two storms of two parts, and each part has a listener.
                    counts.add(lines, connections: 4 * Int(count), listeners: 4)
                })
        }
        let sockets = 2 * Double(count)
        func ratios(_ number: (Sample) -> Double) -> [Double] { rounds.map { $0.ratio(number) } }
        func watched(_ number: (Sample) -> Double) -> [Double] { rounds.flatMap { $0.watched.map(number) } }
        func bare(_ number: (Sample) -> Double) -> [Double] { rounds.flatMap { $0.bare.map(number) } }
        return [
            Figure(
                "10,000 sockets/s, duration, ratio to no agent", median: ratios(\.paced), "×",
                bar: .atMost(1.05), note: "pauses included"),
            Figure(
                "10,000 sockets/s, reached with secd", median: watched { sockets / $0.paced * 1e9 }, "/s",
                bar: .atLeast(9500)),
            Figure("10,000 sockets/s, time in calls, ratio", median: ratios(\.inCalls), "×", bar: nil),
            Figure(
                "10,000 sockets/s, in calls with secd", median: watched { $0.inCalls / $0.paced * 100 },
                "% of a core", bar: nil),
            Figure(
                "10,000 sockets/s, in calls without", median: bare { $0.inCalls / $0.paced * 100 },
                "% of a core", bar: nil),
            Figure("as fast as it goes, time in calls, ratio", median: ratios(\.freeCPU), "×", bar: nil),
            Figure(
                "sockets opened and closed, with secd", median: watched { sockets / $0.free * 1e9 }, "/s",
                bar: nil),
            Figure("connects not counted exactly once", Double(counts.wrongConnects), "", bar: .atMost(0)),
            Figure("accepts not counted exactly once", Double(counts.wrongAccepts), "", bar: .atMost(0)),
            Figure("closes not counted exactly once", Double(counts.wrongCloses), "", bar: .atMost(0)),
            Figure("gaps", Double(counts.gaps), "", bar: .atMost(0)),
        ]
    }

    private static func storm(_ count: Int32) throws -> Sample {
        var inCalls: UInt64 = 0
        let paced = unsafe secd_bench_connect_paced(count, connectionsPerSecond, &inCalls)
        let began = secd_bench_thread_nanoseconds()
        let free = secd_bench_connect(count)
        let freeCPU = secd_bench_thread_nanoseconds() - began
        guard paced > 0, free > 0 else { throw BenchmarkError("the storm could not connect") }
        return Sample(
            paced: Double(paced), inCalls: Double(inCalls), free: Double(free), freeCPU: Double(freeCPU))
    }
}

/// Socket events of this process in the lines of a daemon, against what it did.
private struct SocketCounts {
    var wrongConnects = 0
    var wrongAccepts = 0
    var wrongCloses = 0
    var gaps = 0

    mutating func add(_ lines: [Data], connections: Int, listeners: Int) {
        var connects = 0
        var accepts = 0
        var closes = 0
        let pid = "\"pid\":\(getpid()),"
        let established = Data("\"result\":\"established\"".utf8)
        for line in lines {
            let text = String(decoding: line.prefix(400), as: UTF8.self)
            if text.hasPrefix("{\"stream_gap\"") { gaps += 1 }
            guard text.hasPrefix("{\"socket_"), text.contains(pid) else { continue }
            // An attempt stands before the outcome.
            if text.hasPrefix("{\"socket_connect\""), line.range(of: established) != nil { connects += 1 }
            if text.hasPrefix("{\"socket_accept\"") { accepts += 1 }
            if text.hasPrefix("{\"socket_close\"") { closes += 1 }
        }
        wrongConnects += abs(connects - connections)
        wrongAccepts += abs(accepts - connections)
        // Both ends of each connection, and who listened.
        wrongCloses += abs(closes - 2 * connections - listeners)
    }
}
