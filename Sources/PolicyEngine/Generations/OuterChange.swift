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

    init(_ outer: SharedBPFMap) { self.outer = outer }

    /// A single one.
    init(_ outer: SharedBPFMap, _ key: UInt32, _ map: SharedBPFMap) {
        self.outer = outer
        put(key, map)
    }

    mutating func put(_ key: UInt32, _ map: SharedBPFMap) {
        keys.append(key)
        maps.append(map)
    }

    private func apply() throws(BPFError) {
        try outer.map.update(all: keys, maps.map { UInt32($0.map.descriptor) })
    }

    /// Puts all of them. Each map of maps waits for all programs that run; side by side they wait together.
    /// - Throws: `BPFError` of the first that failed; others may be done.
    static func apply(_ changes: [OuterChange]) throws(BPFError) {
        let wanted = changes.filter { !$0.keys.isEmpty }
        guard let last = wanted.last else { return }
        let others = begin(wanted.dropLast())
        var failure: BPFError?
        do throws(BPFError) { try last.apply() } catch { failure = error }
        try others.finish()
        if let failure { throw failure }
    }

    /// Begins to put all of them, on threads of their own.
    static func begin(_ changes: some Sequence<OuterChange>) -> Pending {
        Pending(changes.filter { !$0.keys.isEmpty }.map { Work($0) })
    }

    /// Changes on their way.
    final class Pending {
        private let work: [Work]

        fileprivate init(_ work: [Work]) {
            self.work = work
            for item in work { item.start() }
        }

        deinit {
            for item in work { item.finish() }
        }

        /// Waits until the kernel has them, and no program is in what stood there.
        /// - Throws: `BPFError` of the first that failed; others may be done.
        func finish() throws(BPFError) {
            for item in work { item.finish() }
            for item in work {
                if let error = item.error { throw error }
            }
        }
    }

    /// One change on its way; `error` is written by the thread that runs it and read after its end.
    fileprivate final class Work: @unchecked Sendable {
        private let change: OuterChange
        private var isDone = false
        private(set) var error: BPFError?
        private var thread: LinuxSystem.Thread?

        init(_ change: OuterChange) { self.change = change }

        private func run() {
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
