import AgentCore
import AgentModel
import Foundation
import IdentityStores
import LinuxSystem
import Logging
import SecurityIdentity
import Synchronization
import Testing
import WorkloadModel

/// Cgroups and their numbers, with the thread and a file.
@Suite struct IdentityKeeperTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()

    private func keeper() throws -> IdentityKeeper {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Plain text needs no expressions.
        let filter = try LabelFilter { _ throws(LabelFilter.Fault) in { _ in nil } }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let keeper = try IdentityKeeper(
            FileIdentityStore(directory: folder), IdentityKeeper.Options(filter: filter), logger: logger)
        try keeper.start()
        return keeper
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func container(_ id: String, _ labels: [String: String]) -> WorkloadRecord {
        var workload = Workload(kind: .container, id: id, name: id, runtime: "docker")
        workload.labels = labels
        return WorkloadRecord(workload)
    }

    @Test func containersWithTheSameLabelsHaveTheSameNumber() async throws {
        let keeper = try keeper()
        defer {
            keeper.stop()
            remove()
        }
        keeper.set(10, container("a", ["app": "web"]))
        keeper.set(11, container("b", ["app": "web"]))
        keeper.set(12, container("c", ["app": "db"]))
        keeper.set(13, WorkloadRecord(Workload(kind: .unit, id: "x.service")))
        keeper.set(14, nil)
        let report = await keeper.report()
        #expect([10, 11, 12, 13, 14].map { keeper.number(of: $0).rawValue } == [256, 256, 257, 1, 1])
        #expect(report.identities.map(\.number) == Array(1...10) + [256, 257])
        #expect(report.identities.last?.labels == ["container:app=db"])
        #expect(report.identities.suffix(2).map(\.users) == [2, 1])
        #expect(report.store == "file \(folder)/identities")
        #expect((report.problem, report.waiting, report.unusable) == ("", 0, 0))
    }

    @Test func recordsShowTheNumberAndEachOfTheirCgroupsIsTold() async throws {
        let keeper = try keeper()
        defer {
            keeper.stop()
            remove()
        }
        let told = Mutex<[UInt64]>([])
        keeper.follow { changed in told.withLock { $0 += changed } }
        let (web, same) = (container("a", ["app": "web"]), container("a", ["app": "web"]))
        keeper.set(10, web)
        keeper.set(11, web)
        // Nothing new, then a record that does not show the number yet.
        keeper.set(10, web)
        keeper.set(10, same)
        keeper.set(12, WorkloadRecord(Workload(kind: .unit, id: "x.service")))
        _ = await keeper.report()
        // What was told with the first question is told before the second is answered.
        _ = await keeper.report()
        #expect(told.withLock { $0 } == [10, 11, 10])
        #expect([web.identity, same.identity] == [256, 256])
    }

    @Test func aLabelThatChangesChangesTheNumberAndACgroupThatGoesGivesItBack() async throws {
        let keeper = try keeper()
        defer {
            keeper.stop()
            remove()
        }
        keeper.set(10, container("a", ["app": "web"]))
        keeper.set(10, container("a", ["app": "db"]))
        _ = await keeper.report()
        #expect(keeper.number(of: 10).rawValue == 257)
        keeper.remove(10)
        let report = await keeper.report()
        #expect(keeper.number(of: 10).rawValue == 1)
        // Still bound, for the grace period.
        #expect(report.identities.suffix(2).map(\.users) == [0, 0])
    }

    @Test func aLabelOfTheNamespaceThatChangesChangesTheNumberOfItsPods() async throws {
        let keeper = try keeper()
        defer {
            keeper.stop()
            remove()
        }
        var table = CgroupTable()
        for (id, namespace) in [(10, "shop"), (11, "shop"), (12, "lab")] as [(UInt64, String)] {
            var workload = Workload(kind: .container, id: "\(id)", name: "web", runtime: "containerd")
            workload.pod = Pod(namespace: namespace, name: "web")
            table.add(id, Array("/\(id)".utf8))
            for one in table.assign(CgroupTable.Assignment(workload, cgroupID: id)) {
                keeper.set(one, table.name(one).workload)
            }
        }
        _ = await keeper.report()
        #expect([10, 11, 12].map { keeper.number(of: $0).rawValue } == [256, 256, 257])
        for one in table.adopt(namespaces: ["shop": ["tier": "front"]]).sorted() {
            keeper.set(one, table.name(one).workload)
        }
        let report = await keeper.report()
        #expect([10, 11, 12].map { keeper.number(of: $0).rawValue } == [258, 258, 257])
        #expect(
            report.identities.last?.labels == [
                "k8s:io.cilium.k8s.namespace.labels.tier=front", "k8s:io.cilium.k8s.policy.cluster=default",
                "k8s:io.kubernetes.pod.namespace=shop",
            ])
    }

    @Test func afterARestartNumbersAreTheSame() async throws {
        defer { remove() }
        let first = try keeper()
        first.set(10, container("a", ["app": "web"]))
        first.set(11, container("b", ["app": "db"]))
        _ = await first.report()
        first.stop()
        let second = try keeper()
        defer { second.stop() }
        second.set(20, container("b", ["app": "db"]))
        second.set(21, container("a", ["app": "web"]))
        _ = await second.report()
        #expect([20, 21].map { second.number(of: $0).rawValue } == [257, 256])
    }

    @Test func whatIsNotKnownYetIsInitAndWhatHasTooManyLabelsToo() async throws {
        let keeper = try keeper()
        defer {
            keeper.stop()
            remove()
        }
        var pending = Workload(kind: .container, id: "a")
        pending.naming = .pending
        keeper.set(10, WorkloadRecord(pending))
        let labels = (0..<600).map { ("label\($0)", "x") }
        keeper.set(11, container("b", Dictionary(uniqueKeysWithValues: labels)))
        let report = await keeper.report()
        #expect([10, 11].map { keeper.number(of: $0).rawValue } == [5, 5])
        #expect(report.unusable == 1)
        keeper.set(11, container("b", ["app": "web"]))
        #expect(await keeper.report().unusable == 0)
        #expect(keeper.number(of: 11).rawValue == 256)
    }

    @Test func afterItsEndQuestionsAreAnsweredAllTheSame() async throws {
        let keeper = try keeper()
        keeper.stop()
        remove()
        #expect(await keeper.report().identities.isEmpty)
        keeper.set(10, container("a", ["app": "web"]))
        #expect(keeper.number(of: 10).rawValue == 1)
    }
}
