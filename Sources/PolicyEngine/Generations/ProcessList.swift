import Glibc
import PolicyModel

/// Processes of this machine, with what marks are about.
struct ProcessList {
    private struct Process {
        var parent: Int32
        var identity: ProcessIdentity
    }

    private var processes: [Int32: Process] = [:]

    /// Numbers of the processes that there are now.
    static func running() -> [Int32] {
        guard let directory = unsafe opendir("/proc") else { return [] }
        defer { unsafe closedir(directory) }
        var found: [Int32] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if let pid = Int32(name) { found.append(pid) }
        }
        return found
    }

    /// Reads procfs.
    init() {
        for pid in Self.running() {
            guard let parent = Self.parent(of: pid) else { continue }
            let own = UInt32(bitPattern: pid)
            processes[pid] = Process(
                parent: parent.pid,
                identity: ProcessIdentity(
                    binary: Self.binary(of: pid), script: ProcessScript.find(pid), pid: own,
                    namespacePID: parent.namespacePID ?? own))
        }
    }

    var pids: [Int32] { processes.keys.sorted() }

    /// The process and those above it.
    func facts(of pid: Int32) -> ProcessFacts {
        guard let process = processes[pid] else {
            let nobody = ProcessIdentity(binary: .unreadable, pid: UInt32(bitPattern: pid), namespacePID: 0)
            return ProcessFacts(identity: nobody, ancestryIsComplete: false)
        }
        var facts = ProcessFacts(identity: process.identity)
        var parent = process.parent
        // A line may be changing while it is read: it has no more members than there are processes.
        while parent != 0, facts.ancestors.count < processes.count {
            guard let next = processes[parent] else {
                facts.ancestryIsComplete = false
                break
            }
            facts.ancestors.append(next.identity)
            parent = next.parent
        }
        return facts
    }

    private static func binary(of pid: Int32) -> Observed<[UInt8]> {
        var path = [CChar](repeating: 0, count: 4097)
        let length = unsafe readlink("/proc/\(pid)/exe", &path, path.count)
        // Kernel threads run no file.
        guard length > 0 else { return errno == ENOENT ? .absent : .unreadable }
        return length > 4096 ? .unreadable : .present(path[..<length].map { UInt8(bitPattern: $0) })
    }

    private static func parent(of pid: Int32) -> (pid: Int32, namespacePID: UInt32?)? {
        guard let file = unsafe fopen("/proc/\(pid)/status", "re") else { return nil }
        defer { unsafe fclose(file) }
        var parent: Int32?
        var inner: UInt32?
        var line = [CChar](repeating: 0, count: 512)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let words = text.split { $0 == "\t" || $0 == " " || $0 == "\n" }
            if text.hasPrefix("PPid:") { parent = words.last.flatMap { Int32($0) } }
            if text.hasPrefix("NStgid:") { inner = words.last.flatMap { UInt32($0) } }
        }
        return parent.map { ($0, inner) }
    }
}
