import AgentCore
import CEventABI
import Glibc
import Sensors
import Testing

/// An engine that watches a part of the machine, and how a process gets there.
final class ScopedPart {
    let agent: LiveAgent
    let enter: [Step]

    /// - Parameter observing: With sockets and files; taking that down costs seconds.
    init(netns: Int = 0, cgroup: String? = nil, enter: [Step], observing: Bool) throws {
        self.enter = enter
        agent = try LiveAgent {
            $0.events.unwanted = []
            $0.sensors.sockets = observing
            $0.sensors.files = observing ? FileTree.watched : []
            $0.sensors.agent.net_scope = UInt64(netns)
            if let cgroup, let root = Kernel.cgroupRoot {
                $0.sensors.agent.cgroup_scope = UInt64(Kernel.inode(cgroup) ?? 0)
                $0.sensors.agent.cgroup_level = UInt32(
                    cgroup.dropFirst(root.count).split(separator: "/").count)
            }
        }
        try agent.start()
    }

    deinit { agent.stop() }

    /// Everything that happened before the call has been delivered: a process inside comes after it.
    func settle() throws {
        let mark = agent.capture.count
        let marker = try Activity(enter + [.fork])
        try marker.wait()
        _ = try agent.expect("process_exit", of: marker.pid, from: mark)
    }

    /// The kinds of events of a process, from its fork on; none = it was not told.
    func kinds(of pid: Int, from mark: Int = 0) -> [String] {
        agent.capture.events(of: pid, from: mark).map(\.kind)
    }

    var isComplete: Bool { !agent.capture.all.contains { $0.kind == "stream_gap" } }
}

/// A v2 cgroup, removed at the end.
final class ScopeCgroup {
    let path: String

    init(_ name: String) throws {
        path = (Kernel.cgroupRoot ?? "") + "/secd-scope-\(getpid())-\(name)"
        try Activity.run(Step("mkdir", path))
    }

    deinit { _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", path])) }

    var name: String { path.split(separator: "/").last.map(String.init) ?? "" }
    var enter: [Step] { [Step("put", path + "/cgroup.procs", "0")] }

    func part(observing: Bool = false) throws -> ScopedPart {
        try ScopedPart(cgroup: path, enter: enter, observing: observing)
    }
}
