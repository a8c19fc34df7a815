import LinuxSystem
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors
import Testing

extension KernelSuite {
    /// What `policy check --kernel` says, against what the engine does.
    @Suite("forecasts of policies", .serialized) struct PolicyForecastTests {
        private var live: LivePolicies { .shared }

        private func forecast(_ texts: [String]) throws -> PolicyForecast {
            let facts = try KernelFacts.ofThisMachine()
            return PolicyForecast(
                try live.check(texts).map(\.policy),
                facts: EngineFacts(
                    lsmObstacle: facts.lsm?.description, fentryObstacle: facts.fentry?.description,
                    kprobeObstacle: facts.kprobe?.description,
                    cgroupRoot: CgroupPrograms.expectedRoot(.ofThisProcess),
                    uprobeObstacle: facts.uprobe?.description),
                kernel: try #require(live.settings.kernel as? BTFKernelTypes),
                programs: try #require(live.settings.programs), fileObstacle: PolicyForecast.fileObstacle)
        }

        @Test("mechanisms, effects and blind spots are those of the status")
        func mechanisms() throws {
            let texts = [
                PolicySample.opens("opens", below: "/no/such"), PolicySample.killsWriters("/no/such/file"),
                PolicySample.hook(
                    "shells", "sys_umask", [(0, "int")],
                    selector: "matchBinaries: [{operator: In, values: [/bin/sh]}]"),
            ]

            let told = try forecast(texts)
            let reports = try live.run(texts)

            #expect(told.refusal == nil)
            #expect(told.reports.map(\.hooks) == reports.map(\.hooks))
        }

        @Test("what the engine refuses is refused in the same words")
        func refusals() throws {
            let texts = [
                PolicySample.hook(
                    "refused", "sys_umask", [(0, "int")],
                    selector: "matchActions: [{action: Override, argError: -1}]")
            ]

            let told = try forecast(texts)
            let refusal = try #require(try live.refusal(texts))

            #expect(told.reports.isEmpty)
            #expect(told.refusal?.reason == refusal.reason)
            #expect(told.refusal?.faults.map(\.place) == refusal.faults.map(\.place))
        }
    }
}
