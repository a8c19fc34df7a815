import BPFRuntime
import CEventABI
import SystemPackage

/// Two generations in the kernel: the one that runs, and the one before it, whose place the next one takes.
final class GenerationStore {
    private let maps: PolicyMaps
    private let control: MappedArray<secd_policy_control>
    private let rows: ChunkPool
    private let rules: ChunkPool
    private let starts: ChunkPool
    private let indexes: ChunkPool
    /// Zeros, where a hook is gone: they match nothing.
    private let noHook: SharedBPFMap
    /// Hooks that may stand in each slot.
    private var hooks: [Set<UInt32>] = [[], []]
    /// The number that the control word has; 0 = no policy.
    private(set) var current: UInt32 = 0

    init(_ maps: PolicyMaps) throws(BPFError) {
        self.maps = maps
        control = try MappedArray(maps.control.map)
        rows = try ChunkPool(
            maps.rows, chunks: SECD_POLICY_ROW_CHUNKS, size: SECD_POLICY_ROWS_PER_CHUNK,
            of: secd_policy_row.self)
        rules = try ChunkPool(
            maps.rules, chunks: SECD_POLICY_RULE_CHUNKS, size: SECD_POLICY_RULES_PER_CHUNK,
            of: secd_policy_rule.self)
        starts = try ChunkPool(
            maps.starts, chunks: SECD_POLICY_START_CHUNKS, size: SECD_POLICY_STARTS_PER_CHUNK,
            of: secd_policy_start.self)
        indexes = try ChunkPool(
            maps.indexes, chunks: SECD_POLICY_INDEX_CHUNKS, size: SECD_POLICY_INDEX_PER_CHUNK,
            of: UInt32.self)
        noHook = try Self.single(secd_policy_hook(), "secd_no_hook")
    }

    /// The number that the next generation will have.
    var next: UInt32 { current == .max ? 1 : current + 1 }

    /// Fills the slot of the next generation; events are still judged by the current one. Where it throws,
    /// nobody looks at what the slot holds until it is filled again.
    /// - Parameter workloads: makes the map of a slot's workloads; nil = the generation does not ask for any.
    /// - Returns: memory of its maps, bytes.
    func fill(
        _ image: GenerationImage, workloads: (Int) throws(BPFError) -> SharedBPFMap?
    ) throws(BPFError) -> UInt64 {
        let slot = Int(next & 1)
        var head = image.head
        head.generation = next
        var generation = OuterChange(maps.generations)
        generation.put(UInt32(slot), try Self.single(head, "secd_generation"))
        var ofWorkloads = OuterChange(maps.workloads)
        if let map = try workloads(slot) { ofWorkloads.put(UInt32(slot), map) }
        let changes = [
            ofWorkloads, try hooks(image.hooks, slot), try rows.chunks(image.rows, slot),
            try rules.chunks(image.rules, slot),
            try starts.chunks(image.starts, slot), try indexes.chunks(image.indexes, slot),
            try keys(image, slot), try tries(image, slot), generation,
        ]
        try OuterChange.apply(changes)
        hooks[slot] = Set(image.hooks.map(\.number))
        return changes.reduce(0) { $0 + $1.bytes }
    }

    /// From here on events are judged by the generation that was filled.
    func flip() {
        current = next
        control.store(current, atWord: 0)
    }

    /// Returns when no program can still be at work with what was so before the call.
    func waitForPrograms() throws(BPFError) {
        // Whatever is put into a map of maps, the kernel waits. No hook has number 0.
        try maps.hooks.map.update(all: [UInt32(0)], [UInt32(noHook.map.descriptor)])
    }

    private static func single<Value: BitwiseCopyable>(_ value: Value, _ name: String) throws(BPFError)
        -> SharedBPFMap
    {
        let map = try BPFMap(
            making: .array, name: name, keySize: 4, valueSize: MemoryLayout<Value>.size, maxEntries: 1)
        try map.update(UInt32(0), value)
        return SharedBPFMap(map)
    }

    private func hooks(_ list: [GenerationImage.Hook], _ slot: Int) throws(BPFError) -> OuterChange {
        var change = OuterChange(maps.hooks)
        let base = UInt32(slot) * UInt32(SECD_POLICY_HOOK_CHUNKS)
        for hook in list { change.put(base + hook.number, try Self.single(hook.tables, "secd_hook")) }
        let numbers = Set(list.map(\.number))
        for number in hooks[slot].subtracting(numbers).sorted() {
            change.put(base + number, noHook, isNew: false)
        }
        // Noted before the kernel knows: where this generation is given up half-way, all of them may stand
        // there.
        hooks[slot].formUnion(numbers)
        return change
    }

    private func keys(_ image: GenerationImage, _ slot: Int) throws(BPFError) -> OuterChange {
        let map = try BPFMap(
            making: .hash, name: "secd_keys", keySize: MemoryLayout<secd_policy_key>.size, valueSize: 4,
            maxEntries: max(1, image.keys.count))
        try map.update(all: image.keys.map(\.key), image.keys.map(\.result))
        var change = OuterChange(maps.keys)
        change.put(UInt32(slot), SharedBPFMap(map))
        return change
    }

    private func tries(_ image: GenerationImage, _ slot: Int) throws(BPFError) -> OuterChange {
        // Tables are numbered anew in each generation, so the trie of the one before last must not stay.
        let map = try BPFMap(
            making: .trie, name: "secd_tries", keySize: MemoryLayout<secd_policy_prefix>.size, valueSize: 4,
            maxEntries: max(1, image.prefixes.count))
        try map.update(all: image.prefixes.map(\.prefix), image.prefixes.map(\.result))
        var change = OuterChange(maps.tries)
        change.put(UInt32(slot), SharedBPFMap(map))
        return change
    }
}
