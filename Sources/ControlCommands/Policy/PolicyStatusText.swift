package import AgentModel

/// Policies hook by hook.
///
///     protect-keys  enabled, enforce  from /etc/secd/policies/keys.yaml, 4 KiB in the kernel
///       security_file_open  lsm/file_open  prevent
///       posts 12, held back 3, enforced 4, monitored 0
package struct PolicyStatusText {
    private let policies: [PolicyStatus]
    private let palette: Palette

    package init(_ policies: [PolicyStatus], palette: Palette) {
        self.policies = policies
        self.palette = palette
    }

    package var lines: [String] {
        policies.isEmpty ? ["no policies"] : policies.flatMap { lines($0) }
    }

    private func lines(_ policy: PolicyStatus) -> [String] {
        let isRunning = !policy.hooks.isEmpty || policy.state == .enabled || policy.state == .partiallyEnabled
        let style: Style = policy.error.isEmpty ? (isRunning ? .good : .faint) : .alarm
        var head = palette.paint(policy.shownName, .strong) + "  "
        head += palette.paint(policy.state.rawValue, style) + ", \(policy.mode.rawValue)"
        head += "  from " + TerminalText.escaped(policy.source)
        if policy.kernelBytes > 0 { head += ", \(Quantity.bytes(policy.kernelBytes)) in the kernel" }
        var lines = [head]
        for line in policy.error.split(separator: "\n", omittingEmptySubsequences: false)
        where !policy.error.isEmpty {
            lines.append("  " + palette.paint(TerminalText.escaped(String(line)), .alarm))
        }
        lines += policy.warnings.map { "  " + palette.paint(TerminalText.escaped($0), .warning) }
        lines += hooks(policy.hooks)
        let counters = policy.counters
        if isRunning { lines.append("  " + text(counters)) }
        for selector in policy.selectors where policy.selectors.count > 1 {
            let label = selector.label.isEmpty ? "" : " (\(TerminalText.escaped(selector.label)))"
            lines.append(
                "    \(TerminalText.escaped(selector.hook)) selector \(selector.selectorIndex)\(label): "
                    + text(selector.counters))
        }
        return lines
    }

    private func hooks(_ hooks: [PolicyHookStatus]) -> [String] {
        let points = hooks.map { TerminalText.escaped($0.point) }
        let mechanisms = hooks.map {
            TerminalText.escaped($0.state == "loaded" ? $0.mechanism : $0.state.replacing("_", with: " "))
        }
        let pointWidth = points.map(\.count).max() ?? 0
        let mechanismWidth = mechanisms.map(\.count).max() ?? 0
        return hooks.indices.flatMap { index in
            let hook = hooks[index]
            let line =
                "  \(points[index].padded(to: pointWidth))  \(mechanisms[index].padded(to: mechanismWidth))  "
                + TerminalText.escaped(hook.effect)
                + (hook.degraded ? palette.paint("  degraded", .warning) : "")
            return [line]
                + hook.blindSpots.map {
                    "    " + palette.paint("but " + TerminalText.escaped($0), .warning)
                }
        }
    }

    private func text(_ counters: PolicyCounters) -> String {
        "posts \(Quantity.grouped(counters.post)), held back \(Quantity.grouped(counters.heldBack)), "
            + "enforced \(Quantity.grouped(counters.enforced)), monitored \(Quantity.grouped(counters.monitored))"
    }
}
