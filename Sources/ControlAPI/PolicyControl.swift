public import AgentModel

/// The daemon's policies as the API sees them.
public protocol PolicyControl: Sendable {
    /// Every policy, wanted or running, in the order in which names count.
    func policies() async -> [PolicyStatus]
    /// Adds the policies of a text: all, or none.
    /// - Returns: their names.
    func addPolicies(_ addition: PolicyAddition) async throws(PolicyChangeError) -> [PolicyKey]
    /// Removes a policy that the API brought.
    func deletePolicy(_ key: PolicyKey) async throws(PolicyChangeError)
    /// Switches a policy on or off, or changes its mode; what is nil stays.
    func configurePolicy(
        _ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?
    ) async throws(PolicyChangeError)
}
