import CEventABI
import EventDecoder
import EventModel
import FilePrevention
import PolicyEngine
import ProcessTree
import WorkloadModel

/// Turns records into events: keeps the process tree, the sockets and the names, and says what
/// goes out. Owned by the worker.
final class RecordHandler {
    let context: EncodingContext
    let tree: ProcessTree
    var cgroups = CgroupTable()
    var pieces = PieceAssembly()
    var sockets: SocketTable
    var names = NameMemory()
    /// What records of policies mean.
    var catalogues = PolicyCatalogues()
    /// Counts what policies tell, once they run.
    var tally: RecordTally?
    /// Asks about files, once a policy wants that.
    var files: FilePrevention?
    /// What policies leave to user space, once they run.
    var orders: KillOrders?
    /// Calls that policies count.
    var counts = CallCounts()
    /// Asks over the network for policies; nil = it is not allowed.
    var outreach: Outreach?
    /// Of files in events of policies.
    private let fileDigests = FileDigests()
    /// Names of functions in stacks.
    var stackNames = StackNames()
    private let digests = BinaryDigests()
    private var loaded = LoadedFiles()
    var accounts: StreamAccounts
    private let output: EventOutput
    var settings: EventSettings
    /// Events of containers that have no name yet.
    var held = HeldEvents()
    /// How long they wait, nanoseconds.
    var enrichWait: UInt64 = 200_000_000
    /// Whether containers get numeric identities: then their events wait for these, too.
    var awaitsIdentities = false
    /// Asks providers about a cgroup; nil = there are none.
    var askForName: ((UInt64, String) -> Void)?
    /// Who waits until all providers have looked for a cgroup.
    var waiters: [UInt64: [@Sendable () -> Void]] = [:]
    /// Told what runs in cgroups that came or changed.
    var whenNamed: (([(id: UInt64, workload: WorkloadRecord?)]) -> Void)?
    /// Told which cgroups are gone.
    var whenGone: ((UInt64) -> Void)?
    /// Gaps that were found while a record was handled; the pipeline explains them afterwards,
    /// because that asks the kernel.
    var gaps: [(ring: Int, cpu: Int, gap: SequenceTracker.Gap)] = []
    /// Time of the last record: everything older has been handled.
    private(set) var horizon: UInt64 = 0
    /// Records that could not be read: too short, of another version or of no known kind.
    private(set) var undecodable: UInt64 = 0
    /// Of these, those whose ring is known, since the last look at them.
    private var missed = [UInt64](repeating: 0, count: Int(SECD_RING_COUNT))

    init(context: EncodingContext, tree: ProcessTree, output: EventOutput, settings: EventSettings, cpus: Int)
    {
        self.context = context
        self.tree = tree
        self.output = output
        self.settings = settings
        sockets = SocketTable(limit: settings.socketLimit)
        accounts = StreamAccounts(cpus: cpus)
    }

    /// Takes one record.
    func handle(_ bytes: RawSpan) {
        guard let record = RecordView(bytes), Int(record.head.cpu) < accounts.cpus else {
            // Its number is missing from now on: a gap that nobody counted.
            undecodable += 1
            return
        }
        let head = record.head
        horizon = head.time_ns
        if let gap = accounts.book(head) { gaps.append((Int(head.ring), Int(head.cpu), gap)) }
        switch Int32(head.kind) {
        case SECD_KIND_EXEC: exec(record)
        case SECD_KIND_FORK: fork(record)
        case SECD_KIND_EXIT: exit(record)
        case SECD_KIND_CREDENTIALS: credentials(record)
        case SECD_KIND_ARGUMENTS, SECD_KIND_ENVIRONMENT:
            guard let piece = record.load(secd_piece.self) else { return damaged(record.head) }
            pieces.take(piece, record.tail(after: secd_piece.self))
        case SECD_KIND_CGROUP: cgroup(record)
        case SECD_KIND_SOCKET: socket(record)
        case SECD_KIND_FILE: file(record)
        case SECD_KIND_DNS: dns(record)
        case SECD_KIND_POLICY: policy(record)
        case SECD_KIND_TEST: break
        default: damaged(head)
        }
    }

    /// A record with a whole head and a damaged rest: its number came, its event does not. Said at once, because
    /// nothing else would miss the number.
    private func damaged(_ head: secd_record) {
        undecodable += 1
        missed[Int(head.ring)] += 1
        output.emit(
            Event(
                kind: .streamGap, time: context.time(head.time_ns), process: nil,
                body: .gap(accounts.gap(of: head, context)), origin: Origin(ring: nil)))
    }

    // Inlined, because a body is large: it is made where it is sent, and not moved.
    @inline(__always)
    private func emit(
        _ kind: EventKind, _ head: secd_record, _ process: ProcessObject?, _ body: borrowing Event.Body
    ) {
        guard settings.wants(kind) else { return }
        let time = context.time(head.time_ns)
        let start = Event.Head(kind: kind, time: time, process: process, origin: accounts.origin(head))
        if let process, lacksWords(process.image), waits(Event(start, copy body), process) { return }
        output.emit(start, body)
    }

