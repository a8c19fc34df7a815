/// Texts that are kept once, however many have them, known by small numbers. Each has a count of its users; with the last
/// one it goes.
struct TextPool {
    /// Bytes of a block of memory. Blocks are never moved, so that growing costs no second copy of everything.
    private static let blockBits: UInt32 = 18
    /// Below this it is not worth while to move texts together.
    private static let leastGarbage = 1 << 20

    private var blocks: [[UInt8]] = []
    /// By number: block and offset, one above the other.
    private var places: [UInt32] = []
    private var lengths: [UInt16] = []
    /// 0 = the number is free.
    private var users: [UInt32] = []
    private var free: [UInt32] = []
    /// Numbers plus one by hash, with linear probing; 0 = empty. Its count is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 16)
    /// Bytes of texts that are gone.
    private var garbage = 0
    private var stored = 0

    /// Texts that are kept.
    var count: Int { places.count - free.count }

    /// Bytes that a text may have.
    static let longest = Int(UInt16.max)

    /// The number of a text, which has one more user now; nil for one that is too long.
    mutating func intern(_ text: ArraySlice<UInt8>) -> UInt32? {
        guard text.count <= Self.longest else { return nil }
        if (count + 1) * 4 > slots.count * 3 { grow() }
        var slot = self.slot(of: text)
        while slots[slot] != 0 {
            let number = slots[slot] - 1
            if isEqual(number, text) {
                users[Int(number)] += 1
                return number
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = add(text)
        slots[slot] = number + 1
        return number
    }

    /// The number of a text that is there.
    func find(_ text: ArraySlice<UInt8>) -> UInt32? {
        var slot = self.slot(of: text)
        while slots[slot] != 0 {
            if isEqual(slots[slot] - 1, text) { return slots[slot] - 1 }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// A user less.
    mutating func release(_ number: UInt32) {
        let index = Int(number)
        users[index] -= 1
        guard users[index] == 0 else { return }
        unlink(number)
        garbage += Int(lengths[index])
        stored -= Int(lengths[index])
        lengths[index] = 0
        free.append(number)
        if garbage > Self.leastGarbage, garbage > stored { compact() }
    }

    /// The text of a number.
    func text(_ number: UInt32) -> ArraySlice<UInt8> {
        let place = places[Int(number)]
        let start = Int(place & (1 << Self.blockBits - 1))
        return blocks[Int(place >> Self.blockBits)][start..<start + Int(lengths[Int(number)])]
    }

    private mutating func add(_ text: ArraySlice<UInt8>) -> UInt32 {
        let place = append(text)
        stored += text.count
        if let number = free.popLast() {
            places[Int(number)] = place
            lengths[Int(number)] = UInt16(text.count)
            users[Int(number)] = 1
            return number
        }
        places.append(place)
        lengths.append(UInt16(text.count))
        users.append(1)
        return UInt32(places.count - 1)
    }

    private mutating func append(_ text: ArraySlice<UInt8>) -> UInt32 {
        let size = 1 << Int(Self.blockBits)
        if blocks.isEmpty || blocks[blocks.count - 1].count + text.count > size {
            var block: [UInt8] = []
            block.reserveCapacity(size - 64)
            blocks.append(block)
        }
        let last = blocks.count - 1
        let place = UInt32(last) << Self.blockBits | UInt32(blocks[last].count)
        blocks[last] += text
        return place
    }

    private func isEqual(_ number: UInt32, _ text: ArraySlice<UInt8>) -> Bool {
        Int(lengths[Int(number)]) == text.count && self.text(number).elementsEqual(text)
    }

    /// Seeded anew in each process: nobody can choose labels that all fall into one place.
    private func slot(of text: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        unsafe text.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize() & (slots.count - 1)
    }

    private mutating func grow() {
        let numbers = slots.filter { $0 != 0 }
        slots = Array(repeating: 0, count: slots.count * 2)
        for number in numbers { link(number - 1) }
    }

    private mutating func link(_ number: UInt32) {
        var slot = self.slot(of: text(number))
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = number + 1
    }

    /// Takes a number out of the slots; those behind it that had to give way to it move up.
    private mutating func unlink(_ number: UInt32) {
        let mask = slots.count - 1
        var hole = slot(of: text(number))
        while slots[hole] != number + 1 { hole = (hole + 1) & mask }
        var next = (hole + 1) & mask
        while slots[next] != 0 {
            let home = slot(of: text(slots[next] - 1))
            if (next &- home) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }

    /// Moves texts together.
    private mutating func compact() {
        let old = self
        blocks = []
        for index in places.indices where users[index] > 0 {
            places[index] = append(old.text(UInt32(index)))
        }
        garbage = 0
    }
}
