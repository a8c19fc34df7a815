import BPFRuntime
import CEventABI
import SystemPackage

/// Empty maps on their way into the slot of the next generation, while its tables are still being made. When
/// they stand there no program looks at the slot any more: nobody can tell that they are filled later.
final class PreparedSlot {
    /// Room for a few more keys than the generation before had: policies come one by one.
    private static let spareKeys = 64

    let head: SharedBPFMap
    let keys: SharedBPFMap
    let prefixes: SharedBPFMap
    /// Nil = the generation that runs asks for none.
    let workloads: SharedBPFMap?
    /// By number.
    let hooks: [UInt32: SharedBPFMap]
    let rows: [SharedBPFMap]
    let rules: [SharedBPFMap]
    let starts: [SharedBPFMap]
    let indexes: [SharedBPFMap]
    private let pending: OuterChange.Pending
    private var isReady: Bool?

    /// What is put there, and by what change.
    typealias Chunks = (chunks: [SharedBPFMap], change: OuterChange)

    /// Begins to put them.
    /// - Parameter slot: 0 or 1.
    init(
        _ maps: PolicyMaps, slot: UInt32, keys keyCount: Int, prefixes prefixCount: Int, hasWorkloads: Bool,
        hooks: (maps: [UInt32: SharedBPFMap], change: OuterChange), rows: Chunks, rules: Chunks,
        starts: Chunks, indexes: Chunks
    ) throws(BPFError) {
        head = try Self.zero(secd_policy_generation.self, "secd_generation")
        keys = try Self.keys(keyCount + keyCount / 16 + Self.spareKeys)
        prefixes = try Self.prefixes(prefixCount + prefixCount / 16 + Self.spareKeys)
        workloads = hasWorkloads ? try WorkloadClasses.emptyMap() : nil
        self.hooks = hooks.maps
        self.rows = rows.chunks
        self.rules = rules.chunks
        self.starts = starts.chunks
        self.indexes = indexes.chunks
        var changes = [hooks.change, rows.change, rules.change, starts.change, indexes.change]
        changes.append(OuterChange(maps.generations, slot, head))
        changes.append(OuterChange(maps.keys, slot, keys))
        changes.append(OuterChange(maps.tries, slot, prefixes))
        if let workloads { changes.append(OuterChange(maps.workloads, slot, workloads)) }
        pending = OuterChange.begin(changes)
    }

    /// Waits until all of them stand there and no program is in what stood there before; false where the
    /// kernel has refused some.
    func wait() -> Bool {
        if let isReady { return isReady }
        let result = (try? pending.finish()) != nil
        isReady = result
        return result
    }

    // MARK: Making maps

    /// An array of one value, zeros.
    static func zero<Value: BitwiseCopyable>(_: Value.Type, _ name: String) throws(BPFError) -> SharedBPFMap {
        SharedBPFMap(
            try BPFMap(
                making: .array, name: name, keySize: 4, valueSize: MemoryLayout<Value>.size, maxEntries: 1))
    }

    /// An array of one value.
    static func single<Value: BitwiseCopyable>(_ value: Value, _ name: String) throws(BPFError)
        -> SharedBPFMap
    {
        let map = try zero(Value.self, name)
        try map.map.update(UInt32(0), value)
        return map
    }

    /// Keys of look-ups; at most so many.
    static func keys(_ room: Int) throws(BPFError) -> SharedBPFMap {
        SharedBPFMap(
            try BPFMap(
                making: .hash, name: "secd_keys", keySize: MemoryLayout<secd_policy_key>.size, valueSize: 4,
                maxEntries: max(1, room)))
    }

    /// Beginnings and networks; at most so many.
    static func prefixes(_ room: Int) throws(BPFError) -> SharedBPFMap {
        SharedBPFMap(
            try BPFMap(
                making: .trie, name: "secd_tries", keySize: MemoryLayout<secd_policy_prefix>.size,
                valueSize: 4, maxEntries: max(1, room)))
    }
}
