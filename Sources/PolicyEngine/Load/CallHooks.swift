import BPFRuntime
import CEventABI

/// Which hooks judge which system calls (`secd_policy_calls`), and the two programs on all of them.
final class CallHooks {
    /// A link in an optional of a class: noncopyable values cannot stand there by themselves.
    private final class Link {
        private let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    private let programs: EnginePrograms
    private var calls: [UInt32: secd_policy_call] = [:]
    /// By enforcer: calls that it names, as positions.
    private var enforced: [UInt32: Set<UInt32>] = [:]
    private var enter: Link?
    private var exit: Link?

    init(_ programs: EnginePrograms) { self.programs = programs }

    /// Has a hook judge calls.
    /// - Parameters:
    ///   - positions: in `secd_policy_calls`.
    ///   - returned: only when they return.
    func attach(
        _ hook: HookAttachments.Wanted, calls positions: [UInt32], returned: Bool
    ) throws(BPFError) {
        if !returned { try attachEnter() }
        if returned || hook.waits, exit == nil {
            exit = Link(try programs.common(EnginePrograms.exit).file.attach(EnginePrograms.exit))
        }
        try setListed(positions)
        for position in positions {
            var call = calls[position] ?? secd_policy_call()
            if returned {
                call.exit = hook.number
            } else if case .guarded = hook.mechanism.attachment {
                call.refuses = hook.number
            } else if hook.waits {
                call.waits = hook.number
            } else {
                call.enter = hook.number
            }
            try set(call, at: position)
        }
    }

    /// Has what waits for threads that make these calls looked at where they begin.
    func enforce(_ enforcer: UInt32, calls positions: Set<UInt32>) throws(BPFError) {
        guard !positions.isEmpty else { return }
        enforced[enforcer, default: []].formUnion(positions)
        try attachEnter()
        try setListed(Array(positions))
        for position in positions { try set(calls[position] ?? secd_policy_call(), at: position) }
    }

    /// Forgets all but these hooks and enforcers. What cannot be taken back does no harm: its hook has no
    /// tables.
    func detach(allBut numbers: Set<UInt32>, enforcers: Set<UInt32>) {
        enforced = enforced.filter { enforcers.contains($0.key) }
        for (position, call) in calls {
            var left = call
            if !numbers.contains(call.enter) { left.enter = 0 }
            if !numbers.contains(call.exit) { left.exit = 0 }
            if !numbers.contains(call.waits) { left.waits = 0 }
            if !numbers.contains(call.refuses & ~Self.mark) { left.refuses = 0 }
            try? set(left, at: position)
        }
        calls = calls.filter { $0.value.enter | $0.value.exit | $0.value.waits | $0.value.refuses != 0 }
        if !calls.values.contains(where: { $0.enter | $0.waits | $0.refuses != 0 }) { enter = nil }
        if !calls.values.contains(where: { $0.exit | $0.waits != 0 }) { exit = nil }
    }

    private static let mark = UInt32(SECD_POLICY_CALL_ENFORCED)

    private func attachEnter() throws(BPFError) {
        guard enter == nil else { return }
        enter = Link(try programs.common(EnginePrograms.enter).file.attach(EnginePrograms.enter))
    }

    /// 32-bit programs reach what stands behind socketcall(2) by that one call.
    private func setListed(_ positions: [UInt32]) throws(BPFError) {
        guard positions.contains(where: { $0 > UInt32(SECD_POLICY_CALLS_SOCKET) }) else { return }
        for (position, count) in CallNumbers.listed where count == UInt32(SECD_POLICY_LISTED_SOCKET) {
            try set(calls[position] ?? secd_policy_call(), at: position)
        }
    }

    private func set(_ call: secd_policy_call, at position: UInt32) throws(BPFError) {
        var call = call
        call.listed = CallNumbers.listed[position] ?? 0
        call.refuses &= ~Self.mark
        if enforced.values.contains(where: { $0.contains(position) }) { call.refuses |= Self.mark }
        let has = calls[position] ?? secd_policy_call()
        guard
            has.enter != call.enter || has.exit != call.exit || has.waits != call.waits
                || has.refuses != call.refuses || has.listed != call.listed
        else { return }
        try programs.maps.calls.map.update(position, call)
        calls[position] = call
    }
}
