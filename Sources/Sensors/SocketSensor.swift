import BPFObjects

/// TCP, UDP and Unix sockets, and the creation and close of all others.
///
/// Exactly one rung per function runs: two would tell everything twice. Kernels with fentry get it
/// everywhere; without, cgroup programs and tracepoints of system calls do the same work (cgroup
/// programs that read task storage need 6.13 or later; kernels without fentry are hardened recent ones).
enum SocketSensor {
    /// Kernel functions that the ladder asks BTF for.
    static let functions = [
        "security_socket_post_create", "inet_bind", "inet6_bind", "unix_bind", "unix_listen",
        "unix_stream_connect",
        "unix_dgram_connect", "inet_stream_connect", "inet_dgram_connect", "inet_accept", "unix_accept",
        "inet_release", "sock_close", "inet_sendmsg", "unix_stream_sendmsg", "bpf_sock_addr_set_sun_path",
    ]

    static let plan = SensorPlan(
        name: "socket", object: BPFObjects.socket, probeObject: BPFObjects.socketProbe,
        ladders: [
            tcpState, create, bind, listen, unixAttempt, outcome, accept, release, close, auditing, transfer,
            ingress,
        ],
        iterator: "on_socket_file")

    /// Looks for sockets that ended without a hook.
    static let audit = "on_audit"

    private static let tcpState = Ladder(
        function: "tcp-state",
        mechanisms: [
            .tracepoint(
                "inet_sock_set_state", "on_tcp_state",
                blindSpot:
                    "the attempt of a connect that fails before a packet is sent (the failure itself is told)"
            )
        ],
        lossWithout: "connects and closes of TCP", isRequired: true)

    private static let create = Ladder(
        function: "create",
        mechanisms: [
            direct(
                "fentry/security_socket_post_create", ["on_create"], needs: ["security_socket_post_create"]),
            Mechanism(
                "cgroup/sock_create, tracepoint/syscalls/sys_exit_socket",
                [
                    .cgroup(program: "on_sock_create", type: nil), call("on_socket_call", "socket"),
                    call("on_socketpair_call", "socketpair"),
                ],
                blindSpot: "sockets other than IP that io_uring creates", isAvailable: hasCalls),
        ],
        lossWithout: "who created a socket")

    private static let bind = Ladder(
        function: "bind",
        mechanisms: [
            direct(
                "fexit/inet_bind, unix_bind", ["on_bind4", "on_bind6", "on_unix_bind"],
                needs: ["inet_bind", "unix_bind"]),
            Mechanism(
                "cgroup/post_bind4, post_bind6, tracepoint/syscalls/sys_exit_bind",
                [
                    .cgroup(program: "on_post_bind4", type: nil),
                    .cgroup(program: "on_post_bind6", type: nil),
                    call("on_bind_call", "bind"),
                ], isAvailable: hasCalls),
        ],
        lossWithout: "binds")

    private static let listen = Ladder(
        function: "unix-listen",
        mechanisms: [
            direct("fexit/unix_listen", ["on_unix_listen"], needs: ["unix_listen"]),
            Mechanism(
                "tracepoint/syscalls/sys_exit_listen", [call("on_listen_call", "listen")],
                isAvailable: hasCalls),
        ],
        lossWithout: "listening Unix sockets")

    private static let unixAttempt = Ladder(
        function: "unix-connect-attempt",
        mechanisms: [
            direct(
                "fentry/unix_stream_connect, unix_dgram_connect",
                ["on_unix_stream_connecting", "on_unix_dgram_connecting"], needs: ["unix_stream_connect"]),
            // Attach type 49, BPF_CGROUP_UNIX_CONNECT (6.7+): libbpf 1.1 has no name for it. The kfunc of
            // the same patch series says whether the kernel has it.
            Mechanism("cgroup/unix_connect", [.cgroup(program: "on_unix_connect", type: 49)]) {
                hasCalls($0) && $0.functions.contains("bpf_sock_addr_set_sun_path")
            },
        ],
        lossWithout: "attempts of Unix sockets; outcomes are told all the same")

    private static let outcome = Ladder(
        function: "connect-outcome",
        mechanisms: [
            direct(
                "fexit/inet_stream_connect, inet_dgram_connect, unix_stream_connect, unix_dgram_connect",
                ["on_stream_connect", "on_dgram_connect", "on_unix_stream_connect", "on_unix_dgram_connect"],
                needs: ["inet_stream_connect", "unix_stream_connect"]),
            Mechanism(
                "tracepoint/syscalls/sys_exit_connect", [call("on_connect_call", "connect")],
                blindSpot: "failures of connects that io_uring makes", isAvailable: hasCalls),
        ],
        lossWithout: "failures before the first packet, and the outcome of Unix connects")

