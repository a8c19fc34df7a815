import EventModel

/// Images by identity: open addressing with linear probing. Every event looks one up; a `Dictionary`
/// spends more on hashing than this on the whole look-up, and identities are no attacker's choice
/// (the kernel's clock and pid).
struct ImageTable {
    private var keys: [ImageKey]
    private var values: [ProcessObject?]
    private(set) var count = 0

    init(capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        keys = Array(repeating: ImageKey(start: 0, pid: 0), count: size)
        values = Array(repeating: nil, count: size)
    }

    @inline(__always)
    private func home(_ key: ImageKey) -> Int {
        // Fibonacci hashing (Knuth, TAOCP 6.4): the high bits of a product with 2^64/φ.
        let mixed = (key.start ^ UInt64(key.pid) << 40) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 20) & (keys.count - 1)
    }

    /// The slot of a key, or the free one where it would stand.
    @inline(__always)
    private func slot(_ key: ImageKey) -> Int {
        var index = home(key)
        while values[index] != nil, keys[index] != key { index = (index + 1) & (keys.count - 1) }
        return index
    }

    @inline(__always)
    func find(_ key: ImageKey) -> ProcessObject? {
        values[slot(key)]
    }

    mutating func insert(_ object: ProcessObject, _ key: ImageKey) {
        if (count + 1) * 2 > keys.count { grow() }
        let index = slot(key)
        if values[index] == nil { count += 1 }
        keys[index] = key
        values[index] = object
    }

    mutating func remove(_ key: ImageKey) {
        var hole = slot(key)
        guard values[hole] != nil else { return }
        values[hole] = nil
        count -= 1
        // What was pushed past the hole moves back, so that probing needs no tombstones.
        var index = (hole + 1) & (keys.count - 1)
        while values[index] != nil {
            let wanted = home(keys[index])
            let distance = (index - wanted) & (keys.count - 1)
            if distance >= (index - hole) & (keys.count - 1) {
                keys[hole] = keys[index]
                values[hole] = values[index]
                values[index] = nil
                hole = index
            }
            index = (index + 1) & (keys.count - 1)
        }
    }

    private mutating func grow() {
        var larger = ImageTable(capacity: keys.count)
        for index in values.indices {
            if let object = values[index] { larger.insert(object, keys[index]) }
        }
        self = larger
    }

    /// All images, in no order.
    var all: [ProcessObject] { values.compactMap { $0 } }
}
