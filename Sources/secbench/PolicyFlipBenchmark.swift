import CBenchShims
import Foundation
import PolicyModel

/// Many policies at once: how long they take to load and to be exchanged, what they take of the kernel's
/// memory, and whether anything gets by while they are exchanged.
struct PolicyFlipBenchmark: Benchmark {
    let name = "policy-flips"
    let summary =
        "1,000 policies loaded, exchanged under load; connects and writes that must not succeed meanwhile"

    /// Exchanges policies on a thread of its own until it is stopped.
    private final class Flipper: @unchecked Sendable {
        // @unchecked: written by its thread, read when that has ended.

        private(set) var times: [Double] = []
        private(set) var problem: (any Error)?
        private let stopped = Box(false)
        private let ended = DispatchSemaphore(value: 0)

        init(_ bench: PolicyBench, _ sets: [[RunnablePolicy]], every milliseconds: UInt32) {
            let work = Box((bench, sets))
            Thread.detachNewThread { [self] in
                let (bench, sets) = work.value
                var turn = 0
                while !stopped.value {
                    turn += 1
                    let start = DispatchTime.now().uptimeNanoseconds
                    do {
                        try bench.run(sets[turn % sets.count])
                    } catch {
                        problem = error
                        break
                    }
                    times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
                    usleep(milliseconds * 1000)
                }
                ended.signal()
            }
        }

        /// Milliseconds of each exchange.
        func stop() throws -> [Double] {
            stopped.value = true
            ended.wait()
            if let problem { throw problem }
            return times
        }
    }

    func measure(quick: Bool) throws -> [Figure] {
        let file = FileManager.default.temporaryDirectory.appending(path: "secbench-flip-\(getpid())")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = file.resolvingSymlinksInPath().path()
        let bench = try PolicyBench()
        defer { _ = try? bench.run([]) }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path()
        let texts = PolicyTexts.closes(count: 1000, binary: own, path: path)
        var figures = [try load(bench, texts, quick)]
        figures += try exchange(bench, texts, path, quick)
        figures += try enforce(bench, path, quick)
        return figures
    }

    /// Files → policies that run.
    private func load(_ bench: PolicyBench, _ texts: [String], _ quick: Bool) throws -> Figure {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secbench-policies-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (index, text) in texts.enumerated() {
            try Data(text.utf8).write(to: folder.appending(path: "\(index).yaml"))
        }
        let start = DispatchTime.now().uptimeNanoseconds
        var read: [String] = []
        for index in texts.indices {
            read.append(
                String(decoding: try Data(contentsOf: folder.appending(path: "\(index).yaml")), as: UTF8.self)
            )
        }
        try bench.run(try bench.policies(read))
        return Figure(
            "1,000 policies, from files to the kernel",
            Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9, "s", bar: .atMost(5))
    }

    /// The usual change, one policy of a thousand, while a thread makes calls that one of them is about.
    private func exchange(
        _ bench: PolicyBench, _ texts: [String], _ path: String, _ quick: Bool
    ) throws -> [Figure] {
        let all = try bench.policies(texts)
        // The first: all others move.
        let others = Array(all.dropFirst())
        let reports = try bench.run(all)
        let bytes = reports.reduce(0) { $0 + Double($1.kernelBytes) } / Double(reports.count)
        _ = bench.drain()
        let flipper = Flipper(bench, [others, all], every: 50)
        let wanted: UInt64 = quick ? 100_000 : 1_000_000
        let calls = unsafe secd_bench_opens(path, wanted)
        let times = try flipper.stop()
        let records = bench.drain().records
        return [
            Figure("kernel memory of one policy of 1,000", bytes / 1024, "KiB", bar: .atMost(4)),
            Figure(
                "rebuild and flip of 1,000 policies under load", median: times, "ms", bar: .atMost(50),
                note: "\(times.count) flips, one policy comes or goes"),
            Figure(
                "records missing or too many", abs(Double(calls) - Double(records)), "", bar: .atMost(0),
                note: "\(records) of \(calls) calls"),
        ]
    }

    /// What both the old and the new generation forbid.
    private func enforce(_ bench: PolicyBench, _ path: String, _ quick: Bool) throws -> [Figure] {
        let sets = try [
            bench.policies([PolicyTexts.refusesConnects(0), PolicyTexts.killsWriters(0, path)]),
            bench.policies([PolicyTexts.refusesConnects(1), PolicyTexts.killsWriters(1, path)]),
        ]
        try bench.run(sets[0])
        let connects: UInt64 = quick ? 100_000 : 1_000_000
        let writers: UInt64 = quick ? 1000 : 20_000
        let flipper = Flipper(bench, sets, every: 50)
        var succeeded: UInt64 = 0
        var done: UInt64 = 0
        while done < connects {
            // The ring of verdicts holds as many.
            let part = min(50_000, connects - done)
            succeeded += secd_bench_connects(part)
            _ = bench.drain()
            done += part
        }
        let killed = unsafe secd_bench_killed_writers(path, writers)
        let flips = try flipper.stop().count
        let written = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        _ = bench.drain()
        return [
            Figure(
                "refused connects that succeeded", Double(succeeded), "", bar: .atMost(0),
                note: "of \(connects), \(flips) flips meanwhile"),
            Figure(
                "writers that were not killed", Double(writers) - Double(killed), "", bar: .atMost(0),
                note: "of \(writers)"),
            Figure("bytes that they wrote", Double(written ?? -1), "", bar: .atMost(0)),
        ]
    }
}
