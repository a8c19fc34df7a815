/// A set of rules of one hook, as the kernel holds it: words of bits and a word that says which are not zero.
public struct RuleSet: Sendable, Hashable {
    /// 64 rules each, the lowest first.
    public private(set) var words: [UInt64]

    /// All words at once: thousands of sets are looked for whenever policies change.
    public func hash(into hasher: inout Hasher) {
        unsafe words.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    }

    /// Words that one summary covers.
    static let wordLimit = 64

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    /// Rules `0..<count`.
    static func all(_ count: Int) -> RuleSet {
        var set = RuleSet(count: count)
        for index in 0..<count { set.insert(index) }
        return set
    }

    /// Bit n says that word n is not zero.
    public var summary: UInt64 {
        var summary: UInt64 = 0
        for (index, word) in words.enumerated() where word != 0 { summary |= 1 << UInt64(index) }
        return summary
    }

    /// Whether no rule is left.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    mutating func insert(_ rule: Int) { words[rule >> 6] |= 1 << UInt64(rule & 63) }

    mutating func remove(_ rule: Int) { words[rule >> 6] &= ~(1 << UInt64(rule & 63)) }

    /// - Parameter rule: position in the hook's rules, below the set's size.
    public func contains(_ rule: Int) -> Bool { words[rule >> 6] >> UInt64(rule & 63) & 1 == 1 }

    mutating func formIntersection(_ other: RuleSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func formUnion(_ other: RuleSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    mutating func subtract(_ other: RuleSet) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    func intersection(_ other: RuleSet) -> RuleSet {
        var result = self
        result.formIntersection(other)
        return result
    }

    func union(_ other: RuleSet) -> RuleSet {
        var result = self
        result.formUnion(other)
        return result
    }

    func subtracting(_ other: RuleSet) -> RuleSet {
        var result = self
        result.subtract(other)
        return result
    }

    /// Rules in order, by way of the summary, as the kernel walks them.
    public var rules: [Int] {
        var found: [Int] = []
        var summary = summary
        while summary != 0 {
            let index = summary.trailingZeroBitCount
            summary &= summary - 1
            var word = words[index]
            while word != 0 {
                found.append(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
        return found
    }
}
