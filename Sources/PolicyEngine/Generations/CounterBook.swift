import BPFRuntime
import CEventABI
import PolicyModel

/// Which counter belongs to which selector, for as long as its policy runs, whatever generations come and
/// go.
final class CounterBook {
    /// A selector of an entry, at all of its attach points.
    struct Key: Hashable {
        var policy: UInt64
        var hook: Int
        var selector: Int
    }

    private struct Entry {
        var counter: UInt32
        /// What the counter had when the selector got it: another one may have had it before.
        var base: secd_policy_counter
        var toldBase: UInt64
        /// What the selector does with what it decides.
        var actions: UInt32
    }

    private let map: SharedBPFMap
    private let tally: RecordTally
    private var entries: [Key: Entry] = [:]
    private var free: [UInt32] = []
    private var next: UInt32 = 0

    init(_ map: SharedBPFMap, _ tally: RecordTally) {
        self.map = map
        self.tally = tally
    }

    /// Selectors of entries that can have a counter at once.
    var capacity: Int { Int(map.map.maxEntries) }

    /// The counter of a selector that has one already; nil where it has none.
    /// - Parameter actions: what the selector does now, as it stands in the kernel's table.
    func known(_ key: Key, actions: UInt32) -> UInt32? {
        guard let index = entries.index(forKey: key) else { return nil }
        entries.values[index].actions = actions
        return entries.values[index].counter
    }

    /// The counter of a selector; nil where no room is left.
    func counter(_ key: Key, actions: UInt32) -> UInt32? {
        if let known = known(key, actions: actions) { return known }
        let counter: UInt32
        if next < UInt32(map.map.maxEntries) {
            counter = next
            next += 1
        } else if !free.isEmpty {
            // The one that has been free longest: the programs of old generations are done with it.
            counter = free.removeFirst()
        } else {
            return nil
        }
        entries[key] = Entry(
            counter: counter, base: sum(counter), toldBase: tally.count(of: counter), actions: actions)
        return counter
    }

    /// Forgets the selectors of policies that do not run any more.
    func keep(_ policies: Set<UInt64>) {
        for (key, entry) in entries where !policies.contains(key.policy) {
            free.append(entry.counter)
            entries[key] = nil
        }
    }

    /// What each policy did.
    func counts() -> [PolicyCounts] {
        var byPolicy: [UInt64: [SelectorCounts]] = [:]
        for (key, entry) in entries {
            let actions = actions(entry)
            guard actions != ActionCounts() else { continue }
            byPolicy[key.policy, default: []].append(
                SelectorCounts(hook: key.hook, selector: key.selector, actions: actions))
        }
        return byPolicy.sorted { $0.key < $1.key }.map { id, selectors in
            PolicyCounts(
                id: id, selectors: selectors.sorted { ($0.hook, $0.selector) < ($1.hook, $1.selector) })
        }
    }

    private func actions(_ entry: Entry) -> ActionCounts {
        let now = sum(entry.counter)
        let decided = now.decided &- entry.base.decided
        let heldBack = now.held_back &- entry.base.held_back
        let enforced = now.enforced &- entry.base.enforced
        let monitored = now.monitored &- entry.base.monitored
        let told = tally.count(of: entry.counter) &- entry.toldBase
        var counts = ActionCounts(heldBack: heldBack)
        if entry.actions & SECD_POLICY_POST != 0 {
            counts.posts = told &+ (decided > heldBack ? decided &- heldBack : 0)
        } else {
            counts.noPosts = decided
        }
        let signals =
            SECD_POLICY_KILL | SECD_POLICY_SIGNAL | SECD_POLICY_FREEZE | SECD_POLICY_KILL_TREE
            | SECD_POLICY_KILL_CONTAINER
        if entry.actions & signals != 0 {
            counts.signals = enforced
            counts.monitoredSignals = monitored
        }
        if entry.actions & SECD_POLICY_OVERRIDE != 0 {
            counts.overrides = enforced
            counts.monitoredOverrides = monitored
        }
        if entry.actions & SECD_POLICY_SET != 0 {
            counts.sets = enforced
            counts.monitoredSets = monitored
        }
        if entry.actions & SECD_POLICY_NOTIFY != 0 {
            counts.notifications = enforced
            counts.monitoredNotifications = monitored
        }
        return counts
    }

    private func sum(_ counter: UInt32) -> secd_policy_counter {
        map.map.lookupPerCPU(counter, as: secd_policy_counter.self).reduce(into: secd_policy_counter()) {
            $0.decided &+= $1.decided
            $0.held_back &+= $1.held_back
            $0.enforced &+= $1.enforced
            $0.monitored &+= $1.monitored
        }
    }
}
