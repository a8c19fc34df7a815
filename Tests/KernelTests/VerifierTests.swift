import AgentCore
import BPFObjects
import BPFRuntime
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("verifier") struct VerifierTests {
        @Test("the kernel accepts what the sensors chose, and says how much it walked")
        func chosen() {
            let programs = LiveAgent.shared.engine.sensors.verifiedInstructions

            #expect(!programs.isEmpty)
            for (program, instructions) in programs {
                print("verified \(program): \(instructions)")
                #expect(instructions > 0 && instructions < 1_000_000)
            }
        }

        @Test("what cannot be loaded is an error in words, though others are being loaded meanwhile")
        func refused() {
            let error = #expect(throws: SensorError.self) {
                _ = try LiveAgent {
                    $0.sensors.files = FileTree.watched
                    $0.sensors.withoutMechanisms = ["tp_btf/sched_process_exec"]
                }
            }
            #expect(
                error?.description
                    == "the process sensor has no mechanism for exec on this kernel; without it you lose everything"
            )
        }

        @Test("every program of every object loads where its hook exists", arguments: ObjectUnderTest.all)
        func everyProgram(_ object: ObjectUnderTest) throws {
            let probe = try KernelProbe()
            guard object.isProbeBuild || probe.function("bpf_rdonly_cast") != nil else {
                print("skipped \(object.object.name): the kernel has no bpf_rdonly_cast")
                return
            }
            var programs: [(program: String, section: String)] = []
            for (program, section) in Sections.read(object.object.elf) {
                // Only a kernel that no tier has loads it: 6.18, not locked down.
                if program == "on_place_change", !KernelProbe.changesRegisters { continue }
                if let reason = Sections.obstacle(program, section, probe) {
                    print("skipped \(object.object.name) \(program) (\(section)): \(reason)")
                } else {
                    programs.append((program, section))
                }
            }
            // Together where the kernel will take them all: each load reads the kernel's types anew.
            let together = programs.filter { !$0.section.hasPrefix("cgroup") }
            if verify(object, together) {
                programs.removeAll { !$0.section.hasPrefix("cgroup") }
            }
            for (program, section) in programs { try verifyAlone(object, program, section) }
        }

        /// Loads programs at once; false = at least one was refused.
        private func verify(_ object: ObjectUnderTest, _ programs: [(program: String, section: String)])
            -> Bool
        {
            let names = Set(programs.map(\.program))
            do {
                var file = try BPFProgramFile(elf: object.object.elf, name: "test")
                file.selectPrograms { names.contains($0) }
                try file.load()
                for name in names.sorted() {
                    print(
                        "verified \(object.object.name) \(name): \(try file.verifiedInstructions(of: name))")
                }
                return true
            } catch {
                return false
            }
        }

        private func verifyAlone(_ object: ObjectUnderTest, _ program: String, _ section: String) throws {
            let chosen = Set(LiveAgent.shared.engine.sensors.verifiedInstructions.map(\.program))
            var file = try BPFProgramFile(elf: object.object.elf, name: "test")
            file.selectPrograms { $0 == program }
            if let type = Sections.attachType(program) {
                try file.setExpectedAttachType(type, of: program)
            }
            do {
                try file.load()
                print(
                    "verified \(object.object.name) \(program): \(try file.verifiedInstructions(of: program))"
                )
            } catch
                where error.log.contains("program of this type cannot use helper")
                && !chosen.contains(program)
            {
                // The kernel lacks the mechanism, and the ladder knows it: another one is in use.
                print("skipped \(object.object.name) \(program) (\(section)): \(error)")
            } catch {
                Issue.record(
                    "\(object.object.name) \(program) (\(section)): \(error)\n\(error.log.suffix(2000))")
            }
        }
    }
}

/// An object in one of its two builds.
struct ObjectUnderTest: Sendable, CustomTestStringConvertible {
    var object: BPFObject
    var isProbeBuild: Bool
    var testDescription: String { object.name }

