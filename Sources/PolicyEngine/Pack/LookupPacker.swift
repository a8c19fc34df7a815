import CEventABI
import PolicyCompiler
import PolicyModel

/// Class tables → look-ups, with their keys in the image.
struct LookupPacker {
    let hash: KeyHash
    /// What a class becomes: a row, or the class itself.
    let result: (UInt32) -> UInt32

    /// What the text of a look-up is, because the kernel can have it as components of a path.
    enum Text { case bytes, kernelPath }

    func pack(
        _ table: ClassTable, _ text: Text, into image: inout GenerationImage
    ) throws(PackingLimit) -> secd_policy_lookup {
        var lookup = secd_policy_lookup()
        lookup.missing = result(0)
        switch table {
        case .numbers(let intervals): pack(intervals, &lookup, &image)
        case .text(let table):
            if text == .kernelPath, let paths = PathTable(table) {
                pack(paths, &lookup, &image)
            } else {
                try pack(table, &lookup, &image)
            }
        case .endings(let table): try pack(table, &lookup, &image)
        case .networks(let table): pack(table, &lookup, &image)
        }
        return lookup
    }

    private func pack(
        _ table: IntervalTable, _ lookup: inout secd_policy_lookup, _ image: inout GenerationImage
    ) {
        lookup.family = UInt8(SECD_POLICY_NUMBERS)
        if table.order == .signed { lookup.flags |= UInt8(SECD_POLICY_LOOKUP_SIGNED) }
        lookup.first = UInt32(image.starts.count)
        lookup.count = UInt32(table.starts.count)
        for (start, number) in zip(table.starts, table.classes) {
            image.starts.append(secd_policy_start(start: start, result: result(number), reserved: 0))
        }
    }

    private func pack(
        _ table: TextTable, _ lookup: inout secd_policy_lookup, _ image: inout GenerationImage
    ) throws(PackingLimit) {
        lookup.family = UInt8(SECD_POLICY_TEXT)
        lookup.table = image.table()
        if !table.exact.isEmpty { lookup.flags |= UInt8(SECD_POLICY_LOOKUP_WHOLE) }
        for (text, number) in zip(table.exact.keys, table.exact.classes) {
            image.add(KeyHash.key(hash.text(text), table: lookup.table, length: text.count), result(number))
        }
        // Few lengths are hashed; many go into the trie, as far as its keys reach.
        let usesTrie = table.lengths.count > Int(SECD_POLICY_LENGTHS_MAX)
        let hashed = usesTrie ? table.lengths.filter { $0 > Int(SECD_POLICY_TRIE_MAX) } : table.lengths
        try set(
            hashed.map { (bytes: $0, whole: 0) },
            "lengths of beginnings (Prefix) beyond \(SECD_POLICY_TRIE_MAX) bytes", &lookup)
        if usesTrie { lookup.flags |= UInt8(SECD_POLICY_LOOKUP_TRIE) }
        let isHashed = Set(hashed)
        for (text, number) in zip(table.prefixes.keys, table.prefixes.classes) {
            if isHashed.contains(text.count) {
                let key = KeyHash.key(hash.text(text), table: lookup.table + 1, length: text.count)
                image.add(key, result(number))
            } else {
                image.add(prefix: text, bits: text.count * 8, table: lookup.table + 1, result(number))
            }
        }
    }

    private func pack(
        _ table: PathTable, _ lookup: inout secd_policy_lookup, _ image: inout GenerationImage
    ) {
        lookup.family = UInt8(SECD_POLICY_COMPONENTS)
        lookup.table = image.table()
        if !table.whole.isEmpty { lookup.flags |= UInt8(SECD_POLICY_LOOKUP_WHOLE) }
        for path in table.whole {
            let key = KeyHash.key(hash.path(path.text), table: lookup.table, length: path.names)
            image.add(key, result(path.number))
        }
        for path in table.beginnings {
            let key = KeyHash.key(
                hash.path(path.text), table: lookup.table + (path.isCut ? 3 : 1), length: path.names)
            image.add(key, result(path.number))
        }
        store(table.lengths, &lookup)
    }

    private func pack(
        _ table: EndingTable, _ lookup: inout secd_policy_lookup, _ image: inout GenerationImage
    ) throws(PackingLimit) {
        lookup.family = UInt8(SECD_POLICY_ENDINGS)
        lookup.table = image.table()
        // As with beginnings; in the trie they stand backwards.
        let usesTrie = table.lengths.count > Int(SECD_POLICY_LENGTHS_MAX)
        let hashed = usesTrie ? table.lengths.filter { $0 > Int(SECD_POLICY_TRIE_MAX) } : table.lengths
        try set(
            hashed.map { (bytes: $0, whole: 0) },
            "lengths of endings (Postfix) beyond \(SECD_POLICY_TRIE_MAX) bytes", &lookup)
        if usesTrie { lookup.flags |= UInt8(SECD_POLICY_LOOKUP_TRIE) }
        let isHashed = Set(hashed)
        for (text, number) in table.endings.sortedByKey {
            if isHashed.contains(text.count) {
                let key = KeyHash.key(hash.text(text), table: lookup.table + 2, length: text.count)
                image.add(key, result(number))
            } else {
                image.add(
                    prefix: text.reversed(), bits: text.count * 8, table: lookup.table + 2, result(number))
            }
        }
    }

    private func pack(
        _ table: NetworkTable, _ lookup: inout secd_policy_lookup, _ image: inout GenerationImage
    ) {
        lookup.family = UInt8(SECD_POLICY_NETWORKS)
        lookup.table = image.table()
        for (network, number) in table.classes {
            let own = network.bytes.count == 4 ? lookup.table : lookup.table + 1
            image.add(prefix: network.bytes, bits: network.length, table: own, result(number))
        }
    }

    private func set(
        _ lengths: [(bytes: Int, whole: Int)], _ what: String, _ lookup: inout secd_policy_lookup
    ) throws(PackingLimit) {
        try PackingLimit.check(lengths.count, Int(SECD_POLICY_LENGTHS_MAX), what)
        store(lengths, &lookup)
    }

    private func store(_ lengths: [(bytes: Int, whole: Int)], _ lookup: inout secd_policy_lookup) {
        lookup.length_count = UInt16(lengths.count)
        for (index, length) in lengths.enumerated() {
            let packed = secd_policy_length(bytes: UInt16(length.bytes), whole: UInt16(length.whole))
            CArray.set(&lookup.lengths, index, packed)
        }
    }
}

extension [[UInt8]: UInt32] {
    /// The same tables give the same image.
    fileprivate var sortedByKey: [(key: [UInt8], value: UInt32)] {
        sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
}
