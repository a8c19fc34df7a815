package import AgentModel
import CEventABI
package import EventModel
package import ProcessTree

/// Open sockets as the records tell: for `secctl sockets` and `tree`. A cache of the kernel's
/// socket storage; closing removes.
package struct SocketTable {
    private struct Entry {
        var event: SocketEvent
        /// Kept alive by `retain`, so that a close after the process's end still names it.
        var process: ProcessObject?
    }

    private let limit: Int
    private var entries: [UInt64: Entry] = [:]
    /// Sockets that were not remembered because the table was full.
    package private(set) var refused: UInt64 = 0

    package init(limit: Int) {
        self.limit = limit
    }

    package var count: Int { entries.count }

    /// Brings the table up to an event.
    package mutating func apply(_ event: SocketEvent, _ process: ProcessObject?, _ tree: ProcessTree) {
        let key = Self.key(event.record)
        guard key != 0 else { return }
        switch Int32(event.record.event) {
        case SECD_SOCKET_CLOSED:
            if let entry = entries.removeValue(forKey: key), let process = entry.process {
                tree.release(process)
            }
        case SECD_SOCKET_DATAGRAM, SECD_SOCKET_FAILED:
            break
        case SECD_SOCKET_SEEDED:
            // Every holder is told of; the first is the user.
            if entries[key]?.process == nil { set(key, event, process, tree) }
        default:
            set(key, event, process, tree)
        }
    }

    /// Adds to a close what only earlier records said: the audit finds the kernel's socket gone, and the
    /// process that looked a name up may have ended.
    package func complete(_ event: inout SocketEvent) {
        guard event.record.event == SECD_SOCKET_CLOSED, let entry = entries[Self.key(event.record)] else {
            return
        }
        if event.remoteName.isEmpty { event.remoteName = entry.event.remoteName }
        guard event.record.flags & SECD_SOCKET_FLAG_NOTICED_LATE != 0 else { return }
        let known = entry.event.record
        if event.path.isEmpty { event.path = entry.event.path }
        event.record.flags |= known.flags & SECD_SOCKET_FLAG_ABSTRACT
        (event.record.local, event.record.local_port) = (known.local, known.local_port)
        (event.record.remote, event.record.remote_port) = (known.remote, known.remote_port)
    }

    /// As in the kernel's map: the cookie, or the inode number of families that have none.
    private static func key(_ record: secd_socket) -> UInt64 {
        record.cookie != 0 || record.inode == 0 ? record.cookie : record.inode | SECD_SOCKET_KEY_INODE
    }

    /// Forgets the sockets that are gone: after records were lost, closes may be among them.
    /// - Parameter living: those of some sockets that the kernel still has.
    package mutating func reconcile(_ tree: ProcessTree, living: ([UInt64]) -> Set<UInt64>) {
        let known = living(Array(entries.keys))
        for (key, entry) in entries where !known.contains(key) {
            entries[key] = nil
            if let process = entry.process { tree.release(process) }
        }
    }

    private mutating func set(
        _ key: UInt64, _ event: SocketEvent, _ process: ProcessObject?, _ tree: ProcessTree
    ) {
        guard let old = entries[key] else {
            guard entries.count < limit else {
                refused += 1
                return
            }
            if let process { tree.retain(process) }
            entries[key] = Entry(event: event, process: process)
            return
        }
        var merged = event
        // Later records need not repeat what earlier ones said.
        if merged.path.isEmpty { merged.path = old.event.path }
        if merged.remoteName.isEmpty { merged.remoteName = old.event.remoteName }
        if merged.record.opened_ns == 0 { merged.record.opened_ns = old.event.record.opened_ns }
        if let process {
            tree.retain(process)
            if let before = old.process { tree.release(before) }
        }
        entries[key] = Entry(event: merged, process: process ?? old.process)
    }

    /// All sockets, by cookie.
    package func listings(_ context: EncodingContext) -> [SocketListing] {
        entries.sorted { $0.key < $1.key }.map { SocketListing($0.value.event, $0.value.process, context) }
    }
}
