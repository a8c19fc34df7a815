/// Types of one kind by name: ids in an open-addressed table, and the names stay where they are.
///
/// A dictionary of strings held 7 MiB for the kernel's 60,000 functions; this takes 8 to 16 bytes for each.
struct BTFNameIndex: Sendable {
    /// Ids; 0 (void, which has no name) is an empty slot. A power of two, at most half full.
    private var slots: [UInt32]
    private var count = 0
    /// Different in each process: nobody can prepare names that collide.
    private let seed = UInt64.random(in: 0 ... .max)
    /// Bytes of the name that are none of it ("btf_trace_").
    private let prefixLength: Int

    init(prefixLength: Int = 0) {
        slots = Array(repeating: 0, count: 16)
        self.prefixLength = prefixLength
    }

    /// Adds a type; the first of a name stays.
    mutating func insert(_ id: UInt32, in image: BTFImage) {
        if count * 2 >= slots.count { grow(image) }
        let name = name(of: id, in: image)
        var slot = slot(of: name)
        while slots[slot] != 0 {
            if self.name(of: slots[slot], in: image).elementsEqual(name) { return }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = id
        count += 1
    }

    /// The type of that name; nil = none.
    func id(_ name: String, in image: BTFImage) -> UInt32? {
        var name = name
        return name.withUTF8 { unsafe id(UnsafeRawBufferPointer($0), in: image) }
    }

    /// All names that pass, in no order.
    func names(in image: BTFImage, where isWanted: (String) -> Bool) -> [String] {
        slots.lazy.filter { $0 != 0 }.map { String(decoding: name(of: $0, in: image), as: UTF8.self) }
            .filter(isWanted)
    }

    private func id(_ name: UnsafeRawBufferPointer, in image: BTFImage) -> UInt32? {
        var slot = unsafe slot(of: name)
        while slots[slot] != 0 {
            if unsafe self.name(of: slots[slot], in: image).elementsEqual(name) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func grow(_ image: BTFImage) {
        let old = slots
        slots = Array(repeating: 0, count: old.count * 2)
        for id in old where id != 0 {
            var slot = slot(of: name(of: id, in: image))
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = id
        }
    }

    private func name(of id: UInt32, in image: BTFImage) -> ArraySlice<UInt8> {
        image.record(id).map { image.text($0.name).dropFirst(prefixLength) } ?? []
    }

    /// FNV-1a from a random start, folded.
    private func slot(of name: some Sequence<UInt8>) -> Int {
        var hash = seed
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 29
        return Int(truncatingIfNeeded: hash) & (slots.count - 1)
    }
}
