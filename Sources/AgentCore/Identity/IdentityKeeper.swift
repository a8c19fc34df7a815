package import AgentModel
import LinuxSystem
package import Logging
package import SecurityIdentity
import Synchronization
package import SystemPackage
package import WorkloadModel

/// The thread that owns the identities: cgroups get the number of their workload's labels, and give it back. The store may
/// be slow; nobody but this thread waits for it.
package final class IdentityKeeper: @unchecked Sendable {
    // @unchecked: what is below `control` is touched by the thread alone once it runs; `thread` by the owner alone.

    /// What decides which labels count, and for how long.
    package struct Options: Sendable {
        package var filter: LabelFilter
        package var allocator = IdentityAllocator.Options()
        /// Of the cluster: part of the labels of pods.
        package var clusterName = ""

        package init(filter: LabelFilter) { self.filter = filter }
    }

    private enum Request {
        case set(UInt64, WorkloadRecord)
        case remove(UInt64)
        case report(@Sendable (IdentityReport) -> Void)
    }

    private struct Control {
        var requests: [Request] = []
        /// What cgroups have, for other threads.
        var numbers: [UInt64: NumericIdentity] = [:]
        var problem: String?
        var listener: (@Sendable ([UInt64]) -> Void)?
        var isStopping = false
        /// Nobody will look at requests any more.
        var isClosed = false
    }

    /// Between looks at the store, nanoseconds.
    private static let interval: UInt64 = 1_000_000_000
    /// Between looks for numbers to give back, nanoseconds: at most a quarter of the grace period.
    private static let longestSweep: UInt64 = 60_000_000_000

    private let control = Mutex(Control())
    private let wake: EventFD
    private let options: Options
    private let store: any IdentityStore
    private let logger: Logger
    private var thread: LinuxSystem.Thread?
    /// The last workload and its labels: the cgroups of one come one after another.
    private var last: (record: WorkloadRecord, labels: LabelSet)?
    /// What runs in cgroups that have a number.
    private var records: [UInt64: WorkloadRecord] = [:]
    /// Cgroups whose record has a number, or another one, since the last time that this was told.
    private var news: [UInt64] = []
    /// Cgroups whose labels cannot be an identity.
    private var unusable: Set<UInt64> = []
    private var nextSweep: UInt64 = 0

    /// - Throws: `Errno` where the kernel gives no descriptor.
    package init(_ store: any IdentityStore, _ options: Options, logger: Logger) throws(Errno) {
        wake = try EventFD()
        self.store = store
        self.options = options
        self.logger = logger
    }

    /// Reads what the store knows, and begins to give out numbers.
    /// - Throws: `Errno` where no thread can be made.
    package func start() throws(Errno) {
        thread = try LinuxSystem.Thread(name: "secd-identity") { [self] in run() }
    }

    /// Ends the thread after the question that it waits for. Numbers stay bound.
    package func stop() {
        control.withLock { $0.isStopping = true }
        wake.signal()
        if let thread = thread.take() { thread.join() }
    }

    /// Calls `body`, on the thread, with the cgroups whose workloads have a number, or another one: these records show it.
    package func follow(_ body: @escaping @Sendable ([UInt64]) -> Void) {
        control.withLock { $0.listener = body }
    }

    /// What runs in a cgroup now.
    package func set(_ cgroup: UInt64, _ record: WorkloadRecord?) {
        guard let record, record.workload.isContainer else { return }
        add(.set(cgroup, record))
    }

    /// A cgroup is gone.
    package func remove(_ cgroup: UInt64) { add(.remove(cgroup)) }

    /// The number of what runs in a cgroup; 1, the host, where that is no container.
    package func number(of cgroup: UInt64) -> NumericIdentity {
        control.withLock { $0.numbers[cgroup] } ?? NumericIdentity(.host)
    }

    /// Why some labels have no number, or the store cannot be asked; nil = nothing is wrong.
    package var problem: String? { control.withLock { $0.problem } }

    /// All identities.
    package func report() async -> IdentityReport {
        let name = store.name
        return await withCheckedContinuation { continuation in
            let isAccepted = control.withLock { control in
                guard !control.isClosed else { return false }
                control.requests.append(.report { continuation.resume(returning: $0) })
                return true
            }
            if isAccepted {
                wake.signal()
            } else {
                continuation.resume(returning: IdentityReport(store: name))
            }
        }
    }

    private func add(_ request: Request) {
        control.withLock { if !$0.isClosed { $0.requests.append(request) } }
        wake.signal()
    }

    // MARK: The thread

    private func run() {
        var allocator = IdentityAllocator(store, options.allocator)
        logger.debug("\(allocator.table.count) identities are known from \(store.name)")
        var next = MonotonicClock.now
        while true {
            _ = try? wake.wait(until: next)
            wake.drain()
            let (requests, isLast) = control.withLock { control in
                defer {
                    control.requests = []
                    control.isClosed = control.isStopping
                }
                return (control.requests, control.isStopping)
            }
            for request in requests { serve(request, &allocator) }
            let now = MonotonicClock.now
            if now >= next, !isLast {
                tend(&allocator, now)
                next = MonotonicClock.now &+ Self.interval
            }
            tell()
            if isLast { return }
        }
    }

    private func tell() {
        guard !news.isEmpty else { return }
        let listener = control.withLock { $0.listener }
        listener?(news)
        news.removeAll()
    }

    private func tend(_ allocator: inout IdentityAllocator, _ now: UInt64) {
        let sweeps = now >= nextSweep
        if sweeps { nextSweep = now &+ min(Self.longestSweep, options.allocator.grace / 4) }
        let before = allocator.counts.changed
        let changed = allocator.tend(now: now, sweeps: sweeps)
        let moved = allocator.counts.changed - before
        if moved > 0 { logger.warning("\(moved) cgroups have another identity: \(store.name) said so") }
        let problem = store.problem ?? allocator.problem
        let isNews = control.withLock { control in
            for cgroup in changed {
                let number = allocator.number(of: cgroup)
                control.numbers[cgroup] = number
                if let number { identify(cgroup, number) }
            }
            defer { control.problem = problem }
            return control.problem != problem
        }
        guard isNews else { return }
        if let problem {
            logger.warning("identities: \(problem)")
        } else {
            logger.notice("identities: \(store.name) answers again")
        }
    }

    private func serve(_ request: Request, _ allocator: inout IdentityAllocator) {
        switch request {
        case .set(let cgroup, let record): assign(cgroup, record, &allocator)
        case .remove(let cgroup):
            allocator.drop(cgroup)
            unusable.remove(cgroup)
            records[cgroup] = nil
            _ = control.withLock { $0.numbers.removeValue(forKey: cgroup) }
        case .report(let answer): answer(report(allocator))
        }
    }

    private func assign(_ cgroup: UInt64, _ record: WorkloadRecord, _ allocator: inout IdentityAllocator) {
        unusable.remove(cgroup)
        var number = NumericIdentity(.initial)
        do throws(LabelSet.Fault) {
            number = allocator.assign(cgroup, try labels(of: record))
        } catch {
            allocator.drop(cgroup)
            unusable.insert(cgroup)
            logger.warning("no identity for \(record.workload.title): \(error)")
        }
        let result = number
        let before = control.withLock { control in
            defer { control.numbers[cgroup] = result }
            return control.numbers[cgroup]
        }
        // Several cgroups share a record: for this one it is news though the record shows the number already.
        guard records[cgroup] !== record || before != result else { return }
        records[cgroup] = record
        identify(cgroup, result)
    }

    private func identify(_ cgroup: UInt64, _ number: NumericIdentity) {
        records[cgroup]?.identify(as: number.rawValue)
        news.append(cgroup)
    }

    private func labels(of record: WorkloadRecord) throws(LabelSet.Fault) -> LabelSet {
        if let last, last.record === record { return last.labels }
        var labels = options.filter.filtered(record.workload.identityLabels(cluster: options.clusterName))
        // What the filter leaves nothing of is like what is not known yet.
        if labels.isEmpty { labels = LabelSet(.initial).labels }
        let set = try LabelSet(labels)
        last = (record, set)
        return set
    }

    private func report(_ allocator: IdentityAllocator) -> IdentityReport {
        var report = IdentityReport(store: store.name)
        let reserved = ReservedIdentity.allCases.map {
            IdentityListing(
                number: $0.rawValue, scope: NumericIdentity($0).scope.rawValue,
                labels: LabelSet($0).labels.map(\.text), users: 0)
        }
        report.identities =
            reserved
            + allocator.table.numbers.sorted().compactMap { number in
                allocator.table.labels(of: number).map {
                    IdentityListing(
                        number: number.rawValue, scope: number.scope.rawValue, labels: $0.labels.map(\.text),
                        users: allocator.table.users(of: number))
                }
            }
        report.problem = store.problem ?? allocator.problem ?? ""
        report.waiting = allocator.waitingCount
        report.unconfirmed = allocator.unconfirmedCount
        report.changed = allocator.counts.changed
        report.unusable = unusable.count
        return report
    }
}
