import LinuxSystem
import PolicyCompiler
import Sensors
import Synchronization
import SystemPackage

/// The thread that reads the functions of programs, which may be large or lie on a file system that hangs. What it
/// has read it keeps: a program is read once.
final class SymbolReader: Sendable {
    /// A file of a program as a process has it mapped.
    struct File: Hashable, Sendable {
        var inode: UInt64
        var path: String
    }

    private struct State {
        var waiting: [(file: File, pid: UInt32)] = []
        /// Nil = it has no functions, or could not be read.
        var tables: [File: SymbolTable?] = [:]
        var bytes = 0
    }

    /// Files that may wait; names of further ones are not known this time.
    private static let waitingLimit = 64
    /// What all tables may take, bytes. Beyond it everything is forgotten: programs that still run are read again.
    private static let memoryLimit = 32 << 20

    private let state = Mutex(State())
    private let work: EventFD
    private let results: EventFD

    /// - Throws: `Errno` where no thread or descriptor can be made.
    init() throws(Errno) {
        work = try EventFD()
        results = try EventFD()
        try LinuxSystem.Thread(name: "secd-symbols") { self.run() }.detach()
    }

    /// The functions of a file that a process has mapped.
    /// - Parameter deadline: CLOCK_MONOTONIC, nanoseconds; then they are not known yet, and are the next time.
    /// - Returns: nil where it has none, or they are not known yet.
    func table(of file: File, mappedBy pid: UInt32, until deadline: UInt64) -> SymbolTable? {
        while true {
            let (known, isWaiting) = state.withLock { state -> (SymbolTable??, Bool) in
                if let known = state.tables[file] { return (known, false) }
                if state.waiting.contains(where: { $0.file == file }) { return (nil, true) }
                guard state.waiting.count < Self.waitingLimit else { return (nil, false) }
                state.waiting.append((file, pid))
                return (nil, true)
            }
            if let known { return known }
            guard isWaiting else { return nil }
            work.signal()
            guard (try? results.wait(until: deadline)) ?? false else { return nil }
            results.drain()
        }
    }

    private func run() {
        while true {
            _ = try? work.wait(until: nil)
            work.drain()
            while let (file, pid) = state.withLock({ $0.waiting.first }) {
                let table = Self.read(file, pid)
                state.withLock { state in
                    state.waiting.removeFirst()
                    state.bytes += table?.bytes ?? 0
                    if state.bytes > Self.memoryLimit {
                        state.tables = [:]
                        state.bytes = table?.bytes ?? 0
                    }
                    state.tables[file] = .some(table)
                }
                results.signal()
            }
        }
    }

    private static func read(_ file: File, _ pid: UInt32) -> SymbolTable? {
        do throws(ProgramObstacle) {
            // Its own view of the file system: the path means something else, or nothing, elsewhere.
            let program = try ProgramReader().open("/proc/\(pid)/root\(file.path)")
            guard program.identity.inode == file.inode else { return nil }
            let table = program.image.functions()
            return table.count > 0 ? table : nil
        } catch {
            return nil
        }
    }
}
