import CEventABI
import FilePrevention
import PolicyCompiler
import PolicyModel

/// What of a policy this kernel can do, and what it cannot.
struct PolicyCheck {
    /// What stands in reports about an entry at a point.
    struct Placed {
        var point: AttachPoint
        var mechanism: HookMechanism
        /// What matches is kept until the call returns.
        var waits: Bool
        var effect: EffectClass
        var blindSpots: [String]
        var isDegraded: Bool
        /// What fanotify is to ask about.
        var files: [WantedFiles] = []
    }

    let policy: RunnablePolicy
    let ladder: MechanismLadder
    private(set) var faults: [PolicyRefusal.Fault] = []
    /// By entry of the policy, and in it by attach point; points that cannot be met are missing.
    private(set) var placed: [[Placed]] = []
    /// The calls of `enforcers`, where an action notifies of them.
    private(set) var enforced: [Placed] = []

    init(_ policy: RunnablePolicy, _ ladder: MechanismLadder) {
        self.policy = policy
        self.ladder = ladder
        for hook in policy.policy.hooks { placed.append(check(hook)) }
        enforced = checkEnforcers()
    }

    mutating func fault(_ place: SourcePlace, _ reason: String) {
        faults.append(PolicyRefusal.Fault(policy: policy.id, place: place, reason: reason))
    }

    private mutating func check(_ hook: CheckedHook) -> [Placed] {
        if let mismatch = ladder.programs.mismatch(hook) { fault(hook.place, "\(hook.path): \(mismatch)") }
        let needs = MechanismLadder.Needs(hook)
        return hook.points.compactMap { check(hook, $0, needs) }
    }

    private mutating func check(
        _ hook: CheckedHook, _ point: AttachPoint, _ needs: MechanismLadder.Needs
    ) -> Placed? {
        var needs = needs
        if actsAtOnce(point), hook.notices.contains(where: \.refuses) { needs.deny = true }
        let mechanism: HookMechanism
        do throws(MechanismLadder.Obstacle) {
            mechanism = try ladder.choose(point, needs)
        } catch {
            fault(hook.place, "\(hook.path): \(point.name) cannot be hooked: \(error.reason)")
            return nil
        }
        // What is to be done at the call may depend on memory that only the call itself brings.
        let waits = needs.wait || mechanism.judgesAgain && needs.enforce && needs.userMemory
        var placed = Placed(
            point: point, mechanism: mechanism, waits: mechanism.canWait && waits, effect: .observe,
            blindSpots: mechanism.blindSpots, isDegraded: false)
        if case .files(let calls) = mechanism.attachment { checkFiles(hook, calls, &placed) }
        checkColumns(hook, &placed)
        checkReturn(hook, &placed)
        for selector in hook.selectors {
            for action in selector.actions { check(action, hook, &placed, atReturn: false) }
            for action in selector.returnActions { check(action, hook, &placed, atReturn: true) }
            if selector.isEnforcing { checkNames(selector, hook, &placed) }
        }
        return placed
    }

    private mutating func checkFiles(_ hook: CheckedHook, _ calls: FileCalls, _ placed: inout Placed) {
        let check = FileCheck(hook, calls)
        for found in check.faults { fault(found.place, "\(hook.path): \(found.reason)") }
        placed.blindSpots += check.blindSpots
        placed.files = check.files
    }

    // MARK: Values

    private mutating func checkColumns(_ hook: CheckedHook, _ placed: inout Placed) {
        let reader = ladder.reader(placed.point, placed.mechanism)
        for (index, column) in hook.columns.enumerated() {
            do throws(ColumnReader.Obstacle) {
                _ = try reader.pack(column)
            } catch {
                let conditions = hook.selectors.flatMap { $0.conditions + $0.returnConditions }
                if let condition = conditions.first(where: { $0.columns.contains(index) }) {
                    fault(condition.place, "\(hook.path): \(condition.field): \(error.reason)")
                } else {
                    placed.blindSpots.append("a value is not shown: \(error.reason)")
                }
            }
        }
    }

