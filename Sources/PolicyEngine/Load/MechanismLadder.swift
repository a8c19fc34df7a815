import CEventABI
import PolicyCompiler
import PolicyModel

/// Attach point → the best mechanism that this kernel accepts.
struct MechanismLadder {
    /// Why calls at a point cannot be met here, as a sentence without its end.
    struct Obstacle: Error, Hashable {
        var reason: String
    }

    let facts: EngineFacts
    let kernel: BTFKernelTypes
    let syscalls: SyscallTable

    /// The mechanism for a point.
    func choose(_ point: AttachPoint) throws(Obstacle) -> HookMechanism {
        switch point {
        case .syscall(let name): return try syscall(name)
        case .tracepoint(let subsystem, let event): return try tracepoint(subsystem, event)
        case .rawTracepoint(let event): return try rawTracepoint(event)
        case .function(let symbol): return try function(symbol)
        case .lsm(let hook):
            if let place = Self.places["security_\(hook)"] { return try cgroup(place) }
            throw Obstacle(reason: "LSM hooks need BPF LSM: \(obstacle(facts.lsmObstacle))")
        case .uprobe, .usdt:
            throw Obstacle(reason: "places in programs are not attached to yet")
        }
    }

    /// What stands where an obstacle is not the kernel's.
    private func obstacle(_ text: String?) -> String { text ?? "this release of secd has no program for it yet" }

    private func syscall(_ name: String) throws(Obstacle) -> HookMechanism {
        let numbers = CallNumbers.positions(of: name, syscalls)
        guard !numbers.isEmpty else { throw Obstacle(reason: "no system call of this machine is \(name)") }
        var blindSpots: [String] = []
        if let operation = CallNumbers.rings[name] {
            blindSpots.append("io_uring does the same without the system call (\(operation))")
        }
        return HookMechanism(
            name: "tp_btf/sys_enter", number: UInt16(SECD_POLICY_BY_SYS_ENTER), attachment: .calls(numbers),
            canSignal: true, canDeny: false, canWait: true,
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

    private func function(_ symbol: String) throws(Obstacle) -> HookMechanism {
        if let place = Self.places[symbol] { return try cgroup(place) }
        throw Obstacle(
            reason: "functions of the kernel need fentry (\(obstacle(facts.fentryObstacle))) or kprobes "
                + "(\(obstacle(facts.kprobeObstacle)))")
    }

    // MARK: Cgroup programs

    /// Places where cgroup programs see what a function sees.
    struct Place: Hashable {
        var number: UInt32
        var name: String
        var blindSpots: [String]
    }

    static let places: [String: Place] = {
        let connect = Place(
            number: UInt32(SECD_POLICY_PLACE_CONNECT), name: "cgroup/connect4, connect6",
            blindSpots: ["only IP sockets are seen"])
        let stream = Place(
            number: UInt32(SECD_POLICY_PLACE_CONNECT), name: "cgroup/connect4, connect6",
            blindSpots: ["connects of datagram sockets are seen as well"])
        let send = Place(
            number: UInt32(SECD_POLICY_PLACE_SEND), name: "cgroup/sendmsg4, sendmsg6",
            blindSpots: ["only datagrams that are sent to an address are seen"])
        let bind = Place(
            number: UInt32(SECD_POLICY_PLACE_BIND), name: "cgroup/bind4, bind6",
            blindSpots: ["only IP sockets are seen"])
        return [
            "security_socket_connect": connect, "tcp_connect": stream, "security_socket_sendmsg": send,
            "security_socket_bind": bind,
        ]
    }()

    private func cgroup(_ place: Place) throws(Obstacle) -> HookMechanism {
        guard facts.cgroupRoot != nil else { throw Obstacle(reason: "no cgroup2 hierarchy is mounted") }
        return HookMechanism(
            name: place.name, number: UInt16(SECD_POLICY_BY_CGROUP), attachment: .place(place.number),
            canSignal: false, canDeny: true, canWait: false, killEffect: .observe,
            blindSpots: place.blindSpots)
    }
}