    private static let accept = Ladder(
        function: "accept",
        mechanisms: [
            direct(
                "fexit/inet_accept, unix_accept", ["on_accept", "on_unix_accept"],
                needs: ["inet_accept", "unix_accept"]),
            Mechanism(
                "tracepoint/syscalls/sys_exit_accept, sys_exit_accept4",
                [
                    .tracepoints(
                        program: "on_accept_call", category: "syscalls",
                        events: ["sys_exit_accept", "sys_exit_accept4"])
                ],
                blindSpot:
                    "acceptor and listener of a connection that io_uring accepts (who uses it first is told)",
                isAvailable: hasCalls),
        ],
        lossWithout: "who accepted a connection")

    private static let release = Ladder(
        function: "release",
        mechanisms: [
            direct("fentry/inet_release", ["on_release"], needs: ["inet_release"]),
            Mechanism(
                "cgroup/sock_release", [.cgroup(program: "on_sock_release", type: nil)], isAvailable: hasCalls
            ),
        ],
        lossWithout: "closes of UDP and of TCP sockets that never connected")

    private static let close = Ladder(
        function: "close",
        mechanisms: [
            direct("fentry/sock_close", ["on_sock_close"], needs: ["sock_close"]),
            Mechanism(
                "tracepoint/syscalls/sys_enter_close",
                [.tracepoints(program: "on_close_call", category: "syscalls", events: ["sys_enter_close"])],
                blindSpot:
                    "when sockets other than IP end by exit, exec, dup2, close_range or io_uring: the audit tells it within a second",
                isAvailable: hasCalls),
        ],
        lossWithout: "closes of sockets other than IP")

    private static let auditing = Ladder(
        function: "audit",
        mechanisms: [Mechanism("program run once a second", [.run(program: audit)]) { _ in true }],
        lossWithout: "closes that no hook shows")

    private static let transfer = Ladder(
        function: "transfer",
        mechanisms: [
            Mechanism(
                "tp_btf/sock_send_length, sock_recv_length, cgroup/sendmsg4, sendmsg6",
                [
                    .section(program: "on_send_length"), .section(program: "on_receive_length"),
                    .cgroup(program: "on_sendmsg4", type: nil), .cgroup(program: "on_sendmsg6", type: nil),
                ]
            ) { $0.fentry != nil && $0.has(tracepoint: "sock_send_length") && $0.cgroup == nil },
            direct(
                "fexit/inet_sendmsg, inet_recvmsg, unix_*_sendmsg, unix_*_recvmsg",
                [
                    "on_inet_send", "on_inet6_send", "on_inet_receive", "on_inet6_receive",
                    "on_unix_stream_send",
                    "on_unix_stream_receive", "on_unix_dgram_send", "on_unix_dgram_receive",
                ], needs: ["inet_sendmsg", "unix_stream_sendmsg"]),
        ],
        lossWithout: "hand-overs between processes, and totals of sockets other than TCP")

    private static let ingress = Ladder(
        function: "ingress",
        mechanisms: [
            Mechanism(
                "cgroup_skb/ingress", [.cgroup(program: "on_ingress", type: nil)],
                blindSpot:
                    "names that come by DNS over TLS or HTTPS, with the first packet of TCP (fast open) or "
                    + "behind extension headers of IPv6, and those that another process asked for "
                    + "(systemd-resolved, nscd)"
            ) { $0.cgroup == nil }
        ],
        lossWithout: "names of addresses, and datagrams received")

    /// Programs on kernel functions themselves.
    private static func direct(
        _ name: String, _ programs: [String], needs functions: [String], blindSpot: String? = nil
    ) -> Mechanism {
        Mechanism(name, programs.map { .section(program: $0) }, blindSpot: blindSpot) { facts in
            facts.fentry == nil && functions.allSatisfy { facts.functions.contains($0) }
        }
    }

    private static func call(_ program: String, _ name: String) -> Attachment {
        .tracepoints(program: program, category: "syscalls", events: ["sys_exit_\(name)"])
    }

    private static let hasCalls: @Sendable (KernelFacts) -> Bool = {
        $0.syscallTracepoints == nil && $0.cgroup == nil
    }
}
