import LinuxSystem
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors

/// What this machine would do with policies, found without a daemon.
enum LocalForecast {
    /// - Parameter settings: those that the policies were checked with.
    /// - Throws: `InputError` where this user may not ask.
    static func make(
        _ policies: [CheckedPolicy], _ settings: CheckSettings
    ) throws(InputError) -> PolicyForecast {
        guard let kernel = settings.kernel as? BTFKernelTypes, let programs = settings.programs else {
            throw InputError("there is no type information")
        }
        let facts: KernelFacts
        do {
            facts = try KernelFacts.ofThisMachine()
        } catch {
            throw InputError("\(error)")
        }
        let engine = EngineFacts(
            lsmObstacle: facts.lsm?.description, fentryObstacle: facts.fentry?.description,
            kprobeObstacle: facts.kprobe?.description,
            cgroupRoot: CgroupPrograms.expectedRoot(.ofThisProcess),
            uprobeObstacle: facts.uprobe?.description)
        return PolicyForecast(
            policies.map(Self.withoutHashes), facts: engine, kernel: kernel, programs: programs,
            fileObstacle: PolicyForecast.fileObstacle)
    }

    /// Programs are not read whole here: only their build ids are compared.
    private static func withoutHashes(_ policy: CheckedPolicy) -> CheckedPolicy {
        var policy = policy
        for index in policy.hooks.indices
        where !policy.hooks[index].digests.allSatisfy({ $0.hasPrefix("build-id:") }) {
            policy.hooks[index].digests = []
        }
        return policy
    }
}
