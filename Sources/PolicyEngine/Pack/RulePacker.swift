import CEventABI
import PolicyCompiler
import PolicyModel

/// A selector's actions → what the programs do.
enum RulePacker {
    /// Nanoseconds of a second.
    private static let second: UInt64 = 1_000_000_000

    /// - Parameter enforcer: whose calls `NotifyEnforcer` is about; nil = it acts at the hook itself.
    static func pack(
        _ rule: Rule, _ mode: PolicyMode, counter: UInt32, enforcer: UInt32? = nil
    ) -> secd_policy_rule {
        var packed = secd_policy_rule()
        packed.enforcer = enforcer ?? 0
        packed.group = UInt16(clamping: rule.group)
        packed.counter = counter
        if mode == .monitor { packed.flags |= UInt8(SECD_POLICY_RULE_MONITOR) }
        let enforces = enforcer != nil
        packed.actions = actions(rule.actions, &packed, atReturn: false, enforces)
        // Without actions of its own the return tells what the call's actions let it tell.
        if !rule.returnActions.isEmpty {
            packed.return_actions = actions(rule.returnActions, &packed, atReturn: true, enforces)
        }
        tellOrders(&packed)
        return packed
    }

    /// User space finishes what these actions begin, and learns of it by the record: none may be held back.
    private static func tellOrders(_ packed: inout secd_policy_rule) {
        let orders = SECD_POLICY_KILL_TREE | SECD_POLICY_KILL_CONTAINER
        guard (packed.actions | packed.return_actions) & orders != 0 else { return }
        packed.rate_ns = 0
        packed.actions |= SECD_POLICY_POST
    }

    /// Whether the programs need not look at the rule: it tells, and nothing else.
    static func isPlain(_ packed: secd_policy_rule) -> Bool {
        packed.actions == SECD_POLICY_POST && packed.rate_ns == 0
            && packed.return_actions & ~SECD_POLICY_POST == 0
    }

    /// The bit of an action on the socket of a column; the rule remembers which.
    private static func tie(
        _ kind: ActionKind, _ column: Int, _ rule: inout secd_policy_rule, atReturn: Bool
    ) -> UInt32 {
        let place = UInt8(truncatingIfNeeded: column << Int(SECD_POLICY_COLUMN_SHIFT))
        if atReturn { rule.rate_scope |= place } else { rule.flags |= place }
        return kind == .trackSocket ? SECD_POLICY_TRACK : SECD_POLICY_UNTRACK
    }

    /// Adds `returnArgAction`: what is done to the socket that the call returned.
    static func addReturnAction(_ event: EventShape, to rule: inout secd_policy_rule) {
        guard let kind = event.returnAction, let column = event.returnValue?.column else { return }
        rule.return_actions |= tie(kind, column, &rule, atReturn: true)
    }

    /// Whether a socket is tied to a process, or untied.
    static func tiesSockets(_ packed: secd_policy_rule) -> Bool {
        (packed.actions | packed.return_actions) & (SECD_POLICY_TRACK | SECD_POLICY_UNTRACK) != 0
    }

    /// What waits for a call: an error, and above it a signal.
    private static func notice(_ action: ActionSpec) -> UInt32 {
        let signal = UInt32(UInt8(clamping: action.signal?.value ?? 0)) << SECD_POLICY_NOTICE_SIGNAL
        return signal | UInt32(UInt16(clamping: -(action.error?.value ?? 0)))
    }

    private static func actions(
        _ list: [ActionSpec], _ rule: inout secd_policy_rule, atReturn: Bool, _ notifies: Bool
    ) -> UInt32 {
        // As with Tetragon, whatever else is done is told, too; NoPost and Count say that it is not.
        var bits = SECD_POLICY_POST
        var posts = false
        for action in list {
            switch action.kind.value {
            case .post:
                posts = true
                if let limit = action.rateLimit?.value {
                    rule.rate_ns = UInt64(limit.seconds) * second
                    rule.rate_scope |= limit.scope.number
                }
                if action.kernelStackTrace { bits |= SECD_POLICY_KERNEL_STACK }
                if action.userStackTrace { bits |= SECD_POLICY_USER_STACK }
            case .noPost: bits &= ~SECD_POLICY_POST
            case .kill: bits |= SECD_POLICY_KILL
            case .notifyEnforcer where notifies:
                bits |= SECD_POLICY_NOTIFY
                if atReturn { rule.return_notice = notice(action) } else { rule.notice = notice(action) }
            case .signal, .notifyEnforcer:
                if let signal = action.signal?.value {
                    bits |= SECD_POLICY_SIGNAL
                    let number = UInt8(clamping: signal)
                    if atReturn { rule.return_signal = number } else { rule.signal = number }
                }
                if action.kind.value == .notifyEnforcer, action.refuses, let error = action.error?.value {
                    bits |= SECD_POLICY_OVERRIDE
                    rule.error = UInt16(clamping: -error)
                }
            case .override:
                bits |= SECD_POLICY_OVERRIDE
                rule.error = UInt16(clamping: -(action.error?.value ?? 0))
            case .freeze: bits |= SECD_POLICY_FREEZE
            case .killTree: bits |= SECD_POLICY_KILL_TREE
            case .killContainer: bits |= SECD_POLICY_KILL_CONTAINER
            case .count:
                bits |= SECD_POLICY_COUNT
                if action.interval != nil {
                    rule.counts = action.countBy.reduce(SECD_POLICY_COUNTS) {
                        $0 | 1 << UInt32($1.value & 15)
                    }
                }
                if !posts { bits &= ~SECD_POLICY_POST }
            case .trackSocket, .untrackSocket:
                guard let column = action.socket?.value else { continue }
                bits |= tie(action.kind.value, column, &rule, atReturn: atReturn)
            case .set: bits |= SECD_POLICY_SET
            case .cleanupEnforcer, .getURL, .dnsLookup: continue
            }
        }
        return bits
    }
}

extension ActionSpec.RateLimit.Scope {
    fileprivate var number: UInt8 {
        switch self {
        case .thread: UInt8(SECD_POLICY_SCOPE_THREAD)
        case .process: UInt8(SECD_POLICY_SCOPE_PROCESS)
        case .global: UInt8(SECD_POLICY_SCOPE_GLOBAL)
        }
    }
}
