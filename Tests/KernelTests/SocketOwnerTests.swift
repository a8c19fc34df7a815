import AgentCore
import AgentModel
import CEventABI
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("whose a socket is") struct SocketOwnerTests {
        let agent = LiveAgent.shared

        /// Events of one socket over all processes, from a mark on.
        private func events(of socket: String, from mark: Int) throws -> [CapturedEvent] {
            try agent.settle()
            return agent.capture.all[mark...].filter { $0.kind.hasPrefix("socket_") && $0.socketID == socket }
        }

        @Test("inherited by fork: noticed at the first use, and told once for each side")
        func fork() throws {
            let mark = agent.capture.count
            let story = try agent.sockets(
                Step.connection() + [
                    .send(1, 1), .fork, .report, .send(1, 2), .receive(2, 3), .send(1, 4), .receive(2, 4),
                    .close(socket: 1), .close(socket: 2), .close(socket: 0),
                ], closes: 0)
            let child = try story.activity.report()

            let client = try events(of: story.sockets[1][0].socketID, from: mark)
            #expect(
                client.map(\.doing) == [
                    "create", "connect attempt", "connect established", "handover", "close",
                ])
            let parent = client[0].execID
            let handover = client[3]
            #expect(handover.pid == child)
            #expect(handover.socket["user"].string == handover.execID)
            #expect(handover.socket["previous"].string == parent)
            #expect(handover.socket["creator"].string == parent)
            #expect(client[4].pid == child)
            #expect(client[4].socket["creator"].string == parent)
            #expect(client[4].socket["bytes_sent"].int == 7)
            let server = try events(of: story.sockets[2][0].socketID, from: mark)
            #expect(server.map(\.doing) == ["accept", "handover", "close"])
            #expect(server[1].socket["acceptor"].string == parent)
            #expect(server[1].socket["previous"].string == parent)
        }

        @Test("sent through a Unix socket (SCM_RIGHTS): the first use tells")
        func rights() throws {
            let mark = agent.capture.count
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.datagram), .bind(0, "4,127.0.0.1,0"), .pair(3, 4, Net.stream),
                    Step("pass", 3, 0), .close(socket: 0), .fork, .report, Step("take", 4, 5),
                    .sendTo(5, "4,127.0.0.1,@5", 9), .close(socket: 5),
                ], closes: 0)
            let child = try story.activity.report()

            let socket = try events(of: story.sockets[0][0].socketID, from: mark)
            #expect(socket.map(\.kind).prefix(2) == ["socket_create", "socket_bind"])
            let handover = try #require(socket.first { $0.kind == "socket_handover" })
            #expect(handover.pid == child)
            #expect(handover.socket["previous"].string == socket[0].execID)
            #expect(handover.socket["creator"].string == socket[0].execID)
            #expect(socket.last?.kind == "socket_close")
            #expect(socket.last?.pid == child)
            #expect(socket.last?.socket["bytes_sent"].int == 9)
        }

        @Test("taken by pidfd_getfd: the first use tells")
        func taken() throws {
            let mark = agent.capture.count
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.datagram), .fork, .report, Step("take-parent", 0, 6),
                    .close(socket: 0), .connect(6, "4,127.0.0.1,9"), .send(6, 2), .close(socket: 6),
                ], closes: 0)
            let child = try story.activity.report()

            let socket = try events(of: story.sockets[0][0].socketID, from: mark)
            #expect(
                socket.map(\.doing) == [
                    "create", "handover", "connect established", "datagram sent", "close",
                ])
            #expect(socket[1].pid == child)
            #expect(socket[1].socket["previous"].string == socket[0].execID)
            #expect(socket[4].pid == child)
        }

        @Test("workers that take turns with one socket: each is told once, and the totals are of all")
        func workers() throws {
            let mark = agent.capture.count
            // A child for each level: 1 sends, forks, waits for nobody, and so on.
            let worker: [Step] = [.sendTo(0, "4,127.0.0.1,9", 1), .sendTo(0, "4,127.0.0.1,9", 1)]
            let story = try agent.sockets(
                [.socket(0, Net.inet, Net.datagram)] + worker + [.fork] + worker + [.fork] + worker + [.fork]
                    + worker, closes: 0)

            let socket = try events(of: story.sockets[0][0].socketID, from: mark)
            #expect(socket.count { $0.kind == "socket_handover" } == 3)
            #expect(Set(socket.filter { $0.kind == "socket_handover" }.map(\.pid)).count == 3)
            #expect(socket.last?.kind == "socket_close")
            #expect(socket.last?.socket["packets_sent"].int == 8)
        }

        @Test("a program started over an inherited socket is a new user of it")
        func executed() throws {
            let story = try agent.sockets(
                [
                    .pair(0, 1, Net.stream), .call(33, 5, 0), .send(1, 6), .send(1, 1), .close(socket: 1),
                    .exec("/bin/cat"),
                ], closes: 0)

            #expect(story.status == .exited(0))
            let exec = try story.exec()
            let reader = try #require(story.sockets.first)
            let handover = try #require(reader.first { $0.kind == "socket_handover" })
            #expect(handover.execID == exec.execID)
            #expect(handover.socket["previous"].string == exec.process["previous_exec_id"].string)
        }

        @Test("an acceptor that did not make the listener: creator and acceptor are two facts")
        func acceptor() throws {
            let mark = agent.capture.count
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0"), .listen(0), .fork, .report,
                    .socket(1, Net.inet, Net.stream), .connect(1, "4,127.0.0.1,@0"), .accept(0, as: 2),
                    .send(2, 1), .receive(1, 1), .close(socket: 2), .receive(1, 0), .close(socket: 1),
                ], closes: 0)
            let child = try story.activity.report()

            let accept = try agent.expect("socket_accept", of: child, from: mark)
            #expect(accept.socket["acceptor"].string == accept.execID)
            #expect(accept.socket["creator"].string == story.sockets[0][0].execID)
            let socket = try events(of: accept.socketID, from: mark)
            #expect(socket.map(\.doing) == ["accept", "close"])
            #expect(socket[1].socket["creator"].string == story.sockets[0][0].execID)
            // accept(2) is a use of the listener, too.
            let listener = try events(of: story.sockets[0][0].socketID, from: mark)
            #expect(listener.map(\.doing) == ["create", "bind", "listen", "handover", "close"])
            #expect(listener[3].pid == child)
        }

        @Test("sockets older than the daemon: known by who held them, and nobody is said to have made them")
        func older() async throws {
            let path = "older-\(getpid())"
            let old = try Activity(
                Step.connection() + [
                    .socket(3, Net.unix, Net.stream), .bind(3, "a,\(path)"), .listen(3),
                    .socket(4, Net.inet, Net.datagram), .report, .wait, .send(1, 11), .receive(2, 11),
                    .close(socket: 1), .receive(2, 0), .close(socket: 2), .socket(5, Net.unix, Net.stream),
                    .connect(5, "a,\(path)"), .accept(3, as: 6), .close(socket: 3),
                    .sendTo(4, "4,127.0.0.1,9", 5), .close(socket: 4),
                ])
            _ = try old.report()
            let late = try LiveAgent { $0.events.unwanted = [] }
            try late.start()
            let listed = await late.engine.sockets().filter { $0.pid == UInt32(old.pid) }
            old.release()
            #expect(try old.wait() == .exited(0))
            try late.settle()
            late.stop()

            #expect(listed.map(\.kind).sorted() == ["tcp", "tcp", "tcp", "udp", "unix"])
            #expect(listed.contains { $0.local == "@" + path && $0.kind == "unix" })
            #expect(
                listed.allSatisfy { $0.creator.isEmpty && !$0.user.isEmpty && $0.binary == Kernel.testBinary }
            )
            let events = late.capture.events(of: old.pid).filter { $0.kind.hasPrefix("socket_") }
            let ends = events.filter { $0.kind == "socket_close" && !$0.socket["creator"].isPresent }
            #expect(ends.count { $0.socket["protocol"].text == "IPPROTO_TCP" } == 3, "\(events)")
            #expect(ends.count { $0.socket["protocol"].text == "IPPROTO_UDP" } == 1)
            let client = try #require(ends.first { $0.socket["bytes_sent"].int == 11 })
            #expect(client.socket["user"].string == client.execID)
            #expect(!client.socket["totals_partial"].isPresent)  // TCP counts for itself
            let datagram = try #require(ends.first { $0.socket["bytes_sent"].int == 5 })
            #expect(datagram.socket["totals_partial"].bool)
            let accept = try #require(events.first { $0.kind == "socket_accept" })
            #expect(accept.socket["path"].string == "@" + path)
            #expect(!accept.socket["creator"].isPresent)
        }

        @Test(
            "a daemon for one cgroup: both ends of what is inside, nothing of what is outside",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func scoped() throws {
            let path = (Kernel.cgroupRoot ?? "") + "/secd-sockets-\(getpid())"
            try Activity.run(Step("mkdir", path))
            defer { _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", path])) }
            let scoped = try LiveAgent {
                $0.events.unwanted = []
                $0.sensors.agent.cgroup_scope = UInt64(Kernel.inode(path) ?? 0)
                $0.sensors.agent.cgroup_level = 1
            }
            try scoped.start()
            let doings: [Step] =
                Step.connection() + [
                    .send(1, 3), .receive(2, 3), .close(socket: 1), .receive(2, 0), .close(socket: 2),
                    .close(socket: 0), .pair(3, 4, Net.stream), .close(socket: 3), .close(socket: 4),
                ]

            let outside = try Activity(doings)
            #expect(try outside.wait() == .exited(0))
            let story = try scoped.sockets([Step("put", path + "/cgroup.procs", "0")] + doings, closes: 5)
            scoped.stop()

            #expect(story.status == .exited(0))
            #expect(
                story.sockets.map { $0.map(\.doing) } == [
                    ["create", "bind", "listen", "close"],
                    ["create", "connect attempt", "connect established", "close"], ["accept", "close"],
                    ["create", "close"], ["create", "close"],
                ])
            #expect(story.sockets[2].last?.socket["bytes_received"].int == 3)
            #expect(!scoped.capture.all.contains { $0.pid == outside.pid && $0.kind.hasPrefix("socket_") })
            #expect(!scoped.capture.all.contains { $0.socket["owner_unknown"].isPresent })
        }

        @Test("the daemon's own sockets are not told")
        func own() throws {
            let mark = agent.capture.count
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            close(descriptor)
            try agent.settle()

            #expect(
                !agent.capture.all[mark...].contains {
                    $0.kind.hasPrefix("socket_") && $0.pid == Int(getpid())
                })
        }
    }
}
