import CEventABI
import PolicyCompiler
import PolicyModel

/// The calls of `enforcers`: how each is met where an action notifies of them.
extension PolicyCheck {
    /// `spec.enforcers[0]`: a policy has one list.
    static let enforcersPath = "spec.enforcers[0]"

    /// Whether actions at a point that notify are done there and then: it is among the calls itself.
    func actsAtOnce(_ point: AttachPoint) -> Bool {
        switch point {
        case .function: policy.policy.enforcers.contains(point)
        case .lsm(let hook): policy.policy.enforcers.contains(.function("security_" + hook))
        default: false
        }
    }

    /// Each as an entry of the policy would be. What nothing meets here stands among them where the author of the
    /// policy accepts that.
    mutating func checkEnforcers() -> [Placed] {
        let hooks = policy.policy.hooks.filter { hook in hook.points.contains { !actsAtOnce($0) } }
        let notices = hooks.flatMap(\.notices)
        guard let first = notices.first else { return [] }
        let refuses = notices.contains(where: \.refuses)
        var points: [AttachPoint] = []
        for point in policy.policy.enforcers where !points.contains(point) { points.append(point) }
        return points.compactMap { point in
            do throws(MechanismLadder.Obstacle) {
                let mechanism = try ladder.enforced(point, refuses: refuses)
                var placed = Placed(
                    point: point, mechanism: mechanism, waits: false, effect: .observe,
                    blindSpots: mechanism.blindSpots, isDegraded: false)
                for action in notices { check(notice: action, Self.enforcersPath, &placed) }
                return placed
            } catch {
                guard policy.policy.acceptsDegraded else {
                    fault(
                        first.place,
                        "\(Self.enforcersPath): \(point.name) cannot be met: \(error.reason); "
                            + "degraded: true leaves it out")
                    return nil
                }
                let none = HookMechanism(
                    name: "nothing", number: 0, attachment: .guarded([], []), canSignal: false,
                    canDeny: false, canWait: false, killEffect: .observe, blindSpots: [])
                return Placed(
                    point: point, mechanism: none, waits: false, effect: .observe,
                    blindSpots: ["it cannot be met: \(error.reason)"], isDegraded: true)
            }
        }
    }

    /// What an action that notifies does to the calls that it is about.
    mutating func check(notice action: ActionSpec, _ path: String, _ placed: inout Placed) {
        if action.refuses { refuse(action, path, &placed) }
        if let signal = action.signal?.value {
            need(placed.mechanism.canSignal, "send signals", action, path, &placed)
            let isDeadly = signal == Self.killSignal
            raise(isDeadly ? placed.mechanism.killEffect : .observe, &placed, atReturn: false)
        }
    }
}

extension CheckedHook {
    /// Actions of `NotifyEnforcer`.
    var notices: [ActionSpec] {
        selectors.flatMap { $0.actions + $0.returnActions }.filter { $0.kind.value == .notifyEnforcer }
    }
}

extension ActionSpec {
    /// Whether a notice asks for an error. Beside a signal `argError: 0` asks for none.
    var refuses: Bool { error.map { $0.value != 0 || signal == nil } ?? false }
}

extension MechanismLadder {
    /// How a call of `enforcers` is met.
    /// - Parameter refuses: it shall fail.
    func enforced(_ point: AttachPoint, refuses: Bool) throws(Obstacle) -> HookMechanism {
        switch point {
        case .syscall(let name): return try enforcedCall(name, refuses)
        case .function(let symbol): return try enforcedFunction(symbol)
        default: throw Obstacle(reason: "it is neither a system call nor a security_ function")
        }
    }

    private func enforcedCall(_ name: String, _ refuses: Bool) throws(Obstacle) -> HookMechanism {
        let numbers = CallNumbers.positions(of: name, syscalls)
        guard !numbers.isEmpty else { throw Obstacle(reason: "no system call of this machine is \(name)") }
        var blindSpots: [String] = []
        if let operation = CallNumbers.rings[name] {
            blindSpots.append("io_uring does the same without the system call (\(operation))")
        }
        if CallNumbers.ipcCalls.contains(name) {
            blindSpots.append("32-bit programs can make it through ipc(2), which is not seen as this call")
        }
        if refuses, let guarded = guarded(name, numbers, Needs(deny: true), blindSpots) { return guarded }
        return HookMechanism(
            name: "tp_btf/sys_enter", number: UInt16(SECD_POLICY_BY_GUARD),
            attachment: .guarded(numbers, []), canSignal: true, canDeny: false, canWait: false,
            killEffect: CallNumbers.endsBeforeEffect.contains(name) ? .killBeforeEffect : .killBeforeReturn,
            blindSpots: blindSpots)
    }

    /// Met by a guard of its own, which no system call leads to.
    private func enforcedFunction(_ symbol: String) throws(Obstacle) -> HookMechanism {
        let hook = String(symbol.dropFirst("security_".count))
        let one: CallGuard
        if facts.lsmObstacle == nil, let function = kernel.lsmHook(hook) {
            one = CallGuard(kind: .lsm, target: hook, arguments: function.parameters.count)
        } else if facts.fentryObstacle == nil, let function = kernel.function(symbol) {
            one = CallGuard(kind: .modify, target: symbol, arguments: function.parameters.count)
        } else if let standIn = try standIn(symbol), standIn.canDeny {
            return standIn
        } else {
            throw Obstacle(
                reason: "it needs BPF LSM (\(facts.lsmObstacle ?? "which has no hook of this name"))"
                    + " or fmod_ret (\(facts.fentryObstacle ?? "this kernel has no such function"))")
        }
        return HookMechanism(
            name: one.name, number: UInt16(SECD_POLICY_BY_GUARD), attachment: .guarded([], [one]),
            canSignal: true, canDeny: true, canWait: false, killEffect: .killBeforeReturn, blindSpots: [])
    }
}
