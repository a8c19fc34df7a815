public import BPFRuntime
import Synchronization

/// KillTree in the kernel: who is marked forks marked children, and makes no system call while `stopCalls` holds.
///
/// Marks go with their tasks. Nothing is pinned: what it attached ends with it.
public final class TreeMarks: @unchecked Sendable {
    // @unchecked: `forks` is the engine's owner's, the rest is touched under the lock alone.

    private let map: SharedBPFMap
    private let lock = Mutex(())
    private var programs: (forks: LoadedPrograms, calls: LoadedPrograms)?
    private var forks: BPFLink?
    private var calls: BPFLink?

    private static let onFork = "on_fork_doomed"
    private static let onCall = "on_call_doomed"

    init(_ map: SharedBPFMap) { self.map = map }

    /// From here on children of marked processes are marked.
    /// - Throws: `BPFError` where the kernel refuses the programs.
    func follow(_ engine: EnginePrograms) throws(BPFError) {
        guard forks == nil else { return }
        let loaded = (try engine.common(Self.onFork), try engine.common(Self.onCall))
        // The owner alone comes here, and the other thread looks at `programs` and `calls` only.
        forks = try loaded.0.file.attach(Self.onFork)
        lock.withLock { _ in programs = loaded }
    }

    /// No policy kills trees any more.
    func stopFollowing() { forks = nil }

    /// Marks a process, by a pidfd; false where it is gone.
    public func mark(pidfd: Int32) -> Bool {
        do throws(BPFError) {
            try map.map.update(UInt32(bitPattern: pidfd), UInt32(1))
            return true
        } catch {
            return false
        }
    }

    /// From here on who is marked is killed at its next system call. Costs every system call of the machine
    /// something, so it is taken back when the tree is gone.
    /// - Throws: `BPFError` where the kernel refuses.
    public func stopCalls() throws(BPFError) {
        var failure: BPFError?
        lock.withLock { _ in
            guard calls == nil, let programs else { return }
            do throws(BPFError) {
                calls = try programs.calls.file.attach(Self.onCall)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Nobody is marked any more.
    public func letCalls() {
        lock.withLock { _ in calls = nil }
    }
}
