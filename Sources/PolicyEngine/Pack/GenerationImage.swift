package import CEventABI

/// The bytes of every map of a generation, by position in its pools; nothing of it has reached the kernel.
package struct GenerationImage {
    /// A hook that the generation has.
    package struct Hook {
        /// Its chunk in `secd_policy_hooks`.
        package var number: UInt32
        /// What stands there.
        package var tables: secd_policy_hook
    }

    /// The number of a row without rules: row 0 of every generation, so that a chunk of zeros matches
    /// nothing.
    package static let emptyRow: UInt32 = 0

    /// What stands in `secd_policy_generations`, but for the number.
    package var head = secd_policy_generation()
    /// Hooks by number.
    package var hooks: [Hook] = []
    /// Pool `secd_policy_rows`.
    package private(set) var rows: [secd_policy_row] = [secd_policy_row()]
    /// Pool `secd_policy_rules`.
    package var rules: [secd_policy_rule] = []
    /// Pool `secd_policy_starts`.
    package var starts: [secd_policy_start] = []
    /// Pool `secd_policy_indexes`.
    package var indexes: [UInt32] = []
    /// Hash `secd_policy_keys`, in the order in which keys were added.
    package private(set) var keys: [(key: secd_policy_key, result: UInt32)] = []
    /// Trie `secd_policy_tries`.
    package private(set) var prefixes: [(prefix: secd_policy_prefix, result: UInt32)] = []
    /// The number of the next table.
    private var nextTable = UInt32(SECD_POLICY_TABLE_STEP)
    private var rowIndex: [RowWords: UInt32] = [RowWords(words: []): emptyRow]

    /// Words of a row up to its last bit, hashed all at once: thousands are looked for whenever policies
    /// change.
    private struct RowWords: Hashable {
        var words: [UInt64]

        func hash(into hasher: inout Hasher) {
            unsafe words.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
        }
    }

    package init() {}

    /// The row with these words; hooks share equal ones. Words behind the last bit make no difference.
    mutating func row(_ words: [UInt64]) -> UInt32 {
        var end = words.count
        while end > 0, words[end - 1] == 0 { end -= 1 }
        let used = RowWords(words: end == words.count ? words : Array(words[..<end]))
        let next = UInt32(rows.count)
        let index = rowIndex[used, default: next]
        guard index == next else { return index }
        rowIndex[used] = next
        var row = secd_policy_row()
        CArray.copy(used.words, to: &row.words)
        for index in 0..<end where words[index] != 0 { row.summary |= 1 << UInt64(index) }
        rows.append(row)
        return next
    }

    /// The number of a table of its own.
    mutating func table() -> UInt32 {
        defer { nextTable += UInt32(SECD_POLICY_TABLE_STEP) }
        return nextTable
    }

    mutating func add(_ key: secd_policy_key, _ result: UInt32) { keys.append((key, result)) }

    /// A beginning in the trie: `bits` of `bytes`, which the trie has room for.
    mutating func add(prefix bytes: [UInt8], bits: Int, table: UInt32, _ result: UInt32) {
        var prefix = secd_policy_prefix()
        prefix.bits = 32 + UInt32(bits)
        prefix.table = table
        CArray.copy(bytes, to: &prefix.data)
        prefixes.append((prefix, result))
    }
}

/// Arrays of C structures, which Swift sees as tuples.
package enum CArray {
    /// Sets an element; it must exist.
    package static func set<Tuple: BitwiseCopyable, Element: BitwiseCopyable>(
        _ tuple: inout Tuple, _ index: Int, _ element: Element
    ) {
        precondition(index >= 0 && (index + 1) * MemoryLayout<Element>.stride <= MemoryLayout<Tuple>.size)
        unsafe withUnsafeMutableBytes(of: &tuple) { bytes in
            unsafe bytes.storeBytes(
                of: element, toByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
        }
    }

    /// An element; it must exist.
    package static func get<Tuple: BitwiseCopyable, Element: BitwiseCopyable>(
        _ tuple: Tuple, _ index: Int, as: Element.Type = Element.self
    ) -> Element {
        precondition(index >= 0 && (index + 1) * MemoryLayout<Element>.stride <= MemoryLayout<Tuple>.size)
        return unsafe withUnsafeBytes(of: tuple) { bytes in
            unsafe bytes.loadUnaligned(
                fromByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
        }
    }

    /// Sets the first elements; there must be so many.
    package static func copy<Tuple: BitwiseCopyable, Element: BitwiseCopyable>(
        _ elements: [Element], to tuple: inout Tuple
    ) {
        precondition(elements.count * MemoryLayout<Element>.stride <= MemoryLayout<Tuple>.size)
        unsafe withUnsafeMutableBytes(of: &tuple) { bytes in
            unsafe elements.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
        }
    }
}
