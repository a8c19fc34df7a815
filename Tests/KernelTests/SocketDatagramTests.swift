import AgentCore
import AgentModel
import CEventABI
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("UDP") struct SocketDatagramTests {
        let agent = LiveAgent.shared

        @Test(
            "one event for the first datagram to each peer and from each, and totals at close",
            arguments: [(Net.inet, "4,127.0.0.1", "127.0.0.1"), (Net.inet6, "6,::1", "::1")])
        func peers(_ family: Int, _ host: String, _ address: String) throws {
            let story = try agent.sockets(
                [
                    .socket(0, family, Net.datagram), .bind(0, host + ",0"), .socket(1, family, Net.datagram),
                    .bind(1, host + ",0"), .socket(2, family, Net.datagram), .bind(2, host + ",0"),
                    Step("port", 1), Step("port", 2), .sendTo(0, host + ",@1", 10),
                    .sendTo(0, host + ",@1", 20),
                    .sendTo(0, host + ",@2", 30), .sendTo(0, host + ",@1", 40), .sendTo(1, host + ",@0", 5),
                    .sendTo(1, host + ",@0", 6), .receiveDatagrams(0, 2), .receiveDatagrams(1, 3),
                    .close(socket: 0), .close(socket: 1), .close(socket: 2),
                ], closes: 3)

            #expect(story.status == .exited(0))
            let (first, second) = (try story.activity.report(), try story.activity.report())
            let sockets = story.sockets
            #expect(
                sockets[0].map(\.doing) == [
                    "create", "bind", "datagram sent", "datagram sent", "datagram received", "close",
                ])
            #expect(sockets[0][2].remote == "\(address):\(first)")
            #expect(sockets[0][3].remote == "\(address):\(second)")
            #expect(sockets[0][4].remote == "\(address):\(first)")
            #expect(sockets[0][2].socket["local"]["port"].int == sockets[0][1].socket["local"]["port"].int)
            #expect(sockets[0][4].socket["local"]["port"].int == sockets[0][1].socket["local"]["port"].int)
            let close = sockets[0][5].socket
            #expect([close["bytes_sent"].int, close["packets_sent"].int] == [100, 4])
            #expect([close["bytes_received"].int, close["packets_received"].int] == [11, 2])
            #expect(close["peers"].int == 3)
            #expect(!close["totals_partial"].isPresent && !close["peers_untold"].isPresent)
            #expect(
                sockets[1].map(\.doing) == ["create", "bind", "datagram received", "datagram sent", "close"])
            // What was never read has arrived all the same.
            #expect(sockets[2].map(\.doing) == ["create", "bind", "datagram received", "close"])
            #expect(!sockets[2][3].socket["bytes_received"].isPresent)
        }

        @Test("an IPv6 socket that talks to IPv4: one peer, by its mapped address")
        func mapped() throws {
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.datagram), .bind(0, "4,127.0.0.1,0"),
                    .socket(1, Net.inet6, Net.datagram),
                    .sendTo(1, "6,::ffff:127.0.0.1,@0", 1), .sendTo(0, "4,127.0.0.1,@1", 2),
                    .receiveDatagrams(1, 1),
                    .close(socket: 1),
                ], closes: 2)

            #expect(story.status == .exited(0))
            let six = story.sockets[1]
            #expect(six.map(\.doing) == ["create", "datagram sent", "datagram received", "close"])
            #expect(six[1].remote == six[2].remote)
            #expect(six[2].socket["local"]["address"].string == "::ffff:127.0.0.1")
            #expect(six[1].socket["remote"]["address"].string == "::ffff:127.0.0.1")
        }

        @Test("connected: the connect, then the first datagram each way")
        func connected() throws {
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.datagram), .bind(0, "4,127.0.0.1,0"),
                    .socket(1, Net.inet, Net.datagram),
                    .connect(1, "4,127.0.0.1,@0"), .send(1, 7), .send(1, 8), .sendTo(0, "4,127.0.0.1,@1", 9),
                    .receive(1, 9), Step("unconnect", 1), .close(socket: 1),
                ], closes: 2)

            #expect(story.status == .exited(0))
            let client = story.sockets[1]
            #expect(
                client.map(\.doing) == [
                    "create", "connect established", "datagram sent", "datagram received", "close",
                ])
            #expect(client[1].remote == client[2].remote)
            #expect(client[4].socket["bytes_sent"].int == 15)
            #expect(client[4].socket["packets_sent"].int == 2)
        }

        @Test("many messages in one call are counted, not told")
        func manyInOneCall() throws {
            let story = try agent.sockets(
                [
                    .socket(0, Net.inet, Net.datagram), .bind(0, "4,127.0.0.1,0"),
                    .socket(1, Net.inet, Net.datagram),
                    Step("send-many", 1, "4,127.0.0.1,@0", 64, 10), .receiveDatagrams(0, 64),
                    .close(socket: 1),
                    .close(socket: 0),
                ], closes: 2)

            #expect(story.status == .exited(0))
            #expect(story.sockets[1].map(\.doing) == ["create", "datagram sent", "close"])
            #expect(story.sockets[1][2].socket["packets_sent"].int == 64)
            #expect(story.sockets[1][2].socket["bytes_sent"].int == 640)
            #expect(story.sockets[0].last?.socket["packets_received"].int == 64)
            #expect(story.sockets[0].count { $0.kind == "socket_datagram" } == 1)
        }

        @Test("a scan: 4096 peers of one socket are told, further datagrams are counted")
        func limit() async throws {
            let beyond = 100
            let before = (await agent.engine.programCounters())["peers_untold"] ?? 0
            let story = try agent.sockets(
                [
                    .newNetwork, .socket(0, Net.inet, Net.datagram),
                    Step("send-ports", 0, 2, 20_000, 4096 + beyond),
                    .close(socket: 0),
                ], closes: 2)

            #expect(story.status == .exited(0))
            let socket = try #require(story.sockets.last)
            #expect(socket.count { $0.kind == "socket_datagram" } == 4096)
            #expect(Set(socket.filter { $0.kind == "socket_datagram" }.map(\.remote)).count == 4096)
            let close = try #require(socket.last).socket
            #expect(close["packets_sent"].int == 4096 + beyond)
            #expect(close["peers"].int == 4096)
            #expect(close["peers_untold"].int == beyond)
            #expect((await agent.engine.programCounters())["peers_untold"] ?? 0 >= before + UInt64(beyond))
        }

        @Test("a connect that fails")
        func failed() throws {
            let story = try agent.sockets(
                [
                    .newNetwork, .socket(0, Net.inet, Net.datagram),
                    .connect(0, "4,10.1.2.3,53").fails(ENETUNREACH),
                ],
                closes: 2)

            #expect(story.status == .exited(0))
            let socket = try #require(story.sockets.last)
            #expect(socket.map(\.doing) == ["create", "connect failed ENETUNREACH", "close"])
            #expect(socket[1].remote == "10.1.2.3:53")
        }
    }
}
