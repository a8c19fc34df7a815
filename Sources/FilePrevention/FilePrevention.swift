import Glibc
import LinuxSystem
import Synchronization
public import SystemPackage

/// Asks, by fanotify, before files are opened, run, read or written, and refuses what a judge refuses: as
/// long as the daemon lives. Marks change by making a new group beside the old one, so that no call passes
/// unasked.
public final class FilePrevention: @unchecked Sendable {
    // @unchecked: threads are touched by `init` and `stop` alone; all that changes is in `state`.

    /// What it is made with.
    public struct Options: Sendable {
        /// How long a question may be in hand before the answering thread counts as stuck, nanoseconds.
        public var patience: UInt64 = 2_000_000_000
        /// Room for a limited number of questions, as `fs.fanotify.max_queued_events` has it: for tests.
        public var hasQueueLimit = false

        public init() {}
    }

    /// Keeps groups over a restart, and lets them go.
    public struct Keeper: Sendable {
        /// Keeps a group by a name; the descriptor is the caller's.
        public var keep: @Sendable (_ descriptor: Int32, _ name: String) -> Void
        /// Lets go of it.
        public var forget: @Sendable (_ name: String) -> Void

        public init(
            keep: @escaping @Sendable (Int32, String) -> Void, forget: @escaping @Sendable (String) -> Void
        ) {
            self.keep = keep
            self.forget = forget
        }
    }

    private struct Retiring {
        var group: FanotifyGroup
        var slot: Int
        var since: UInt64
    }

    private struct State {
        var marks: FileMarks?
        var slot = -1
        var hooks: [FileHook] = []
        /// What the next generation needs, beside what runs; `marks` nil = the same as now.
        var prepared: (marks: FileMarks?, slot: Int, wanted: [WantedFiles], hooks: [FileHook])?
        var retiring: [Retiring] = []
        var adopted: [FanotifyGroup] = []
        /// Published before; kept until the answering thread has left them.
        var old: [(names: MarkedNames, turn: UInt64)] = []
        var keptName: String?
        var groups = 0
    }

    /// After its marks are gone, a call that had met one before may still ask.
    private static let grace: UInt64 = 200_000_000
    /// How long a generation waits until groups of those before it have ended.
    private static let patience: UInt64 = 5_000_000_000

    private let options: Options
    private let keeper: Keeper?
    private let tell: @Sendable (FileTrouble) -> Void
    private let answerer: FileAnswerer
    private let watch: AnswererWatch
    private let state: Mutex<State>
    private let wake: EventFD
    private let isStopping = Atomic(false)
    private var answering: LinuxSystem.Thread?
    private var watching: LinuxSystem.Thread?
    private var following: LinuxSystem.Thread?

    /// Starts the threads; nothing is marked yet.
    /// - Parameter adopting: groups that a daemon before this one has left: their questions are answered by
    ///   the first policies that come, then they end. This object closes them.
    public init(
        _ judge: any FileJudge, _ options: Options = Options(), keeper: Keeper? = nil,
        adopting: [Int32] = [], tell: @escaping @Sendable (FileTrouble) -> Void
    ) throws(Errno) {
        self.options = options
        self.keeper = keeper
        self.tell = tell
        answerer = try FileAnswerer(judge)
        watch = try AnswererWatch(answerer, patience: options.patience, tell)
        wake = try EventFD()
        var first = State()
        first.adopted = adopting.map { FanotifyGroup(adopting: $0) }
        state = Mutex(first)
        do throws(Errno) {
            let (answerer, watch) = (answerer, watch)
            answering = try LinuxSystem.Thread(name: "secd-files") { answerer.run() }
            watching = try LinuxSystem.Thread(name: "secd-files-watch") { watch.run() }
            following = try LinuxSystem.Thread(name: "secd-files-mark") { [unowned self] in follow() }
        } catch {
            stop()
            throw error
        }
    }

    /// Why this kernel or process cannot ask; nil = it can.
    public static var obstacle: String? {
        do throws(Errno) {
            _ = try FanotifyGroup()
            return nil
        } catch {
            return "fanotify permission events: \(error.description)"
        }
    }

    /// What happened so far.
    public var counters: FileCounters {
        var counters = answerer.counters
        counters.stuck = watch.stuck
        return counters
    }

