import ArgumentParser
import CBenchShims
import Foundation

/// Measures what docs/benchmarks.md promises: ratios and differences within one run, medians of
/// interleaved rounds. Load goes to loopback and to processes of its own, bounded.
@main
struct SecBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secbench", abstract: "Measures secd: cost, speed, loss and memory.")

    @Option(help: "Where results are written as JSON.")
    var output: String?
    @Option(help: "Benchmarks to run, by name; default: all.")
    var only: [String] = []
    @Flag(help: "Fewer rounds: a look, not a figure.")
    var quick = false

    func run() throws {
        let all: [any Benchmark] = [
            ReplayBenchmark(), RingBenchmark(), OverloadBenchmark(), StartBenchmark(), IdleBenchmark(),
            ExecStormBenchmark(), KernelCostBenchmark(), ThreadStormBenchmark(), SocketStormBenchmark(),
            PolicyCostBenchmark(), PolicyFlipBenchmark(), LabelBenchmark(), IdentityBenchmark(),
            MemoryBenchmark(),
        ]
        let chosen = only.isEmpty ? all : all.filter { only.contains($0.name) }
        guard !chosen.isEmpty else {
            throw ValidationError("no such benchmark; there are: \(all.map(\.name).joined(separator: ", "))")
        }
        secd_print_by_lines()
        var figures: [Figure] = []
        for benchmark in chosen {
            print("\n\(benchmark.name): \(benchmark.summary)")
            do {
                for figure in try benchmark.measure(quick: quick) {
                    print("  " + figure.line)
                    figures.append(figure)
                }
            } catch {
                print("  not measured: \(error)")
                figures.append(Figure(benchmark.name, .nan, "", bar: nil, note: "not measured: \(error)"))
            }
        }
        if let output { try write(figures, to: output) }
    }

    private func write(_ figures: [Figure], to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        try encoder.encode(Results(machine: Machine.describe(), figures: figures)).write(
            to: URL(fileURLWithPath: path))
        print("\nwritten to \(path)")
    }
}

/// Something that is measured.
protocol Benchmark {
    var name: String { get }
    var summary: String { get }
    func measure(quick: Bool) throws -> [Figure]
}

/// Why a benchmark could not be measured.
struct BenchmarkError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