    /// Sends an event that has waited, or that no record brought.
    func emitNow(_ event: inout Event) {
        guard settings.wants(event.kind) else { return }
        output.emit(&event)
    }

    private func fork(_ record: borrowing RecordView) {
        guard let fork = record.load(secd_fork.self) else { return damaged(record.head) }
        let process = tree.fork(fork)
        // Born into another cgroup than its parent's image knows (clone3, or the parent was moved).
        if process.parent?.image.head.cgroup_id != fork.cgroup_id {
            process.update { place(&$0, in: fork.cgroup_id, below: process.parent) }
        }
        orders?.forked(process)
        guard fork.flags & SECD_IMAGE_OUT_OF_SCOPE == 0 else { return }
        emit(.processFork, record.head, process, .process)
    }

    private func exec(_ record: borrowing RecordView) {
        guard let exec = record.load(secd_exec.self) else { return damaged(record.head) }
        let tail = record.tail(after: secd_exec.self)
        let strings =
            Int(exec.binary.length) + Int(exec.cwd.length) + Int(exec.filename_length)
            + Int(exec.interp_length)
            + Int(exec.arguments_length)
        guard strings <= tail.byteCount else { return damaged(record.head) }
        let process = tree.exec(exec) { image in
            unsafe tail.extracting(0..<strings).withUnsafeBytes { unsafe image.tail.append(contentsOf: $0) }
            image.nameByTask()
            place(&image, in: exec.cgroup_id, below: tree.parent(of: exec))
            image.longArguments = nil
            if exec.arguments_total > UInt32(exec.arguments_length) {
                let rest = pieces.takeArguments(of: exec.image, from: Int(exec.arguments_length))
                if !rest.isEmpty { image.longArguments = Array(image.tail[image.argumentsRange]) + rest }
            }
            if settings.digests {
                image.set(digests.digest(of: exec, path: image.tail[image.binaryRange]))
            }
            image.environment = nil
            if settings.environment {
                let found = pieces.takeEnvironment(of: exec.image, total: Int(exec.environment_total))
                image.environment = settings.redaction.apply(toEnvironment: found.variables)
                image.environmentMissing = found.missing
            }
            settings.redaction.apply(to: &image)
        }
        if exec.flags & SECD_IMAGE_OUT_OF_SCOPE == 0 {
            emit(.processExec, record.head, process, .process)
        }
        process.shorten()
    }

    /// Puts digests that took longer into the processes that wait for them.
    func settleDigests() {
        let late = digests.takeLate()
        guard !late.isEmpty else { return }
        for process in tree.all where process.image.missingDigest == .pending {
            guard let answer = late[BinaryDigests.Key(process.image.head.binary_inode)] else { continue }
            process.update { $0.set(answer) }
        }
    }

    /// How many records of a ring could not be read since the last call, though they came.
    func takeMissed(_ ring: Int32) -> UInt64 {
        defer { missed[Int(ring)] = 0 }
        return missed[Int(ring)]
    }

    private func exit(_ record: borrowing RecordView) {
        guard let exit = record.load(secd_exit.self) else { return damaged(record.head) }
        let process = tree.exit(exit.image, parent: exit.parent, at: record.head.time_ns)
        if exit.flags & SECD_EXIT_OUT_OF_SCOPE == 0 {
            emit(.processExit, record.head, process, .exit(exit))
        }
        orders?.ended(process)
        names.forget(exit.image.pid)
    }

    private func credentials(_ record: borrowing RecordView) {
        guard let change = record.load(secd_credentials_change.self) else { return damaged(record.head) }
        let process = tree.find(change.image) ?? tree.unannounced(change.image, parent: secd_image())
        process.update {
            $0.head.credentials = change.new
            if change.user_ns != 0 { $0.head.namespaces.user = change.user_ns }
        }
        guard change.flags & SECD_IMAGE_OUT_OF_SCOPE == 0 else { return }
        emit(.processCredentials, record.head, process, .credentials(change))
    }

    private func cgroup(_ record: borrowing RecordView) {
        guard let cgroup = record.load(secd_cgroup.self) else { return damaged(record.head) }
        guard Int32(cgroup.change) == SECD_CGROUP_MADE else { return forget(cgroup.id) }
        let tail = record.tail(after: secd_cgroup.self)
        let length = min(Int(cgroup.path_length), tail.byteCount)
        cgroups.add(cgroup.id, tail.extracting(0..<length).array)
        whenNamed?([(cgroup.id, cgroups.name(cgroup.id).workload)])
        askMore(about: cgroup.id)
    }

