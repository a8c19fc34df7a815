package import EventDecoder
import EventModel
package import PolicyCompiler
package import PolicyModel

/// A hook of a generation as it runs.
package struct PlacedHook: Sendable {
    /// The kernel's number of it.
    package var number: UInt32
    /// Where policies want it.
    package var point: AttachPoint
    /// Which of the tables of that point are its own.
    package var side: Int
    /// What it runs on, as status names it.
    package var mechanism: String
    /// What actions can achieve there.
    package var effect: EffectClass
    /// By rule: the number that calls are counted under.
    package var counters: [UInt32]

    package init(
        number: UInt32, point: AttachPoint, side: Int = 0, mechanism: String, effect: EffectClass,
        counters: [UInt32] = []
    ) {
        self.counters = counters
        self.number = number
        self.point = point
        self.side = side
        self.mechanism = mechanism
        self.effect = effect
    }
}

extension PolicyCatalogue {
    /// What the records of a generation mean.
    /// - Parameters:
    ///   - policies: those that `tables` were built from, in the same order.
    ///   - countKey: of the values that counted calls have in common.
    package convenience init(
        generation: UInt32, tables: Generation, policies: [CheckedPolicy], placed: [PlacedHook],
        countKey: @escaping @Sendable ([PolicyCountedValue]) -> (UInt64, UInt64) = { _ in (0, 0) }
    ) {
        var hooks: [UInt32: Hook] = [:]
        for place in placed {
            guard let table = tables.hook(place.point, side: place.side) else { continue }
            hooks[place.number] = Hook(
                hook: PolicyHook(
                    PolicyHook.Target(place.point), mechanism: place.mechanism,
                    effect: PolicyHook.Effect(place.effect)),
                columns: table.columns, shapes: table.groups.map(\.event),
                rules: table.rules.indices.map { index in
                    let counter = index < place.counters.count ? place.counters[index] : .max
                    var rule = Rule(table.rules[index], table, policies, counter: counter)
                    let actions = table.rules[index].actions + table.rules[index].returnActions
                    rule.requests = actions.compactMap { PolicyRequest($0) }
                    return rule
                })
        }
        self.init(generation: generation, hooks: hooks, countKey: countKey)
    }
}

extension PolicyCatalogue.Rule {
    fileprivate init(
        _ rule: PolicyCompiler.Rule, _ table: HookTables, _ policies: [CheckedPolicy], counter: UInt32
    ) {
        let group = table.groups[rule.group]
        let policy = policies[group.policy]
        let entry = policy.hooks[group.hook]
        let selector = rule.selector < entry.selectors.count ? entry.selectors[rule.selector] : nil
        let conditions = (selector?.conditions ?? []) + (selector?.returnConditions ?? [])
        let actions = rule.actions + rule.returnActions
        self.init(
            rule: PolicyRule(
                policy: policy.name, namespace: policy.namespace, selector: UInt32(rule.selector),
                label: selector?.label ?? "", mode: PolicyRule.Mode(policy.mode),
                action: PolicyAction.strongest(of: actions), message: entry.event.message,
                tags: entry.event.tags, asksRights: conditions.contains(where: \.asksRights)),
            shape: rule.group,
            returnAction: rule.returnActions.isEmpty
                ? nil : PolicyAction.strongest(of: rule.returnActions),
            outcome: PolicyVerdict.strongest(of: actions, inProgram: entry.section == .uprobes),
            error: actions.lazy.compactMap { $0.error?.value }.first.map { UInt32(clamping: $0.magnitude) }
                ?? 0,
            conditions: conditions.map { PolicyCatalogue.Condition($0, entry, table) },
            orders: PolicyOrders(actions), counting: PolicyCounting(actions, counter: counter))
    }
}

extension PolicyRequest {
    /// Nil where nothing is asked for.
    fileprivate init?(_ action: ActionSpec) {
        switch action.kind.value {
        case .dnsLookup:
            guard let name = action.fqdn?.value else { return nil }
            self = .name(name)
        case .getURL:
            guard let url = action.url?.value else { return nil }
            self.init(url: url)
        default: return nil
        }
    }
}

extension PolicyCounting {
    private static let second: UInt64 = 1_000_000_000

    /// Nil where nothing is counted by key.
    fileprivate init?(_ actions: [ActionSpec], counter: UInt32) {
        guard let count = actions.first(where: { $0.kind.value == .count }), let interval = count.interval
        else { return nil }
        self.init(
            counter: counter, columns: Set(count.countBy.map(\.value)).sorted(),
            interval: UInt64(interval.value) * Self.second,
            posts: actions.contains { $0.kind.value == .post })
    }
}

extension PolicyOrders {
    fileprivate init(_ actions: [ActionSpec]) {
        self = []
        for action in actions {
            switch action.kind.value {
            case .killTree: insert(.killTree)
            case .killContainer: insert(.killContainer)
            case .post where action.imaHash: insert(.digest)
            default: break
            }
        }
    }
}

