import CLinuxShims
import Glibc
import LinuxSystem
import Logging
import PolicyEngine
import Synchronization
import SystemPackage

/// The thread that ends the other processes of a tree or of a container.
final class ProcessKiller: Sendable {
    /// What it did.
    struct Counts: Sendable {
        /// Processes that got the signal.
        var killed: UInt64 = 0
        /// Containers whose processes were ended.
        var containers: UInt64 = 0
        /// KillContainer met a process outside of containers.
        var withoutContainer: UInt64 = 0
        /// What the kernel or a rule of safety refused.
        var refused: UInt64 = 0
    }

    private enum Job: Sendable {
        case processes([ProcessID])
        case container([UInt8])
    }

    private struct State {
        var jobs: [Job] = []
        var counts = Counts()
        var isStopping = false
    }

    /// The first process in the initial pid namespace.
    private static let firstProcess: UInt32 = 1
    /// How long marked processes make no system call after the last that was found, nanoseconds: long enough for
    /// what was in the middle of a call.
    private static let patience: UInt64 = 5_000_000_000

    private let state = Mutex(State())
    private let wake: EventFD
    private let marks: TreeMarks
    /// That of the containers' cgroups.
    private let hierarchy: CgroupHierarchy?
    private let logger: Logger

    /// - Throws: `Errno` where no thread or descriptor can be made.
    init(_ marks: TreeMarks, hierarchy: CgroupHierarchy?, logger: Logger) throws(Errno) {
        self.marks = marks
        self.hierarchy = hierarchy
        self.logger = logger
        wake = try EventFD()
        try LinuxSystem.Thread(name: "secd-kills") { self.run() }.detach()
    }

    /// Lets the thread end when everything is done.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
    }

    /// Ends processes. Does not wait for it.
    func kill(_ processes: [ProcessID]) {
        guard !processes.isEmpty else { return }
        submit(.processes(processes))
    }

    /// Ends everything in a cgroup, by its path in the hierarchy. Does not wait for it.
    func kill(container path: [UInt8]) { submit(.container(path)) }

    /// Adds to a count.
    func count(_ change: (inout Counts) -> Void) {
        state.withLock { change(&$0.counts) }
    }

    var counts: Counts { state.withLock { $0.counts } }

    private func submit(_ job: Job) {
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    private func run() {
        // Nil = nobody is marked.
        var deadline: UInt64?
        while true {
            let isAwake = (try? wake.wait(until: deadline)) ?? true
            wake.drain()
            let (jobs, isStopping) = state.withLock { state in
                defer { state.jobs.removeAll() }
                return (state.jobs, state.isStopping)
            }
            for job in jobs {
                switch job {
                case .processes(let processes):
                    if deadline == nil { stopCalls() }
                    for process in processes { kill(process) }
                    deadline = MonotonicClock.now &+ Self.patience
                case .container(let path): endContainer(path)
                }
            }
            if isStopping, jobs.isEmpty {
                marks.letCalls()
                return
            }
            if !isAwake, jobs.isEmpty {
                marks.letCalls()
                deadline = nil
            }
        }
    }

    private func stopCalls() {
        do {
            try marks.stopCalls()
        } catch {
            logger.error("system calls of a tree that is killed are not stopped: \(error)")
        }
    }

    private func kill(_ process: ProcessID) {
        guard process.pid != Self.firstProcess, process.pid != UInt32(getpid()) else { return }
        let number = Int32(bitPattern: process.pid)
        do throws(Errno) {
            let descriptor = try OwnedFD { secd_pidfd_open(number) }
            // Compared while the descriptor holds the process: from here on it cannot become another.
            guard try ProcessLife.isAlive(number, since: process.start) else { return }
            // First: who forks now forks a marked child.
            _ = marks.mark(pidfd: descriptor.raw)
            try SystemCall.result { secd_pidfd_send_signal(descriptor.raw, SIGKILL) }
            count { $0.killed += 1 }
        } catch {
            // Ended by itself.
            if error == .noSuchProcess { return }
            logger.error("process \(process.pid) is not killed: \(error)")
            count { $0.refused += 1 }
        }
    }

    private func endContainer(_ path: [UInt8]) {
        let name = String(decoding: path, as: UTF8.self)
        // What cannot be read is spared, too.
        guard let hierarchy, path.count > 1, hierarchy.holds(UInt32(getpid()), in: name) == false,
            hierarchy.holds(Self.firstProcess, in: name) == false
        else {
            logger.error("KillContainer spares \(name): the daemon or the first process is in it, or may be")
            return count { $0.refused += 1 }
        }
        do {
            if hierarchy.isUnified {
                let file = try OwnedFD.open(hierarchy.root + name + "/cgroup.kill", O_WRONLY)
                let one = [UInt8(ascii: "1")]
                if let failure = unsafe file.writeAll(one.span.bytes).failure { throw failure }
            } else {
                try LegacyContainerEnd.end(name, in: hierarchy)
            }
            count { $0.containers += 1 }
        } catch {
            // Gone meanwhile: then its processes are, too.
            if let errno = error as? Errno, errno == .noSuchFileOrDirectory { return }
            logger.error("KillContainer: \(name) (\(hierarchy)): \(error)")
            count { $0.refused += 1 }
        }
    }
}
