import CBenchShims
import Foundation

/// From the start of the process to the first line in the file.
struct StartBenchmark: Benchmark {
    let name = "start"
    let summary = "start of secd to the first event in the file"

    func measure(quick: Bool) throws -> [Figure] {
        var samples: [Double] = []
        for _ in 0..<(quick ? 3 : 10) {
            let start = DispatchTime.now().uptimeNanoseconds
            let daemon = try DaemonProcess()
            samples.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
            _ = try daemon.stop()
        }
        return [Figure("start to first event", median: samples, "ms", bar: .atMost(300))]
    }
}

/// What the daemon costs while nothing happens (but what happens anyway).
struct IdleBenchmark: Benchmark {
    let name = "idle"
    let summary = "CPU, wakeups and memory of secd on a machine that does nothing on purpose"

    func measure(quick: Bool) throws -> [Figure] {
        let daemon = try DaemonProcess()
        let seconds = quick ? 3.0 : 10.0
        usleep(500_000)
        let cpu = daemon.cpuNanoseconds
        let wakeups = daemon.wakeups
        usleep(UInt32(seconds * 1e6))
        let figures = [
            Figure(
                "CPU", Double(daemon.cpuNanoseconds - cpu) / seconds / 1e7, "% of a core", bar: .atMost(0.2)),
            Figure("wakeups", Double(daemon.wakeups - wakeups) / seconds, "/s", bar: .atMost(60)),
            Figure(
                "resident, rings apart", Double(daemon.status("RssAnon") + daemon.status("RssFile")) / 1024,
                "MiB", bar: .atMost(30)),
        ]
        _ = try daemon.stop()
        return figures
    }
}

/// Sockets and threads as fast as they go, with and without a daemon.
struct SocketStormBenchmark: Benchmark {
    let name = "socket-storm"
    let summary = "TCP connections over loopback and short threads, against no agent"

    func measure(quick: Bool) throws -> [Figure] {
        let rounds = quick ? 3 : 9
        let count: Int32 = quick ? 2000 : 10_000
        var sockets: [Double] = []
        var threads: [Double] = []
        var rate: [Double] = []
        for _ in 0..<rounds {
            let bareSockets = Double(secd_bench_connect(count))
            let bareThreads = Double(secd_bench_threads(count))
            let daemon = try DaemonProcess()
            let watched = Double(secd_bench_connect(count))
            sockets.append(watched / bareSockets)
            rate.append(2 * Double(count) / watched * 1e9)
            threads.append(Double(secd_bench_threads(count)) / bareThreads)
            _ = try daemon.stop()
        }
        return [
            Figure(
                "connections, ratio to no agent", median: sockets, "×", bar: nil,
                note: "as fast as possible; the bar is for 10,000 sockets/s"),
            Figure("sockets opened and closed", median: rate, "/s", bar: nil),
            Figure("threads, ratio to no agent", median: threads, "×", bar: .atMost(1.05)),
        ]
    }
}
