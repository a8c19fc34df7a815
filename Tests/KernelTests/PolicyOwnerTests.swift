import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// TrackSock: what happens to a socket in an interrupt is told of the process that it is tied to.
    @Suite("sockets tied to processes", .serialized) struct PolicyOwnerTests {
        private var live: LivePolicies { .shared }

        /// include/net/tcp_states.h: TCP_ESTABLISHED, TCP_CLOSE_WAIT.
        private static let (established, peerClosed) = (1, 8)

        /// The listener's address: nobody else on the machine has connections to it.
        private static let host = "127.0.0.93"

        /// Connects to that host, with actions.
        private func connects(_ actions: String) -> String {
            PolicySample.policy(
                "ties",
                """
                kprobes:
                - call: security_socket_connect
                  syscall: false
                  args: [{index: 0, type: socket}, {index: 1, type: sockaddr}]
                  selectors:
                  - matchArgs: [{index: 1, operator: SAddr, values: [\(Self.host)]}]
                    matchActions: [\(actions)]
                """)
        }

        /// TCP sockets with that host at one end (`DAddr`: of who connects, `SAddr`: of who accepts) that come to a
        /// state.
        private func changes(
            _ name: String, to state: Int, _ actions: String = "{action: Post}", end: String = "DAddr"
        ) -> String {
            PolicySample.policy(
                name,
                """
                tracepoints:
                - subsystem: sock
                  event: inet_sock_set_state
                  raw: true
                  args: [{index: 2, type: int}, {index: 0, type: sock}]
                  selectors:
                  - matchArgs:
                    - {index: 2, operator: Equal, values: ["\(state)"]}
                    - {index: 0, operator: \(end), values: [\(Self.host)]}
                    matchActions: [\(actions)]
                """)
        }

        private static let connection = Step.connection(Net.inet, "4,\(host)")

        /// A process connects; its child ends the other direction: what that does to the socket of the connect
        /// is done while the child runs. The child's number is reported.
        private static let peerCloses: [Step] =
            connection + [.fork, .report, Step("shutdown", 2, SHUT_WR), .ready(1, Net.readable)]

        /// What the other side's end gave, with the process that connected and its child.
        private func endOfPeer(
            _ steps: [Step] = Self.peerCloses
        ) throws -> (CapturedEvent, pid: Int, child: Int) {
            let mark = live.agent.capture.count
            let story = try live.agent.run(steps: steps)
            let child = try story.activity.report()
            #expect(story.status == .exited(0))
            try live.agent.settle()
            let events = live.events(from: mark).matched(by: "closed")
            try #require(events.count == 1, "\(events)")
            return (events[0], story.pid, child)
        }

        /// The connection's last packets may come after its processes have ended.
        private func waitForEnds(sourceLocation: SourceLocation = #_sourceLocation) throws {
            for _ in 0..<50 where live.tiedSockets > 0 { try live.agent.settle() }
            #expect(live.tiedSockets == 0, sourceLocation: sourceLocation)
        }

        /// A busy machine leaves packets to ksoftirqd, a thread that nothing interrupts.
        private func checkUntied(
            _ event: CapturedEvent, _ pid: Int, _ child: Int,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(event.pid != pid, sourceLocation: sourceLocation)
            #expect(event.body["process_is"].text != "tracked", sourceLocation: sourceLocation)
            if event.pid == child {
                #expect(event.body["process_is"].text == "interrupted", sourceLocation: sourceLocation)
            }
        }

        @Test("nobody has tied it: the event says that its process was interrupted")
        func untied() throws {
            try live.run([changes("closed", to: Self.peerClosed)])

            let (event, pid, child) = try endOfPeer()

            checkUntied(event, pid, child)
        }

        @Test(
            "TrackSock at the connect: the event is of the process that connected, and says so",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func tied() throws {
            let reports = try live.run([
                connects("{action: TrackSock, argSock: 0}"), changes("closed", to: Self.peerClosed),
            ])

            let (event, pid, child) = try endOfPeer()

            #expect(event.body["process_is"].text == "tracked")
            #expect(event.pid == pid)
            #expect(event.body["tid"].int == pid)
            #expect(event.pid != child)
            #expect(event.body["args"][1]["sock_arg"]["state"].text == "TCP_ESTABLISHED")
            #expect(reports[0].hooks[0].blindSpots.contains { $0.hasPrefix("TrackSock: sockets of IP only") })
            try waitForEnds()
        }

        @Test(
            "TrackSock with NoPost: tied without an event of its own",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func quiet() throws {
            try live.run([
                connects("{action: TrackSock, argSock: 0}, {action: NoPost}"),
                changes("closed", to: Self.peerClosed),
            ])
            let mark = live.agent.capture.count

            let (event, pid, _) = try endOfPeer()

            #expect(event.body["process_is"].text == "tracked")
            #expect(event.pid == pid)
            #expect(live.events(from: mark).matched(by: "ties").isEmpty)
        }

        @Test(
            "UntrackSock unties it again, wherever it is met",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func untiedAgain() throws {
            try live.run([
                connects("{action: TrackSock, argSock: 0}"), changes("closed", to: Self.peerClosed),
                changes(
                    "unties", to: Self.established, "{action: UntrackSock, argSock: 0}, {action: NoPost}"),
            ])

            let (event, pid, child) = try endOfPeer()

            checkUntied(event, pid, child)
        }

        @Test(
            "what a process does itself is told of itself, though the socket is tied to another",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func ownDoings() throws {
            /// TCP_FIN_WAIT1
            let closing = 4
            try live.run([
                connects("{action: TrackSock, argSock: 0}"), changes("closed", to: closing),
            ])

            let (event, pid, child) = try endOfPeer(
                Self.connection + [.fork, .report, Step("shutdown", 1, SHUT_WR)])

            #expect(!event.body["process_is"].isPresent)
            #expect(event.pid == child)
            #expect(event.pid != pid)
        }

        @Test(
            "ties end with their sockets: of TCP, of UDP, and those of a policy that goes",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func ends() throws {
            try live.run([connects("{action: TrackSock, argSock: 0}")])
            let process = try Activity([
                .socket(0, Net.inet, Net.datagram), .connect(0, "4,\(Self.host),9"), .report, .wait,
                .close(socket: 0), .report, .wait,
                .socket(1, Net.inet, Net.stream), .connect(1, "4,\(Self.host),1").fails(ECONNREFUSED),
                .report,
                .wait, .close(socket: 1), .report, .wait,
                .socket(2, Net.inet, Net.datagram), .connect(2, "4,\(Self.host),9"), .report, .wait,
            ])

            var counts: [Int] = []
            for _ in 0..<5 {
                _ = try process.report()
                counts.append(live.tiedSockets)
                if counts.count < 5 { process.release() }
            }
            #expect(counts == [1, 0, 1, 0, 1])

            try live.run([changes("other", to: Self.peerClosed)])
            #expect(live.tiedSockets == 0)
            process.release()
            #expect(try process.wait() == .exited(0))
        }

        @Test(
            "returnArgAction ties the socket that a function returned",
            .enabled(if: Kernel.hasFentry, "needs fexit"),
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func returned() throws {
            try live.run([
                PolicySample.policy(
                    "accepts",
                    """
                    kprobes:
                    - call: inet_csk_accept
                      syscall: false
                      return: true
                      returnArg: {index: 0, type: sock}
                      returnArgAction: TrackSock
                    """),
                changes("closed", to: Self.peerClosed, end: "SAddr"),
            ])

            let (event, pid, _) = try endOfPeer(
                Self.connection + [.fork, .report, Step("shutdown", 1, SHUT_WR), .ready(2, Net.readable)])

            #expect(event.body["process_is"].text == "tracked")
            #expect(event.pid == pid)
        }

        @Test(
            "a connection that arrives in an interrupt comes to the process that its listener is tied to",
            .enabled(if: Kernel.hasFentry, "needs fexit"),
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func inherited() throws {
            let ties = { (name: String, call: String) in
                PolicySample.policy(
                    name,
                    """
                    kprobes:
                    - call: \(call)
                      syscall: false
                      args: [{index: 0, type: \(call == "sk_alloc" ? "nop" : "sock")}]
                      return: true
                      returnArg: {index: 0, type: sock}
                      returnArgAction: TrackSock
                    """)
            }
            try live.run([
                ties("makes", "sk_alloc"), ties("arrives", "tcp_create_openreq_child"),
                changes("closed", to: Self.peerClosed, end: "SAddr"),
            ])

            let (event, pid, _) = try endOfPeer(
                Self.connection + [.fork, .report, Step("shutdown", 1, SHUT_WR), .ready(2, Net.readable)])

            #expect(event.body["process_is"].text == "tracked")
            #expect(event.pid == pid)
        }
    }
}
