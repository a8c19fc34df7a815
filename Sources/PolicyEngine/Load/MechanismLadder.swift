import CEventABI
import PolicyCompiler
import PolicyModel

/// Attach point → the best mechanism that this kernel accepts. Thousands of checks share one.
final class MechanismLadder {
    /// Why calls at a point cannot be met here, as a sentence without its end.
    struct Obstacle: Error, Hashable {
        var reason: String
    }

    let facts: EngineFacts
    let kernel: BTFKernelTypes
    let syscalls: SyscallTable
    let programs: ProgramCache
    /// Why files cannot be asked about where nothing else refuses; nil = they can.
    let fileObstacle: () -> String?
    private let answers = LadderAnswers()

    init(
        facts: EngineFacts, kernel: BTFKernelTypes, syscalls: SyscallTable, programs: ProgramCache,
        fileObstacle: @escaping () -> String?
    ) {
        self.facts = facts
        self.kernel = kernel
        self.syscalls = syscalls
        self.programs = programs
        self.fileObstacle = fileObstacle
    }

    /// What an entry of a policy asks of its points.
    struct Needs: Hashable {
        /// Calls shall be refused.
        var deny = false
        /// What calls return is judged or shown.
        var wait = false
        /// Something is done to processes or calls, before the call returns.
        var enforce = false
        /// Memory of the program is read.
        var userMemory = false
        /// Memory of the program is written to.
        var writes = false
        /// Its registers are changed.
        var changes = false
        /// What it refuses it names by paths, so that fanotify can be asked to.
        var namesFiles = false
        /// Registers are read by their names.
        var registers = false
        /// The entry names so many functions that each should not have a program of its own.
        var manyFunctions = false
    }

    /// The best mechanism for a point.
    func choose(_ point: AttachPoint, _ needs: Needs) throws(Obstacle) -> HookMechanism {
        try answers.mechanism(point, needs) { () throws(Obstacle) in try find(point, needs) }
    }

    /// What reads columns at a point that a mechanism of this ladder meets.
    func reader(_ point: AttachPoint, _ mechanism: HookMechanism) -> ColumnReader {
        answers.reader(point, mechanism) {
            ColumnReader(kernel, point, mechanism, programs: programs)
        }
    }

    private func find(_ point: AttachPoint, _ needs: Needs) throws(Obstacle) -> HookMechanism {
        switch point {
        case .syscall(let name): return try syscall(name, needs)
        case .tracepoint(let subsystem, let event): return try tracepoint(subsystem, event)
        case .rawTracepoint(let event): return try rawTracepoint(event)
        case .function(let symbol): return try function(symbol, needs)
        case .lsm(let hook): return try lsm(hook, needs)
        case .uprobe, .usdt: return try program(point, needs)
        case .mapping: return loads
        }
    }

    private func syscall(_ name: String, _ needs: Needs) throws(Obstacle) -> HookMechanism {
        let numbers = CallNumbers.positions(of: name, syscalls)
        guard !numbers.isEmpty else { throw Obstacle(reason: "no system call of this machine is \(name)") }
        // Fanotify tells no registers: who asks for them is asked where the call begins, if it can be refused there.
        if needs.deny, !needs.registers, let files = asked(.syscall(name), needs) { return files }
        var blindSpots: [String] = []
        if let operation = CallNumbers.rings[name] {
            blindSpots.append("io_uring does the same without the system call (\(operation))")
        }
        if CallNumbers.isSocketCall(name) {
            blindSpots.append(
                "32-bit programs can make it through socketcall(2): its arguments are in memory then, "
                    + "which another thread can change")
        }
        if CallNumbers.ipcCalls.contains(name) {
            blindSpots.append("32-bit programs can make it through ipc(2), which is not seen as this call")
        }
        if needs.deny, let guarded = guarded(name, numbers, needs, blindSpots) { return guarded }
        if needs.deny, needs.registers, let files = asked(.syscall(name), needs) { return files }
        // A program's memory may not be in the machine's before the call has read it. Who only looks waits
        // for that.
        if needs.userMemory, !needs.enforce, !CallNumbers.losesArguments.contains(name) {
            blindSpots.append(
                "arguments in memory are read when the call returns: another thread can change them")
            return HookMechanism(
                name: "tp_btf/sys_exit", number: UInt16(SECD_POLICY_BY_SYS_EXIT),
                attachment: .calls(numbers, returned: true), canSignal: true, canDeny: false, canWait: false,
                isReturn: true, killEffect: .killBeforeReturn, blindSpots: blindSpots)
        }
        let waits = !CallNumbers.neverReturns.contains(name)
        let again = waits && !CallNumbers.losesArguments.contains(name)
        if needs.userMemory {
            blindSpots.append(
                "arguments in memory that the program has not touched yet "
                    + (again ? "are compared when the call returns" : "cannot be read"))
        }
        return HookMechanism(
            name: "tp_btf/sys_enter", number: UInt16(SECD_POLICY_BY_SYS_ENTER),
            attachment: .calls(numbers, returned: false), canSignal: true, canDeny: false,
            canWait: waits, judgesAgain: again,
            killEffect: CallNumbers.endsBeforeEffect.contains(name) ? .killBeforeEffect : .killBeforeReturn,
            blindSpots: blindSpots)
    }