    private mutating func checkReturn(_ hook: CheckedHook, _ placed: inout Placed) {
        if let kind = hook.event.returnAction { checkSocket(hook.place, kind, hook, &placed) }
        guard !placed.mechanism.canWait, !placed.mechanism.isReturn else { return }
        if let selector = hook.selectors.first(where: {
            !$0.returnConditions.isEmpty || !$0.returnActions.isEmpty
        }) {
            fault(
                selector.place,
                "\(hook.path): \(placed.mechanism.name) does not see what \(placed.point.name) returns")
        } else if hook.event.waitsForReturn {
            placed.blindSpots.append("what the call returns is not seen")
        }
    }

    // MARK: Actions

    /// Other signals may be caught.
    static let killSignal: Int64 = 9

    private mutating func check(
        _ action: ActionSpec, _ hook: CheckedHook, _ placed: inout Placed, atReturn: Bool
    ) {
        let kind = action.kind.value
        if kind == .override, hook.section == .uprobes { return check(change: action, hook, &placed) }
        switch kind {
        case .kill, .signal, .freeze:
            need(placed.mechanism.canSignal, "send signals", action, hook.path, &placed)
            let isDeadly = kind == .kill || action.signal?.value == Self.killSignal
            raise(isDeadly ? placed.mechanism.killEffect : .observe, &placed, atReturn: atReturn)
        case .killTree, .killContainer:
            need(placed.mechanism.canSignal, "send signals", action, hook.path, &placed)
            raise(placed.mechanism.killEffect, &placed, atReturn: atReturn)
            need(
                kind == .killTree || ladder.facts.cgroupRoot != nil, "find containers without cgroup2",
                action, hook.path, &placed)
            placed.blindSpots.append(
                kind == .killTree
                    ? "descendants of the process are ended by the daemon, some milliseconds after the process"
                    : "the rest of the container is ended by the daemon, some milliseconds after the process; "
                        + "a process outside of containers ends alone")
        case .override: refuse(action, hook.path, &placed)
        // Else it changes nothing here, but at the calls of `enforcers`.
        case .notifyEnforcer where actsAtOnce(placed.point): check(notice: action, hook.path, &placed)
        case .set: check(set: action, hook, &placed)
        case .getURL, .dnsLookup:
            checkOutreach(action, hook)
        case .trackSocket, .untrackSocket:
            checkSocket(action.place, kind, hook, &placed)
        case .post where action.imaHash:
            placed.blindSpots.append(
                "the digest of the file is computed by the daemon (file_hash) when it reads the event; IMA is not asked"
            )
        case .post, .noPost, .notifyEnforcer, .cleanupEnforcer, .count: break
        }
    }

    mutating func refuse(_ action: ActionSpec, _ path: String, _ placed: inout Placed) {
        let mechanism = placed.mechanism
        need(mechanism.canDeny, "refuse the call", action, path, &placed)
        guard mechanism.canDeny else { return }
        guard case .guarded = mechanism.attachment else {
            raise(.prevent, &placed, atReturn: false)
            return
        }
        let error = action.error?.value ?? 0
        need(error != 0, "make a call seem to succeed (argError: 0)", action, path, &placed)
        guard error != 0 else { return }
        raise(.prevent, &placed, atReturn: false)
        if let only = mechanism.onlyError, only != error {
            placed.blindSpots.append("the call fails with EPERM, whatever argError says")
        }
    }

    private mutating func checkOutreach(_ action: ActionSpec, _ hook: CheckedHook) {
        let name = action.kind.value.rawValue
        if !ladder.facts.allowsOutreach {
            fault(
                action.place,
                "\(hook.path): \(name) makes the daemon ask over the network, which is off; "
                    + "the setting policy-outreach allows it")
        } else if let url = action.url, url.value.hasPrefix("https://") {
            fault(url.place, "\(hook.path): \(name): pages are asked for over http only")
        }
    }

    /// Without the end of sockets another one at the same address would be taken for what is gone.
    private mutating func checkSocket(
        _ place: SourcePlace, _ kind: ActionKind, _ hook: CheckedHook, _ placed: inout Placed
    ) {
        if ladder.facts.cgroupRoot == nil {
            fault(place, "\(hook.path): \(kind.rawValue): \(SocketOwners.condition)")
        } else if kind == .trackSocket {
            placed.blindSpots.append(SocketOwners.blindSpot)
        }
    }

    func raise(_ effect: EffectClass, _ placed: inout Placed, atReturn: Bool) {
        let possible = atReturn ? min(effect, .killBeforeReturn) : effect
        placed.effect = max(placed.effect, possible)
    }

