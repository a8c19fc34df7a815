import CEventABI

/// What stands for a function of the kernel where nobody may attach to functions: a place of cgroup programs,
/// or a tracepoint, that is passed when the function is called.
struct StandIn: Hashable {
    /// What is attached.
    enum Kind: Hashable {
        /// SECD_POLICY_PLACE_*; together they are the function.
        case places([UInt32])
        /// A raw tracepoint, with its number of arguments.
        case rawTracepoint(String, arguments: Int)
        /// Tracepoints of system calls, by the names of the calls: where they are made, or where they return.
        case calls([String], returned: Bool)
    }

    /// Calls of a tracepoint that are meant: those with this argument.
    struct Only: Hashable {
        var argument: UInt32
        var value: UInt32
    }

    var kind: Kind
    /// As status shows it.
    var name: String
    /// For each argument of the function, where it stands here; nil = it is not here.
    var arguments: [Int?]
    /// The same where it is met by tracepoints of calls; `arguments` is empty then.
    var sources: [Source?] = []
    /// nil = all calls.
    var only: Only?
    /// The socket has no destination yet: the call's address is it.
    var hasPeer = false
    /// What stands for a `struct socket *` is its `struct sock *`.
    var givesSock = false
    /// The call can be refused.
    var canDeny = false
    /// What it sees otherwise than the function, in sentences.
    var blindSpots: [String]

    /// By function.
    static let all: [String: StandIn] = {
        var all: [String: StandIn] = [
            "security_socket_connect": connect([0, 1, 2], "only IP sockets are seen"),
            "tcp_connect": connect([3], "connects of datagram sockets are seen as well"),
            "devcgroup_check_permission": StandIn(
                kind: .places([UInt32(SECD_POLICY_PLACE_DEVICE)]), name: "cgroup/dev",
                arguments: [0, 1, 2, 3], canDeny: true,
                blindSpots: ["devices that are open already are not seen"]),
            "security_socket_sendmsg": StandIn(
                kind: .places([UInt32(SECD_POLICY_PLACE_SEND)]), name: "cgroup/sendmsg4, sendmsg6",
                arguments: [0, nil, nil], hasPeer: true, canDeny: true,
                blindSpots: ["only datagrams that are sent to an address are seen"]),
            "security_socket_bind": StandIn(
                kind: .places([UInt32(SECD_POLICY_PLACE_BIND)]), name: "cgroup/bind4, bind6",
                arguments: [0, 1, 2], hasPeer: true, canDeny: true, blindSpots: ["only IP sockets are seen"]),
            "tcp_close": StandIn(
                kind: .places([UInt32(SECD_POLICY_PLACE_RELEASE)]), name: "cgroup/sock_release",
                arguments: [3, nil],
                blindSpots: ["only the last descriptor that goes is seen, no socket of the kernel's own"]),
            "tcp_sendmsg": StandIn(
                kind: .rawTracepoint("tcp_sendmsg_locked", arguments: 4),
                name: "raw_tp/tcp_sendmsg_locked", arguments: [0, 1, nil],
                blindSpots: ["a call with much data is seen several times, and its size is not"]),
            "tcp_set_state": StandIn(
                kind: .rawTracepoint("inet_sock_set_state", arguments: 3),
                name: "raw_tp/inet_sock_set_state", arguments: [0, 2],
                blindSpots: ["changes that are made without this function are seen as well"]),
            "inet_csk_listen_start": StandIn(
                kind: .rawTracepoint("inet_sock_set_state", arguments: 3),
                // TCP_LISTEN, include/net/tcp_states.h
                name: "raw_tp/inet_sock_set_state", arguments: [0],
                only: Only(argument: 2, value: 10), blindSpots: []),
            "security_socket_listen": StandIn(
                kind: .rawTracepoint("inet_sock_set_state", arguments: 3),
                name: "raw_tp/inet_sock_set_state", arguments: [0, nil],
                only: Only(argument: 2, value: 10), givesSock: true,
                blindSpots: ["only TCP sockets are seen, and no second listen of one"]),
            "security_socket_create": StandIn(
                kind: .places([UInt32(SECD_POLICY_PLACE_CREATE)]), name: "cgroup/sock_create",
                arguments: [0, 1, 2, 3], canDeny: true,
                blindSpots: ["only IP sockets are seen, and none of the kernel's own"]),
            "cap_capable": StandIn(
                kind: .rawTracepoint("cap_capable", arguments: 5), name: "raw_tp/cap_capable",
                arguments: [0, 1, 3, nil], blindSpots: []),
            "wake_up_new_task": StandIn(
                kind: .rawTracepoint("task_newtask", arguments: 2), name: "raw_tp/task_newtask",
                arguments: [0], blindSpots: ["threads that the kernel makes for itself are seen as well"]),
        ]
        let exec = StandIn(
            kind: .rawTracepoint("sched_prepare_exec", arguments: 2), name: "raw_tp/sched_prepare_exec",
            arguments: [1],
            blindSpots: ["of a script only its interpreter is seen, and no exec that fails before that"])
        all["security_bprm_check"] = exec
        all["security_bprm_check_security"] = exec
        return all.merging(ofCalls) { own, _ in own }
    }()

    /// The same where the kernel has a place for Unix sockets as well (6.7 and later).
    var withUnixSockets: StandIn {
        guard self == Self.all["security_socket_connect"] else { return self }
        var wider = self
        wider.kind = .places([UInt32(SECD_POLICY_PLACE_CONNECT), UInt32(SECD_POLICY_PLACE_UNIX)])
        wider.name = "cgroup/connect4, connect6, connect_unix"
        wider.blindSpots = ["only IP and Unix sockets are seen"]
        return wider
    }

    private static func connect(_ arguments: [Int?], _ blindSpot: String) -> StandIn {
        StandIn(
            kind: .places([UInt32(SECD_POLICY_PLACE_CONNECT)]), name: "cgroup/connect4, connect6",
            arguments: arguments, hasPeer: true, canDeny: true, blindSpots: [blindSpot])
    }
}
