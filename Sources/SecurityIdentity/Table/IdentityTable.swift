/// Sets of labels and their numbers, found in constant time in both directions. Labels are kept once for all sets, so that
/// a set costs four bytes for each label that another set has, too.
public struct IdentityTable {
    /// A set, by its place in `entries`.
    private struct Entry {
        /// 0 = the entry is free.
        var number: UInt32
        /// Who uses it on this node.
        var users: UInt32
        /// Numbers of labels in `texts`, in canonical order.
        var labels: [UInt32]
    }

    private var texts = TextPool()
    private var entries: [Entry] = []
    private var free: [UInt32] = []
    private var byNumber: [UInt32: UInt32] = [:]
    /// Entries plus one by hash of their labels, with linear probing; 0 = empty. Its count is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 16)

    public init() {}

    /// Identities that are known.
    public var count: Int { byNumber.count }
    /// Different labels of all of them.
    public var labelCount: Int { texts.count }
    /// All numbers, in no order.
    public var numbers: [NumericIdentity] { byNumber.keys.map { NumericIdentity(rawValue: $0) } }

    /// The number of a set of labels; nil where it is not known.
    public func number(of set: LabelSet) -> NumericIdentity? {
        guard let labels = known(set), let entry = find(labels) else { return nil }
        return NumericIdentity(rawValue: entries[entry].number)
    }

    /// Whether a number stands for something.
    public func contains(_ number: NumericIdentity) -> Bool { byNumber[number.rawValue] != nil }

    /// The labels of a number; nil where it is not known.
    public func labels(of number: NumericIdentity) -> LabelSet? {
        guard let entry = byNumber[number.rawValue] else { return nil }
        let labels = entries[Int(entry)].labels.compactMap { LabelSet.label(texts.text($0).dropLast()) }
        return try? LabelSet(labels)
    }

    /// Who uses a number on this node.
    public func users(of number: NumericIdentity) -> Int {
        byNumber[number.rawValue].map { Int(entries[Int($0)].users) } ?? 0
    }

    /// Makes a number stand for a set of labels. What either was bound to before is unbound; users of the set stay.
    public mutating func bind(_ number: NumericIdentity, _ set: LabelSet) {
        if let entry = byNumber[number.rawValue] {
            if let labels = known(set), entries[Int(entry)].labels == labels { return }
            unbind(number)
        }
        let labels = intern(set)
        if let entry = find(labels) {
            byNumber[entries[entry].number] = nil
            byNumber[number.rawValue] = UInt32(entry)
            entries[entry].number = number.rawValue
            for label in labels { texts.release(label) }
            return
        }
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let entry: UInt32
        let new = Entry(number: number.rawValue, users: 0, labels: labels)
        if let old = free.popLast() {
            entry = old
            entries[Int(old)] = new
        } else {
            entry = UInt32(entries.count)
            entries.append(new)
        }
        byNumber[number.rawValue] = entry
        link(entry)
    }

    /// Forgets a number and its labels.
    public mutating func unbind(_ number: NumericIdentity) {
        guard let entry = byNumber.removeValue(forKey: number.rawValue) else { return }
        unlink(entry)
        for label in entries[Int(entry)].labels { texts.release(label) }
        entries[Int(entry)] = Entry(number: 0, users: 0, labels: [])
        free.append(entry)
    }

    /// A user more, or less; the number must be known. Returns how many there are now.
    @discardableResult
    public mutating func use(_ number: NumericIdentity, _ difference: Int) -> Int {
        guard let entry = byNumber[number.rawValue] else { return 0 }
        let users = max(0, Int(entries[Int(entry)].users) + difference)
        entries[Int(entry)].users = UInt32(users)
        return users
    }

    // MARK: Labels

    private mutating func intern(_ set: LabelSet) -> [UInt32] {
        // A set has no label that is too long for the pool: `LabelSet.longestText` is below.
        set.labels.compactMap { texts.intern(Self.text($0)[...]) }
    }

    /// The numbers of labels where all of them are known.
    private func known(_ set: LabelSet) -> [UInt32]? {
        var labels: [UInt32] = []
        labels.reserveCapacity(set.labels.count)
        for label in set.labels {
            guard let number = texts.find(Self.text(label)[...]) else { return nil }
            labels.append(number)
        }
        return labels
    }

    private static func text(_ label: Label) -> [UInt8] {
        var bytes: [UInt8] = []
        LabelSet.append(label, to: &bytes)
        return bytes
    }

    // MARK: Slots

    private func find(_ labels: [UInt32]) -> Int? {
        var slot = self.slot(of: labels)
        while slots[slot] != 0 {
            let entry = Int(slots[slot] - 1)
            if entries[entry].labels == labels { return entry }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func slot(of labels: [UInt32]) -> Int {
        labels.hashValue & (slots.count - 1)
    }

    private mutating func grow() {
        let old = slots.filter { $0 != 0 }
        slots = Array(repeating: 0, count: slots.count * 2)
        for entry in old { link(entry - 1) }
    }

    private mutating func link(_ entry: UInt32) {
        var slot = self.slot(of: entries[Int(entry)].labels)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry + 1
    }

    private mutating func unlink(_ entry: UInt32) {
        let mask = slots.count - 1
        var hole = slot(of: entries[Int(entry)].labels)
        while slots[hole] != entry + 1 { hole = (hole + 1) & mask }
        var next = (hole + 1) & mask
        while slots[next] != 0 {
            let home = slot(of: entries[Int(slots[next] - 1)].labels)
            if (next &- home) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }
}
