import SecurityIdentity
import Testing

@Suite struct IdentityAllocatorTests {
    private let second: UInt64 = 1_000_000_000

    private func set(_ text: String) throws -> LabelSet {
        try LabelSet([#require(Label(parsing: text))])
    }

    private func id(_ number: UInt32) -> NumericIdentity { NumericIdentity(rawValue: number) }

    private func allocator(_ store: MemoryStore, grace: UInt64 = 10) -> IdentityAllocator {
        var options = IdentityAllocator.Options()
        options.grace = grace * second
        return IdentityAllocator(store, options)
    }

    @Test func theSameLabelsHaveOneNumber() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        #expect(allocator.assign(1, try set("k8s:app=web")) == id(256))
        #expect(allocator.assign(2, try set("k8s:app=web")) == id(256))
        #expect(allocator.assign(3, try set("k8s:app=db")) == id(257))
        #expect(allocator.number(of: 2) == id(256))
        #expect(allocator.table.users(of: id(256)) == 2)
        #expect(store.calls == ["claim 256", "claim 257"])
    }

    @Test func reservedLabelsNeedNoStore() {
        let store = MemoryStore()
        var allocator = allocator(store)
        #expect(allocator.assign(1, LabelSet(.host)) == id(1))
        #expect(allocator.number(of: 1) == id(1))
        allocator.drop(1)
        #expect(allocator.number(of: 1) == nil)
        #expect(store.calls.isEmpty)
    }

    @Test func otherLabelsAreAnotherNumberAndTheOldOneIsGivenBackAfterItsGrace() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        allocator.assign(1, try set("k8s:app=web"))
        #expect(allocator.assign(1, try set("k8s:app=db")) == id(257))
        #expect(allocator.tend(now: 100 * second, sweeps: true).isEmpty)
        #expect(store.calls.suffix(1) == ["release 256"])
        _ = allocator.tend(now: 109 * second, sweeps: true)
        #expect(try allocator.table.number(of: set("k8s:app=web")) == id(256))
        _ = allocator.tend(now: 110 * second, sweeps: true)
        #expect(store.calls.suffix(1) == ["remove 256"])
        #expect(try allocator.table.number(of: set("k8s:app=web")) == nil)
        #expect(allocator.counts.removed == 1)
        // Not the number that somebody may still remember.
        #expect(allocator.assign(2, try set("k8s:app=web")) == id(258))
    }

