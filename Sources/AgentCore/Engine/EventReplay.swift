import CEventABI
package import EventDecoder
package import EventModel
import LinuxSystem
import ProcessTree
package import WorkloadModel

/// Records from memory through everything that live ones pass behind the rings: decoding, the process
/// tree, encoding, batches. For benchmarks and tests.
package final class EventReplay {
    private let context: EncodingContext
    private let tree: ProcessTree
    private let output: EventOutput
    private let handler: RecordHandler

    package init(
        nodeName: String, lines consumer: any EventConsumer, settings: EventSettings = EventSettings()
    ) {
        context = EncodingContext(
            nodeName: nodeName, clusterName: "", stream: "00000000", bootOffset: BootClock.realtimeOffset)
        tree = ProcessTree(context: context)
        output = EventOutput(context: context, subscribers: Subscribers(context: context))
        output.add(lines: consumer)
        handler = RecordHandler(
            context: context, tree: tree, output: output, settings: settings,
            cpus: EngineIdentity.possibleCPUs)
    }

    /// Takes one record.
    package func handle(_ record: RawSpan) {
        handler.handle(record)
    }

    /// Says what records of a generation of policies mean.
    package func add(_ catalogue: PolicyCatalogue) {
        handler.catalogues.add(catalogue)
    }

    /// What the worker does after a pass that read everything before `horizon`.
    package func endPass(horizon: UInt64) {
        tree.collect(before: horizon)
        output.flush()
    }

    /// From now on events wait for the names of containers, as the worker's do.
    /// - Parameter ask: told which cgroups have none.
    package func waitForNames(_ nanoseconds: UInt64, ask: @escaping (UInt64, String) -> Void) {
        handler.enrichWait = nanoseconds
        handler.askForName = ask
    }

    /// From now on events wait for numeric identities, too.
    /// - Parameters:
    ///   - ask: told what runs in cgroups that came or changed.
    ///   - forget: told which are gone.
    package func waitForIdentities(
        ask: @escaping ([(id: UInt64, workload: WorkloadRecord?)]) -> Void, forget: @escaping (UInt64) -> Void
    ) {
        handler.awaitsIdentities = true
        handler.whenNamed = ask
        handler.whenGone = forget
    }

    /// Workloads of cgroups have numeric identities, or others.
    package func identified(_ cgroups: [UInt64]) { handler.show(cgroups) }

    /// A provider names a container.
    package func name(_ assignment: CgroupTable.Assignment) { handler.name(assignment) }

    /// No provider knows a cgroup; where one may hear of it yet, it is asked again.
    package func giveUp(_ cgroup: UInt64, unlessAskedAgain isEarly: Bool = false) {
        handler.giveUp(cgroup, unlessAskedAgain: isEarly)
    }

    /// Lets go what has waited until `now` (CLOCK_BOOTTIME).
    package func releaseOverdue(_ now: UInt64) { _ = handler.releaseOverdue(now) }

    package var events: UInt64 { output.lineCount }
    package var undecodable: UInt64 { handler.undecodable }
    package var images: Int { tree.live + tree.retained }
}
