import CBenchShims
import Foundation
import Glibc
import SecurityIdentity
import WorkloadModel

/// Memory and speed of all identities of a cluster, with the pods of a large node.
struct IdentityBenchmark: Benchmark {
    let name = "identities"
    let summary = "memory of 65,280 identities and 10,000 pods with ten labels of 40 bytes; time of a look-up"

    /// Bytes of a label with its source: `k8s:` and 40.
    private static let labelBytes = 40

    func measure(quick: Bool) throws -> [Figure] {
        [try cluster("shared labels", distinct: 2), try cluster("all labels different", distinct: 10)].flatMap
        { $0 }
    }

    /// - Parameter distinct: of the ten labels, how many no other identity has.
    private func cluster(_ title: String, distinct: Int) throws -> [Figure] {
        let numbers = IdentityRange.alone.numbers
        // What an earlier measurement has freed is not to be used again unseen.
        secd_bench_trim()
        let before = try Self.residentBytes()
        var table = IdentityTable()
        for number in numbers {
            table.bind(
                NumericIdentity(rawValue: number),
                try LabelSet(
                    Self.labels(number, distinct).map {
                        Label(.k8s, $0.key, $0.value)
                    }))
        }
        // Pods as the daemon knows them; their labels are those of the first identities.
        let pods = (0..<10_000 as Range<UInt32>).map { index in
            var pod = Pod(
                namespace: "shop", name: "pod-\(index)", uid: "00000000-0000-0000-0000-\(100_000 + index)")
            for label in Self.labels(numbers.lowerBound + index, distinct) {
                pod.labels[label.key] = label.value
            }
            var workload = Workload(kind: .container, id: "\(index)", name: "web", runtime: "containerd")
            workload.pod = pod
            return WorkloadRecord(workload)
        }
        let after = try Self.residentBytes()
        let sets = try pods.map { record in
            try LabelSet(record.podLabels.map { Label(.k8s, $0.key, $0.value) })
        }
        let start = DispatchTime.now().uptimeNanoseconds
        var found = 0
        for set in sets where table.number(of: set) != nil { found += 1 }
        let time = Double(DispatchTime.now().uptimeNanoseconds - start) / Double(sets.count)
        guard found == pods.count, table.count == numbers.count else {
            throw BenchmarkError("only \(found) of \(pods.count) pods found their identity")
        }
        return [
            Figure(
                "memory, \(title)", Double(after) / 0x10_0000 - Double(before) / 0x10_0000, "MiB",
                bar: .atMost(60), note: "\(table.labelCount) different labels"),
            Figure("look-up by ten labels, \(title)", time / 1000, "µs", bar: nil),
        ]
    }

    /// Ten labels of forty bytes: `key=value`.
    private static func labels(_ number: UInt32, _ distinct: Int) -> [(key: String, value: String)] {
        (0..<10).map { index in
            let owner = index < distinct ? number : number % 256
            let key = "label-\(index)-of-a-usual-length"
            let value = "\(owner)-"
            let rest = labelBytes - key.utf8.count - 1 - value.utf8.count
            return (key, value + String(repeating: "x", count: max(0, rest)))
        }
    }

    private static func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchmarkError("/proc/self/statm cannot be read")
        }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
