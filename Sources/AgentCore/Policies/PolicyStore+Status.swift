package import AgentModel
import PolicyModel

/// What is wanted and what runs, for people and programs.
extension PolicyStore {
    /// Every policy, in the order in which names count; texts without a usable policy, too.
    package var statuses: [PolicyStatus] {
        let counts = Dictionary(runtime.counts().map { ($0.id, $0) }) { first, _ in first }
        var owners: [PolicyKey: String] = [:]
        var found: [PolicyStatus] = []
        for source in desired.sources {
            for policy in source.policies {
                let key = PolicyKey(policy)
                if let owner = owners[key] {
                    found.append(unused(key, source, "there is a policy \(key) already, from \(owner)"))
                } else {
                    owners[key] = source.name
                    found.append(status(policy, source, counts))
                }
            }
            guard !source.problem.isEmpty else { continue }
            let known = source.policies.map { PolicyKey($0) }
            let broken = source.keys.filter { !known.contains($0) }
            found += broken.map { unused($0, source, source.problem) }
            // What is wrong with a manifest without policies, its other reader says.
            if broken.isEmpty, known.isEmpty, source.origin != .manifest {
                let name = source.name.split(separator: "/").last.map(String.init) ?? source.name
                found.append(unused(PolicyKey(name: name), source, source.problem))
            }
        }
        return found
    }

    /// Sentences about what keeps policies from running; one for all policies that the same keeps.
    package var complaints: [String] {
        var order: [String] = []
        var names: [String: [String]] = [:]
        for status in statuses where !status.error.isEmpty {
            let line = status.error.split(separator: "\n").first.map(String.init) ?? status.error
            if names[line] == nil { order.append(line) }
            names[line, default: []].append(
                PolicyKey(name: status.name, namespace: status.namespace).description)
        }
        return problems + keepingProblem
            + order.map { line in
                let all = names[line, default: []]
                if all.count == 1 { return "policy \(all[0]): \(line)" }
                let more = all.count > Self.namesShown ? " and \(all.count - Self.namesShown) more" : ""
                return "policies \(all.prefix(Self.namesShown).joined(separator: ", "))\(more): \(line)"
            }
    }

    /// Names that one sentence has.
    private static let namesShown = 5

    private func unused(_ key: PolicyKey, _ source: PolicySource, _ reason: String) -> PolicyStatus {
        PolicyStatus(
            id: 0, name: key.name, namespace: key.namespace, domain: source.domain, source: source.name,
            state: .loadError, mode: .enforce, enabled: desired.overrides[key]?.enabled ?? true,
            error: reason)
    }

    private func status(
        _ written: CheckedPolicy, _ source: PolicySource, _ counts: [UInt64: PolicyCounts]
    ) -> PolicyStatus {
        let key = PolicyKey(written)
        let override = desired.overrides[key]
        let wanted = inForce(written, override)
        let current = running[key]
        let isEnabled = override?.enabled ?? true
        let shown = current?.policy ?? wanted
        var status = PolicyStatus(
            id: current?.id ?? 0, name: key.name, namespace: key.namespace, domain: source.domain,
            source: source.name, state: .enabled,
            mode: shown.isEnforcing ? PolicyRunMode(shown.mode) : .monitorOnly, enabled: isEnabled,
            warnings: source.warnings)
        let obstacle = obstacles[key] ?? generalObstacle
        if let current {
            status.state = current.report.isPartial ? .partiallyEnabled : .enabled
            status.hooks = current.report.hooks.map { PolicyHookStatus($0, current.policy) }
            status.kernelBytes = current.report.kernelBytes
            status.selectors = (counts[current.id]?.selectors ?? []).compactMap {
                PolicySelectorStatus($0, current.policy)
            }
            if !source.problem.isEmpty {
                status.error = "the text before goes on: \(source.problem)"
            } else if current.policy != wanted {
                status.error = "the text before goes on: \(obstacle)"
            }
        } else if !isEnabled {
            status.state = .disabled
        } else if !isForThisNode(written) {
            status.state = .skipped
        } else {
            status.state = .loadError
            status.error = obstacle.isEmpty ? "it does not run" : obstacle
        }
        return status
    }
}

extension PolicySource {
    /// Tetragon's word for where a policy is from.
    fileprivate var domain: String {
        switch origin {
        case .api: "grpc"
        case .file, .manifest: "static"
        case .cluster: "k8s"
        }
    }
}

extension HookReport {
    /// `prevent while secd lives`.
    fileprivate var effectText: String {
        condition.isEmpty ? effect.rawValue : "\(effect.rawValue) \(condition)"
    }
}

extension PolicyReport {
    /// Some entries have nothing to attach to, which they accept.
    fileprivate var isPartial: Bool { hooks.contains { $0.state != .loaded } }
}

extension PolicyHookStatus {
    fileprivate init(_ report: HookReport, _ policy: CheckedPolicy) {
        let entry = policy.hooks.first { $0.path == report.path }
        // `spec.kprobes[2]`
        let isEnforced = report.path.hasPrefix("spec.enforcers[")
        let position = report.path.split(separator: "[").last.map { $0.dropLast() }
        self.init(
            path: report.path, section: entry?.section.rawValue ?? (isEnforced ? "enforcers" : ""),
            index: position.flatMap { Int($0) } ?? 0, point: report.point.name, state: report.state.rawValue,
            mechanism: report.mechanism, effect: report.effectText, blindSpots: report.blindSpots,
            degraded: report.isDegraded)
    }
}

extension PolicySelectorStatus {
    /// Nil for what the policy does not have.
    fileprivate init?(_ counts: SelectorCounts, _ policy: CheckedPolicy) {
        guard policy.hooks.indices.contains(counts.hook) else { return nil }
        let hook = policy.hooks[counts.hook]
        guard hook.selectors.indices.contains(counts.selector) else { return nil }
        self.init(
            hook: hook.points.first?.name ?? hook.path, hookIndex: counts.hook,
            selectorIndex: counts.selector, label: hook.selectors[counts.selector].label,
            counters: PolicyCounters(counts.actions))
    }
}

extension PolicyCounters {
    fileprivate init(_ actions: ActionCounts) {
        self.init()
        post = actions.posts
        heldBack = actions.heldBack
        noPost = actions.noPosts
        signal = actions.signals
        override = actions.overrides
        notifyEnforcer = actions.notifications
        set = actions.sets
        monitorSignal = actions.monitoredSignals
        monitorOverride = actions.monitoredOverrides
        monitorNotifyEnforcer = actions.monitoredNotifications
        monitorSet = actions.monitoredSets
    }
}
