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
        // Names read `tp_btf/a, b, fentry/c`: what stands behind `tp_btf/` up to the next kind.
        ladders.flatMap(\.mechanisms).flatMap { mechanism -> [String] in
            var kind = ""
            return mechanism.name.split(separator: ",").compactMap { part in
                let words = part.trimmingPrefix { $0 == " " }.split(separator: "/")
                if words.count > 1, let first = words.first { kind = String(first) }
                guard kind == "tp_btf", let last = words.last else { return nil }
                return String(last.prefix { $0 != " " })
            }
        }
    }

    /// The mechanisms that this kernel gets, by function; nil where there is none.
    func choose(
        _ facts: KernelFacts, without refused: [String] = []
    ) -> [(ladder: Ladder, mechanism: Mechanism?)] {
        ladders.map { ($0, $0.best(facts, without: refused)) }
    }
}