    static let all = [
        ObjectUnderTest(object: BPFObjects.process, isProbeBuild: false),
        ObjectUnderTest(object: BPFObjects.processProbe, isProbeBuild: true),
        ObjectUnderTest(object: BPFObjects.socket, isProbeBuild: false),
        ObjectUnderTest(object: BPFObjects.socketProbe, isProbeBuild: true),
        ObjectUnderTest(object: BPFObjects.file, isProbeBuild: false),
        ObjectUnderTest(object: BPFObjects.fileProbe, isProbeBuild: true),
        ObjectUnderTest(object: BPFObjects.traceuser, isProbeBuild: false),
        ObjectUnderTest(object: BPFObjects.traceuserProbe, isProbeBuild: true),
        ObjectUnderTest(object: BPFObjects.tracechange, isProbeBuild: false),
        ObjectUnderTest(object: BPFObjects.tracechangeProbe, isProbeBuild: true),
        ObjectUnderTest(object: BPFObjects.traceload, isProbeBuild: false),
        ObjectUnderTest(object: BPFObjects.traceloadProbe, isProbeBuild: true),
        ObjectUnderTest(object: BPFObjects.tracefile, isProbeBuild: false),
    ]
}

/// Which program stands in which section of an ELF object, and what the section asks of the kernel.
enum Sections {
    /// Functions of executable sections (ELF64, little endian; elf.h).
    static func read(_ elf: [UInt8]) -> [(program: String, section: String)] {
        func value<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> Int {
            (0..<MemoryLayout<T>.size).reduce(0) { $0 | Int(elf[offset + $1]) << (8 * $1) }
        }
        func text(_ offset: Int) -> String {
            String(decoding: elf[offset...].prefix { $0 != 0 }, as: UTF8.self)
        }
        let headers = value(40, UInt64.self)
        let sections = (0..<value(60, UInt16.self)).map { headers + $0 * 64 }
        func offset(_ section: Int) -> Int { value(sections[section] + 24, UInt64.self) }
        let names = offset(value(62, UInt16.self))
        var result: [(String, String)] = []
        for table in sections where value(table + 4, UInt32.self) == 2 {
            let strings = offset(value(table + 40, UInt32.self))
            let start = value(table + 24, UInt64.self)
            for symbol in stride(from: start, to: start + value(table + 32, UInt64.self), by: 24) {
                let (info, index) = (elf[symbol + 4], value(symbol + 6, UInt16.self))
                // A global function.
                guard info == 0x12, index > 0, index < sections.count else { continue }
                let section = text(names + value(sections[index], UInt32.self))
                guard section != ".text" else { continue }
                result.append((text(strings + value(symbol, UInt32.self)), section))
            }
        }
        return result.sorted { $0.0 < $1.0 }
    }

    /// Why a program of this section cannot load here, or nil.
    static func obstacle(_ program: String, _ section: String, _ probe: borrowing KernelProbe) -> String? {
        let parts = section.split(separator: "/", maxSplits: 1).map(String.init)
        let name = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "tp_btf":
            return !probe.tracepoints([name]).isEmpty ? nil : "no tracepoint \(name)"
        case "lsm", "lsm_cgroup":
            if let errno = probe.lsmObstacle() { return "no LSM programs: \(errno)" }
            return probe.function("bpf_lsm_" + name) == nil ? "no LSM hook \(name)" : nil
        case "fentry", "fexit", "fmod_ret":
            if let errno = probe.fentryObstacle() { return "no fentry: \(errno)" }
            return probe.function(name) == nil ? "no function \(name)" : nil
        case "kprobe", "kretprobe":
            return probe.kprobeObstacle().map { "no kprobes: \($0)" }
        case "syscall":
            // Run for tasks other than the running one; which kernels before 6.13 let it nobody has looked.
            return probe.function("bpf_send_signal_task") == nil ? "no bpf_send_signal_task" : nil
        default:
            return nil
        }
    }

    /// Attach types that this libbpf has no section name for.
    static func attachType(_ program: String) -> UInt32? { nil }
}
