import BPFRuntime
import CEventABI
import CLinuxShims
import Glibc
import LinuxSystem
import PolicyModel

/// What processes that are older than the programs have now, as what they began with.
struct OriginSeed {
    private let map: SharedBPFMap
    private let replacesAll: Bool

    /// - Parameter replacesAll: what stands there is of an earlier time, when changes were followed, too.
    init(_ map: SharedBPFMap, replacesAll: Bool) {
        self.map = map
        self.replacesAll = replacesAll
    }

    /// Tells the kernel about each process. What cannot be told stays unknown there.
    func write() {
        for pid in ProcessList().pids { write(pid) }
    }

    private func write(_ pid: Int32) {
        guard let descriptor = try? OwnedFD({ secd_pidfd_open(pid) }) else { return }
        let key = UInt32(bitPattern: descriptor.raw)
        if !replacesAll, map.map.lookup(key, as: secd_policy_origin.self)?.is_known ?? 0 != 0 { return }
        guard let origin = Self.origin(of: pid) else { return }
        try? map.map.update(key, origin)
    }

    /// By position in `secd_namespaces`.
    private static let files = [
        "uts", "ipc", "mnt", "pid", "pid_for_children", "net", "time", "time_for_children", "cgroup", "user",
    ]

    private static func origin(of pid: Int32) -> secd_policy_origin? {
        guard let sets = capabilities(of: pid) else { return nil }
        var origin = secd_policy_origin()
        var numbers: [UInt32] = []
        for (index, name) in files.enumerated() {
            // A namespace for children has no name before the first child is there: it is the process's own.
            let own = name.hasSuffix("_for_children") ? numbers[index - 1] : 0
            numbers.append(namespace(name, of: pid) ?? own)
        }
        // Not every kernel has namespaces of time.
        let isKnown = files.indices.allSatisfy { numbers[$0] != 0 || files[$0].hasPrefix("time") }
        guard isKnown else { return nil }
        CArray.copy(numbers, to: &origin.namespaces)
        origin.inheritable = sets.inheritable
        origin.permitted = sets.permitted
        origin.effective = sets.effective
        origin.is_known = 1
        return origin
    }

    private static func namespace(_ name: String, of pid: Int32) -> UInt32? {
        // mnt:[4026531841]
        var text = [CChar](repeating: 0, count: 64)
        let length = unsafe readlink("/proc/\(pid)/ns/\(name)", &text, text.count)
        guard length > 0 else { return nil }
        let link = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return UInt32(link.drop { $0 != "[" }.dropFirst().dropLast())
    }

    private static func capabilities(
        of pid: Int32
    ) -> (inheritable: UInt64, permitted: UInt64, effective: UInt64)? {
        guard let file = unsafe fopen("/proc/\(pid)/status", "re") else { return nil }
        defer { unsafe fclose(file) }
        var found: [Substring: UInt64] = [:]
        var line = [CChar](repeating: 0, count: 512)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix("Cap") else { continue }
            let words = text.split { $0 == "\t" || $0 == " " || $0 == "\n" }
            if words.count == 2 { found[words[0]] = UInt64(words[1], radix: 16) }
        }
        guard let inheritable = found["CapInh:"], let permitted = found["CapPrm:"],
            let effective = found["CapEff:"]
        else { return nil }
        return (inheritable, permitted, effective)
    }
}
