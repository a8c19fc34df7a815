import Glibc
import Testing

extension KernelSuite {
    /// Filters on sockets, packets and addresses.
    @Suite("sockets of policies", .serialized) struct PolicySocketTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        // MARK: TCP

        /// TCP sockets as they change: the socket with the state that it leaves, and the state that follows.
        private func changes(_ name: String, to state: Int, _ filter: String) -> String {
            PolicySample.policy(
                name,
                """
                tracepoints:
                - subsystem: sock
                  event: inet_sock_set_state
                  raw: true
                  args: [{index: 0, type: sock}, {index: 2, type: int}]
                  selectors:
                  - matchArgs: [{index: 2, operator: Equal, values: ["\(state)"]}, \(filter)]
                """)
        }

        /// include/net/tcp_states.h: TCP_SYN_SENT, TCP_CLOSE, TCP_LISTEN.
        private static let (connecting, closed, listening) = (2, 7, 10)

        /// Three connects that nobody answers. Who is meant is told by the other end's port.
        private static let attempts: [Step] = [
            ("127.0.0.77,877", "127.0.0.8,7"), ("127.0.0.77,30877", "127.0.0.8,1024"),
            ("127.0.0.78,878", "127.0.0.9,9"),
        ].enumerated().flatMap { index, ends -> [Step] in
            [
                .socket(index, Net.inet, Net.stream), .bind(index, "4,\(ends.0)"),
                .connect(index, "4,\(ends.1)").fails(ECONNREFUSED),
            ]
        }

