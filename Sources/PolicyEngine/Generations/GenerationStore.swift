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
    /// Memory of the tables of a hook, bytes: all are as large as those.
    private let hookBytes: UInt64
    /// Hooks that may stand in each slot.
    private var hooks: [Set<UInt32>] = [[], []]
    /// How large the generation is that was filled last: the next one will hardly differ.
    private struct Size {
        var keys = 0
        var prefixes = 0
        var hasWorkloads = false
        var hooks: [UInt32] = []
    }
    private var size = Size()
    /// On its way for the next generation.
    private var prepared: PreparedSlot?
    /// Done when no program is in the generation before the one that runs. No hook has number 0.
    private var leaving: OuterChange.Pending?
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
        noHook = try PreparedSlot.zero(secd_policy_hook.self, "secd_no_hook")
        hookBytes = noHook.map.kernelBytes
    }

    /// The number that the next generation will have.
    var next: UInt32 { current == .max ? 1 : current + 1 }

    /// Empties the slot of the next generation: the kernel waits for programs that are in what stands there,
    /// meanwhile the tables are made. Calls that still wait with the generation before the one that runs are
    /// judged anew. Without it, `fill` waits.
    func prepare() {
        // One that was given up is still on its way.
        _ = prepared?.wait()
        prepared = nil
        // Soon after a flip programs may still be in the generation before.
        guard current != 0, (try? leaving?.finish()) != nil else { return }
        let slot = Int(next & 1)
        do throws(BPFError) {
            prepared = try PreparedSlot(
                maps, slot: UInt32(slot), keys: size.keys, prefixes: size.prefixes,
                hasWorkloads: size.hasWorkloads, hooks: try prepareHooks(slot), rows: try rows.prepare(slot),
                rules: try rules.prepare(slot), starts: try starts.prepare(slot),
                indexes: try indexes.prepare(slot))
        } catch {
            // What is wrong will be told when the maps are needed.
            prepared = nil
        }
    }

    /// Fills the slot of the next generation; events are still judged by the current one. Where it throws,
    /// nobody looks at what the slot holds until it is filled again.
    /// - Parameter workloads: fills the map of a slot's workloads, or makes it where it gets none; nil = the
    ///   generation does not ask for any.
    /// - Returns: memory of its maps, bytes.
    func fill(
        _ image: GenerationImage, workloads: (Int, SharedBPFMap?) throws(BPFError) -> SharedBPFMap?
    ) throws(BPFError) -> UInt64 {
        let slot = Int(next & 1)
        let ready = prepared.take().flatMap { $0.wait() ? $0 : nil }
        if ready == nil { try leaving?.finish() }
        var bytes: UInt64 = 0
        var changes: [OuterChange] = []
        /// Maps that were not prepared are still to be put there.
        func add(_ outer: SharedBPFMap, _ map: SharedBPFMap, _ known: SharedBPFMap?) {
            bytes += map.map.kernelBytes
            if map !== known { changes.append(OuterChange(outer, UInt32(slot), map)) }
        }
        func add(_ written: (change: OuterChange, bytes: UInt64)) {
            changes.append(written.change)
            bytes += written.bytes
        }
        let ofWorkloads = try workloads(slot, ready?.workloads)
        if let ofWorkloads { add(maps.workloads, ofWorkloads, ready?.workloads) }
        add(try write(image.hooks, slot, ready))
        add(try rows.write(image.rows, slot, ready?.rows))
        add(try rules.write(image.rules, slot, ready?.rules))
        add(try starts.write(image.starts, slot, ready?.starts))
        add(try indexes.write(image.indexes, slot, ready?.indexes))
        add(maps.keys, try keys(image, ready?.keys), ready?.keys)
        add(maps.tries, try prefixes(image, ready?.prefixes), ready?.prefixes)
        var head = image.head
        head.generation = next
        if let known = ready?.head {
            try known.map.update(UInt32(0), head)
            add(maps.generations, known, known)
        } else {
            add(maps.generations, try PreparedSlot.single(head, "secd_generation"), nil)
        }
        try OuterChange.apply(changes)
        hooks[slot] = Set(image.hooks.map(\.number))
        if let ready { hooks[slot].formUnion(ready.hooks.keys) }
        size = Size(
            keys: image.keys.count, prefixes: image.prefixes.count, hasWorkloads: ofWorkloads != nil,
            hooks: image.hooks.map(\.number))
        return bytes
    }

    /// From here on events are judged by the generation that was filled.
    func flip() {
        current = next
        control.store(current, atWord: 0)
        // Nobody comes to the generation before any more. Who is there leaves it before its slot is needed.
        leaving = OuterChange.begin([OuterChange(maps.hooks, 0, noHook)])
    }

    /// Returns when no program can still be at work with what was so before the call.
    func waitForPrograms() throws(BPFError) {
        // Whatever is put into a map of maps, the kernel waits. No hook has number 0.
        try maps.hooks.map.update(all: [UInt32(0)], [UInt32(noHook.map.descriptor)])
    }

    /// Tables of zeros for the hooks that run; whatever else stands in the slot goes.
    private func prepareHooks(
        _ slot: Int
    ) throws(BPFError) -> (maps: [UInt32: SharedBPFMap], change: OuterChange) {
        var made: [UInt32: SharedBPFMap] = [:]
        for number in size.hooks { made[number] = try PreparedSlot.zero(secd_policy_hook.self, "secd_hook") }
        return (made, putting(made, slot))
    }

    private func write(
        _ list: [GenerationImage.Hook], _ slot: Int, _ ready: PreparedSlot?
    ) throws(BPFError) -> (change: OuterChange, bytes: UInt64) {
        var made: [UInt32: SharedBPFMap] = [:]
        for hook in list {
            if let map = ready?.hooks[hook.number] {
                try map.map.update(UInt32(0), hook.tables)
            } else {
                made[hook.number] = try PreparedSlot.single(hook.tables, "secd_hook")
            }
        }
        let bytes = UInt64(made.count + (ready?.hooks.count ?? 0)) * hookBytes
        guard ready != nil else { return (putting(made, slot), bytes) }
        var change = OuterChange(maps.hooks)
        for (number, map) in made { change.put(place(number, slot), map) }
        hooks[slot].formUnion(made.keys)
        return (change, bytes)
    }

    private func place(_ number: UInt32, _ slot: Int) -> UInt32 {
        UInt32(slot) * UInt32(SECD_POLICY_HOOK_CHUNKS) + number
    }

    /// What makes these the hooks of a slot.
    private func putting(_ made: [UInt32: SharedBPFMap], _ slot: Int) -> OuterChange {
        var change = OuterChange(maps.hooks)
        for (number, map) in made { change.put(place(number, slot), map) }
        for number in hooks[slot] where made[number] == nil { change.put(place(number, slot), noHook) }
        // Noted before the kernel knows: where this generation is given up half-way, all of them may stand
        // there.
        hooks[slot].formUnion(made.keys)
        return change
    }

    private func keys(_ image: GenerationImage, _ known: SharedBPFMap?) throws(BPFError) -> SharedBPFMap {
        let keys = image.keys
        let isRoomy = known.map { keys.count <= $0.map.maxEntries } ?? false
        let map = if let known, isRoomy { known } else { try PreparedSlot.keys(keys.count) }
        try map.map.update(all: keys.map(\.key), keys.map(\.result))
        return map
    }

    private func prefixes(_ image: GenerationImage, _ known: SharedBPFMap?) throws(BPFError) -> SharedBPFMap {
        // Tables are numbered anew in each generation, so the trie of the one before last must not stay.
        let prefixes = image.prefixes
        let isRoomy = known.map { prefixes.count <= $0.map.maxEntries } ?? false
        let map = if let known, isRoomy { known } else { try PreparedSlot.prefixes(prefixes.count) }
        try map.map.update(all: prefixes.map(\.prefix), prefixes.map(\.result))
        return map
    }
}
