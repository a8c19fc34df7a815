import AgentCore
import AgentModel
import CEventABI
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("sockets of other families") struct SocketFamilyTests {
        let agent = LiveAgent.shared
        let folder = TemporaryFolder()

        /// Whether this kernel shows the end of every socket at once; else the audit does.
        private var closesAtOnce: Bool {
            let sensor = agent.engine.sensors.status.first { $0.name == "socket" }
            return sensor?.mechanisms["close"]?.hasPrefix("fentry") ?? false
        }

        @Test(
            "Unix, connected: by path and by abstract name",
            arguments: [(Net.stream, false), (Net.stream, true), (Net.seqpacket, false)])
        func unix(_ type: Int, _ isAbstract: Bool) throws {
            let path = folder / "s"
            let shown = isAbstract ? "@" + path : path
            let address = isAbstract ? "a,\(path)" : "u,\(path)"
            let story = try agent.sockets(
                [
                    .socket(0, Net.unix, type), .bind(0, address), .listen(0, 3), .socket(1, Net.unix, type),
                    .connect(1, address), .accept(0, as: 2), Step("inode", 0), Step("inode", 1),
                    Step("inode", 2),
                    .send(1, 100), .receive(2, 100), .send(2, 50), .receive(1, 50), .close(socket: 1),
                    .close(socket: 2), .close(socket: 0),
                ], closes: 3)

            #expect(story.status == .exited(0))
            let sockets = story.sockets
            try #require(sockets.count == 3, "\(story)")
            #expect(sockets[0].map(\.doing) == ["create", "bind", "listen", "close"])
            #expect(sockets[1].map(\.doing) == ["create", "connect attempt", "connect established", "close"])
            #expect(sockets[2].map(\.doing) == ["accept", "close"])
            for socket in sockets {
                let inode = try story.activity.report()
                #expect(socket.allSatisfy { $0.socket["inode"].int == inode && $0.pid == story.pid })
                #expect(socket.allSatisfy { $0.socket["family"].string == "AF_UNIX" })
                #expect(
                    socket.dropFirst(socket.count == 2 ? 0 : 1).allSatisfy {
                        $0.socket["path"].string == shown
                    }, "\(socket)")
                #expect(!(socket.last?.socket["noticed_late"].isPresent ?? true))
            }
            #expect(sockets[0][2].socket["backlog"].int == 3)
            #expect(sockets[1][3].socket["bytes_sent"].int == 100)
            #expect(sockets[1][3].socket["bytes_received"].int == 50)
            #expect(sockets[2][1].socket["bytes_received"].int == 100)
            #expect(sockets[2][0].socket["acceptor"].string == sockets[2][0].execID)
            #expect(sockets[2][0].socket["creator"].string == sockets[0][0].execID)
        }

        @Test("Unix datagrams: connected and not, totals without an event for each")
        func unixDatagrams() throws {
            let address = "u," + (folder / "d")
            let story = try agent.sockets(
                [
                    .socket(0, Net.unix, Net.datagram), .bind(0, address), .socket(1, Net.unix, Net.datagram),
                    .sendTo(1, address, 3), .connect(1, address), .send(1, 4), .receiveDatagrams(0, 2),
                    .close(socket: 1), .close(socket: 0),
                ], closes: 2)

            #expect(story.status == .exited(0))
            #expect(story.sockets[0].map(\.doing) == ["create", "bind", "close"])
            #expect(
                story.sockets[1].map(\.doing) == [
                    "create", "connect attempt", "connect established", "close",
                ])
            #expect(story.sockets[1][3].socket["packets_sent"].int == 2)
            #expect(story.sockets[0][2].socket["bytes_received"].int == 7)
        }

        @Test("a Unix connect that fails says to what and why")
        func unixFailed() throws {
            let missing = folder / "missing"
            let deserted = folder / "deserted"
            let story = try agent.sockets(
                [
                    .socket(0, Net.unix, Net.stream), .connect(0, "u," + missing).fails(ENOENT),
                    .socket(1, Net.unix, Net.stream), .bind(1, "u," + deserted),
                    .socket(2, Net.unix, Net.stream),
                    .connect(2, "u," + deserted).fails(ECONNREFUSED), .close(socket: 0), .close(socket: 1),
                    .close(socket: 2),
                ], closes: 3)

            #expect(story.status == .exited(0))
            let (first, second) = (story.sockets[0], story.sockets[2])
            #expect(first.map(\.doing) == ["create", "connect attempt", "connect failed ENOENT", "close"])
            #expect(first[2].socket["path"].string == missing)
            #expect(
                second.map(\.doing) == ["create", "connect attempt", "connect failed ECONNREFUSED", "close"])
            #expect(second[2].socket["path"].string == deserted)
        }

        @Test("pairs without a name")
        func pairs() throws {
            let story = try agent.sockets(
                [
                    .pair(0, 1, Net.stream), .pair(2, 3, Net.datagram), .send(0, 5), .receive(1, 5),
                    .close(socket: 0), .close(socket: 1), .close(socket: 2), .close(socket: 3),
                ], closes: 4)

            #expect(story.status == .exited(0))
            #expect(story.sockets.map { $0.map(\.doing) } == Array(repeating: ["create", "close"], count: 4))
            #expect(story.socketEvents.allSatisfy { !$0.socket["path"].isPresent })
            #expect(story.sockets[0][1].socket["bytes_sent"].int == 5)
        }

        @Test(
            "raw, packet, netlink and vsock: creation and close",
            arguments: [
                (Net.inet, Net.raw, 1, "AF_INET"), (Net.netlink, Net.raw, 0, "AF_NETLINK"),
                (Net.packet, Net.raw, 0x0300, "AF_PACKET"), (Net.vsock, Net.stream, 0, "AF_VSOCK"),
            ])
        func others(_ family: Int, _ type: Int, _ number: Int, _ name: String) throws {
            let create = Step.socket(0, family, type, number)
            guard Kernel.can(create) else {
                try Test.cancel("this kernel makes no \(name) sockets")
            }
            let story = try agent.sockets([create, .close(socket: 0)], closes: 1)

            #expect(story.doings == ["create", "close"])
            for event in story.socketEvents {
                #expect(event.socket["family"].string == name)
                #expect(event.socket["creator"].string == event.execID)
                #expect(!event.socket["noticed_late"].isPresent)
            }
            #expect(
                story.socketEvents[0].socket["type"].string == (type == Net.raw ? "SOCK_RAW" : "SOCK_STREAM"))
        }

        @Test("a descriptor that was duplicated: the last one counts")
        func duplicated() throws {
            let story = try agent.sockets(
                [
                    .socket(0, Net.unix, Net.stream), Step("dup-socket", 0, 1), .close(socket: 0), .fork,
                    .close(socket: 1), .exit(0),
                ], closes: 1)

            #expect(story.status == .exited(0))
            #expect(story.doings == ["create", "close"])
        }

        @Test(
            "closed in another way than close(2): told once, at the latest by the audit, with name and totals",
            arguments: ["exit", "exec", "dup2", "close_range", "io_uring", "in flight"])
        func closedOtherwise(_ way: String) throws {
            let path = folder / "s"
            let begin: [Step] = [
                .socket(0, Net.unix, Net.datagram), .bind(0, "u,\(path)"), .socket(1, Net.unix, Net.datagram),
                .sendTo(1, "u,\(path)", 12), .receiveDatagrams(0, 1), .close(socket: 1),
            ]
            let end: [Step]
            switch way {
            case "exec": end = [.call(72, 5, 2, 1), .exec("/bin/true")]  // FD_CLOEXEC
            case "dup2":
                end = [
                    .pair(2, 3, Net.stream), Step("dup-over", 2, 0), .close(socket: 2), .close(socket: 3),
                    .close(socket: 0),
                ]
            case "close_range": end = [Step("close-range", 0)]
            case "io_uring":
                guard Kernel.can(.socket(0, Net.unix, Net.stream), Step("by-ring", "close", 0)) else {
                    try Test.cancel("io_uring is switched off here")
                }
                end = [Step("by-ring", "close", 0)]
            case "in flight":
                end = [
                    .pair(2, 3, Net.stream), Step("pass", 2, 0), .close(socket: 0), .close(socket: 2),
                    .close(socket: 3),
                ]
            default: end = []
            }
            let pairs = way == "dup2" || way == "in flight" ? 2 : 0

            let story = try agent.sockets(begin + end, closes: 2 + pairs)

            #expect(story.status == .exited(0))
            let socket = try #require(story.sockets.first)
            #expect(socket.map(\.doing) == ["create", "bind", "close"])
            #expect(socket[2].socket["path"].string == path)
            #expect(socket[2].socket["bytes_received"].int == 12)
            #expect(socket[2].socket["family"].string == "AF_UNIX")
            #expect(socket[2].process["binary"].string == Kernel.testBinary)
            if closesAtOnce { #expect(!socket[2].socket["noticed_late"].isPresent) }
            for other in story.sockets { #expect(other.count { $0.kind == "socket_close" } == 1) }
        }

        @Test("what is open is listed, and what is closed is not")
        func listed() async throws {
            let path = folder / "s"
            let activity = try Activity([
                .socket(0, Net.unix, Net.stream), .bind(0, "u,\(path)"), .listen(0),
                .socket(1, Net.inet, Net.datagram),
                .connect(1, "4,127.0.0.1,9"), .socket(2, Net.netlink, Net.raw), .report, .wait,
            ])
            _ = try activity.report()
            try agent.settle()
            let open = await agent.engine.sockets().filter { $0.pid == UInt32(activity.pid) }
            activity.release()
            try activity.wait()
            _ = try agent.expect("socket_close", of: activity.pid) {
                $0.socket["family"].text == "AF_NETLINK"
            }
            _ = try agent.expect("socket_close", of: activity.pid) { $0.socket["family"].text == "AF_UNIX" }

            #expect(open.map(\.kind).sorted() == ["netlink", "udp", "unix"])
            #expect(open.first { $0.kind == "unix" }?.local == path)
            #expect(open.first { $0.kind == "unix" }?.state == "listen")
            #expect(open.first { $0.kind == "udp" }?.remote == "127.0.0.1:9")
            #expect(await agent.engine.sockets().filter { $0.pid == UInt32(activity.pid) }.isEmpty)
        }
    }
}