    /// Judged where calls begin, and refused further on; nil = nobody refuses this call here.
    func guarded(
        _ name: String, _ numbers: [UInt32], _ needs: Needs, _ seen: [String]
    ) -> HookMechanism? {
        var guards: [CallGuard]?
        if facts.lsmObstacle == nil { guards = CallGuards.asking(name, .lsm, kernel) }
        if guards == nil, facts.fentryObstacle == nil {
            guards = CallGuards.asking(name, .modify, kernel)
        }
        var blindSpots = seen
        var onlyError: Int64?
        if guards != nil, let way = CallGuards.ways[name] {
            blindSpots += ["a call that cannot succeed may fail with its own error first"] + way.blindSpots
            onlyError = way.error
        } else if facts.makesCallsFail() {
            guards = CallGuards.functions(of: name, kernel)
        }
        guard let guards else { return nil }
        if guards.contains(where: { $0.kind == .modify }) {
            blindSpots.append(
                "on a preemptible kernel a call may pass that begins while another is refused on its CPU")
        }
        if needs.userMemory {
            blindSpots.append("arguments in memory that the program has not touched yet cannot be read")
        }
        let names = ["tp_btf/sys_enter"] + guards.map(\.name)
        return HookMechanism(
            name: names.joined(separator: ", "), number: UInt16(SECD_POLICY_BY_GUARD),
            attachment: .guarded(numbers, guards), canSignal: true, canDeny: true, onlyError: onlyError,
            canWait: false,
            killEffect: CallNumbers.endsBeforeEffect.contains(name) ? .killBeforeEffect : .killBeforeReturn,
            blindSpots: blindSpots)
    }

    private func tracepoint(_ subsystem: String, _ event: String) throws(Obstacle) -> HookMechanism {
        switch kernel.tracepointText(subsystem, event) {
        case .text: break
        case .absent: throw Obstacle(reason: "this kernel has no tracepoint \(subsystem)/\(event)")
        case .unreadable: throw Obstacle(reason: "tracefs is not mounted")
        }
        var blindSpots: [String] = []
        if subsystem == "syscalls" || subsystem == "raw_syscalls" {
            blindSpots.append("32-bit calls and those of x32 are not seen by this tracepoint")
        }
        for prefix in ["sys_enter_", "sys_exit_"] where subsystem == "syscalls" && event.hasPrefix(prefix) {
            if let operation = CallNumbers.rings[String(event.dropFirst(prefix.count))] {
                blindSpots.append("io_uring does the same without the system call (\(operation))")
            }
        }
        return HookMechanism(
            name: "tracepoint/\(subsystem)/\(event)", number: UInt16(SECD_POLICY_BY_TRACEPOINT),
            attachment: .tracepoint(category: subsystem, event: event), canSignal: true, canDeny: false,
            canWait: false, killEffect: .killBeforeReturn, blindSpots: blindSpots)
    }

    private func rawTracepoint(_ event: String) throws(Obstacle) -> HookMechanism {
        guard kernel.rawTracepoint(event) != nil else {
            throw Obstacle(reason: "this kernel has no raw tracepoint \(event)")
        }
        return HookMechanism(
            name: "raw_tp/\(event)", number: UInt16(SECD_POLICY_BY_RAW_TRACEPOINT),
            attachment: .rawTracepoint(event), canSignal: true, canDeny: false, canWait: false,
            killEffect: .killBeforeReturn, blindSpots: [])
    }

    // MARK: Programs

