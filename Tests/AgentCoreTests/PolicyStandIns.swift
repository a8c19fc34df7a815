import AgentCore
import AgentModel
import Glibc
import LinuxSystem
import Logging
import PolicyCompiler
import PolicyModel
import Synchronization
import Testing

/// An engine in memory: runs what it is given, and refuses what a test names.
final class MemoryRuntime: PolicyRuntime {
    private struct State {
        var running: [RunnablePolicy] = []
        var replacements = 0
        var refused: [String: String] = [:]
        var general: String?
    }
    private let state = Mutex(State())

    /// Names of what runs, in its order.
    var names: [String] { state.withLock { $0.running.map(\.policy.name) } }
    var running: [RunnablePolicy] { state.withLock(\.running) }
    var replacements: Int { state.withLock(\.replacements) }

    /// From now on policies whose first hook has this message are refused.
    func refuse(message: String, because reason: String) { state.withLock { $0.refused[message] = reason } }

    /// From now on nothing can be replaced.
    func refuseAll(because reason: String?) { state.withLock { $0.general = reason } }

    func replace(with policies: [RunnablePolicy]) throws(PolicyRefusal) -> [PolicyReport] {
        let refusal = state.withLock { state -> PolicyRefusal? in
            if let general = state.general { return PolicyRefusal(reason: general) }
            let faults = policies.compactMap { policy -> PolicyRefusal.Fault? in
                guard let hook = policy.policy.hooks.first, let reason = state.refused[hook.event.message]
                else { return nil }
                return PolicyRefusal.Fault(policy: policy.id, place: hook.place, reason: reason)
            }
            if !faults.isEmpty { return PolicyRefusal(faults: faults, reason: "some cannot run") }
            state.running = policies
            state.replacements += 1
            return nil
        }
        if let refusal { throw refusal }
        return policies.map { policy in
            PolicyReport(
                id: policy.id,
                hooks: policy.policy.hooks.flatMap { hook in
                    hook.points.map {
                        HookReport(path: hook.path, point: $0, mechanism: "memory", effect: .prevent)
                    }
                }, kernelBytes: 100)
        }
    }

    func counts() -> [PolicyCounts] {
        running.map { policy in
            PolicyCounts(
                id: policy.id,
                selectors: [
                    SelectorCounts(hook: 0, selector: 0, actions: ActionCounts(posts: 5, signals: 1))
                ])
        }
    }
}

/// The machine's links; what programs contain is not looked at.
struct NamedFiles: ProgramFiles {
    func open(_ path: String) throws(ProgramObstacle) -> OpenProgram {
        throw ProgramObstacle(.file, "is not looked into")
    }

    func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes {
        throw ProgramObstacle(.file, "is not looked into")
    }

    func resolved(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}

/// A folder with policies, a state directory, and what a store is made of.
struct PolicyFolder {
    let root: String
    var policies: String { root + "/policies" }
    var state: String { root + "/state" }
    /// Where the store keeps what the API brought.
    var kept: String { state + "/policies" }

    init() throws {
        var template = Array("/tmp/secd-policies-XXXXXX".utf8CString)
        root = unsafe String(cString: try #require(unsafe mkdtemp(&template)))
        try FileTree.makeDirectory(root + "/policies", permissions: 0o700)
        try FileTree.makeDirectory(root + "/state", permissions: 0o700)
    }

    func remove() {
        for folder in [kept, "\(state)/\(PolicyStore.clusterFolder)", state, policies, root] {
            for name in (try? FileTree.names(in: folder)) ?? [] { try? FileTree.remove("\(folder)/\(name)") }
            unsafe rmdir(folder)
        }
    }

    func options(_ edit: (inout PolicyOptions) -> Void = { _ in }) -> PolicyOptions {
        var options = PolicyOptions(paths: [policies], stateDirectory: state)
        edit(&options)
        return options
    }

    /// Writes a file of the folder and closes it.
    func write(_ name: String, _ text: String) throws {
        do {
            let file = try OwnedFD.open("\(policies)/\(name)", O_WRONLY | O_CREAT | O_TRUNC)
            let progress = unsafe file.writeAll(Array(text.utf8).span.bytes)
            #expect(progress.failure == nil)
        }
        try awaitClosed(name)
    }

    /// F_SETLEASE of linux/fcntl.h, which the Glibc module leaves out.
    private static let setLease: Int32 = 1024

    /// Returns once nobody has a file open for writing. A child that another test starts has a copy of every
    /// descriptor until it executes, and what is watched for is the last close: a read lease is what the kernel
    /// gives only after that.
    func awaitClosed(_ name: String) throws {
        let file = try OwnedFD.open("\(policies)/\(name)", O_RDONLY)
        while fcntl(file.raw, Self.setLease, Int32(F_RDLCK)) != 0 {
            try #require(errno == EAGAIN)
            sched_yield()
        }
    }

    /// A store that has started.
    func store(_ runtime: MemoryRuntime, _ edit: (inout PolicyOptions) -> Void = { _ in }) -> PolicyStore {
        let store = PolicyStore(options(edit), runtime: runtime, logger: Self.logger)
        store.start()
        return store
    }

    static var logger: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    /// A policy that kills who opens a file, or what `selectors` says; the message tells versions apart.
    static func policy(
        _ name: String, message: String = "one", head: String = "",
        selectors: String =
            "- matchArgs: [{index: 1, operator: Equal, values: [/etc/key]}]\n      matchActions: [{action: Sigkill}]"
    ) -> String {
        """
        apiVersion: cilium.io/v1alpha1
        kind: TracingPolicy
        metadata:
          name: \(name)
        spec:\(head)
          kprobes:
          - call: sys_openat
            message: \(message)
            args:
            - {index: 0, type: int}
            - {index: 1, type: string}
            selectors:
            \(selectors)

        """
    }
}

extension PolicyAddition {
    init(_ text: String, source: String = "", replaces: Bool = false, isForced: Bool = false) {
        self.init(yaml: Array(text.utf8), source: source, replaces: replaces, isForced: isForced)
    }
}
