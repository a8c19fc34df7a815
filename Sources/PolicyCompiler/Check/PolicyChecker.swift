public import PolicyModel
public import YAMLReader

/// Specs → policies without open questions. Everything that is wrong is noted at once.
public enum PolicyChecker {
    /// The checked policy. It is fit for use only where `collector` has no errors afterwards.
    public static func check(
        _ spec: PolicySpec, _ settings: CheckSettings, _ collector: DiagnosticCollector
    ) -> CheckedPolicy {
        PolicyCheck(spec, settings, Problems(collector: collector)).run()
    }
}

/// The check of one policy.
struct PolicyCheck {
    let spec: PolicySpec
    let settings: CheckSettings
    let problems: Problems
    let lists: ValueLists
    let macros: [String: MacroSpec]

    init(_ spec: PolicySpec, _ settings: CheckSettings, _ problems: Problems) {
        self.spec = spec
        self.settings = settings
        self.problems = problems
        lists = ValueLists(spec.lists, settings, problems)
        // The reader of YAML refuses keys that stand twice.
        macros = Dictionary(spec.macros.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func run() -> CheckedPolicy {
        var policy = CheckedPolicy(
            file: spec.file, place: spec.place, name: spec.name.value,
            namespace: spec.kind.value == .namespaced ? spec.namespace?.value ?? "default" : "")
        policy.mode = checkOptions()
        policy.acceptsDegraded = spec.degraded?.value ?? false
        policy.reportsLoads = spec.loader?.value ?? false
        policy.enforcers = checkEnforcers()
        policy.nodeTerms = spec.nodeSelector.map(Self.terms) ?? []
        policy.isForced = spec.annotations["secd/force"] == "true"
        let scope = workloadScope()
        var seen: [AttachPoint: String] = [:]
        for hook in spec.hooks {
            guard let checked = HookCheck(self, hook, scope).run() else { continue }
            for point in checked.points {
                if let first = seen[point] {
                    problems.warning(
                        hook.path,
                        "\(point.name) stands at \(first), too: both entries act, each with its own event",
                        at: hook.place)
                }
                seen[point] = seen[point] ?? hook.path
            }
            policy.hooks.append(checked)
        }
        if policy.reportsLoads { policy.hooks.append(loaderHook(scope)) }
        if spec.entryCount == 0, !policy.reportsLoads {
            problems.warning("spec", "names no hook: the policy does nothing", at: spec.place)
        }
        for selector in [spec.nodeSelector].compactMap({ $0 }) where !selector.terms.isEmpty {
            problems.note(
                "spec.nodeSelector", "is judged where the policy is loaded, by the labels of the node",
                at: selector.place)
        }
        return policy
    }

    /// `loader: true`: an event for each executable file that a process maps.
    private func loaderHook(_ scope: Condition?) -> CheckedHook {
        let place = spec.loader?.place ?? spec.place
        return CheckedHook(
            path: "spec.loader", place: place, section: .loader, points: [.mapping],
            columns: [Column(source: .argument(0), type: .file)],
            selectors: [CheckedSelector(place: place, conditions: [scope].compactMap { $0 })],
            event: EventShape(arguments: [EventShape.Field(column: 0, label: "")]))
    }

    // MARK: Options

    private func checkOptions() -> PolicyMode {
        var mode = PolicyMode.enforce
        for (index, option) in spec.options.enumerated() {
            let path = "spec.options[\(index)]"
            guard let name = PolicyOption(rawValue: option.name.value) else {
                let names = PolicyOption.allCases.map(\.rawValue)
                problems.error(
                    path + ".name", "unknown option \"\(option.name.value)\"", at: option.name.place,
                    hint: Spelling.suggestion(for: option.name.value, among: names)
                        ?? "known: " + names.joined(separator: ", "))
                continue
            }
            let value = option.value.value
            let allowed: [String]
            switch name {
            case .disableKprobeMulti, .disableUprobeMulti: allowed = ["0", "1", "true", "false"]
            case .overrideMethod: allowed = ["fmod-ret", "override-return"]
            case .policyMode: allowed = PolicyMode.allCases.map(\.rawValue)
            case .sleepablePreloadSize:
                if NumberSyntax.unsigned(value) == nil {
                    problems.error(
                        path + ".value", "expected a number, found \"\(value)\"", at: option.value.place)
                }
                continue
            }
            guard allowed.contains(value) else {
                problems.error(
                    path + ".value", "\"\(value)\" is no value of \(name.rawValue)", at: option.value.place,
                    hint: "one of: " + allowed.joined(separator: ", "))
                continue
            }
            if name == .policyMode { mode = PolicyMode(rawValue: value) ?? .enforce }
        }
        return mode
    }

    // MARK: Enforcers

    private func checkEnforcers() -> [AttachPoint] {
        if spec.enforcers.count > 1 {
            problems.error(
                "spec.enforcers[1]", "a policy has one list of enforcers", at: spec.enforcers[1].place,
                hint: "put all calls into the first")
        }
        var points: [AttachPoint] = []
        for (index, enforcer) in spec.enforcers.enumerated() {
            for (position, call) in enforcer.calls.enumerated() {
                let path = "spec.enforcers[\(index)].calls[\(position)]"
                let resolver = CallResolver(self, path: path, ignoresMissing: false)
                let isList = ValueLists.reference(call.value) != nil
                let resolved = resolver.points(
                    call, isSyscall: isList || SyscallTable.looksLikeSyscall(call.value))
                for point in resolved.points {
                    if case .function(let symbol) = point, !symbol.hasPrefix("security_") {
                        problems.error(
                            path, "\(symbol) cannot be overridden: only syscalls and security_ functions can",
                            at: call.place)
                    }
                }
                points += resolved.points
            }
        }
        return points
    }

    // MARK: Workloads

    /// Where the whole policy applies; nil is everywhere.
    private func workloadScope() -> Condition? {
        let namespace = spec.kind.value == .namespaced ? spec.namespace?.value ?? "default" : nil
        let selectors = [spec.podSelector, spec.containerSelector, spec.hostSelector]
        guard namespace != nil || selectors.contains(where: { $0 != nil }) else { return nil }
        let test = Self.workloadTest(
            namespace: namespace, spec.podSelector, spec.containerSelector, spec.hostSelector)
        let place = selectors.compactMap { $0?.place }.first ?? spec.kind.place
        return Condition(
            subject: .process(.workload), test: .workload(test), isNegated: false, field: "spec.podSelector",
            place: place)
    }

    static func workloadTest(
        namespace: String?, _ pod: LabelSelectorSpec?, _ container: LabelSelectorSpec?,
        _ host: LabelSelectorSpec?
    ) -> WorkloadTest {
        WorkloadTest(
            namespace: namespace, podTerms: pod.map(terms), containerTerms: container.map(terms),
            includesHost: host != nil)
    }

    private static func terms(_ selector: LabelSelectorSpec) -> [WorkloadTest.Term] {
        selector.terms.map {
            WorkloadTest.Term(key: $0.key.value, operation: $0.operation, values: $0.values)
        }
    }
}
