import Configuration
import Glibc
import Logging
import PolicyCompiler
import PolicyModel
import Sensors
import SystemPackage
import Workloads

/// Policies of a daemon: what runs them, and what they are checked with.
extension Daemon {
    /// What runs policies: the kernel.
    static let policyRuntime: @Sendable (AgentEngine, Logger) -> any PolicyRuntime = {
        KernelPolicyRuntime($0, logger: $1)
    }

    /// The owner of the policies; it begins with `start`, when somebody reads the records of what it lets run.
    static func policies(
        _ configuration: AgentConfiguration, nodeLabels: [String: String], _ runtime: any PolicyRuntime,
        _ logger: Logger
    ) throws(DaemonError) -> PolicyKeeper {
        var options = PolicyOptions(
            paths: configuration.policies,
            manifests: configuration.manifests.isEmpty ? [] : [configuration.manifests],
            stateDirectory: configuration.stateDirectory,
            nodeLabels: nodeLabels, guardian: .ofThisDaemon, settings: { settings(logger) })
        options.followsCluster = configuration.workloads.kubernetes != "off"
        do throws(Errno) {
            return try PolicyKeeper(options, runtime: runtime, logger: logger)
        } catch {
            throw DaemonError("cannot watch policies: \(error)", exit: .system)
        }
    }

    /// This kernel; where it tells nothing of itself, policies are checked as for any.
    private static func settings(_ logger: Logger) -> CheckSettings {
        do throws(PolicyKernel.Unknown) {
            return CheckSettings(
                kernel: try KernelTypeShelf.shared.types(), hostNamespaces: PolicyKernel.hostNamespaces(),
                programs: ProgramReader())
        } catch {
            logger.warning("policies are not compared with this kernel: \(error)")
            return CheckSettings(programs: ProgramReader())
        }
    }
}