    mutating func need(
        _ isPossible: Bool, _ what: String, _ action: ActionSpec, _ path: String, _ placed: inout Placed
    ) {
        guard !isPossible else { return }
        if policy.policy.acceptsDegraded {
            placed.isDegraded = true
            placed.blindSpots.append("\(action.kind.value.rawValue): \(placed.mechanism.name) cannot \(what)")
        } else {
            fault(
                action.place,
                "\(path): \(action.kind.value.rawValue): \(placed.point.name) is met by "
                    + "\(placed.mechanism.name) on this kernel, which cannot \(what); "
                    + "degraded: true accepts that"
            )
        }
    }

    /// Names that a program passes can change after they were compared.
    private mutating func checkNames(
        _ selector: CheckedSelector, _ hook: CheckedHook, _ placed: inout Placed
    ) {
        guard placed.readsCallersText else { return }
        for condition in selector.conditions {
            guard case .column(let index, .text) = condition.subject, hook.columns[index].type == .string
            else {
                continue
            }
            if policy.policy.acceptsDegraded {
                placed.isDegraded = true
                placed.blindSpots.append(
                    "\(condition.field) compares the caller's string, which can change meanwhile"
                )
            } else {
                fault(
                    condition.place,
                    "\(hook.path): \(condition.field) compares the caller's string, which can change "
                        + "meanwhile, and links lead around it; degraded: true enforces all the same")
            }
        }
    }
}

extension MechanismLadder.Needs {
    /// What an entry asks of each of its points: nothing else decides how it is met there, so that other
    /// policies, which come and go, do not move it from the begin of calls to their end.
    init(_ hook: CheckedHook) {
        let actions = hook.selectors.flatMap { $0.actions + $0.returnActions }
        deny = hook.section != .uprobes && actions.contains { $0.kind.value == .override }
        let sets = actions.filter { $0.kind.value == .set }
        writes = sets.contains { $0.written != .register }
        changes =
            sets.contains { $0.written == .register }
            || hook.section == .uprobes && actions.contains { $0.kind.value == .override }
        wait =
            hook.event.waitsForReturn || hook.columns.contains { $0.atReturn }
            || hook.selectors.contains { !$0.returnConditions.isEmpty || !$0.returnActions.isEmpty }
        enforce = hook.selectors.contains { $0.actions.contains { $0.kind.value.isEnforcing } }
        userMemory = hook.columns.contains { column in
            column.type.isInUserMemory && column.path.isEmpty
        }
        registers = hook.columns.contains { if case .register = $0.source { true } else { false } }
        let functions = hook.points.count { if case .function = $0 { true } else { false } }
        manyFunctions = functions >= MechanismLadder.manyFunctions
        namesFiles = hook.points.allSatisfy { point in
            guard let calls = FileCalls(point) else { return false }
            let named = hook.selectors.filter { $0.files(calls.file, hook.columns) != nil }
            return !named.isEmpty && hook.selectors.allSatisfy { !$0.isEnforcing || named.contains($0) }
        }
    }
}

extension PolicyCheck.Placed {
    /// Strings are compared where the caller has them.
    fileprivate var readsCallersText: Bool {
        if let standIn = mechanism.standIn { return standIn.readsCallersText }
        guard case .syscall = point else { return false }
        return mechanism.asked == nil
    }
}

extension HookMechanism {
    /// Met by questions of fanotify; nil = it is not.
    var asked: FileCalls? { if case .files(let calls) = attachment { calls } else { nil } }

    /// Of SECD_POLICY_ENFORCES, what cannot be done there.
    var impossible: UInt32 {
        var bits: UInt32 = 0
        if !canDeny, !canChange { bits |= SECD_POLICY_OVERRIDE }
        if !canWrite, !canChange { bits |= SECD_POLICY_SET }
        if !canSignal {
            bits |=
                SECD_POLICY_KILL | SECD_POLICY_SIGNAL | SECD_POLICY_FREEZE | SECD_POLICY_KILL_TREE
                | SECD_POLICY_KILL_CONTAINER
        }
        return bits
    }
}

extension Condition {
    /// Columns that it looks at.
    fileprivate var columns: [Int] {
        switch subject {
        case .column(let index, _): [index]
        case .gained(let new, let old): [new, old]
        case .expression, .process: []
        }
    }
}
