import AgentCore
import AgentModel
import CEventABI
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("names and io_uring") struct SocketNameTests {
        let agent = LiveAgent.shared

        /// A network of its own, in which 0 serves DNS and 1 asks.
        private let begin: [Step] = [
            .newNetwork, .socket(0, Net.inet, Net.datagram), .bind(0, "4,127.0.0.1,53"),
            .socket(1, Net.inet, Net.datagram), .connect(1, "4,127.0.0.1,53"),
        ]

        private func ask(_ name: String, _ address: String) -> [Step] {
            [
                Step("dns-ask", 1, name, address.contains(":") ? 28 : 1), Step("dns-answer", 0, address),
                .receiveDatagrams(1, 1),
            ]
        }

        private func meet(_ family: Int, _ host: String, _ first: Int) -> [Step] {
            [
                .socket(first, family, Net.stream), .bind(first, host + ",0"), .listen(first),
                .socket(first + 1, family, Net.stream), .connect(first + 1, host + ",@\(first)"),
            ]
        }

        @Test("a connect to an address shows the name under which the process looked it up")
        func named() throws {
            let story = try agent.sockets(
                begin + ask("WWW.Example.org", "127.0.0.9") + ask("six.example.org", "::1")
                    + meet(Net.inet, "4,127.0.0.9", 10) + meet(Net.inet6, "6,::1", 20)
                    + meet(Net.inet6, "6,::ffff:127.0.0.9", 30) + meet(Net.inet, "4,127.0.0.8", 40),
                closes: 11)

            #expect(story.status == .exited(0))
            let clients = story.sockets.filter {
                $0.contains { $0.doing == "connect established" && $0.socket["type"].text == "SOCK_STREAM" }
            }
            try #require(clients.count == 4)
            let names = clients.map { client in client.dropFirst().map { $0.socket["remote"]["name"].text } }
            #expect(names[0] == ["www.example.org", "www.example.org", "www.example.org"])
            #expect(names[1] == ["six.example.org", "six.example.org", "six.example.org"])
            #expect(names[2] == ["www.example.org", "www.example.org", "www.example.org"])
            #expect(names[3] == ["", "", ""])
        }

        @Test("what one process asked is no name for another")
        func ofAnother() throws {
            let mark = agent.capture.count
            let story = try agent.sockets(
                begin + ask("private.example", "127.0.0.9") + [.fork, .report]
                    + meet(Net.inet, "4,127.0.0.9", 10),
                closes: 0)
            let child = try story.activity.report()

            let connect = try agent.expect("socket_connect", of: child, from: mark) {
                $0.doing == "connect established"
            }
            #expect(connect.remote.hasPrefix("127.0.0.9:"))
            #expect(!connect.socket["remote"]["name"].isPresent)
        }

        /// The same with a connection to the server: 2 is its end.
        private func beginStream(_ family: Int, _ host: String) -> [Step] {
            [
                .newNetwork, .socket(0, family, Net.stream), .bind(0, host + ",53"), .listen(0),
                .socket(1, family, Net.stream), .connect(1, host + ",53"), .accept(0, as: 2),
            ]
        }

        /// An answer on that connection, until all of it has come.
        private func answer(_ name: String, _ address: String, _ piece: Int, _ fill: Int) -> [Step] {
            // Its length, header, question, texts, address.
            let bytes = 2 + 12 + (name.utf8.count + 2) + 4 + fill * 268 + 16
            return [Step("dns-stream", 2, name, address, piece, fill), .receive(1, bytes)]
        }

        @Test(
            "an answer by TCP names, too: in one packet, its length alone, byte by byte, longer than a packet",
            arguments: [(0, 0), (2, 0), (1, 0), (0, 14), (1400, 20), (4096, 20)])
        func byStream(_ piece: Int, _ fill: Int) throws {
            let story = try agent.sockets(
                beginStream(Net.inet, "4,127.0.0.1")
                    + answer("First.example", "127.0.0.8", piece, fill)
                    + answer("second.example", "127.0.0.9", piece, fill)
                    + meet(Net.inet, "4,127.0.0.8", 10) + meet(Net.inet, "4,127.0.0.9", 20),
                closes: 0)

            #expect(story.status == .exited(0))
            let names = story.socketEvents.filter { $0.doing == "connect established" }.map {
                $0.socket["remote"]["name"].text
            }
            #expect(names == ["", "first.example", "second.example"])
        }

        @Test("an answer by TCP over IPv6")
        func byStream6() throws {
            let story = try agent.sockets(
                beginStream(Net.inet6, "6,::1") + answer("six.example", "127.0.0.8", 2, 0)
                    + meet(Net.inet, "4,127.0.0.8", 10),
                closes: 0)

            #expect(story.status == .exited(0))
            let connect = try #require(story.socketEvents.last { $0.doing == "connect established" })
            #expect(connect.socket["remote"]["name"].string == "six.example")
        }

        @Test("of a packet with more than 4096 bytes of an answer the rest is not read, and counted")
        func cutStream() async throws {
            let before = (await agent.engine.programCounters())["dns_cut"] ?? 0
            let story = try agent.sockets(
                beginStream(Net.inet, "4,127.0.0.1")
                    + answer("long.example", "127.0.0.8", 0, 20) + answer("short.example", "127.0.0.9", 0, 0)
                    + meet(Net.inet, "4,127.0.0.8", 10) + meet(Net.inet, "4,127.0.0.9", 20),
                closes: 0)

            let names = story.socketEvents.filter { $0.doing == "connect established" }.map {
                $0.socket["remote"]["name"].text
            }
            #expect(names == ["", "", "short.example"])
            #expect((await agent.engine.programCounters())["dns_cut"] ?? 0 == before + 1)
        }

        @Test("broken answers cost nothing but themselves")
        func broken() async throws {
            let mark = agent.capture.count
            let before = (await agent.engine.programCounters())["dns_unreadable"] ?? 0
            let story = try agent.sockets(
                begin + [Step("dns-ask", 1, "a.example", 1), Step("dns-junk", 0, 1000), .close(socket: 1)]
                    + [.socket(1, Net.inet, Net.datagram), .connect(1, "4,127.0.0.1,53")]
                    + ask("good.example", "127.0.0.7") + meet(Net.inet, "4,127.0.0.7", 10), closes: 6)

            #expect(story.status == .exited(0))
            let connect = try #require(story.socketEvents.last { $0.doing == "connect established" })
            #expect(connect.socket["remote"]["name"].string == "good.example")
            #expect((await agent.engine.programCounters())["dns_unreadable"] ?? 0 > before + 100)
            #expect(!agent.capture.all[mark...].contains { $0.kind == "stream_gap" })
        }

        @Test(
            "io_uring: connect, accept and close are seen",
            .enabled(
                if: Kernel.can(.socket(0, Net.unix, Net.stream), Step("by-ring", "close", 0)),
                "io_uring is switched off here"))
        func ring() throws {
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0"), .listen(0),
                    .socket(1, Net.inet, Net.stream), Step("by-ring", "connect", 1, "4,127.0.0.1,@0"),
                    Step("by-ring", "accept", 0, 2), Step("by-ring", "send", 2, 5), .receive(1, 5),
                    Step("by-ring", "close", 1), .receive(2, 0), Step("by-ring", "close", 2),
                ], closes: 3)

            #expect(story.status == .exited(0))
            try #require(story.sockets.count == 3, "\(story)")
            let (client, server) = (story.sockets[1], story.sockets[2])
            #expect(client.map(\.doing) == ["create", "connect attempt", "connect established", "close"])
            try #require(server.map(\.doing) == ["accept", "close"])
            #expect(server[0].socket["user"].string == server[0].execID)
            // Where accept is seen as a system call only, the acceptor is not guessed from the first use.
            let knows =
                agent.engine.sensors.status.first { $0.name == "socket" }?.mechanisms["accept"]?
                .hasPrefix("fexit") ?? false
            #expect(server[0].socket["acceptor"].isPresent == knows)
            #expect(server[1].socket["bytes_sent"].int == 5)
        }
    }
}
