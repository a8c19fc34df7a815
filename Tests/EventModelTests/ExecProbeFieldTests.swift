import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing
import WorkloadModel

/// `maybe_exec_probe` of events: only where the pod's specification is known, and argv whole.
@Suite struct ExecProbeFieldTests {
    private static func sample(_ probe: [String], _ arguments: [String] = ["ls", "-l"]) -> SampleImage {
        var sample = SampleImage.plain(arguments: arguments)
        var workload = Workload(kind: .container, id: "a", name: "web")
        workload.pod = Pod(namespace: "shop", name: "web", uid: "u")
        workload.execProbes = [ExecProbe(probe)].compactMap { $0 }
        sample.workload = workload
        return sample
    }

    private static func isProbe(_ sample: SampleImage) throws -> Bool {
        try execJSON(sample).at("pod.container")?.keys.contains("maybe_exec_probe") == true
    }

    @Test func aProbeIsMarked() throws {
        #expect(try Self.isProbe(Self.sample(["ls", "-l"])))
        #expect(try Self.isProbe(Self.sample(["/bin/ls", "-l"])))
        #expect(try !Self.isProbe(Self.sample(["/usr/bin/ls", "-l"])))
        #expect(try !Self.isProbe(Self.sample(["ls"])))
        #expect(try !Self.isProbe(Self.sample([])))
    }

    @Test func thePathIsThatOfTheContainer() throws {
        var sample = SampleImage(
            pid: 100, start: 1_000_000_000, binary: "/srv/jail/bin/ls", arguments: ["ls"], cwd: "/tmp")
        sample.workload = Self.sample(["/bin/ls"]).workload
        #expect(try !Self.isProbe(sample))
        sample.head.binary.root = 9
        #expect(try Self.isProbe(sample))
    }

    @Test func argvThatWasCutIsNone() throws {
        var sample = Self.sample(["ls", "-l"])
        sample.lostArgumentBytes = 7
        #expect(try !Self.isProbe(sample))
        let long = ["ls", String(repeating: "x", count: 5000)]
        #expect(try Self.isProbe(Self.sample(long, long)))
    }
}