extension PolicyCatalogue.Condition {
    /// - Parameter condition: names columns by their positions in `entry`.
    fileprivate init(_ condition: PolicyModel.Condition, _ entry: CheckedHook, _ table: HookTables) {
        let own: [Int] =
            switch condition.subject {
            case .column(let index, _): [index]
            case .gained(let new, let old): [new, old]
            case .expression:
                if case .expression(let expression) = condition.test {
                    expression.columns.sorted()
                } else {
                    []
                }
            case .process: []
            }
        self.init(
            name: condition.field,
            columns: own.compactMap { index in
                index < entry.columns.count ? table.columns.firstIndex(of: entry.columns[index]) : nil
            })
    }
}

extension PolicyModel.Condition {
    /// Whether it is about namespaces or capabilities.
    fileprivate var asksRights: Bool {
        switch subject {
        case .process(.namespace), .process(.namespaceChanges), .process(.capabilities),
            .process(.capabilityChanges):
            true
        default: false
        }
    }
}

extension PolicyHook.Target {
    /// As Tetragon's events name it: syscalls by their entry function.
    fileprivate init(_ point: AttachPoint) {
        switch point {
        case .function(let symbol): self = .function(symbol)
        case .syscall(let name): self = .function("__x64_sys_" + name)
        case .tracepoint(let subsystem, let event): self = .tracepoint(subsystem: subsystem, event: event)
        // Raw tracepoints have no subsystem.
        case .rawTracepoint(let event): self = .tracepoint(subsystem: "raw", event: event)
        case .lsm(let hook): self = .lsm(hook)
        case .uprobe(let path, .symbol(let symbol), let counter):
            self = .uprobe(path: path, symbol: symbol, offset: 0, counterOffset: counter)
        case .uprobe(let path, .offset(let offset), let counter),
            .uprobe(let path, .address(let offset), let counter):
            self = .uprobe(path: path, symbol: "", offset: offset, counterOffset: counter)
        case .usdt(let path, let provider, let name):
            self = .usdt(path: path, provider: provider, name: name)
        case .mapping: self = .mapping
        }
    }
}

extension PolicyHook.Effect {
    fileprivate init(_ effect: EffectClass) {
        self =
            switch effect {
            case .observe: .observe
            case .killBeforeReturn: .killBeforeReturn
            case .killBeforeEffect: .killBeforeEffect
            case .prevent: .prevent
            }
    }
}

extension PolicyRule.Mode {
    fileprivate init(_ mode: PolicyMode) {
        self =
            switch mode {
            case .enforce: .enforce
            case .monitor: .monitor
            }
    }
}

extension PolicyAction {
    fileprivate init(_ kind: ActionKind) {
        self =
            switch kind {
            case .post: .post
            case .noPost: .noPost
            case .kill: .kill
            case .signal: .signal
            case .override: .override
            case .notifyEnforcer: .notifyEnforcer
            case .cleanupEnforcer: .cleanupEnforcer
            case .trackSocket: .trackSocket
            case .untrackSocket: .untrackSocket
            case .set: .set
            case .getURL: .getURL
            case .dnsLookup: .dnsLookup
            case .freeze: .freeze
            case .killTree: .killTree
            case .killContainer: .killContainer
            case .count: .count
            }
    }

    /// What changes most, first.
    private static let byStrength: [PolicyAction] = [
        .killContainer, .killTree, .kill, .override, .notifyEnforcer, .freeze, .signal, .set, .trackSocket,
        .untrackSocket, .getURL, .dnsLookup, .cleanupEnforcer, .count, .noPost,
    ]

    /// The action that an event shows.
    fileprivate static func strongest(of actions: [ActionSpec]) -> PolicyAction {
        let kinds = Set(actions.map { PolicyAction($0.kind.value) })
        return byStrength.first(where: kinds.contains) ?? .post
    }
}

extension PolicyVerdict {
    private static let killSignal: Int64 = 9

    /// What actions do to a call, or to its process.
    /// - Parameter inProgram: the call is one of a function in a program, which nobody can deny.
    fileprivate static func strongest(of actions: [ActionSpec], inProgram: Bool) -> PolicyVerdict {
        let outcomes = actions.map { action -> PolicyVerdict in
            switch action.kind.value {
            case .kill, .killTree, .killContainer: .killed
            case .override: inProgram ? .changed : .denied
            case .set: .changed
            case .signal: action.signal?.value == killSignal ? .killed : .signalled
            case .freeze: .signalled
            case .notifyEnforcer:
                action.signal?.value == killSignal ? .killed : action.error == nil ? .signalled : .denied
            default: .none
            }
        }
        return [.killed, .denied, .changed, .signalled].first(where: outcomes.contains) ?? .none
    }
}
