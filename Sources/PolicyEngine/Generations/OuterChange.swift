import BPFRuntime
import LinuxSystem
import SystemPackage

/// Maps that shall stand in a map of maps.
struct OuterChange: Sendable {
    private let outer: SharedBPFMap
    /// Where.
    private(set) var keys: [UInt32] = []
    /// Kept open until the kernel has them.
    private var maps: [SharedBPFMap] = []
    /// Memory of the maps that are new, bytes.
    private(set) var bytes: UInt64 = 0

    init(_ outer: SharedBPFMap) { self.outer = outer }

    mutating func put(_ key: UInt32, _ map: SharedBPFMap, isNew: Bool = true) {
        keys.append(key)
        maps.append(map)
        if isNew { bytes += map.map.kernelBytes }
    }

    private func apply() throws(BPFError) {
        try outer.map.update(all: keys, maps.map { UInt32($0.map.descriptor) })
    }

    /// Puts all of them. Each map of maps waits for all programs that run; side by side they wait together.
    /// - Throws: `BPFError` of the first that failed; others may be done.
    static func apply(_ changes: [OuterChange]) throws(BPFError) {
        let work = changes.filter { !$0.keys.isEmpty }.map { Work($0) }
        for item in work.dropFirst() { item.start() }
        work.first?.run()
        for item in work { item.finish() }
        for item in work {
            if let error = item.error { throw error }
        }
    }

    /// One change on its way; `error` is written by the thread that runs it and read after its end.
    private final class Work: @unchecked Sendable {
        private let change: OuterChange
        private var isDone = false
        private(set) var error: BPFError?
        private var thread: LinuxSystem.Thread?

        init(_ change: OuterChange) { self.change = change }

        func run() {
            do throws(BPFError) { try change.apply() } catch { self.error = error }
            isDone = true
        }

        /// Without another thread the work is done when it is asked for.
        func start() { thread = try? LinuxSystem.Thread(name: "generation") { self.run() } }

        func finish() {
            if let thread = thread.take() { thread.join() }
            if !isDone { run() }
        }
    }
}
