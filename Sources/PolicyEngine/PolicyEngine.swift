public import BPFRuntime
public import CEventABI
import FilePrevention
import LinuxSystem
public import PolicyCompiler
public import PolicyModel
import SystemPackage

/// What an engine is made with.
public struct PolicyEngineOptions: Sendable {
    /// What programs know of the daemon.
    public var agent: secd_agent
    /// Maps of the sensors: rings, records of processes, scratch memory.
    public var shared: [SharedBPFMap]
    /// What this kernel offers.
    public var facts: EngineFacts
    /// The kernel's types, for offsets; asked when policies change, not kept in between.
    public var kernel: @Sendable () -> BTFKernelTypes?
    /// Programs that policies name.
    public var programs: any ProgramFiles
    /// The digest of one by an algorithm (`sha256`), in lower-case hexadecimal; nil where it is not computed.
    public var programDigest: @Sendable (OpenProgram, String) -> String? = { _, _ in nil }
    /// Inode numbers of the first process's namespaces.
    public var hostNamespaces: [NamespaceKind: UInt64]
    /// What runs in which cgroup.
    public var workloads = WorkloadClasses()
    /// For fanotify.
    public var files = FileSettings()
    /// Told the kernel's own words where it refuses something: long, and for developers.
    public var words: @Sendable (String) -> Void = { _ in }

    public init(
        agent: secd_agent, shared: [SharedBPFMap], facts: EngineFacts,
        kernel: @escaping @Sendable () -> BTFKernelTypes?, programs: any ProgramFiles,
        hostNamespaces: [NamespaceKind: UInt64]
    ) {
        self.agent = agent
        self.shared = shared
        self.facts = facts
        self.kernel = kernel
        self.programs = programs
        self.hostNamespaces = hostNamespaces
    }
}

/// Runs policies in the kernel. Nothing is pinned: what it attached ends with it.
public final class PolicyEngine: PolicyRuntime, @unchecked Sendable {
    // @unchecked: as `PolicyRuntime` says, its owner calls it from one thread.

    /// Counts what the kernel leaves to the reader of records.
    public let tally = RecordTally()
    /// What the killing of trees needs.
    public let treeMarks: TreeMarks
    /// Calls that are counted by key.
    public let callCounter: CallCounter

    private let options: PolicyEngineOptions
    private let announce: @Sendable (RunningGeneration) -> Void
    private let seed: [UInt64]
    private let programs: EnginePrograms
    private let store: GenerationStore
    private let attachments: HookAttachments
    private let enforcers: Enforcers
    private let origins: Origins
    private let socketOwners: SocketOwners
    private let scripts: Scripts
    private let files: FileEngine
    private let counters: CounterBook
    /// Of the tables of the last two generations.
    private var generationBytes: [UInt64] = []
    /// A hook that policies share.
    private struct Identity: Hashable {
        var point: AttachPoint
        var side: HookSides.Side
    }

    /// What a generation needs beside its hooks.
    private struct Beside {
        /// Children inherit the marks of their parents.
        var forks = false
        /// Children of processes that KillTree ends are marked.
        var trees = false
        /// What processes had at exec is kept.
        var changes = false
        /// Sockets are tied to processes.
        var sockets = false
        /// What processes run beside their interpreters is kept.
        var scripts = false

        init() {}

        init(_ tables: Generation, _ policies: [RunnablePolicy]) {
            forks = !tables.lineageTables.isEmpty
            trees = policies.contains { $0.policy.has(.killTree) }
            changes = tables.asksForChanges
            sockets = policies.contains { $0.policy.tiesSockets }
            scripts = tables.asksForFiles
        }
    }

    /// Calls that matched and had not returned when their last policy went: their events were not told.
    public private(set) var abandonedCalls: UInt64 = 0

    private var numbers = HookNumbers<Identity>(limit: UInt32(SECD_POLICY_HOOK_CHUNKS))
    /// Policies that run.
    private var running: Set<UInt64> = []
    private var attached: [HookAttachments.Wanted] = []
    private var enforcing: Set<UInt32> = []
    /// By number: the generation that its hook came with.
    private var since: [UInt32: UInt32] = [:]
    private var beside = Beside()

