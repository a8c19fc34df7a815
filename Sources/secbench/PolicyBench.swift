import BPFObjects
import BPFRuntime
import CEventABI
import Foundation
import LinuxSystem
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors

/// A policy engine in this process, without a daemon: its rings are read when the benchmark says so, and
/// nobody's calls are spared.
final class PolicyBench {
    private let kernel: BTFKernelTypes
    private let settings: CheckSettings
    private let engine: PolicyEngine
    private var observations: RingBuffer
    private var verdicts: RingBuffer
    /// Policies by their text: the same text goes on as the same policy.
    private var ids: [String: UInt64] = [:]

    /// Has room for this many records of some 200 bytes between two looks.
    private static let observationRing: UInt32 = 256 << 20
    private static let verdictRing: UInt32 = 16 << 20

    init() throws {
        var shared = try BPFProgramFile(elf: BPFObjects.shared.elf, name: "shared")
        try shared.setMaxEntries(1 << 20, ofMap: "secd_lifecycle")
        try shared.setMaxEntries(Self.verdictRing, ofMap: "secd_verdict")
        try shared.setMaxEntries(Self.observationRing, ofMap: "secd_observation")
        try shared.load()
        var maps: [SharedBPFMap] = []
        for name in shared.mapNames where name.hasPrefix("secd_") {
            maps.append(SharedBPFMap(try shared.openMap(name)))
        }
        observations = try RingBuffer(try shared.openMap("secd_observation"))
        verdicts = try RingBuffer(try shared.openMap("secd_verdict"))
        let types = try PolicyKernel.types { _ in nil }
        kernel = types
        settings = CheckSettings(kernel: types, hostNamespaces: PolicyKernel.hostNamespaces())
        let found = try KernelFacts.ofThisMachine()
        let facts = EngineFacts(
            lsmObstacle: found.lsm?.description, fentryObstacle: found.fentry?.description,
            kprobeObstacle: found.kprobe?.description, cgroupRoot: CgroupPrograms.root(.ofThisProcess))
        var agent = secd_agent()
        agent.wake_bytes = Self.observationRing
        engine = try PolicyEngine(
            PolicyEngineOptions(
                agent: agent, shared: maps, facts: facts, kernel: { types }, programs: ProgramReader(),
                hostNamespaces: settings.hostNamespaces)
        ) { _ in }
    }

    /// Policies as the compiler makes them of their texts.
    func policies(_ texts: [String]) throws -> [RunnablePolicy] {
        var batch = PolicyBatch(settings)
        for (index, text) in texts.enumerated() { batch.add(file: "\(index).yaml", bytes: Array(text.utf8)) }
        guard !batch.hasErrors else { throw BenchmarkError("a policy of the benchmark has errors") }
        return zip(texts, batch.policies).map { text, policy in
            let id = ids[text] ?? UInt64(ids.count + 1)
            ids[text] = id
            return RunnablePolicy(id: id, policy: policy)
        }
    }

    /// Makes these the policies that run; the reports of what runs.
    @discardableResult
    func run(_ policies: [RunnablePolicy]) throws -> [PolicyReport] { try engine.replace(with: policies) }

    /// Records since the last look, of both rings, and the size of the last one.
    func drain() -> (records: Int, bytes: Int) {
        var records = 0
        var bytes = 0
        _ = observations.refresh()
        while let record = unsafe observations.peek() {
            records += 1
            bytes = record.count
            observations.advance()
        }
        observations.commit()
        _ = verdicts.refresh()
        while let record = unsafe verdicts.peek() {
            records += 1
            bytes = record.count
            verdicts.advance()
        }
        verdicts.commit()
        return (records, bytes)
    }

    /// Runs a program of bpf/bench/gate.bpf.c while `body` runs.
    static func beside<Result>(_ program: String, call: Int, _ body: () throws -> Result) throws -> Result {
        var file = try BPFProgramFile(elf: BPFObjects.gate.elf, name: "gate")
        file.selectPrograms { $0 == program }
        try file.setConstant("secd_gate_call", UInt64(call))
        try file.load()
        let link = try file.attach(program)
        let result = try body()
        _ = consume link
        return result
    }
}
