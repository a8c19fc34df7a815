import CBenchShims
import Foundation

/// Memory of a real daemon: idle, and after a million processes came and went.
struct MemoryBenchmark: Benchmark {
    let name = "memory"
    let summary = "resident memory of secd, rings apart, before and after many execs; memory in the kernel"

    func measure(quick: Bool) throws -> [Figure] {
        let program = try Self.writeProgram()
        defer { try? FileManager.default.removeItem(at: program) }
        let count = quick ? 20_000 : 1_000_000
        let daemon = try DaemonProcess()
        usleep(1_000_000)
        let idle = daemon.residentBytes
        let path = program.path()
        let failures = Box(0)
        let start = DispatchTime.now().uptimeNanoseconds
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            if unsafe secd_bench_spawn(path, Int32(count / 2)) == 0 { failures.value += 1 }
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        guard failures.value == 0 else { throw BenchmarkError("the storm could not spawn") }
        usleep(1_000_000)
        let after = daemon.residentBytes
        let kernel = daemon.kernelBytes
        try daemon.end()
        return [
            Figure("idle", Double(idle) / 0x10_0000, "MiB", bar: .atMost(30)),
            Figure(
                "after \(count) execs", Double(after) / 0x10_0000, "MiB", bar: .atMost(40),
                note: "\(Int(Double(count) / seconds)) a second"),
            Figure(
                "kernel memory: maps, rings and programs", Double(kernel) / 0x10_0000, "MiB", bar: .atMost(48)
            ),
        ]
    }

    private static func writeProgram() throws -> URL {
        let file = FileManager.default.temporaryDirectory.appending(path: "secbench-exit-\(getpid())")
        let descriptor = unsafe open(file.path(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o700)
        guard descriptor >= 0, secd_bench_write_program(descriptor) == 0, close(descriptor) == 0 else {
            throw BenchmarkError("cannot write \(file.path())")
        }
        return file
    }
}
