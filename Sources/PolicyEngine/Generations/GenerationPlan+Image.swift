import CEventABI
import PolicyCompiler
import PolicyModel

/// Policies → tables → bytes of maps; what does not fit is a refusal with its policy.
extension GenerationPlan {
    /// The tables of all policies together.
    static func tables(
        _ policies: [RunnablePolicy], _ sides: HookSides
    ) throws(PolicyRefusal) -> Generation {
        do throws(GenerationBuilder.LimitExceeded) {
            return try GenerationBuilder.build(policies.map(\.policy), side: sides.number)
        } catch {
            // The last one that came: without it there was room.
            let last = policies.last { $0.policy.hooks.contains { $0.points.contains(error.point) } }
            let faults = last.map {
                PolicyRefusal.Fault(policy: $0.id, place: $0.policy.place, reason: "\(error)")
            }
            throw PolicyRefusal(faults: faults.map { [$0] } ?? [], reason: "\(error)")
        }
    }

    /// The bytes of the maps.
    func image(
        _ tables: Generation, _ policies: [RunnablePolicy], _ classes: WorkloadClasses.Plan, seed: [UInt64]
    ) throws(PolicyRefusal) -> GenerationImage {
        do throws(PackingFault) {
            return try GenerationPacker(seed: seed).pack(tables, placements, workloads: classes.sets)
        } catch {
            let fault = error.policy.map { index in
                let policy = policies[index]
                let hook = error.hook.map { policy.policy.hooks[$0] }
                return PolicyRefusal.Fault(
                    policy: policy.id, place: hook?.place ?? policy.policy.place, reason: "\(error)")
            }
            throw PolicyRefusal(faults: fault.map { [$0] } ?? [], reason: "\(error)")
        }
    }
}