    private func program(_ point: AttachPoint, _ needs: Needs) throws(Obstacle) -> HookMechanism {
        if let obstacle = facts.uprobeObstacle {
            throw Obstacle(reason: "places in programs need uprobes: \(obstacle)")
        }
        let places: ProgramPlaces
        do throws(ProgramObstacle) {
            places = try programs.places(point)
        } catch {
            throw Obstacle(reason: error.reason + (error.hint.isEmpty ? "" : "; \(error.hint)"))
        }
        var name = "usdt"
        var blindSpots = ["processes that run an older file of this name are not seen"]
        var isFunction = false
        if case .uprobe(_, let location, _) = point {
            name = "uprobe"
            isFunction = true
            if case .symbol = location {
                blindSpots.append("calls that the compiler has put inline are not seen")
            }
        }
        // Programs of their own, which only those who change something pay for.
        let writes = needs.writes && facts.memoryObstacle == nil
        let changes = needs.changes && facts.registerObstacle == nil
        if writes || changes { name += changes ? "/change" : "/write" }
        let identity = places.identity
        return HookMechanism(
            name: name, number: UInt16(SECD_POLICY_BY_UPROBE), attachment: .program(places),
            version: "\(identity.device):\(identity.inode):\(identity.changed):\(identity.size)",
            canSignal: true, canDeny: false, canWrite: writes, canChange: changes, canWait: isFunction,
            killEffect: .killBeforeEffect, blindSpots: blindSpots)
    }

    private var loads: HookMechanism {
        HookMechanism(
            name: "tracepoint/syscalls/sys_exit_mmap", number: UInt16(SECD_POLICY_BY_SYSCALL_POINT),
            attachment: .loads, canSignal: true, canDeny: false, canWait: false,
            killEffect: .killBeforeReturn,
            blindSpots: [
                "mappings that 32-bit programs make themselves are not seen; those of execve are"
            ])
    }

    // MARK: Files

    /// Questions about the calls of a point, where this kernel asks them.
    func asked(_ point: AttachPoint, _ needs: Needs) -> HookMechanism? {
        guard needs.namesFiles, let calls = FileCalls(point), fileObstacle() == nil else { return nil }
        return HookMechanism(
            name: FileCalls.mechanism, number: UInt16(SECD_POLICY_BY_FANOTIFY), attachment: .files(calls),
            canSignal: true, canDeny: true, canWait: false, killEffect: .killBeforeEffect,
            blindSpots: calls.blindSpots + FileCalls.common)
    }

    // MARK: What stands for functions

    /// The tracepoints of calls that this kernel has.
    private func callPoints(_ standIn: StandIn) throws(Obstacle) -> [String] {
        let found = standIn.callPoints.filter { event in
            if case .text = kernel.tracepointText("syscalls", event) { true } else { false }
        }
        guard !found.isEmpty else {
            throw Obstacle(reason: "tracepoints of system calls are not there, or tracefs is not mounted")
        }
        return found
    }

    /// How a function is met by what stands for it; nil = nothing does here.
    func standIn(_ symbol: String) throws(Obstacle) -> HookMechanism? {
        guard var standIn = StandIn.all[symbol] else { return nil }
        if kernel.function(EngineFacts.unixPlaceMark) != nil { standIn = standIn.withUnixSockets }
        let attachment: HookMechanism.Attachment
        let number: Int32
        switch standIn.kind {
        case .places(let places):
            guard facts.cgroupRoot != nil else { throw Obstacle(reason: "no cgroup2 hierarchy is mounted") }
            if let obstacle = facts.cgroupObstacle { throw Obstacle(reason: obstacle) }
            attachment = .places(places)
            number = SECD_POLICY_BY_CGROUP
        case .rawTracepoint(let event, _):
            guard kernel.rawTracepoint(event) != nil else { return nil }
            attachment = .rawTracepoint(event)
            number = SECD_POLICY_BY_RAW_TRACEPOINT
        case .calls:
            attachment = .callPoints(try callPoints(standIn))
            number = SECD_POLICY_BY_SYSCALL_POINT
        }
        let isPlace = number == SECD_POLICY_BY_CGROUP
        return HookMechanism(
            name: standIn.name, number: UInt16(number), attachment: attachment, standIn: standIn,
            canSignal: !isPlace, canDeny: standIn.canDeny, canWait: false,
            killEffect: isPlace ? .observe : .killBeforeReturn, blindSpots: standIn.blindSpots)
    }
}
