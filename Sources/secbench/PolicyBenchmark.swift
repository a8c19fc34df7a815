import CBenchShims
import Foundation
import PolicyModel

/// What policies cost at a system call: against a program that does nothing, and against one that only
/// compares the number of the call.
struct PolicyCostBenchmark: Benchmark {
    let name = "policies"
    let summary = "nanoseconds that policies add to a call: the quickest of interleaved rounds on one core"

    /// Of this machine's table of calls.
    private static let closeNumber = 3
    private static let getppidNumber = 110

    /// Nanoseconds of a turn of each case, by rounds.
    private struct Samples {
        var cases: [String: [Double]] = [:]

        mutating func add(_ name: String, _ value: Double) { cases[name, default: []].append(value) }

        /// What a case takes beyond another, round by round.
        func differences(_ name: String, _ other: String) -> [Double] {
            zip(cases[name] ?? [], cases[other] ?? []).map { $0 - $1 }
        }

        /// The same of the quickest round of each: whoever shares the core's units makes all slower.
        func difference(_ name: String, _ other: String) -> Double {
            (cases[name]?.min() ?? .nan) - (cases[other]?.min() ?? .nan)
        }
    }

    func measure(quick: Bool) throws -> [Figure] {
        let file = FileManager.default.temporaryDirectory.appending(path: "secbench-policy-\(getpid())")
        try Data("x".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        // As the kernel has it: the path of a temporary folder may lead over links.
        let path = file.resolvingSymlinksInPath().path()
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path()
        let bench = try PolicyBench()
        defer { _ = try? bench.run([]) }
        guard secd_bench_pin() == 0 else { throw BenchmarkError("cannot be kept on one core") }
        defer { secd_bench_unpin() }

        let cases: [(name: String, policies: [RunnablePolicy])] = [
            ("early 1", try bench.policies(PolicyTexts.closes(count: 1, binary: "/opt/other"))),
            ("early 1000", try bench.policies(PolicyTexts.closes(count: 1000, binary: "/opt/other"))),
            ("full 1", try bench.policies(PolicyTexts.closes(count: 1, binary: own))),
            ("full 1000", try bench.policies(PolicyTexts.closes(count: 1000, binary: own))),
            ("hit 1", try bench.policies(PolicyTexts.closes(count: 1, binary: own, path: path))),
            ("number 1", try bench.policies([PolicyTexts.everyClose(0)])),
            ("number 1000", try bench.policies((0..<1000).map { PolicyTexts.everyClose($0) })),
        ]
        let binaries = try bench.policies([PolicyTexts.getppid(binary: "/opt/other")])
        var samples = Samples()
        var records: [String: (perCall: Double, bytes: Int)] = [:]
        for _ in 0..<(quick ? 3 : 9) {
            samples.add("bare", try Self.turns(quick, SECD_BENCH_OPEN_CLOSE, path))
            samples.add(
                "empty",
                try PolicyBench.beside("on_any_call", call: 0) {
                    try Self.turns(quick, SECD_BENCH_GETPPID, path)
                })
            samples.add(
                "gate",
                try PolicyBench.beside("on_gate", call: Self.closeNumber) {
                    try Self.turns(quick, SECD_BENCH_OPEN_CLOSE, path)
                })
            samples.add(
                "gate of getppid",
                try PolicyBench.beside("on_gate", call: Self.getppidNumber) {
                    try Self.turns(quick, SECD_BENCH_GETPPID, path)
                })
            for one in cases {
                try bench.run(one.policies)
                _ = bench.drain()
                samples.add(one.name, try Self.turns(quick, SECD_BENCH_OPEN_CLOSE, path))
                let told = bench.drain()
                records[one.name] = (Double(told.records) / Double(Self.calls(quick)), told.bytes)
                if one.name == "early 1" {
                    samples.add("unnamed", try Self.turns(quick, SECD_BENCH_GETPPID, path))
                }
            }
            try bench.run(binaries)
            samples.add("binaries", try Self.turns(quick, SECD_BENCH_GETPPID, path))
            try bench.run([])
        }
        return figures(samples, records)
    }

    private func figures(
        _ samples: Samples, _ records: [String: (perCall: Double, bytes: Int)]
    ) -> [Figure] {
        func beyond(_ name: String, _ other: String, _ title: String, bar: Double?, note: String = "")
            -> Figure
        {
            var figure = Figure(
                title, median: samples.differences(name, other), "ns", bar: bar.map { .atMost($0) },
                note: note)
            figure.value = samples.difference(name, other)
            return figure
        }
        func least(_ name: String) -> Double { samples.difference(name, "gate") }
        func told(_ name: String) -> String {
            let record = records[name] ?? (0, 0)
            return "\(String(format: "%.2f", record.perCall)) records of \(record.bytes) bytes a call"
        }
        return [
            beyond("unnamed", "empty", "a call that no policy names, beyond an empty program", bar: 5),
            beyond("gate", "bare", "gate: open + close, a program that compares a number", bar: nil),
            beyond("early 1", "gate", "process in no rule, 1 policy, beyond the gate", bar: 80),
            beyond("early 1000", "gate", "process in no rule, 1,000 policies", bar: 80),
            beyond("full 1", "gate", "path filter misses, fully evaluated, 1 policy", bar: 300),
            beyond("full 1000", "gate", "the same, 1,000 policies, 5,000 paths", bar: nil),
            Figure(
                "1,000 policies, ratio to 1", least("full 1000") / least("full 1"), "×", bar: .atMost(1.15)),
            beyond("binaries", "gate of getppid", "matchBinaries misses on a hot call", bar: 40),
            beyond("number 1", "gate", "a hit, a number is shown", bar: 420, note: told("number 1")),
            beyond("hit 1", "gate", "a hit, fully evaluated, a path is shown", bar: 420, note: told("hit 1")),
            beyond("number 1000", "gate", "1,000 policies match", bar: nil, note: told("number 1000")),
            Figure(
                "1,000 policies match, ratio to a hit of 1", least("number 1000") / least("number 1"), "×",
                bar: .atMost(10)),
        ]
    }

    private static let perLoop: UInt32 = 300

    private static func loops(_ quick: Bool) -> Int { quick ? 40 : 200 }

    /// Calls of one measurement.
    private static func calls(_ quick: Bool) -> Int { loops(quick) * Int(perLoop) }

    /// Nanoseconds of a turn: the quickest tenth of many short loops, because others interrupt.
    private static func turns(_ quick: Bool, _ call: Int32, _ path: String) throws -> Double {
        var samples = [Double](repeating: 0, count: loops(quick))
        guard unsafe secd_bench_turns(call, path, perLoop, Int32(samples.count), &samples) == 0 else {
            throw BenchmarkError("the calls that are measured fail: errno \(errno)")
        }
        return Figure.quantile(samples.sorted(), 0.1)
    }
}