    private func socket(_ record: borrowing RecordView) {
        guard let socket = record.load(secd_socket.self) else { return damaged(record.head) }
        let tail = record.tail(after: secd_socket.self)
        let length = min(Int(socket.path_length), tail.byteCount, Int(SECD_UNIX_PATH_MAX))
        var event = SocketEvent(record: socket, path: tail.extracting(0..<length).array)
        let process = tree.find(socket.user)
        context.makeExecID(socket.user, into: &event.user)
        context.makeExecID(socket.creator, into: &event.creator)
        context.makeExecID(socket.acceptor, into: &event.acceptor)
        context.makeExecID(socket.previous, into: &event.previous)
        event.remoteName = names.name(
            pid: socket.user.pid, family: socket.family, address: event.remoteAddress)
        sockets.complete(&event)
        if let kind = SocketEvent.kind(of: socket), settings.unixSockets || socket.family != SocketNames.unix
        {
            emit(kind, record.head, process, .socket(event))
        }
        // Afterwards: a close may let go of the process.
        sockets.apply(event, process, tree)
    }

    private func file(_ record: borrowing RecordView) {
        guard let file = record.load(secd_file.self) else { return damaged(record.head) }
        let tail = record.tail(after: secd_file.self)
        let first = min(Int(file.path.length), tail.byteCount)
        let second = min(Int(file.target.length), tail.byteCount - first)
        guard let kind = FileEvent.kind(of: file) else { return damaged(record.head) }
        guard wants(kind, file.watch) || wants(kind, file.target_watch) else { return }
        let event = FileEvent(
            record: file, path: tail.extracting(0..<first).array,
            target: tail.extracting(first..<first + second).array)
        emit(kind, record.head, tree.find(file.image), .file(event))
    }

    /// Whether the configured path asked for events of this kind.
    private func wants(_ kind: EventKind, _ watch: UInt32) -> Bool {
        guard watch != SECD_FILE_NOT_WATCHED else { return false }
        guard watch < settings.files.count else { return true }
        return settings.files[Int(watch)].kinds.contains(kind.name.description)
    }

    private func policy(_ record: borrowing RecordView) {
        guard let fixed = record.load(secd_policy_event.self),
            let catalogue = catalogues[generation: fixed.generation]
        else { return damaged(record.head) }
        let process = tree.find(fixed.image)
        if let counted = catalogue.counted(record) {
            for count in counted.keys { counts.learn(count, of: process, tree) }
            // It came for the values of what is counted from here on.
            if !counted.isTold { return }
        }
        guard var event = catalogue.event(record) else { return damaged(record.head) }
        if let outreach { for request in catalogue.requests(record) { outreach.submit(request) } }
        if catalogue.asksDigest(record) { fileDigests.complete(&event) }
        if fixed.kernel_frames | fixed.user_frames != 0 { stackNames.name(&event, of: process) }
        tally?.add(generation: fixed.generation, hook: fixed.hook, rules: PolicyCatalogue.told(record))
        if event.hook.kind == .processLoader {
            let event = loaded.event(event, pid: fixed.image.pid)
            return emit(.processLoader, record.head, process, .loader(event))
        }
        emit(event.hook.kind, record.head, process, .policy(event))
        if fixed.flags & SECD_POLICY_EVENT_KILLED != 0 {
            orders?.take(
                catalogue.orders(record), on: process, cgroup: cgroups.name(fixed.cgroup_id), tree)
        }
    }

    /// Counted calls were taken out of the kernel.
    func take(_ epoch: CallCounter.Epoch, _ span: Range<UInt64>, isLast: Bool) {
        for due in counts.take(epoch, span, isLast: isLast, tree) where settings.wants(due.event.hook.kind) {
            output.emit(
                Event(
                    kind: due.event.hook.kind, time: context.time(due.time), process: due.process,
                    body: .policy(due.event), origin: Origin(ring: nil)))
        }
    }

    private func dns(_ record: borrowing RecordView) {
        guard let dns = record.load(secd_dns.self) else { return damaged(record.head) }
        let tail = record.tail(after: secd_dns.self)
        let bytes = tail.extracting(0..<min(Int(dns.length), tail.byteCount))
        guard dns.flags & SECD_DNS_STREAM != 0 else {
            return names.learn(pid: dns.image.pid, message: bytes, total: dns.total)
        }
        names.learn(
            pid: dns.image.pid, cookie: dns.cookie, sequence: dns.sequence, piece: bytes, total: dns.total)
    }
}

extension RawSpan {
    /// A copy.
    var array: [UInt8] {
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}

extension SocketEvent {
    /// The remote address: four or sixteen bytes.
    var remoteAddress: [UInt8] {
        let bytes = unsafe withUnsafeBytes(of: record.remote) { unsafe Array($0) }
        return record.family == SocketNames.inet ? Array(bytes[..<4]) : bytes
    }
}