    /// Loads the programs; nothing is attached before a policy asks for it.
    /// - Parameter announce: Told each generation before it is switched on. Returns when records of it can
    ///   be read.
    /// - Throws: `BPFError` where the kernel refuses the programs or their maps.
    public init(
        _ options: PolicyEngineOptions, announce: @escaping @Sendable (RunningGeneration) -> Void
    ) throws(BPFError) {
        self.options = options
        self.announce = announce
        var random = SystemRandomNumberGenerator()
        seed = (0..<Int(SECD_POLICY_SEEDS)).map { _ in random.next() }
        var setup = secd_policy_setup()
        CArray.copy(seed, to: &setup.seed)
        for (kind, inode) in options.hostNamespaces {
            CArray.set(&setup.host_ns, Int(kind.bit), UInt32(truncatingIfNeeded: inode))
        }
        programs = try EnginePrograms(agent: options.agent, shared: options.shared, setup: setup)
        store = try GenerationStore(programs.maps)
        enforcers = Enforcers(programs.maps.enforced)
        attachments = HookAttachments(programs, cgroupRoot: options.facts.cgroupRoot, enforcers)
        counters = CounterBook(programs.maps.counters, tally)
        origins = Origins(programs.maps.origins)
        socketOwners = SocketOwners(programs.maps.owners, cgroupRoot: options.facts.cgroupRoot)
        scripts = Scripts(programs.maps.scripts)
        treeMarks = TreeMarks(programs.maps.doomed)
        files = FileEngine(programs, options.files)
        callCounter = try CallCounter(programs.maps)
    }

    public func counts() -> [PolicyCounts] { counters.counts() }

    /// Sockets that policies have tied to processes (`TrackSock`).
    public var tiedSockets: Int { socketOwners.count }

    /// The number of the generation that runs; 0 = none did yet.
    public var generation: UInt32 { store.current }

    public func replace(with policies: [RunnablePolicy]) throws(PolicyRefusal) -> [PolicyReport] {
        guard let kernel = options.kernel() else {
            throw PolicyRefusal(reason: "this kernel's type information cannot be read")
        }
        let cache = ProgramCache(options.programs, digest: options.programDigest)
        let policies = cache.skipping(policies)
        let ladder = MechanismLadder(
            facts: options.facts, kernel: kernel, syscalls: .x86, programs: cache,
            fileObstacle: files.obstacle)
        let checks = policies.map { PolicyCheck($0, ladder) }
        let faults = checks.flatMap(\.faults)
        if let first = faults.first { throw PolicyRefusal(faults: faults, reason: first.reason) }

        if !policies.isEmpty { store.prepare() }
        let sides = HookSides(checks)
        let tables = try GenerationPlan.tables(policies, sides)
        let since = since
        var plan = try GenerationPlan(
            tables, policies, sides, ladder, number, since: { since[$0] ?? self.store.next })
        plan.notify(enforcers.wanted(policies, checks), checks)
        do throws(PolicyRefusal) {
            try plan.counters(counters, policies)
        } catch {
            counters.keep(running)
            throw error
        }
        let classes = options.workloads.plan(tables.workloads)
        let image = try plan.image(tables, policies, classes, seed: seed)
        let beside = Beside(tables, policies)
        let bytes: UInt64
        do throws(PolicyRefusal) {
            try attach(plan, beside, policies)
            try prepareFiles(plan, tables, policies, checks)
            bytes = try fill(image, classes)
        } catch {
            takeBack()
            throw error
        }
        tally.begin(generation: store.next, plan.tallied(image))
        generationBytes = generationBytes.suffix(1) + [bytes]
        callCounter.set(rules: image.rules.filter { $0.counts != 0 }.map(\.counter))
        announce(plan.running(store.next, tables, policies, CountHash(seed: seed)))
        let seed = AncestrySeed(programs.maps.ancestries, tables, generation: store.next)
        seed.write()
        store.flip()
        files.settle()
        // Once more, for processes that came meanwhile.
        seed.write()
        enforcing = Set(plan.enforcers.map(\.number))
        attachments.detach(allBut: plan.wanted, enforcers: enforcing)
        forgetCalls(except: plan.wanted)
        stopFollowing(allBut: beside)
        attached = plan.wanted
        self.since = Dictionary(
            plan.wanted.map { ($0.number, since[$0.number] ?? store.current) },
            uniquingKeysWith: { first, _ in first })
        self.beside = beside
        numbers.keep(Set(plan.wanted.map(\.number)).union(attachments.heldNumbers), in: store.current)
        running = Set(policies.map(\.id))
        counters.keep(running)
        return plan.reports(policies, checks, bytes: bytes, tables)
    }