        @Test("addresses, ports, protocol, family and state of a socket, and their opposites")
        func sockets() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("operator: DAddr, values: [127.0.0.8]", [7, 1024]),
                ("operator: DAddr, values: [127.0.0.8/31]", [7, 1024, 9]),
                ("operator: NotDAddr, values: [127.0.0.8]", [9]),
                ("operator: DPort, values: [\"7\"]", [7]),
                ("operator: DPort, values: [\"8:2000\"]", [1024, 9]),
                ("operator: NotDPort, values: [\"7\", \"9\"]", [1024]),
                ("operator: DPortPriv", [7, 9]),
                ("operator: NotDPortPriv", [1024]),
                ("operator: SAddr, values: [127.0.0.77]", [7, 1024]),
                ("operator: NotSAddr, values: [127.0.0.77]", [9]),
                ("operator: SPort, values: [\"877:878\"]", [7, 9]),
                ("operator: NotSPort, values: [\"877\"]", [1024, 9]),
                ("operator: SPortPriv", [7, 9]),
                ("operator: NotSPortPriv", [1024]),
                ("operator: Protocol, values: [IPPROTO_TCP]", [7, 1024, 9]),
                ("operator: Protocol, values: [IPPROTO_UDP]", []),
                ("operator: Family, values: [AF_INET]", [7, 1024, 9]),
                ("operator: Family, values: [AF_INET6]", []),
                ("operator: State, values: [TCP_CLOSE]", [7, 1024, 9]),
                ("operator: State, values: [TCP_LISTEN, TCP_ESTABLISHED]", []),
            ]
            try live.run(
                cases.enumerated().map {
                    changes(PolicySelectors.name($0), to: Self.connecting, "{index: 0, \($1.filters)}")
                })

            let story = try live.agent.run(steps: Self.attempts)

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story)) {
                $0.body["args"][0]["sock_arg"]["dport"].number
            }
        }

        @Test("State is the one that a socket has: of one that begins to listen, and of one that ends it")
        func states() throws {
            try live.run([
                changes(
                    "listens", to: Self.listening, "{index: 0, operator: State, values: [TCP_CLOSE]}"),
                changes("ends", to: Self.closed, "{index: 0, operator: State, values: [TCP_LISTEN]}"),
                changes("near", to: Self.closed, "{index: 0, operator: State, values: [TCP_ESTABLISHED]}"),
            ])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0"), .listen(0), .close(socket: 0))

            let events = live.events(story)
            #expect(events.map { $0.body["policy_name"].text } == ["listens", "ends"])
            #expect(
                events.map { $0.body["args"][0]["sock_arg"]["state"].text } == ["TCP_CLOSE", "TCP_LISTEN"])
        }

        // MARK: Packets

        @Test("protocol, port and address of a packet")
        func packets() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("{operator: Protocol, values: [IPPROTO_UDP]}, {operator: DPort, values: [\"9\"]}", [9]),
                ("{operator: Protocol, values: [IPPROTO_UDP]}, {operator: DPort, values: [\"7\"]}", []),
                ("{operator: Protocol, values: [IPPROTO_TCP]}, {operator: DPort, values: [\"7\"]}", [7]),
                ("{operator: DAddr, values: [127.0.0.8]}, {operator: DPort, values: [\"7:9\"]}", [9, 7]),
                ("{operator: DAddr, values: [127.0.0.7]}, {operator: DPort, values: [\"7:9\"]}", []),
            ]
            try live.run(
                cases.enumerated().map { index, one in
                    PolicySample.policy(
                        PolicySelectors.name(index),
                        """
                        tracepoints:
                        - subsystem: net
                          event: net_dev_queue
                          raw: true
                          args: [{index: 0, type: skb}]
                          selectors:
                          - matchArgs: [\(one.filters)]
                        """)
                })

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.datagram), .sendTo(0, "4,127.0.0.8,9", 3),
                .socket(1, Net.inet, Net.stream), .connect(1, "4,127.0.0.8,7").fails(ECONNREFUSED))

            PolicySelectors.check(cases, live.events(story)) {
                $0.body["args"][0]["skb_arg"]["dport"].number
            }
        }

        // MARK: Connects

        @Test(
            "the socket and the address of a connect: its protocol, and the port that it is to",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func connects() throws {
            let cases: [PolicySelectors.Case<Int>] = [
                ("{index: 0, operator: Protocol, values: [IPPROTO_UDP]}", [9]),
                ("{index: 0, operator: Protocol, values: [IPPROTO_TCP]}", [7]),
                ("{index: 0, operator: Protocol, values: [IPPROTO_ICMP]}", []),
                ("{index: 1, operator: SPort, values: [\"9\"]}", [9]),
                ("{index: 1, operator: NotSPort, values: [\"9\"]}", [7]),
                ("{index: 1, operator: SPortPriv}", [9, 7]),
                ("{index: 1, operator: Family, values: [AF_INET]}", [9, 7]),
                ("{index: 1, operator: Family, values: [AF_UNIX]}", []),
            ]
            try live.run(
                cases.enumerated().map { index, one in
                    PolicySample.policy(
                        PolicySelectors.name(index),
                        """
                        kprobes:
                        - call: security_socket_connect
                          syscall: false
                          args: [{index: 0, type: socket}, {index: 1, type: sockaddr}]
                          selectors:
                          - matchArgs: [\(one.filters)]
                        """)
                })

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.datagram), .connect(0, "4,127.0.0.8,9"),
                .socket(1, Net.inet, Net.stream), .connect(1, "4,127.0.0.8,7").fails(ECONNREFUSED))

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story)) {
                $0.body["args"][1]["sockaddr_arg"]["port"].number
            }
        }

        // MARK: Unix sockets

        @Test("sockaddr_un: the path without what stands behind it, and names that are no paths")
        func unixSockets() throws {
            let path = folder / "listens"
            let name = "secd-unix-\(getpid())"
            let cases: [PolicySelectors.Case<String>] = [
                ("{index: 1, operator: Equal, values: [\(path)]}", [path]),
                ("{index: 1, operator: Equal, values: [\(path)x, \(folder.path)/listen]}", []),
                ("{index: 1, operator: Prefix, values: [\(folder.path)/]}", [path]),
                ("{index: 1, operator: Postfix, values: [/listens]}", [path]),
                ("{index: 1, operator: Postfix, values: [\(name)]}", ["@" + name]),
                ("{index: 1, operator: SubString, values: [unix-]}", ["@" + name]),
                ("{index: 1, operator: Family, values: [AF_UNIX]}", [path, "@" + name]),
            ]
            try live.run(
                cases.enumerated().map {
                    PolicySample.hook(
                        PolicySelectors.name($0), "sys_connect", [(0, "int"), (1, "sockaddr_un")],
                        selector: "matchArgs: [\($1.filters)]")
                })

            let story = try live.agent.run(
                .socket(0, Net.unix, Net.stream), .bind(0, "u,\(path)"), .listen(0),
                .socket(1, Net.unix, Net.stream), .connect(1, "u,\(path)"),
                .socket(2, Net.unix, Net.stream), .connect(2, "a,\(name)").fails(ECONNREFUSED),
                .socket(3, Net.inet, Net.stream), .connect(3, "4,127.0.0.1,1").fails(ECONNREFUSED))

            #expect(story.status == .exited(0))
            PolicySelectors.check(cases, live.events(story)) {
                $0.body["args"][1]["sockaddrun_arg"]["path"].text
            }
        }
    }
}
