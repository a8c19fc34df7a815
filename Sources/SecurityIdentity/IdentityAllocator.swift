/// Gives numbers to what holds labels (containers, by any number of their own) and takes them back. Has one owner; asks a
/// store, and goes on with what it knows where the store does not answer: a number that a holder has does not change.
public struct IdentityAllocator {
    /// How it is set up.
    public struct Options: Sendable {
        /// Numbers to choose from.
        public var range = IdentityRange.alone
        /// Nanoseconds for which a number that nobody uses stays bound.
        public var grace: UInt64 = 600_000_000_000
        /// The first number to try; nil = behind the highest one.
        public var start: UInt32?

        public init() {}
    }

    /// What happened since it began.
    public struct Counts: Sendable, Equatable {
        /// Claims that the store confirmed.
        public var claimed: UInt64 = 0
        /// Numbers given back.
        public var removed: UInt64 = 0
        /// Holders whose number became another one because the store said so.
        public var changed: UInt64 = 0
        /// Claims that the store could not take at once.
        public var postponed: UInt64 = 0
    }

    /// Times that another number is chosen when others are quicker.
    private static let attempts = 16

    private let store: any IdentityStore
    private let options: Options
    private var choice: NumberChoice
    /// What is bound, and who uses it here.
    public private(set) var table: IdentityTable
    private var holders: [UInt64: NumericIdentity] = [:]
    /// Labels that have no number yet, with those who wait.
    private var waiting: [LabelSet: Set<UInt64>] = [:]
    private var waitingLabels: [UInt64: LabelSet] = [:]
    /// Numbers in use that the store has not confirmed (again) yet.
    private var unconfirmed: Set<NumericIdentity> = []
    /// Since when nobody uses a number, on the clock of `tend`.
    private var idle: [NumericIdentity: UInt64] = [:]
    /// Numbers that the store still believes this node to use.
    private var toRelease: Set<NumericIdentity> = []
    /// Holders whose number became another one since `tend`.
    private var changed: Set<UInt64> = []
    /// Numbers of the list that the store is telling.
    private var listed: Set<NumericIdentity>?
    /// Whether the store did not answer: then nothing else is asked until the next `tend`.
    private var isCutOff = false
    /// What happened since it began.
    public private(set) var counts = Counts()
    /// Why labels have no number, or claims are open; nil = none are.
    public private(set) var problem: String?

    /// Takes over what the store knows.
    public init(_ store: any IdentityStore, _ options: Options = Options()) {
        self.store = store
        self.options = options
        var table = IdentityTable()
        store.open { table.bind($0.number, $0.labels) }
        self.table = table
        let highest = table.numbers.filter { options.range.numbers.contains($0.rawValue) }.max()
        choice = NumberChoice(
            options.range.numbers, start: options.start ?? highest.map { $0.rawValue + 1 } ?? 0)
    }

    /// The number of a holder; nil where it holds nothing.
    public func number(of holder: UInt64) -> NumericIdentity? { holders[holder] }

    /// Holders that wait for a number.
    public var waitingCount: Int { waitingLabels.count }

    /// Numbers in use that the store has to confirm.
    public var unconfirmedCount: Int { unconfirmed.count }

    /// Gives a holder the number of its labels. Where there is none yet, and the store does not answer, it is `initial`
    /// until `tend` has got one.
    @discardableResult
    public mutating func assign(_ holder: UInt64, _ labels: LabelSet) -> NumericIdentity {
        if let reserved = labels.reserved {
            drop(holder)
            let number = NumericIdentity(reserved)
            holders[holder] = number
            return number
        }
        if let number = table.number(of: labels) {
            guard holders[holder] != number else { return number }
            drop(holder)
            hold(holder, number)
            // Known from others, or from before: the store has to hear that this node uses it.
            if table.users(of: number) == 1, !toRelease.contains(number) { confirm(number, labels) }
            toRelease.remove(number)
            return holders[holder] ?? number
        }
        drop(holder)
        do throws(IdentityStoreError) {
            let number = try claim(labels)
            hold(holder, number)
            return number
        } catch {
            wait(holder, labels)
            counts.postponed += 1
            note(error)
            return NumericIdentity(.initial)
        }
    }

