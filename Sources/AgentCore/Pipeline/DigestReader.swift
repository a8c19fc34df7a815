import LinuxSystem
import Synchronization
import SystemPackage

/// A thread that reads executables: a file of 256 MiB takes a third of a second, and one on a file system
/// that hangs any time. Nobody else waits for it longer than he wants to.
final class DigestReader: Sendable {
    /// Files that may wait.
    private static let limit = 256

    private struct State {
        var waiting: [(key: BinaryDigests.Key, file: ExecutableFile)] = []
        var done: [(key: BinaryDigests.Key, digest: [UInt8]?, isCertain: Bool)] = []
        var isBusy = false
        var isStopping = false
    }

    private let state = Mutex(State())
    private let work: EventFD
    private let results: EventFD

    /// - Throws: `Errno` where no thread or descriptor can be made.
    init() throws(Errno) {
        work = try EventFD()
        results = try EventFD()
        try LinuxSystem.Thread(name: "secd-digests") { self.run() }.detach()
    }

    /// Lets the thread end when it is through with its file.
    func stop() {
        state.withLock { $0.isStopping = true }
        work.signal()
    }

    /// Whether nothing is being read.
    var isIdle: Bool { state.withLock { !$0.isBusy && $0.waiting.isEmpty } }

    /// Has a file read; false = too many wait.
    func submit(_ key: BinaryDigests.Key, _ file: ExecutableFile) -> Bool {
        let taken = state.withLock { state in
            guard state.waiting.count < Self.limit else { return false }
            state.waiting.append((key, file))
            return true
        }
        if taken { work.signal() }
        return taken
    }

    /// What was read since the last call. A digest that is not certain is that of a file which was changed so
    /// recently that a further change would not show.
    func take() -> [(key: BinaryDigests.Key, digest: [UInt8]?, isCertain: Bool)] {
        results.drain()
        return state.withLock { state in
            let done = state.done
            state.done.removeAll()
            return done
        }
    }

    /// Waits until something was read, at most until `deadline` (CLOCK_MONOTONIC, nanoseconds).
    func wait(until deadline: UInt64) {
        _ = try? results.wait(until: deadline)
    }

    private func run() {
        while true {
            _ = try? work.wait(until: nil)
            work.drain()
            while let (key, file) = next() {
                let began = RealtimeClock.now
                let digest = file.digest()
                state.withLock {
                    $0.done.append((key, digest, key.changed &+ BinaryDigests.clockTick < began))
                    $0.isBusy = false
                }
                results.signal()
            }
            if state.withLock({ $0.isStopping }) { return }
        }
    }

    private func next() -> (key: BinaryDigests.Key, file: ExecutableFile)? {
        state.withLock { state in
            guard !state.isStopping, !state.waiting.isEmpty else { return nil }
            state.isBusy = true
            return state.waiting.removeFirst()
        }
    }
}
