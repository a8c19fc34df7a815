import EventModel
import ProcessTree
import WorkloadModel

/// Events of containers that nobody has named yet. They wait for the name, a moment at most; events of
/// everybody else pass them by. Their lines come late then, with the numbers of their records, and
/// `secctl verify` fills the holes with them.
///
/// Owned by the worker.
struct HeldEvents {
    /// Events that wait at most, of all containers: beyond it they leave without a name.
    private static let limit = 16_384
    /// After which a provider that may have heard of a cgroup meanwhile is asked again, nanoseconds.
    private static let pause: UInt64 = 20_000_000
    /// Before the deadline, nanoseconds: the last answer must be there by then.
    private static let reserve: UInt64 = 50_000_000

    /// An event, with the process as it was when the event happened.
    struct Held {
        var event: Event
        /// In the tree; kept there until the event is out.
        var process: ProcessObject
    }

    private struct Wait {
        var events: [Held] = []
        /// CLOCK_BOOTTIME; afterwards nothing of this cgroup waits.
        var deadline: UInt64
        /// When to ask again, CLOCK_BOOTTIME; 0 = not at all.
        var nextQuestion: UInt64 = 0
        /// Events that left without a name.
        var left: UInt64 = 0
        /// One of them, for the event that brings the name.
        var witness: ProcessObject?
    }

    private var waits: [UInt64: Wait] = [:]
    private(set) var count = 0

    /// Whether anything waits.
    var isEmpty: Bool { count == 0 }

    /// Whether a cgroup was asked about before.
    func knows(_ cgroup: UInt64) -> Bool { waits[cgroup] != nil }

    /// Whether events of a cgroup wait: those that come after them must not pass them by.
    func hasEvents(of cgroup: UInt64) -> Bool { waits[cgroup]?.events.isEmpty == false }

    /// A cgroup needs a name; until `deadline` its events wait.
    mutating func begin(_ cgroup: UInt64, deadline: UInt64) { waits[cgroup] = Wait(deadline: deadline) }

    /// Whether an event of this cgroup waits now.
    func shouldHold(_ cgroup: UInt64, at now: UInt64) -> Bool {
        guard let wait = waits[cgroup] else { return false }
        return now < wait.deadline && count < Self.limit
    }

    /// Notes that a cgroup is to be asked about again. Returns false where nothing waits for that, or not for so long.
    mutating func postpone(_ cgroup: UInt64, from now: UInt64) -> Bool {
        guard let wait = waits[cgroup], !wait.events.isEmpty,
            now &+ Self.pause &+ Self.reserve < wait.deadline
        else { return false }
        waits[cgroup]?.nextQuestion = now &+ Self.pause
        return true
    }

    /// Cgroups that are to be asked about again, now.
    mutating func takePostponed(_ now: UInt64) -> [UInt64] {
        guard count > 0 else { return [] }
        let due = waits.filter { $0.value.nextQuestion != 0 && $0.value.nextQuestion <= now }.map(\.key)
        for cgroup in due { waits[cgroup]?.nextQuestion = 0 }
        return due
    }

    mutating func hold(
        _ event: consuming Event, _ process: ProcessObject, _ cgroup: UInt64, _ tree: ProcessTree
    ) {
        let copy = ProcessObject(context: process.encodingContext)
        copy.assign(image: process.image, parent: process.parent)
        event.head.process = copy
        tree.retain(process)
        waits[cgroup]?.events.append(Held(event: event, process: process))
        count += 1
    }

    /// An event of this cgroup leaves without a name.
    mutating func note(_ cgroup: UInt64, _ process: ProcessObject, _ tree: ProcessTree) {
        guard waits[cgroup] != nil else { return }
        waits[cgroup]?.left += 1
        guard waits[cgroup]?.witness == nil else { return }
        tree.retain(process)
        waits[cgroup]?.witness = process
    }

    /// Those that waited for a cgroup's name, oldest first; the cgroup waits no longer.
    mutating func take(_ cgroup: UInt64) -> (events: [Held], left: UInt64, witness: ProcessObject?) {
        guard let wait = waits.removeValue(forKey: cgroup) else { return ([], 0, nil) }
        count -= wait.events.count
        return (wait.events, wait.left, wait.witness)
    }

    /// Those whose time is up; they leave as they are.
    mutating func takeOverdue(_ now: UInt64) -> [(cgroup: UInt64, events: [Held])] {
        guard count > 0 else { return [] }
        var result: [(cgroup: UInt64, events: [Held])] = []
        for (cgroup, wait) in waits where wait.deadline <= now && !wait.events.isEmpty {
            result.append((cgroup, wait.events))
            count -= wait.events.count
            waits[cgroup]?.events = []
        }
        return result
    }
}
