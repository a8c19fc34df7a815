import BPFRuntime
import CEventABI
import PolicyModel
import SystemPackage

/// Policies that notify of calls (`NotifyEnforcer`), and in the kernel the calls that each of them names.
///
/// A policy has a number as an enforcer, and another one when its calls, how they are met or its mode change:
/// numbers are never given again, so what waits with a thread for the calls of another one is over.
final class Enforcers {
    /// A policy with its calls.
    struct Wanted {
        /// As an enforcer.
        var number: UInt32
        /// Position among the policies of the generation.
        var policy: Int
        /// How its calls are met: `.guarded`.
        var calls: [HookMechanism]
    }

    private struct Identity: Hashable {
        var policy: UInt64
        var mode: PolicyMode
        var calls: [HookMechanism]
    }

    private let map: SharedBPFMap
    private var numbers: [Identity: UInt32] = [:]
    private var last: UInt32 = 0
    /// By enforcer: calls that stand in the map.
    private var standing: [UInt32: Set<UInt32>] = [:]

    init(_ map: SharedBPFMap) { self.map = map }

    /// Whom guards stand for: apart from numbers of hooks.
    static func user(_ number: UInt32) -> UInt32 { number | 1 << 31 }

    /// The policies that notify.
    func wanted(_ policies: [RunnablePolicy], _ checks: [PolicyCheck]) -> [Wanted] {
        policies.indices.compactMap { index in
            let calls = checks[index].enforced.map(\.mechanism)
            guard !calls.isEmpty else { return nil }
            let identity = Identity(
                policy: policies[index].id, mode: policies[index].policy.mode, calls: calls)
            if numbers[identity] == nil {
                last += 1
                numbers[identity] = last
            }
            return Wanted(number: numbers[identity] ?? 0, policy: index, calls: calls)
        }
    }

    /// From here on notices of the enforcer wait for these calls.
    /// - Parameter calls: places as `secd_policy_enforced` has them.
    func write(_ number: UInt32, _ calls: Set<UInt32>) throws(BPFError) {
        let all = calls.union([UInt32(SECD_POLICY_ENFORCED_ALIVE)])
        let missing = all.subtracting(standing[number] ?? [])
        guard standing.values.reduce(missing.count, { $0 + $1.count }) <= map.map.maxEntries else {
            throw BPFError(
                operation: "note more than \(map.map.maxEntries) calls of all policies together in",
                object: "secd_policy_enforced", errno: .noSpace)
        }
        for call in missing {
            try map.map.update(secd_policy_enforced(enforcer: number, call: call), UInt32(1))
            standing[number, default: []].insert(call)
        }
    }

    /// Forgets all others; what waits for their calls is over.
    func keep(_ kept: Set<UInt32>) {
        for (number, calls) in standing where !kept.contains(number) {
            for call in calls { _ = map.map.remove(secd_policy_enforced(enforcer: number, call: call)) }
            standing[number] = nil
        }
        numbers = numbers.filter { kept.contains($0.value) }
    }
}
