package import PolicyModel

extension Condition {
    /// Why the programs cannot judge the condition, as the end of a sentence; nil = they can.
    package var obstacle: String? {
        switch test {
        case .workload: "asks for a workload, and this daemon knows no workloads yet"
        default: nil
        }
    }
}