    /// A holder is gone.
    public mutating func drop(_ holder: UInt64) {
        if let labels = waitingLabels.removeValue(forKey: holder) {
            waiting[labels]?.remove(holder)
            if waiting[labels]?.isEmpty == true { waiting[labels] = nil }
        }
        guard let number = holders.removeValue(forKey: holder) else { return }
        guard number.scope != .reserved, table.contains(number), table.use(number, -1) == 0 else { return }
        unconfirmed.remove(number)
        toRelease.insert(number)
    }

    /// Does what time and others bring: takes changes of others over, makes open claims, tells the store what is not used
    /// any more and gives numbers back after the grace period.
    /// - Parameters:
    ///   - now: nanoseconds on any clock that does not go back.
    ///   - sweeps: whether to look for numbers to give back, which asks the store about all of them.
    /// - Returns: the holders whose number is another one now.
    public mutating func tend(now: UInt64, sweeps: Bool) -> Set<UInt64> {
        problem = nil
        isCutOff = false
        store.changes { apply($0) }
        for number in unconfirmed.sorted() where !isCutOff { reconfirm(number) }
        claimWaiting()
        giveUp()
        if sweeps, !isCutOff { sweep(now) }
        defer { changed = [] }
        return changed
    }

    // MARK: Claims

    private mutating func hold(_ holder: UInt64, _ number: NumericIdentity) {
        holders[holder] = number
        table.use(number, 1)
        idle[number] = nil
    }

    /// A number for labels that have none here.
    private mutating func claim(_ labels: LabelSet) throws(IdentityStoreError) -> NumericIdentity {
        try checkConnection()
        for _ in 0..<Self.attempts {
            guard let wanted = choice.take(where: { !table.contains($0) }) else {
                throw .refused("all \(options.range.numbers.count) numbers for identities are in use")
            }
            do throws(IdentityStoreError) {
                let number = try store.claim(IdentityBinding(wanted, labels))
                counts.claimed += 1
                bind(number, labels)
                return number
            } catch .taken {
                // Others chose it first; the store's changes will tell its labels.
                continue
            }
        }
        throw .unavailable("others took \(Self.attempts) numbers first")
    }

    /// Claims a number that is in use already. Where the store does not answer it stays in use, and is claimed later.
    private mutating func confirm(_ number: NumericIdentity, _ labels: LabelSet) {
        do throws(IdentityStoreError) {
            try checkConnection()
            var confirmed: NumericIdentity
            do throws(IdentityStoreError) {
                confirmed = try store.claim(IdentityBinding(number, labels))
                counts.claimed += 1
            } catch .taken {
                confirmed = try claim(labels)
            }
            unconfirmed.remove(number)
            if confirmed != number { move(number, labels, to: confirmed) }
        } catch {
            if unconfirmed.insert(number).inserted { counts.postponed += 1 }
            note(error)
        }
    }

    private mutating func reconfirm(_ number: NumericIdentity) {
        guard let labels = table.labels(of: number), table.users(of: number) > 0 else {
            unconfirmed.remove(number)
            return
        }
        confirm(number, labels)
    }

    /// All who hold `number` hold `other` from now on.
    private mutating func move(
        _ number: NumericIdentity, _ labels: LabelSet, to other: NumericIdentity
    ) {
        let moved = holders.filter { $0.value == number }.map(\.key)
        // Not there where `claim` has bound the labels to the other number already: then users came along.
        if table.contains(number) { table.unbind(number) }
        bind(other, labels)
        table.use(other, moved.count - table.users(of: other))
        for holder in moved { holders[holder] = other }
        changed.formUnion(moved)
        counts.changed += UInt64(moved.count)
    }

    /// Binds, and lets those wait for another number who used this one for something else.
    private mutating func bind(_ number: NumericIdentity, _ labels: LabelSet) {
        if let other = table.labels(of: number), other != labels, table.users(of: number) > 0 {
            for (holder, held) in holders where held == number {
                wait(holder, other)
                changed.insert(holder)
                counts.changed += 1
            }
            unconfirmed.remove(number)
        }
        table.bind(number, labels)
    }

