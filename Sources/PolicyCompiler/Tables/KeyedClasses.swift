/// Texts with their classes, in the order of their bytes: packers write them down as they stand, and a
/// search by halves finds one.
public struct KeyedClasses: Sendable, Hashable {
    /// Each once, sorted by bytes.
    public private(set) var keys: [[UInt8]] = []
    /// Class of the key at the same position.
    public private(set) var classes: [UInt32] = []

    init() {}

    /// How many keys there are.
    public var count: Int { keys.count }

    /// Whether there is none.
    public var isEmpty: Bool { keys.isEmpty }

    /// The class of a key.
    public subscript(key: [UInt8]) -> UInt32? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if ByteOrder.precedes(keys[middle], key) { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? classes[low] : nil
    }

    /// Adds a key behind all others; it must sort there.
    mutating func append(_ key: [UInt8], _ number: UInt32) {
        keys.append(key)
        classes.append(number)
    }
}

/// Texts sorted by their bytes. Thousands of paths are sorted at each change of policies, and most differ in
/// their first bytes: those are compared as numbers.
enum ByteOrder {
    private struct Head {
        var first: UInt64
        var second: UInt64
        var position: Int
    }

    /// Positions of texts in sorted order; equal texts keep theirs.
    static func positions(_ texts: [[UInt8]]) -> [Int] {
        var heads = texts.indices.map { index in
            Head(first: word(texts[index], 0), second: word(texts[index], 8), position: index)
        }
        heads.sort { left, right in
            if left.first != right.first { return left.first < right.first }
            if left.second != right.second { return left.second < right.second }
            let own = texts[left.position]
            let other = texts[right.position]
            if own == other { return left.position < right.position }
            return precedes(own, other)
        }
        return heads.map(\.position)
    }

    /// Whether a text sorts before another; a beginning before the whole.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let shared = min(left.count, right.count)
        var index = 0
        while index < shared {
            if left[index] != right[index] { return left[index] < right[index] }
            index += 1
        }
        return left.count < right.count
    }

    /// Whether a text begins with another.
    static func begins(_ text: [UInt8], with beginning: [UInt8]) -> Bool {
        guard text.count >= beginning.count else { return false }
        var index = 0
        while index < beginning.count {
            if text[index] != beginning[index] { return false }
            index += 1
        }
        return true
    }

    /// Eight bytes as a number that sorts as they do; what is missing is 0.
    private static func word(_ text: [UInt8], _ start: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in start..<start + 8 {
            word = word << 8 | (index < text.count ? UInt64(text[index]) : 0)
        }
        return word
    }
}