    /// Ends the threads, then the groups: what waits goes on, unless somebody keeps the group.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wake.signal()
        watch.stop()
        answerer.stop()
        if let thread = following.take() { thread.join() }
        if let thread = watching.take() { thread.join() }
        // A thread that is stuck is not waited for: it ends with the process.
        let isStuck = answerer.busySince.load(ordering: .sequentiallyConsistent) != 0
        if let thread = answering.take() { isStuck ? thread.detach() : thread.join() }
    }

    // MARK: Generations of policies

    /// Marks what the next generation wants, beside what is marked now. Questions are asked from here on;
    /// what runs judges them.
    /// - Throws: `FilePreventionFailure`; everything is then as before.
    public func prepare(
        _ wanted: [WantedFiles], _ hooks: [FileHook]
    ) throws(FilePreventionFailure) {
        let current = state.withLock { $0.marks?.wanted ?? [] }
        var marks: FileMarks?
        var slot = -1
        if wanted != current, !wanted.isEmpty {
            do throws(Errno) {
                let new = try FileMarks(wanted, hasLimit: options.hasQueueLimit)
                // Answered before the first mark, so that nobody waits for the others.
                slot = try place(new.group)
                marks = new
            } catch {
                throw FilePreventionFailure(
                    path: "", reason: "no group of fanotify: \(error.description)")
            }
            do throws(FilePreventionFailure) {
                try marks?.begin()
            } catch {
                retire(marks?.group, slot)
                throw error
            }
        }
        let prepared = (marks: marks, slot: slot, wanted: wanted, hooks: hooks)
        state.withLock { state in
            state.prepared = prepared
            publish(&state)
        }
    }

    /// A place for a group. Where generations follow each other quickly, those before have all of them for a
    /// moment.
    private func place(_ group: FanotifyGroup) throws(Errno) -> Int {
        let deadline = MonotonicClock.now + Self.patience
        while true {
            if let slot = try answerer.add(group) { return slot }
            guard MonotonicClock.now < deadline else { throw Errno.resourceBusy }
            wake.signal()
            usleep(10_000)
        }
    }

    /// The next generation runs: what only the one before wanted goes.
    public func settle() {
        let retired = state.withLock { state -> (group: FanotifyGroup, slot: Int)? in
            guard let prepared = state.prepared else { return nil }
            state.prepared = nil
            state.hooks = prepared.hooks
            var old: (group: FanotifyGroup, slot: Int)?
            if prepared.marks != nil || prepared.wanted.isEmpty {
                old = state.marks.map { ($0.group, state.slot) }
                state.marks = prepared.marks
                state.slot = prepared.slot
            }
            publish(&state)
            keep(&state)
            for group in state.adopted {
                // Answered from here on, by the policies that run now.
                if let slot = try? answerer.add(group) { retire(group, slot, &state) }
            }
            state.adopted = []
            return old
        }
        if let retired { retire(retired.group, retired.slot) }
        wake.signal()
    }

    /// The next generation does not come.
    public func abandon() {
        let dropped = state.withLock { state -> (group: FanotifyGroup, slot: Int)? in
            let prepared = state.prepared
            state.prepared = nil
            publish(&state)
            return prepared.flatMap { prepared in prepared.marks.map { ($0.group, prepared.slot) } }
        }
        if let dropped { retire(dropped.group, dropped.slot) }
    }

    // MARK: Inside

    /// Files and hooks of what runs and of what comes.
    private func publish(_ state: inout State) {
        var names = state.marks?.names ?? []
        var hooks = state.hooks
        if let prepared = state.prepared {
            names += prepared.marks?.names ?? []
            hooks += prepared.hooks.filter { !hooks.contains($0) }
        }
        let wanted = (state.marks?.wanted ?? []) + (state.prepared?.wanted ?? [])
        let beginnings = wanted.filter(\.isPrefix).reduce(into: FileEvents()) { $0.formUnion($1.events) }
        if let old = answerer.publish(MarkedNames(names, hooks, beginnings: beginnings)) {
            state.old.append((old, answerer.turns.load(ordering: .sequentiallyConsistent)))
        }
        state.old.removeAll { answerer.hasLeft($0.turn) }
    }

    /// Has the group kept over a restart where policies want calls to fail, or wait, rather than pass.
    private func keep(_ state: inout State) {
        guard let keeper else { return }
        if let name = state.keptName {
            keeper.forget(name)
            state.keptName = nil
        }
        guard let marks = state.marks, state.hooks.contains(where: \.refusesUnjudged) else { return }
        state.groups += 1
        let name = "secd-files-\(state.groups)"
        keeper.keep(marks.group.raw, name)
        state.keptName = name
    }

    private func retire(_ group: FanotifyGroup?, _ slot: Int) {
        guard let group, slot >= 0 else { return }
        state.withLock { retire(group, slot, &$0) }
        wake.signal()
    }

    private func retire(_ group: FanotifyGroup, _ slot: Int, _ state: inout State) {
        group.flush()
        state.retiring.append(Retiring(group: group, slot: slot, since: MonotonicClock.now))
    }

    /// Follows what comes into marked directories, and ends groups whose last question is answered.
    private func follow() {
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            let (changes, deadline) = state.withLock { state in
                (state.marks?.changes.raw, state.retiring.map { $0.since + Self.grace }.min())
            }
            var requests: InlineArray<2, PollRequest> = [
                PollRequest(descriptor: wake.raw, wanted: .readable),
                // A negative number is not looked at.
                PollRequest(descriptor: changes ?? -1, wanted: .readable),
            ]
            guard (try? Polling.wait(&requests, until: deadline)) != nil else { return }
            wake.drain()
            let failures = state.withLock { state -> [FilePreventionFailure] in
                endRetired(&state)
                guard let (hasMore, failures) = state.marks?.follow() else { return [] }
                if hasMore { publish(&state) }
                return failures
            }
            for failure in failures { tell(.notMarked(path: failure.path, reason: failure.reason)) }
        }
    }

    private func endRetired(_ state: inout State) {
        let now = MonotonicClock.now
        for index in state.retiring.indices.reversed() {
            let retiring = state.retiring[index]
            guard now >= retiring.since + Self.grace else { continue }
            let isBusy = answerer.busySince.load(ordering: .sequentiallyConsistent) != 0
            guard !retiring.group.hasQuestions, !isBusy else {
                state.retiring[index].since = now
                continue
            }
            answerer.remove(slot: retiring.slot)
            state.retiring.remove(at: index)
        }
    }
}
