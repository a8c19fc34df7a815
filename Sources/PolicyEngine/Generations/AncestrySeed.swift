import BPFRuntime
import CEventABI
import CLinuxShims
import LinuxSystem
import PolicyCompiler
import PolicyModel
import SystemPackage

/// Marks of processes that are older than a generation: user space knows who is above them, the programs
/// do not.
struct AncestrySeed {
    private let map: SharedBPFMap
    private let tables: Generation
    private let generation: UInt32

    init(_ map: SharedBPFMap, _ tables: Generation, generation: UInt32) {
        self.map = map
        self.tables = tables
        self.generation = generation
    }

    /// Tells the kernel about each process that it has not been told of. What cannot be told stays unknown
    /// there.
    func write() {
        guard !tables.lineageTables.isEmpty else { return }
        let processes = ProcessList()
        for pid in processes.pids { write(pid, processes) }
    }

    private func write(_ pid: Int32, _ processes: ProcessList) {
        guard let descriptor = try? OwnedFD({ secd_pidfd_open(pid) }) else { return }
        let key = UInt32(bitPattern: descriptor.raw)
        var ancestry = map.map.lookup(key, as: secd_policy_ancestry.self) ?? secd_policy_ancestry()
        let slot = Int(generation & 1)
        let known: secd_policy_above = CArray.get(ancestry.slot, slot)
        guard known.generation != generation else { return }
        let state = ProcessState(processes.facts(of: pid), in: tables)
        var above = secd_policy_above(
            generation: generation, reserved: 0, set: (0, 0, 0, 0), unknown: (0, 0, 0, 0))
        CArray.copy(Self.words(state.inherited.set), to: &above.set)
        CArray.copy(Self.words(state.inherited.unknown), to: &above.unknown)
        CArray.set(&ancestry.slot, slot, above)
        try? map.map.update(key, ancestry)
    }

    private static func words(_ bits: Set<Int>) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: Int(SECD_POLICY_MARK_WORDS))
        for bit in bits where bit >> 6 < words.count { words[bit >> 6] |= 1 << UInt64(bit & 63) }
        return words
    }
}
