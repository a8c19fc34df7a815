package import PolicyModel

/// Stands in where there is no engine: it runs nothing, and says so of each policy.
package struct NoPolicyRuntime: PolicyRuntime {
    /// Why there is none, as a clause.
    private let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }

    package func replace(with policies: [RunnablePolicy]) throws(PolicyRefusal) -> [PolicyReport] {
        guard policies.isEmpty else {
            throw PolicyRefusal(reason: "nothing is observed or enforced by it: \(reason)")
        }
        return []
    }

    package func counts() -> [PolicyCounts] { [] }
}
