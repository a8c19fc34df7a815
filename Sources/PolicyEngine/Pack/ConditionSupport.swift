package import PolicyModel

extension Condition {
    /// Why the programs cannot judge the condition, as the end of a sentence; nil = they can.
    package var obstacle: String? {
        switch test {
        case .contains: return "looks for text inside of text, which the kernel's half cannot do yet"
        case .expression: return "is an expression, which the kernel's half cannot compute yet"
        case .workload: return "asks for a workload, and this daemon knows no workloads yet"
        default: break
        }
        switch subject {
        case .process(.namespaceChanges), .process(.capabilityChanges):
            return "asks what has changed since exec, which the kernel's half does not keep yet"
        default: return nil
        }
    }
}
