import EventModel
import Glibc
package import WorkloadModel
package import Workloads

/// Paths of cgroups by id, and what runs in them. Filled from the file system at start and by records
/// afterwards, so that a cgroup that is gone by now still has its name; what runs there is what its path says
/// until a provider knows better.
package struct CgroupTable {
    /// Cgroups that are remembered at most; removed ones are forgotten first.
    private static let limit = 65_536

    /// A cgroup as images show it. What runs in it is found once, not for every process.
    package struct Name {
        package var path: [UInt8] = []
        package var containerID: [UInt8] = []
        /// Nil where it is the machine itself.
        package var workload: WorkloadRecord?
        /// What runs in it by the words of providers, where others say more; nil = `workload` says it.
        fileprivate var plain: WorkloadRecord?
        /// The whole id of the container by the path; empty where the path tells none.
        fileprivate var pathID = ""
        /// Whether a provider said it, of this cgroup or of one above.
        package fileprivate(set) var isAssigned = false
        /// Whether the cgroup was removed: its last events may still be on their way.
        package fileprivate(set) var isGone = false

        /// What runs in it by the words of providers alone.
        package var told: WorkloadRecord? { plain ?? workload }
    }

    /// A provider's word on a cgroup.
    package struct Assignment: Sendable {
        /// What runs there.
        package var workload: Workload
        /// Of its cgroup; 0 = by `workload.cgroup` or `workload.id`.
        package var cgroupID: UInt64

        package init(_ workload: Workload, cgroupID: UInt64 = 0) {
            self.workload = workload
            self.cgroupID = cgroupID
        }
    }

    package init() {}

    private var names: [UInt64: Name] = [:]
    private var idsByPath: [String: UInt64] = [:]
    private var children: [UInt64: [UInt64]] = [:]
    private var idsByContainer: [String: [UInt64]] = [:]
    /// Of cgroups whose records are still in their ring: a provider may be quicker.
    private var early: [UInt64: WorkloadRecord] = [:]
    /// What others than providers say of containers.
    private var surroundings = Surroundings()
    private static let earlyKept = 4096
    /// Removed ones in the order of their removal: processes that just ended still refer to them.
    private var removed: [UInt64] = []
    private static let removedKept = 4096

    package var count: Int { names.count }

    /// The cgroup's name, or an empty one.
    @inline(__always)
    package func name(_ id: UInt64) -> Name {
        names[id] ?? Name()
    }

    /// All cgroups with what runs in them.
    package var workloads: [(id: UInt64, workload: WorkloadRecord?)] {
        names.map { ($0.key, $0.value.workload) }
    }

    /// Those that are not gone.
    package var living: [(id: UInt64, workload: WorkloadRecord?)] {
        let gone = Set(removed)
        return workloads.filter { !gone.contains($0.id) }
    }

    package mutating func add(_ id: UInt64, _ path: [UInt8]) {
        // An id that the kernel gives again is another cgroup.
        if names[id]?.isGone == true {
            removed.removeAll { $0 == id }
            forget(id)
        }
        guard names.count < Self.limit, names[id] == nil else { return }
        let text = String(decoding: path, as: UTF8.self)
        let place = CgroupPathReader.place(of: text)
        var name = Name(path: path, pathID: place.kind == .container ? place.id : "")
        if let record = early.removeValue(forKey: id) {
            name.take(record, surroundings)
        } else if let parent = parent(of: text), let above = names[parent], above.isAssigned,
            name.pathID == above.pathID || name.pathID.isEmpty
        {
            name.inherit(above, place)
        } else {
            name.workload = Workload(place, path: text).map(WorkloadRecord.init)
            name.containerID = ContainerID.prefix(inCgroup: path)
        }
        names[id] = name
        idsByPath[text] = id
        if let parent = parent(of: text), parent != id { children[parent, default: []].append(id) }
        if !name.pathID.isEmpty { idsByContainer[name.pathID, default: []].append(id) }
    }

    private func parent(of path: String) -> UInt64? {
        guard let slash = path.lastIndex(of: "/"), path != "/" else { return nil }
        return idsByPath[slash == path.startIndex ? "/" : String(path[..<slash])]
    }

    /// Takes a provider's word. Returns the cgroups that it changed: that of the container, and those below.
    package mutating func assign(_ assignment: Assignment) -> [UInt64] {
        var tops: [UInt64] = []
        if assignment.cgroupID != 0 {
            tops = [assignment.cgroupID]
        } else if let id = idsByPath[assignment.workload.cgroup] {
            tops = [id]
        } else {
            tops = idsByContainer[assignment.workload.id] ?? []
        }
        var changed: [UInt64] = []
        for id in tops {
            guard let name = names[id] else {
                if early.count < Self.earlyKept { early[id] = WorkloadRecord(assignment.workload) }
                continue
            }
            var workload = assignment.workload
            if let known = name.told?.workload { workload = known.updated(by: workload) }
            if workload.cgroup.isEmpty { workload.cgroup = String(decoding: name.path, as: UTF8.self) }
            // What a path tells of systemd, a runtime does not know.
            let place = CgroupPathReader.place(of: workload.cgroup)
            if workload.slice.isEmpty { workload.slice = place.slice }
            if workload.pod?.uid == "" { workload.pod?.uid = place.podUID }
            let record = WorkloadRecord(workload)
            guard name.told != record || !name.isAssigned else { continue }
            spread(record, over: id, &changed)
        }
        return changed
    }

    /// From now on containers are described by these pods. Returns the cgroups that it changed.
    package mutating func adopt(_ pods: DeclaredPods) -> [UInt64] {
        surroundings.pods = pods
        return describe { _ in true }
    }

    /// From now on namespaces have these labels, by name; others have those that they had. Returns the cgroups that it
    /// changed.
    package mutating func adopt(namespaces changed: [String: [String: String]]) -> [UInt64] {
        for (name, labels) in changed { surroundings.namespaces[name] = labels.isEmpty ? nil : labels }
        return describe { changed[$0.pod?.namespace ?? ""] != nil }
    }

    /// Describes again what runs in cgroups where this holds for it.
    private mutating func describe(where holds: (Workload) -> Bool) -> [UInt64] {
        var changed: [UInt64] = []
        // Cgroups of a container share a record, and go on to share one.
        var described: [ObjectIdentifier: WorkloadRecord] = [:]
        for (id, name) in names where name.isAssigned {
            guard let told = name.told, let before = name.workload, holds(before.workload) else { continue }
            let now = described[ObjectIdentifier(told)] ?? surroundings.describe(told)
            described[ObjectIdentifier(told)] = now
            guard now != before else { continue }
            names[id]?.show(now, told)
            changed.append(id)
        }
        return changed
    }

    private mutating func spread(_ told: WorkloadRecord, over top: UInt64, _ changed: inout [UInt64]) {
        guard let first = names[top] else { return }
        let record = surroundings.describe(told)
        var pending = [top]
        while let id = pending.popLast(), var name = names[id] {
            // A container in this one has a name of its own.
            if id != top, !name.pathID.isEmpty, name.pathID != first.pathID { continue }
            name.show(record, told)
            names[id] = name
            changed.append(id)
            pending += children[id] ?? []
        }
    }

    package mutating func remove(_ id: UInt64) {
        names[id]?.isGone = true
        removed.append(id)
        if removed.count > Self.removedKept {
            for old in removed.prefix(Self.removedKept / 2) { forget(old) }
            removed.removeFirst(Self.removedKept / 2)
        }
    }

    private mutating func forget(_ id: UInt64) {
        early[id] = nil
        guard let name = names.removeValue(forKey: id) else { return }
        let path = String(decoding: name.path, as: UTF8.self)
        // Another one may have the path by now.
        if idsByPath[path] == id { idsByPath[path] = nil }
        children[id] = nil
        if let parent = parent(of: path) { children[parent]?.removeAll { $0 == id } }
        guard !name.pathID.isEmpty else { return }
        idsByContainer[name.pathID]?.removeAll { $0 == id }
        if idsByContainer[name.pathID]?.isEmpty == true { idsByContainer[name.pathID] = nil }
    }

    /// Reads the whole hierarchy below `root`: the inode number of a directory is its cgroup's id.
    package mutating func scan(root: String) {
        var pending = [""]
        while let relative = pending.popLast() {
            guard let directory = unsafe opendir(root + relative) else { continue }
            defer { unsafe closedir(directory) }
            while let entry = unsafe readdir(directory) {
                // `d_ino` of kernfs is the low half of the id on 64-bit kernels: the whole id.
                guard unsafe entry.pointee.d_type == UInt8(DT_DIR) else { continue }
                let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name == "." {
                    unsafe add(UInt64(entry.pointee.d_ino), Array((relative.isEmpty ? "/" : relative).utf8))
                } else if name != ".." {
                    pending.append(relative + "/" + name)
                }
            }
        }
    }
}