    /// Drops what calls keep whose hook goes away, and counts it.
    private func forgetCalls(except kept: [HookAttachments.Wanted]) {
        let gone = Set(attached.filter(\.waits).map(\.number)).subtracting(kept.map(\.number))
        // Where it cannot be waited, a call that is being made may leave something: better kept than lost.
        guard !gone.isEmpty, (try? store.waitForPrograms()) != nil else { return }
        abandonedCalls += WaitingCalls(programs.maps.waiting).forget(gone)
    }

    /// Memory of the engine's maps and programs. What a process keeps with its task is not among it.
    public var kernelBytes: UInt64 { generationBytes.reduce(programs.kernelBytes, +) }

    /// Attaches what the next generation needs and the one that runs does not have.
    private func attach(
        _ plan: GenerationPlan, _ beside: Beside, _ policies: [RunnablePolicy]
    ) throws(PolicyRefusal) {
        do throws(BPFError) {
            // Before the hooks: at sched_process_exec the script is known then.
            if beside.scripts { try scripts.follow(programs) }
        } catch {
            throw refusal(of: error)
        }
        do throws(HookAttachments.Failure) {
            try attachments.attach(plan.wanted, keeping: attached)
            try attachments.attach(plan.enforcers)
            if beside.forks { try attachments.followForks() }
        } catch {
            options.words("\(error.error)\n\(error.error.log)")
            throw plan.refusal(of: error.hook, error.error.meaning, policies)
        }
        do throws(BPFError) {
            if beside.trees { try treeMarks.follow(programs) }
            if beside.changes { try origins.follow(programs) }
            if beside.sockets { try socketOwners.follow(programs) }
        } catch {
            throw refusal(of: error)
        }
    }

    /// What was attached for a generation that does not come goes; the one that runs keeps all that it has.
    private func takeBack() {
        attachments.detach(allBut: attached, enforcers: enforcing)
        stopFollowing(allBut: beside)
        files.abandon()
    }

    private func stopFollowing(allBut kept: Beside) {
        if !kept.forks { attachments.stopFollowingForks() }
        if !kept.trees { treeMarks.stopFollowing() }
        if !kept.changes { origins.stop() }
        if !kept.sockets { socketOwners.stop() }
        if !kept.scripts { scripts.stop() }
    }

    /// No policy is to blame more than the others.
    private func refusal(of error: BPFError) -> PolicyRefusal {
        options.words("\(error)\n\(error.log)")
        return PolicyRefusal(reason: error.meaning)
    }

    /// Questions of fanotify that the generation needs; from here on they are asked, too.
    private func prepareFiles(
        _ plan: GenerationPlan, _ tables: Generation, _ policies: [RunnablePolicy], _ checks: [PolicyCheck]
    ) throws(PolicyRefusal) {
        let (wanted, hooks) = plan.files(tables, policies, checks)
        do throws(FilePreventionFailure) {
            try files.prepare(wanted, hooks)
        } catch {
            throw plan.refusal(of: error, policies, checks)
        }
    }

    private func fill(
        _ image: GenerationImage, _ classes: WorkloadClasses.Plan
    ) throws(PolicyRefusal) -> UInt64 {
        do throws(BPFError) {
            return try store.fill(image) { slot, empty throws(BPFError) in
                try options.workloads.map(of: classes, slot: slot, empty)
            }
        } catch {
            throw refusal(of: error)
        }
    }

    /// The number of a hook, for as long as it is wanted; nil = there are too many.
    private func number(_ placed: PolicyCheck.Placed) -> UInt32? {
        numbers.number(
            of: Identity(point: placed.point, side: HookSides.Side(placed)), in: store.next)
    }
}
