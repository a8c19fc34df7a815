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
