import AgentCore
import CBenchShims
import CEventABI
import Foundation
import Logging
import Sensors

/// What the programs of a daemon cost a process, by the kernel's own statistics, program by program.
struct KernelCostBenchmark: Benchmark {
    let name = "kernel-cost"
    let summary = "time of the programs at fork, exec and exit, by argv, one core"

    /// The step of a process that a program belongs to.
    private static let steps = ["on_fork", "on_prepare_exec", "on_exec", "on_exit"]

    func measure(quick: Bool) throws -> [Figure] {
        var agent = secd_agent()
        agent.wake_bytes = 1 << 20
        let engine = try AgentEngine(
            EngineOptions(
                sensors: SensorOptions(agent: agent, cgroupRoot: nil, sockets: false), nodeName: "bench"),
            logger: Logger(label: "bench"))
        try engine.start(version: "bench")
        defer { engine.stop(reason: "benchmark") }
        guard secd_bench_pin() == 0 else { throw BenchmarkError("cannot be kept on one core") }
        defer { secd_bench_unpin() }
        KernelCost.setStatistics(true)
        defer { KernelCost.setStatistics(false) }
        var samples: [UInt32: [[Double]]] = [:]
        for _ in 0..<(quick ? 5 : 40) {
            for bytes: UInt32 in [0, 1024] {
                samples[bytes, default: []].append(try Self.round(engine, bytes))
            }
        }
        return samples.keys.sorted().map { bytes in
            let rounds = samples[bytes] ?? []
            let name = bytes == 0 ? "no argument" : "argv of 1 KiB"
            let parts = Self.steps.enumerated().map { index, step in
                let value = Figure.quantile(rounds.map { $0[index] }.sorted(), 0.5)
                return "\(step.dropFirst(3)) \(String(format: "%.2f", value))"
            }
            return Figure(
                "fork + exec + exit, \(name)", median: rounds.map { $0.reduce(0, +) }, "µs", bar: .atMost(4),
                note: parts.joined(separator: ", "))
        }
    }

    /// Microseconds of each step of a process.
    private static func round(_ engine: AgentEngine, _ bytes: UInt32) throws -> [Double] {
        let count: Int32 = 40
        let before = engine.sensors.programRuns
        let spawned =
            unsafe bytes == 0
            ? secd_bench_spawn("/bin/true", count) : secd_bench_spawn_with("/bin/true", bytes, count)
        guard spawned > 0 else { throw BenchmarkError("the storm could not spawn") }
        let after = engine.sensors.programRuns
        return steps.map { step in
            func total(_ runs: [(program: String, nanoseconds: UInt64, runs: UInt64)]) -> (UInt64, UInt64) {
                runs.filter { $0.program == step }.reduce((0, 0)) { ($0.0 + $1.nanoseconds, $0.1 + $1.runs) }
            }
            let (spent, runs) = (total(after).0 - total(before).0, total(after).1 - total(before).1)
            return runs == 0 ? 0 : Double(spent) / Double(runs) / 1000
        }
    }
}
