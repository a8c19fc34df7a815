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
    /// Chunks that may stand in each slot.
    private var used = [0, 0]

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
    }

    /// Makes chunks of values, for a slot.
    func chunks<Value: BitwiseCopyable>(_ values: [Value], _ slot: Int) throws(BPFError) -> OuterChange {
        var change = OuterChange(outer)
        let base = UInt32(slot * chunks)
        var start = 0
        while start < values.count {
            let part = Array(values[start..<min(start + size, values.count)])
            let chunk = try BPFMap(
                making: .array, name: "secd_chunk", keySize: 4, valueSize: valueSize, maxEntries: size)
            try chunk.update(all: part.indices.map { UInt32($0) }, part)
            change.put(base + UInt32(change.keys.count), SharedBPFMap(chunk))
            start += size
        }
        let count = change.keys.count
        while change.keys.count < used[slot] {
            change.put(base + UInt32(change.keys.count), empty, isNew: false)
        }
        // Where this generation is given up half-way, there may be as many as before, or as many as now.
        used[slot] = max(used[slot], count)
        return change
    }
}