extension CgroupTable {
    /// What is said of containers by those who find none.
    fileprivate struct Surroundings {
        /// By manifests.
        var pods = DeclaredPods()
        /// Labels of namespaces, by name.
        var namespaces: [String: [String: String]] = [:]

        /// What runs somewhere with what is said of it; the same record where nobody says anything.
        func describe(_ told: WorkloadRecord) -> WorkloadRecord {
            var described = pods.described(told.workload)
            if let pod = described.pod, let labels = namespaces[pod.namespace] {
                described.pod?.namespaceLabels = labels
            }
            return described == told.workload ? told : WorkloadRecord(described)
        }
    }
}

extension CgroupTable.Name {
    /// What a provider says.
    fileprivate mutating func take(_ told: WorkloadRecord, _ surroundings: CgroupTable.Surroundings) {
        show(surroundings.describe(told), told)
    }

    /// What a provider says, and what that is with what others say.
    fileprivate mutating func show(_ record: WorkloadRecord, _ told: WorkloadRecord) {
        workload = record
        plain = record === told ? nil : told
        isAssigned = true
        let id = record.workload.kind == .container ? record.workload.id : ""
        containerID = Array(id.utf8.prefix(ContainerID.exportedLength))
    }

    /// A cgroup inside of a container: systemd in it names units of its own.
    fileprivate mutating func inherit(_ above: CgroupTable.Name, _ place: CgroupPlace) {
        guard let record = above.workload, let told = above.told else { return }
        if place.unit.isEmpty || place.unit == record.workload.unit || place.kind == .unit {
            show(record, told)
        } else {
            let inner = told.with(unit: place.unit)
            show(record === told ? inner : record.with(unit: place.unit), inner)
        }
    }
}

extension WorkloadRecord {
    fileprivate func with(unit: String) -> WorkloadRecord {
        var workload = workload
        workload.unit = unit
        return WorkloadRecord(workload)
    }
}
