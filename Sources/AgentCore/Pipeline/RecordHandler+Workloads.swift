import CEventABI
import EventModel
import LinuxSystem
import ProcessTree
import WorkloadModel
import Workloads

/// What processes run in, and the events that wait to be told.
extension RecordHandler {
    /// Puts the cgroup into an image. A runtime's helper in the cgroup of a container is not of the container: it is of
    /// the host, or of the container that the runtime itself is in.
    func place(
        _ image: inout ProcessImage, in cgroup: UInt64, below parent: @autoclosure () -> ProcessObject?
    ) {
        let name = cgroups.name(cgroup)
        image.cgroupPath = name.path
        image.containerID = name.containerID
        image.workload = name.workload
        guard let record = name.workload, record.workload.isContainer else { return }
        guard image.has(SECD_IMAGE_OWN_MOUNTS) else {
            image.containerID = []
            image.workload = nil
            return
        }
        if let runtime = starter(of: record, from: parent()), image.head.namespaces.mnt != 0,
            runtime.image.head.namespaces.mnt == image.head.namespaces.mnt
        {
            image.containerID = runtime.image.containerID
            image.workload = runtime.image.workload
        }
    }

    /// Who started a container: the nearest ancestor in a cgroup of something else.
    private func starter(of container: WorkloadRecord, from parent: ProcessObject?) -> ProcessObject? {
        var ancestor = parent
        for _ in 0..<ProcessObject.deepestAncestry {
            guard let process = ancestor,
                cgroups.name(process.image.head.cgroup_id).workload === container
            else { return ancestor }
            ancestor = process.parent
        }
        return nil
    }

    /// Whether the name of what a process runs in may come yet, or its numeric identity; or the worker has still to hear
    /// that the identity, which another thread gives, is there, and lets go the events before this one then.
    @inline(__always)
    func lacksWords(_ image: borrowing ProcessImage) -> Bool {
        image.isUnnamed || awaitsIdentities && image.isUnidentified
            || !held.isEmpty && held.hasEvents(of: image.head.cgroup_id)
    }

    /// Whether an event has to wait for the name or the identity of its container; then it was put aside.
    func waits(_ event: Event, _ process: ProcessObject) -> Bool {
        let cgroup = process.image.head.cgroup_id
        let now = BootClock.now
        if !held.knows(cgroup) {
            let isUnnamed = process.image.isUnnamed
            guard !isUnnamed || askForName != nil else { return false }
            held.begin(cgroup, deadline: now &+ enrichWait)
            if isUnnamed { askForName?(cgroup, String(decoding: process.image.cgroupPath, as: UTF8.self)) }
        }
        guard held.shouldHold(cgroup, at: now) else {
            held.note(cgroup, process, tree)
            return false
        }
        held.hold(event, process, cgroup, tree)
        return true
    }

    /// A provider names a container, or tells what has changed.
    func name(_ assignment: CgroupTable.Assignment) {
        let changed = cgroups.assign(assignment)
        guard !changed.isEmpty else { return }
        settle(changed)
        for cgroup in changed { askMore(about: cgroup) }
    }

    /// A runtime has told of a container: who started the runtime may know its name, image and labels. Asked at once,
    /// so that policies that choose it hold soon, and those of older containers at all.
    func askMore(about cgroup: UInt64) {
        let name = cgroups.name(cgroup)
        // Cgroups below share the container's record, and its answer.
        guard name.isAssigned, let told = name.told, told.isPending,
            String(decoding: name.path, as: UTF8.self) == told.workload.cgroup
        else { return }
        askForName?(cgroup, told.workload.cgroup)
    }

    /// A runtime tells of a container before it begins, perhaps before the record of its cgroup was read.
    /// - Returns: whether there was room for it.
    func register(_ container: CgroupTable.Assignment) -> Bool {
        let cgroup = container.cgroupID
        if cgroups.name(cgroup).path.isEmpty { cgroups.add(cgroup, Array(container.workload.cgroup.utf8)) }
        name(container)
        return cgroups.name(cgroup).isAssigned
    }

