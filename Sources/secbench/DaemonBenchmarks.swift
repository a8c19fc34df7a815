import CBenchShims
import Foundation

/// From the start of the process to the first exec in the file.
struct StartBenchmark: Benchmark {
    let name = "start"
    let summary = "start of secd to the first event in the file"

    func measure(quick: Bool) throws -> [Figure] {
        var samples: [Double] = []
        for _ in 0..<(quick ? 3 : 10) {
            let start = DispatchTime.now().uptimeNanoseconds
            let daemon = try DaemonProcess()
            // Its own first line is not enough: an event of somebody else.
            guard unsafe secd_bench_spawn("/bin/true", 1) > 0, daemon.writes("{\"process_exec\"") else {
                throw BenchmarkError("no process was seen after the start")
            }
            samples.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
            _ = try daemon.stop()
        }
        return [Figure("start to first event", median: samples, "ms", bar: .atMost(300))]
    }
}

/// What the daemon costs while nothing happens (but what happens anyway).
struct IdleBenchmark: Benchmark {
    let name = "idle"
    let summary = "CPU and wakeups of secd on a machine that does nothing on purpose"

    func measure(quick: Bool) throws -> [Figure] {
        let daemon = try DaemonProcess()
        let seconds = quick ? 3.0 : 10.0
        usleep(2_000_000)  // threads of the start have ended
        let cpu = daemon.cpuNanoseconds
        let wakeups = daemon.wakeups
        usleep(UInt32(seconds * 1e6))
        let figures = [
            Figure(
                "CPU", Double(daemon.cpuNanoseconds - cpu) / seconds / 1e7, "% of a core", bar: .atMost(0.2)),
            Figure(
                "wakeups", (Double(daemon.wakeups) - Double(wakeups)) / seconds, "/s", bar: .atMost(60)),
        ]
        _ = try daemon.stop()
        return figures
    }
}

/// Sockets at a rate and as fast as they go, and threads, with and without a daemon.
struct SocketStormBenchmark: Benchmark {
    let name = "socket-storm"
    let summary = "TCP connections over loopback and short threads, against no agent"
    /// A connection opens and closes two sockets.
    private static let connectionsPerSecond: Int32 = 5000

    func measure(quick: Bool) throws -> [Figure] {
        let rounds = quick ? 3 : 9
        let count: Int32 = quick ? 2000 : 5000
        var paced: [Double] = []
        var busy: [Double] = []
        var sockets: [Double] = []
        var rate: [Double] = []
        var threads: [Double] = []
        var counts = SocketCounts()
        for _ in 0..<rounds {
            let bare = try Self.round(count)
            let daemon = try DaemonProcess()
            let watched = try Self.round(count)
            counts.add(try daemon.stop(), connections: 2 * Int(count))
            paced.append(watched.paced / bare.paced)
            busy.append(watched.busy / bare.busy)
            sockets.append(watched.sockets / bare.sockets)
            rate.append(2 * Double(count) / watched.sockets * 1e9)
            threads.append(watched.threads / bare.threads)
        }
        return [
            Figure("10,000 sockets/s, duration, ratio to no agent", median: paced, "×", bar: .atMost(1.05)),
            Figure("10,000 sockets/s, time of the calls, ratio", median: busy, "×", bar: nil),
            Figure("as fast as it goes, ratio to no agent", median: sockets, "×", bar: nil),
            Figure("sockets opened and closed, with secd", median: rate, "/s", bar: nil),
            Figure("threads, ratio to no agent", median: threads, "×", bar: .atMost(1.05)),
            Figure("connects not counted exactly once", Double(counts.wrongConnects), "", bar: .atMost(0)),
            Figure("accepts not counted exactly once", Double(counts.wrongAccepts), "", bar: .atMost(0)),
            Figure("closes not counted exactly once", Double(counts.wrongCloses), "", bar: .atMost(0)),
            Figure("gaps", Double(counts.gaps), "", bar: .atMost(0)),
        ]
    }

    private static func round(
        _ count: Int32
    ) throws -> (paced: Double, busy: Double, sockets: Double, threads: Double) {
        var busy: UInt64 = 0
        // First: after the others the daemon still writes what they did.
        let threads = secd_bench_threads(count)
        let paced = unsafe secd_bench_connect_paced(count, connectionsPerSecond, &busy)
        let sockets = secd_bench_connect(count)
        guard paced > 0, sockets > 0, threads > 0 else { throw BenchmarkError("the storm could not connect") }
        return (Double(paced), Double(busy), Double(sockets), Double(threads))
    }
}

/// Socket events of this process in the lines of a daemon, against what it did.
private struct SocketCounts {
    var wrongConnects = 0
    var wrongAccepts = 0
    var wrongCloses = 0
    var gaps = 0

    mutating func add(_ lines: [Data], connections: Int) {
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
        // Both ends of each connection, and the two listeners.
        wrongCloses += abs(closes - 2 * connections - 2)
    }
}
