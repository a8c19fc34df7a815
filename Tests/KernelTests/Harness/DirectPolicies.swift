import AgentCore
import CEventABI
import Glibc
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors
import Synchronization
import Testing

/// A policy engine of a test's own, without what the daemon puts around it: its policies must tell nothing
/// (`NoPost`).
///
/// It goes with the test, and what it attached goes with it.
final class DirectPolicies {
    let engine: PolicyEngine
    /// The kernel's words about what it refused.
    var words: String { box.words.withLock { $0 } }
    private let box: Box

    private final class Box: Sendable { let words = Mutex("") }

    /// - Parameters:
    ///   - facts: changes what the engine believes of the kernel.
    ///   - programs: how it opens programs.
    init(
        facts change: (inout EngineFacts) -> Void = { _ in }, programs: any ProgramFiles = ProgramReader()
    ) throws {
        let sensors = LivePolicies.shared.agent.engine.sensors
        guard let kernel = LivePolicies.shared.settings.kernel as? BTFKernelTypes else {
            throw ActivityError("the kernel's types are not known")
        }
        var facts = EngineFacts(
            lsmObstacle: sensors.facts.lsm?.description, fentryObstacle: sensors.facts.fentry?.description,
            kprobeObstacle: sensors.facts.kprobe?.description, cgroupRoot: Kernel.cgroupRoot,
            uprobeObstacle: sensors.facts.uprobe?.description)
        change(&facts)
        var agent = secd_agent()
        agent.pid = UInt32(getpid())
        agent.wake_bytes = 1 << 20
        var options = PolicyEngineOptions(
            agent: agent, shared: sensors.sharedMaps, facts: facts, kernel: { kernel }, programs: programs,
            hostNamespaces: [:])
        let box = Box()
        self.box = box
        options.words = { text in box.words.withLock { $0 += text } }
        engine = try PolicyEngine(options) { _ in }
    }

    /// Makes these the policies that run; nil = they do.
    func run(_ texts: [String]) throws -> PolicyRefusal? {
        let policies = try LivePolicies.shared.check(texts)
        do throws(PolicyRefusal) {
            _ = try engine.replace(with: policies)
            return nil
        } catch {
            return error
        }
    }

    /// What is attached by this process: links of programs, and the events that some of them stand behind.
    static var links: Int {
        var count = 0
        for descriptor in 0..<4096 {
            var target = [CChar](repeating: 0, count: 64)
            let length = unsafe readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
            guard length > 0 else { continue }
            let name = String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if ["bpf_link", "bpf-link", "perf_event"].contains(where: { name.contains($0) }) { count += 1 }
        }
        return count
    }
}

/// Opens programs as the daemon does; one of them is cut off as soon as it has been read.
struct CutProgram: ProgramFiles {
    let path: String

    private struct Copy: ProgramBytes {
        let bytes: [UInt8]
        var size: UInt64 { UInt64(bytes.count) }

        func read(at offset: UInt64, count: Int) -> [UInt8]? {
            guard offset <= size, UInt64(count) <= size - offset else { return nil }
            return Array(bytes[Int(offset)..<Int(offset) + count])
        }
    }

    func open(_ path: String) throws(ProgramObstacle) -> OpenProgram {
        let program = try ProgramReader().open(path)
        guard path == self.path, let bytes = program.read(at: 0, count: Int(program.identity.size)) else {
            return program
        }
        let image = try ELFImage(Copy(bytes: bytes))
        _ = unsafe truncate(path, 0)
        return OpenProgram(image: image, identity: program.identity, path: path)
    }

    func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes { try ProgramReader().types(path) }

    func resolved(_ path: String) -> String? { ProgramReader().resolved(path) }
}
