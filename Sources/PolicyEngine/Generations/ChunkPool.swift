import BPFRuntime
import SystemPackage

/// A pool: a map of maps in which arrays of one size stand behind each other, for each slot.
final class ChunkPool {
    private let outer: SharedBPFMap
    private let chunks: Int
    private let size: Int
    private let valueSize: Int
    /// Takes the places of chunks that are not needed any more.
    private let empty: SharedBPFMap
    /// Memory of a chunk, bytes: all are as large as the empty one.
    private let chunkBytes: UInt64
    /// Chunks that may stand in each slot.
    private var used = [0, 0]
    /// Chunks of the values that were written last.
    private var needed = 0

    /// - Parameters:
    ///   - chunks: of one slot.
    ///   - size: values of a chunk.
    init<Value: BitwiseCopyable>(
        _ outer: SharedBPFMap, chunks: Int32, size: Int32, of: Value.Type
    ) throws(BPFError) {
        self.outer = outer
        self.chunks = Int(chunks)
        self.size = Int(size)
        valueSize = MemoryLayout<Value>.stride
        empty = SharedBPFMap(
            try BPFMap(
                making: .array, name: "secd_no_chunk", keySize: 4, valueSize: MemoryLayout<Value>.stride,
                maxEntries: Int(size)))
        chunkBytes = empty.map.kernelBytes
    }

    private func chunk() throws(BPFError) -> SharedBPFMap {
        SharedBPFMap(
            try BPFMap(
                making: .array, name: "secd_chunk", keySize: 4, valueSize: valueSize, maxEntries: size))
    }

    /// What makes these the chunks of a slot.
    private func putting(_ made: [SharedBPFMap], _ slot: Int) -> OuterChange {
        var change = OuterChange(outer)
        let base = UInt32(slot * chunks)
        for (index, chunk) in made.enumerated() { change.put(base + UInt32(index), chunk) }
        while change.keys.count < used[slot] { change.put(base + UInt32(change.keys.count), empty) }
        // Where this generation is given up half-way, there may be as many as before, or as many as now.
        used[slot] = max(used[slot], made.count)
        return change
    }

    /// Makes as many chunks of zeros as the values had that were written last. With the change a slot has
    /// these and no others.
    func prepare(_ slot: Int) throws(BPFError) -> (chunks: [SharedBPFMap], change: OuterChange) {
        var made: [SharedBPFMap] = []
        while made.count < needed { made.append(try chunk()) }
        return (made, putting(made, slot))
    }

    /// Writes values to the chunks that were prepared for a slot, and makes those that are missing.
    /// - Parameter prepared: nil = the slot has others.
    /// - Returns: what is still to be put there, and the memory of all chunks, bytes.
    func write<Value: BitwiseCopyable>(
        _ values: [Value], _ slot: Int, _ prepared: [SharedBPFMap]?
    ) throws(BPFError) -> (change: OuterChange, bytes: UInt64) {
        var standing = prepared ?? []
        let known = standing.count
        needed = 0
        for start in stride(from: 0, to: values.count, by: size) {
            let part = values[start..<min(start + size, values.count)]
            if needed == standing.count { standing.append(try chunk()) }
            try standing[needed].map.update(all: (0..<part.count).map { UInt32($0) }, Array(part))
            needed += 1
        }
        let bytes = UInt64(standing.count) * chunkBytes
        guard prepared != nil else { return (putting(standing, slot), bytes) }
        var change = OuterChange(outer)
        for index in known..<standing.count { change.put(UInt32(slot * chunks + index), standing[index]) }
        used[slot] = max(used[slot], standing.count)
        return (change, bytes)
    }
}
