import BPFRuntime
import CEventABI
import CLinuxShims
import LinuxSystem
import PolicyModel

/// Scripts of processes that are older than the programs which follow them.
struct ScriptSeed {
    private let map: SharedBPFMap

    init(_ map: SharedBPFMap) { self.map = map }

    /// Forgets what an earlier time of the programs has left: nobody has followed these processes since.
    func clear() {
        for pid in ProcessList.running() {
            guard let descriptor = try? OwnedFD({ secd_pidfd_open(pid) }) else { continue }
            try? map.map.delete(UInt32(bitPattern: descriptor.raw))
        }
    }

    /// Tells the kernel about each process, and once more about those that came meanwhile.
    func write() {
        let processes = ProcessList.running()
        for pid in processes { write(pid) }
        for pid in Set(ProcessList.running()).subtracting(processes) { write(pid) }
    }

    private func write(_ pid: Int32) {
        guard let descriptor = try? OwnedFD({ secd_pidfd_open(pid) }) else { return }
        let key = UInt32(bitPattern: descriptor.raw)
        let script = ProcessScript.find(pid)
        // What the programs have seen themselves is exact.
        guard script != .absent, map.map.lookup(key, as: secd_policy_script.self) == nil else { return }
        try? map.map.update(key, Self.record(script))
        // Another program runs meanwhile: its exec said what it is before this was written.
        if ProcessScript.find(pid) != script { try? map.map.delete(key) }
    }

    private static func record(_ script: Observed<[UInt8]>) -> secd_policy_script {
        var record = secd_policy_script()
        record.image = SECD_POLICY_ANY_IMAGE
        guard case .present(let path) = script, path.count <= Int(SECD_POLICY_SCRIPT_MAX) else {
            record.is_unreadable = 1
            return record
        }
        record.length = UInt32(path.count)
        CArray.copy(path, to: &record.text)
        return record
    }
}
