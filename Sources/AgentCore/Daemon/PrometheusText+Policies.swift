import AgentModel

/// What policies did. Names that Tetragon has mean the same here.
extension PrometheusText {
    func policies(_ policies: [PolicyStatus]) {
        family("secd_policy_state", "gauge", "1 for the state that a policy is in.") {
            for policy in policies {
                let labels = Self.labels(
                    policy, ["state": policy.state.rawValue, "mode": policy.mode.rawValue])
                sample("secd_policy_state", labels, 1)
            }
        }
        family(
            "secd_policy_actions_total", "counter",
            "What the selectors of a policy did at a hook; those that begin with monitor would have been done."
        ) {
            for (policy, hook, counters) in Self.hooks(policies) {
                for (action, count) in counters.byAction where count > 0 {
                    let labels = Self.labels(policy, ["hook": hook, "action": action])
                    sample("secd_policy_actions_total", labels, Double(count))
                }
            }
        }
        family("tetragon_tracingpolicy_loaded", "gauge", "Policies by state.") {
            for state in PolicyState.allCases {
                let count = policies.filter { $0.state == state }.count
                sample("tetragon_tracingpolicy_loaded", ["state": state.rawValue], Double(count))
            }
        }
        family(
            "tetragon_tracingpolicy_kernel_memory_bytes", "gauge",
            "What a policy adds to the kernel's memory."
        ) {
            for policy in policies where policy.id != 0 {
                sample(
                    "tetragon_tracingpolicy_kernel_memory_bytes", Self.labels(policy),
                    Double(policy.kernelBytes))
            }
        }
        family("tetragon_policy_events_total", "counter", "Events of a policy by hook.") {
            for (policy, hook, counters) in Self.hooks(policies) {
                let labels = Self.labels(policy, ["hook": hook])
                sample("tetragon_policy_events_total", labels, Double(counters.post))
            }
        }
    }

    private static func labels(_ policy: PolicyStatus, _ more: [String: String] = [:]) -> [String: String] {
        var labels = ["policy": policy.name, "policy_namespace": policy.namespace]
        labels.merge(more) { _, new in new }
        return labels
    }

    /// What the selectors of each entry did together.
    private static func hooks(
        _ policies: [PolicyStatus]
    ) -> [(policy: PolicyStatus, hook: String, counters: PolicyCounters)] {
        policies.flatMap { policy in
            var counters: [String: PolicyCounters] = [:]
            for hook in policy.hooks { counters[hook.point] = PolicyCounters() }
            for selector in policy.selectors {
                counters[selector.hook, default: PolicyCounters()] += selector.counters
            }
            return counters.sorted { $0.key < $1.key }.map { (policy, $0.key, $0.value) }
        }
    }
}

extension PolicyCounters {
    /// As metrics name them.
    var byAction: [(action: String, count: UInt64)] {
        [
            ("post", post), ("held_back", heldBack), ("nopost", noPost), ("signal", signal),
            ("override", override), ("notify_enforcer", notifyEnforcer), ("set", set),
            ("monitor_signal", monitorSignal), ("monitor_override", monitorOverride),
            ("monitor_notify_enforcer", monitorNotifyEnforcer), ("monitor_set", monitorSet),
        ]
    }
}
