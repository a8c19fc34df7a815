import AgentCore
import CEventABI
import LinuxSystem
import TestSupport
import Testing
import WorkloadModel

/// Events of containers: with the name that they have, after it, or without.
@Suite struct WorkloadEventTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private static let path = "/system.slice/docker-\(id).scope"
    private static let own = SECD_IMAGE_OWN_MOUNTS

    private static func web() -> Workload {
        var workload = Workload(kind: .container, id: id, name: "web", runtime: "docker")
        workload.image = Workload.Image(name: "nginx:1.27")
        workload.labels = ["app": "shop"]
        return workload
    }

    /// The same as runc knows it.
    private static var fromRuntime: Workload {
        var workload = Workload(kind: .container, id: id, runtime: "runc")
        workload.naming = .pending
        return workload
    }

    private func names(_ events: [JSONValue]) -> [String?] {
        events.map { $0.at("\($0.kind).process.workload.name")?.text }
    }

    @Test func aContainerThatIsKnownIsInItsFirstEvent() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path))
        replay.name(Self.web(), cgroup: 7)
        replay.take(records.exec(100, cgroup: 7, flags: Self.own))

        let events = try replay.events()
        #expect(names(events) == ["web"])
        let workload = try #require(events[0].at("process_exec.process.workload"))
        #expect(workload["kind"]?.text == "container")
        #expect(workload["runtime"]?.text == "docker")
        #expect(workload["image"]?.text == "nginx:1.27")
        #expect(workload.at("labels.app")?.text == "shop")
        #expect(workload["slice"]?.text == "system.slice")
        #expect(workload["naming"] == nil)
        #expect(events[0].at("process_exec.process.docker")?.text == String(Self.id.prefix(31)))
        #expect(replay.questions.isEmpty)
    }

    /// In a container of its own, as in Docker's daemon in Docker: its helpers are there, though their cgroup is another.
    @Test func helpersOfARuntimeWithMountsOfItsOwnAreWhereTheRuntimeIs() throws {
        let inner = String(repeating: "fedcba9876543210", count: 4)
        let (outside, between, inside): (UInt32, UInt32, UInt32) = (1, 2, 3)
        var records = Records()
        let replay = Replay()
        replay.take(records.cgroup(7, Self.path), records.cgroup(8, Self.path + "/docker/" + inner))
        replay.take(
            records.exec(100, "/usr/bin/dockerd", mounts: outside),
            records.exec(200, "/sbin/runc", cgroup: 7, flags: Self.own, mounts: between, parent: 100),
            records.exec(300, "/", cgroup: 8, flags: Self.own, mounts: between, parent: 200),
            records.exec(400, "/bin/sh", cgroup: 8, flags: Self.own, mounts: inside, parent: 300),
            records.exec(500, "/bin/true", cgroup: 8, flags: Self.own, mounts: inside, parent: 400),
            // Mounts that nobody knows are no runtime's.
            records.exec(600, "/bin/true", cgroup: 8, flags: Self.own, parent: 300))

        let events = try replay.events()
        let ids = events.map { $0.at("process_exec.process.workload.id")?.text }
        #expect(ids == [nil, Self.id, Self.id, inner, inner, inner])
        #expect(
            events.map { $0.at("process_exec.process.docker")?.text }
                == ids.map { $0.map { String($0.prefix(31)) } })
    }

    /// Others pass by; the line comes late, with its number.
    @Test func anEventWaitsForTheName() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(
            records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own), records.exec(200))
        #expect(try replay.events().map { $0.number("process_exec.process.pid") } == [200])
        #expect(replay.questions == ["7 \(Self.path)"])

        replay.name(Self.web())
        let events = try replay.events()
        #expect(events.map { $0.number("process_exec.process.pid") } == [200, 100])
        #expect(names(events) == [nil, "web"])
        #expect(events.map { $0.number("secd.seq") } == [3, 2])
        #expect(events.map { $0.number("secd.skipped") } == [0, 1])
        #expect(events.map { $0.number("secd.line") } == [1, 2])
    }

    @Test func whatNobodyNamesInTimeLeavesAsPendingAndIsNamedLater() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        replay.timePasses()
        var events = try replay.events()
        #expect(events.map { $0.at("process_exec.process.workload.naming")?.text } == ["pending"])

        replay.name(Self.web())
        events = try replay.events()
        #expect(events.map(\.kind) == ["process_exec", "workload_named"])
        #expect(events[1].at("workload_named.process.workload.name")?.text == "web")
        #expect(events[1].number("workload_named.process.pid") == 100)
        #expect(events[1].number("workload_named.events") == 1)
    }

    /// runc tells of Docker's container first, without a name.
    @Test func aRuntimesWordAloneDoesNotEndTheWait() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        replay.name(Self.fromRuntime, cgroup: 7)
        #expect(try replay.events().isEmpty)

        replay.name(Self.web())
        #expect(names(try replay.events()) == ["web"])
    }

    /// Whether runc tells of it before the record of its cgroup is read or after, and though nothing happens in it.
    @Test(arguments: [true, false])
    func whatOnlyARuntimeHasToldIsAskedForAtOnce(isEarly: Bool) throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        var fromRuntime = Self.fromRuntime
        fromRuntime.cgroup = Self.path
        if isEarly { replay.name(fromRuntime, cgroup: 7) }
        replay.take(records.cgroup(7, Self.path))
        if !isEarly { replay.name(fromRuntime, cgroup: 7) }
        #expect(replay.questions == ["7 \(Self.path)"])

        replay.take(records.cgroup(8, Self.path + "/inner"))
        replay.name(Self.web())
        replay.take(records.exec(100, cgroup: 8, flags: Self.own))
        #expect(names(try replay.events()) == ["web"])
        #expect(replay.questions.count == 1)
    }

    /// The CRI lists the sandbox of a pod when it runs: until then runc's word is not the last one.
    @Test func whoHearsLateIsAskedAgainWhileEventsCanWait() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        replay.name(Self.fromRuntime, cgroup: 7)
        let before = replay.questions.count
        replay.giveUp(7, isEarly: true)
        #expect(try replay.events().isEmpty && replay.questions.count == before)
        replay.timePasses(until: BootClock.now + 1_000_000_000)
        #expect(try replay.events().isEmpty && replay.questions.count == before + 1)

        replay.name(Self.web())
        #expect(names(try replay.events()) == ["web"])
    }

    @Test func whoHearsLateIsAskedAgainByTheFirstEvent() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path))
        replay.name(Self.fromRuntime, cgroup: 7)
        replay.giveUp(7, isEarly: true)
        let before = replay.questions.count
        replay.take(records.exec(100, cgroup: 7, flags: Self.own))
        #expect(try replay.events().isEmpty && replay.questions.count == before + 1)

        replay.name(Self.web())
        #expect(names(try replay.events()) == ["web"])
    }

    /// With the usual 200 ms: at the end of them the runtime's id is all that there is.
    @Test func nobodyIsAskedAgainForAnAnswerThatWouldBeTooLate() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames(60_000_000)
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        replay.giveUp(7, isEarly: true)
        #expect(
            try replay.events().map { $0.at("process_exec.process.workload.naming")?.text } == ["unnamed"])
    }

    /// No engine answers: the runtime's id is the name.
    @Test func withoutAnEngineTheIdIsAllThereIs() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        replay.name(Self.fromRuntime, cgroup: 7)
        replay.giveUp(7)

        let workload = try #require(try replay.events().first?.at("process_exec.process.workload"))
        #expect(workload["id"]?.text == Self.id)
        // As the path says: runc works for Docker.
        #expect(workload["runtime"]?.text == "docker")
        #expect(workload["naming"] == nil)
    }

    @Test func whatNobodyKnowsIsSaidToBeUnnamed() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, "/odd"), records.exec(100, cgroup: 7, flags: Self.own))
        replay.giveUp(7)
        replay.take(records.exec(101, cgroup: 7, flags: Self.own))

        let events = try replay.events()
        #expect(events.map { $0.at("process_exec.process.workload.naming")?.text } == ["unnamed", "unnamed"])
        #expect(events.map { $0.at("process_exec.process.workload.kind")?.text } == ["other", "other"])
        #expect(replay.questions.count == 1)
    }

    /// runc's own processes are in the cgroup before the container's first one.
    @Test func aRuntimesHelperIsNotOfTheContainer() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(records.cgroup(7, Self.path), records.exec(100, "/usr/sbin/runc", cgroup: 7))

        let events = try replay.events()
        #expect(events.count == 1)
        #expect(events[0].at("process_exec.process.workload") == nil)
        #expect(events[0].at("process_exec.process.docker") == nil)
        #expect(events[0].at("process_exec.process.cgroup.path")?.text == Self.path)
        #expect(replay.questions.isEmpty)
    }

    @Test func aUnitIsNamedByItsCgroup() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.take(
            records.cgroup(7, "/system.slice/nginx.service"),
            records.cgroup(8, "/system.slice/nginx.service/w"),
            records.exec(100, cgroup: 8))

        let workload = try #require(try replay.events()[0].at("process_exec.process.workload"))
        #expect(workload["kind"]?.text == "unit")
        #expect(workload["unit"]?.text == "nginx.service")
        #expect(workload["slice"]?.text == "system.slice")
    }

    @Test func podsAreShownAsTetragonShowsThem() throws {
        var records = Records()
        let replay = Replay()
        var workload = Self.web()
        workload.runtime = "containerd"
        workload.pod = Pod(namespace: "shop", name: "web-1", uid: "u1")
        workload.pod?.labels = ["app": "web"]
        replay.take(records.cgroup(7, Self.path))
        replay.name(workload, cgroup: 7)
        replay.take(records.exec(100, cgroup: 7, flags: Self.own))

        let pod = try #require(try replay.events()[0].at("process_exec.process.pod"))
        #expect(pod["namespace"]?.text == "shop")
        #expect(pod["name"]?.text == "web-1")
        #expect(pod["uid"]?.text == "u1")
        #expect(pod.at("pod_labels.app")?.text == "web")
        #expect(pod.at("container.name")?.text == "web")
        #expect(pod.at("container.id")?.text == "containerd://\(Self.id)")
        #expect(pod.at("container.image.name")?.text == "nginx:1.27")
        #expect(pod.number("container.pid") == 100)
    }

    /// The record of the cgroup waits in its ring while the provider has found the container.
    @Test func aProviderMayBeQuickerThanTheRing() throws {
        var records = Records()
        let replay = Replay()
        replay.name(Self.web(), cgroup: 7)
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        #expect(names(try replay.events()) == ["web"])
    }

    /// The same path again: the name of the one before does not stick to it.
    @Test func aCgroupThatCameAgainIsAnother() throws {
        var records = Records()
        let replay = Replay()
        replay.take(records.cgroup(7, "/web"))
        var first = Workload(kind: .container, id: "web", name: "web", runtime: "runc")
        first.labels = ["n": "1"]
        replay.name(first, cgroup: 7)
        replay.take(records.cgroup(7, "/web", SECD_CGROUP_REMOVED), records.cgroup(8, "/web"))
        first.labels = ["n": "2"]
        replay.name(first, cgroup: 8)
        replay.take(
            records.exec(100, cgroup: 8, flags: Self.own), records.exec(101, cgroup: 7, flags: Self.own))
        let labels = try replay.events().map { $0.at("process_exec.process.workload.labels.n")?.text }
        #expect(labels == ["2", "1"])
    }
}
