import CEventABI
import EventDecoder
import EventModel
import ProcessTree

/// A process by its pid and its start: a pid alone is given again.
struct ProcessID: Hashable, Sendable {
    var pid: UInt32
    /// start_boottime, nanoseconds.
    var start: UInt64

    init(_ process: ProcessObject) {
        pid = process.image.head.image.pid
        start = process.image.head.process_start_ns
    }
}

/// What KillTree and KillContainer leave to user space: who else is meant. Owned by the worker, which hears of
/// every fork in its order: who is forked while a tree is being killed is found by its parent.
struct KillOrders {
    /// Processes of a tree that is being killed, until their ends are told. Beyond this nobody is added: their
    /// children are then found by the marks of the kernel alone.
    private static let limit = 65_536

    private let killer: ProcessKiller
    private let scope: EngineScope
    private var doomed: Set<ProcessID> = []

    /// - Parameter scope: what is outside is spared.
    init(_ killer: ProcessKiller, _ scope: EngineScope) {
        self.killer = killer
        self.scope = scope
    }

    /// A rule acted on a process.
    mutating func take(
        _ orders: PolicyOrders, on process: ProcessObject?, cgroup: CgroupTable.Name, _ tree: ProcessTree
    ) {
        if orders.contains(.killTree), let process { killTree(of: process, tree) }
        if orders.contains(.killContainer) {
            if let path = Self.container(cgroup) {
                // A container that is larger than the scope: all that is known is that one process is inside.
                if scope.holds(cgroup: path) {
                    killer.kill(container: path)
                } else {
                    killer.count { $0.refused += 1 }
                }
            } else {
                killer.count { $0.withoutContainer += 1 }
            }
        }
    }

    private mutating func killTree(of root: ProcessObject, _ tree: ProcessTree) {
        add(ProcessID(root))
        var targets: [ProcessID] = []
        for process in tree.all where process.state == .alive && EngineScope.holds(process) {
            let id = ProcessID(process)
            guard !doomed.contains(id), hasDoomedAncestor(process) else { continue }
            targets.append(id)
        }
        for target in targets { add(target) }
        killer.kill(targets)
    }

    private func hasDoomedAncestor(_ process: ProcessObject) -> Bool {
        var ancestor = process.parent
        var depth = 0
        while let next = ancestor, depth < ProcessObject.deepestAncestry {
            if doomed.contains(ProcessID(next)) { return true }
            ancestor = next.parent
            depth += 1
        }
        return false
    }

    private mutating func add(_ id: ProcessID) {
        if doomed.count < Self.limit { doomed.insert(id) }
    }

    /// A process was forked.
    @inline(__always)
    mutating func forked(_ process: ProcessObject) {
        guard !doomed.isEmpty, let parent = process.parent, doomed.contains(ProcessID(parent)),
            EngineScope.holds(process)
        else { return }
        add(ProcessID(process))
        killer.kill([ProcessID(process)])
    }

    /// A process ended. Those that it forked have been told before.
    @inline(__always)
    mutating func ended(_ process: ProcessObject) {
        guard !doomed.isEmpty else { return }
        doomed.remove(ProcessID(process))
    }

    /// The cgroup of the container that a cgroup belongs to; nil where it belongs to none.
    static func container(_ cgroup: CgroupTable.Name) -> [UInt8]? {
        guard !cgroup.containerID.isEmpty else { return nil }
        let slash = UInt8(ascii: "/")
        var end = cgroup.path.count
        while end > 0 {
            let start = cgroup.path[..<end].lastIndex(of: slash) ?? 0
            let above = Array(cgroup.path[..<start])
            // The innermost name that gives an id: without it there is another container, or none.
            if ContainerID.prefix(inCgroup: above) != cgroup.containerID {
                return Array(cgroup.path[..<end])
            }
            end = start
        }
        return nil
    }
}