    private mutating func wait(_ holder: UInt64, _ labels: LabelSet) {
        holders[holder] = NumericIdentity(.initial)
        waiting[labels, default: []].insert(holder)
        waitingLabels[holder] = labels
    }

    /// One that did not answer is asked again by `tend`, not by each holder that comes: every attempt takes its time.
    private func checkConnection() throws(IdentityStoreError) {
        if isCutOff { throw .unavailable(problem ?? "the store did not answer") }
    }

    private mutating func note(_ error: IdentityStoreError) {
        problem = error.description
        if case .unavailable = error { isCutOff = true }
    }

    private mutating func claimWaiting() {
        for (labels, those) in waiting where !isCutOff {
            do throws(IdentityStoreError) {
                let number: NumericIdentity
                if let known = table.number(of: labels) {
                    number = try store.claim(IdentityBinding(known, labels))
                    counts.claimed += 1
                    if number != known { bind(number, labels) }
                } else {
                    number = try claim(labels)
                }
                waiting[labels] = nil
                for holder in those {
                    waitingLabels[holder] = nil
                    hold(holder, number)
                    changed.insert(holder)
                }
            } catch .taken {
                // What was known of them is out of date: a new number, next time.
                if let known = table.number(of: labels) { forget(known) }
            } catch {
                note(error)
            }
        }
    }

    // MARK: What others do

    private mutating func apply(_ change: IdentityChange) {
        switch change {
        case .bound(let binding):
            listed?.insert(binding.number)
            take(binding)
        case .unbound(let number): lose(number)
        case .listBegins: listed = []
        case .listEnds:
            guard let numbers = listed.take() else { return }
            for number in table.numbers where !numbers.contains(number) { lose(number) }
        case .claimsLost:
            for number in table.numbers where table.users(of: number) > 0 { unconfirmed.insert(number) }
        }
    }

    /// Others bound a number. What is in use here is not overwritten: the store is asked which of both counts.
    private mutating func take(_ binding: IdentityBinding) {
        let known = table.labels(of: binding.number)
        if known == binding.labels { return }
        if known != nil, table.users(of: binding.number) > 0 {
            unconfirmed.insert(binding.number)
            return
        }
        if let own = table.number(of: binding.labels), table.users(of: own) > 0 {
            unconfirmed.insert(own)
            return
        }
        if known != nil { forget(binding.number) }
        table.bind(binding.number, binding.labels)
    }

    /// A number was given back, though this node may use it: then it is claimed anew.
    private mutating func lose(_ number: NumericIdentity) {
        if table.users(of: number) > 0 { unconfirmed.insert(number) } else { forget(number) }
    }

    private mutating func forget(_ number: NumericIdentity) {
        table.unbind(number)
        idle[number] = nil
        toRelease.remove(number)
    }

    // MARK: Giving back

    private mutating func giveUp() {
        for number in toRelease where !isCutOff {
            guard let labels = table.labels(of: number) else {
                toRelease.remove(number)
                continue
            }
            do throws(IdentityStoreError) {
                if table.users(of: number) == 0 { try store.release(IdentityBinding(number, labels)) }
                toRelease.remove(number)
            } catch {
                note(error)
            }
        }
    }

    private mutating func sweep(_ now: UInt64) {
        do throws(IdentityStoreError) {
            guard let used = try store.used() else {
                idle = [:]
                return
            }
            let unused = Set(table.numbers.filter { !used.contains($0) && table.users(of: $0) == 0 })
            idle = idle.filter { unused.contains($0.key) }
            for number in unused {
                guard let since = idle[number] else {
                    idle[number] = now
                    continue
                }
                guard now &- since >= options.grace, let labels = table.labels(of: number) else { continue }
                idle[number] = nil
                guard try store.remove(IdentityBinding(number, labels)) else { continue }
                forget(number)
                counts.removed += 1
            }
        } catch {
            note(error)
        }
    }
}
