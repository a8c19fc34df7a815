import BPFRuntime
import CEventABI
public import PolicyModel
import Synchronization

/// What runs in which cgroup, as the programs ask for it: a class for each set of tests that hold. Told by the
/// worker as containers come and labels change; one update of a map puts a cgroup into another class.
public final class WorkloadClasses: Sendable {
    /// With so few tests every set of them gets a class, so that whatever comes has one.
    static let mostComplete = 6
    /// Cgroups that are classified at most: as many as the daemon remembers.
    static let capacity = 65_536

    /// The classes of a generation.
    package struct Plan: Sendable, Hashable {
        package var tests: [WorkloadTest]
        /// By class: positions of the tests that hold.
        package var sets: [[Int]]

        package init(tests: [WorkloadTest] = [], sets: [[Int]] = []) {
            self.tests = tests
            self.sets = sets
        }

        /// Positions of the tests that hold.
        package func set(_ facts: WorkloadFacts) -> [Int] {
            tests.indices.filter { tests[$0].holds(for: facts) }
        }
    }

    private struct Slot {
        var plan: Plan
        var classes: [[Int]: UInt32]
        var map: SharedBPFMap
    }

    private struct Books {
        /// By cgroup; those whose workload is not known are left out.
        var facts: [UInt64: WorkloadFacts] = [:]
        var slots: [Int: Slot] = [:]
        /// A workload came whose set of tests has no class.
        var isIncomplete = false
        var onIncomplete: (@Sendable () -> Void)?
    }

    private let books = Mutex(Books())

    public init() {}

    /// Asked for a new generation where a set of tests has no class in the one that runs.
    public func whenIncomplete(_ body: @escaping @Sendable () -> Void) {
        books.withLock { $0.onIncomplete = body }
    }

    /// Whether a workload has no class in the generation that runs: a new one was asked for.
    public var isIncomplete: Bool { books.withLock(\.isIncomplete) }

    /// What runs in a cgroup; nil = that is not known yet.
    public func set(_ cgroup: UInt64, _ facts: WorkloadFacts?) {
        let call = books.withLock { books -> (@Sendable () -> Void)? in
            guard books.facts[cgroup] != facts else { return nil }
            guard let facts else {
                books.facts[cgroup] = nil
                for slot in books.slots.values { try? slot.map.map.delete(cgroup) }
                return nil
            }
            guard books.facts.count < Self.capacity || books.facts[cgroup] != nil else { return nil }
            books.facts[cgroup] = facts
            var isIncomplete = false
            for slot in books.slots.values where !Self.classify(cgroup, facts, slot) { isIncomplete = true }
            guard isIncomplete, !books.isIncomplete else { return nil }
            books.isIncomplete = true
            return books.onIncomplete
        }
        call?()
    }

    /// A cgroup is gone.
    public func remove(_ cgroup: UInt64) { set(cgroup, nil) }

    /// The classes that a generation with these tests needs now.
    package func plan(_ tests: [WorkloadTest]) -> Plan {
        var plan = Plan(tests: tests)
        guard !tests.isEmpty else { return plan }
        if tests.count <= Self.mostComplete {
            plan.sets = (0..<1 << tests.count).map { bits in tests.indices.filter { bits >> $0 & 1 == 1 } }
            return plan
        }
        let facts = books.withLock { Array(Set($0.facts.values)) }
        var known: Set<[Int]> = [plan.set(.host)]
        for one in facts { known.insert(plan.set(one)) }
        plan.sets = known.sorted { $0.lexicographicallyPrecedes($1) }
        return plan
    }

    /// The map of a slot, without a cgroup.
    static func emptyMap() throws(BPFError) -> SharedBPFMap {
        SharedBPFMap(
            try BPFMap(
                making: .hash, name: "secd_workloads", keySize: 8, valueSize: 4, maxEntries: capacity + 1))
    }

    /// Fills the map of a generation, and keeps it as it should be from now on; nil = it asks for no workloads.
    /// What had the slot before is not kept any more.
    /// - Parameter empty: the map to fill; nil = a new one.
    func map(of plan: Plan, slot: Int, _ empty: SharedBPFMap?) throws(BPFError) -> SharedBPFMap? {
        guard !plan.tests.isEmpty else {
            books.withLock { $0.slots[slot] = nil }
            return nil
        }
        let map = if let empty { empty } else { try Self.emptyMap() }
        let classes = Dictionary(uniqueKeysWithValues: plan.sets.enumerated().map { ($1, UInt32($0)) })
        let entry = Slot(plan: plan, classes: classes, map: map)
        var ask: (@Sendable () -> Void)?
        let failure = books.withLock { books -> BPFError? in
            books.slots[slot] = nil
            do throws(BPFError) {
                try map.map.update(UInt64(SECD_POLICY_HOST_CGROUP), Self.number(.host, entry) ?? 0)
            } catch {
                return error
            }
            // What came since the plan was made may have no class in it.
            books.isIncomplete = false
            for (cgroup, facts) in books.facts where !Self.classify(cgroup, facts, entry) {
                books.isIncomplete = true
            }
            books.slots[slot] = entry
            ask = books.isIncomplete ? books.onIncomplete : nil
            return nil
        }
        if let failure { throw failure }
        ask?()
        return map
    }

    /// Puts a cgroup into its class; false where it has none. A cgroup that the map has no room for is
    /// judged by the one above, or as unknown.
    private static func classify(_ cgroup: UInt64, _ facts: WorkloadFacts, _ slot: Slot) -> Bool {
        guard let number = number(facts, slot) else {
            try? slot.map.map.delete(cgroup)
            return false
        }
        try? slot.map.map.update(cgroup, number)
        return true
    }

    private static func number(_ facts: WorkloadFacts, _ slot: Slot) -> UInt32? {
        guard let number = slot.classes[slot.plan.set(facts)] else { return nil }
        if case .container = facts { return number | UInt32(SECD_POLICY_CLASS_CONTAINER) }
        return number
    }
}
