package import EventModel
import JSONTree

/// What each program did in a span of time: the table of `secctl top`.
package struct TopCounts: Sendable {
    /// What is counted together: a program at a place.
    private struct Actor: Hashable {
        let binary: String
        let place: String
    }

    private struct Count {
        var starts: UInt64 = 0
        var connects: UInt64 = 0
        var failed: UInt64 = 0
        var accepts: UInt64 = 0
        var opens: UInt64 = 0
        var bytes: UInt64 = 0

        var total: UInt64 { starts + connects + accepts + opens }
    }

    /// Programs that are told apart; more are counted as one.
    private static let most = 10_000

    /// Events that are needed for the table.
    package static let kinds: [EventKind] = [
        .processExec, .socketConnect, .socketAccept, .socketClose, .fileOpen, .fileCreate, .fileDelete,
        .fileRename,
    ]

    private var counts: [Actor: Count] = [:]
    package private(set) var events: UInt64 = 0

    package init() {}

    package mutating func add(_ event: EventLine) {
        guard let kind = event.kind, Self.kinds.contains(kind) else { return }
        events += 1
        // A program is started by its parent (an exec in place by the image before).
        let who = kind == .processExec ? event.body["parent"] : event.body["process"]
        let process = ProcessText(who)
        var actor = Actor(binary: process?.binary ?? "unknown", place: process?.place ?? "")
        if counts.count >= Self.most, counts[actor] == nil { actor = Actor(binary: "(others)", place: "") }
        let socket = event.body["socket"]
        switch kind {
        case .processExec: counts[actor, default: Count()].starts += 1
        case .socketConnect:
            // An attempt and its result are one connect.
            if socket["result"].text == "attempt" { return }
            counts[actor, default: Count()].connects += 1
            if socket["result"].text == "failed" { counts[actor]?.failed += 1 }
        case .socketAccept: counts[actor, default: Count()].accepts += 1
        case .socketClose:
            let bytes = (socket["bytes_sent"].unsigned ?? 0) &+ (socket["bytes_received"].unsigned ?? 0)
            counts[actor, default: Count()].bytes &+= bytes
        default: counts[actor, default: Count()].opens += 1
        }
    }

    package static let columns = [
        Column("EXECS", right: true), Column("CONNECTS", right: true), Column("FAILED", right: true),
        Column("ACCEPTS", right: true), Column("FILES", right: true), Column("TRAFFIC", right: true),
        Column("PLACE"),
        Column("PROGRAM"),
    ]

    /// The busiest programs, busiest first.
    package func rows(limit: Int) -> [[String]] {
        counts.sorted { left, right in
            (right.value.total, right.value.bytes, left.key.binary) < (
                left.value.total, left.value.bytes, right.key.binary
            )
        }.prefix(limit).map { actor, count in
            [
                Quantity.grouped(count.starts), Quantity.grouped(count.connects),
                Quantity.grouped(count.failed),
                Quantity.grouped(count.accepts), Quantity.grouped(count.opens), Quantity.bytes(count.bytes),
                actor.place, actor.binary,
            ]
        }
    }
}
