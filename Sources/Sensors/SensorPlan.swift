import BPFObjects

/// A sensor as data: its object in both builds, and what runs on what.
struct SensorPlan: Sendable {
    var name: String
    var object: BPFObject
    /// The build for kernels without `bpf_rdonly_cast` (6.1).
    var probeObject: BPFObject
    var ladders: [Ladder]
    /// Program of a `iter/…` section, loaded and run once.
    var iterator: String?

    /// Tracepoints that any mechanism of the plan names.
    var tracepoints: [String] {
        ladders.flatMap(\.mechanisms).compactMap { mechanism in
            let parts = mechanism.name.split(separator: "/")
            guard parts.first == "tp_btf", parts.count == 2 else { return nil }
            return String(parts[1].prefix { $0 != " " && $0 != "," })
        } + ["cgroup_rmdir"]
    }

    /// The mechanisms that this kernel gets, by function; nil where there is none.
    func choose(_ facts: KernelFacts) -> [(ladder: Ladder, mechanism: Mechanism?)] {
        ladders.map { ($0, $0.best(facts)) }
    }
}
