import AgentCore
import CEventABI
import TestSupport
import Testing
import WorkloadModel

/// Numeric identities of containers in events: of the labels that stand beside them, as soon as there are any.
@Suite struct IdentityEventTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private static let path = "/system.slice/docker-\(id).scope"
    private static let own = SECD_IMAGE_OWN_MOUNTS

    private static func web(_ app: String = "shop") -> Workload {
        var workload = Workload(kind: .container, id: id, name: "web", runtime: "docker")
        workload.labels = ["app": app]
        return workload
    }

    private func identities(_ events: [JSONValue]) -> [Int?] {
        events.map { $0.at("\($0.kind).process.workload.identity")?.integer }
    }

    @Test func aContainerThatHasAnIdentityShowsItInItsFirstEvent() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.waitForIdentities()
        replay.take(records.cgroup(7, Self.path))
        replay.name(Self.web(), cgroup: 7)
        replay.identify(7, as: 256)
        replay.take(records.exec(100, cgroup: 7, flags: Self.own), records.exec(200))
        let events = try replay.events()
        #expect(identities(events) == [256, nil])
        #expect(replay.questions.isEmpty)
    }

    @Test func anEventWaitsForTheIdentityToo() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.waitForIdentities()
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        replay.name(Self.web())
        #expect(try replay.events().isEmpty)
        replay.take(records.exec(200))
        #expect(try replay.events().map { $0.number("process_exec.process.pid") } == [200])

        replay.identify(7, as: 256)
        let events = try replay.events()
        #expect(events.map { $0.number("process_exec.process.pid") } == [200, 100])
        #expect(events[1].at("process_exec.process.workload.identity")?.integer == 256)
        #expect(replay.questions.count == 1)
    }

    /// Labels have changed: until their number is there, none is shown, and not the old one.
    @Test func anIdentityIsThatOfTheLabelsBesideIt() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForIdentities()
        replay.take(records.cgroup(7, Self.path))
        replay.name(Self.web(), cgroup: 7)
        replay.identify(7, as: 256)
        replay.take(records.exec(100, cgroup: 7, flags: Self.own))
        replay.name(Self.web("till"), cgroup: 7)
        replay.take(records.exec(101, cgroup: 7, flags: Self.own))
        replay.timePasses()
        replay.identify(7, as: 257)
        replay.take(records.exec(102, cgroup: 7, flags: Self.own))

        let events = try replay.events()
        #expect(events.map(\.kind) == ["process_exec", "process_exec", "workload_named", "process_exec"])
        #expect(
            events.map { $0.at("\($0.kind).process.workload.labels.app")?.text } == [
                "shop", "till", "till", "till",
            ])
        #expect(
            identities(events) == [256, nil, 257, 257])
        #expect(events[2].number("workload_named.events") == 1)
    }

    /// Cgroups below that of a container share its record, which shows the number before they are told of it.
    @Test func eventsOfAllCgroupsOfAContainerLeaveWhenItHasAnIdentity() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.waitForIdentities()
        replay.take(records.cgroup(7, Self.path), records.cgroup(8, Self.path + "/inner"))
        replay.name(Self.web(), cgroup: 7)
        replay.take(
            records.exec(100, cgroup: 7, flags: Self.own), records.exec(101, cgroup: 8, flags: Self.own))
        #expect(try replay.events().isEmpty)
        replay.identify(7, as: 256)
        replay.identify(8, as: 256)
        let events = try replay.events()
        #expect(events.map { $0.number("process_exec.process.pid") } == [100, 101])
        #expect(events.allSatisfy { $0.at("process_exec.process.workload.identity")?.integer == 256 })
    }

    /// Another thread gives the number: what comes before the worker hears of it does not overtake what waits.
    @Test func eventsOfAContainerStayInOrder() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.waitForIdentities()
        replay.take(records.cgroup(7, Self.path))
        replay.name(Self.web(), cgroup: 7)
        replay.take(records.exec(100, cgroup: 7, flags: Self.own))
        replay.number(7, as: 256)
        replay.take(records.exec(101, cgroup: 7, flags: Self.own))
        #expect(try replay.events().isEmpty)
        replay.identify(7, as: 256)
        let events = try replay.events()
        #expect(events.map { $0.number("process_exec.process.pid") } == [100, 101])
        #expect(identities(events) == [256, 256])
    }

    /// Its name comes when it has ended: its events have the number, and nobody holds that any more.
    @Test func aContainerThatIsGoneHoldsNoIdentity() throws {
        var records = Records()
        let replay = Replay()
        replay.waitForNames()
        replay.waitForIdentities()
        replay.take(records.cgroup(7, Self.path), records.exec(100, cgroup: 7, flags: Self.own))
        #expect(replay.holders == [7])
        replay.take(records.cgroup(7, Self.path, SECD_CGROUP_REMOVED))
        #expect(replay.holders == [])
        replay.name(Self.web(), cgroup: 7)
        #expect(replay.holders == [])
        replay.identify(7, as: 256)
        #expect(identities(try replay.events()) == [256])
    }
}
