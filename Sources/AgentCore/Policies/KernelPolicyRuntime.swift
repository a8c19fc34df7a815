import BPFRuntime
import CEventABI
import EventDecoder
package import Logging
import PolicyCompiler
import PolicyEngine
package import PolicyModel
import Sensors

/// Runs policies in the kernel, beside the sensors and through their rings.
///
/// The programs are loaded when the first policy comes: a daemon without policies starts without them.
package final class KernelPolicyRuntime: PolicyRuntime, @unchecked Sendable {
    // @unchecked: as `PolicyRuntime` says, its owner calls it from one thread.

    private let agent: AgentEngine
    private let logger: Logger
    private var engine: PolicyEngine?
    private var killer: ProcessKiller?
    private let files: FileHandover
    private var counting: CountThread?
    private var hasKernelNames = false

    /// - Parameter agent: whose rings carry the events, and whose worker reads them.
    package init(_ agent: AgentEngine, logger: Logger) {
        self.agent = agent
        self.logger = logger
        files = FileHandover(logger)
    }

    package func replace(with policies: [RunnablePolicy]) throws(PolicyRefusal) -> [PolicyReport] {
        if policies.isEmpty, engine == nil {
            // Nobody judges what waits for a daemon that has gone.
            files.letGo()
            return []
        }
        let engine = try started()
        if !hasKernelNames, policies.contains(where: \.policy.asksKernelStacks) {
            hasKernelNames = true
            agent.nameKernelFunctions(logger)
        }
        let before = engine.abandonedCalls
        let reports = try engine.replace(with: policies)
        counting?.set(interval: policies.compactMap(\.policy.countInterval).min())
        let abandoned = engine.abandonedCalls - before
        if abandoned > 0 {
            logger.notice(
                "\(abandoned) calls that matched had not returned when their policy went: they give no event")
        }
        return reports
    }

    package func counts() -> [PolicyCounts] { engine?.counts() ?? [] }

    package var kernelBytes: UInt64 { engine?.kernelBytes ?? 0 }

    /// Sockets that policies have tied to processes (`TrackSock`).
    package var tiedSockets: Int { engine?.tiedSockets ?? 0 }

    package func finish() { counting?.finish() }

    private func started() throws(PolicyRefusal) -> PolicyEngine {
        if let engine { return engine }
        let sensors = agent.sensors
        var facts = EngineFacts(
            lsmObstacle: sensors.facts.lsm?.description, fentryObstacle: sensors.facts.fentry?.description,
            kprobeObstacle: sensors.facts.kprobe?.description, cgroupRoot: agent.options.sensors.cgroupRoot,
            uprobeObstacle: sensors.facts.uprobe?.description)
        facts.allowsOutreach = agent.options.allowsOutreach
        var options = PolicyEngineOptions(
            agent: agent.options.sensors.agent, shared: sensors.sharedMaps, facts: facts,
            kernel: { try? KernelTypeShelf.shared.types() }, programs: ProgramReader(),
            hostNamespaces: agent.hostNamespaces)
        options.workloads = agent.workloadClasses
        options.files = files.settings
        options.programDigest = { ProgramDigest.text($0, $1) }
        options.files.made = { [agent] in agent.count(questions: $0) }
        options.words = { [logger] in logger.debug("\($0)") }
        do throws(BPFError) {
            let made = try PolicyEngine(options) { [agent] in agent.learn(Self.catalogue($0)) }
            agent.count(rules: made.tally)
            killer = agent.kill(by: made.treeMarks, logger)
            counting = agent.counts(of: made.callCounter, logger)
            if facts.allowsOutreach { agent.reachOut(logger) }
            engine = made
            return made
        } catch {
            if !error.log.isEmpty { logger.debug("\(error.log)") }
            throw PolicyRefusal(reason: "no policy can run here: \(error.meaning)")
        }
    }

    private static func catalogue(_ running: RunningGeneration) -> PolicyCatalogue {
        let hash = running.countHash
        return PolicyCatalogue(
            generation: running.number, tables: running.tables, policies: running.policies,
            placed: running.hooks.map {
                PlacedHook(
                    number: $0.number, point: $0.point, side: $0.side, mechanism: $0.mechanism,
                    effect: $0.effect, counters: $0.counters)
            },
            countKey: { values in
                hash.key(
                    values.map {
                        CountHash.Value(
                            column: $0.column, bytes: $0.bytes, number: $0.number, state: $0.state)
                    })
            })
    }
}
