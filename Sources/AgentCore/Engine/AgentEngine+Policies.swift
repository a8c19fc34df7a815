import CEventABI
import EventDecoder
import EventModel
import FilePrevention
import LinuxSystem
import Logging
import PolicyEngine
import PolicyModel
import SystemPackage

/// What the engine of policies needs of the agent.
extension AgentEngine {
    /// Between looks at whether the worker has answered, nanoseconds.
    private static let patience: UInt64 = 1_000_000_000

    /// Makes records of a generation readable. Blocks the caller until the worker knows it.
    func learn(_ catalogue: PolicyCatalogue) {
        let answered = Answer()
        pipeline.perform {
            $0.handler.catalogues.add(catalogue)
            $0.handler.counts.learn(catalogue.counted)
            answered.set()
        }
        while !answered.wait(until: MonotonicClock.now + Self.patience) {}
    }

    /// From now on questions of fanotify are among the counters.
    func count(questions files: FilePrevention) {
        pipeline.perform { $0.handler.files = files }
    }

    /// From now on events of policies are counted by rule.
    func count(rules tally: RecordTally) {
        pipeline.perform { $0.handler.tally = tally }
    }

    /// From now on trees and containers are ended that policies want ended. Nil where no thread can be made.
    func kill(by marks: TreeMarks, _ logger: Logger) -> ProcessKiller? {
        do throws(Errno) {
            let killer = try ProcessKiller(marks, hierarchy: hierarchy, logger: logger)
            pipeline.perform { [options] in
                $0.handler.orders = KillOrders(killer, EngineScope(options, $0.handler.cgroups))
            }
            return killer
        } catch {
            logger.error("KillTree and KillContainer end the process itself only: \(error)")
            return nil
        }
    }

    /// From now on policies can ask over the network.
    func reachOut(_ logger: Logger) {
        do throws(Errno) {
            let outreach = try Outreach(logger: logger)
            pipeline.perform { $0.handler.outreach = outreach }
        } catch {
            logger.error("GetUrl and DnsLookup do nothing: \(error)")
        }
    }

    /// From now on stacks of the kernel have names. Reads them, which takes a moment.
    func nameKernelFunctions(_ logger: Logger) {
        let table = StackNames.readKernel()
        if table == nil {
            logger.notice("stacks of the kernel have addresses only: /proc/kallsyms hides them")
        }
        pipeline.perform { $0.handler.stackNames.kernel = table }
    }

    /// From now on calls that the kernel counts become events. Nil where no thread can be made.
    func counts(of counter: CallCounter, _ logger: Logger) -> CountThread? {
        do throws(Errno) {
            return try CountThread(counter) { [pipeline] epoch, span, isLast in
                pipeline.perform {
                    // First the records that say what was counted.
                    _ = $0.pass()
                    $0.handler.take(epoch, span, isLast: isLast)
                }
            }
        } catch {
            logger.error("counted calls are not told: \(error)")
            return nil
        }
    }

    /// Inode numbers of the first process's namespaces.
    var hostNamespaces: [NamespaceKind: UInt64] {
        let host = pipeline.context.hostNamespaces
        let numbers: [NamespaceKind: UInt32] = [
            .uts: host.uts, .ipc: host.ipc, .mount: host.mnt, .pid: host.pid,
            .pidForChildren: host.pid_for_children, .net: host.net, .time: host.time,
            .timeForChildren: host.time_for_children, .cgroup: host.cgroup, .user: host.user,
        ]
        return numbers.filter { $0.value != 0 }.mapValues { UInt64($0) }
    }
}
