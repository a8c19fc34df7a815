import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing

@Suite struct SocketTests {
    private func socket(
        _ kind: EventKind, path: [UInt8] = [], remoteName: String = "", _ change: (inout secd_socket) -> Void
    ) throws -> JSONValue {
        let context = makeContext()
        var record = secd_socket()
        record.family = SocketNames.inet
        record.type = 1
        record.protocol = 6
        change(&record)
        let event = SocketEvent(record: record, path: path, remoteName: Array(remoteName.utf8))
        return try #require(
            try json(makeEvent(kind, nil, .socket(event)), context).at("\(kind.name).socket"))
    }

    @Test func anIPv4Connection() throws {
        let socket = try socket(.socketConnect, remoteName: "example.com") {
            ($0.local.0, $0.local.3, $0.local_port) = (127, 1, 51_000)
            ($0.remote.0, $0.remote.3, $0.remote_port) = (10, 9, 443)
            $0.event = UInt16(SECD_SOCKET_CONNECTED)
            $0.state = 1
            $0.head.time_ns = 30
            $0.connected_ns = 10
        }
        #expect(
            socket
                == .object([
                    "family": .string("AF_INET"), "type": .string("SOCK_STREAM"),
                    "protocol": .string("IPPROTO_TCP"),
                    "local": .object(["address": .string("127.0.0.1"), "port": .number("51000")]),
                    "remote": .object([
                        "address": .string("10.0.0.9"), "port": .number("443"),
                        "name": .string("example.com"),
                    ]),
                    "state": .string("ESTABLISHED"), "result": .string("established"),
                    "latency_ns": .string("20"),
                    "uid": .number("0"),
                ]))
    }

    @Test(
        arguments: [
            (SECD_SOCKET_CONNECTING, "attempt", 0, nil), (SECD_SOCKET_CONNECTED, "established", 0, nil),
            (SECD_SOCKET_FAILED, "failed", 111, "ECONNREFUSED"),
            (SECD_SOCKET_FAILED, "failed", 4095, "EOTHER"),
        ] as [(Int32, String, UInt16, String?)])
    func aConnectHasOneOfThreeResults(_ event: Int32, _ result: String, _ error: UInt16, _ name: String?)
        throws
    {
        let socket = try socket(.socketConnect) { ($0.event, $0.error) = (UInt16(event), error) }
        #expect(socket.at("result")?.text == result)
        #expect(socket.at("error")?.text == name)
    }

    @Test func anUnboundSocketHasNoRemoteEnd() throws {
        let socket = try socket(.socketListen) { ($0.event, $0.backlog) = (UInt16(SECD_SOCKET_LISTENING), 5) }
        #expect(socket.at("local") == .object(["address": .string("0.0.0.0")]))
        #expect(socket.at("remote") == nil)
        #expect(socket.at("backlog")?.integer == 5)
    }

    @Test func anIPv6Address() throws {
        let socket = try socket(.socketBind) { ($0.family, $0.local.15) = (SocketNames.inet6, 1) }
        #expect(socket.at("local.address")?.text == "::1")
        #expect(socket.at("family")?.text == "AF_INET6")
    }

    /// unix(7): path names as they are, abstract ones with @ for their NUL bytes.
    @Test(
        arguments: [
            (Array("/run/bus".utf8), "/run/bus"), ([0] + Array("bus".utf8), "@bus"),
            ([0, 0x61, 0, 0x62], "@a@b"), ([], nil),
            ([0x2f, 0xff], "/\u{fffd}"),
        ] as [([UInt8], String?)])
    func unixNames(_ path: [UInt8], _ expected: String?) throws {
        let socket = try socket(.socketConnect, path: path) {
            ($0.family, $0.protocol, $0.state) = (SocketNames.unix, 0, 1)
        }
        #expect(socket.at("path")?.text == expected)
        #expect(socket.at("local") == nil)
        #expect(socket.at("state") == nil)
        #expect(socket.at("protocol") == nil)
    }

    @Test func onlyACloseHasTotals() throws {
        func fill(_ record: inout secd_socket) {
            (record.bytes_sent, record.bytes_received, record.packets_sent, record.packets_received) = (
                1, 2, 3, 4
            )
            (record.retransmits, record.rtt_us, record.opened_ns, record.head.time_ns) = (5, 6, 10, 25)
        }
        let open = try socket(.socketAccept) { fill(&$0) }
        #expect(open.keys == ["family", "type", "protocol", "local", "uid"])
        let closed = try socket(.socketClose) { fill(&$0) }
        let names = ["bytes_sent", "bytes_received", "packets_sent", "packets_received", "duration_ns"]
        #expect(names.map { closed.at($0)?.text } == ["1", "2", "3", "4", "15"])
        #expect(closed.at("retransmits")?.integer == 5)
        #expect(closed.at("totals_partial") == .bool(true))
        #expect(closed.at("direction")?.text == "outgoing")
        let exact = try socket(.socketClose) {
            $0.flags = SECD_SOCKET_FLAG_TOTALS_EXACT | SECD_SOCKET_FLAG_INCOMING
        }
        #expect(exact.at("totals_partial") == nil)
        #expect(exact.at("direction")?.text == "incoming")
        #expect(exact.at("duration_ns") == nil)
    }

    @Test(
        arguments: [
            (SECD_OWNER_KNOWN, nil), (SECD_OWNER_BEFORE_START, "before_start"),
            (SECD_OWNER_NOT_YET_USED, "not_yet_used"),
            (SECD_OWNER_NO_PROCESS, "no_process"), (SECD_OWNER_STORAGE_FULL, "storage_full"),
        ] as [(Int32, String?)])
    func anUnknownOwnerHasAReason(_ reason: Int32, _ expected: String?) throws {
        #expect(
            try socket(.socketClose) { $0.owner_unknown = UInt16(reason) }.at("owner_unknown")?.text
                == expected)
    }

    @Test(
        arguments: [
            (SECD_SOCKET_CREATED, EventKind.socketCreate), (SECD_SOCKET_BOUND, .socketBind),
            (SECD_SOCKET_LISTENING, .socketListen),
            (SECD_SOCKET_CONNECTING, .socketConnect), (SECD_SOCKET_CONNECTED, .socketConnect),
            (SECD_SOCKET_FAILED, .socketConnect),
            (SECD_SOCKET_ACCEPTED, .socketAccept), (SECD_SOCKET_CLOSED, .socketClose),
            (SECD_SOCKET_HANDED_OVER, .socketHandover), (SECD_SOCKET_DATAGRAM, .socketDatagram),
            (SECD_SOCKET_SEEDED, nil), (0, nil),
        ] as [(Int32, EventKind?)])
    func recordsHaveTheirKind(_ event: Int32, _ kind: EventKind?) {
        var record = secd_socket()
        record.event = UInt16(event)
        #expect(SocketEvent.kind(of: record) == kind)
    }
}
