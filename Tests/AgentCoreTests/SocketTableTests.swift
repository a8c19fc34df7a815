import AgentCore
import AgentModel
import CEventABI
import EventModel
import EventReference
import Glibc
import ProcessTree
import Testing

/// Open sockets as the records tell.
@Suite struct SocketTableTests {
    private let context = EncodingContext(
        nodeName: "node", clusterName: "", stream: "00000001", bootOffset: 0)
    private let tree: ProcessTree
    private let process: ProcessObject

    init() throws {
        tree = ProcessTree(context: context)
        let sample = SampleImage(pid: 100, start: 1_000_000_000, binary: "/bin/nc")
        tree.seed(sample.image)
        process = try #require(tree.find(sample.head.image))
    }

    private func event(_ kind: Int32, cookie: UInt64 = 1, inode: UInt64 = 0, path: String = "") -> SocketEvent
    {
        var record = secd_socket()
        record.event = UInt16(kind)
        record.cookie = cookie
        record.inode = inode
        record.family = UInt16(AF_INET)
        record.type = 1
        record.local = (127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        record.local_port = 80
        return SocketEvent(record: record, path: Array(path.utf8))
    }

    @Test func opensAndCloses() {
        var table = SocketTable(limit: 10)
        table.apply(event(SECD_SOCKET_CREATED), process, tree)
        table.apply(event(SECD_SOCKET_LISTENING), process, tree)
        #expect(table.count == 1)
        #expect(process.references == 1)
        let listing = table.listings(context)
        #expect(listing.map(\.pid) == [100])
        #expect(listing.map(\.binary) == ["/bin/nc"])
        #expect(listing.map(\.local) == ["127.0.0.1:80"])

        table.apply(event(SECD_SOCKET_CLOSED), process, tree)
        #expect(table.count == 0)
        #expect(process.references == 0)
    }

    @Test func whatOpensNothingIsNotKept() {
        var table = SocketTable(limit: 10)
        for kind in [SECD_SOCKET_DATAGRAM, SECD_SOCKET_FAILED, SECD_SOCKET_CLOSED] {
            table.apply(event(kind), process, tree)
        }
        table.apply(event(SECD_SOCKET_CREATED, cookie: 0), process, tree)
        #expect(table.count == 0)
        #expect(process.references == 0)
    }

    /// Families without a cookie are known by their inode number, apart from cookies.
    @Test func cookiesAndInodesAreNotConfused() {
        var table = SocketTable(limit: 10)
        table.apply(event(SECD_SOCKET_CREATED, cookie: 5), process, tree)
        table.apply(event(SECD_SOCKET_CREATED, cookie: 0, inode: 5), process, tree)
        #expect(table.count == 2)

        table.apply(event(SECD_SOCKET_CLOSED, cookie: 0, inode: 5), process, tree)
        #expect(table.listings(context).map(\.cookie) == [5])
    }

    @Test func theFirstOfSeveralHoldersIsTheUser() {
        var table = SocketTable(limit: 10)
        table.apply(event(SECD_SOCKET_SEEDED), process, tree)
        table.apply(event(SECD_SOCKET_SEEDED), nil, tree)
        #expect(table.listings(context).map(\.pid) == [100])
        #expect(process.references == 1)
    }

    @Test func laterRecordsNeedNotRepeatWhatIsKnown() {
        var table = SocketTable(limit: 10)
        var first = event(SECD_SOCKET_CONNECTED, path: "/run/x")
        first.remoteName = Array("a.test".utf8)
        first.record.family = UInt16(AF_UNIX)
        table.apply(first, process, tree)
        var second = event(SECD_SOCKET_HANDED_OVER)
        second.record.family = UInt16(AF_UNIX)
        table.apply(second, nil, tree)

        let listing = table.listings(context)
        #expect(listing.map(\.local) == ["/run/x"])
        #expect(listing.map(\.remoteName) == ["a.test"])
        #expect(listing.map(\.pid) == [100])
    }

    /// The audit found the kernel's socket gone, and knows no addresses.
    @Test func aCloseNoticedLateTellsWhatWasKnown() {
        var table = SocketTable(limit: 10)
        table.apply(event(SECD_SOCKET_CONNECTED, path: "/run/x"), process, tree)
        var late = event(SECD_SOCKET_CLOSED)
        late.record.local_port = 0
        late.record.flags = SECD_SOCKET_FLAG_NOTICED_LATE
        table.complete(&late)
        #expect(late.record.local_port == 80)
        #expect(late.path == Array("/run/x".utf8))

        var timely = event(SECD_SOCKET_CLOSED)
        timely.record.local_port = 0
        table.complete(&timely)
        #expect(timely.record.local_port == 0)
    }

    @Test func isBounded() {
        var table = SocketTable(limit: 2)
        for cookie in 1...5 as ClosedRange<UInt64> {
            table.apply(event(SECD_SOCKET_CREATED, cookie: cookie), process, tree)
        }
        #expect(table.count == 2)
        #expect(table.refused == 3)
        #expect(process.references == 2)
    }

    @Test func afterLossesItHasWhatTheKernelHas() {
        var table = SocketTable(limit: 10)
        for cookie in 1...3 as ClosedRange<UInt64> {
            table.apply(event(SECD_SOCKET_CREATED, cookie: cookie), process, tree)
        }
        table.reconcile(tree) { asked in
            #expect(Set(asked) == [1, 2, 3])
            return [2]
        }
        #expect(table.listings(context).map(\.cookie) == [2])
        #expect(process.references == 1)
    }
}
