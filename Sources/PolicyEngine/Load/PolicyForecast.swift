import CEventABI
import FilePrevention
public import PolicyCompiler
public import PolicyModel

/// What an engine on this kernel would say of policies, found without loading anything: the mechanism of each
/// hook, what it does not see, and what would be refused. What only the kernel's verifier, or an attachment that
/// fails, could refuse is not foreseen.
public struct PolicyForecast: Sendable {
    /// Of each policy, in their order; empty where one of them is refused.
    public private(set) var reports: [PolicyReport] = []
    /// Why they could not run; nil = they could.
    public private(set) var refusal: PolicyRefusal?

    /// - Parameters:
    ///   - policies: all that would run together.
    ///   - facts: as of `PolicyEngineOptions`, as are `kernel` and `programs`.
    ///   - digest: likewise, `programDigest`.
    ///   - fileObstacle: why fanotify cannot ask about files; nil = it can.
    public init(
        _ policies: [CheckedPolicy], facts: EngineFacts, kernel: BTFKernelTypes, programs: any ProgramFiles,
        digest: @escaping @Sendable (OpenProgram, String) -> String? = { _, _ in nil },
        fileObstacle: String?
    ) {
        let runnable = policies.enumerated().map { RunnablePolicy(id: UInt64($0), policy: $1) }
        do throws(PolicyRefusal) {
            let cache = ProgramCache(programs, digest: digest)
            reports = try Self.reports(
                cache.skipping(runnable),
                MechanismLadder(
                    facts: facts, kernel: kernel, syscalls: .x86, programs: cache,
                    fileObstacle: { fileObstacle }))
        } catch {
            refusal = error
        }
    }

    /// Why fanotify cannot ask about files here, as far as that is known without its program; nil = it can. Needs
    /// root.
    public static var fileObstacle: String? { FilePrevention.obstacle }

    private static func reports(
        _ policies: [RunnablePolicy], _ ladder: MechanismLadder
    ) throws(PolicyRefusal) -> [PolicyReport] {
        let checks = policies.map { PolicyCheck($0, ladder) }
        let faults = checks.flatMap(\.faults)
        if let first = faults.first { throw PolicyRefusal(faults: faults, reason: first.reason) }
        let sides = HookSides(checks)
        let tables = try GenerationPlan.tables(policies, sides)
        var last: UInt32 = 0
        let number = { (_: PolicyCheck.Placed) -> UInt32? in
            last += 1
            return last < UInt32(SECD_POLICY_HOOK_CHUNKS) ? last : nil
        }
        var plan = try GenerationPlan(tables, policies, sides, ladder, number, since: { _ in 0 })
        plan.withoutCounters()
        // Any seed: what is asked is whether there is room.
        let seed = (1...UInt64(SECD_POLICY_SEEDS)).map { $0 &* 0x9e37_79b9_7f4a_7c15 }
        _ = try plan.image(tables, policies, WorkloadClasses().plan(tables.workloads), seed: seed)
        return plan.reports(policies, checks, bytes: 0, tables)
    }
}