    /// Calls `body` when all providers have looked for a cgroup; at once where there are none.
    func whenLookedFor(_ cgroup: UInt64, _ body: @escaping @Sendable () -> Void) {
        guard let askForName else { return body() }
        waiters[cgroup, default: []].append(body)
        askForName(cgroup, String(decoding: cgroups.name(cgroup).path, as: UTF8.self))
    }

    /// Manifests have changed: what they say of containers is in force from now on.
    func adopt(_ pods: DeclaredPods) {
        let changed = cgroups.adopt(pods)
        guard !changed.isEmpty else { return }
        settle(changed)
    }

    /// Labels of namespaces, by name, have changed: identities of their pods do so now.
    func adopt(namespaces changed: [String: [String: String]]) {
        let changed = cgroups.adopt(namespaces: changed)
        guard !changed.isEmpty else { return }
        settle(changed)
    }

    /// A cgroup is gone: what waited for its name leaves as it is.
    func forget(_ cgroup: UInt64) {
        cgroups.remove(cgroup)
        whenGone?(cgroup)
    }

    /// All providers have looked, and none knows the cgroup if it has no name by now.
    /// - Parameter isEarly: one may know it a moment later: while its events can wait, it is asked again.
    func giveUp(_ cgroup: UInt64, unlessAskedAgain isEarly: Bool) {
        defer { for body in waiters.removeValue(forKey: cgroup) ?? [] { body() } }
        guard let record = cgroups.name(cgroup).told, record.workload.naming == .pending else {
            // Named meanwhile; what began to wait after that need not.
            if held.knows(cgroup) { settle([cgroup]) }
            return
        }
        // Where nothing waits yet, the first event asks again.
        if isEarly, !held.knows(cgroup) || held.postpone(cgroup, from: BootClock.now) { return }
        var workload = record.workload
        // A runtime's id is all that there is where no engine has a name for it.
        workload.naming = cgroups.name(cgroup).isAssigned ? .known : .unnamed
        settle(cgroups.assign(CgroupTable.Assignment(workload, cgroupID: cgroup)))
    }

    /// Gives processes and waiting events of cgroups the names that these have now.
    private func settle(_ changed: [UInt64]) {
        whenNamed?(changed.map { ($0, cgroups.name($0).workload) })
        // Who had let go of it has it again now, and would keep it for ever.
        for cgroup in changed where cgroups.name(cgroup).isGone { whenGone?(cgroup) }
        show(changed)
    }

    /// Records of cgroups say more than before: of their numeric identities, or of what runs in them. Processes show it
    /// from now on, and events that waited for it leave.
    func show(_ changed: [UInt64]) {
        let ids = Set(changed)
        for process in tree.all where ids.contains(process.image.head.cgroup_id) {
            process.update { place(&$0, in: $0.head.cgroup_id, below: process.parent) }
        }
        for cgroup in changed {
            // A runtime may know a container before its engine has told the name.
            if let record = cgroups.name(cgroup).workload,
                record.isPending || awaitsIdentities && record.isUnidentified
            {
                continue
            }
            let (events, left, witness) = held.take(cgroup)
            for waiting in events { release(waiting) }
            guard let witness else { continue }
            if left > 0, witness.image.workload?.workload.naming == .known { announce(witness, left) }
            tree.release(witness)
        }
    }

    private func release(_ waiting: HeldEvents.Held) {
        var event = waiting.event
        if let process = event.process {
            process.update { place(&$0, in: $0.head.cgroup_id, below: process.parent) }
        }
        emitNow(&event)
        tree.release(waiting.process)
    }

    private func announce(_ process: ProcessObject, _ left: UInt64) {
        var event = Event(
            kind: .workloadNamed, time: context.time(BootClock.now), process: process,
            body: .named(events: left), origin: Origin(ring: nil))
        emitNow(&event)
    }

    /// Lets go what has waited long enough, and asks again where it is time. Returns whether anything still waits.
    func releaseOverdue(_ now: UInt64) -> Bool {
        for cgroup in held.takePostponed(now) {
            askForName?(cgroup, String(decoding: cgroups.name(cgroup).path, as: UTF8.self))
        }
        for (cgroup, events) in held.takeOverdue(now) {
            for waiting in events {
                held.note(cgroup, waiting.process, tree)
                release(waiting)
            }
        }
        return !held.isEmpty
    }
}