    @Test func whoComesBackWithinTheGraceHasTheSameNumber() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        allocator.assign(1, try set("k8s:app=web"))
        allocator.drop(1)
        _ = allocator.tend(now: 100 * second, sweeps: true)
        #expect(allocator.assign(2, try set("k8s:app=web")) == id(256))
        _ = allocator.tend(now: 105 * second, sweeps: true)
        allocator.drop(2)
        // The grace begins anew.
        _ = allocator.tend(now: 109 * second, sweeps: true)
        _ = allocator.tend(now: 115 * second, sweeps: true)
        #expect(allocator.table.contains(id(256)))
        #expect(store.calls == ["claim 256", "release 256", "claim 256", "release 256"])
    }

    @Test func afterARestartTheNumbersAreWhatTheyWere() throws {
        let store = MemoryStore()
        var first = allocator(store)
        first.assign(1, try set("k8s:app=web"))
        first.assign(2, try set("k8s:app=db"))
        var second = allocator(store)
        #expect(second.assign(7, try set("k8s:app=db")) == id(257))
        #expect(second.assign(8, try set("k8s:app=new")) == id(258))
        #expect(second.assign(9, try set("k8s:app=web")) == id(256))
    }

    @Test func whatOthersUseIsNotGivenBack() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        allocator.assign(1, try set("k8s:app=web"))
        allocator.drop(1)
        store.usedElsewhere = [id(256)]
        for time in [0, 20, 40, 60] as [UInt64] { _ = allocator.tend(now: time * second, sweeps: true) }
        #expect(allocator.table.contains(id(256)))
        #expect(allocator.counts.removed == 0)
    }

    @Test func aNumberThatOthersWereQuickerToTakeIsNotUsed() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        store.bindings[id(256)] = try set("k8s:app=other")
        store.bindings[id(257)] = try set("k8s:app=third")
        #expect(allocator.assign(1, try set("k8s:app=web")) == id(258))
        // And labels that others numbered first have their number.
        #expect(allocator.assign(2, try set("k8s:app=third")) == id(257))
        #expect(store.calls == ["claim 256", "claim 257", "claim 258", "claim 259"])
    }

    @Test func numbersOfOthersAreLearnt() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        store.pending = [.bound(IdentityBinding(id(900), try set("k8s:app=far")))]
        #expect(allocator.tend(now: 0, sweeps: false).isEmpty)
        store.bindings[id(900)] = try set("k8s:app=far")
        #expect(allocator.assign(1, try set("k8s:app=far")) == id(900))
        store.pending = [.unbound(id(900)), .bound(IdentityBinding(id(901), try set("k8s:app=near")))]
        _ = allocator.tend(now: 0, sweeps: false)
        // In use here: claimed again at once.
        #expect(allocator.number(of: 1) == id(900))
        #expect(store.calls == ["claim 900", "claim 900"])
        #expect(allocator.table.contains(id(901)))
    }

    // MARK: A store that is away

    @Test func whatIsKnownKeepsItsNumberWhileTheStoreIsAway() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        allocator.assign(1, try set("k8s:app=web"))
        store.isAway = true
        #expect(allocator.assign(2, try set("k8s:app=web")) == id(256))
        allocator.drop(1)
        allocator.drop(2)
        #expect(allocator.assign(3, try set("k8s:app=web")) == id(256))
        _ = allocator.tend(now: 0, sweeps: true)
        #expect(allocator.number(of: 3) == id(256))
        store.isAway = false
        #expect(allocator.tend(now: second, sweeps: true).isEmpty)
        #expect(allocator.problem == nil)
    }

    @Test func whatIsNewWaitsUntilTheStoreAnswers() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        store.isAway = true
        #expect(allocator.assign(1, try set("k8s:app=web")) == id(5))
        #expect(allocator.assign(2, try set("k8s:app=web")) == id(5))
        #expect(allocator.assign(3, try set("k8s:app=db")) == id(5))
        // One question shows that nobody answers; the others are not asked.
        #expect(store.calls == ["claim 256"])
        #expect(allocator.waitingCount == 3)
        allocator.drop(3)
        #expect(allocator.tend(now: 0, sweeps: true).isEmpty)
        #expect(allocator.problem == "away")
        store.isAway = false
        #expect(allocator.tend(now: second, sweeps: true) == [1, 2])
        #expect(allocator.number(of: 1) == allocator.number(of: 2))
        #expect(allocator.number(of: 1)?.scope == .cluster)
        #expect((allocator.waitingCount, allocator.problem) == (0, nil))
    }

    @Test func claimsThatAreLostAreMadeAgainWithTheSameNumbers() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        allocator.assign(1, try set("k8s:app=web"))
        allocator.assign(2, try set("k8s:app=db"))
        // A store that was set up anew, empty.
        store.bindings = [:]
        store.pending = [.claimsLost, .listBegins, .listEnds]
        #expect(allocator.tend(now: 0, sweeps: false).isEmpty)
        #expect(try store.bindings == [id(256): set("k8s:app=web"), id(257): set("k8s:app=db")])
        #expect((allocator.number(of: 1), allocator.number(of: 2)) == (id(256), id(257)))
        #expect(allocator.counts.changed == 0)
    }

    /// Nothing else is left when another store has the number for other labels.
    @Test func whereTheStoreDisagreesTheStoreIsRightAndItIsTold() throws {
        let store = MemoryStore()
        var allocator = allocator(store)
        allocator.assign(1, try set("k8s:app=a"))
        allocator.assign(2, try set("k8s:app=b"))
        store.bindings = [id(257): try set("k8s:app=a"), id(256): try set("k8s:app=c")]
        store.pending =
            [.claimsLost, .listBegins] + store.bindings.map { .bound(IdentityBinding($0.key, $0.value)) }
            + [.listEnds]
        var changed = allocator.tend(now: 0, sweeps: false)
        changed.formUnion(allocator.tend(now: second, sweeps: false))
        #expect(changed == [1, 2])
        for (holder, text) in [(UInt64(1), "k8s:app=a"), (2, "k8s:app=b")] {
            let number = try #require(allocator.number(of: holder))
            #expect(try store.bindings[number] == set(text))
            #expect(try allocator.table.labels(of: number) == set(text))
        }
        #expect(allocator.number(of: 1) == id(257))
        #expect(allocator.counts.changed >= 2)
    }

    @Test func whenAllNumbersAreInUseOldOnesAreStillGivenBack() throws {
        let store = MemoryStore()
        var options = IdentityAllocator.Options()
        options.grace = 10 * second
        options.range = try #require(IdentityRange(cluster: 511, layout: .clusters511))
        var allocator = IdentityAllocator(store, options)
        let all = options.range.numbers.count
        #expect(all == 32_512)
        for holder in 0..<UInt64(all) { allocator.assign(holder, try set("k8s:app=\(holder)")) }
        #expect(allocator.assign(1_000_000, try set("k8s:app=late")) == id(5))
        #expect(allocator.problem == "all 32512 numbers for identities are in use")
        allocator.drop(77)
        _ = allocator.tend(now: 0, sweeps: true)
        _ = allocator.tend(now: 10 * second, sweeps: true)
        #expect(allocator.tend(now: 11 * second, sweeps: true) == [1_000_000])
        #expect(allocator.number(of: 1_000_000) == id(options.range.numbers.lowerBound + 77))
    }
}

/// A store that does as it is told.
final class MemoryStore: IdentityStore {
    let name = "memory"
    var problem: String?
    var bindings: [NumericIdentity: LabelSet] = [:]
    var usedElsewhere: Set<NumericIdentity> = []
    var pending: [IdentityChange] = []
    var isAway = false
    var calls: [String] = []

    func open(_ take: (IdentityBinding) -> Void) {
        for (number, labels) in bindings { take(IdentityBinding(number, labels)) }
    }

    func claim(_ binding: IdentityBinding) throws(IdentityStoreError) -> NumericIdentity {
        try note("claim", binding)
        // Not where there are so many that looking at all of them would be what the test measures.
        if bindings.count < 100, let known = bindings.first(where: { $0.value == binding.labels }) {
            return known.key
        }
        if bindings[binding.number] != nil { throw .taken }
        bindings[binding.number] = binding.labels
        return binding.number
    }

    func release(_ binding: IdentityBinding) throws(IdentityStoreError) { try note("release", binding) }

    func remove(_ binding: IdentityBinding) throws(IdentityStoreError) -> Bool {
        try note("remove", binding)
        guard !usedElsewhere.contains(binding.number) else { return false }
        bindings[binding.number] = nil
        return true
    }

    func used() throws(IdentityStoreError) -> Set<NumericIdentity>? { [] }

    func changes(_ take: (IdentityChange) -> Void) {
        for change in pending { take(change) }
        pending = []
    }

    private func note(_ call: String, _ binding: IdentityBinding) throws(IdentityStoreError) {
        calls.append("\(call) \(binding.number.rawValue)")
        if isAway { throw .unavailable("away") }
    }
}
